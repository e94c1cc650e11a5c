//! How many retries a client may make while little succeeds.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// What a full budget is worth, in milliseconds of refilling: twenty retries.
const CAPACITY: u64 = 20 * RETRY_COST;
/// What a retry takes. Time gives it back in a second.
const RETRY_COST: u64 = 1_000;
/// What a call that the server served gives back: a fifth of a retry.
const SUCCESS_GAIN: u64 = 200;

/// A bucket of retries that the clones of a client share.
///
/// It holds twenty retries. A second gives one back, and so do five calls that the server served. So a
/// hiccup gets up to twenty retries at once, a lasting outage one retry a second instead of three
/// times the load, and twenty seconds after any outage the bucket is full again.
pub(super) struct RetryBudget {
    epoch: Instant,
    /// When the bucket will be full again, in milliseconds since the epoch.
    full_at: AtomicU64,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { epoch: Instant::now(), full_at: AtomicU64::new(0) }
    }
}

impl RetryBudget {
    /// Takes a retry; tells whether it was there.
    pub(super) fn pay_for_retry(&self, now: Instant) -> bool {
        let now = self.millis(now);
        let pay = |full_at: u64| {
            let full_at = full_at.max(now) + RETRY_COST;
            (full_at - now <= CAPACITY).then_some(full_at)
        };
        self.full_at.fetch_update(Relaxed, Relaxed, pay).is_ok()
    }

    /// Gives back for a call that the server served.
    pub(super) fn note_success(&self) {
        let gain = |full_at: u64| (full_at > 0).then_some(full_at.saturating_sub(SUCCESS_GAIN));
        // An error means that no retry was ever made.
        let _ = self.full_at.fetch_update(Relaxed, Relaxed, gain);
    }

    fn millis(&self, now: Instant) -> u64 {
        let elapsed: Duration = now.saturating_duration_since(self.epoch);
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retries(budget: &RetryBudget, now: Instant) -> usize {
        (0..100).filter(|_| budget.pay_for_retry(now)).count()
    }

    #[test]
    fn an_outage_gets_twenty_retries_and_then_one_to_five_successes() {
        let budget = RetryBudget::default();
        let now = budget.epoch;
        assert_eq!(retries(&budget, now), 20);
        (0..4).for_each(|_| budget.note_success());
        assert!(!budget.pay_for_retry(now));
        budget.note_success();
        assert!(budget.pay_for_retry(now));
        assert!(!budget.pay_for_retry(now));
    }

    #[test]
    fn time_gives_a_retry_back_each_second_and_all_in_twenty() {
        let budget = RetryBudget::default();
        let at = |seconds: f32| budget.epoch + Duration::from_secs_f32(seconds);
        assert_eq!(retries(&budget, at(0.0)), 20);
        assert_eq!(retries(&budget, at(0.9)), 0);
        assert_eq!(retries(&budget, at(1.0)), 1);
        assert_eq!(retries(&budget, at(6.0)), 5);
        assert_eq!(retries(&budget, at(26.0)), 20);
    }

    #[test]
    fn good_times_are_not_saved_up() {
        let budget = RetryBudget::default();
        (0..1_000).for_each(|_| budget.note_success());
        assert_eq!(retries(&budget, budget.epoch + Duration::from_secs(3_600)), 20);
    }
}
