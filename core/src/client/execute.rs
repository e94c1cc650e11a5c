//! Carries one operation out: attempts and waits within one deadline.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{Error, ErrorKind, NetworkError, Result, code};

use super::Client;
use super::builder::{check_duration, misconfigured};
use super::envelope;
use super::observer::{AttemptInfo, CallInfo, Observer};
use super::redact::{clean, clean_headers};
use super::request::{IDEMPOTENCY_KEY, Request};
use super::response::Response;
use super::retry::{self, Decision};
use super::trace::{self, CallSpan};
use super::transport::{HttpRequest, TransportError, TransportErrorKind};

/// Per-call overrides.
#[derive(Clone, Default)]
pub(super) struct Options {
    pub(super) idempotency_key: Option<String>,
    pub(super) timeout: Option<Duration>,
    /// How much of the timeout has passed before the call was sent.
    pub(super) waited: Duration,
    pub(super) max_retries: Option<u32>,
}

/// Sends a request until it is answered, it cannot be, or its time is up.
pub(super) async fn execute<T: DeserializeOwned + Send>(
    client: &Client,
    request: &Request,
    options: &Options,
) -> Result<Response<T>> {
    let mut value = None;
    let mut read = |data: &RawValue| {
        value = Some(envelope::decode(data)?);
        Ok(())
    };
    let response = carry_out(client, request, options, &mut read).await?;
    Ok(response.with_value(value.expect("a call that succeeded has read its value")))
}

/// Reads an answer's `data`. Behind a reference, so that there is one copy of the attempts for all types.
type Read<'r> = &'r mut (dyn FnMut(&RawValue) -> Result<()> + Send);

async fn carry_out(
    client: &Client,
    request: &Request,
    options: &Options,
    read: Read<'_>,
) -> Result<Response<()>> {
    let mut operation = Operation::new(client, request, options)?;
    let span = operation.span.clone();
    let run = AssertUnwindSafe(span.run(operation.run(read))).catch_unwind().await;
    let result = run.unwrap_or_else(|panic| Err(of_runtime(panic)));
    let result = result.map_err(|error| operation.finish(error));
    operation.has_ended = true;
    operation.tell_call(Told::of(result.as_ref()));
    result
}

struct Operation<'a> {
    client: &'a Client,
    /// Sent as it is on every attempt, and so with one idempotency key.
    request: HttpRequest,
    /// The path with `:id` in it.
    path: &'static str,
    /// Whether it changes something.
    has_effect: bool,
    /// Whether an attempt may have taken effect although no answer says so.
    outcome_unknown: bool,
    max_attempts: u32,
    /// Whether the number of attempts was given for this call, which the budget then does not cut.
    attempts_are_explicit: bool,
    timeout: Duration,
    started: Instant,
    deadline: Instant,
    attempt: u32,
    span: CallSpan,
    has_ended: bool,
}

/// An attempt that failed.
struct Failure {
    error: Error,
    /// Whether the server may have acted on the request.
    outcome_unknown: bool,
}

impl<'a> Operation<'a> {
    fn new(client: &'a Client, request: &Request, options: &Options) -> Result<Self> {
        if Handle::try_current().is_err() {
            return Err(misconfigured(
                "runtime",
                "the client must be called on a tokio runtime; \
                 without one, use faststar::blocking::Client",
            ));
        }
        let config = &client.inner.config;
        let timeout = check_duration(options.timeout.unwrap_or(config.timeout), "timeout")?;
        let retries = options.max_retries.unwrap_or(config.max_retries);
        let started = Instant::now();
        let left = timeout.saturating_sub(options.waited);
        Ok(Self {
            client,
            request: request.to_http(config, options.idempotency_key.as_deref())?,
            path: request.path(),
            has_effect: request.has_effect(),
            outcome_unknown: false,
            max_attempts: retries.saturating_add(1),
            attempts_are_explicit: options.max_retries.is_some(),
            timeout,
            started,
            deadline: started.checked_add(left).unwrap_or_else(|| far(started)),
            attempt: 0,
            span: CallSpan::new(&request.method(), request.path()),
            has_ended: false,
        })
    }

    async fn run(&mut self, read: Read<'_>) -> Result<Response<()>> {
        if Instant::now() >= self.deadline {
            return Err(self.timed_out(None));
        }
        let mut last = None;
        loop {
            self.attempt += 1;
            let started = Instant::now();
            let failure = match timeout_at(self.deadline, self.try_once(read)).await {
                Ok(Ok(response)) => {
                    self.client.inner.budget.note_success();
                    self.tell_attempt(started, Told::of(Ok(&response)), None);
                    return Ok(response);
                }
                Ok(Err(failure)) => failure,
                Err(_) => {
                    self.outcome_unknown |= self.has_effect;
                    let error = self.timed_out(last);
                    self.tell_attempt(started, Told::of(Err(&error)), None);
                    return Err(error);
                }
            };
            self.outcome_unknown |= self.has_effect && failure.outcome_unknown;
            let decision = self.decide(&failure.error);
            let told = Told::of(Err(&failure.error));
            let Decision::RetryAfter(wait) = decision else {
                self.tell_attempt(started, told, None);
                return Err(failure.error);
            };
            self.tell_attempt(started, told, Some(wait));
            trace::retrying(self.attempt, wait, &failure.error);
            last = Some(failure.error);
            sleep(wait).await;
        }
    }

    async fn try_once(&self, read: Read<'_>) -> Result<Response<()>, Failure> {
        let inner = &self.client.inner;
        let api_key = &inner.config.api_key;
        let response = match inner.transport.send(self.request.clone()).await {
            Ok(response) => response,
            Err(error) => {
                return Err(Failure {
                    error: unanswered(&error, &clean(error.message(), api_key)),
                    outcome_unknown: error.kind().may_have_been_sent(),
                });
            }
        };
        let request_id = response.headers().get("x-request-id");
        let request_id = request_id.and_then(|value| value.to_str().ok());
        let request_id = request_id.map(|id| clean(id, api_key));
        let status = response.status().as_u16();
        let (error, may_pass) = match envelope::open(&response, api_key, &inner.config.terms) {
            Ok(data) => match read(&data) {
                Ok(()) => return Ok(Response::new(data, status, request_id, self.attempt)),
                // Data of another shape has the same shape the next time.
                Err(error) => (error.with_status(status), false),
            },
            Err(error) => (error, true),
        };
        let retry_after = retry::retry_after(response.headers(), Timestamp::now());
        let transient = may_pass && retry::is_transient(status, error.code(), retry_after);
        let is_from_api = envelope::is_from_api(&response);
        let outcome_unknown =
            retry::leaves_outcome_unknown(status, error.code(), retry_after, is_from_api);
        let error = error
            .with_request_id(request_id)
            .with_retryable(transient)
            .with_retry_after(retry_after)
            .with_headers(clean_headers(response.headers(), api_key));
        Err(Failure { error, outcome_unknown })
    }

    fn decide(&self, error: &Error) -> Decision {
        let failed = retry::FailedAttempt {
            number: self.attempt,
            max_attempts: self.max_attempts,
            is_transient: error.is_retryable(),
            retry_after: error.retry_after(),
            remaining: self.deadline.saturating_duration_since(Instant::now()),
            // Without random bits the longest wait is the polite one.
            random: getrandom::u32().unwrap_or(u32::MAX),
        };
        match failed.decision() {
            Decision::RetryAfter(_) if !self.may_retry(error) => {
                trace::budget_is_spent();
                Decision::GiveUp
            }
            decision => decision,
        }
    }

    /// Takes what a retry costs from the budget; tells whether the retry may be made.
    fn may_retry(&self, error: &Error) -> bool {
        // Waiting for the operation's own key is no load that an outage would grow by.
        if error.status() == Some(409) {
            return true;
        }
        self.client.inner.budget.pay_for_retry(Instant::now()) || self.attempts_are_explicit
    }

    /// Adds to the call's error what the attempts before it have to say.
    fn finish(&self, error: Error) -> Error {
        error
            .with_attempts(self.attempt)
            .with_idempotency_key(self.idempotency_key().map(str::to_owned))
            .with_outcome_unknown(self.outcome_unknown)
    }

    fn idempotency_key(&self) -> Option<&str> {
        self.request.headers().get(IDEMPOTENCY_KEY)?.to_str().ok()
    }

    fn timed_out(&self, last: Option<Error>) -> Error {
        let message = format!("no answer within {:?} (attempts: {})", self.timeout, self.attempt);
        let error = Error::new(ErrorKind::Timeout, code::TIMEOUT, message)
            .with_network_error(Some(NetworkError::Timeout))
            .with_retryable(true);
        match last {
            Some(last) => error.with_source(last),
            None => error,
        }
    }

    fn tell_attempt(&self, started: Instant, told: Told<'_>, retry_in: Option<Duration>) {
        let info = AttemptInfo {
            method: self.request.method().as_str(),
            path: self.path,
            attempt: self.attempt,
            duration: started.elapsed(),
            status: told.status,
            request_id: told.request_id,
            idempotency_key: self.idempotency_key(),
            error_code: told.error_code,
            network_error: told.network_error,
            retry_in,
        };
        self.observe(|observer| observer.on_attempt(&info));
    }

    fn tell_call(&self, told: Told<'_>) {
        let info = CallInfo {
            method: self.request.method().as_str(),
            path: self.path,
            attempts: self.attempt,
            duration: self.started.elapsed(),
            status: told.status,
            request_id: told.request_id,
            idempotency_key: self.idempotency_key(),
            error_code: told.error_code,
            network_error: told.network_error,
            outcome_unknown: self.outcome_unknown && told.error_code.is_some(),
        };
        self.span.end(&info);
        self.observe(|observer| observer.on_call(&info));
    }

    /// Tells the observer, whose panic must not cost a result that the server gave.
    fn observe(&self, tell: impl FnOnce(&dyn Observer)) {
        let Some(observer) = &self.client.inner.config.observer else { return };
        if catch_unwind(AssertUnwindSafe(|| tell(observer.as_ref()))).is_err() {
            trace::observer_panicked(self.path);
        }
    }
}

/// A call that its caller drops, as a time-out around it does, is told too: its key is the way to ask for the
/// outcome.
impl Drop for Operation<'_> {
    fn drop(&mut self) {
        if self.has_ended || self.attempt == 0 {
            return;
        }
        self.outcome_unknown |= self.has_effect;
        let error_code = Some(code::ABORTED);
        self.tell_call(Told { status: None, request_id: None, error_code, network_error: None });
    }
}

/// What is told of an outcome.
struct Told<'a> {
    status: Option<u16>,
    request_id: Option<&'a str>,
    error_code: Option<&'a str>,
    network_error: Option<NetworkError>,
}

impl<'a> Told<'a> {
    fn of(outcome: Result<&'a Response<()>, &'a Error>) -> Self {
        match outcome {
            Ok(response) => Self {
                status: Some(response.status()),
                request_id: response.request_id(),
                error_code: None,
                network_error: None,
            },
            Err(error) => Self {
                status: error.status(),
                request_id: error.request_id(),
                error_code: Some(error.code()),
                network_error: error.network_error(),
            },
        }
    }
}

/// Makes the error of an attempt that got no answer.
fn unanswered(error: &TransportError, message: &str) -> Error {
    let (kind, code) = match error.kind() {
        TransportErrorKind::Connect
        | TransportErrorKind::Interrupted
        | TransportErrorKind::Other => (ErrorKind::Connection, code::CONNECTION_FAILED),
        TransportErrorKind::Certificate => (ErrorKind::Connection, code::CERTIFICATE_INVALID),
        TransportErrorKind::Timeout => (ErrorKind::Timeout, code::TIMEOUT),
        TransportErrorKind::TooLarge => (ErrorKind::UnexpectedResponse, code::RESPONSE_TOO_LARGE),
    };
    Error::new(kind, code, message)
        .with_network_error(error.network_error())
        .with_retryable(error.kind().is_transient())
}

/// Makes an error of tokio's panic on a runtime that has no timers or no sockets; no other panic is
/// held up.
fn of_runtime(panic: Box<dyn Any + Send>) -> Error {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    if !text.is_some_and(|text| text.contains("Tokio") && text.contains("disabled")) {
        resume_unwind(panic);
    }
    misconfigured(
        "runtime",
        "the client needs the runtime's timers and sockets; build the runtime with enable_all()",
    )
}

/// A deadline that is as good as none, for a timeout beyond what the clock can tell.
fn far(now: Instant) -> Instant {
    now + Duration::from_secs(30 * 365 * 86_400)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::client::ClientBuilder;
    use crate::client::Observer;
    use crate::client::call::Call;
    use crate::client::simulated::{Network, Step, answer, created, failed};
    use crate::line_item::LineItem;
    use crate::session::{CreateSession, CreatedSession};

    use super::*;

    fn create(client: &Client) -> Call<CreatedSession> {
        let request = CreateSession::payment([LineItem::price("price_1")]);
        client.checkout().sessions().create(request)
    }

    async fn outcome(steps: Vec<Step>) -> (Arc<Network>, Result<Response<CreatedSession>>) {
        let network = Network::new(steps);
        let result = create(&network.client()).await;
        (network, result)
    }

    async fn refusal(steps: Vec<Step>) -> (Arc<Network>, Error) {
        let (network, result) = outcome(steps).await;
        (network, result.unwrap_err())
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_comes_with_its_request_id() {
        let (network, result) = outcome(vec![created()]).await;
        let created = result.unwrap();
        assert_eq!(created.session.amount_total, 1079);
        assert_eq!(created.request_id(), Some("req_1"));
        assert_eq!((created.status(), created.attempts()), (200, 1));
        assert_eq!(network.attempts(), 1);
        assert!(!format!("{created:?}").contains("CANARY"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again_with_the_same_idempotency_key() {
        use TransportErrorKind::{Connect, Interrupted, Timeout};
        for step in [
            Step::Fail(Connect),
            Step::Fail(Interrupted),
            Step::Fail(Timeout),
            failed(409, &[], "idempotency_in_flight"),
            failed(409, &[("retry-after", "1")], ""),
            failed(429, &[], "rate_limited"),
            failed(500, &[], ""),
            answer(502, &[], "<html>"),
            failed(503, &[], "overloaded"),
            answer(504, &[], ""),
            answer(200, &[], "<html>"),
            answer(200, &[], ""),
            answer(201, &[], r#"{"success": true, "data": {"sess"#),
            answer(200, &[], r#"{"success": true, "data": null}"#),
        ] {
            let (network, result) = outcome(vec![step.clone(), step, created()]).await;
            assert_eq!(result.unwrap().attempts(), 3);
            let requests = network.requests();
            let keys: Vec<_> =
                requests.iter().map(|request| &request.headers()["idempotency-key"]).collect();
            assert_eq!(keys.len(), 3);
            assert!(keys.iter().all(|key| *key == keys[0]));
            assert!(requests.iter().all(|r| r.body() == requests[0].body()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_not_tried_again() {
        for (step, code) in [
            (failed(400, &[("retry-after", "1")], "out_of_range"), "out_of_range"),
            (failed(401, &[], ""), "invalid_api_key"),
            (failed(409, &[], "session_expired"), "session_expired"),
            (failed(422, &[], "idempotency_key_reused"), "idempotency_key_reused"),
            (failed(501, &[], ""), "request_failed"),
            (answer(302, &[("location", "https://evil.example")], ""), "unexpected_response"),
            (Step::Fail(TransportErrorKind::TooLarge), "response_too_large"),
            (Step::Fail(TransportErrorKind::Other), "connection_failed"),
            (Step::Fail(TransportErrorKind::Certificate), "certificate_invalid"),
        ] {
            let (network, error) = refusal(vec![step]).await;
            assert_eq!(error.code(), code);
            assert!(!error.is_retryable());
            assert_eq!((network.attempts(), error.attempts()), (1, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_failure_is_the_error() {
        let (network, error) = refusal(vec![failed(503, &[("x-request-id", "req_9")], "")]).await;
        assert_eq!((network.attempts(), error.attempts()), (3, 3));
        assert_eq!((error.kind(), error.status()), (ErrorKind::Server, Some(503)));
        assert_eq!(error.request_id(), Some("req_9"));
        assert!(error.is_retryable());
        let (network, error) = refusal(vec![Step::Fail(TransportErrorKind::Connect)]).await;
        assert_eq!(network.attempts(), 3);
        assert_eq!(error.kind(), ErrorKind::Connection);
        assert!(error.is_retryable());
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_s_wish_is_waited_for() {
        let wishes = [
            failed(429, &[("retry-after", "7")], ""),
            failed(
                503,
                &[
                    ("date", "Sun, 22 Nov 2026 12:00:00 GMT"),
                    ("retry-after", "Sun, 22 Nov 2026 12:00:09 GMT"),
                ],
                "",
            ),
            created(),
        ];
        let (network, result) = outcome(wishes.into()).await;
        result.unwrap();
        let waits: Vec<_> = network.waits().iter().map(Duration::as_secs).collect();
        assert_eq!(waits, [7, 9]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wish_beyond_a_minute_or_the_deadline_ends_the_call() {
        let started = Instant::now();
        let (network, error) = refusal(vec![failed(429, &[("retry-after", "61")], "")]).await;
        assert_eq!((network.attempts(), error.status()), (1, Some(429)));
        let network = Network::new([failed(429, &[("retry-after", "5")], ""), created()]);
        let error = create(&network.client()).timeout(seconds(5)).await.unwrap_err();
        assert_eq!((network.attempts(), error.status()), (1, Some(429)));
        assert_eq!(started.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_wish_the_waits_are_short_and_spread() {
        let mut waits = Vec::new();
        for _ in 0..50 {
            let (network, _) = refusal(vec![failed(500, &[], "")]).await;
            waits.push(network.waits());
        }
        assert!(waits.iter().all(|w| w[0] <= seconds(1) && w[1] <= seconds(2)));
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 10, "{waits:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_deadline_holds_over_all_attempts() {
        let started = Instant::now();
        let (network, error) = refusal(vec![Step::Hang]).await;
        assert_eq!(started.elapsed(), seconds(30));
        assert_eq!(network.attempts(), 1);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Timeout, "timeout"));
        assert_eq!(error.message(), "no answer within 30s (attempts: 1)");
        assert!(error.is_retryable());

        let started = Instant::now();
        let network = Network::new([failed(503, &[("retry-after", "4")], ""), Step::Hang]);
        let error = create(&network.client()).timeout(seconds(10)).await.unwrap_err();
        assert_eq!(started.elapsed(), seconds(10));
        assert_eq!(network.attempts(), 2);
        assert_eq!(error.message(), "no answer within 10s (attempts: 2)");
        let source = std::error::Error::source(&error).unwrap();
        assert!(source.to_string().contains("status 503"), "{source}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_caller_waited_counts_in_the_timeout() {
        let network = Network::new([Step::Hang]);
        let started = Instant::now();
        let call = create(&network.client()).timeout(seconds(10)).waited(seconds(8));
        assert_eq!(call.await.unwrap_err().message(), "no answer within 10s (attempts: 1)");
        assert_eq!(started.elapsed(), seconds(2));

        let network = Network::new([Step::Hang]);
        let call = create(&network.client()).timeout(seconds(10)).waited(seconds(10));
        let error = call.await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0));
        assert!(!error.is_outcome_unknown());
        assert_eq!(network.attempts(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_s_options_win_over_the_client_s() {
        let network = Network::new([failed(500, &[], "")]);
        let client = network.builder().max_retries(5).build().unwrap();
        let call = create(&client).max_retries(0).idempotency_key("order_1");
        call.send().await.unwrap_err();
        assert_eq!(network.attempts(), 1);
        assert_eq!(network.requests()[0].headers()["idempotency-key"], "order_1");
        create(&client).timeout(Duration::MAX).await.unwrap_err();
        assert_eq!(network.attempts(), 7);
        let error = create(&client).timeout(Duration::ZERO).await.unwrap_err();
        assert_eq!(error.param(), Some("timeout"));
        let error = create(&client).idempotency_key("a b").await.unwrap_err();
        assert_eq!(error.param(), Some("idempotency_key"));
        assert_eq!(network.attempts(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_not_made_worse() {
        let network = Network::new([failed(503, &[], "")]);
        let client = network.client();
        let started = Instant::now();
        for _ in 0..1_000 {
            create(&client.clone()).await.unwrap_err();
        }
        let seconds = usize::try_from(started.elapsed().as_secs()).unwrap();
        let retries = network.attempts() - 1_000;
        assert!((20..=21 + seconds).contains(&retries), "{retries} in {seconds} s");
    }

    #[tokio::test(start_paused = true)]
    async fn retries_come_back_after_an_outage() {
        let network = Network::new([failed(503, &[], "")]);
        let client = network.client();
        for _ in 0..1_000 {
            create(&client).await.unwrap_err();
        }
        for (pause, may) in [(0, false), (1, true), (20, true)] {
            tokio::time::sleep(seconds(pause)).await;
            let error = create(&client).await.unwrap_err();
            assert_eq!(error.attempts() > 1, may, "after {pause} s");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_explicit_number_of_retries_wins_over_the_budget() {
        let network = Network::new([failed(503, &[], "")]);
        let client = network.client();
        for _ in 0..1_000 {
            create(&client).await.unwrap_err();
        }
        let error = create(&client).max_retries(4).timeout(seconds(300)).await.unwrap_err();
        assert_eq!(error.attempts(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_one_s_own_key_takes_nothing_of_the_budget() {
        let network = Network::new([failed(409, &[], "idempotency_in_flight")]);
        let client = network.client();
        let started = Instant::now();
        for _ in 0..1_000 {
            assert_eq!(create(&client).await.unwrap_err().attempts(), 3);
        }
        assert!(started.elapsed() > Duration::ZERO);
        assert_eq!(network.attempts(), 3_000);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_has_the_key_and_says_whether_the_outcome_is_known() {
        use TransportErrorKind::{Certificate, Connect, Interrupted, Other, Timeout, TooLarge};
        let misfit = answer(200, &[], r#"{"success": true, "data": {"url": 1}}"#);
        for (steps, unknown) in [
            (vec![Step::Fail(Connect)], false),
            (vec![Step::Fail(Certificate)], false),
            (vec![Step::Fail(Other)], false),
            (vec![Step::Fail(Interrupted)], true),
            (vec![Step::Fail(Timeout)], true),
            (vec![Step::Fail(TooLarge)], true),
            (vec![Step::Hang], true),
            (vec![answer(200, &[], "")], true),
            (vec![misfit], true),
            (vec![answer(302, &[("location", "/login")], "")], true),
            (vec![failed(400, &[], "out_of_range")], false),
            (vec![failed(409, &[], "session_expired")], false),
            (vec![failed(409, &[], "idempotency_in_flight")], true),
            (vec![failed(409, &[("retry-after", "1")], "")], true),
            (vec![failed(429, &[], "")], false),
            (vec![failed(500, &[], "")], true),
            (vec![failed(502, &[], "")], true),
            (vec![failed(503, &[], "")], false),
            (vec![answer(503, &[], "<html>")], true),
            (vec![answer(503, &[], "")], true),
            (vec![failed(504, &[], "")], true),
            // An earlier attempt counts too.
            (vec![Step::Fail(Interrupted), failed(503, &[], "")], true),
            (vec![Step::Fail(Connect), Step::Hang], true),
        ] {
            let (network, error) = refusal(steps).await;
            assert_eq!(error.is_outcome_unknown(), unknown, "{error:?}");
            let key = error.idempotency_key().unwrap();
            assert_eq!(network.requests()[0].headers()["idempotency-key"], key);
            assert_eq!(error.to_string().contains(key), unknown, "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_changes_nothing_has_no_key_and_its_outcome_is_known() {
        for step in [Step::Hang, answer(200, &[], ""), failed(500, &[], "")] {
            let client = Network::new([step]).client();
            let error = client.checkout().sessions().retrieve("cs_1").await.unwrap_err();
            assert_eq!((error.idempotency_key(), error.is_outcome_unknown()), (None, false));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_has_the_answer_s_headers_and_its_wish() {
        let headers = [
            ("retry-after", "90"),
            ("X-Request-Id", "req_1"),
            ("x-echo", "key sk_live_CANARY"),
            ("set-cookie", "session=SECRET"),
        ];
        let (_, error) = refusal(vec![failed(503, &headers, "overloaded")]).await;
        assert_eq!(error.retry_after(), Some(seconds(90)));
        let headers: Vec<_> = error.headers().collect();
        assert_eq!(
            headers,
            [("retry-after", "90"), ("x-request-id", "req_1"), ("x-echo", "key [redacted]")]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_observer_that_panics_costs_no_result() {
        struct Broken;
        impl Observer for Broken {
            fn on_attempt(&self, _: &AttemptInfo<'_>) {
                panic!("the metrics are down");
            }
            fn on_call(&self, _: &CallInfo<'_>) {
                panic!("the metrics are down");
            }
        }
        let network = Network::new([failed(503, &[], ""), created()]);
        let client = network.builder().observer(Arc::new(Broken)).build().unwrap();
        assert_eq!(create(&client).await.unwrap().attempts(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_request_is_not_sent() {
        let network = Network::new([created()]);
        let request = CreateSession::payment([LineItem::price("price_1").quantity(0)]);
        let sessions = network.client();
        let error = sessions.checkout().sessions().create(request).await.unwrap_err();
        assert_eq!(error.param(), Some("line_items[0].quantity"));
        assert_eq!((error.status(), error.attempts(), network.attempts()), (None, 0, 0));
    }

    /// Writes down what it is told, one line each.
    #[derive(Default)]
    struct Heard(std::sync::Mutex<Vec<String>>);

    impl Observer for Heard {
        fn on_attempt(&self, attempt: &AttemptInfo<'_>) {
            self.0.lock().unwrap().push(format!("{attempt:?}"));
        }

        fn on_call(&self, call: &CallInfo<'_>) {
            self.0.lock().unwrap().push(format!("{call:?}"));
        }
    }

    async fn heard(steps: Vec<Step>) -> Vec<String> {
        let observer = Arc::<Heard>::default();
        let network = Network::new(steps);
        let builder = network.builder().observer(Arc::clone(&observer) as Arc<dyn Observer>);
        let _ = create(&builder.build().unwrap()).idempotency_key("order_1").await;
        std::mem::take(&mut *observer.0.lock().unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn an_observer_hears_of_each_attempt_and_of_the_call() {
        let busy = [("retry-after", "7"), ("x-request-id", "req sk_live_CANARY")];
        let heard = heard(vec![failed(503, &busy, "overloaded"), created()]).await;
        let of = r#"method: "POST", path: "/public/checkout/sessions""#;
        let key = r#"idempotency_key: Some("order_1")"#;
        let wanted = [
            format!(
                "AttemptInfo {{ {of}, attempt: 1, duration: 0ns, status: Some(503), \
                 request_id: Some(\"req [redacted]\"), {key}, error_code: Some(\"overloaded\"), \
                 network_error: None, retry_in: Some(7s) }}"
            ),
            format!(
                "AttemptInfo {{ {of}, attempt: 2, duration: 0ns, status: Some(200), \
                 request_id: Some(\"req_1\"), {key}, error_code: None, network_error: None, \
                 retry_in: None }}"
            ),
            format!(
                "CallInfo {{ {of}, attempts: 2, duration: 7s, status: Some(200), \
                 request_id: Some(\"req_1\"), {key}, error_code: None, network_error: None, \
                 outcome_unknown: false }}"
            ),
        ];
        assert_eq!(heard, wanted);
    }

    #[tokio::test(start_paused = true)]
    async fn an_observer_hears_why_a_call_failed() {
        let unreadable = answer(200, &[], r#"{"success": true, "data": {"url": 1}}"#);
        for (step, code, duration) in [
            (Step::Hang, "timeout", "30s"),
            (Step::Fail(TransportErrorKind::Certificate), "certificate_invalid", "0ns"),
            (failed(401, &[], "sk_live_CANARY"), "[redacted]", "0ns"),
            (unreadable, "unexpected_response", "0ns"),
        ] {
            let heard = heard(vec![step]).await;
            let (code, duration) = (format!("Some({code:?})"), format!("duration: {duration}"));
            assert_eq!(heard.len(), 2, "{heard:?}");
            assert!(heard.iter().all(|line| line.contains(&code)), "{heard:?}");
            assert!(heard.iter().all(|line| line.contains(&duration)), "{heard:?}");
            assert!(heard.iter().all(|line| !line.contains("CANARY")), "{heard:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_cannot_be_read_is_told_with_its_request_id() {
        let unreadable = r#"{"success": true, "data": {"url": 1}}"#; // another shape
        let (network, error) =
            refusal(vec![answer(200, &[("x-request-id", "req_2")], unreadable)]).await;
        assert_eq!((error.code(), error.status()), ("unexpected_response", Some(200)));
        assert_eq!((error.request_id(), error.attempts()), (Some("req_2"), 1));
        assert_eq!(network.attempts(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_call_drops_its_request() {
        let network = Network::new([Step::Hang]);
        let client = network.client();
        let dropped = tokio::time::timeout(seconds(1), create(&client)).await;
        assert!(dropped.is_err());
        tokio::time::sleep(seconds(60)).await;
        assert_eq!(network.attempts(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_call_is_told_with_its_key() {
        let observer = Arc::<Heard>::default();
        let network = Network::new([Step::Hang]);
        let builder = network.builder().observer(Arc::clone(&observer) as Arc<dyn Observer>);
        let client = builder.build().unwrap();
        let call = create(&client).idempotency_key("order_1").send();
        assert!(tokio::time::timeout(seconds(1), call).await.is_err());
        // Never sent, so there is nothing to tell.
        drop(create(&client).send());
        let heard = observer.0.lock().unwrap();
        assert_eq!(heard.len(), 1, "{heard:?}");
        for part in ["\"order_1\"", "Some(\"aborted\")", "outcome_unknown: true", "duration: 1s"] {
            assert!(heard[0].contains(part), "{part} is not in {heard:?}");
        }
    }

    #[test]
    fn without_a_runtime_there_is_an_error_and_no_panic() {
        let call = create(&Network::new([created()]).client());
        let waker = std::task::Waker::noop();
        let mut future = std::pin::pin!(call.send());
        let polled = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
        match polled {
            std::task::Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::Configuration)
            }
            _ => panic!("there is no runtime to wait on"),
        }
    }

    #[test]
    fn a_runtime_without_timers_or_sockets_is_an_error_and_no_panic() {
        let call = || {
            let client = Client::builder("sk_1").base_url("http://127.0.0.1:9").build().unwrap();
            async move { create(&client).await.unwrap_err() }
        };
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let bare = builder.build().unwrap();
        let timed = builder.enable_time().build().unwrap();
        for runtime in [bare, timed] {
            let error = runtime.block_on(call());
            assert_eq!((error.kind(), error.param()), (ErrorKind::Configuration, Some("runtime")));
            assert!(error.message().contains("enable_all()"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_secret_is_told() {
        let echo = [("x-request-id", "req sk_live_CANARY"), ("retry-after", "1")];
        let (_, answered) = outcome(vec![failed(503, &echo, "sk_live_CANARY"), created()]).await;
        let (_, refused) = refusal(vec![failed(401, &echo, "sk_live_CANARY")]).await;
        let (_, broken) = refusal(vec![Step::Fail(TransportErrorKind::Connect)]).await;
        let network = Network::new([failed(503, &echo, "sk_live_CANARY"), Step::Hang]);
        let late = create(&network.client()).await.unwrap_err();
        let call = create(&network.client()).idempotency_key("order_1");
        let told =
            format!("{answered:?} {refused} {refused:?} {broken:?} {late} {late:?} {call:?}");
        assert!(told.contains("[redacted]"), "{told}");
        assert!(!told.contains("CANARY"), "{told}");
    }

    #[test]
    fn a_client_can_be_shared() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        fn sent<T: Send>(_: T) {}
        shared::<Client>();
        let client = Network::new([created()]).client();
        sent(create(&client).send());
        sent(client.catalog().prices().list().stream());
        let _: fn(ClientBuilder) -> Result<Client> = ClientBuilder::build;
    }
}
