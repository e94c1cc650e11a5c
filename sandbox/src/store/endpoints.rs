//! The endpoints that events go to.

use faststar::Secret;
use faststar::error::{Error, ErrorKind, code};
use rusqlite::{Connection, OptionalExtension, Row, params};

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
    /// Whether it has said that it is gone, and gets nothing until it is enabled.
    pub disabled: bool,
}

impl Endpoint {
    /// Tells whether the endpoint gets events of a type.
    pub fn wants(&self, event_type: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|wanted| wanted == event_type)
    }
}

/// How many endpoints a merchant may have.
pub const MOST_ENDPOINTS: usize = 1000;

/// Adds an endpoint.
///
/// # Errors
///
/// `out_of_range` where the merchant has as many as it may.
pub fn add_endpoint(db: &Connection, merchant_id: &str, endpoint: &Endpoint) -> Outcome<()> {
    let number: i64 = db.query_row(
        "SELECT count(*) FROM endpoints WHERE merchant_id = ?1 AND deleted = 0",
        [merchant_id],
        |row| row.get(0),
    )?;
    if number >= MOST_ENDPOINTS as i64 {
        let message =
            format!("a merchant has at most {MOST_ENDPOINTS} webhook endpoints; delete one first");
        return Err(Error::validation(code::OUT_OF_RANGE, "url", message).into());
    }
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
/// One that is the same already is taken for it. It is enabled, whatever it has said before.
pub fn set_start_endpoint(db: &Connection, merchant_id: &str, endpoint: &Endpoint) -> Outcome<()> {
    let known = list_endpoints(db, merchant_id)?;
    let same = known.iter().find(|known| {
        (&known.url, &known.secret, &known.events)
            == (&endpoint.url, &endpoint.secret, &endpoint.events)
    });
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
            let sql = "UPDATE endpoints SET url = ?2, disabled = 0 WHERE id = ?1";
            db.execute(sql, [&start, &endpoint.url])?;
            return Ok(());
        }
        (None, None) => {
            add_endpoint(db, merchant_id, endpoint)?;
            &endpoint.id
        }
    };
    db.execute("UPDATE endpoints SET from_start = 1, disabled = 0 WHERE id = ?1", [id])?;
    Ok(())
}

const COLUMNS: &str = "id, url, secret, events, disabled";

/// A row, and its JSON column that is still to be read.
fn read(row: &Row<'_>) -> rusqlite::Result<(Endpoint, String)> {
    let endpoint = Endpoint {
        id: row.get(0)?,
        url: row.get(1)?,
        secret: row.get::<_, String>(2)?.into(),
        events: Vec::new(),
        disabled: row.get(4)?,
    };
    Ok((endpoint, row.get(3)?))
}

fn complete((endpoint, events): (Endpoint, String)) -> Outcome<Endpoint> {
    Ok(Endpoint { events: from_json(&events)?, ..endpoint })
}

/// Lists a merchant's endpoints, the oldest first.
pub fn list_endpoints(db: &Connection, merchant_id: &str) -> Outcome<Vec<Endpoint>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM endpoints WHERE merchant_id = ?1 AND deleted = 0 ORDER BY seq"
    );
    let rows: Vec<_> = db
        .prepare_cached(&sql)?
        .query_map([merchant_id], read)?
        .collect::<rusqlite::Result<_>>()?;
    rows.into_iter().map(complete).collect()
}

/// Lets an endpoint get events again; what was parked meanwhile is sent where it is asked for.
///
/// # Errors
///
/// `not_found`.
pub fn enable_endpoint(db: &Connection, merchant_id: &str, id: &str) -> Outcome<Endpoint> {
    let sql = format!(
        "UPDATE endpoints SET disabled = 0 WHERE id = ?1 AND merchant_id = ?2 AND deleted = 0
         RETURNING {COLUMNS}"
    );
    let found = db.query_row(&sql, [id, merchant_id], read).optional()?;
    complete(found.ok_or_else(no_such_endpoint)?)
}

/// Sends an endpoint nothing more until it is enabled; what still waits for it is parked.
pub(super) fn disable_endpoint(db: &Connection, id: &str) -> Outcome<()> {
    db.execute("UPDATE endpoints SET disabled = 1 WHERE id = ?1", [id])?;
    park_all(db, id)
}

/// Deletes an endpoint; what still waits for it is parked.
///
/// # Errors
///
/// `not_found`.
pub fn delete_endpoint(db: &Connection, merchant_id: &str, id: &str) -> Outcome<()> {
    let deleted = db.execute(
        "UPDATE endpoints SET deleted = 1 WHERE id = ?1 AND merchant_id = ?2 AND deleted = 0",
        [id, merchant_id],
    )?;
    if deleted == 0 {
        return Err(no_such_endpoint().into());
    }
    park_all(db, id)
}

fn park_all(db: &Connection, id: &str) -> Outcome<()> {
    db.execute(
        "UPDATE deliveries SET state = 'parked', held = 0
         WHERE endpoint_id = ?1 AND state = 'pending'",
        [id],
    )?;
    queue::place(db, id)
}

fn no_such_endpoint() -> Error {
    Error::new(ErrorKind::NotFound, code::NOT_FOUND, "no such endpoint").with_param("id")
}
