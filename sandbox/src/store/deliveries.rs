//! The outbox of webhooks.

use faststar::Secret;
use rusqlite::{Connection, OptionalExtension, params};

use super::queue::Pace;
use super::{Outcome, endpoints, faults, queue};
use crate::delivery::SCHEDULE;
use crate::faults::Fault;

/// A delivery that is due.
#[derive(Clone, Debug)]
pub struct Due {
    /// The delivery.
    pub seq: i64,
    /// How often it was asked for anew before.
    pub generation: i64,
    /// The endpoint.
    pub endpoint_id: String,
    /// The session that it tells of.
    pub session_id: String,
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
    /// The merchant that it belongs to.
    pub merchant_id: String,
    /// How far the merchant's clock is ahead of the machine's.
    pub clock_offset_ms: i64,
    /// What goes wrong on purpose.
    pub fault: Option<Fault>,
}

const FIRST_DUE: &str = "SELECT d.seq, d.generation, d.endpoint_id, d.session_id, d.attempts,
        e.url, e.secret, v.id, v.created_at, v.body, m.id, m.clock_offset_ms
    FROM deliveries d
    JOIN endpoints e ON e.id = d.endpoint_id
    JOIN merchants m ON m.id = e.merchant_id
    JOIN events v ON v.seq = d.event_seq
    WHERE d.endpoint_id = ?1 AND d.state = 'pending' AND d.held = 0
    ORDER BY d.due_at, d.seq LIMIT 1";

/// What there is to do, and when to look again.
#[derive(Clone, Debug)]
pub struct Taken {
    /// What to send now, one for an endpoint.
    pub due: Vec<Due>,
    /// In how many milliseconds the next one is due; what waits for room is not counted.
    pub wait_ms: Option<i64>,
}

/// Takes what is due for endpoints that nothing is being sent to, as far as there is room.
///
/// An endpoint gets its events one at a time, in the order of their creation, and is busy until
/// [`record_attempt`].
pub fn take_due(db: &Connection, machine_now_ms: i64, room: queue::Room) -> Outcome<Taken> {
    let mut due = Vec::new();
    for endpoint_id in queue::take(db, machine_now_ms, room)? {
        let mut first = first_due(db, &endpoint_id)?;
        first.fault = faults::ask(db, &first.merchant_id, |stored| stored.faults.next_attempt())?;
        due.push(first);
    }
    let wait_ms = queue::next_due_at(db, machine_now_ms)?.map(|at| at - machine_now_ms);
    Ok(Taken { due, wait_ms })
}

fn first_due(db: &Connection, endpoint_id: &str) -> Outcome<Due> {
    Ok(db.prepare_cached(FIRST_DUE)?.query_row([endpoint_id], |row| {
        Ok(Due {
            seq: row.get(0)?,
            generation: row.get(1)?,
            endpoint_id: row.get(2)?,
            session_id: row.get(3)?,
            attempts: row.get(4)?,
            url: row.get(5)?,
            secret: row.get::<_, String>(6)?.into(),
            event_id: row.get(7)?,
            event_created_at: row.get(8)?,
            body: row.get(9)?,
            merchant_id: row.get(10)?,
            clock_offset_ms: row.get(11)?,
            fault: None,
        })
    })?)
}

/// Pulls in what is due later than its last attempt or its event allows: the machine's clock was set
/// back since.
pub(super) fn pull_in(db: &Connection, machine_now_ms: i64) -> Outcome<()> {
    let late: Vec<(i64, usize, i64, i64, i64)> = db
        .prepare(
            "SELECT d.seq, d.attempts, d.due_at, v.created_at, m.clock_offset_ms FROM deliveries d
             JOIN events v ON v.seq = d.event_seq
             JOIN merchants m ON m.id = v.merchant_id
             WHERE d.state = 'pending' AND d.due_at > ?1 + m.clock_offset_ms",
        )?
        .query_map([machine_now_ms], |row| {
            let attempts = row.get::<_, u32>(1)? as usize;
            Ok((row.get(0)?, attempts, row.get(2)?, row.get(3)?, row.get(4)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, attempts, due_at, created_at, clock_offset_ms) in late {
        let longest = match attempts.checked_sub(1).and_then(|last| SCHEDULE.get(last)) {
            Some(step) => i64::try_from(step.as_millis()).unwrap_or(i64::MAX),
            // The first attempt is late on purpose at the most.
            None => (due_at - created_at).max(0),
        };
        let latest = machine_now_ms + clock_offset_ms + longest;
        db.execute(
            "UPDATE deliveries SET due_at = min(due_at, ?2) WHERE seq = ?1",
            params![seq, latest],
        )?;
    }
    Ok(())
}

/// What came of an attempt.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The delivery.
    pub due: Due,
    /// When it was made, by the machine's clock.
    pub at_ms: i64,
    /// How long it took.
    pub duration_ms: i64,
    /// The receiver's HTTP status, where an answer came.
    pub status: Option<u16>,
    /// Why it did not count; `None` for success.
    pub error: Option<String>,
    /// The signature that it was sent with; `None` where nothing was.
    pub signature: Option<String>,
    /// In how many milliseconds to try again; `None` where it succeeded or the schedule has ended.
    pub retry_in_ms: Option<i64>,
    /// How fast the receiver was.
    pub pace: Pace,
}

/// The status of a receiver that wants nothing more.
pub const GONE: u16 = 410;

/// Notes an attempt and frees its endpoint, which is disabled where it says that it is gone.
///
/// Where the delivery was asked for anew meanwhile, it is still to be sent.
pub fn record_attempt(db: &Connection, attempt: &Attempt) -> Outcome<()> {
    let due = &attempt.due;
    db.prepare_cached(
        "INSERT INTO attempts (delivery_seq, at, status, error, duration_ms, signature)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        due.seq,
        attempt.at_ms + due.clock_offset_ms,
        attempt.status,
        attempt.error,
        attempt.duration_ms,
        attempt.signature
    ])?;
    match (&attempt.error, attempt.retry_in_ms) {
        (Some(_), _) if attempt.status == Some(GONE) => {
            end(db, due, "parked")?;
            endpoints::disable_endpoint(db, &due.endpoint_id)?;
        }
        // Its time has come already, so that it goes out at once again.
        (None, _) if faults::ask(db, &due.merchant_id, |s| s.faults.next_duplicate())? => {}
        (None, _) => end(db, due, "delivered")?,
        (Some(_), None) => end(db, due, "parked")?,
        // From its end on: one that took long is not followed by the next at once. `due_at` is told by
        // the merchant's clock, which may have been moved meanwhile.
        (Some(_), Some(retry_in_ms)) => db
            .prepare_cached(
                "UPDATE deliveries SET attempts = attempts + 1,
                     due_at = ?3 + (SELECT m.clock_offset_ms FROM endpoints e
                         JOIN merchants m ON m.id = e.merchant_id WHERE e.id = endpoint_id)
                 WHERE seq = ?1 AND generation = ?2 AND state = 'pending'",
            )?
            .execute(params![
                due.seq,
                due.generation,
                attempt.at_ms + attempt.duration_ms + retry_in_ms
            ])
            .map(drop)?,
    }
    queue::release(db, &due.endpoint_id, attempt.pace)
}

/// Ends a delivery and lets the next one of its endpoint and session go.
fn end(db: &Connection, due: &Due, state: &str) -> Outcome<()> {
    db.prepare_cached(
        "UPDATE deliveries SET state = ?3, attempts = attempts + 1, held = 0
         WHERE seq = ?1 AND generation = ?2 AND state = 'pending'",
    )?
    .execute(params![due.seq, due.generation, state])?;
    db.prepare_cached(
        "UPDATE deliveries SET held = 0 WHERE seq = (SELECT min(seq) FROM deliveries
             WHERE endpoint_id = ?1 AND session_id = ?2 AND state = 'pending')",
    )?
    .execute([&due.endpoint_id, &due.session_id])?;
    Ok(())
}

/// Puts an event into the outbox for an endpoint.
///
/// It is held while an earlier one of its session is there, which a receiver has not taken yet.
pub(super) fn add_delivery(
    db: &Connection,
    event_seq: i64,
    endpoint_id: &str,
    session_id: &str,
    due_at: i64,
) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO deliveries (event_seq, endpoint_id, session_id, due_at, held)
         VALUES (?1, ?2, ?3, ?4, EXISTS (SELECT 1 FROM deliveries
             WHERE endpoint_id = ?2 AND session_id = ?3 AND state = 'pending'))",
    )?
    .execute(params![event_seq, endpoint_id, session_id, due_at])?;
    queue::place(db, endpoint_id)
}

/// Puts a delivery into the outbox again, whatever came of it before; tells whether there is one.
///
/// An attempt that is under way does not count for it.
pub(super) fn renew_delivery(
    db: &Connection,
    event_seq: i64,
    endpoint_id: &str,
    due_at: i64,
) -> Outcome<bool> {
    let renewed: Option<(i64, String)> = db
        .query_row(
            "UPDATE deliveries SET state = 'pending', attempts = 0, due_at = ?3,
                 generation = generation + 1
             WHERE event_seq = ?1 AND endpoint_id = ?2 RETURNING seq, session_id",
            params![event_seq, endpoint_id, due_at],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let Some((seq, session_id)) = renewed else {
        return Ok(false);
    };
    // It goes before what tells of later events of the session, and after what tells of earlier ones.
    db.execute(
        "UPDATE deliveries SET held = (seq > (SELECT min(seq) FROM deliveries
             WHERE endpoint_id = ?2 AND session_id = ?3 AND state = 'pending'))
         WHERE endpoint_id = ?2 AND session_id = ?3 AND state = 'pending'
           AND (seq = ?1 OR held = 0)",
        params![seq, endpoint_id, session_id],
    )?;
    queue::place(db, endpoint_id)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scratch;
    use super::super::{Location, MIGRATIONS, Outcome, Store};
    use super::*;

    const NOW: i64 = 1_000_000;

    /// A merchant whose clock is an hour ahead, an endpoint, and events of two sessions.
    const OUTBOX: &str = "
        INSERT INTO merchants (id, kind, default_currency, webhook_secret, clock_offset_ms, created_at)
            VALUES ('mer_1', 'direct', 'USD', 'whsec_1', 3600000, 0);
        INSERT INTO endpoints (id, merchant_id, url, secret, events)
            VALUES ('we_1', 'mer_1', 'http://127.0.0.1:9/', 'whsec_1', '[]');
        INSERT INTO events (seq, id, merchant_id, session_id, type, created_at, body) VALUES
            (1, 'evt_1', 'mer_1', 'cs_1', 'payment.failed', 4599000, '{}'),
            (2, 'evt_2', 'mer_1', 'cs_1', 'payment.failed', 4599001, '{}'),
            (3, 'evt_3', 'mer_1', 'cs_1', 'payment.succeeded', 4599002, '{}'),
            (4, 'evt_4', 'mer_1', 'cs_2', 'payment.succeeded', 4599003, '{}'),
            (5, 'evt_5', 'mer_1', 'cs_3', 'payment.succeeded', 4599004, '{}');
        INSERT INTO deliveries (event_seq, endpoint_id, session_id, state, attempts, due_at) VALUES
            (1, 'we_1', 'cs_1', 'pending', 3, 4605000),
            (2, 'we_1', 'cs_1', 'pending', 0, 4605000),
            (3, 'we_1', 'cs_1', 'pending', 0, 4605000),
            (4, 'we_1', 'cs_2', 'pending', 0, 4599003),
            (5, 'we_1', 'cs_3', 'delivered', 1, 4599004);";

    async fn take(store: &Store, now_ms: i64) -> (Vec<Due>, Option<i64>) {
        let room = queue::Room { all: 100, of_one: 20, unknown: 20, slow: 10, prompt: 20 };
        let taken = store.run(move |db| take_due(db, now_ms, room)).await.unwrap();
        (taken.due, taken.wait_ms)
    }

    async fn deliver(store: &Store, due: Due, at_ms: i64) {
        let attempt = Attempt {
            due,
            at_ms,
            duration_ms: 1,
            status: Some(200),
            error: None,
            signature: None,
            retry_in_ms: None,
            pace: Pace::Fast,
        };
        store.run(move |db| record_attempt(db, &attempt)).await.unwrap();
    }

    #[tokio::test]
    async fn an_old_database_keeps_its_pending_deliveries_and_their_order() {
        let scratch = Scratch::new("migrated");
        let old = Connection::open(scratch.file()).unwrap();
        old.execute_batch(MIGRATIONS[0]).unwrap();
        old.execute_batch(OUTBOX).unwrap();
        old.pragma_update(None, "user_version", 1).unwrap();
        drop(old);

        let store = Store::open(&Location::File(scratch.file())).unwrap();
        let mut order = Vec::new();
        let (due, wait) = take(&store, NOW).await;
        assert_eq!((due.len(), wait), (1, None), "one at a time for an endpoint");
        for due in due {
            order.push(due.event_id.clone());
            deliver(&store, due, NOW).await;
        }
        // The others wait for the one that is to be tried again, an hour later by the merchant.
        let (due, wait) = take(&store, NOW).await;
        assert_eq!((due.len(), wait), (0, Some(5_000)));
        for _ in 0..3 {
            let (due, _) = take(&store, NOW + 5_000).await;
            assert_eq!(due.len(), 1);
            for due in due {
                order.push(due.event_id.clone());
                deliver(&store, due, NOW + 5_000).await;
            }
        }
        assert_eq!(order, ["evt_4", "evt_1", "evt_2", "evt_3"]);
        assert_eq!(take(&store, NOW + 100_000).await.1, None);
    }

    #[tokio::test]
    async fn a_clock_that_was_set_back_before_a_start_makes_nothing_wait_longer() {
        let scratch = Scratch::new("set-back");
        let store = Store::open(&Location::File(scratch.file())).unwrap();
        // What was there when the clock showed a year more: tried thrice, not yet, late on purpose.
        let year = 365 * 24 * 60 * 60 * 1000;
        let now = crate::clock::machine_now_ms();
        let ahead = now + 3_600_000 + year;
        store.run(|db| Ok(db.execute_batch(OUTBOX)?)).await.unwrap();
        store
            .run(move |db| {
                db.execute("UPDATE events SET created_at = ?1", [ahead])?;
                db.execute("UPDATE deliveries SET due_at = ?1 + 120000", [ahead])?;
                db.execute("UPDATE deliveries SET due_at = ?1 WHERE seq = 2", [ahead])?;
                db.execute("UPDATE deliveries SET due_at = ?1 + 7000 WHERE seq = 4", [ahead])?;
                Ok(())
            })
            .await
            .unwrap();
        drop(store);
        let store = Store::open(&Location::File(scratch.file())).unwrap();
        let waits = store.run(|db| {
            let sql = "SELECT due_at FROM deliveries WHERE state = 'pending' ORDER BY seq";
            let mut statement = db.prepare(sql)?;
            let found = statement.query_map([], |row| row.get::<_, i64>(0))?;
            Ok(found.collect::<rusqlite::Result<Vec<_>>>()?)
        });
        let since = crate::clock::machine_now_ms() - now;
        let longest = [120_000, 0, 120_000, 7_000];
        for (due_at, longest) in waits.await.unwrap().into_iter().zip(longest) {
            let wait = due_at - (now + 3_600_000);
            assert!((longest..=longest + since).contains(&wait), "{wait} of {longest}");
        }
    }

    #[tokio::test]
    async fn what_is_asked_for_anew_during_an_attempt_is_sent_after_it() {
        let store = Store::open(&Location::Memory).unwrap();
        store.run(|db| Ok(db.execute_batch(OUTBOX)?)).await.unwrap();
        store.run(|db| queue::place(db, "we_1")).await.unwrap();
        let due = take(&store, NOW).await.0.remove(0);
        assert_eq!(due.event_id, "evt_4");
        let again = store.run(|db| super::super::resend(db, "mer_1", "evt_4", NOW + 3_600_000));
        again.await.unwrap();
        assert!(take(&store, NOW).await.0.is_empty(), "an endpoint gets one at a time");
        deliver(&store, due, NOW).await;
        let due = take(&store, NOW).await.0.remove(0);
        assert_eq!((due.event_id.as_str(), due.attempts), ("evt_4", 0));
    }

    #[tokio::test]
    async fn a_merchant_whose_receivers_hang_leaves_room_for_the_others() {
        let store = Store::open(&Location::Memory).unwrap();
        let sql = "
            INSERT INTO merchants (id, kind, default_currency, webhook_secret, created_at)
                VALUES ('mer_1', 'direct', 'USD', 's', 0), ('mer_2', 'direct', 'USD', 's', 0);
            INSERT INTO events (seq, id, merchant_id, session_id, type, created_at, body)
                VALUES (1, 'evt_1', 'mer_1', 'cs_1', 't', 0, '{}');";
        store.run(move |db| Ok(db.execute_batch(sql)?)).await.unwrap();
        store
            .run(|db| {
                for number in 0..60 {
                    let (id, merchant) = (format!("we_{number}"), 1 + number / 50);
                    let sql = "INSERT INTO endpoints (id, merchant_id, url, secret, events)
                        VALUES (?1, 'mer_' || ?2, 'http://127.0.0.1:9/', 's', '[]')";
                    db.execute(sql, params![id, merchant])?;
                    add_delivery(db, 1, &id, "cs_1", number)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let of = |due: &[Due], merchant: &str| {
            due.iter().filter(|due| due.merchant_id == merchant).count()
        };
        let (mut due, wait) = take(&store, NOW).await;
        assert_eq!((of(&due, "mer_1"), of(&due, "mer_2")), (20, 10));
        assert_eq!(wait, None, "what waits for room is no reason to wake");
        assert!(take(&store, NOW).await.0.is_empty());
        deliver(&store, due.remove(0), NOW).await;
        let (due, _) = take(&store, NOW).await;
        assert_eq!((of(&due, "mer_1"), of(&due, "mer_2")), (1, 0));
    }

    #[tokio::test]
    async fn a_wake_steps_over_nothing_that_is_not_due() {
        let store = Store::open(&Location::Memory).unwrap();
        for (sql, searched) in [
            (queue::TAKE, "INDEX queue_due (pace=? AND due_at<?)"),
            (FIRST_DUE, "INDEX deliveries_due (endpoint_id=?)"),
        ] {
            let plan = store.run(move |db| -> Outcome<String> {
                let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
                let lines = plan.raw_query().mapped(|row| row.get::<_, String>(3));
                Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?.join("; "))
            });
            let plan = plan.await.unwrap();
            assert!(plan.contains(searched), "{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("B-TREE"), "{plan}");
        }
    }
}
