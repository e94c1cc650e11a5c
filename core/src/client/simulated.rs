//! A network for tests: it answers from a script and keeps what it was sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::transport::{
    BoxFuture, HttpRequest, HttpResponse, Transport, TransportError, TransportErrorKind,
};
use super::{Client, ClientBuilder};

/// What becomes of one attempt.
#[derive(Clone)]
pub(super) enum Step {
    Answer(HttpResponse),
    Fail(TransportErrorKind),
    /// Nothing, ever.
    Hang,
}

/// Answers each attempt with the next step, and the last one for ever.
pub(super) struct Network {
    steps: Mutex<VecDeque<Step>>,
    sent: Mutex<Vec<(Instant, HttpRequest)>>,
}

impl Network {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.into_iter().collect()), sent: Mutex::default() })
    }

    pub(super) fn client(self: &Arc<Self>) -> Client {
        self.builder().build().unwrap()
    }

    pub(super) fn builder(self: &Arc<Self>) -> ClientBuilder {
        Client::builder("sk_live_CANARY").transport(Arc::clone(self))
    }

    pub(super) fn requests(&self) -> Vec<HttpRequest> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|(_, request)| request.clone()).collect()
    }

    pub(super) fn attempts(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    /// The times between the attempts.
    pub(super) fn waits(&self) -> Vec<Duration> {
        let sent = self.sent.lock().unwrap();
        sent.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
    }
}

impl Transport for Network {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        self.sent.lock().unwrap().push((Instant::now(), request));
        let step = {
            let mut steps = self.steps.lock().unwrap();
            let last = steps.len() == 1;
            let step = steps.pop_front().unwrap();
            if last {
                steps.push_back(step.clone());
            }
            step
        };
        Box::pin(async move {
            match step {
                Step::Answer(response) => Ok(response),
                Step::Fail(kind) => Err(TransportError::new(kind, "broken, key sk_live_CANARY")),
                Step::Hang => std::future::pending().await,
            }
        })
    }
}

/// An answer with a status, headers and a body.
pub(super) fn answer(status: u16, headers: &[(&str, &str)], body: impl ToString) -> Step {
    let mut response = http::Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Step::Answer(response.body(body.to_string().into()).unwrap())
}

/// The answer to a session's creation.
pub(super) fn created() -> Step {
    let body = serde_json::json!({
        "success": true, "message": "ok",
        "data": {
            "session": {
                "id": "cs_1", "status": "open", "amount_subtotal": 999, "amount_tax": 80,
                "amount_total": 1079, "currency": "USD", "session_token": "TOKEN_CANARY",
            },
            "url": "https://cashier.faststarpay.com/checkout/cs_1?token=TOKEN_CANARY",
            "session_token": "TOKEN_CANARY",
        },
    });
    answer(200, &[("x-request-id", "req_1")], body)
}

/// A failure with a status and a code.
pub(super) fn failed(status: u16, headers: &[(&str, &str)], code: &str) -> Step {
    let body = serde_json::json!({
        "success": false, "message": "no, sk_live_CANARY", "data": null,
        "error": {"code": code},
    });
    answer(status, headers, body)
}
