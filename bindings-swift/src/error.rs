//! The core's error as both languages get it.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use faststar::error::{Error, ErrorKind, Result, code};

/// What every export throws.
#[derive(Debug, uniffi::Error)]
#[expect(clippy::large_enum_variant, reason = "uniffi has no boxes, and an error is rarely made")]
pub enum RawError {
    /// What the core said.
    Failed {
        /// The kind's name, `not_found`.
        kind: String,
        code: String,
        /// The message, without the place. Another name than `text` is taken in Kotlin.
        text: String,
        /// All of it in a line, as for a log.
        description: String,
        param: Option<String>,
        status: Option<u16>,
        request_id: Option<String>,
        attempts: u32,
        retryable: bool,
        retry_after_ms: Option<u64>,
        headers: HashMap<String, String>,
        idempotency_key: Option<String>,
        outcome_unknown: bool,
        /// The name, `refused`.
        network_error: Option<String>,
    },
    /// The call was given up by its caller.
    Cancelled,
}

impl fmt::Display for RawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed { description, .. } => f.write_str(description),
            Self::Cancelled => f.write_str("the call was cancelled"),
        }
    }
}

impl std::error::Error for RawError {}

impl From<Error> for RawError {
    fn from(error: Error) -> Self {
        Self::Failed {
            kind: error.kind().as_str().to_owned(),
            code: error.code().to_owned(),
            text: error.message().to_owned(),
            description: error.to_string(),
            param: error.param().map(str::to_owned),
            status: error.status(),
            request_id: error.request_id().map(str::to_owned),
            attempts: error.attempts(),
            retryable: error.is_retryable(),
            retry_after_ms: error.retry_after().map(millis),
            headers: error.headers().map(|(name, value)| (name.into(), value.into())).collect(),
            idempotency_key: error.idempotency_key().map(str::to_owned),
            outcome_unknown: error.is_outcome_unknown(),
            network_error: error.network_error().map(|error| error.as_str().to_owned()),
        }
    }
}

fn millis(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

/// Runs `work` and turns its error, and a panic of its, into what is thrown.
pub fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T, RawError> {
    // What a panic may have left half done is local to the call, which has ended.
    let result = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()));
    result.map_err(RawError::from)
}

/// Makes the error of a defect of ours. What the panic said may hold anything, so it is not shown.
pub fn defect() -> Error {
    Error::new(
        ErrorKind::Internal,
        code::INTERNAL,
        "a defect of the faststar package; please report it with the stack trace",
    )
}

/// Makes the error of an argument that cannot work.
pub fn misconfigured(param: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).with_param(param)
}
