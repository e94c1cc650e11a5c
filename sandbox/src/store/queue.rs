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
    /// For one merchant, with those that are under way, as are the next two.
    pub of_one: u32,
    /// For one merchant's endpoints of which it is not known how fast they answer.
    pub unknown: u32,
    /// For one merchant's endpoints that were slow the last time.
    pub slow: u32,
    /// For one merchant's requests that are not slow yet.
    pub prompt: u32,
}

/// How fast an endpoint answered the last time. The fast ones come first and always have some room,
/// so that those that stall do not hold them up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pace {
    /// It answered at once, or failed at once.
    Fast = 0,
    /// It was not asked yet since the start.
    Unknown = 1,
    /// It took long.
    Slow = 2,
}

const PACES: [Pace; 3] = [Pace::Fast, Pace::Unknown, Pace::Slow];

pub(super) const TAKE: &str = "SELECT endpoint_id, merchant_id FROM temp.queue
    WHERE busy = 0 AND pace = ?1 AND due_at <= ?2 ORDER BY due_at";

/// Makes the queue from what is in the outbox.
pub(super) fn start(db: &Connection) -> Outcome<()> {
    db.execute_batch(
        "-- `due_at` is told by the machine's clock. A busy endpoint is being sent to.
         CREATE TEMP TABLE queue (
             endpoint_id TEXT PRIMARY KEY,
             merchant_id TEXT NOT NULL,
             due_at      INTEGER NOT NULL,
             busy        INTEGER NOT NULL DEFAULT 0,
             pace        INTEGER NOT NULL DEFAULT 1
         ) WITHOUT ROWID;
         CREATE INDEX temp.queue_due ON queue (pace, due_at, merchant_id) WHERE busy = 0;
         CREATE INDEX temp.queue_busy ON queue (merchant_id, pace) WHERE busy = 1;
         -- The pace of endpoints, also while they have nothing to send.
         CREATE TEMP TABLE paces (endpoint_id TEXT PRIMARY KEY, pace INTEGER NOT NULL) WITHOUT ROWID;
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
                "INSERT INTO temp.queue (endpoint_id, merchant_id, due_at, pace)
                     SELECT ?1, ?2, ?3, ifnull((SELECT pace FROM temp.paces WHERE endpoint_id = ?1), 1)
                     WHERE true
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

/// Takes the endpoints that have something due and are not busy, and makes them busy: the fast ones
/// first, and no more than there is room for.
pub(super) fn take(db: &Connection, machine_now_ms: i64, room: Room) -> Outcome<Vec<String>> {
    // How many of a merchant's are busy, in all and slow.
    let mut busy: HashMap<String, (u32, u32)> = db
        .prepare_cached(
            "SELECT merchant_id, count(*), count(*) FILTER (WHERE pace = 2)
             FROM temp.queue WHERE busy = 1 GROUP BY merchant_id",
        )?
        .query_map([], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))?
        .collect::<rusqlite::Result<_>>()?;
    let mut taken: Vec<String> = Vec::new();
    for pace in PACES {
        let mut statement = db.prepare_cached(TAKE)?;
        let mut rows = statement.query(params![pace as i64, machine_now_ms])?;
        while taken.len() < room.all
            && let Some(row) = rows.next()?
        {
            let (all, slow) = busy.entry(row.get(1)?).or_default();
            let prompt = all.saturating_sub(*slow);
            let fits = *all < room.of_one
                && match pace {
                    Pace::Fast => prompt < room.prompt,
                    Pace::Unknown => prompt < room.prompt && *all < room.unknown,
                    Pace::Slow => *slow < room.slow && *all < room.unknown,
                };
            if fits {
                *all += 1;
                *slow += u32::from(pace == Pace::Slow);
                taken.push(row.get(0)?);
            }
        }
    }
    for endpoint_id in &taken {
        db.prepare_cached("UPDATE temp.queue SET busy = 1 WHERE endpoint_id = ?1")?
            .execute([endpoint_id])?;
    }
    Ok(taken)
}

/// Notes that an endpoint takes long, while its request is still under way.
pub fn note_slow(db: &Connection, endpoint_id: &str) -> Outcome<()> {
    set_pace(db, endpoint_id, Pace::Slow)
}

fn set_pace(db: &Connection, endpoint_id: &str, pace: Pace) -> Outcome<()> {
    db.prepare_cached("INSERT OR REPLACE INTO temp.paces (endpoint_id, pace) VALUES (?1, ?2)")?
        .execute(params![endpoint_id, pace as i64])?;
    db.prepare_cached("UPDATE temp.queue SET pace = ?2 WHERE endpoint_id = ?1")?
        .execute(params![endpoint_id, pace as i64])?;
    Ok(())
}

/// Frees an endpoint whose request has ended.
pub(super) fn release(db: &Connection, endpoint_id: &str, pace: Pace) -> Outcome<()> {
    set_pace(db, endpoint_id, pace)?;
    db.prepare_cached("UPDATE temp.queue SET busy = 0 WHERE endpoint_id = ?1")?
        .execute([endpoint_id])?;
    place(db, endpoint_id)
}

/// Tells when the next endpoint is due that is not busy and not due yet, by the machine's clock.
///
/// What is due already waits for room, and so for the end of a request.
pub(super) fn next_due_at(db: &Connection, machine_now_ms: i64) -> Outcome<Option<i64>> {
    let mut next = None;
    for pace in PACES {
        let sql = "SELECT min(due_at) FROM temp.queue WHERE busy = 0 AND pace = ?1 AND due_at > ?2";
        let due: Option<i64> = db
            .prepare_cached(sql)?
            .query_row(params![pace as i64, machine_now_ms], |row| row.get(0))?;
        next = next.into_iter().chain(due).min();
    }
    Ok(next)
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
