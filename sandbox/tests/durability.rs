//! What was answered is there after a crash, a stop and a restart.

#![allow(clippy::unwrap_used)]

mod support;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use support::{Folder, Receiver, Sandbox, ad_hoc};

/// Creates sessions from eight threads until told to stop or the sandbox is gone; gives the ids that
/// were answered, and whether a request failed before `stopping` was set.
fn create_until_gone(
    sandbox: &Sandbox,
    stopping: &Arc<AtomicBool>,
) -> (Arc<Mutex<Vec<String>>>, Vec<std::thread::JoinHandle<()>>) {
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let threads = (0..8)
        .map(|_| {
            let (shop, stopping) = (sandbox.caller(), Arc::clone(stopping));
            let acknowledged = Arc::clone(&acknowledged);
            std::thread::spawn(move || {
                let headers =
                    [("X-API-Key", shop.key.as_str()), ("Content-Type", "application/json")];
                let body = ad_hoc().to_string();
                loop {
                    let path = "/api/v1/public/checkout/sessions";
                    match support::send(&shop.address, "POST", path, &headers, body.as_bytes()) {
                        Ok(answer) if answer.status == 200 => {
                            let id = answer.json()["data"]["session"]["id"].clone();
                            acknowledged.lock().unwrap().push(id.as_str().unwrap().to_owned());
                        }
                        _ => {
                            assert!(stopping.load(Ordering::SeqCst), "failed before the end");
                            return;
                        }
                    }
                }
            })
        })
        .collect();
    (acknowledged, threads)
}

fn end_under_load(name: &str, signal: &str) {
    let folder = Folder::new(name);
    let database = folder.file("sandbox.db");
    let mut sandbox = Sandbox::start(&["--db", &database]);
    let key = sandbox.text("api_key");
    let stopping = Arc::new(AtomicBool::new(false));
    let (acknowledged, threads) = create_until_gone(&sandbox, &stopping);
    while acknowledged.lock().unwrap().len() < 300 {
        std::thread::yield_now();
    }
    stopping.store(true, Ordering::SeqCst);
    sandbox.signal(signal);
    threads.into_iter().for_each(|thread| thread.join().unwrap());

    let sandbox = Sandbox::start(&["--db", &database]);
    // The key from before the end still opens everything.
    let shop = support::Caller { address: sandbox.address(), key };
    let ids = acknowledged.lock().unwrap().clone();
    assert!(ids.len() >= 300);
    for id in &ids {
        assert_eq!(shop.retrieve(id)["amount_total"], 1999);
    }
}

#[test]
fn everything_acknowledged_survives_kill_9_under_load() {
    end_under_load("kill", "-KILL");
}

#[test]
fn everything_acknowledged_survives_a_stop_under_load() {
    end_under_load("term", "-TERM");
}

#[test]
fn a_restart_keeps_the_catalog_the_clock_and_idempotency() {
    let folder = Folder::new("restart");
    let database = folder.file("sandbox.db");
    let sandbox = Sandbox::start(&["--db", &database, "--merchant", "mor"]);
    let (key, merchant) = (sandbox.text("api_key"), sandbox.text("merchant_id"));
    let shop = sandbox.caller();
    let price = shop.add_price(&json!({"currency": "USD", "unit_amount": 999}));
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "10d"}));
    let body = json!({"mode": "payment", "presentation": "iframe",
        "line_items": [{"price_id": price, "quantity": 1}]})
    .to_string();
    let create = |address: &str, key: &str| {
        let headers =
            [("X-API-Key", key), ("Content-Type", "application/json"), ("Idempotency-Key", "once")];
        let path = "/api/v1/public/checkout/sessions";
        support::send(address, "POST", path, &headers, body.as_bytes()).unwrap()
    };
    let first = create(&shop.address, &shop.key);
    assert_eq!(first.status, 200);
    drop(shop);
    sandbox.stop();

    let sandbox = Sandbox::start(&["--db", &database]);
    assert_eq!(sandbox.text("merchant_id"), merchant);
    assert_ne!(sandbox.text("api_key"), key);
    let again = create(&sandbox.address(), &key);
    assert_eq!(first.body, again.body);
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let clock = sandbox.caller().get("/sandbox/v1/clock").json();
    assert_eq!(clock["data"]["seconds_ahead"], 10 * 24 * 60 * 60);
}

#[test]
fn one_database_is_one_sandboxs() {
    let folder = Folder::new("locked");
    let database = folder.file("sandbox.db");
    let _first = Sandbox::start(&["--db", &database]);
    let second = std::process::Command::new(support::FASTSTAR)
        .args(["sandbox", "--port", "0", "--json", "--db", &database])
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let message = String::from_utf8(second.stderr).unwrap();
    assert!(message.contains("another sandbox has this database open"), "{message}");
}

#[test]
fn a_file_may_have_merchants_of_both_kinds_and_the_start_says_which() {
    let folder = Folder::new("kinds");
    let database = folder.file("sandbox.db");
    let mut ids = Vec::new();
    for kind in [None, Some("direct"), Some("mor"), Some("mor"), Some("direct"), None] {
        let mut arguments = vec!["--db", &database];
        arguments.extend(kind.iter().flat_map(|kind| ["--merchant", *kind]));
        let sandbox = Sandbox::start(&arguments);
        let status = sandbox.caller().post("/api/v1/public/checkout/sessions", &ad_hoc()).status;
        assert_eq!(status, if kind == Some("mor") { 400 } else { 200 }, "{kind:?}");
        ids.push(sandbox.text("merchant_id"));
        sandbox.stop();
    }
    let (direct, mor) = (&ids[0], &ids[2]);
    assert_ne!(direct, mor);
    assert_eq!(ids, [direct, direct, mor, mor, direct, direct].map(Clone::clone));
}

#[test]
fn the_endpoint_of_the_last_start_takes_the_place_of_the_one_before() {
    let folder = Folder::new("endpoint");
    let database = folder.file("sandbox.db");
    let refused = "http://127.0.0.1:9/";
    let sandbox = Sandbox::start(&["--db", &database, "--webhook", refused]);
    let shop = sandbox.caller();
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    shop.complete(&id, &json!({}));
    sandbox.stop();
    let receiver = Receiver::accepting();
    for _ in 0..2 {
        let sandbox = Sandbox::start(&["--db", &database, "--webhook", &receiver.url]);
        let listed = sandbox.caller().get("/sandbox/v1/webhook_endpoints").json();
        let items = listed["data"]["items"].as_array().unwrap();
        assert_eq!(items.len(), 1);
        assert_eq!(items[0]["url"], receiver.url.as_str());
        sandbox.caller().make("/sandbox/v1/clock/advance", &json!({"by": "1m"}));
        sandbox.stop();
    }
    // One that was added by hand is taken for it, where it is the same.
    let other = Receiver::accepting();
    let sandbox = Sandbox::start(&["--db", &database]);
    sandbox.caller().make("/sandbox/v1/webhook_endpoints", &json!({"url": other.url}));
    sandbox.stop();
    let sandbox = Sandbox::start(&["--db", &database, "--webhook", &other.url]);
    let listed = sandbox.caller().get("/sandbox/v1/webhook_endpoints").json();
    assert_eq!(listed["data"]["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["data"]["items"][0]["url"], other.url.as_str());
    // What the first one did not take has gone to the next.
    assert_eq!(receiver.next().json()["data"]["checkout_session_id"], id.as_str());
}
