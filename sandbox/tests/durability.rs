//! What was answered is there after a crash, a stop and a restart.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufReader, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use support::{Caller, Folder, Receiver, Sandbox, ad_hoc, read_next_answer};

const SESSIONS: &str = "/api/v1/public/checkout/sessions";

/// Creates sessions from eight threads until told to stop or the sandbox is gone, and gives the ids
/// that were answered.
///
/// A request that was sent whole before `stopping` was set must be answered, unless the sandbox is
/// killed.
fn create_until_gone(
    sandbox: &Sandbox,
    stopping: &Arc<AtomicBool>,
    killed: bool,
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
                    let sent =
                        support::write(&shop.address, "POST", SESSIONS, &headers, body.as_bytes());
                    let in_time = !stopping.load(Ordering::SeqCst);
                    match sent.and_then(|mut stream| support::read_answer(&mut stream)) {
                        Ok(answer) if answer.status == 200 => {
                            let id = answer.json()["data"]["session"]["id"].clone();
                            acknowledged.lock().unwrap().push(id.as_str().unwrap().to_owned());
                        }
                        _ => {
                            let stopped = stopping.load(Ordering::SeqCst);
                            assert!(stopped && (killed || !in_time), "a request was lost");
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
    let (acknowledged, threads) = create_until_gone(&sandbox, &stopping, signal == "-KILL");
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

fn create_request(shop: &Caller) -> Vec<u8> {
    let body = ad_hoc().to_string();
    format!(
        "POST {SESSIONS} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        shop.address,
        shop.key,
        body.len()
    )
    .into_bytes()
}

#[test]
fn every_request_that_came_before_a_stop_is_answered() {
    for _ in 0..5 {
        let folder = Folder::new("received");
        let mut sandbox = Sandbox::start(&["--db", &folder.file("sandbox.db")]);
        let shop = sandbox.caller();
        let request = create_request(&shop);
        let connect = || BufReader::new(support::connect(&shop.address).unwrap());
        let mut kept: Vec<_> = (0..40).map(|_| connect()).collect();
        for connection in &mut kept {
            connection.get_mut().write_all(&request).unwrap();
            assert_eq!(read_next_answer(connection).unwrap().status, 200);
        }
        // While the sandbox is held still, the requests lie in the kernel, and so does the signal.
        sandbox.send_signal("-STOP");
        let fresh = (0..40).map(|_| connect());
        let mut all: Vec<_> = kept.into_iter().chain(fresh).collect();
        for (n, connection) in all.iter_mut().enumerate() {
            // Every other one sends two at once.
            connection.get_mut().write_all(&request.repeat(1 + n % 2)).unwrap();
        }
        sandbox.send_signal("-TERM");
        sandbox.send_signal("-CONT");
        for (n, connection) in all.iter_mut().enumerate() {
            for _ in 0..=n % 2 {
                assert_eq!(read_next_answer(connection).unwrap().status, 200, "connection {n}");
            }
            assert_eq!(connection.read(&mut [0]).unwrap(), 0);
        }
        assert!(sandbox.process.wait().unwrap().success());
    }
}

#[test]
fn what_is_under_way_at_a_stop_is_answered_and_told_to_close() {
    let mut sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let request = create_request(&shop);
    let (start, rest) = request.split_at(request.len() - 10);
    let connect = || BufReader::new(support::connect(&shop.address).unwrap());
    let mut half_sent = connect();
    half_sent
        .get_mut()
        .write_all(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(read_next_answer(&mut half_sent).unwrap().status, 200);
    half_sent.get_mut().write_all(start).unwrap();
    let mut idle = connect();
    sandbox.send_signal("-TERM");
    // An idle connection is closed, and nobody else is let in.
    assert_eq!(idle.read(&mut [0]).unwrap(), 0);
    assert!(support::connect(&shop.address).is_err());
    half_sent.get_mut().write_all(rest).unwrap();
    let answer = read_next_answer(&mut half_sent).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (200, Some("close")));
    assert_eq!(half_sent.read(&mut [0]).unwrap(), 0);
    assert!(sandbox.process.wait().unwrap().success());
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

#[test]
fn what_waits_at_a_start_goes_to_its_receiver_alone() {
    let folder = Folder::new("moved");
    let database = folder.file("sandbox.db");
    let old = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", old.local_addr().unwrap());
    let mut sandbox = Sandbox::start(&["--db", &database, "--webhook", &url]);
    let shop = sandbox.caller();
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    shop.complete(&id, &json!({}));
    let _hanging = old.accept().unwrap();
    sandbox.signal("-KILL");
    drop(sandbox);

    let receiver = Receiver::accepting();
    let _sandbox = Sandbox::start(&["--db", &database, "--webhook", &receiver.url]);
    assert_eq!(receiver.next().json()["data"]["checkout_session_id"], id.as_str());
    old.set_nonblocking(true).unwrap();
    assert!(old.accept().is_err(), "the URL of the start before was called");
}
