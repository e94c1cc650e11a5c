//! A request that comes again under its idempotency key acts once, on every path that acts.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Answer, Caller, Folder, Sandbox, ad_hoc, send};

fn post(shop: &Caller, path: &str, key: &str, body: &Value) -> Answer {
    let headers = [
        ("X-API-Key", shop.key.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", key),
    ];
    send(&shop.address, "POST", path, &headers, body.to_string().as_bytes()).unwrap()
}

/// Sends a request twice under one key, and another body under it.
fn check_acts_once(shop: &Caller, path: &str, body: &Value, wanted: u16) -> Value {
    let first = post(shop, path, path, body);
    assert_eq!(first.status, wanted, "{path}: {}", first.json());
    assert_eq!(first.header("idempotent-replayed"), None, "{path}");
    let again = post(shop, path, path, body);
    assert_eq!((again.status, again.json()), (wanted, first.json()), "{path}");
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "{path}");
    first.json()
}

fn check_body_is_held_against_the_first(shop: &Caller, path: &str, other: &Value) {
    let reused = post(shop, path, path, other);
    assert_eq!(reused.status, 422, "{path}: {}", reused.json());
    assert_eq!(reused.json()["error"]["code"], "idempotency_key_reused", "{path}");
}

fn event_types(shop: &Caller) -> Vec<String> {
    let events = shop.get("/sandbox/v1/events").json();
    let items = events["data"]["items"].as_array().unwrap();
    items.iter().map(|item| item["event"]["type"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_sandbox_s_own_commands_act_once() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let session = || {
        let created = shop.create_session(&ad_hoc());
        created["session"]["id"].as_str().unwrap().to_owned()
    };

    let path = "/sandbox/v1/faults";
    check_acts_once(&shop, path, &json!({"delay_ms": 1}), 200);
    check_body_is_held_against_the_first(&shop, path, &json!({"delay_ms": 2}));

    let path = "/sandbox/v1/webhook_endpoints";
    check_acts_once(&shop, path, &json!({"url": "http://127.0.0.1:9/a"}), 200);
    check_body_is_held_against_the_first(&shop, path, &json!({"url": "http://127.0.0.1:9/b"}));
    let listed = shop.get(path).json();
    assert_eq!(listed["data"]["items"].as_array().unwrap().len(), 1);

    let path = format!("/sandbox/v1/sessions/{}/complete", session());
    check_acts_once(&shop, &path, &json!({}), 200);
    check_body_is_held_against_the_first(&shop, &path, &json!({"card": "declined"}));
    assert_eq!(event_types(&shop), ["payment.succeeded"]);

    let path = format!("/sandbox/v1/sessions/{}/complete", session());
    let declined = check_acts_once(&shop, &path, &json!({"card": "declined"}), 402);
    assert_eq!(declined["error"]["code"], "card_declined");
    assert_eq!(event_types(&shop), ["payment.failed", "payment.succeeded"]);

    let path = format!("/sandbox/v1/sessions/{}/expire", session());
    check_acts_once(&shop, &path, &json!({}), 200);

    let events = shop.get("/sandbox/v1/events").json();
    let event = events["data"]["items"][0]["event"]["id"].as_str().unwrap();
    check_acts_once(&shop, &format!("/sandbox/v1/events/{event}/resend"), &json!({}), 200);

    let path = "/sandbox/v1/clock/advance";
    check_acts_once(&shop, path, &json!({"by": "2h"}), 200);
    check_body_is_held_against_the_first(&shop, path, &json!({"by": "3h"}));
    let clock = shop.get("/sandbox/v1/clock").json();
    assert_eq!(clock["data"]["seconds_ahead"], 7200);
}

#[test]
fn the_buyer_acts_once_and_apart_from_the_merchant() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let (id, token) = (created["session"]["id"].as_str().unwrap(), &created["session_token"]);

    let path = format!("/cashier/v1/sessions/{id}/country");
    check_acts_once(&shop, &path, &json!({"token": token, "buyer_country": "DE"}), 200);
    let other = json!({"token": token, "buyer_country": "FR"});
    check_body_is_held_against_the_first(&shop, &path, &other);
    // The merchant's key of the same name is another one.
    let made = post(&shop, "/api/v1/merchant/catalog/products", &path, &json!({"name": "Tea"}));
    assert_eq!(made.status, 200, "{}", made.json());

    let path = format!("/cashier/v1/sessions/{id}/pay");
    let pay = |number: &str| json!({"token": token, "card": {"number": number}});
    // What has done nothing may be tried again under its key.
    for _ in 0..2 {
        let asked = post(&shop, &path, "asks", &pay("4000002500003155"));
        assert_eq!((asked.status, asked.header("idempotent-replayed")), (402, None));
    }
    let declined = post(&shop, &path, "declined", &pay("4000000000000002"));
    let again = post(&shop, &path, "declined", &pay("4000000000000002"));
    assert_eq!((declined.status, again.status), (402, 402));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    check_acts_once(&shop, &path, &pay("4242424242424242"), 200);
    assert_eq!(event_types(&shop), ["payment.succeeded", "payment.failed"]);
}

#[test]
fn a_key_lives_a_day_by_the_merchant_s_clock() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let (other, _) = shop.add_merchant("direct");
    let path = "/api/v1/public/checkout/sessions";
    let id = |answer: &Answer| answer.json()["data"]["session"]["id"].clone();
    let (first, others) = (post(&shop, path, "k", &ad_hoc()), post(&other, path, "k", &ad_hoc()));
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "23h"}));
    assert_eq!(id(&post(&shop, path, "k", &ad_hoc())), id(&first));
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "2h"}));
    let anew = post(&shop, path, "k", &ad_hoc());
    assert_ne!(id(&anew), id(&first));
    assert_eq!(anew.json()["data"]["session"]["status"], "open");
    assert_eq!(id(&post(&shop, path, "k", &ad_hoc())), id(&anew));
    // One merchant's clock is not another's.
    assert_eq!(id(&post(&other, path, "k", &ad_hoc())), id(&others));
}

#[test]
fn who_has_no_token_learns_nothing_of_keys() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let session = created["session"]["id"].as_str().unwrap().to_owned();
    let made = post(&shop, "/api/v1/merchant/catalog/products", "used", &json!({"name": "Tea"}));
    assert_eq!(made.status, 200);
    let country = format!("/cashier/v1/sessions/{session}/country");
    let named = json!({"token": created["session_token"], "buyer_country": "DE"});
    assert_eq!(post(&shop, &country, "used", &named).status, 200);
    let merchant = sandbox.text("merchant_id");
    let pay = json!({"token": "wrong", "card": {"number": "4242424242424242"}});
    for id in [session, merchant.clone(), format!("buyer:{merchant}")] {
        for key in ["used", "unused"] {
            let answer = post(&shop, &format!("/cashier/v1/sessions/{id}/pay"), key, &pay);
            assert_eq!(answer.status, 404, "{id} {key}: {}", answer.json());
        }
    }
}

#[test]
fn a_new_merchant_s_key_is_in_no_kept_answer() {
    let folder = Folder::new("merchant_key");
    let database = folder.file("sandbox.db");
    let sandbox = Sandbox::start(&["--db", &database]);
    let shop = sandbox.caller();
    let refused = post(&shop, "/sandbox/v1/merchants", "k", &json!({}));
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"]["param"], "Idempotency-Key");
    let (other, _) = shop.add_merchant("direct");
    sandbox.stop();
    let file = std::fs::read(&database).unwrap();
    let key = other.key.as_bytes();
    assert!(!file.windows(key.len()).any(|part| part == key), "an API key is in the database");
}
