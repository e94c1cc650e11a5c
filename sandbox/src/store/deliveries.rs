//! The outbox of webhooks.

use faststar::Secret;
use rusqlite::{Connection, OptionalExtension, params};

use super::Outcome;

/// A delivery that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub seq: i64,
    /// How often it was tried before.
    pub attempts: u32,
    /// Where it goes.
    pub url: String,
    /// Signs it.
    pub secret: Secret,
    /// The event's id.
    pub event_id: String,
    /// When the event happened, by the merchant's clock.
    pub event_created_at: i64,
    /// The body to sign and send.
    pub body: String,
}

/// What an endpoint has to do next.
#[derive(Clone, Debug)]
pub struct Next {
    /// The endpoint.
    pub endpoint_id: String,
    /// The delivery that is due, if one is.
    pub due: Option<Due>,
    /// In how many milliseconds the next one is due, if one waits.
    pub wait_ms: Option<i64>,
}

/// Finds, for each endpoint that has something waiting, the delivery that is due first.
///
/// An endpoint gets its events in the order of their creation. A delivery that failed holds back
/// only what tells of the same session.
pub fn take_due(db: &Connection, machine_now_ms: i64) -> Outcome<Vec<Next>> {
    let endpoints: Vec<(String, i64)> = db
        .prepare_cached(
            "SELECT e.id, m.clock_offset_ms FROM endpoints e
             JOIN merchants m ON m.id = e.merchant_id WHERE e.deleted = 0",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    endpoints
        .into_iter()
        .map(|(endpoint_id, offset)| {
            let now = machine_now_ms.saturating_add(offset);
            let due = first_due(db, &endpoint_id, now)?;
            let next_due_at: Option<i64> = db
                .prepare_cached(
                    "SELECT min(due_at) FROM deliveries
                     WHERE endpoint_id = ?1 AND state = 'pending' AND due_at > ?2",
                )?
                .query_row(params![endpoint_id, now], |row| row.get(0))?;
            let wait_ms = next_due_at.map(|at| at - now);
            Ok(Next { endpoint_id, due, wait_ms })
        })
        .collect()
}

fn first_due(db: &Connection, endpoint_id: &str, now_ms: i64) -> Outcome<Option<Due>> {
    Ok(db
        .prepare_cached(
            "SELECT d.seq, d.attempts, e.url, e.secret, v.id, v.created_at, v.body
             FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id
             JOIN events v ON v.seq = d.event_seq
             WHERE d.endpoint_id = ?1 AND d.state = 'pending' AND d.due_at <= ?2
               AND NOT EXISTS (SELECT 1 FROM deliveries o
                   WHERE o.endpoint_id = d.endpoint_id AND o.session_id = d.session_id
                     AND o.state = 'pending' AND o.seq < d.seq)
             ORDER BY d.due_at, d.seq LIMIT 1",
        )?
        .query_row(params![endpoint_id, now_ms], |row| {
            Ok(Due {
                seq: row.get(0)?,
                attempts: row.get(1)?,
                url: row.get(2)?,
                secret: row.get::<_, String>(3)?.into(),
                event_id: row.get(4)?,
                event_created_at: row.get(5)?,
                body: row.get(6)?,
            })
        })
        .optional()?)
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The delivery.
    pub seq: i64,
    /// When it was made, by the machine's clock.
    pub at_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// The receiver's HTTP status, where an answer came.
    pub status: Option<u16>,
    /// Why it did not count; `None` for success.
    pub error: Option<String>,
    /// In how many milliseconds to try again; `None` where it succeeded or the schedule has ended.
    pub retry_in_ms: Option<i64>,
}

/// Notes an attempt.
///
/// Later events of the same session wait as long as one that has to be tried again.
pub fn record_attempt(db: &Connection, attempt: &Attempt) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO attempts (delivery_seq, at, status, error, duration_ms)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        attempt.seq,
        attempt.at_ms,
        attempt.status,
        attempt.error,
        attempt.duration_ms
    ])?;
    let state = match (&attempt.error, attempt.retry_in_ms) {
        (None, _) => "delivered",
        (Some(_), Some(_)) => "pending",
        (Some(_), None) => "parked",
    };
    db.prepare_cached(
        "UPDATE deliveries SET state = ?2, attempts = attempts + 1
         WHERE seq = ?1 AND state = 'pending'",
    )?
    .execute(params![attempt.seq, state])?;
    if let Some(retry_in_ms) = attempt.retry_in_ms {
        // `due_at` is told by the merchant's clock, which may have been moved meanwhile.
        let retry_at: i64 = db
            .prepare_cached(
                "SELECT ?2 + m.clock_offset_ms FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id
             JOIN merchants m ON m.id = e.merchant_id WHERE d.seq = ?1",
            )?
            .query_row(params![attempt.seq, attempt.at_ms + retry_in_ms], |row| row.get(0))?;
        db.prepare_cached(
            "UPDATE deliveries SET due_at = ?2
             WHERE state = 'pending' AND seq >= ?1 AND due_at < ?2
               AND (endpoint_id, session_id) =
                   (SELECT endpoint_id, session_id FROM deliveries WHERE seq = ?1)",
        )?
        .execute(params![attempt.seq, retry_at])?;
    }
    Ok(())
}

/// Puts an event into the outbox for an endpoint.
pub(super) fn add_delivery(
    db: &Connection,
    event_seq: i64,
    endpoint_id: &str,
    session_id: &str,
    due_at: i64,
) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO deliveries (event_seq, endpoint_id, session_id, due_at)
         VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![event_seq, endpoint_id, session_id, due_at])?;
    Ok(())
}
