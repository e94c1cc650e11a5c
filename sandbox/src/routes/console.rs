//! The console: what the developer at the keyboard sees of every merchant.
//!
//! Its page shows the token of the link that the start prints. It acts through the same paths as a
//! merchant's program does; here is what only the console looks at.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use faststar::Currency;
use futures_util::stream;
use serde_json::{Value, json};

use super::{Handled, Page, PageQuery};
use crate::app::App;
use crate::checkout;
use crate::clock;
use crate::extract::{ActsFor, Id, Operator};
use crate::mask;
use crate::reply::{Refusal, Reply};
use crate::store::{self, ListedEvent, SessionRow, Step};

/// How many merchants and keys are listed.
const MOST: usize = 100;
/// How long what has changed is gathered before it is told.
const GATHER: Duration = Duration::from_millis(150);

pub(super) async fn merchants(State(app): State<Arc<App>>, _: Operator) -> Handled {
    let merchants = app.store.run(|db| store::list_merchants(db, MOST)).await?;
    let items: Vec<_> = merchants
        .iter()
        .map(|merchant| {
            json!({
                "id": merchant.id, "kind": merchant.kind,
                "default_currency": merchant.default_currency,
            })
        })
        .collect();
    Ok(Reply::ok("Merchants retrieved", &json!({"items": items})))
}

/// Shows what a merchant has set up, its secrets masked.
pub(super) async fn merchant(State(app): State<Arc<App>>, ActsFor(caller): ActsFor) -> Handled {
    let merchant = caller.merchant.clone();
    let (now, seconds_ahead) = (caller.now_ms(), caller.clock_offset_ms().div_euclid(1000));
    let origin = app.origin.clone();
    let data = app.store.run(move |db| {
        let keys: Vec<_> = store::list_keys(db, &merchant.id, MOST)?
            .iter()
            .map(|key| json!({"hint": key.hint, "created_at": clock::rfc3339(key.created_at)}))
            .collect();
        let endpoints: Vec<_> = store::list_endpoints(db, &merchant.id)?
            .iter()
            .map(|endpoint| {
                json!({
                    "id": endpoint.id, "url": mask::text(&endpoint.url), "events": endpoint.events,
                    "secret": mask::secret(endpoint.secret.expose()),
                    "disabled": endpoint.disabled,
                })
            })
            .collect();
        Ok(json!({
            "id": merchant.id, "kind": merchant.kind,
            "default_currency": merchant.default_currency,
            "webhook_secret": mask::secret(merchant.webhook_secret.expose()),
            "base_url": format!("{origin}/api/v1"),
            "now": clock::rfc3339(now), "seconds_ahead": seconds_ahead,
            "keys": keys, "endpoints": endpoints, "faults": store::faults_of(db, &merchant.id)?,
        }))
    });
    Ok(Reply::ok("Merchant retrieved", &data.await?))
}

/// Makes another key, and shows it this once.
pub(super) async fn add_key(State(app): State<Arc<App>>, ActsFor(caller): ActsFor) -> Handled {
    let new = app.add_key(caller.merchant.clone()).await?;
    Ok(Reply::ok("API key created", &json!({"api_key": new.api_key})))
}

/// Shows the webhook secret, which a shop needs to be set up.
pub(super) async fn webhook_secret(ActsFor(caller): ActsFor) -> Handled {
    let data = json!({"webhook_secret": caller.merchant.webhook_secret});
    Ok(Reply::ok("Webhook secret retrieved", &data))
}

pub(super) async fn sessions(
    State(app): State<Arc<App>>,
    ActsFor(caller): ActsFor,
    RawQuery(query): RawQuery,
) -> Handled {
    let PageQuery { limit, cursor } = PageQuery::read(query.as_deref())?;
    let (merchant_id, now) = (caller.merchant.id.clone(), caller.now_ms());
    let share = app.budget.take_page().await?;
    let list = app.store.run(move |db| {
        let (mut rows, next) = store::list_sessions(db, &merchant_id, limit, cursor.as_deref())?;
        rows.iter_mut().for_each(|row| row.expire_if_due(now));
        Ok((rows, next))
    });
    let (rows, next_cursor) = list.await?;
    let items: Vec<_> = rows.iter().map(session_view).collect();
    let page = Page { items, next_cursor };
    Ok(Reply::ok("Checkout sessions retrieved", &page).holding(share))
}

/// Shows a session, the quote that explains its amounts, and what has happened to it.
pub(super) async fn session(
    State(app): State<Arc<App>>,
    ActsFor(caller): ActsFor,
    Id(id): Id,
) -> Handled {
    let (merchant, now) = (caller.merchant.clone(), caller.now_ms());
    let data = app.store.run(move |db| {
        let row = checkout::find(db, &merchant.id, &id, now)?;
        let quote = checkout::price(db, &merchant, &row.request, row.priced_at)?;
        let (steps, events) = (store::steps_of(db, &id)?, store::events_of_session(db, &id)?);
        let timeline = timeline(&row, now, steps, events);
        Ok(json!({"session": session_view(&row), "quote": quote, "timeline": timeline}))
    });
    Ok(Reply::ok("Checkout session retrieved", &data.await?))
}

/// Gives the cashier's URL, which carries the session's token.
pub(super) async fn cashier_url(
    State(app): State<Arc<App>>,
    ActsFor(caller): ActsFor,
    Id(id): Id,
) -> Handled {
    let (merchant_id, now) = (caller.merchant.id.clone(), caller.now_ms());
    let row = app.store.run(move |db| checkout::find(db, &merchant_id, &id, now)).await?;
    Ok(Reply::ok("Cashier URL retrieved", &json!({"url": checkout::url(&app.origin, &row)})))
}

/// Gives a session as the API tells it, without its token.
fn session_view(row: &SessionRow) -> Value {
    let mut view = json!(checkout::view(row));
    if let Some(fields) = view.as_object_mut() {
        fields.remove("session_token");
        for name in ["success_url", "cancel_url"] {
            if let Some(Value::String(url)) = fields.get_mut(name) {
                *url = mask::text(url);
            }
        }
    }
    view["created_at"] = clock::rfc3339(row.created_at).into();
    view["decimals"] =
        row.currency.parse().map_or(2, |currency: Currency| currency.decimals()).into();
    view
}

/// Puts what has happened to a session in its order.
fn timeline(
    row: &SessionRow,
    now_ms: i64,
    steps: Vec<Step>,
    events: Vec<(i64, ListedEvent)>,
) -> Vec<Value> {
    let country = row
        .request
        .buyer_country
        .as_deref()
        .filter(|_| !steps.iter().any(|step| step.kind == "country_named"));
    let entry = |at: i64, kind: &str, detail: &str| {
        (at, json!({"at": clock::rfc3339(at), "kind": kind, "detail": detail}))
    };
    // Nothing runs when a session's time is over, so nothing has noted it.
    let ran_out = row.expires_at <= now_ms
        && row.status == faststar::SessionStatus::Expired
        && !steps.iter().any(|step| step.kind == "expired");
    let mut entries = vec![entry(row.created_at, "created", country.unwrap_or_default())];
    entries.extend(steps.iter().map(|step| entry(step.at, &step.kind, &step.detail)));
    if ran_out {
        entries.push(entry(row.expires_at, "expired", ""));
    }
    entries.extend(events.into_iter().map(|(at, event)| {
        (at, json!({"at": clock::rfc3339(at), "kind": "event", "event": event.masked()}))
    }));
    // Stable: a step comes before the events that it has written.
    entries.sort_by_key(|(at, _)| *at);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

pub(super) async fn requests(State(app): State<Arc<App>>, _: Operator) -> Handled {
    let data = json!({"items": app.journal.heads(), "skipped": app.journal.skipped()});
    Ok(Reply::ok("Requests retrieved", &data))
}

pub(super) async fn request(State(app): State<Arc<App>>, _: Operator, Id(id): Id) -> Handled {
    Ok(Reply::ok("Request retrieved", &*app.journal.find(&id)?))
}

/// Tells that something has changed, for as long as the page looks on.
pub(super) async fn live(
    State(app): State<Arc<App>>,
    _: Operator,
) -> Result<impl IntoResponse, Refusal> {
    let (changes, place) = app.live.watch().ok_or_else(store::overloaded)?;
    // The first one at once, so that who comes back looks anew.
    let told =
        stream::unfold((changes, place, true), |(mut changes, place, is_first)| async move {
            if !is_first {
                tokio::time::sleep(GATHER).await;
                changes.changed().await.ok()?;
            }
            let now = *changes.borrow_and_update();
            if now.stopped {
                return None;
            }
            let event = Event::default().data(json!({"count": now.count}).to_string());
            Some((Ok::<_, Infallible>(event), (changes, place, false)))
        });
    Ok(Sse::new(told).keep_alive(KeepAlive::default()))
}
