//! What a call writes to `tracing`: one span, and an event for each retry. Nothing without the feature.

use std::time::Duration;

use http::Method;

use crate::error::Error;

use super::observer::CallInfo;

/// The span of a call.
#[derive(Clone)]
pub(super) struct CallSpan {
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

#[cfg(feature = "tracing")]
impl CallSpan {
    pub(super) fn new(method: &Method, path: &'static str) -> Self {
        use tracing::field::Empty;

        let span = tracing::info_span!(
            "faststar.request",
            %method,
            path,
            attempts = Empty,
            status = Empty,
            request_id = Empty,
            idempotency_key = Empty,
            outcome_unknown = Empty,
            error = Empty,
            elapsed_ms = Empty,
        );
        Self { span }
    }

    pub(super) async fn run<F: Future>(&self, work: F) -> F::Output {
        use tracing::Instrument;

        work.instrument(self.span.clone()).await
    }

    pub(super) fn end(&self, call: &CallInfo<'_>) {
        self.span.record("attempts", call.attempts);
        self.span.record("elapsed_ms", millis(call.duration));
        self.span.record("error", call.error_code);
        self.span.record("status", call.status);
        self.span.record("request_id", call.request_id);
        self.span.record("idempotency_key", call.idempotency_key);
        self.span.record("outcome_unknown", call.outcome_unknown);
    }
}

#[cfg(feature = "tracing")]
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(feature = "tracing")]
pub(super) fn retrying(attempt: u32, wait: Duration, error: &Error) {
    let (status, code) = (error.status(), error.code());
    tracing::debug!(attempt, wait_ms = millis(wait), status, code, "retrying");
}

#[cfg(feature = "tracing")]
pub(super) fn budget_is_spent() {
    tracing::debug!("not retrying: the retry budget is spent");
}

#[cfg(feature = "tracing")]
pub(super) fn observer_panicked(path: &str) {
    tracing::error!(path, "an observer panicked; the call goes on");
}

#[cfg(not(feature = "tracing"))]
impl CallSpan {
    pub(super) fn new(_: &Method, _: &'static str) -> Self {
        Self {}
    }

    pub(super) async fn run<F: Future>(&self, work: F) -> F::Output {
        work.await
    }

    pub(super) fn end(&self, _: &CallInfo<'_>) {}
}

#[cfg(not(feature = "tracing"))]
pub(super) fn retrying(_: u32, _: Duration, _: &Error) {}

#[cfg(not(feature = "tracing"))]
pub(super) fn budget_is_spent() {}

#[cfg(not(feature = "tracing"))]
pub(super) fn observer_panicked(_: &str) {}
