//! The core's error as JSON text, of which the face makes one of its classes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faststar::error::{Error, ErrorKind, code};
use napi::Status;
use serde::Serialize;

/// What the core calls otherwise than the options of this package.
const OPTIONS: [(&str, &str); 4] = [
    ("api_key", "apiKey"),
    ("base_url", "baseUrl"),
    ("idempotency_key", "idempotencyKey"),
    ("max_retries", "maxRetries"),
];

#[derive(Serialize)]
struct Told<'a> {
    kind: &'a str,
    code: &'a str,
    message: String,
    param: Option<&'a str>,
    status: Option<u16>,
    request_id: Option<&'a str>,
    retryable: bool,
}

/// Writes an error as the face reads it.
pub fn text(error: &Error) -> String {
    let option = OPTIONS.iter().find(|(name, _)| error.param() == Some(name));
    let told = Told {
        kind: error.kind().as_str(),
        code: error.code(),
        message: match option {
            Some((name, option)) => error.to_string().replace(name, option),
            None => error.to_string(),
        },
        param: option.map_or(error.param(), |(_, option)| Some(option)),
        status: error.status(),
        request_id: error.request_id(),
        retryable: error.is_retryable(),
    };
    serde_json::to_string(&told).expect("an error is JSON")
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
