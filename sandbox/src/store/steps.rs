//! What happened to a session, for who looks at it later.

use rusqlite::{Connection, params};

use super::Outcome;

/// How many steps of a session are shown: a buyer can try cards without end.
const MOST: i64 = 200;

/// Something that happened to a session.
#[derive(Clone, Debug)]
pub struct Step {
    /// When, by the merchant's clock.
    pub at: i64,
    /// What: `country_named`, `authentication_required`, `declined`, `completed`, `expired`,
    /// `template_in_url`.
    pub kind: String,
    /// The country, the template and its field, or the card by its brand and last four digits.
    pub detail: String,
}

/// Notes what has happened to a session.
pub fn add_step(
    db: &Connection,
    session_id: &str,
    kind: &str,
    detail: &str,
    now_ms: i64,
) -> Outcome<()> {
    db.prepare_cached("INSERT INTO steps (session_id, at, kind, detail) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![session_id, now_ms, kind, detail])?;
    Ok(())
}

/// Gives what has happened to a session, the oldest of the last 200 first.
pub fn steps_of(db: &Connection, session_id: &str) -> Outcome<Vec<Step>> {
    let mut statement = db.prepare_cached(
        "SELECT at, kind, detail FROM (SELECT * FROM steps WHERE session_id = ?1
             ORDER BY seq DESC LIMIT ?2) ORDER BY seq",
    )?;
    let steps = statement.query_map(params![session_id, MOST], |row| {
        Ok(Step { at: row.get(0)?, kind: row.get(1)?, detail: row.get(2)? })
    })?;
    Ok(steps.collect::<rusqlite::Result<_>>()?)
}
