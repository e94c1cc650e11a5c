//! What only a sandbox has: merchants, webhook endpoints, the clock, paying without a page.

use std::sync::Arc;

use axum::extract::State;
use faststar::error::{Error, code};
use faststar::schema::{Field, Kind, Object, Origin};
use faststar::{Currency, EventType, MerchantKind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Handled;
use crate::app::App;
use crate::card;
use crate::checkout;
use crate::clock;
use crate::extract::{Authenticated, Id, IdempotencyKey, JsonBody, RequestHash};
use crate::ids;
use crate::reply::Reply;
use crate::store::{self, Endpoint};

/// What makes a merchant.
pub(super) const ADD_MERCHANT: Object = Object {
    name: "AddMerchant",
    doc: "Another merchant in this sandbox; none sees the objects of another.",
    fields: &[
        Field::optional(
            "kind",
            Kind::OneOf(MerchantKind::KNOWN),
            Origin::SandboxOnly,
            "Who sells; `direct` where absent.",
        ),
        Field::optional(
            "default_currency",
            Kind::Currency,
            Origin::SandboxOnly,
            "The currency of ad hoc amounts that name none; USD where absent.",
        ),
    ],
};

/// What makes a webhook endpoint.
pub(super) const ADD_ENDPOINT: Object = Object {
    name: "AddWebhookEndpoint",
    doc: "A URL that gets the merchant's events.",
    fields: &[
        Field::required(
            "url",
            Kind::HttpUrl,
            Origin::SandboxOnly,
            "Where events go; on this machine unless others are allowed.",
        ),
        Field::optional(
            "events",
            Kind::List { of: &Kind::OneOf(EventType::KNOWN), max: 100 },
            Origin::SandboxOnly,
            "The types to get; all where absent or empty.",
        ),
        Field::optional(
            "secret",
            Kind::Text { max: 200 },
            Origin::SandboxOnly,
            "Signs the events; the merchant's webhook secret where absent.",
        ),
    ],
};

/// What completes a session without a page.
pub(super) const COMPLETE: Object = Object {
    name: "Complete",
    doc: "Plays the buyer.",
    fields: &[
        Field::optional(
            "card",
            Kind::Text { max: 30 },
            Origin::SandboxOnly,
            "A test card's number, or `success`, `declined`, `authentication`; `success` where absent.",
        ),
        Field::optional(
            "authentication",
            Kind::OneOf(&["approved", "failed"]),
            Origin::SandboxOnly,
            "How the bank's check ended, where it asked for one.",
        ),
    ],
};

/// What moves a clock.
pub(super) const ADVANCE: Object = Object {
    name: "AdvanceClock",
    doc: "Moves the merchant's clock forward.",
    fields: &[Field::required(
        "by",
        Kind::Text { max: 50 },
        Origin::SandboxOnly,
        "How far: `25h`, `90m`, `3d`.",
    )],
};

/// A merchant that was made.
pub(super) const MERCHANT: Object = Object {
    name: "Merchant",
    doc: "A new merchant, with the secrets that are shown once.",
    fields: &[
        Field::required(
            "merchant_id",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The id, `mer_…`.",
        ),
        Field::required(
            "kind",
            Kind::OneOf(MerchantKind::KNOWN),
            Origin::SandboxOnly,
            "Who sells.",
        ),
        Field::required(
            "default_currency",
            Kind::Currency,
            Origin::SandboxOnly,
            "The currency of ad hoc amounts that name none.",
        ),
        Field::required("api_key", Kind::Text { max: 200 }, Origin::SandboxOnly, "Its API key."),
        Field::required(
            "webhook_secret",
            Kind::Text { max: 200 },
            Origin::SandboxOnly,
            "Signs the events of endpoints without a secret of their own.",
        ),
    ],
};

/// A webhook endpoint.
pub(super) const ENDPOINT: Object = Object {
    name: "WebhookEndpoint",
    doc: "A URL that gets the merchant's events.",
    fields: &[
        Field::required("id", Kind::Text { max: 100 }, Origin::SandboxOnly, "The id, `we_…`."),
        Field::required("url", Kind::HttpUrl, Origin::SandboxOnly, "Where events go."),
        Field::required(
            "events",
            Kind::List { of: &Kind::OneOf(EventType::KNOWN), max: 100 },
            Origin::SandboxOnly,
            "The types that it gets; empty for all.",
        ),
        Field::required(
            "secret",
            Kind::Text { max: 200 },
            Origin::SandboxOnly,
            "Signs the events.",
        ),
        Field::required(
            "disabled",
            Kind::Boolean,
            Origin::SandboxOnly,
            "Whether it answered 410 Gone. It gets nothing until you enable it.",
        ),
    ],
};

/// All endpoints of a merchant.
pub(super) const ENDPOINTS: Object = Object {
    name: "WebhookEndpoints",
    doc: "The merchant's endpoints.",
    fields: &[Field::required(
        "items",
        Kind::List { of: &Kind::Object(&ENDPOINT), max: store::MOST_ENDPOINTS },
        Origin::SandboxOnly,
        "All of them, the oldest first.",
    )],
};

/// An endpoint that is gone.
pub(super) const DELETED: Object = Object {
    name: "DeletedWebhookEndpoint",
    doc: "An endpoint that gets nothing more.",
    fields: &[
        Field::required("id", Kind::Text { max: 100 }, Origin::SandboxOnly, "Its id."),
        Field::required("deleted", Kind::Boolean, Origin::SandboxOnly, "Always `true`."),
    ],
};

/// An event that is sent again.
pub(super) const RESENT: Object = Object {
    name: "ResentEvent",
    doc: "An event that is sent again.",
    fields: &[
        Field::required("id", Kind::Text { max: 100 }, Origin::SandboxOnly, "The event's id."),
        Field::required(
            "resent",
            Kind::Boolean,
            Origin::SandboxOnly,
            "Whether any endpoint gets it.",
        ),
        Field::required(
            "endpoints",
            Kind::Integer { min: 0, max: 1000 },
            Origin::SandboxOnly,
            "How many endpoints get it.",
        ),
    ],
};

/// A merchant's time.
pub(super) const CLOCK: Object = Object {
    name: "Clock",
    doc: "The merchant's time.",
    fields: &[
        Field::required("now", Kind::Timestamp, Origin::SandboxOnly, "The time."),
        Field::required(
            "seconds_ahead",
            Kind::Integer { min: 0, max: i64::MAX },
            Origin::SandboxOnly,
            "How far it is ahead of this machine's.",
        ),
    ],
};

#[derive(Deserialize)]
struct AddMerchant {
    kind: Option<MerchantKind>,
    default_currency: Option<Currency>,
}

pub(super) async fn add_merchant(
    State(app): State<Arc<App>>,
    Authenticated(_): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    if key.is_some() {
        let message = "a new merchant's API key is shown once and not kept, so its answer cannot \
                       come again; leave the header out";
        return Err(Error::validation(code::INVALID_VALUE, "Idempotency-Key", message).into());
    }
    let request: AddMerchant = body.read(&ADD_MERCHANT)?;
    let kind = request.kind.unwrap_or(MerchantKind::Direct);
    let new = app.add_merchant(kind, request.default_currency.unwrap_or(Currency::USD)).await?;
    let data = json!({
        "merchant_id": new.merchant.id,
        "kind": new.merchant.kind,
        "default_currency": new.merchant.default_currency,
        "api_key": new.api_key,
        "webhook_secret": new.merchant.webhook_secret,
    });
    Ok(Reply::ok("Merchant created", &data))
}

#[derive(Deserialize)]
struct AddEndpoint {
    url: String,
    #[serde(default)]
    events: Option<Vec<String>>,
    secret: Option<String>,
}

pub(super) async fn add_endpoint(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: AddEndpoint = body.read(&ADD_ENDPOINT)?;
    app.receivers.check(&request.url)?;
    if request.secret.as_deref().is_some_and(|secret| secret.trim().is_empty()) {
        let message = "secret must not be empty; leave it out to use the merchant's";
        return Err(Error::validation(code::INVALID_VALUE, "secret", message).into());
    }
    let endpoint = Endpoint {
        id: ids::id("we_", caller.now_ms()),
        url: request.url,
        secret: request.secret.map_or_else(|| caller.merchant.webhook_secret.clone(), Into::into),
        events: request.events.unwrap_or_default(),
        disabled: false,
    };
    let merchant_id = caller.merchant.id.clone();
    let reply = app.once(caller.owner(), key, body.request_hash, move |db| {
        store::add_endpoint(db, &merchant_id, &endpoint)?;
        Ok(Reply::ok("Webhook endpoint created", &endpoint_view(&endpoint)))
    });
    Ok(reply.await?)
}

fn endpoint_view(endpoint: &Endpoint) -> Value {
    json!({
        "id": endpoint.id, "url": endpoint.url, "events": endpoint.events,
        "secret": endpoint.secret, "disabled": endpoint.disabled,
    })
}

pub(super) async fn list_endpoints(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Handled {
    let merchant_id = caller.merchant.id.clone();
    let endpoints = app.store.run(move |db| store::list_endpoints(db, &merchant_id)).await?;
    let items: Vec<_> = endpoints.iter().map(endpoint_view).collect();
    Ok(Reply::ok("Webhook endpoints retrieved", &json!({"items": items})))
}

pub(super) async fn delete_endpoint(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id,
) -> Handled {
    let merchant_id = caller.merchant.id.clone();
    let data = json!({"id": id, "deleted": true});
    app.store.run(move |db| store::delete_endpoint(db, &merchant_id, &id)).await?;
    Ok(Reply::ok("Webhook endpoint deleted", &data))
}

pub(super) async fn enable_endpoint(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    RequestHash(hash): RequestHash,
) -> Handled {
    let merchant_id = caller.merchant.id.clone();
    let reply = app.once(caller.owner(), key, hash, move |db| {
        let endpoint = store::enable_endpoint(db, &merchant_id, &id)?;
        Ok(Reply::ok("Webhook endpoint enabled", &endpoint_view(&endpoint)))
    });
    Ok(reply.await?)
}

#[derive(Deserialize)]
struct Complete {
    card: Option<String>,
    authentication: Option<String>,
}

pub(super) async fn complete(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: Complete = body.read(&COMPLETE)?;
    let card = card::find(request.card.as_deref().unwrap_or("success"))
        .map_err(|error| error.with_param("card"))?;
    let authenticated = request.authentication.map(|how| how == "approved");
    let now = caller.now_ms();
    let merchant = caller.merchant.clone();
    let paid = (id.clone(), card);
    let reply = app.pay_once(caller.owner(), key, body.request_hash, paid, move |db| {
        let mut row = checkout::find(db, &merchant.id, &id, now)?;
        let payment = checkout::pay(db, &merchant, &mut row, card, authenticated, now)?;
        super::cashier::outcome(payment, "card", &json!(checkout::view(&row)))
    });
    Ok(reply.await?)
}

pub(super) async fn expire(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    RequestHash(hash): RequestHash,
) -> Handled {
    let now = caller.now_ms();
    let merchant_id = caller.merchant.id.clone();
    let reply = app.once(caller.owner(), key, hash, move |db| {
        let mut row = checkout::find(db, &merchant_id, &id, now)?;
        checkout::expire(db, &mut row, now)?;
        Ok(Reply::ok("Checkout session expired", &checkout::view(&row)))
    });
    Ok(reply.await?)
}

pub(super) async fn resend(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    Id(id): Id,
    IdempotencyKey(key): IdempotencyKey,
    RequestHash(hash): RequestHash,
) -> Handled {
    let now = caller.now_ms();
    let merchant_id = caller.merchant.id.clone();
    let reply = app.once_with_events(caller.owner(), key, hash, move |db| {
        let endpoints = store::resend(db, &merchant_id, &id, now)?;
        let message = match endpoints {
            0 => "No endpoint gets this event",
            _ => "Event will be sent again",
        };
        let data = json!({"id": id, "resent": endpoints > 0, "endpoints": endpoints});
        Ok(Reply::ok(message, &data))
    });
    Ok(reply.await?)
}

fn clock_view(offset_ms: i64) -> Value {
    let now = clock::machine_now_ms().saturating_add(offset_ms);
    json!({"now": clock::rfc3339(now), "seconds_ahead": offset_ms.div_euclid(1000)})
}

pub(super) async fn show_clock(Authenticated(caller): Authenticated) -> Handled {
    Ok(Reply::ok("Clock retrieved", &clock_view(caller.clock_offset_ms())))
}

#[derive(Deserialize)]
struct Advance {
    by: String,
}

pub(super) async fn advance_clock(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let request: Advance = body.read(&ADVANCE)?;
    let by_ms = clock::parse_span(&request.by).ok_or_else(|| {
        let message = "by must be a span such as 25h, 90m or 3d";
        Error::validation(code::INVALID_VALUE, "by", message)
    })?;
    let answer = |offset_ms| Reply::ok("Clock advanced", &clock_view(offset_ms));
    Ok(app.advance_clock(caller, by_ms, key, body.request_hash, answer).await?)
}
