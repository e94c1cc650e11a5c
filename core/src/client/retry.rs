//! Whether to try again, and when: decisions without clock, dice or network.
//!
//! A [`Client`](super::Client) decides by these after each failed attempt. They are open to be read
//! and tested; `tests/vectors/retry_decision.json` has them as data.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::error::code;

/// The longest `Retry-After` that is told: 136 years, which every language can hold.
const LONGEST: u32 = u32::MAX;
/// The longest `Retry-After` that is waited for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The longest wait before the second attempt; each further one doubles it.
const BASE: Duration = Duration::from_millis(500);
/// The longest wait that the doubling comes to.
const CAP: Duration = Duration::from_secs(8);

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Give the error to the caller.
    GiveUp,
    /// Wait, and try again.
    RetryAfter(Duration),
}

/// An attempt that failed, and what decides about the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedAttempt {
    /// Which attempt it was, from 1 up.
    pub number: u32,
    /// How many there may be.
    pub max_attempts: u32,
    /// Whether the failure may pass: see [`is_transient`] and
    /// [`TransportErrorKind::is_transient`](super::TransportErrorKind::is_transient).
    pub is_transient: bool,
    /// What the server asked for: see [`retry_after`].
    pub retry_after: Option<Duration>,
    /// What is left of the call's deadline.
    pub remaining: Duration,
    /// A random number, which spreads the waits of many clients ("full jitter").
    pub random: u32,
}

/// Tells whether a failed answer may turn out otherwise later.
///
/// A 409 is an object's state, which stays, unless it says that an earlier attempt of the same
/// operation is still at work. A 2xx that is not the API's JSON is asked for again: under the same
/// idempotency key the server gives the same answer.
pub fn is_transient(status: u16, code: &str, retry_after: Option<Duration>) -> bool {
    match status {
        200..=299 => code == code::UNEXPECTED_RESPONSE,
        409 => code == code::IDEMPOTENCY_IN_FLIGHT || retry_after.is_some(),
        429 | 500 | 502..=504 => true,
        _ => false,
    }
}

/// Tells whether a failed answer leaves it open that the request has taken effect.
///
/// An unreadable 2xx, a redirect, a 5xx of a server that broke off or of a gateway, and a request
/// under the same key that is still at work say nothing about the effect. A refusal, a 429 and a 503 of
/// the API say that there was none; `is_from_api` is false for a 503 of something in between, which may have
/// passed the request on.
pub fn leaves_outcome_unknown(
    status: u16,
    code: &str,
    retry_after: Option<Duration>,
    is_from_api: bool,
) -> bool {
    match status {
        200..=299 => code == code::UNEXPECTED_RESPONSE || code == code::RESPONSE_TOO_LARGE,
        409 => is_transient(status, code, retry_after),
        503 => !is_from_api,
        400..=499 => false,
        _ => true,
    }
}

impl FailedAttempt {
    /// Decides what follows.
    ///
    /// A wait that the deadline would cut off is not begun: the error in hand says more than a
    /// timeout. A wish of the server is waited for up to a minute, and ends the call beyond.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use faststar::client::retry::{Decision, FailedAttempt};
    ///
    /// let failed = FailedAttempt {
    ///     number: 1,
    ///     max_attempts: 3,
    ///     is_transient: true,
    ///     retry_after: Some(Duration::from_secs(2)),
    ///     remaining: Duration::from_secs(30),
    ///     random: 0,
    /// };
    /// assert_eq!(failed.decision(), Decision::RetryAfter(Duration::from_secs(2)));
    /// ```
    pub fn decision(&self) -> Decision {
        let asked = self.retry_after.unwrap_or_default();
        let wait = asked.max(backoff(self.number, self.random));
        let may = self.is_transient && self.number < self.max_attempts;
        if may && asked <= MAX_RETRY_AFTER && wait < self.remaining {
            Decision::RetryAfter(wait)
        } else {
            Decision::GiveUp
        }
    }
}

/// Gives a wait between zero and a limit that doubles with each attempt.
fn backoff(attempt: u32, random: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
    let limit = BASE.saturating_mul(doubled).min(CAP);
    let nanos = (limit.as_nanos() * u128::from(random)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).expect("less than the cap of 8 s"))
}

/// Reads `Retry-After`, as seconds or as a date.
///
/// A date counts from the answer's own `Date` where it has one, since clocks differ, or else from
/// `now`.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(LONGEST).into()));
    }
    let date = |text: &str| DateTimeParser::new().parse_timestamp(text).ok();
    let sent = headers.get(DATE).and_then(|value| value.to_str().ok());
    let sent = sent.and_then(date).unwrap_or(now);
    let wait = date(text)?.duration_since(sent);
    Some(Duration::try_from(wait).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        let transient: Vec<u16> =
            (100..600).filter(|status| is_transient(*status, "", None)).collect();
        assert_eq!(transient, [429, 500, 502, 503, 504]);
        let unread = |status| is_transient(status, code::UNEXPECTED_RESPONSE, None);
        assert!((200..300).all(unread) && !unread(302) && !unread(404));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let read = |text| retry_after(&headers(&[(RETRY_AFTER, text)]), now);
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert_eq!(read(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(read("99999999999999999999"), Some(Duration::from_secs(LONGEST.into())));
        assert_eq!(read("4294967296"), Some(Duration::from_secs(LONGEST.into())));
        let soon = "Sun, 22 Nov 2026 12:00:05 GMT";
        assert_eq!(read(soon), Some(Duration::from_secs(5)));
        let past = "Sun, 22 Nov 2026 11:00:00 GMT";
        assert_eq!(read(past), Some(Duration::ZERO));
        for nonsense in ["", "-1", "1.5", "soon", "Sun, 99 Nov 2026 12:00:05 GMT"] {
            assert_eq!(read(nonsense), None, "{nonsense}");
        }
        let skewed = headers(&[
            (RETRY_AFTER, "Sun, 22 Nov 2026 09:00:05 GMT"),
            (DATE, "Sun, 22 Nov 2026 09:00:01 GMT"),
        ]);
        assert_eq!(retry_after(&skewed, now), Some(Duration::from_secs(4)));
    }

    proptest! {
        #[test]
        fn a_wait_fits_the_deadline(
            number: u32, seconds: Option<u8>, remaining in 0_u64..100_000, random: u32,
        ) {
            let remaining = Duration::from_millis(remaining);
            let retry_after = seconds.map(|seconds| Duration::from_secs(seconds.into()));
            let failed = FailedAttempt {
                number, max_attempts: 20, is_transient: true, retry_after, remaining, random,
            };
            if let Decision::RetryAfter(wait) = failed.decision() {
                prop_assert!(number < 20);
                prop_assert!(wait < remaining);
                prop_assert!(wait >= retry_after.unwrap_or_default());
                prop_assert!(wait <= MAX_RETRY_AFTER);
            }
        }

        #[test]
        fn no_header_panics(text in "[ -~]{0,40}") {
            let _ = retry_after(&headers(&[(RETRY_AFTER, &text)]), Timestamp::UNIX_EPOCH);
        }
    }
}
