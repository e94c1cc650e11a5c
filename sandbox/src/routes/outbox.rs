//! Events and their deliveries: what came of them, and what goes wrong with them on purpose.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use faststar::EventType;
use faststar::error::{Error, Result, code};
use faststar::schema::{Field, Kind, Object, Origin};
use url::form_urlencoded;

use super::{Handled, Page, PageQuery};
use crate::app::App;
use crate::extract::{Authenticated, CONSOLE_TOKEN, IdempotencyKey, JsonBody};
use crate::faults::Faults;
use crate::reply::Reply;
use crate::store::{self, DELIVERY_STATES};

/// An event of the list.
pub(super) const LISTED_EVENT: Object = Object {
    name: "ListedEvent",
    doc: "An event and its deliveries. All times are told by the merchant's clock.",
    fields: &[
        Field::required(
            "event",
            Kind::Object(&EVENT),
            Origin::SandboxOnly,
            "The event, as it is sent.",
        ),
        Field::required(
            "deliveries",
            Kind::List { of: &Kind::Object(&DELIVERY), max: 1000 },
            Origin::SandboxOnly,
            "One for each endpoint that gets it.",
        ),
    ],
};

const EVENT: Object = Object {
    name: "Event",
    doc: "What a webhook tells, and signs.",
    fields: &[
        Field::required("id", Kind::Text { max: 100 }, Origin::Documented, "The id, `evt_…`."),
        Field::required(
            "type",
            Kind::OneOf(EventType::KNOWN),
            Origin::Documented,
            "What has happened; fulfil on `payment.succeeded` alone.",
        ),
        Field::required(
            "created",
            Kind::Integer { min: 0, max: i64::MAX },
            Origin::Documented,
            "When it happened, in unix seconds, by the merchant's clock.",
        ),
        Field::required("livemode", Kind::Boolean, Origin::Inferred, "`false` in a sandbox."),
        Field::required("api_version", Kind::Text { max: 20 }, Origin::Inferred, "`v1`."),
        Field::required("data", Kind::Object(&EVENT_DATA), Origin::Documented, "What it is about."),
    ],
};

const EVENT_DATA: Object = Object {
    name: "EventData",
    doc: "What an event is about; which fields it has depends on its type.",
    fields: &[
        Field::optional(
            "payment_id",
            Kind::Text { max: 100 },
            Origin::Documented,
            "The payment, `pi_…`.",
        ),
        Field::optional(
            "amount",
            Kind::Amount { min: 0 },
            Origin::Documented,
            "What was paid, or is on the invoice. In a subscription with a trial it can be less than the session's `amount_total`, which is a full period's.",
        ),
        Field::optional("currency", Kind::Currency, Origin::Documented, "The amount's currency."),
        Field::optional(
            "status",
            Kind::Text { max: 30 },
            Origin::Documented,
            "Of the payment, the invoice or the subscription.",
        ),
        Field::required(
            "checkout_session_id",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The session that it tells of.",
        ),
        Field::optional(
            "client_reference_id",
            Kind::Text { max: 200 },
            Origin::Inferred,
            "As requested. That it comes back is documented, the place is not.",
        ),
        Field::optional(
            "subscription_id",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The subscription, `sub_…`.",
        ),
        Field::optional(
            "invoice_id",
            Kind::Text { max: 100 },
            Origin::SandboxOnly,
            "The invoice, `in_…`.",
        ),
        Field::optional(
            "trial_end",
            Kind::Timestamp,
            Origin::SandboxOnly,
            "When the trial ends; null without one.",
        ),
        Field::optional(
            "next_charge_at",
            Kind::Timestamp,
            Origin::SandboxOnly,
            "When the subscription is charged next.",
        ),
    ],
};

const DELIVERY: Object = Object {
    name: "Delivery",
    doc: "An event's way to an endpoint.",
    fields: &[
        Field::required("url", Kind::HttpUrl, Origin::SandboxOnly, "Where it goes."),
        Field::required(
            "state",
            Kind::OneOf(DELIVERY_STATES),
            Origin::SandboxOnly,
            "`parked` is given up until it is sent again.",
        ),
        Field::optional(
            "next_attempt_at",
            Kind::Timestamp,
            Origin::SandboxOnly,
            "When it is due; absent where it has ended, or waits for an earlier event of its session.",
        ),
        Field::required(
            "attempts",
            Kind::List { of: &Kind::Object(&ATTEMPT), max: 1000 },
            Origin::SandboxOnly,
            "The attempts, the oldest first.",
        ),
    ],
};

const ATTEMPT: Object = Object {
    name: "Attempt",
    doc: "A request to a receiver.",
    fields: &[
        Field::required("at", Kind::Timestamp, Origin::SandboxOnly, "When it was made."),
        Field::optional(
            "status",
            Kind::Integer { min: 100, max: 999 },
            Origin::SandboxOnly,
            "The answer's HTTP status; absent where no answer came.",
        ),
        Field::optional(
            "error",
            Kind::Text { max: 1000 },
            Origin::SandboxOnly,
            "Why it did not count; absent for success.",
        ),
        Field::optional(
            "signature",
            Kind::Text { max: 200 },
            Origin::SandboxOnly,
            "`X-Webhook-Signature` as it was sent; absent where nothing was.",
        ),
        Field::required(
            "duration_ms",
            Kind::Integer { min: 0, max: 60_000 },
            Origin::SandboxOnly,
            "How long it took.",
        ),
    ],
};

/// What the list of events can be asked for beside a page.
pub(super) const EVENT_FILTERS: &[Field] = &[Field::optional(
    "state",
    Kind::OneOf(DELIVERY_STATES),
    Origin::SandboxOnly,
    "Only events with a delivery in this state.",
)];

struct EventQuery {
    page: PageQuery,
    state: Option<String>,
}

impl EventQuery {
    fn read(query: Option<&str>) -> Result<Self> {
        let mut events = Self { page: PageQuery::read(None)?, state: None };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if name != "state" {
                events.page.take(&name, &value)?;
            } else if DELIVERY_STATES.contains(&&*value) {
                events.state = Some(value.into_owned());
            } else {
                let message = format!("state must be one of {}", DELIVERY_STATES.join(", "));
                return Err(Error::validation(code::INVALID_VALUE, "state", message));
            }
        }
        Ok(events)
    }
}

pub(super) async fn list_events(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Handled {
    let query = EventQuery::read(query.as_deref())?;
    let share = app.budget.take_page().await?;
    let mut page = events(&app, &caller.merchant.id, query).await?;
    if headers.contains_key(CONSOLE_TOKEN) {
        page.items = page.items.into_iter().map(store::ListedEvent::masked).collect();
    }
    Ok(Reply::ok("Events retrieved", &page).holding(share))
}

pub(super) async fn deliver(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    RawQuery(query): RawQuery,
) -> Handled {
    let query = EventQuery::read(query.as_deref())?;
    app.settle(&caller.merchant.id).await?;
    let share = app.budget.take_page().await?;
    let page = events(&app, &caller.merchant.id, query).await?;
    Ok(Reply::ok("Everything due was attempted", &page).holding(share))
}

pub(super) async fn show_faults(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
) -> Handled {
    let merchant_id = caller.merchant.id.clone();
    let faults = app.store.run(move |db| store::faults_of(db, &merchant_id)).await?;
    Ok(Reply::ok("Faults retrieved", &faults))
}

pub(super) async fn set_faults(
    State(app): State<Arc<App>>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Handled {
    let faults: Faults = body.read(&Faults::SCHEMA)?;
    let (merchant_id, now) = (caller.merchant.id.clone(), caller.now_ms());
    let reply = app.once_with_events(caller.owner(), key, body.request_hash, move |db| {
        store::set_faults(db, &merchant_id, &faults, now)?;
        Ok(Reply::ok("Faults set", &faults))
    });
    Ok(reply.await?)
}

async fn events(
    app: &App,
    merchant_id: &str,
    query: EventQuery,
) -> Result<Page<store::ListedEvent>> {
    let EventQuery { page: PageQuery { limit, cursor }, state } = query;
    let merchant_id = merchant_id.to_owned();
    let list = app.store.run(move |db| {
        store::list_events(db, &merchant_id, limit, cursor.as_deref(), state.as_deref())
    });
    let (items, next_cursor) = list.await?;
    Ok(Page { items, next_cursor })
}
