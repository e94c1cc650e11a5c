//! Which endpoint has something due, and when.
//!
//! One row for each endpoint that has something to send, in a temporary table: it changes with the
//! outbox in the same transaction, costs no `fsync`, and is made from the outbox at each start. So
//! a wake looks at what is due, and at nothing else.

use rusqlite::{Connection, OptionalExtension, params};

use super::Outcome;

pub(super) const TAKE: &str = "SELECT endpoint_id FROM temp.queue
    WHERE busy = 0 AND due_at <= ?1 ORDER BY due_at LIMIT ?2";

/// Makes the queue from what is in the outbox.
pub(super) fn start(db: &Connection) -> Outcome<()> {
    db.execute_batch(
        "-- `due_at` is told by the machine's clock. A busy endpoint is being sent to.
         CREATE TEMP TABLE queue (
             endpoint_id TEXT PRIMARY KEY,
             due_at      INTEGER NOT NULL,
             busy        INTEGER NOT NULL DEFAULT 0
         ) WITHOUT ROWID;
         CREATE INDEX temp.queue_due ON queue (due_at) WHERE busy = 0;
         INSERT INTO temp.queue (endpoint_id, due_at)
             SELECT d.endpoint_id, min(d.due_at) - m.clock_offset_ms FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id
             JOIN merchants m ON m.id = e.merchant_id
             WHERE d.state = 'pending' AND d.held = 0 GROUP BY d.endpoint_id;",
    )?;
    Ok(())
}

/// Puts an endpoint where it belongs after its deliveries have changed.
pub(super) fn place(db: &Connection, endpoint_id: &str) -> Outcome<()> {
    let due_at: Option<i64> = db
        .prepare_cached(
            "SELECT d.due_at - m.clock_offset_ms FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id
             JOIN merchants m ON m.id = e.merchant_id
             WHERE d.endpoint_id = ?1 AND d.state = 'pending' AND d.held = 0
             ORDER BY d.due_at, d.seq LIMIT 1",
        )?
        .query_row([endpoint_id], |row| row.get(0))
        .optional()?;
    match due_at {
        Some(due_at) => db
            .prepare_cached(
                "INSERT INTO temp.queue (endpoint_id, due_at) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET due_at = excluded.due_at",
            )?
            .execute(params![endpoint_id, due_at])?,
        None => db
            .prepare_cached("DELETE FROM temp.queue WHERE endpoint_id = ?1 AND busy = 0")?
            .execute([endpoint_id])?,
    };
    Ok(())
}

/// Moves a merchant's endpoints with its clock.
pub(super) fn advance(db: &Connection, merchant_id: &str, by_ms: i64) -> Outcome<()> {
    db.execute(
        "UPDATE temp.queue SET due_at = due_at - ?2
         WHERE endpoint_id IN (SELECT id FROM endpoints WHERE merchant_id = ?1)",
        params![merchant_id, by_ms],
    )?;
    Ok(())
}

/// Takes the endpoints that have something due and are not busy, and makes them busy.
pub(super) fn take(db: &Connection, machine_now_ms: i64, limit: usize) -> Outcome<Vec<String>> {
    let taken: Vec<String> = db
        .prepare_cached(TAKE)?
        .query_map(params![machine_now_ms, limit as i64], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for endpoint_id in &taken {
        db.prepare_cached("UPDATE temp.queue SET busy = 1 WHERE endpoint_id = ?1")?
            .execute([endpoint_id])?;
    }
    Ok(taken)
}

/// Frees an endpoint whose request has ended.
pub(super) fn release(db: &Connection, endpoint_id: &str) -> Outcome<()> {
    db.prepare_cached("UPDATE temp.queue SET busy = 0 WHERE endpoint_id = ?1")?
        .execute([endpoint_id])?;
    place(db, endpoint_id)
}

/// Tells when the next endpoint is due that is not busy, by the machine's clock.
pub(super) fn next_due_at(db: &Connection) -> Outcome<Option<i64>> {
    Ok(db
        .prepare_cached("SELECT min(due_at) FROM temp.queue WHERE busy = 0")?
        .query_row([], |row| row.get(0))?)
}

/// Tells whether nothing is being sent for a merchant and nothing is due.
pub fn is_settled(db: &Connection, merchant_id: &str, machine_now_ms: i64) -> Outcome<bool> {
    Ok(db
        .prepare_cached(
            "SELECT NOT EXISTS (SELECT 1 FROM endpoints e
                 CROSS JOIN temp.queue q ON q.endpoint_id = e.id
                 WHERE e.merchant_id = ?1 AND (q.busy = 1 OR q.due_at <= ?2))",
        )?
        .query_row(params![merchant_id, machine_now_ms], |row| row.get(0))?)
}
