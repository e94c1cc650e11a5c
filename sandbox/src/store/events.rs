//! Events, and what came of their deliveries.

use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::value::RawValue;

use super::catalog::{PageOf, seq_before};
use super::deliveries::{add_delivery, renew_delivery};
use super::endpoints::list_endpoints;
use super::{Outcome, faults, from_json};
use crate::{clock, mask};

/// An event to be written and delivered.
#[derive(Clone, Debug)]
pub struct EventRow {
    /// The id, `evt_…`.
    pub id: String,
    /// The merchant that it belongs to.
    pub merchant_id: String,
    /// The session that it tells of.
    pub session_id: String,
    /// The type, `payment.succeeded`.
    pub event_type: String,
    /// When it happened, by the merchant's clock.
    pub created_at: i64,
    /// The body as it is signed and sent.
    pub body: String,
}

/// Adds an event, and a delivery for each endpoint that wants it: due at once, unless the merchant
/// has asked for it to go wrong.
pub fn add_event(db: &Connection, event: &EventRow) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO events (id, merchant_id, session_id, type, created_at, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        event.id,
        event.merchant_id,
        event.session_id,
        event.event_type,
        event.created_at,
        event.body
    ])?;
    let event_seq = db.last_insert_rowid();
    let (due_at, ready) = faults::ask(db, &event.merchant_id, |stored| {
        stored.kept.push(event_seq);
        if stored.faults.next_is_kept() {
            return (0, Vec::new());
        }
        let due_at = event.created_at.saturating_add(stored.faults.next_delay_ms());
        (due_at, std::mem::take(&mut stored.kept))
    })?;
    for event_seq in ready.into_iter().rev() {
        deliver(db, &event.merchant_id, event_seq, due_at)?;
    }
    Ok(())
}

/// Puts an event into the outbox for each endpoint that wants it.
pub(super) fn deliver(
    db: &Connection,
    merchant_id: &str,
    event_seq: i64,
    due_at: i64,
) -> Outcome<()> {
    let (session_id, event_type): (String, String) = db
        .prepare_cached("SELECT session_id, type FROM events WHERE seq = ?1")?
        .query_row([event_seq], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for endpoint in list_endpoints(db, merchant_id)? {
        if endpoint.wants(&event_type) && !endpoint.disabled {
            add_delivery(db, event_seq, &endpoint.id, &session_id, due_at)?;
        }
    }
    Ok(())
}

/// An event, with what came of its deliveries. All times are told by the merchant's clock.
#[derive(Debug, Serialize)]
pub struct ListedEvent {
    event: Box<RawValue>,
    deliveries: Vec<ListedDelivery>,
}

impl ListedEvent {
    /// Masks what the URLs of its receivers keep secret.
    pub fn masked(mut self) -> Self {
        for delivery in &mut self.deliveries {
            delivery.url = mask::text(&delivery.url);
        }
        self
    }
}

#[derive(Debug, Serialize)]
struct ListedDelivery {
    url: String,
    state: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<String>,
    attempts: Vec<ListedAttempt>,
}

impl ListedDelivery {
    /// Tells about how many bytes it is written out in.
    fn size(&self) -> usize {
        let attempts = self.attempts.iter();
        let texts = attempts.map(|attempt| 200 + attempt.error.as_ref().map_or(0, String::len));
        100 + self.url.len() + texts.sum::<usize>()
    }
}

#[derive(Debug, Serialize)]
struct ListedAttempt {
    at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    duration_ms: i64,
}

/// How many of an event's deliveries, and of a delivery's attempts, are listed: the last ones.
const MOST: i64 = 1000;

/// The states of a delivery.
pub const DELIVERY_STATES: &[&str] = &["pending", "delivered", "parked"];

/// Lists a page of a merchant's events, the newest first, and gives the next cursor; only those with
/// a delivery in `state`, where one is given.
pub fn list_events(
    db: &Connection,
    merchant_id: &str,
    limit: usize,
    cursor: Option<&str>,
    state: Option<&str>,
) -> Outcome<(Vec<ListedEvent>, Option<String>)> {
    let before = seq_before(db, "events", merchant_id, cursor)?;
    // CROSS JOIN keeps the order of the tables: from the deliveries in a state to their events.
    let sql = match state {
        None => {
            "SELECT seq, id, body FROM events WHERE merchant_id = ?1 AND seq < ?2 AND ?4 IS NULL
             ORDER BY seq DESC LIMIT ?3"
        }
        Some(_) => {
            "SELECT v.seq, v.id, v.body FROM deliveries d CROSS JOIN events v ON v.seq = d.event_seq
             WHERE d.state = ?4 AND d.event_seq < ?2 AND v.merchant_id = ?1
             GROUP BY d.event_seq ORDER BY d.event_seq DESC LIMIT ?3"
        }
    };
    let rows: Vec<(i64, String, String)> = db
        .prepare_cached(sql)?
        .query_map(params![merchant_id, before, limit as i64 + 1, state], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let (mut page, mut last) = (PageOf::new(limit), None);
    for (seq, id, body) in rows {
        let deliveries = deliveries_of(db, seq)?;
        let size = body.len() + deliveries.iter().map(ListedDelivery::size).sum::<usize>();
        if !page.has_room(size) {
            return Ok((page.rows, last));
        }
        last = Some(id);
        page.rows.push(ListedEvent { event: from_json(&body)?, deliveries });
    }
    Ok((page.rows, None))
}

/// Lists the last 200 events that tell of a session, with their times, the oldest first.
pub fn events_of_session(db: &Connection, session_id: &str) -> Outcome<Vec<(i64, ListedEvent)>> {
    let rows: Vec<(i64, i64, String)> = db
        .prepare_cached(
            "SELECT seq, created_at, body FROM (SELECT * FROM events WHERE session_id = ?1
                 ORDER BY seq DESC LIMIT 200) ORDER BY seq",
        )?
        .query_map([session_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let events = rows.into_iter().map(|(seq, at, body)| {
        let event = ListedEvent { event: from_json(&body)?, deliveries: deliveries_of(db, seq)? };
        Ok((at, event))
    });
    events.collect()
}

fn deliveries_of(db: &Connection, event_seq: i64) -> Outcome<Vec<ListedDelivery>> {
    let mut deliveries: Vec<(i64, ListedDelivery)> = db
        .prepare_cached(
            "SELECT d.seq, e.url, d.state, d.due_at, d.state = 'pending' AND NOT d.held
             FROM (SELECT * FROM deliveries WHERE event_seq = ?1 ORDER BY seq DESC LIMIT ?2) d
             JOIN endpoints e ON e.id = d.endpoint_id ORDER BY d.seq",
        )?
        .query_map(params![event_seq, MOST], |row| {
            let (due_at, is_queued): (i64, bool) = (row.get(3)?, row.get(4)?);
            let delivery = ListedDelivery {
                url: row.get(1)?,
                state: row.get(2)?,
                next_attempt_at: is_queued.then(|| clock::rfc3339(due_at)),
                attempts: Vec::new(),
            };
            Ok((row.get(0)?, delivery))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, delivery) in &mut deliveries {
        delivery.attempts = db
            .prepare_cached(
                "SELECT at, status, error, duration_ms, signature FROM
                     (SELECT * FROM attempts WHERE delivery_seq = ?1 ORDER BY seq DESC LIMIT ?2)
                 ORDER BY seq",
            )?
            .query_map(params![*seq, MOST], |row| {
                Ok(ListedAttempt {
                    at: clock::rfc3339(row.get(0)?),
                    status: row.get(1)?,
                    error: row.get(2)?,
                    duration_ms: row.get(3)?,
                    signature: row.get(4)?,
                })
            })?
            .collect::<rusqlite::Result<_>>()?;
    }
    Ok(deliveries.into_iter().map(|(_, delivery)| delivery).collect())
}

/// Makes an event's deliveries due again, whatever came of them before; tells how many they are.
///
/// Endpoints that have been added since get it too, if they want its type; disabled ones do not.
pub fn resend(db: &Connection, merchant_id: &str, event_id: &str, now_ms: i64) -> Outcome<usize> {
    let (event_seq, session_id, event_type) = find_event(db, merchant_id, event_id)?;
    let mut endpoints = 0;
    for endpoint in list_endpoints(db, merchant_id)? {
        if endpoint.disabled {
            continue;
        }
        if renew_delivery(db, event_seq, &endpoint.id, now_ms)? {
            endpoints += 1;
        } else if endpoint.wants(&event_type) {
            add_delivery(db, event_seq, &endpoint.id, &session_id, now_ms)?;
            endpoints += 1;
        }
    }
    Ok(endpoints)
}

/// Finds a merchant's event: its number, its session and its type.
fn find_event(
    db: &Connection,
    merchant_id: &str,
    event_id: &str,
) -> Outcome<(i64, String, String)> {
    let found = db
        .query_row(
            "SELECT seq, session_id, type FROM events WHERE id = ?1 AND merchant_id = ?2",
            [event_id, merchant_id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    Ok(found.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, code::NOT_FOUND, "no event has this id").with_param("id")
    })?)
}
