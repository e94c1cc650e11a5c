//! Verifies and signs webhooks.

use std::time::Duration;

use faststar::event::{Event, EventType};
use faststar::webhook::{DEFAULT_TOLERANCE, Verifier, sign_all, signature_header, unix_now};
use napi_derive::napi;

use crate::error::guarded;

/// Verifies a webhook and gives its event.
#[napi]
pub fn verify_webhook(
    body: &[u8],
    header: Option<String>,
    secrets: Vec<String>,
    event_id: Option<String>,
    tolerance: Option<i64>,
    now: Option<i64>,
) -> napi::Result<String> {
    guarded(|| {
        let tolerance = tolerance.and_then(|seconds| u64::try_from(seconds).ok());
        let tolerance = tolerance.map_or(DEFAULT_TOLERANCE, Duration::from_secs);
        let verifier = Verifier::from_secrets(secrets)?.tolerance(tolerance);
        let header = signature_header(header.as_deref())?;
        let now = now.unwrap_or_else(unix_now);
        let event = verifier.verify_with_id(body, header, event_id.as_deref(), now)?;
        Ok(written(&event))
    })
}

/// Gives the types of events that this version knows.
#[napi]
pub fn event_types() -> Vec<&'static str> {
    EventType::KNOWN.to_vec()
}

/// Reads an event that was verified before.
#[napi]
pub fn parse_event(body: &[u8]) -> napi::Result<String> {
    guarded(|| Event::parse(body).map(|event| written(&event)))
}

/// Signs a body as FastStar does and gives the header's value.
#[napi]
pub fn sign_webhook(
    body: &[u8],
    secrets: Vec<String>,
    timestamp: Option<i64>,
) -> napi::Result<String> {
    guarded(|| Ok(sign_all(body, secrets, timestamp.unwrap_or_else(unix_now))))
}

fn written(event: &Event) -> String {
    serde_json::to_string(event).expect("an event is JSON")
}
