//! What handlers take from a request.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use faststar::error::{Error, ErrorKind, Result, code};
use faststar::{Secret, schema};
use http_body_util::BodyExt;
use sha2::{Digest, Sha256};

use crate::app::{App, Caller};
use crate::budget::{Budget, Share};
use crate::journal::Tape;
use crate::reply::Refusal;

/// How large a body may be.
pub const MAX_BODY: usize = 1024 * 1024;
/// How large a body may be without a share of the memory.
const SMALL_BODY: usize = 64 * 1024;
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// Who calls, by the `X-API-Key` header; or who the console acts for.
pub struct Authenticated(pub Arc<Caller>);

/// The header that the console's page shows its token in. A page of another site cannot send it:
/// it would have to ask first, and is refused.
pub const CONSOLE_TOKEN: &str = "x-console-token";

impl FromRequestParts<Arc<App>> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        if parts.headers.contains_key(CONSOLE_TOKEN) {
            return Ok(Self(ActsFor::from_request_parts(parts, app).await?.0));
        }
        let Some(key) = parts.headers.get("x-api-key") else {
            return Err(Refusal(Error::new(
                ErrorKind::Authentication,
                code::MISSING_API_KEY,
                "send the API key in the X-API-Key header",
            )));
        };
        // A key that is not text is as unknown as any other.
        let key = Secret::from(key.to_str().unwrap_or_default());
        let caller = app.authenticate(&key).await?;
        note_merchant(parts, &caller);
        Ok(Self(caller))
    }
}

fn note_merchant(parts: &Parts, caller: &Caller) {
    if let Some(tape) = parts.extensions.get::<Arc<Tape>>() {
        let _ = tape.merchant_id.set(caller.merchant.id.clone());
    }
}

/// The developer at the console.
pub struct Operator {
    merchant: Option<String>,
}

impl Operator {
    /// Gives the merchant that the console acts for.
    async fn act_for(&self, app: &App) -> Result<Arc<Caller>> {
        app.act_for(self.merchant.as_deref().unwrap_or_default()).await
    }
}

impl FromRequestParts<Arc<App>> for Operator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        if Secret::from(text(CONSOLE_TOKEN).unwrap_or_default()) != app.console_token {
            let message = "open the console by the link that `faststar sandbox` printed";
            let code = code::INVALID_API_KEY;
            return Err(Refusal(Error::new(ErrorKind::Authentication, code, message)));
        }
        Ok(Self { merchant: text("x-merchant").map(str::to_owned) })
    }
}

/// The developer at the console, and the merchant that the console acts for.
pub struct ActsFor(pub Arc<Caller>);

impl FromRequestParts<Arc<App>> for ActsFor {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let caller = Operator::from_request_parts(parts, app).await?.act_for(app).await?;
        note_merchant(parts, &caller);
        Ok(Self(caller))
    }
}

/// The id in the path. One that is no text names nothing.
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let id = Path::<String>::from_request_parts(parts, state).await;
        id.map(|Path(id)| Self(id)).map_err(|_| {
            let message = "the id in the path is not valid text";
            Refusal(Error::new(ErrorKind::NotFound, code::NOT_FOUND, message).with_param("id"))
        })
    }
}

/// The `Idempotency-Key` header, where there is one.
pub struct IdempotencyKey(pub Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else {
            return Ok(Self(None));
        };
        let key = value.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
        let key = key.filter(|_| values.next().is_none());
        match key {
            Some(key) => Ok(Self(Some(key.to_owned()))),
            None => Err(Refusal(Error::validation(
                code::INVALID_VALUE,
                "Idempotency-Key",
                "Idempotency-Key must be one header of 1 to 255 visible ASCII characters",
            ))),
        }
    }
}

/// The hash of a request whose body says nothing, so that none is needed.
pub struct RequestHash(pub [u8; 32]);

impl<S: Sync> FromRequestParts<S> for RequestHash {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let hash = Sha256::new().chain_update(parts.method.as_str());
        Ok(Self(hash.chain_update(parts.uri.path()).finalize().into()))
    }
}

/// A JSON body, not parsed yet, and the hash of the whole request.
pub struct JsonBody {
    bytes: Bytes,
    /// Its share of the memory, for as long as it is handled.
    _share: Option<Share>,
    /// Tells a request that comes again from another one.
    pub request_hash: [u8; 32],
}

impl JsonBody {
    /// Reads the body into a type, checked in full.
    ///
    /// # Errors
    ///
    /// Those of [`schema::read`].
    pub fn read<T: serde::de::DeserializeOwned>(&self, object: &schema::Object) -> Result<T> {
        schema::read(object, &self.bytes)
    }
}

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        check_headers(request.headers())?;
        let mut hash = Sha256::new();
        hash.update(request.method().as_str());
        hash.update(request.uri().path());
        let tape = request.extensions().get::<Arc<Tape>>().cloned();
        let (bytes, share) = collect(request.into_body(), &app.budget).await?;
        let bytes = Bytes::from(bytes);
        hash.update(&bytes);
        if let Some(tape) = tape {
            let _ = tape.body.set(bytes.clone());
        }
        Ok(Self { bytes, _share: share, request_hash: hash.finalize().into() })
    }
}

fn check_headers(headers: &HeaderMap) -> Result<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    let refuse = |code: &'static str, message: &str| {
        Err(Error::new(ErrorKind::Validation, code, message).with_status(415))
    };
    if !media_type.eq_ignore_ascii_case("application/json") {
        return refuse(
            code::UNSUPPORTED_MEDIA_TYPE,
            "send the body as JSON, with Content-Type: application/json",
        );
    }
    if !matches!(text(header::CONTENT_ENCODING), "" | "identity") {
        return refuse(code::UNSUPPORTED_ENCODING, "send the body without Content-Encoding");
    }
    Ok(())
}

async fn collect(body: Body, budget: &Budget) -> Result<(Vec<u8>, Option<Share>)> {
    match tokio::time::timeout(BODY_TIMEOUT, read_whole(body, budget)).await {
        Ok(read) => read,
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            code::REQUEST_TIMEOUT,
            format!("the body must arrive within {} seconds", BODY_TIMEOUT.as_secs()),
        )),
    }
}

/// Copies what comes into one piece: kept as it comes, each byte could hold a buffer of its own.
///
/// A large one needs a share of the memory before it is taken in.
async fn read_whole(mut body: Body, budget: &Budget) -> Result<(Vec<u8>, Option<Share>)> {
    let too_large = || {
        let message = format!("the body must have at most {MAX_BODY} bytes");
        Error::new(ErrorKind::Validation, code::BODY_TOO_LARGE, message).with_status(413)
    };
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > MAX_BODY {
        return Err(too_large());
    }
    let mut share = None;
    if announced > SMALL_BODY {
        share = Some(budget.take(announced).await?);
    }
    let mut bytes = Vec::with_capacity(announced);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let message = "the body ended before it was whole";
            Error::new(ErrorKind::Validation, code::MALFORMED_JSON, message)
        })?;
        let data = frame.into_data().unwrap_or_default();
        let length = bytes.len() + data.len();
        if length > MAX_BODY {
            return Err(too_large());
        }
        // One that did not announce its length may become as large as any.
        if length > SMALL_BODY && share.is_none() {
            share = Some(budget.take(MAX_BODY).await?);
        }
        bytes.extend_from_slice(&data);
    }
    Ok((bytes, share))
}
