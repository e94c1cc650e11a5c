//! Answers: everything is in the envelope.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use faststar::error::{Error, ErrorKind};
use serde::Serialize;

use crate::budget::Share;
use crate::clock;
use crate::ids;
use crate::journal::Answered;
use crate::store::KeptAnswer;

/// An answer in the envelope, as bytes that can be kept and sent again.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    body: Vec<u8>,
    replayed: bool,
    share: Option<Arc<Share>>,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    success: bool,
    message: &'a str,
    data: &'a T,
}

impl Reply {
    /// Makes a successful answer.
    pub fn ok<T: Serialize>(message: &str, data: &T) -> Self {
        let envelope = Envelope { success: true, message, data };
        let body = serde_json::to_vec(&envelope).expect("an answer is made of texts and integers");
        Self { status: StatusCode::OK, body, replayed: false, share: None }
    }

    /// Keeps a share of the memory until the answer is sent.
    pub fn holding(mut self, mut share: Share) -> Self {
        self.body.shrink_to_fit();
        share.shrink_to(self.body.len());
        self.share = Some(Arc::new(share));
        self
    }

    /// Makes the answer of a refusal that has left something behind, and so is kept.
    pub fn refused(error: &Error) -> Self {
        Self { status: status_of(error), body: refusal_body(error), replayed: false, share: None }
    }

    /// Gives again an answer that was kept.
    pub fn replay(kept: KeptAnswer) -> Self {
        let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::OK);
        Self { status, body: kept.body, replayed: true, share: None }
    }

    /// Gives what to keep of it.
    pub fn to_keep(&self) -> KeptAnswer {
        KeptAnswer { status: self.status.as_u16(), body: self.body.clone() }
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = json_response(self.status, self.body);
        if self.replayed {
            let name = HeaderName::from_static("idempotent-replayed");
            response.headers_mut().insert(name, HeaderValue::from_static("true"));
        }
        if let Some(share) = self.share {
            response.extensions_mut().insert(share);
        }
        response
    }
}

/// A refusal in the envelope.
#[derive(Debug)]
pub struct Refusal(pub Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = self.0;
        let status = status_of(&error);
        let mut response = json_response(status, refusal_body(&error));
        if error.is_retryable() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Writes a whole answer, where there is no request to give one to; the connection ends with it.
pub fn raw_refusal(error: Error) -> Vec<u8> {
    let body = refusal_body(&error);
    let response = Refusal(error).into_response();
    let mut answer = format!("HTTP/1.1 {}\r\n", response.status()).into_bytes();
    for (name, value) in response.headers() {
        answer.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    let id = ids::id("req_", clock::machine_now_ms());
    let length = body.len();
    let rest =
        format!("x-request-id: {id}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    [answer, rest.into_bytes(), body].concat()
}

#[derive(Serialize)]
struct RefusalEnvelope<'a> {
    success: bool,
    message: &'a str,
    data: (),
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    param: Option<&'a str>,
}

/// Writes a refusal's envelope.
fn refusal_body(error: &Error) -> Vec<u8> {
    let envelope = RefusalEnvelope {
        success: false,
        message: error.message(),
        data: (),
        error: ErrorBody { code: error.code(), param: error.param() },
    };
    serde_json::to_vec(&envelope).expect("a refusal is made of texts")
}

/// Gives the HTTP status of an error: its own, or that of its kind.
pub fn status_of(error: &Error) -> StatusCode {
    let by_kind = match error.kind() {
        ErrorKind::Validation => 400,
        ErrorKind::Authentication => 401,
        ErrorKind::Payment => 402,
        ErrorKind::Permission => 403,
        ErrorKind::NotFound => 404,
        ErrorKind::Timeout => 408,
        ErrorKind::Conflict => 409,
        ErrorKind::RateLimit => 429,
        _ => 500,
    };
    StatusCode::from_u16(error.status().unwrap_or(by_kind))
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn json_response(status: StatusCode, body: Vec<u8>) -> Response {
    let body = Bytes::from(body);
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        body.clone(),
    )
        .into_response();
    response.extensions_mut().insert(Answered(body));
    response
}
