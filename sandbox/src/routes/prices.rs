//! `/merchant/catalog/prices`

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use faststar::error::{Error, ErrorKind, code};
use faststar::{CreatePrice, Price};
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
    let request: CreatePrice = body.read(&CreatePrice::SCHEMA)?;
    request.check_recurrence()?;
    let merchant_id = caller.merchant.id.clone();
    let id = ids::id("price_", caller.now_ms());
    let reply = app.once(caller.owner(), key, body.request_hash, move |db| {
        if !store::product_exists(db, &merchant_id, &request.product_id)? {
            let message = "no product has this id; create the product first";
            let error = Error::new(ErrorKind::NotFound, code::NOT_FOUND, message);
            return Err(error.with_param("product_id").into());
        }
        let mut wire = json!(request);
        wire["id"] = id.into();
        let price: Price =
            serde_json::from_value(wire).expect("a price has the fields of its request");
        store::add_price(db, &merchant_id, &price)?;
        Ok(Reply::ok("Price created successfully", &price))
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
        .run(move |db| store::list_prices(db, &merchant_id, limit, cursor.as_deref()))
        .await?;
    let page = Page { items, next_cursor };
    Ok(Reply::ok("Prices retrieved successfully", &page).holding(share))
}
