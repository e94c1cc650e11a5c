//! Answers kept for requests that come again.

use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OptionalExtension, params};

use super::Outcome;

/// How long an answer is kept.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Finds the answer that a key got before.
///
/// # Errors
///
/// `idempotency_key_reused` where the key came with another request.
pub fn find_answer(
    db: &Connection,
    merchant_id: &str,
    key: &str,
    request_hash: &[u8],
    now_ms: i64,
) -> Outcome<Option<Vec<u8>>> {
    let found: Option<(Vec<u8>, Vec<u8>)> = db
        .prepare_cached(
            "SELECT request_hash, answer FROM idempotency_keys
             WHERE merchant_id = ?1 AND key = ?2 AND expires_at > ?3",
        )?
        .query_row(params![merchant_id, key, now_ms], |row| Ok((row.get(0)?, row.get(1)?)))
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
    merchant_id: &str,
    key: &str,
    request_hash: &[u8],
    answer: &[u8],
    now_ms: i64,
) -> Outcome<()> {
    // Two at a time: the table shrinks faster than it grows, and no request pays for a day's worth.
    db.prepare_cached(
        "DELETE FROM idempotency_keys WHERE (merchant_id, key) IN
             (SELECT merchant_id, key FROM idempotency_keys WHERE expires_at <= ?1 LIMIT 2)",
    )?
    .execute([now_ms])?;
    db.prepare_cached("INSERT OR REPLACE INTO idempotency_keys VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![merchant_id, key, request_hash, answer, now_ms + KEPT_MS])?;
    Ok(())
}
