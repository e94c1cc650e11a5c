//! Clients that stall, that do not read, or that come in crowds.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

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

#[test]
fn a_refusal_arrives_though_the_body_is_still_on_its_way() {
    let sandbox = Sandbox::start(&[]);
    let body = vec![b' '; 16 * 1024 * 1024];
    for (path, status) in [("/api/v1/public/checkout/sessions", 413), ("/nowhere", 404)] {
        let headers =
            [("X-API-Key", &*sandbox.text("api_key")), ("Content-Type", "application/json")];
        let mut stream = support::write(&sandbox.address(), "POST", path, &headers, &body).unwrap();
        assert_eq!(read_answer(&mut stream).unwrap().status, status);
        assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    }
}
