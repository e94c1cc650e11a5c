//! Verifies and signs webhooks.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use faststar::Event;
use faststar::error::{Error, ErrorKind, Result, code};
use faststar::schema::check_range;
use faststar::webhook::{DEFAULT_TOLERANCE, Verifier, sign_all};

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
        let verifier = verifier(&secrets)?.tolerance(tolerance(tolerance_seconds)?);
        let header = header.ok_or_else(|| {
            let message = "the header X-Webhook-Signature is missing; pass its value";
            Error::new(ErrorKind::Signature, code::MALFORMED_HEADER, message)
        })?;
        let now = now.unwrap_or_else(unix_now);
        Ok(verifier.verify_with_id(&body, &header, event_id.as_deref(), now)?.into())
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

fn verifier(secrets: &[String]) -> Result<Verifier> {
    let (first, others) = secrets.split_first().ok_or_else(|| {
        let message = "there is no webhook secret; pass the secret of this endpoint";
        Error::new(ErrorKind::Signature, code::INVALID_SECRET, message)
    })?;
    others.iter().try_fold(Verifier::new(first.as_str())?, |verifier, secret| {
        verifier.and_secret(secret.as_str())
    })
}

fn tolerance(seconds: Option<i64>) -> Result<Duration> {
    let Some(seconds) = seconds else { return Ok(DEFAULT_TOLERANCE) };
    check_range(seconds, 0, i64::MAX, || "tolerance")?;
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
