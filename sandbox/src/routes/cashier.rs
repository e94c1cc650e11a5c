//! The buyer's side: what the cashier page shows and does. The session token opens it.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use faststar::error::Result;
use faststar::schema::{Field, Kind, Object, Origin};
use faststar::tax::{self, RateTable};
use faststar::{Mode, Secret};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use super::Handled;
use crate::app::App;
use crate::assets;
use crate::card::{self, TEST_CARDS};
use crate::checkout::{self, Payment};
use crate::clock;
use crate::extract::{Id, IdempotencyKey, JsonBody};
use crate::frames;
use crate::ids;
use crate::reply::{Refusal, Reply, status_of};
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
        Field::optional(
            "amount_total",
            Kind::Amount { min: 0 },
            Origin::SandboxOnly,
            "The total that the buyer was shown; another one is charged only after it was shown.",
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
    amount_total: Option<i64>,
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
            let (merchant, row, now) = open(db, &id, &token)?;
            let mut shown = view(db, &merchant, &row, now)?;
            shown["test_cards"] = json!(TEST_CARDS);
            shown["places"] = json!(places());
            Ok(shown)
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
        Ok(Reply::ok("Totals computed", &view(db, &merchant, &row, now)?))
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
    let paid = (id.clone(), card);
    let reply = app.pay_once(owner, key, body.request_hash, paid, move |db| {
        let (merchant, mut row, now) = open(db, &id, &request.token)?;
        if request.customer_email.is_some() {
            row.request.customer_email = request.customer_email;
        }
        checkout::check_shown(&row, request.amount_total)?;
        let payment = checkout::pay(db, &merchant, &mut row, card, authenticated, now)?;
        outcome(payment, "card.number", &view(db, &merchant, &row, now)?)
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

/// Serves the buyer's page. A program that asks for a session that is not there gets the envelope.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    Id(id): Id,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let token = token_of(query.as_deref());
    let row = app.store.run(move |db| open(db, &id, &token).map(|(_, row, _)| row)).await;
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    match row {
        Ok(row) => document(StatusCode::OK, &frames::ancestors(&row.request)),
        Err(error) if accept.is_some_and(|accept| accept.contains("text/html")) => {
            document(status_of(&error), &[])
        }
        Err(error) => Refusal(error).into_response(),
    }
}

/// Puts the page together with what keeps it safe: nothing but its own script and style works in
/// it, no text becomes HTML, and nobody frames it but who may.
fn document(status: StatusCode, ancestors: &[String]) -> Response {
    let nonce = ids::secret("");
    let framed_by = match ancestors {
        [] => "'none'".to_owned(),
        some => format!("'self' {}", some.join(" ")),
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; \
         img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors {framed_by}; require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, &policy),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        // A shop with `Cross-Origin-Embedder-Policy: require-corp` frames only pages with these two.
        (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    (status, headers, assets::cashier(&nonce, ancestors)).into_response()
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

/// Gives what a buyer can choose from: every country, and the regions with a tax of their own.
fn places() -> BTreeSet<String> {
    let with_a_rate = RateTable::bundled().places().map(|place| place.to_string());
    with_a_rate.chain(tax::countries().map(str::to_owned)).collect()
}

/// Shows a session with the quote that explains its amounts, line by line.
fn view(db: &Connection, merchant: &Merchant, row: &SessionRow, now_ms: i64) -> Outcome<Value> {
    // Prices do not change, so the quote of the day is the one that the amounts came from.
    let quote = checkout::price(db, merchant, &row.request, row.priced_at)?;
    let decimals = quote.currency.decimals();
    let mut shown =
        json!({"session": checkout::view(row), "quote": quote, "currency_decimals": decimals});
    if row.request.mode == Mode::Subscription {
        shown["start"] = json!(checkout::start(db, merchant, row, now_ms)?);
        shown["prices"] = json!(checkout::prices(db, merchant, row)?);
    }
    Ok(shown)
}
