//! Runs the webhook, event and cashier vectors of `tests/vectors`.

#![allow(clippy::unwrap_used)] // clippy does not see that the helpers are tests

use std::time::Duration;

use faststar::webhook::{Verifier, sign_all};
use faststar::{Cashier, Event, Result, ReturnOutcome, ReturnUrls};
use serde_json::{Value, json};

/// Checks every case of a file. What the case does not say of an object, it does not care about.
fn run(file: &str, op: impl Fn(&Value) -> Result<Value>) {
    let path = format!(
        "{}/../tests/vectors/{file}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(vectors["op"], file);
    let cases = vectors["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let id = &case["id"];
        match (op(&case["input"]), case.get("ok"), case.get("error")) {
            (Ok(got), Some(wanted), None) => {
                for (key, value) in wanted.as_object().unwrap() {
                    assert_eq!(&got[key], value, "{id}: {key}");
                }
            }
            (Err(error), None, Some(wanted)) => {
                assert_eq!(error.code(), wanted["code"], "{id}: {error}");
                if file == "webhook_verify" {
                    assert_eq!(error.kind().as_str(), "signature", "{id}");
                }
                assert_eq!(
                    error.param(),
                    wanted.get("param").and_then(Value::as_str),
                    "{id}"
                );
                for text in texts(&wanted["message_mentions"]) {
                    assert!(
                        error.message().contains(text),
                        "{id}: no {text:?} in: {error}"
                    );
                }
                for text in texts(&wanted["message_never_contains"]) {
                    assert!(!format!("{error:?}").contains(text), "{id}: {error:?}");
                }
            }
            (got, ..) => panic!("{id}: {got:?}"),
        }
    }
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .map(|text| text.as_str().unwrap())
}

fn text<'a>(input: &'a Value, key: &str) -> &'a str {
    input[key].as_str().unwrap()
}

fn body(input: &Value) -> Vec<u8> {
    match input.get("body") {
        Some(body) => body.as_str().unwrap().into(),
        None => base64(text(input, "body_b64")),
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0);
    for digit in text.trim_end_matches('=').chars() {
        bits = (bits << 6) | u32::try_from(DIGITS.find(digit).unwrap()).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[test]
fn webhook_verify() {
    run("webhook_verify", |input| {
        let mut secrets = texts(&input["secrets"]);
        let mut verifier = Verifier::new(secrets.next().unwrap())?;
        for secret in secrets {
            verifier = verifier.and_secret(secret)?;
        }
        if let Some(seconds) = input.get("tolerance_s") {
            verifier = verifier.tolerance(Duration::from_secs(seconds.as_u64().unwrap()));
        }
        let event_id = input.get("event_id").map(|id| id.as_str().unwrap());
        let now = input["now"].as_i64().unwrap();
        let event = verifier.verify_with_id(&body(input), text(input, "header"), event_id, now)?;
        Ok(serde_json::to_value(event).unwrap())
    });
}

#[test]
fn webhook_sign() {
    run("webhook_sign", |input| {
        let timestamp = input["timestamp"].as_i64().unwrap();
        Ok(json!({"header": sign_all(&body(input), texts(&input["secrets"]), timestamp)}))
    });
}

#[test]
fn event_parse() {
    run("event_parse", |input| {
        Ok(serde_json::to_value(Event::parse(&body(input))?).unwrap())
    });
}

#[test]
fn cashier_url() {
    run("cashier_url", |input| {
        let mut cashier = Cashier::live();
        for origin in texts(&input["allow_origins"]) {
            cashier = cashier.allow_origin(origin)?;
        }
        let url = cashier.check(text(input, "url"))?;
        assert_eq!(format!("{url:?}"), url.to_string());
        let shown = url.to_string();
        Ok(json!({"url": url.as_str(), "session_id": url.session_id(), "shown": shown}))
    });
}

#[test]
fn cashier_return() {
    run("cashier_return", |input| {
        let urls = ReturnUrls::new(text(input, "success_url"), text(input, "cancel_url"))?;
        let outcome = match urls.outcome(text(input, "came_back_to")) {
            ReturnOutcome::Success => "success",
            ReturnOutcome::Cancel => "cancel",
            ReturnOutcome::Other => "other",
        };
        Ok(json!({"outcome": outcome}))
    });
}
