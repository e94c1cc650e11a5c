//! What holds for every request: an id, and no web page of another site.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use faststar::error::{Error, ErrorKind, Result, code};
use futures_util::FutureExt;

use crate::app::App;
use crate::clock;
use crate::extract::CONSOLE_TOKEN;
use crate::ids;
use crate::journal::{Answered, Raw, Tape};
use crate::mask;
use crate::reply::Refusal;

/// Gives every request an id, refuses what must not come in, and turns a panic into an answer.
pub async fn guard(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = ids::id("req_", clock::machine_now_ms());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let recorder = Recorder::start(&app, &mut request);
    let mut response = match admit(&app, &request) {
        Err(error) => Refusal(error).into_response(),
        Ok(()) => AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(|_| {
            let message = "a defect of the sandbox; its log has more";
            Refusal(Error::new(ErrorKind::Internal, code::INTERNAL, message)).into_response()
        }),
    };
    tracing::info!(
        %method, path = mask::path(&path), status = response.status().as_u16(), request_id = id,
        ms = started.elapsed().as_millis() as u64,
    );
    if method != Method::GET && method != Method::HEAD {
        app.live.changed();
    }
    if let Some(recorder) = recorder {
        recorder.leave(&app, &id, started, &response);
    }
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// What is needed of a request, once it is answered, to keep it in the journal.
struct Recorder {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    tape: Arc<Tape>,
}

impl Recorder {
    /// Begins to record a request of a program; the console's own pages and looks are not kept.
    fn start(app: &App, request: &mut Request) -> Option<Self> {
        let path = request.uri().path();
        let is_programs =
            ["/api/", "/cashier/", "/sandbox/"].iter().any(|own| path.starts_with(own));
        let is_look =
            request.method() == Method::GET && request.headers().contains_key(CONSOLE_TOKEN);
        if !is_programs || is_look || !app.journal.wants() {
            return None;
        }
        let tape = Arc::new(Tape::default());
        request.extensions_mut().insert(Arc::clone(&tape));
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Some(Self { method, uri, headers: request.headers().clone(), tape })
    }

    fn leave(self, app: &App, id: &str, started: Instant, response: &Response) {
        let Self { method, uri, headers, tape } = self;
        app.journal.leave(Raw {
            id: id.to_owned(),
            method,
            uri,
            headers,
            merchant_id: tape.merchant_id.get().cloned(),
            body: tape.body.get().map(Into::into),
            status: response.status().as_u16(),
            answer: response.extensions().get::<Answered>().map(|sent| (&sent.0).into()),
            duration_us: u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        });
    }
}

fn admit(app: &App, request: &Request) -> Result<()> {
    check_host(request.headers())?;
    check_site(app, request.method(), request.uri(), request.headers())
}

/// Refuses names that only look local: a page may have its own name point at loopback.
fn check_host(headers: &HeaderMap) -> Result<()> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    // RFC 9112, section 3.2: a request with more than one is to be refused.
    let host = if hosts.next().is_some() { "" } else { host };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    if ["127.0.0.1", "localhost", "[::1]"].iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Permission,
        code::HOST_NOT_ALLOWED,
        "the Host header must name this machine: 127.0.0.1, localhost or [::1]",
    ))
}

/// Refuses calls by pages of other sites; a buyer's way to the cashier page is open.
fn check_site(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    let is_navigation = is_read && text("sec-fetch-mode") == Some("navigate");
    let is_public_script = is_read && uri.path().starts_with("/sdk/");
    let own_origin = |origin: &str| {
        let port = app.origin.rsplit(':').next().unwrap_or_default();
        origin == app.origin || origin == format!("http://localhost:{port}")
    };
    let foreign = text("origin").is_some_and(|origin| !own_origin(origin))
        || text("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"));
    if !foreign || is_navigation || is_public_script {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Permission,
        code::CROSS_SITE_REQUEST,
        "a web page of another site must not call the sandbox; call it from your server",
    ))
}
