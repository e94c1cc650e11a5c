//! Answers kept for requests that come again.

use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OptionalExtension, params};

use super::Outcome;

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// An answer that is kept: its status, and its body in the envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Whose keys they are: the merchant's or, in the cashier, a session's. The two never meet.
#[derive(Clone, Debug)]
pub struct Owner {
    name: String,
    merchant_id: String,
}

impl Owner {
    /// A merchant.
    pub fn merchant(id: &str) -> Self {
        Self { name: id.to_owned(), merchant_id: id.to_owned() }
    }

    /// The buyer of a merchant's session.
    pub fn buyer(session_id: &str, merchant_id: &str) -> Self {
        Self { name: format!("buyer:{session_id}"), merchant_id: merchant_id.to_owned() }
    }

    /// Tells one owner from another.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Finds the answer that an owner's key got before.
///
/// # Errors
///
/// `idempotency_key_reused` where the key came with another request.
pub fn find_answer(
    db: &Connection,
    owner: &Owner,
    key: &str,
    request_hash: &[u8],
    machine_now_ms: i64,
) -> Outcome<Option<Answer>> {
    let found: Option<(Vec<u8>, Answer)> = db
        .prepare_cached(
            "SELECT a.request_hash, a.status, a.body
             FROM answers a JOIN merchants m ON m.id = ?3
             WHERE a.owner = ?1 AND a.key = ?2
               AND a.expires_at + a.clock_offset_ms > ?4 + m.clock_offset_ms",
        )?
        .query_row(params![owner.name, key, owner.merchant_id, machine_now_ms], |row| {
            Ok((row.get(0)?, Answer { status: row.get(1)?, body: row.get(2)? }))
        })
        .optional()?;
    match found {
        None => Ok(None),
        Some((hash, answer)) if hash == request_hash => Ok(Some(answer)),
        Some(_) => Err(Error::new(
            ErrorKind::Conflict,
            code::IDEMPOTENCY_KEY_REUSED,
            format!(
                "the idempotency key {key} was used with another request in the last 24 hours; \
                 use a new key for a new request"
            ),
        )
        .with_status(422)
        .into()),
    }
}

/// Keeps an answer for 24 hours by the merchant's clock.
///
/// Each one that is kept drops two that are older than a day, so that the table does not grow for
/// ever; what is left when no more keys come stays in the file.
pub fn keep_answer(
    db: &Connection,
    owner: &Owner,
    key: &str,
    request_hash: &[u8],
    answer: &Answer,
    machine_now_ms: i64,
) -> Outcome<()> {
    db.prepare_cached(
        "DELETE FROM answers WHERE (owner, key) IN
             (SELECT owner, key FROM answers WHERE expires_at <= ?1 LIMIT 2)",
    )?
    .execute([machine_now_ms])?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO answers
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT clock_offset_ms FROM merchants WHERE id = ?7))",
    )?
    .execute(params![
        owner.name,
        key,
        request_hash,
        answer.status,
        answer.body,
        machine_now_ms + KEPT_MS,
        owner.merchant_id
    ])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_were_kept_before_the_table_changed_are_still_there() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(include_str!("../../migrations/0001_start.sql")).unwrap();
        db.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO idempotency_keys VALUES ('mer_1', 'order-7', x'01', x'7b7d', 2000);",
        )
        .unwrap();
        db.execute_batch(include_str!("../../migrations/0003_answers.sql")).unwrap();
        db.execute_batch(include_str!("../../migrations/0004_answers_age.sql")).unwrap();
        db.execute(
            "INSERT INTO merchants (id, kind, default_currency, webhook_secret, clock_offset_ms,
                 created_at) VALUES ('mer_1', 'direct', 'USD', 's', 0, 0)",
            [],
        )
        .unwrap();
        let find = |owner: Owner, now| find_answer(&db, &owner, "order-7", &[1], now).unwrap();
        let kept = find(Owner::merchant("mer_1"), 1000);
        assert_eq!(kept, Some(Answer { status: 200, body: b"{}".to_vec() }));
        assert_eq!(find(Owner::merchant("mer_1"), 2000), None);
        assert_eq!(find(Owner::buyer("mer_1", "mer_1"), 1000), None);
    }
}
