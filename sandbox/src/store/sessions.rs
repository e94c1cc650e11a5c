//! Checkout sessions.

use faststar::{CreateSession, PaymentStatus, Quote, Secret, SessionStatus};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Map, Value};

use super::catalog::{PageOf, seq_before};
use super::{Outcome, from_json, to_json};
use crate::clock;

/// A session as it is stored.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// The id, `cs_…`.
    pub id: String,
    /// The merchant that created it.
    pub merchant_id: String,
    /// Opens the cashier.
    pub token: Secret,
    /// Where it is in its life.
    pub status: SessionStatus,
    /// Whether the money has come.
    pub payment_status: PaymentStatus,
    /// The currency.
    pub currency: String,
    /// The sum of the lines, in the smallest unit.
    pub amount_subtotal: i64,
    /// The tax, in the smallest unit.
    pub amount_tax: i64,
    /// What the buyer pays, in the smallest unit.
    pub amount_total: i64,
    /// Whether the table has a tax rate for the buyer's place; true while none is named.
    pub rate_known: bool,
    /// What the merchant asked for, with what the buyer changed.
    pub request: CreateSession,
    /// What came of it: ids of the payment, the subscription, the saved card.
    pub outcome: Map<String, Value>,
    /// When it was created, by the merchant's clock.
    pub created_at: i64,
    /// When it expires, by the merchant's clock.
    pub expires_at: i64,
    /// When its amounts were computed, by the merchant's clock.
    pub priced_at: i64,
}

impl SessionRow {
    /// Takes over the figures of a quote that was made now.
    pub fn set_amounts(&mut self, quote: &Quote, now_ms: i64) {
        self.priced_at = now_ms;
        self.currency = quote.currency.code().to_owned();
        self.amount_subtotal = quote.subtotal;
        self.amount_tax = quote.tax;
        self.amount_total = quote.total;
        self.rate_known = quote.rate_known;
    }

    /// Expires the session where its time has run out.
    ///
    /// Nothing runs when a session expires: whoever reads it next finds it expired.
    pub fn expire_if_due(&mut self, now_ms: i64) {
        self.status = self.status.at(clock::exact(now_ms), clock::exact(self.expires_at));
    }
}

/// Adds a session.
pub fn add_session(db: &Connection, row: &SessionRow) -> Outcome<()> {
    db.prepare_cached(
        "INSERT INTO sessions (id, merchant_id, token, status, payment_status, currency,
             amount_subtotal, amount_tax, amount_total, request, outcome, created_at, expires_at,
             priced_at, rate_known)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
    )?
    .execute(params![
        row.id,
        row.merchant_id,
        row.token.expose(),
        row.status.as_str(),
        row.payment_status.as_str(),
        row.currency,
        row.amount_subtotal,
        row.amount_tax,
        row.amount_total,
        to_json(&row.request),
        to_json(&row.outcome),
        row.created_at,
        row.expires_at,
        row.priced_at,
        row.rate_known,
    ])?;
    Ok(())
}

/// Writes back what can change of a session.
pub fn update_session(db: &Connection, row: &SessionRow) -> Outcome<()> {
    db.prepare_cached(
        "UPDATE sessions SET status = ?2, payment_status = ?3, currency = ?4, amount_subtotal = ?5,
             amount_tax = ?6, amount_total = ?7, request = ?8, outcome = ?9, expires_at = ?10,
             priced_at = ?11, rate_known = ?12
         WHERE id = ?1",
    )?
    .execute(params![
        row.id,
        row.status.as_str(),
        row.payment_status.as_str(),
        row.currency,
        row.amount_subtotal,
        row.amount_tax,
        row.amount_total,
        to_json(&row.request),
        to_json(&row.outcome),
        row.expires_at,
        row.priced_at,
        row.rate_known,
    ])?;
    Ok(())
}

const COLUMNS: &str = "id, merchant_id, token, status, payment_status, currency, amount_subtotal,
    amount_tax, amount_total, created_at, expires_at, priced_at, rate_known, request, outcome";

/// A row, and its two JSON columns that are still to be read.
fn read(row: &Row<'_>) -> rusqlite::Result<(SessionRow, String, String)> {
    let session = SessionRow {
        id: row.get(0)?,
        merchant_id: row.get(1)?,
        token: row.get::<_, String>(2)?.into(),
        status: row.get::<_, String>(3)?.into(),
        payment_status: row.get::<_, String>(4)?.into(),
        currency: row.get(5)?,
        amount_subtotal: row.get(6)?,
        amount_tax: row.get(7)?,
        amount_total: row.get(8)?,
        created_at: row.get(9)?,
        expires_at: row.get(10)?,
        priced_at: row.get(11)?,
        rate_known: row.get(12)?,
        request: CreateSession::setup(),
        outcome: Map::new(),
    };
    Ok((session, row.get(13)?, row.get(14)?))
}

fn complete((session, request, outcome): (SessionRow, String, String)) -> Outcome<SessionRow> {
    Ok(SessionRow { request: from_json(&request)?, outcome: from_json(&outcome)?, ..session })
}

/// Finds a session by its id.
pub fn find_session(db: &Connection, id: &str) -> Outcome<Option<SessionRow>> {
    let sql = format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1");
    db.prepare_cached(&sql)?.query_row([id], read).optional()?.map(complete).transpose()
}

/// How far back a page of sessions is looked for, over all merchants. An index by merchant would make
/// each creation slower for a list that only the console asks for.
const LOOK_BACK: i64 = 20_000;

/// Lists a page of a merchant's sessions, the newest first, and gives the next cursor. What is further
/// back than 20,000 sessions is found by its id alone.
pub fn list_sessions(
    db: &Connection,
    merchant_id: &str,
    limit: usize,
    cursor: Option<&str>,
) -> Outcome<(Vec<SessionRow>, Option<String>)> {
    let before = seq_before(db, "sessions", merchant_id, cursor)?;
    let sql = format!(
        "SELECT {COLUMNS} FROM sessions WHERE merchant_id = ?1 AND seq < ?2
             AND seq >= min(?2, (SELECT max(seq) FROM sessions) + 1) - ?4
         ORDER BY seq DESC LIMIT ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let found =
        statement.query_map(params![merchant_id, before, limit as i64 + 1, LOOK_BACK], read)?;
    let mut page = PageOf::new(limit);
    for row in found {
        let row = row?;
        let bytes = row.1.len() + row.2.len();
        if !page.has_room(bytes) {
            let next = page.rows.last().map(|row: &SessionRow| row.id.clone());
            return Ok((page.rows, next));
        }
        page.rows.push(complete(row)?);
    }
    Ok((page.rows, None))
}
