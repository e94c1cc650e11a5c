//! The rules that no user calls by themselves, by name, with JSON in and out.
//!
//! Language packages have no face for them: they are the server's side, or happen inside a call. Their
//! runners of `tests/vectors` reach them here, so that each language runs every rule as it was built
//! into its package.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::catalog::{Catalog, CreatePrice, CreateProduct};
use crate::error::{Error, Result, code};
use crate::quote::QuoteOptions;
use crate::schema;
use crate::session::{self, CreateSession, SessionStatus, Transition};
use crate::subscription::SubscriptionStart;
use crate::tax::Place;

use super::retry::{self, Decision, FailedAttempt};
use super::transport::TransportErrorKind;

/// Applies a rule, named as its file in `tests/vectors`, to a case's input.
///
/// # Errors
///
/// Those of the rule; `invalid_value` at `rule` where there is none of that name, and at `input`
/// where it is not the rule's.
pub fn apply(rule: &str, input: Value) -> Result<Value> {
    match rule {
        "create_price_strict" => {
            let request: CreatePrice = schema::read(&CreatePrice::SCHEMA, &body(input)?)?;
            request.check_recurrence()?;
            Ok(written(request))
        }
        "create_product_strict" => {
            schema::read::<CreateProduct>(&CreateProduct::SCHEMA, &body(input)?).map(written)
        }
        "create_session_strict" => {
            schema::read::<CreateSession>(&CreateSession::SCHEMA, &body(input)?).map(written)
        }
        "create_session_types" => {
            // The value itself, so that a language's own conversion sees what its user gave.
            CreateSession::from_value(input).map(written)
        }
        "place_parse" => {
            #[derive(Deserialize)]
            struct Input {
                text: String,
            }
            let place: Place = read::<Input>(input)?.text.parse()?;
            Ok(json!({
                "place": place.to_string(), "country": place.country(), "region": place.region(),
            }))
        }
        "outcome_unknown" => {
            #[derive(Deserialize)]
            struct Input {
                failure: Option<String>,
                #[serde(default)]
                status: u16,
                #[serde(default)]
                code: String,
                retry_after: Option<u32>,
                #[serde(default = "yes")]
                is_from_api: bool,
            }
            let input: Input = read(input)?;
            let retry_after = input.retry_after.map(|seconds| Duration::from_secs(seconds.into()));
            let unknown = match input.failure {
                Some(failure) => failure_kind(&failure)?.may_have_been_sent(),
                None => retry::leaves_outcome_unknown(
                    input.status,
                    &input.code,
                    retry_after,
                    input.is_from_api,
                ),
            };
            Ok(json!({"outcome_unknown": unknown}))
        }
        "retry_decision" => read(input).and_then(retry_decision),
        "session_status" => {
            #[derive(Deserialize)]
            struct Input {
                status: SessionStatus,
                created_at: Timestamp,
                now: Timestamp,
            }
            let input: Input = read(input)?;
            let expires_at = session::expires_at(input.created_at);
            let status = input.status.at(input.now, expires_at);
            Ok(json!({"status": status, "expires_at": expires_at}))
        }
        "session_transition" => {
            #[derive(Deserialize)]
            struct Input {
                status: SessionStatus,
                transition: String,
            }
            let input: Input = read(input)?;
            let transition = match input.transition.as_str() {
                "complete" => Transition::Complete,
                "expire" => Transition::Expire,
                _ => return Err(unfit("complete or expire")),
            };
            Ok(json!({"status": input.status.after(transition)?}))
        }
        "subscription_start" => {
            #[derive(Deserialize)]
            struct Input {
                request: Value,
                #[serde(default)]
                catalog: Map<String, Value>,
                options: Value,
                now: Timestamp,
            }
            let input: Input = read(input)?;
            let request = CreateSession::from_value(input.request)?;
            let catalog = Catalog::from_value(input.catalog.into())?;
            let options = QuoteOptions::from_value(input.options)?;
            SubscriptionStart::compute(&request, &catalog, &options, input.now).map(written)
        }
        _ => {
            let message = "no rule has this name; tests/README.md lists them";
            Err(Error::validation(code::INVALID_VALUE, "rule", message))
        }
    }
}

fn yes() -> bool {
    true
}

/// A failed attempt as the vectors tell of it: by how it failed, or by the answer that came.
#[derive(Deserialize)]
struct Attempt {
    failure: Option<String>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    code: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    now: Timestamp,
    attempt: u32,
    max_attempts: u32,
    remaining_ms: u64,
    random: u32,
}

fn retry_decision(input: Attempt) -> Result<Value> {
    let mut headers = HeaderMap::new();
    for (name, value) in &input.headers {
        let name = name.parse::<HeaderName>().map_err(|_| unfit("a header's name"))?;
        let value = value.as_str().and_then(|value| value.parse::<HeaderValue>().ok());
        headers.insert(name, value.ok_or_else(|| unfit("a header's text"))?);
    }
    let retry_after = retry::retry_after(&headers, input.now);
    let is_transient = match input.failure.as_deref() {
        None => retry::is_transient(input.status, &input.code, retry_after),
        Some(failure) => failure_kind(failure)?.is_transient(),
    };
    let failed = FailedAttempt {
        number: input.attempt,
        max_attempts: input.max_attempts,
        is_transient,
        retry_after,
        remaining: Duration::from_millis(input.remaining_ms),
        random: input.random,
    };
    Ok(match failed.decision() {
        Decision::GiveUp => json!({"retry": false}),
        Decision::RetryAfter(wait) => {
            json!({"retry": true, "wait_ms": u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)})
        }
    })
}

fn failure_kind(name: &str) -> Result<TransportErrorKind> {
    Ok(match name {
        "connect" => TransportErrorKind::Connect,
        "certificate" => TransportErrorKind::Certificate,
        "interrupted" => TransportErrorKind::Interrupted,
        "timeout" => TransportErrorKind::Timeout,
        "too_large" => TransportErrorKind::TooLarge,
        "other" => TransportErrorKind::Other,
        _ => return Err(unfit("the failure of an attempt")),
    })
}

fn body(input: Value) -> Result<Vec<u8>> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Body {
        Text { body: String },
        Base64 { body_b64: String },
    }
    match read(input)? {
        Body::Text { body } => Ok(body.into_bytes()),
        Body::Base64 { body_b64 } => base64(&body_b64).ok_or_else(|| unfit("base64")),
    }
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').chars() {
        bits = (bits << 6) | u32::try_from(DIGITS.find(digit)?).ok()?;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from((bits >> held) & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn read<T: DeserializeOwned>(input: Value) -> Result<T> {
    serde_json::from_value(input).map_err(|error| unfit(&error.to_string()))
}

fn unfit(wanted: &str) -> Error {
    let message = format!("not the input of this rule: {wanted}");
    Error::validation(code::INVALID_VALUE, "input", message)
}

fn written(result: impl Serialize) -> Value {
    serde_json::to_value(result).expect("a result is JSON")
}
