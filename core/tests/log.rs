//! What the client logs. Alone in its program: a subscriber sees the spans of all tests.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use faststar::client::{BoxFuture, HttpRequest, HttpResponse, Transport, TransportError, http};
use faststar::{Client, CreateSession, LineItem};
use tracing_subscriber::fmt::format::FmtSpan;

/// Fails first and then answers, and echoes the key wherever it can.
struct Echo(AtomicUsize);

impl Transport for Echo {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let (status, body) = match self.0.fetch_add(1, Ordering::Relaxed) {
            0 => (
                503,
                r#"{"success": false, "message": "KEY_CANARY", "error": {"code": "KEY_CANARY"}}"#,
            ),
            _ => (
                200,
                r#"{"success": true, "data": {
                    "session": {"id": "cs_1", "status": "open", "session_token": "TOKEN_CANARY"},
                    "url": "https://cashier.faststarpay.com/checkout/cs_1?token=TOKEN_CANARY"
                }}"#,
            ),
        };
        let response = http::Response::builder()
            .status(status)
            .header("x-request-id", "req_KEY_CANARY")
            .header("retry-after", "1")
            .body(body.into());
        Box::pin(async { Ok(response.unwrap()) })
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_is_one_span_without_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let client = Client::builder("KEY_CANARY").transport(Echo(AtomicUsize::new(0)));
    let client = client.build().unwrap();
    let item = LineItem::price("price_1").description("BODY_CANARY");
    let call = client.checkout().sessions().create(CreateSession::payment([item]));
    call.idempotency_key("order_1").await.unwrap();

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in [
        "faststar.request{method=POST path=\"/public/checkout/sessions\"",
        "retrying attempt=1 wait_ms=1000 status=503 code=\"[redacted]\"",
        "attempts=2",
        "elapsed_ms=1000",
        "status=200",
        "request_id=\"req_[redacted]\"",
    ] {
        assert!(log.contains(part), "{part} is not in\n{log}");
    }
    assert_eq!(log.matches(": new").count(), 1, "{log}");
    assert!(!log.contains("CANARY"), "{log}");
}
