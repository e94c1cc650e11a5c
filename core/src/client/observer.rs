//! What a program can watch of its calls: for its log, its metrics, its traces.

use std::time::Duration;

use crate::error::NetworkError;

/// Is told of what a client does, as it ends.
///
/// Nothing that it is told is a secret: a path has `:id` in the place of an id, and there is no body
/// and no message. It is called on the task that makes the call, so it should be quick and must not
/// block. A panic of its costs no result: it is logged, and the call goes on. A call that is dropped
/// before it ended, as a time-out around it does, is told with the code `aborted`; one that was refused
/// before it was sent is not told.
///
/// The same is in the `tracing` span `faststar.request`; a language package hands it to the logging
/// of its language.
///
/// ```
/// use std::sync::Arc;
///
/// use faststar::Client;
/// use faststar::client::{CallInfo, Observer};
///
/// struct Slow;
///
/// impl Observer for Slow {
///     fn on_call(&self, call: &CallInfo<'_>) {
///         if call.duration.as_secs() > 5 {
///             eprintln!("{} {}: {:?} after {:?}", call.method, call.path, call.status, call.duration);
///         }
///     }
/// }
///
/// let client = Client::builder("sk_test_1").observer(Arc::new(Slow)).build()?;
/// # Ok::<(), faststar::Error>(())
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Hears of an attempt that has ended.
    fn on_attempt(&self, attempt: &AttemptInfo<'_>) {
        let _ = attempt;
    }

    /// Hears of a call that has ended, after its last attempt.
    fn on_call(&self, call: &CallInfo<'_>) {
        let _ = call;
    }
}

/// An attempt that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttemptInfo<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path of the documentation, such as `/public/checkout/sessions/:id`.
    pub path: &'static str,
    /// Which attempt of its call it was, from 1 up.
    pub attempt: u32,
    /// How long it took.
    pub duration: Duration,
    /// The HTTP status, where an answer came.
    pub status: Option<u16>,
    /// The `X-Request-Id` of the answer, where it had one.
    pub request_id: Option<&'a str>,
    /// The idempotency key that the call sends, where it sends one.
    pub idempotency_key: Option<&'a str>,
    /// The code of its error; `None` where it succeeded.
    pub error_code: Option<&'a str>,
    /// Why no answer came, where the network says so.
    pub network_error: Option<NetworkError>,
    /// How long the client waits before the next attempt; `None` where this was the last one.
    pub retry_in: Option<Duration>,
}

/// A call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallInfo<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path of the documentation, such as `/public/checkout/sessions/:id`.
    pub path: &'static str,
    /// How many attempts it made.
    pub attempts: u32,
    /// How long it took, all its attempts and the waits between them.
    pub duration: Duration,
    /// The HTTP status of the last answer, where one came.
    pub status: Option<u16>,
    /// The `X-Request-Id` of that answer, where it had one.
    pub request_id: Option<&'a str>,
    /// The idempotency key that the call sent, where it sent one.
    pub idempotency_key: Option<&'a str>,
    /// The code of its error; `None` where it succeeded.
    pub error_code: Option<&'a str>,
    /// Why no answer came, where the network says so.
    pub network_error: Option<NetworkError>,
    /// Whether the call failed although the request may have taken effect.
    pub outcome_unknown: bool,
}
