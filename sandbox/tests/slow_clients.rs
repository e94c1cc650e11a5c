//! Clients that stall, that do not read, or that come in crowds.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Caller, Sandbox, ad_hoc, read_answer};

fn connect(sandbox: &Sandbox) -> TcpStream {
    support::connect(&sandbox.address()).unwrap()
}

#[test]
fn stalling_clients_are_answered_and_closed_while_others_are_served() {
    let sandbox = Sandbox::start(&[]);
    let key = sandbox.text("api_key");
    // Half a head, half a body, and nothing at all: all three at once, so that the test waits once.
    let mut half_head = connect(&sandbox);
    half_head.write_all(b"POST /api/v1/public/checkout/sessions HTTP/1.1\r\nHost: loc").unwrap();
    let mut half_body = connect(&sandbox);
    let head = format!(
        "POST /api/v1/public/checkout/sessions HTTP/1.1\r\nHost: {}\r\nX-API-Key: {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"mode\":",
        sandbox.address()
    );
    half_body.write_all(head.as_bytes()).unwrap();
    let mut silent = connect(&sandbox);
    for _ in 0..20 {
        sandbox.caller().create_session(&ad_hoc());
    }
    for stream in [&mut half_head, &mut half_body] {
        let answer = read_answer(stream).unwrap();
        assert_eq!(answer.status, 408);
        assert_eq!(answer.json()["error"]["code"], "request_timeout");
        assert!(answer.header("x-request-id").is_some());
    }
    let mut rest = Vec::new();
    silent.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
}

fn list_products(shop: &Caller, query: &str) -> String {
    format!(
        "GET /api/v1/merchant/catalog/products{query} HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\n\r\n",
        shop.address, shop.key
    )
}

/// Makes products that are as large as they can be.
fn add_large_products(shop: &Caller, number: usize) {
    let metadata: serde_json::Map<_, _> =
        (0..50).map(|n| (format!("key_{n}"), "x".repeat(500).into())).collect();
    let image = format!("https://shop.example/{}", "x".repeat(2000));
    let product = json!({"name": "Tea", "description": "x".repeat(5000), "metadata": metadata,
        "images": vec![image; 20]});
    for _ in 0..number {
        shop.make("/api/v1/merchant/catalog/products", &product);
    }
}

#[test]
fn who_does_not_read_the_answers_is_cut_off() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    add_large_products(&shop, 20);
    let request = list_products(&shop, "?limit=100");
    let mut deaf = connect(&sandbox);
    // Blocks when the sandbox takes no more requests, and fails when it gives up on the answers.
    let error = loop {
        if let Err(error) = deaf.write_all(request.as_bytes()) {
            break error;
        }
    };
    let cut_off = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
    assert!(cut_off, "{error}");
    shop.create_session(&ad_hoc());
}

#[test]
fn a_page_ends_before_it_is_a_megabyte() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    add_large_products(&shop, 40);
    let (mut seen, mut pages) = (std::collections::BTreeSet::new(), 0);
    let mut query = "?limit=100".to_owned();
    loop {
        let answer = shop.get(&format!("/api/v1/merchant/catalog/products{query}"));
        assert!(answer.body.len() <= 1024 * 1024 + 1024, "{} bytes", answer.body.len());
        let data = answer.json()["data"].take();
        let items = data["items"].as_array().unwrap();
        assert!(!items.is_empty());
        seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        pages += 1;
        match data["next_cursor"].as_str() {
            Some(cursor) => query = format!("?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 40);
    assert!(pages > 1);
}

#[test]
fn connections_beyond_the_limit_are_refused_until_others_end() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let mut crowd: Vec<_> = (0..512).map(|_| connect(&sandbox)).collect();
    let refused = shop.post("/api/v1/public/checkout/sessions", &ad_hoc());
    assert_eq!(refused.status, 503);
    assert_eq!(refused.json()["error"]["code"], "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(refused.header("connection"), Some("close"));
    assert!(refused.header("x-request-id").is_some());
    crowd.truncate(256);
    while shop.post("/api/v1/public/checkout/sessions", &ad_hoc()).status == 503 {}
    shop.create_session(&ad_hoc());
}

/// Opens connections that send this and no more; none waits for the end of another.
fn crowd(sandbox: &Sandbox, number: usize, sent: &str) -> Vec<TcpStream> {
    faststar_sandbox::raise_descriptors();
    let began = Instant::now();
    let connect = |_| {
        let mut stream = connect(sandbox);
        // One that was closed already, for the sake of a later one, takes nothing.
        let _ = stream.write_all(sent.as_bytes());
        stream
    };
    let crowd = (0..number).map(connect).collect();
    let took = began.elapsed();
    assert!(took < Duration::from_secs(8), "{number} connections took {took:?}");
    crowd
}

/// Asks for a session a few times; every time there is an answer, and soon.
fn expect_answers(sandbox: &Sandbox, among: &str) {
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let asked = Instant::now();
        let status = sandbox.caller().post("/api/v1/public/checkout/sessions", &ad_hoc()).status;
        assert!([200, 503].contains(&status), "{status} {among}");
        fastest = fastest.min(asked.elapsed());
    }
    assert!(fastest < Duration::from_secs(1), "{fastest:?} {among}");
}

const HALF_HEAD: &str = "GET / HTTP/1.1\r\nHost: loc";
const HALF_BODY: &str = "POST /api/v1/public/checkout/sessions HTTP/1.1\r\nHost: localhost\r\n\
    X-API-Key: k\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{";

#[test]
fn a_new_client_is_answered_at_once_however_many_stall() {
    for number in [1000, 3000] {
        for (name, sent) in [("silent", ""), ("half a head", HALF_HEAD), ("half a body", HALF_BODY)]
        {
            let sandbox = Sandbox::start(&[]);
            let _crowd = crowd(&sandbox, number, sent);
            expect_answers(&sandbox, &format!("among {number}: {name}"));
        }
    }
}

#[test]
fn a_new_client_is_answered_at_once_however_many_drip() {
    let sandbox = Sandbox::start(&[]);
    let mut crowd = crowd(&sandbox, 3000, "GET / HTTP/1.1\r\nX-Long: ");
    let done = Arc::new(AtomicBool::new(false));
    let is_done = Arc::clone(&done);
    let dripping = std::thread::spawn(move || {
        while !is_done.load(Ordering::Relaxed) {
            for stream in &mut crowd {
                let _ = stream.write_all(b"x");
            }
        }
    });
    expect_answers(&sandbox, "among dripping ones");
    done.store(true, Ordering::Relaxed);
    dripping.join().unwrap();
}

#[test]
fn every_slow_head_is_closed_in_its_time() {
    let sandbox = Sandbox::start(&[]);
    let began = Instant::now();
    let crowd = crowd(&sandbox, 1000, HALF_HEAD);
    for mut stream in crowd {
        let answer = read_answer(&mut stream).unwrap();
        assert_eq!((answer.status, answer.header("connection")), (408, Some("close")));
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(18), "the last one was closed after {took:?}");
}

#[test]
fn clients_that_come_at_once_need_not_wait_to_connect() {
    faststar_sandbox::raise_descriptors();
    let sandbox = Sandbox::start(&[]);
    let address = sandbox.address().parse().unwrap();
    // While it is held still, nothing is accepted; all of these are the kernel's.
    sandbox.send_signal("-STOP");
    let crowd: Vec<_> = (0..1000)
        .map(|n| {
            let connected = TcpStream::connect_timeout(&address, Duration::from_millis(500));
            connected.unwrap_or_else(|error| panic!("connection {n}: {error}"))
        })
        .collect();
    sandbox.send_signal("-CONT");
    expect_answers(&sandbox, "after a burst");
    drop(crowd);
}

#[test]
fn a_process_with_few_descriptors_serves_fewer_and_answers_all() {
    for descriptors in [80, 256] {
        let sandbox = Sandbox::start_with_descriptors(descriptors, &[]);
        let crowd = crowd(&sandbox, 600, "");
        expect_answers(&sandbox, &format!("with {descriptors} descriptors"));
        drop(crowd);
        while sandbox.caller().post("/api/v1/public/checkout/sessions", &ad_hoc()).status == 503 {}
        let log = sandbox.stop();
        assert!(!log.contains("could not be accepted"), "it ran out of descriptors");
    }
}

#[test]
fn large_bodies_that_stall_leave_room_for_small_ones_and_are_bounded() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let headers = [("X-API-Key", &*shop.key), ("Content-Type", "application/json")];
    let large = ad_hoc().to_string() + &" ".repeat(1_000_000);
    let post = |body: &str| {
        let path = "/api/v1/public/checkout/sessions";
        support::send(&shop.address, "POST", path, &headers, body.as_bytes()).unwrap()
    };
    assert_eq!(post(&large).status, 200);
    let head = HALF_BODY.replace("Key: k", &format!("Key: {}", shop.key));
    let stalled = crowd(&sandbox, 60, &head.replace("Length: 100", "Length: 1000000"));
    let refused = loop {
        let answer = post(&large);
        if answer.status != 200 {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(refused.json()["error"]["code"], "overloaded");
    assert_eq!(post(&ad_hoc().to_string()).status, 200);
    drop(stalled);
    while post(&large).status == 503 {}
    assert_eq!(post(&large).status, 200);
}

/// Gives how much memory a process has, in MiB.
#[cfg(target_os = "linux")]
fn resident_mib(sandbox: &Sandbox) -> u64 {
    let path = format!("/proc/{}/status", sandbox.process.id());
    let status = std::fs::read_to_string(path).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() / 1024
}

#[cfg(target_os = "linux")]
#[test]
fn clients_that_do_not_read_take_little_memory_and_give_it_back() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    add_large_products(&shop, 20);
    let before = resident_mib(&sandbox);
    let mut most = 0;
    for _ in 0..3 {
        let deaf = crowd(&sandbox, 560, &list_products(&shop, "?limit=100").repeat(20));
        // What it answers now it has answered to those as well, as far as it goes.
        expect_answers(&sandbox, "among deaf ones");
        most = most.max(resident_mib(&sandbox));
        drop(deaf);
    }
    while shop.get("/api/v1/merchant/catalog/products").status == 503 {}
    let after = resident_mib(&sandbox);
    assert!(most < 128, "{most} MiB, {before} before and {after} after");
    assert!(after < 96, "{after} MiB stay, {before} before and {most} at the most");
}

#[test]
fn a_refusal_arrives_though_the_body_is_still_on_its_way() {
    let sandbox = Sandbox::start(&[]);
    let body = vec![b' '; 16 * 1024 * 1024];
    for (path, status) in [("/api/v1/public/checkout/sessions", 413), ("/nowhere", 404)] {
        let headers =
            [("X-API-Key", &*sandbox.text("api_key")), ("Content-Type", "application/json")];
        let mut stream = support::write(&sandbox.address(), "POST", path, &headers, &body).unwrap();
        let answer = read_answer(&mut stream).unwrap();
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")));
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_client_that_sends_on_after_an_early_refusal_gets_to_read_it() {
    let sandbox = Sandbox::start(&[]);
    let key = sandbox.text("api_key");
    let post = |path: &str, headers: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n")
    };
    let sessions = "/api/v1/public/checkout/sessions";
    let keyed = format!("X-API-Key: {key}\r\nContent-Type: application/json");
    let large = "Content-Length: 8000000";
    for (name, sent, status) in [
        ("too large", post(sessions, &format!("{keyed}\r\n{large}")), 413),
        ("no key", post(sessions, large), 401),
        ("no path", post("/nowhere", large), 404),
        ("no JSON", post(sessions, &format!("X-API-Key: {key}\r\n{large}")), 415),
        ("no method", post("/openapi.json", large), 405),
        ("chunked", post("/nowhere", "Transfer-Encoding: chunked") + "5\r\nhello\r\n", 404),
        ("a large head", format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(70_000)), 431),
        ("no HTTP", "hello\r\n\r\n".into(), 400),
        ("half a body", HALF_BODY.replace("Key: k", &format!("Key: {key}")), 408),
        ("half a head", HALF_HEAD.into(), 408),
    ] {
        let mut stream = connect(&sandbox);
        stream.write_all(sent.as_bytes()).unwrap();
        // The answer is there, and the client does not look yet.
        assert_eq!(stream.peek(&mut [0]).unwrap(), 1, "{name}");
        for _ in 0..40 {
            stream.write_all(&[b' '; 100_000]).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let answer = read_answer(&mut stream).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((answer.status, answer.header("connection")), (status, Some("close")), "{name}");
    }
}

#[test]
fn a_small_body_that_nobody_wanted_leaves_the_connection_open() {
    let sandbox = Sandbox::start(&[]);
    let mut reader = std::io::BufReader::new(connect(&sandbox));
    for path in ["/nowhere", "/api/v1/public/checkout/sessions", "/openapi.json"] {
        let request =
            format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000\r\n\r\n");
        reader.get_mut().write_all(request.as_bytes()).unwrap();
        reader.get_mut().write_all(&[b' '; 3000]).unwrap();
        let answer = support::read_next_answer(&mut reader).unwrap();
        assert!((400..500).contains(&answer.status));
        assert_eq!(answer.header("connection"), None, "{path}");
    }
}
