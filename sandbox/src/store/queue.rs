//! Which endpoint has something due, and when.
//!
//! One row for each endpoint that has something to send, in a temporary table: it changes with the
//! outbox in the same transaction, costs no `fsync`, and is made from the outbox at each start. So
//! a wake looks at what is due, and at nothing else.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::Outcome;

/// How many more requests may be under way.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// For all merchants.
    pub all: usize,
    /// For one merchant, with those that are under way.
    pub of_one: u32,
}

pub(super) const TAKE: &str = "SELECT endpoint_id, merchant_id FROM temp.queue
    WHERE busy = 0 AND due_at <= ?1 ORDER BY due_at";

/// Makes the queue from what is in the outbox.
pub(super) fn start(db: &Connection) -> Outcome<()> {
    db.execute_batch(
        "-- `due_at` is told by the machine's clock. A busy endpoint is being sent to.
         CREATE TEMP TABLE queue (
             endpoint_id TEXT PRIMARY KEY,
             merchant_id TEXT NOT NULL,
             due_at      INTEGER NOT NULL,
             busy        INTEGER NOT NULL DEFAULT 0
         ) WITHOUT ROWID;
         CREATE INDEX temp.queue_due ON queue (due_at, merchant_id) WHERE busy = 0;
         CREATE INDEX temp.queue_busy ON queue (merchant_id) WHERE busy = 1;
         INSERT INTO temp.queue (endpoint_id, merchant_id, due_at)
             SELECT d.endpoint_id, m.id, min(d.due_at) - m.clock_offset_ms FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id
             JOIN merchants m ON m.id = e.merchant_id
             WHERE d.state = 'pending' AND d.held = 0 GROUP BY d.endpoint_id;",
    )?;
    Ok(())
}

/// Puts an endpoint where it belongs after its deliveries have changed.
pub(super) fn place(db: &Connection, endpoint_id: &str) -> Outcome<()> {
    let due: Option<(String, i64)> = db
        .prepare_cached(
            "SELECT m.id, d.due_at - m.clock_offset_ms FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id
             JOIN merchants m ON m.id = e.merchant_id
             WHERE d.endpoint_id = ?1 AND d.state = 'pending' AND d.held = 0
             ORDER BY d.due_at, d.seq LIMIT 1",
        )?
        .query_row([endpoint_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match due {
        Some((merchant_id, due_at)) => db
            .prepare_cached(
                "INSERT INTO temp.queue (endpoint_id, merchant_id, due_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET due_at = excluded.due_at",
            )?
            .execute(params![endpoint_id, merchant_id, due_at])?,
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
///
/// At most `room.all` are taken, and no merchant has more than `room.of_one` that are busy.
pub(super) fn take(db: &Connection, machine_now_ms: i64, room: Room) -> Outcome<Vec<String>> {
    let mut busy: HashMap<String, u32> = db
        .prepare_cached(
            "SELECT merchant_id, count(*) FROM temp.queue WHERE busy = 1 GROUP BY merchant_id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut taken: Vec<String> = Vec::new();
    let mut statement = db.prepare_cached(TAKE)?;
    let mut rows = statement.query([machine_now_ms])?;
    while taken.len() < room.all
        && let Some(row) = rows.next()?
    {
        let busy = busy.entry(row.get(1)?).or_default();
        if *busy < room.of_one {
            *busy += 1;
            taken.push(row.get(0)?);
        }
    }
    drop(rows);
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

/// Tells when the next endpoint is due that is not busy and not due yet, by the machine's clock.
///
/// What is due already waits for room, and so for the end of a request.
pub(super) fn next_due_at(db: &Connection, machine_now_ms: i64) -> Outcome<Option<i64>> {
    Ok(db
        .prepare_cached("SELECT min(due_at) FROM temp.queue WHERE busy = 0 AND due_at > ?1")?
        .query_row([machine_now_ms], |row| row.get(0))?)
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
