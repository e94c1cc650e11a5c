//! `/merchant/catalog/products`

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use faststar::{CreateProduct, Product};
use serde_json::json;

use super::{Handled, Page, PageQuery};
use crate::app::App;
use crate::extract::{Authenticated, IdempotencyKey, JsonBody};
use crate::ids;
use crate::reply::Reply;
use crate::store;

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: CreateProduct = body.read(&CreateProduct::SCHEMA)?;
    let merchant_id = caller.merchant.id.clone();
    let id = ids::id("prod_", caller.now_ms());
    let reply = app.once(caller.owner(), key, body.request_hash, move |db| {
        let mut wire = json!(request);
        wire["id"] = id.into();
        let product: Product =
            serde_json::from_value(wire).expect("a product has the fields of its request");
        store::add_product(db, &merchant_id, &product)?;
        Ok(Reply::ok("Product created successfully", &product))
    });
    Ok(reply.await?)
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Handled {
    let PageQuery { limit, cursor } = PageQuery::read(query.as_deref())?;
    let merchant_id = caller.merchant.id.clone();
    let share = app.budget.take_page().await?;
    let (items, next_cursor) = app
        .store
        .run(move |db| store::list_products(db, &merchant_id, limit, cursor.as_deref()))
        .await?;
    let page = Page { items, next_cursor };
    Ok(Reply::ok("Products retrieved successfully", &page).holding(share))
}
