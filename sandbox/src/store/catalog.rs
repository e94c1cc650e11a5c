//! Products and prices.

use faststar::error::{Error, code};
use faststar::{Catalog, LineItem, Price, Product};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::json;

use super::{Outcome, from_json, to_json};

/// How much a page of a list holds; one that would hold more ends earlier.
pub const PAGE_BYTES: usize = 256 * 1024;

/// Adds a product.
pub fn add_product(db: &Connection, merchant_id: &str, product: &Product) -> Outcome<()> {
    db.prepare_cached("INSERT INTO products (id, merchant_id, body) VALUES (?1, ?2, ?3)")?
        .execute(params![product.id, merchant_id, to_json(product)])?;
    Ok(())
}

/// Adds a price; the first one of a product becomes its default.
pub fn add_price(db: &Connection, merchant_id: &str, price: &Price) -> Outcome<()> {
    db.prepare_cached("INSERT INTO prices (id, merchant_id, body) VALUES (?1, ?2, ?3)")?
        .execute(params![price.id, merchant_id, to_json(price)])?;
    db.prepare_cached(
        "UPDATE products SET default_price_id = ?1 WHERE id = ?2 AND default_price_id IS NULL",
    )?
    .execute(params![price.id, price.product_id])?;
    Ok(())
}

/// Gives a merchant without products those of the documentation's example, `prod_xxx` and
/// `price_xxx`; tells whether the merchant has them.
///
/// Ids are those of one merchant in a database, so only the first one can have them.
pub fn add_example_catalog(db: &Connection, merchant_id: &str) -> Outcome<bool> {
    let is_taken = |sql: &str, id: &str| -> rusqlite::Result<bool> {
        db.query_row(sql, [id], |row| row.get(0))
    };
    if !is_taken("SELECT EXISTS (SELECT 1 FROM products WHERE merchant_id = ?1)", merchant_id)?
        && !is_taken("SELECT EXISTS (SELECT 1 FROM products WHERE id = ?1)", "prod_xxx")?
    {
        let product = json!({"id": "prod_xxx", "name": "Your product"});
        let price = json!({
            "id": "price_xxx", "product_id": "prod_xxx", "type": "one_time",
            "currency": "USD", "unit_amount": 999,
        });
        add_product(db, merchant_id, &from_json(&product.to_string())?)?;
        add_price(db, merchant_id, &from_json(&price.to_string())?)?;
    }
    Ok(find_price(db, merchant_id, "price_xxx")?.is_some())
}

/// Tells whether the merchant has the product.
pub fn product_exists(db: &Connection, merchant_id: &str, id: &str) -> Outcome<bool> {
    Ok(find_product(db, merchant_id, id)?.is_some())
}

/// Reads the part of the merchant's catalog that line items name.
pub fn catalog_of(db: &Connection, merchant_id: &str, items: &[LineItem]) -> Outcome<Catalog> {
    let mut catalog = Catalog::new();
    for item in items {
        if let Some(id) = &item.product_id
            && let Some(product) = find_product(db, merchant_id, id)?
        {
            if let Some(id) = &product.default_price_id
                && let Some(price) = find_price(db, merchant_id, id)?
            {
                catalog.add_price(price);
            }
            catalog.add_product(product);
        }
        if let Some(id) = &item.price_id
            && let Some(price) = find_price(db, merchant_id, id)?
        {
            if let Some(product) = find_product(db, merchant_id, &price.product_id)? {
                catalog.add_product(product);
            }
            catalog.add_price(price);
        }
    }
    Ok(catalog)
}

/// Lists a page of products, the newest first, and gives the next cursor.
pub fn list_products(
    db: &Connection,
    merchant_id: &str,
    limit: usize,
    cursor: Option<&str>,
) -> Outcome<(Vec<Product>, Option<String>)> {
    let (rows, next) = list(db, "products", "default_price_id", merchant_id, limit, cursor)?;
    let products = rows.into_iter().map(|(body, default)| {
        let mut product: Product = from_json(&body)?;
        product.default_price_id = default;
        Ok(product)
    });
    Ok((products.collect::<Outcome<_>>()?, next))
}

/// Lists a page of prices, the newest first, and gives the next cursor.
pub fn list_prices(
    db: &Connection,
    merchant_id: &str,
    limit: usize,
    cursor: Option<&str>,
) -> Outcome<(Vec<Price>, Option<String>)> {
    let (rows, next) = list(db, "prices", "NULL", merchant_id, limit, cursor)?;
    let prices = rows.into_iter().map(|(body, _)| from_json(&body));
    Ok((prices.collect::<Outcome<_>>()?, next))
}

type Rows = Vec<(String, Option<String>)>;

fn list(
    db: &Connection,
    table: &str,
    column: &str,
    merchant_id: &str,
    limit: usize,
    cursor: Option<&str>,
) -> Outcome<(Rows, Option<String>)> {
    let before = seq_before(db, table, merchant_id, cursor)?;
    let sql = format!(
        "SELECT id, body, {column} FROM {table} WHERE merchant_id = ?1 AND seq < ?2
         ORDER BY seq DESC LIMIT ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut found = statement.query(params![merchant_id, before, limit as i64 + 1])?;
    let (mut page, mut last) = (PageOf::new(limit), None);
    while let Some(row) = found.next()? {
        let body: String = row.get(1)?;
        if !page.has_room(body.len()) {
            return Ok((page.rows, last));
        }
        last = Some(row.get(0)?);
        page.rows.push((body, row.get(2)?));
    }
    Ok((page.rows, None))
}

/// The rows of a page, bounded in number and in bytes.
pub(super) struct PageOf<T> {
    pub(super) rows: Vec<T>,
    limit: usize,
    bytes: usize,
}

impl<T> PageOf<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { rows: Vec::new(), limit, bytes: 0 }
    }

    /// Tells whether another row fits; the first one always does.
    pub(super) fn has_room(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.rows.len() < self.limit && (self.bytes <= PAGE_BYTES || self.rows.is_empty())
    }
}

/// Gives the number that the rows of a page are below.
///
/// # Errors
///
/// `invalid_value` at `cursor` for one that names none of the merchant's rows.
pub(super) fn seq_before(
    db: &Connection,
    table: &str,
    merchant_id: &str,
    cursor: Option<&str>,
) -> Outcome<i64> {
    let Some(id) = cursor else {
        return Ok(i64::MAX);
    };
    let sql = format!("SELECT seq FROM {table} WHERE merchant_id = ?1 AND id = ?2");
    let seq = db.prepare_cached(&sql)?.query_row([merchant_id, id], |row| row.get(0)).optional()?;
    Ok(seq.ok_or_else(|| {
        Error::validation(
            code::INVALID_VALUE,
            "cursor",
            "the cursor is not one that this list gave; leave it out to start anew",
        )
    })?)
}

fn find_product(db: &Connection, merchant_id: &str, id: &str) -> Outcome<Option<Product>> {
    let row: Option<(String, Option<String>)> = db
        .prepare_cached(
            "SELECT body, default_price_id FROM products WHERE id = ?1 AND merchant_id = ?2",
        )?
        .query_row([id, merchant_id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((body, default)) = row else {
        return Ok(None);
    };
    let mut product: Product = from_json(&body)?;
    product.default_price_id = default;
    Ok(Some(product))
}

fn find_price(db: &Connection, merchant_id: &str, id: &str) -> Outcome<Option<Price>> {
    let body: Option<String> = db
        .prepare_cached("SELECT body FROM prices WHERE id = ?1 AND merchant_id = ?2")?
        .query_row([id, merchant_id], |row| row.get(0))
        .optional()?;
    body.map(|body| from_json(&body)).transpose()
}
