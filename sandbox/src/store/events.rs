//! Events, and what came of their deliveries.

use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::deliveries::{add_delivery, renew_delivery};
use super::endpoints::list_endpoints;
use super::{Outcome, from_json};

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

/// Adds an event, and a delivery for each endpoint that wants it, due at once.
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
    for endpoint in list_endpoints(db, &event.merchant_id)? {
        if endpoint.wants(&event.event_type) {
            add_delivery(db, event_seq, &endpoint.id, &event.session_id, event.created_at)?;
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct EventView {
    event: Box<RawValue>,
    deliveries: Vec<Value>,
}

/// Lists a merchant's events, the newest first, each with its deliveries and their attempts.
pub fn list_events(db: &Connection, merchant_id: &str, limit: usize) -> Outcome<Value> {
    let events: Vec<(i64, String)> = db
        .prepare_cached(
            "SELECT seq, body FROM events WHERE merchant_id = ?1 ORDER BY seq DESC LIMIT ?2",
        )?
        .query_map(params![merchant_id, limit as i64], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let views = events.into_iter().map(|(seq, body)| {
        Ok(EventView { event: from_json(&body)?, deliveries: deliveries_of(db, seq)? })
    });
    let views = views.collect::<Outcome<Vec<_>>>()?;
    Ok(serde_json::to_value(views).expect("an event is JSON"))
}

fn deliveries_of(db: &Connection, event_seq: i64) -> Outcome<Vec<Value>> {
    let rows: Vec<(i64, String, String, i64)> = db
        .prepare_cached(
            "SELECT d.seq, e.url, d.state, d.due_at FROM deliveries d
             JOIN endpoints e ON e.id = d.endpoint_id WHERE d.event_seq = ?1 ORDER BY d.seq",
        )?
        .query_map([event_seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter()
        .map(|(seq, url, state, due_at)| {
            let attempts: Vec<Value> = db
                .prepare_cached(
                    "SELECT at, status, error, duration_ms FROM attempts
                     WHERE delivery_seq = ?1 ORDER BY seq",
                )?
                .query_map([seq], |row| {
                    Ok(serde_json::json!({
                        "at": crate::clock::rfc3339(row.get(0)?),
                        "status": row.get::<_, Option<i64>>(1)?,
                        "error": row.get::<_, Option<String>>(2)?,
                        "duration_ms": row.get::<_, i64>(3)?,
                    }))
                })?
                .collect::<rusqlite::Result<_>>()?;
            let next = (state == "pending").then(|| crate::clock::rfc3339(due_at));
            Ok(serde_json::json!({
                "url": url, "state": state, "next_attempt_at": next, "attempts": attempts,
            }))
        })
        .collect()
}

/// Makes an event's deliveries due again, whatever came of them before.
///
/// Endpoints that have been added since get it too, if they want its type.
pub fn resend(db: &Connection, merchant_id: &str, event_id: &str, now_ms: i64) -> Outcome<()> {
    let (event_seq, session_id, event_type) = find_event(db, merchant_id, event_id)?;
    for endpoint in list_endpoints(db, merchant_id)? {
        let known = renew_delivery(db, event_seq, &endpoint.id, now_ms)?;
        if !known && endpoint.wants(&event_type) {
            add_delivery(db, event_seq, &endpoint.id, &session_id, now_ms)?;
        }
    }
    Ok(())
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
