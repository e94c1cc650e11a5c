//! The core's error as JSON text, of which the face makes one of its classes.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use faststar::error::{Error, ErrorKind, NetworkError, code};
use napi::Status;
use serde::Serialize;

#[derive(Serialize)]
struct Details<'a> {
    kind: &'a str,
    code: &'a str,
    message: String,
    param: Option<&'a str>,
    status: Option<u16>,
    request_id: Option<&'a str>,
    attempts: u32,
    retryable: bool,
    /// In milliseconds.
    retry_after: Option<u64>,
    headers: BTreeMap<&'a str, &'a str>,
    idempotency_key: Option<&'a str>,
    outcome_unknown: bool,
    network_error: Option<&'a str>,
}

/// Writes an error as the face reads it.
pub fn text(error: &Error) -> String {
    let millis = |wait: Duration| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    let details = Details {
        kind: error.kind().as_str(),
        code: error.code(),
        message: error.to_string(),
        param: error.param(),
        status: error.status(),
        request_id: error.request_id(),
        attempts: error.attempts(),
        retryable: error.is_retryable(),
        retry_after: error.retry_after().map(millis),
        headers: error.headers().collect(),
        idempotency_key: error.idempotency_key(),
        outcome_unknown: error.is_outcome_unknown(),
        network_error: error.network_error().map(NetworkError::as_str),
    };
    serde_json::to_string(&details).expect("an error is JSON")
}

/// Runs `work` and turns its error, and a panic of its, into what Node throws.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Error>) -> napi::Result<T> {
    // What a panic may have left half done is local to the call, which has ended.
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()));
    result.map_err(|error| napi::Error::new(Status::GenericFailure, text(&error)))
}

/// Makes the error of a defect of ours. What the panic said may hold anything, so it is not shown.
pub fn defect() -> Error {
    Error::new(
        ErrorKind::Internal,
        code::INTERNAL,
        "a defect of the faststar package; please report it with the stack trace",
    )
}
