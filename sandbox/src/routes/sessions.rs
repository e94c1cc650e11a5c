//! `/public/checkout/sessions`

use std::sync::Arc;

use axum::extract::State;
use faststar::{CreateSession, Secret, Session};
use serde::Serialize;

use super::Handled;
use crate::app::App;
use crate::checkout;
use crate::extract::{Authenticated, Id, IdempotencyKey, JsonBody};
use crate::reply::Reply;

/// The answer, in the order of the documentation.
#[derive(Serialize)]
struct Created<'a> {
    session: Session,
    url: String,
    session_token: &'a Secret,
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: CreateSession = body.read(&CreateSession::SCHEMA)?;
    let (merchant, origin) = (caller.merchant.clone(), app.origin.clone());
    let now = caller.now_ms();
    let reply = app.once(caller.owner(), key, body.request_hash, move |db| {
        let row = checkout::create(db, &merchant, request, now)?;
        let token = row.token.expose();
        let url = format!("{origin}/checkout/{}?token={token}", row.id);
        let data = Created { session: checkout::view(&row), url, session_token: &row.token };
        Ok(Reply::ok("Checkout session created successfully", &data))
    });
    Ok(reply.await?)
}

pub(super) async fn retrieve(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id,
) -> Handled {
    let now = caller.now_ms();
    let merchant_id = caller.merchant.id.clone();
    let row = app.store.run(move |db| checkout::find(db, &merchant_id, &id, now)).await?;
    Ok(Reply::ok("Checkout session retrieved successfully", &checkout::view(&row)))
}
