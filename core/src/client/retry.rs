//! Whether to try again, and when: decisions without clock, dice or network.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::error::code;

/// The longest `Retry-After` that is waited for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);
/// The longest wait before the second attempt; each further one doubles it.
const BASE: Duration = Duration::from_millis(500);
/// The longest wait that the doubling comes to.
const CAP: Duration = Duration::from_secs(8);

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    GiveUp,
    RetryAfter(Duration),
}

/// Tells whether a failed answer may turn out otherwise later.
///
/// A 409 is an object's state, which stays, unless it says that an earlier attempt of the same
/// operation is still at work.
pub(super) fn is_transient(status: u16, code: &str, retry_after: Option<Duration>) -> bool {
    match status {
        409 => code == code::IDEMPOTENCY_IN_FLIGHT || retry_after.is_some(),
        429 | 500 | 502..=504 => true,
        _ => false,
    }
}

/// Decides what follows a failed attempt that may be repeated.
///
/// `attempt` counts from 1, `remaining` is what is left of the deadline, and `random` spreads the
/// waits of many clients ("full jitter"). A wait that the deadline would cut off is not begun: the
/// error in hand says more than a timeout.
pub(super) fn decide(
    attempt: u32,
    max_attempts: u32,
    retry_after: Option<Duration>,
    remaining: Duration,
    random: u64,
) -> Decision {
    let asked = retry_after.unwrap_or_default();
    let wait = asked.max(backoff(attempt, random));
    if attempt >= max_attempts || asked > MAX_RETRY_AFTER || wait >= remaining {
        Decision::GiveUp
    } else {
        Decision::RetryAfter(wait)
    }
}

/// Gives a wait between zero and a limit that doubles with each attempt.
fn backoff(attempt: u32, random: u64) -> Duration {
    let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
    let limit = BASE.saturating_mul(doubled).min(CAP);
    let nanos = (limit.as_nanos() * u128::from(random)) >> 64;
    Duration::from_nanos(u64::try_from(nanos).expect("less than the cap of 8 s"))
}

/// Reads `Retry-After`, as seconds or as a date.
///
/// A date counts from the answer's own `Date` where it has one, since clocks differ, or else from
/// `now`.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
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

    const LONG: Duration = Duration::from_secs(600);

    fn headers(pairs: &[(http::HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs.map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        let transient: Vec<u16> =
            (100..600).filter(|status| is_transient(*status, "", None)).collect();
        assert_eq!(transient, [429, 500, 502, 503, 504]);
        assert!(is_transient(409, "idempotency_in_flight", None));
        assert!(is_transient(409, "", Some(Duration::ZERO)));
        assert!(!is_transient(409, "session_expired", None));
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        assert_eq!(decide(3, 3, None, LONG, 0), Decision::GiveUp);
        assert_eq!(decide(1, 1, None, LONG, 0), Decision::GiveUp);
        let now = Decision::RetryAfter(Duration::ZERO);
        assert_eq!(decide(2, 3, None, LONG, 0), now);
    }

    #[test]
    fn waits_double_up_to_the_cap() {
        let limits: Vec<_> = (1..=7).map(|n| backoff(n, u64::MAX).as_millis()).collect();
        assert_eq!(limits, [499, 999, 1999, 3999, 7999, 7999, 7999]);
        assert_eq!(backoff(u32::MAX, u64::MAX).as_millis(), 7999);
        assert_eq!(backoff(1, u64::MAX / 2).as_millis(), 249);
    }

    #[test]
    fn the_server_s_wish_is_a_lower_bound_up_to_a_minute() {
        let wish = |seconds| Some(Duration::from_secs(seconds));
        let wait = |decision| match decision {
            Decision::RetryAfter(wait) => Some(wait),
            Decision::GiveUp => None,
        };
        assert_eq!(wait(decide(1, 3, wish(2), LONG, u64::MAX)), wish(2));
        assert_eq!(wait(decide(1, 3, wish(60), LONG, 0)), wish(60));
        assert_eq!(wait(decide(1, 3, wish(61), LONG, 0)), None);
        assert_eq!(wait(decide(1, 3, wish(10), Duration::from_secs(10), 0)), None);
        // "Now" is no reason to come all at once.
        assert!(wait(decide(1, 3, wish(0), LONG, u64::MAX / 2)) > wish(0));
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let read = |text| retry_after(&headers(&[(RETRY_AFTER, text)]), now);
        assert_eq!(read("0"), Some(Duration::ZERO));
        assert_eq!(read(" 7 "), Some(Duration::from_secs(7)));
        assert_eq!(read("99999999999999999999"), Some(Duration::from_secs(u64::MAX)));
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
            attempt in 1_u32..20, seconds: Option<u8>, remaining in 0_u64..100_000, random: u64,
        ) {
            let remaining = Duration::from_millis(remaining);
            let asked = seconds.map(|seconds| Duration::from_secs(seconds.into()));
            if let Decision::RetryAfter(wait) = decide(attempt, 20, asked, remaining, random) {
                prop_assert!(wait < remaining);
                prop_assert!(wait >= asked.unwrap_or_default());
                prop_assert!(wait <= MAX_RETRY_AFTER);
            }
        }

        #[test]
        fn no_header_panics(text in "[ -~]{0,40}") {
            let _ = retry_after(&headers(&[(RETRY_AFTER, &text)]), Timestamp::UNIX_EPOCH);
        }
    }
}
