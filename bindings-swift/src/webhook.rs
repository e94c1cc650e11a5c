//! Verifies and signs webhooks.

use std::time::Duration;

use faststar::Event;
use faststar::error::Result;
use faststar::schema::check_range;
use faststar::webhook::{DEFAULT_TOLERANCE, Verifier, sign_all, signature_header, unix_now};

use crate::error::{RawError, guarded};
use crate::types::RawEvent;

/// Verifies a webhook and gives its event.
#[uniffi::export]
pub fn verify_webhook(
    body: Vec<u8>,
    header: Option<String>,
    secrets: Vec<String>,
    event_id: Option<String>,
    tolerance_seconds: Option<i64>,
    now: Option<i64>,
) -> Result<RawEvent, RawError> {
    guarded(|| {
        let verifier = Verifier::from_secrets(secrets)?.tolerance(tolerance(tolerance_seconds)?);
        let header = signature_header(header.as_deref())?;
        let now = now.unwrap_or_else(unix_now);
        Ok(verifier.verify_with_id(&body, header, event_id.as_deref(), now)?.into())
    })
}

/// Reads an event that was verified before.
#[uniffi::export]
pub fn parse_event(body: Vec<u8>) -> Result<RawEvent, RawError> {
    guarded(|| Ok(Event::parse(&body)?.into()))
}

/// Signs a body as FastStar does and gives the header's value.
#[uniffi::export]
pub fn sign_webhook(
    body: Vec<u8>,
    secrets: Vec<String>,
    timestamp: Option<i64>,
) -> Result<String, RawError> {
    guarded(|| Ok(sign_all(&body, secrets, timestamp.unwrap_or_else(unix_now))))
}

fn tolerance(seconds: Option<i64>) -> Result<Duration> {
    let Some(seconds) = seconds else { return Ok(DEFAULT_TOLERANCE) };
    check_range(seconds, 0, i64::MAX, || "tolerance")?;
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}
