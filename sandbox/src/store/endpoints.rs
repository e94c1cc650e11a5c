//! The endpoints that events go to.

use faststar::Secret;
use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Outcome, from_json, queue, to_json};

/// A URL that a merchant's events go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The id, `we_…`.
    pub id: String,
    /// Where the events go.
    pub url: String,
    /// Signs them.
    pub secret: Secret,
    /// The types that it gets; empty for all.
    pub events: Vec<String>,
}

impl Endpoint {
    /// Tells whether the endpoint gets events of a type.
    pub fn wants(&self, event_type: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event_type)
    }
}

/// Adds an endpoint.
pub fn add_endpoint(db: &Connection, merchant_id: &str, endpoint: &Endpoint) -> Outcome<()> {
    db.execute(
        "INSERT INTO endpoints (id, merchant_id, url, secret, events) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            endpoint.id,
            merchant_id,
            endpoint.url,
            endpoint.secret.expose(),
            to_json(&endpoint.events)
        ],
    )?;
    Ok(())
}

/// Makes the endpoint that the start of a sandbox names, or moves it there with what waits for it.
///
/// One that is the same already is taken for it.
pub fn set_start_endpoint(db: &Connection, merchant_id: &str, endpoint: &Endpoint) -> Outcome<()> {
    let known = list_endpoints(db, merchant_id)?;
    let same =
        known.iter().find(|known| **known == Endpoint { id: known.id.clone(), ..endpoint.clone() });
    let start: Option<String> = db
        .query_row(
            "SELECT id FROM endpoints WHERE merchant_id = ?1 AND from_start = 1 AND deleted = 0",
            [merchant_id],
            |row| row.get(0),
        )
        .optional()?;
    let id = match (same, start) {
        (Some(same), Some(start)) if same.id != start => {
            delete_endpoint(db, merchant_id, &start)?;
            &same.id
        }
        (Some(same), _) => &same.id,
        (None, Some(start)) => {
            db.execute("UPDATE endpoints SET url = ?2 WHERE id = ?1", [&start, &endpoint.url])?;
            return Ok(());
        }
        (None, None) => {
            add_endpoint(db, merchant_id, endpoint)?;
            &endpoint.id
        }
    };
    db.execute("UPDATE endpoints SET from_start = 1 WHERE id = ?1", [id])?;
    Ok(())
}

/// Lists a merchant's endpoints, the oldest first.
pub fn list_endpoints(db: &Connection, merchant_id: &str) -> Outcome<Vec<Endpoint>> {
    let rows: Vec<(String, String, String, String)> = db
        .prepare_cached(
            "SELECT id, url, secret, events FROM endpoints
             WHERE merchant_id = ?1 AND deleted = 0 ORDER BY seq",
        )?
        .query_map([merchant_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter()
        .map(|(id, url, secret, events)| {
            Ok(Endpoint { id, url, secret: secret.into(), events: from_json(&events)? })
        })
        .collect()
}

/// Deletes an endpoint; what still waits for it is parked.
pub fn delete_endpoint(db: &Connection, merchant_id: &str, id: &str) -> Outcome<()> {
    let deleted = db.execute(
        "UPDATE endpoints SET deleted = 1 WHERE id = ?1 AND merchant_id = ?2 AND deleted = 0",
        [id, merchant_id],
    )?;
    if deleted == 0 {
        return Err(Error::new(ErrorKind::NotFound, code::NOT_FOUND, "no such endpoint").into());
    }
    db.execute(
        "UPDATE deliveries SET state = 'parked', held = 0
         WHERE endpoint_id = ?1 AND state = 'pending'",
        [id],
    )?;
    queue::place(db, id)
}
