//! Webhooks that go wrong on purpose, on a real listener and without a sleep.

#![allow(clippy::unwrap_used)]

mod support;

use faststar::webhook::Verifier;
use serde_json::{Value, json};
use support::{Caller, Received, Receiver, Sandbox, ad_hoc};

fn pay(shop: &Caller) -> String {
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.complete(&id, &json!({})).status, 200);
    id
}

fn set(shop: &Caller, faults: &Value) {
    shop.make("/sandbox/v1/faults", faults);
}

fn left(shop: &Caller) -> Value {
    shop.get("/sandbox/v1/faults").json()["data"].take()
}

fn none() -> Value {
    json!({"duplicate": 0, "drop": 0, "drop_answer": 0, "corrupt_signature": 0, "reorder": 0,
           "delay_ms": 0})
}

fn advance(shop: &Caller, by: &str) {
    shop.make("/sandbox/v1/clock/advance", &json!({"by": by}));
}

fn session_of(webhook: &Received) -> String {
    webhook.json()["data"]["checkout_session_id"].as_str().unwrap().to_owned()
}

fn state_and_attempts(delivery: &Value) -> (&str, usize) {
    (delivery["state"].as_str().unwrap(), delivery["attempts"].as_array().unwrap().len())
}

#[test]
fn a_duplicate_is_the_same_event_once_more() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    set(&shop, &json!({"duplicate": 2}));
    pay(&shop);
    assert_eq!(state_and_attempts(&shop.deliver()), ("delivered", 3));
    let ids: Vec<_> = (0..3).map(|_| receiver.next().header("X-Webhook-ID")).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2], "{ids:?}");
    assert_eq!(left(&shop), none());
    pay(&shop);
    assert_eq!(state_and_attempts(&shop.deliver()), ("delivered", 1));
}

#[test]
fn a_reordering_keeps_events_until_the_last_and_sends_them_in_reverse() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    set(&shop, &json!({"reorder": 3}));
    let first = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    shop.complete(&first, &json!({"card": "declined"}));
    shop.complete(&first, &json!({}));
    assert_eq!(shop.deliver(), Value::Null);
    receiver.expect_no_more();
    let last = pay(&shop);
    let (last, first) = (last.as_str(), first.as_str());
    shop.deliver();
    let webhooks: Vec<_> = (0..3).map(|_| receiver.next()).collect();
    assert_eq!(webhooks.iter().map(session_of).collect::<Vec<_>>(), [last, first, first]);
    // Also within a session.
    assert_eq!(webhooks[1].json()["type"], "payment.succeeded");
    assert_eq!(webhooks[2].json()["type"], "payment.failed");

    set(&shop, &json!({"reorder": 10}));
    let (early, late) = (pay(&shop), pay(&shop));
    set(&shop, &json!({}));
    shop.deliver();
    assert_eq!([session_of(&receiver.next()), session_of(&receiver.next())], [late, early]);
}

#[test]
fn a_dropped_attempt_reaches_nobody_and_is_made_again() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    set(&shop, &json!({"drop": 1}));
    let id = pay(&shop);
    let delivery = shop.deliver();
    assert_eq!(state_and_attempts(&delivery), ("pending", 1));
    assert!(delivery["attempts"][0]["error"].as_str().unwrap().contains("on purpose"));
    receiver.expect_no_more();
    advance(&shop, "5s");
    assert_eq!(state_and_attempts(&shop.deliver()), ("delivered", 2));
    assert_eq!(session_of(&receiver.next()), id);
    receiver.expect_no_more();
}

#[test]
fn a_lost_answer_brings_the_event_again() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    set(&shop, &json!({"drop_answer": 1}));
    pay(&shop);
    let delivery = shop.deliver();
    assert_eq!(state_and_attempts(&delivery), ("pending", 1));
    assert!(delivery["attempts"][0].get("status").is_none());
    let first = receiver.next();
    receiver.expect_no_more();
    advance(&shop, "5s");
    assert_eq!(state_and_attempts(&shop.deliver()), ("delivered", 2));
    assert_eq!(receiver.next().header("X-Webhook-ID"), first.header("X-Webhook-ID"));
}

#[test]
fn a_wrong_signature_is_followed_by_a_right_one() {
    let receiver = Receiver::start(|n| if n == 0 { "401 No".into() } else { "200 OK".into() });
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    let verifier = Verifier::new(sandbox.text("webhook_secret")).unwrap();
    let verify = |webhook: &Received| {
        let now = faststar_sandbox::clock::machine_now_ms() / 1000;
        verifier.verify(&webhook.body, &webhook.header("X-Webhook-Signature"), now)
    };
    set(&shop, &json!({"corrupt_signature": 1}));
    pay(&shop);
    assert_eq!(state_and_attempts(&shop.deliver()), ("pending", 1));
    let wrong = receiver.next();
    assert_eq!(verify(&wrong).unwrap_err().code(), "signature_mismatch");
    advance(&shop, "5s");
    assert_eq!(state_and_attempts(&shop.deliver()), ("delivered", 2));
    let right = receiver.next();
    assert_eq!(wrong.body, right.body);
    assert!(verify(&right).unwrap().fulfils());
}

#[test]
fn a_delayed_event_waits_by_the_merchants_clock() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    set(&shop, &json!({"delay_ms": 3_600_000}));
    let late = pay(&shop);
    assert_eq!(state_and_attempts(&shop.deliver()), ("pending", 0));
    let punctual = pay(&shop);
    shop.deliver();
    assert_eq!(session_of(&receiver.next()), punctual);
    advance(&shop, "30m");
    shop.deliver();
    receiver.expect_no_more();
    advance(&shop, "30m");
    shop.deliver();
    assert_eq!(session_of(&receiver.next()), late);
}

#[test]
fn faults_are_one_merchants_and_strictly_read() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let (other, _) = shop.add_merchant("direct");
    other.make("/sandbox/v1/webhook_endpoints", &json!({"url": receiver.url}));
    set(&shop, &json!({"drop": 3, "duplicate": null}));
    assert_eq!(left(&other), none());
    pay(&other);
    assert_eq!(state_and_attempts(&other.deliver()), ("delivered", 1));
    assert_eq!(left(&shop)["drop"], 3);
    for (faults, param) in [(json!({"dropp": 1}), "dropp"), (json!({"drop": -1}), "drop")] {
        let refused = shop.post("/sandbox/v1/faults", &faults);
        assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!(param)));
    }
}
