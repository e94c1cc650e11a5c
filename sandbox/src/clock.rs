//! Time: the machine's, moved forward per merchant.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use faststar::{Date, Timestamp};

/// The last time that a clock may show: the end of the year 8999, which RFC 3339 can still tell.
pub const LAST_MS: i64 = 221_845_391_999_999;

/// Gives the machine's time in unix milliseconds, as it runs while this process does: where the
/// machine's clock is set back, this one goes on, so that nothing waits for a time to come again.
pub fn machine_now_ms() -> i64 {
    static STEADY: Mutex<Option<Steady>> = Mutex::new(None);
    let mut steady = STEADY.lock().unwrap_or_else(PoisonError::into_inner);
    let (wall_ms, at) = (wall_now_ms(), Instant::now());
    steady.get_or_insert(Steady { wall_ms, at }).now(wall_ms, at)
}

/// Gives the time that the machine's clock shows, in unix milliseconds.
pub fn wall_now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What the machine's clock showed at a moment.
#[derive(Debug)]
struct Steady {
    wall_ms: i64,
    at: Instant,
}

impl Steady {
    /// Gives the time at a moment: what the clock shows, or what it would if nobody had set it back.
    fn now(&mut self, wall_ms: i64, at: Instant) -> i64 {
        let passed = at.saturating_duration_since(self.at).as_millis();
        let steady = self.wall_ms.saturating_add(i64::try_from(passed).unwrap_or(i64::MAX));
        if wall_ms >= steady {
            *self = Self { wall_ms, at };
        }
        wall_ms.max(steady)
    }
}

/// Gives a time as RFC 3339 in UTC, in whole seconds.
pub fn rfc3339(ms: i64) -> String {
    timestamp(ms).to_string()
}

/// Gives the date of a time in UTC.
pub fn date(ms: i64) -> Date {
    timestamp(ms).to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Gives a time in whole seconds, the last one there is where it would lie beyond.
pub fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_second(ms.div_euclid(1000)).unwrap_or(Timestamp::MAX)
}

/// Gives a time to the millisecond, the last one there is where it would lie beyond.
pub fn exact(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

/// Reads a span such as `25h`, `90m`, `3d` or `1d12h` in milliseconds.
pub fn parse_span(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut sum = 0_i64;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = rest.get(..digits)?.parse().ok()?;
        let unit = match rest.get(digits..=digits)? {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        sum = sum.checked_add(number.checked_mul(unit)?)?;
        rest = rest.get(digits + 1..)?;
    }
    (sum > 0).then_some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_as_people_write_them() {
        let hour = 3_600_000;
        assert_eq!(parse_span("25h"), Some(25 * hour));
        assert_eq!(parse_span("1d12h"), Some(36 * hour));
        for wrong in ["", "h", "5", "-1h", "1w", "0s", "99999999999999999999d", "1h "] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_clock_that_steps_back_goes_on_and_one_that_steps_forward_is_followed() {
        let start = Instant::now();
        let after = |ms| start + std::time::Duration::from_millis(ms);
        let mut steady = Steady { wall_ms: 1_000_000, at: start };
        assert_eq!(steady.now(1_000_100, after(100)), 1_000_100);
        assert_eq!(steady.now(400_000, after(5_100)), 1_005_100, "set back by ten minutes");
        assert_eq!(steady.now(405_000, after(10_100)), 1_010_100);
        assert_eq!(steady.now(9_000_000, after(10_200)), 9_000_000, "set forward");
        assert_eq!(steady.now(1_010_300, after(10_300)), 9_000_100, "and back again");
    }

    #[test]
    fn times_are_whole_seconds_in_utc() {
        assert_eq!(rfc3339(1_781_352_000_999), "2026-06-13T12:00:00Z");
        assert_eq!(date(1_781_352_000_999).to_string(), "2026-06-13");
    }
}
