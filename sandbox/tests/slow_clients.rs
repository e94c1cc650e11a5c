//! Clients that stall.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use support::{Sandbox, ad_hoc, read_answer};

fn connect(sandbox: &Sandbox) -> TcpStream {
    let stream = TcpStream::connect(sandbox.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
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
