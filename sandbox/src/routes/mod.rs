//! The paths and their handlers: extract, call, store, reply.

mod answers;
mod cashier;
mod console;
mod control;
mod openapi;
mod outbox;
mod prices;
mod products;
mod sessions;
mod shop;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, Uri, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use faststar::error::{Error, ErrorKind, Result, code};
use serde::Serialize;
use url::form_urlencoded;

use crate::app::App;
use crate::assets;
use crate::guard::guard;
use crate::mask;
use crate::reply::Refusal;
use crate::store::overloaded;

pub use openapi::{document, fidelity};

/// Puts the paths together.
pub fn router(app: Arc<App>) -> Router {
    let documented = Router::new()
        .route("/public/checkout/sessions", post(sessions::create))
        .route("/public/checkout/sessions/{id}", get(sessions::retrieve))
        .route("/merchant/catalog/products", post(products::create).get(products::list))
        .route("/merchant/catalog/prices", post(prices::create).get(prices::list));
    let cashier = Router::new()
        .route("/{id}", get(cashier::show))
        .route("/{id}/country", post(cashier::set_country))
        .route("/{id}/pay", post(cashier::pay));
    let control = Router::new()
        .route("/merchants", post(control::add_merchant))
        .route("/webhook_endpoints", post(control::add_endpoint).get(control::list_endpoints))
        .route("/webhook_endpoints/{id}", delete(control::delete_endpoint))
        .route("/webhook_endpoints/{id}/enable", post(control::enable_endpoint))
        .route("/sessions/{id}/complete", post(control::complete))
        .route("/sessions/{id}/expire", post(control::expire))
        .route("/events", get(outbox::list_events))
        .route("/events/{id}/resend", post(control::resend))
        .route("/deliver", post(outbox::deliver))
        .route("/faults", get(outbox::show_faults).post(outbox::set_faults))
        .route("/clock", get(control::show_clock))
        .route("/clock/advance", post(control::advance_clock));
    let console = Router::new()
        .route("/merchants", get(console::merchants))
        .route("/merchant", get(console::merchant))
        .route("/keys", post(console::add_key))
        .route("/webhook_secret", post(console::webhook_secret))
        .route("/sessions", get(console::sessions))
        .route("/sessions/{id}", get(console::session))
        .route("/sessions/{id}/url", post(console::cashier_url))
        .route("/requests", get(console::requests))
        .route("/requests/{id}", get(console::request))
        .route("/live", get(console::live))
        .route("/shop/goods", get(shop::goods))
        .route("/shop/orders", post(shop::order));
    let paths = Router::new()
        .route("/", get(assets::console))
        .route("/shop", get(assets::shop))
        .nest("/console/v1", console)
        .nest("/api/v1", documented)
        .nest("/cashier/v1/sessions", cashier)
        .nest("/sandbox/v1", control)
        .route("/checkout/{id}", get(cashier::page))
        .route("/assets/{name}", get(assets::asset))
        .route("/sdk/v1/faststar.min.js", get(assets::sdk))
        .route("/sdk/v1/faststar.d.ts", get(assets::sdk_types))
        .route("/openapi.json", get(openapi::serve))
        .fallback(not_found)
        .with_state(Arc::clone(&app));
    // Around the whole of it, where the router has already said which methods a path has.
    Router::new()
        .fallback_service(paths)
        .layer(middleware::map_response(method_not_allowed))
        .layer(middleware::from_fn_with_state(app, guard))
}

/// Refuses every request, for connections beyond the limit.
pub fn refusing(app: Arc<App>) -> Router {
    let refuse = async || ([(header::CONNECTION, "close")], Refusal(overloaded()));
    Router::new().fallback(refuse).layer(middleware::from_fn_with_state(app, guard))
}

/// What a handler gives.
type Handled<T = crate::reply::Reply> = Result<T, Refusal>;

/// A page of a list, as `data`.
#[derive(Serialize)]
struct Page<T> {
    items: Vec<T>,
    next_cursor: Option<String>,
}

/// Which page of a list is asked for.
struct PageQuery {
    limit: usize,
    cursor: Option<String>,
}

impl PageQuery {
    fn read(query: Option<&str>) -> Result<Self> {
        let mut page = Self { limit: 20, cursor: None };
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            page.take(&name, &value)?;
        }
        Ok(page)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "limit" => {
                let limit: i64 = value.parse().map_err(|_| {
                    let message = "limit must be an integer";
                    Error::validation(code::INVALID_TYPE, "limit", message)
                })?;
                faststar::schema::check_range(limit, 1, 100, || "limit")?;
                self.limit = usize::try_from(limit).unwrap_or(self.limit);
            }
            "cursor" => self.cursor = Some(value.to_owned()),
            other => return Err(unknown_parameter(other)),
        }
        Ok(())
    }
}

fn unknown_parameter(name: &str) -> Error {
    let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
    Error::validation(code::UNKNOWN_FIELD, shown, "unknown query parameter")
}

async fn not_found(uri: Uri) -> Refusal {
    let path: String = mask::path(uri.path()).chars().take(200).collect();
    let message = format!("no such path: {path}; /openapi.json lists them");
    Refusal(Error::new(ErrorKind::NotFound, code::NOT_FOUND, message))
}

/// Puts a refused method into the envelope, with the methods that the path has.
async fn method_not_allowed(response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let methods = allow.as_ref().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = format!("the path does not have this method; it has {methods}");
    let error = Error::new(ErrorKind::Validation, code::METHOD_NOT_ALLOWED, message);
    let mut answer = Refusal(error.with_status(405)).into_response();
    if let Some(allow) = allow {
        answer.headers_mut().insert(header::ALLOW, allow);
    }
    answer
}
