//! The faults that a merchant has ahead of it, and the events that a reordering keeps back.

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::events::deliver;
use super::{Outcome, from_json, to_json};
use crate::faults::Faults;

/// What is stored with the merchant.
#[derive(Clone, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct Stored {
    #[serde(flatten)]
    pub(super) faults: Faults,
    /// The events that are kept back, in the order in which they came.
    pub(super) kept: Vec<i64>,
}

/// Gives the faults that are left.
pub fn faults_of(db: &Connection, merchant_id: &str) -> Outcome<Faults> {
    Ok(load(db, merchant_id)?.faults)
}

/// Sets a merchant's faults anew; events that a reordering keeps back are sent now, in reverse.
pub fn set_faults(db: &Connection, merchant_id: &str, faults: &Faults, now_ms: i64) -> Outcome<()> {
    let kept = load(db, merchant_id)?.kept;
    for event_seq in kept.into_iter().rev() {
        deliver(db, merchant_id, event_seq, now_ms)?;
    }
    save(db, merchant_id, &Stored { faults: faults.clone(), kept: Vec::new() })
}

/// Asks the faults something, and stores what is left of them.
pub(super) fn ask<T>(
    db: &Connection,
    merchant_id: &str,
    ask: impl FnOnce(&mut Stored) -> T,
) -> Outcome<T> {
    let before = load(db, merchant_id)?;
    let mut stored = before.clone();
    let answer = ask(&mut stored);
    if stored != before {
        save(db, merchant_id, &stored)?;
    }
    Ok(answer)
}

fn load(db: &Connection, merchant_id: &str) -> Outcome<Stored> {
    let text: String = db
        .prepare_cached("SELECT faults FROM merchants WHERE id = ?1")?
        .query_row([merchant_id], |row| row.get(0))?;
    from_json(&text)
}

fn save(db: &Connection, merchant_id: &str, stored: &Stored) -> Outcome<()> {
    db.prepare_cached("UPDATE merchants SET faults = ?2 WHERE id = ?1")?
        .execute(params![merchant_id, to_json(stored)])?;
    Ok(())
}
