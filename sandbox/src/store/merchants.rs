//! Merchants and their keys.

use faststar::{Currency, MerchantKind};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{Outcome, queue};

/// A merchant of the sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// The id, `mer_…`.
    pub id: String,
    /// Who sells.
    pub kind: MerchantKind,
    /// The currency of an ad hoc amount that names none.
    pub default_currency: Currency,
    /// Signs the events of endpoints without a secret of their own.
    pub webhook_secret: faststar::Secret,
    /// How far the merchant's clock is ahead of the machine's.
    pub clock_offset_ms: i64,
}

const COLUMNS: &str = "id, kind, default_currency, webhook_secret, clock_offset_ms";

fn read(row: &Row<'_>) -> rusqlite::Result<Merchant> {
    let currency: String = row.get(2)?;
    Ok(Merchant {
        id: row.get(0)?,
        kind: MerchantKind::from(row.get::<_, String>(1)?),
        default_currency: currency.parse().unwrap_or(Currency::USD),
        webhook_secret: row.get::<_, String>(3)?.into(),
        clock_offset_ms: row.get(4)?,
    })
}

/// Adds a merchant.
pub fn add_merchant(db: &Connection, merchant: &Merchant, now_ms: i64) -> Outcome<()> {
    db.execute(
        "INSERT INTO merchants
             (id, kind, default_currency, webhook_secret, clock_offset_ms, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            merchant.id,
            merchant.kind.as_str(),
            merchant.default_currency.code(),
            merchant.webhook_secret.expose(),
            merchant.clock_offset_ms,
            now_ms,
        ],
    )?;
    Ok(())
}

/// Adds a key of a merchant by its hash, with what it is shown as.
pub fn add_key(
    db: &Connection,
    hash: &[u8],
    hint: &str,
    merchant_id: &str,
    now_ms: i64,
) -> Outcome<()> {
    db.execute(
        "INSERT INTO api_keys (hash, hint, merchant_id, created_at) VALUES (?1, ?2, ?3, ?4)",
        params![hash, hint, merchant_id, now_ms],
    )?;
    Ok(())
}

/// A key as it is shown.
#[derive(Clone, Debug)]
pub struct Key {
    /// What it is shown as; empty for one of an older version.
    pub hint: String,
    /// When it was made, by the machine's clock.
    pub created_at: i64,
}

/// Lists a merchant's newest keys.
pub fn list_keys(db: &Connection, merchant_id: &str, limit: usize) -> Outcome<Vec<Key>> {
    let mut statement = db.prepare_cached(
        "SELECT hint, created_at FROM api_keys WHERE merchant_id = ?1
         ORDER BY created_at DESC LIMIT ?2",
    )?;
    let keys = statement.query_map(params![merchant_id, limit as i64], |row| {
        Ok(Key { hint: row.get(0)?, created_at: row.get(1)? })
    })?;
    Ok(keys.collect::<rusqlite::Result<_>>()?)
}

/// Lists the merchants, the newest first.
pub fn list_merchants(db: &Connection, limit: usize) -> Outcome<Vec<Merchant>> {
    let sql = format!("SELECT {COLUMNS} FROM merchants ORDER BY created_at DESC, id DESC LIMIT ?1");
    let mut statement = db.prepare_cached(&sql)?;
    Ok(statement.query_map([limit as i64], read)?.collect::<rusqlite::Result<_>>()?)
}

/// Finds the merchant of a key by the key's hash.
pub fn merchant_of_key(db: &Connection, hash: &[u8]) -> Outcome<Option<Merchant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM merchants
         WHERE id = (SELECT merchant_id FROM api_keys WHERE hash = ?1)"
    );
    Ok(db.prepare_cached(&sql)?.query_row([hash], read).optional()?)
}

/// Finds a merchant by its id.
pub fn find_merchant(db: &Connection, id: &str) -> Outcome<Option<Merchant>> {
    let sql = format!("SELECT {COLUMNS} FROM merchants WHERE id = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([id], read).optional()?)
}

/// Finds the first merchant that was made, of a kind where one is given.
pub fn first_merchant(db: &Connection, kind: Option<&str>) -> Outcome<Option<Merchant>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM merchants WHERE kind = ?1 OR ?1 IS NULL
         ORDER BY created_at, id LIMIT 1"
    );
    Ok(db.query_row(&sql, [kind], read).optional()?)
}

/// Moves a merchant's clock and gives its new distance from the machine's; `None` where that would
/// be more than `most_ms`.
pub fn move_clock(
    db: &Connection,
    merchant_id: &str,
    by_ms: i64,
    most_ms: i64,
) -> Outcome<Option<i64>> {
    let moved = db
        .query_row(
            "UPDATE merchants SET clock_offset_ms = clock_offset_ms + ?2
             WHERE id = ?1 AND clock_offset_ms <= ?3 - ?2 RETURNING clock_offset_ms",
            params![merchant_id, by_ms, most_ms],
            |row| row.get(0),
        )
        .optional()?;
    if moved.is_some() {
        queue::advance(db, merchant_id, by_ms)?;
    }
    Ok(moved)
}
