//! The buyer's side: what the cashier page shows and does. The session token opens it.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::IntoResponse;
use faststar::Secret;
use faststar::error::Result;
use faststar::schema::{Field, Kind, Object, Origin};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Handled;
use crate::app::App;
use crate::card;
use crate::checkout::{self, Payment};
use crate::clock;
use crate::extract::{Id, IdempotencyKey, JsonBody};
use crate::reply::Reply;
use crate::store::{self, Merchant, Outcome, Owner, SessionRow};

/// What the buyer's page sends to pay.
pub(super) const PAY: Object = Object {
    name: "Pay",
    doc: "The buyer pays, subscribes or saves a card.",
    fields: &[
        Field::required(
            "token",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The session token.",
        ),
        Field::required(
            "card",
            Kind::Object(&CARD),
            Origin::SandboxOnly,
            "The card; it is not stored.",
        ),
        Field::optional(
            "customer_email",
            Kind::Email,
            Origin::SandboxOnly,
            "The buyer's e-mail address.",
        ),
        Field::optional(
            "authentication",
            Kind::OneOf(&["approved", "failed"]),
            Origin::SandboxOnly,
            "How the bank's check ended, where it asked for one.",
        ),
    ],
};

const CARD: Object = Object {
    name: "Card",
    doc: "A test card.",
    fields: &[
        Field::required(
            "number",
            Kind::Text { max: 30 },
            Origin::SandboxOnly,
            "The number of a test card.",
        ),
        Field::optional(
            "exp_month",
            Kind::Integer { min: 1, max: 12 },
            Origin::SandboxOnly,
            "The month of expiry; any.",
        ),
        Field::optional(
            "exp_year",
            Kind::Integer { min: 2000, max: 2100 },
            Origin::SandboxOnly,
            "The year of expiry; any.",
        ),
        Field::optional(
            "cvc",
            Kind::Text { max: 4 },
            Origin::SandboxOnly,
            "The security code; any.",
        ),
    ],
};

/// What the buyer's page sends to name a country.
pub(super) const SET_COUNTRY: Object = Object {
    name: "SetCountry",
    doc: "The buyer names a country; the totals are computed anew.",
    fields: &[
        Field::required(
            "token",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The session token.",
        ),
        Field::required(
            "buyer_country",
            Kind::Place,
            Origin::SandboxOnly,
            "The buyer's country, with its region where tax needs one.",
        ),
    ],
};

#[derive(Deserialize)]
struct Pay {
    token: Secret,
    card: Card,
    customer_email: Option<String>,
    authentication: Option<String>,
}

#[derive(Deserialize)]
struct Card {
    number: String,
}

#[derive(Deserialize)]
struct SetCountry {
    token: Secret,
    buyer_country: String,
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Handled {
    let token = token_of(query.as_deref());
    let data = app
        .store
        .run(move |db| {
            let (merchant, row, _) = open(db, &id, &token)?;
            view(db, &merchant, &row)
        })
        .await?;
    Ok(Reply::ok("Checkout session retrieved successfully", &data))
}

pub(super) async fn set_country(
    State(app): State<Arc<App>>,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: SetCountry = body.read(&SET_COUNTRY)?;
    let owner = buyer(&app, &id, &request.token).await?;
    let reply = app.once(owner, key, body.request_hash, move |db| {
        let (merchant, mut row, now) = open(db, &id, &request.token)?;
        checkout::set_country(db, &merchant, &mut row, request.buyer_country, now)?;
        Ok(Reply::ok("Totals computed", &view(db, &merchant, &row)?))
    });
    Ok(reply.await?)
}

pub(super) async fn pay(
    State(app): State<Arc<App>>,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: Pay = body.read(&PAY)?;
    let card = card::find(&request.card.number)?;
    let authenticated = request.authentication.map(|how| how == "approved");
    let owner = buyer(&app, &id, &request.token).await?;
    let reply = app.once_with_events(owner, key, body.request_hash, move |db| {
        let (merchant, mut row, now) = open(db, &id, &request.token)?;
        if request.customer_email.is_some() {
            row.request.customer_email = request.customer_email;
        }
        let payment = checkout::pay(db, &merchant, &mut row, card, authenticated, now)?;
        outcome(payment, "card.number", &view(db, &merchant, &row)?)
    });
    Ok(reply.await?)
}

/// Answers what came of a payment. A decline has written an event, so it is an answer to be kept;
/// the wish for authentication has done nothing.
pub(super) fn outcome(payment: Payment, param: &str, data: &Value) -> Outcome<Reply> {
    match (payment, payment.into_result(param)) {
        (_, Ok(())) => Ok(Reply::ok("Checkout session completed", data)),
        (Payment::Declined, Err(error)) => Ok(Reply::refused(&error)),
        (_, Err(error)) => Err(error.into()),
    }
}

/// The page itself is not here yet; this says how to finish a session without it.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Id(id): Id,
    RawQuery(query): RawQuery,
) -> Result<impl IntoResponse, crate::reply::Refusal> {
    let token = token_of(query.as_deref());
    let row = app.store.run(move |db| open(db, &id, &token).map(|(_, row, _)| row)).await?;
    let text = format!(
        "FastStar sandbox\n\nSession {} is {}. The buyer's page is not part of this version.\n\
         To play the buyer, run:\n\n    faststar complete {}\n",
        row.id, row.status, row.id
    );
    Ok((
        [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-store")],
        text,
    ))
}

fn token_of(query: Option<&str>) -> Secret {
    form_urlencoded::parse(query.unwrap_or_default().as_bytes())
        .find(|(name, _)| name == "token")
        .map(|(_, value)| Secret::new(value))
        .unwrap_or_default()
}

/// Gives whose idempotency keys a buyer's are. Who has not the token learns of none.
async fn buyer(app: &App, id: &str, token: &Secret) -> Result<Owner> {
    let (session, token) = (id.to_owned(), token.clone());
    let opened = app.store.run(move |db| open(db, &session, &token).map(|(merchant, ..)| merchant));
    Ok(Owner::buyer(id, &opened.await?.id))
}

/// Finds a session by its id and its token; a wrong token finds as little as a wrong id.
fn open(db: &Connection, id: &str, token: &Secret) -> Outcome<(Merchant, SessionRow, i64)> {
    let mut row = store::find_session(db, id)?
        .filter(|row| row.token == *token)
        .ok_or_else(|| checkout::no_session(id))?;
    let merchant =
        store::find_merchant(db, &row.merchant_id)?.ok_or_else(|| checkout::no_session(id))?;
    let now = clock::machine_now_ms().saturating_add(merchant.clock_offset_ms);
    row.expire_if_due(now);
    Ok((merchant, row, now))
}

/// Shows a session with the quote that explains its amounts, line by line.
fn view(db: &Connection, merchant: &Merchant, row: &SessionRow) -> Outcome<Value> {
    // Prices do not change, so the quote of the day is the one that the amounts came from.
    let quote = checkout::price(db, merchant, &row.request, row.priced_at)?;
    Ok(json!({"session": checkout::view(row), "quote": quote}))
}
