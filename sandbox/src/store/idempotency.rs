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

/// Finds the answer that an owner's key got before.
///
/// # Errors
///
/// `idempotency_key_reused` where the key came with another request.
pub fn find_answer(
    db: &Connection,
    owner: &str,
    key: &str,
    request_hash: &[u8],
    now_ms: i64,
) -> Outcome<Option<Answer>> {
    let found: Option<(Vec<u8>, Answer)> = db
        .prepare_cached(
            "SELECT request_hash, status, body FROM answers
             WHERE owner = ?1 AND key = ?2 AND expires_at > ?3",
        )?
        .query_row(params![owner, key, now_ms], |row| {
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

/// Keeps an answer for 24 hours, and forgets some of those that are older.
pub fn keep_answer(
    db: &Connection,
    owner: &str,
    key: &str,
    request_hash: &[u8],
    answer: &Answer,
    now_ms: i64,
) -> Outcome<()> {
    // Two at a time: the table shrinks faster than it grows, and no request pays for a day's worth.
    db.prepare_cached(
        "DELETE FROM answers WHERE (owner, key) IN
             (SELECT owner, key FROM answers WHERE expires_at <= ?1 LIMIT 2)",
    )?
    .execute([now_ms])?;
    db.prepare_cached("INSERT OR REPLACE INTO answers VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![owner, key, request_hash, answer.status, answer.body, now_ms + KEPT_MS])?;
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
        let kept = find_answer(&db, "mer_1", "order-7", &[1], 1000).unwrap();
        assert_eq!(kept, Some(Answer { status: 200, body: b"{}".to_vec() }));
        assert_eq!(find_answer(&db, "mer_1", "order-7", &[1], 2000).unwrap(), None);
        assert_eq!(find_answer(&db, "cs_1", "order-7", &[1], 1000).unwrap(), None);
    }
}
