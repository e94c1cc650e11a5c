//! How many retries a client may make while little succeeds.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const CAPACITY: u32 = 100;
const RETRY_COST: u32 = 5;
const SUCCESS_GAIN: u32 = 1;

/// A bucket of tokens that the clones of a client share.
///
/// A retry takes five, a call that the server served gives one back. So a hiccup gets up to twenty
/// retries at once, and a lasting outage one retry to five served calls instead of three times the
/// load.
pub(super) struct RetryBudget(AtomicU32);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}

impl RetryBudget {
    /// Takes what a retry costs; tells whether it was there.
    pub(super) fn pay_for_retry(&self) -> bool {
        let pay = |tokens: u32| tokens.checked_sub(RETRY_COST);
        self.0.fetch_update(Relaxed, Relaxed, pay).is_ok()
    }

    /// Gives back for a call that the server served.
    pub(super) fn note_success(&self) {
        let gain = |tokens: u32| (tokens < CAPACITY).then_some(tokens + SUCCESS_GAIN);
        // An error means that the bucket is full.
        let _ = self.0.fetch_update(Relaxed, Relaxed, gain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_gets_twenty_retries_and_then_one_to_five_successes() {
        let budget = RetryBudget::default();
        assert_eq!((0..100).filter(|_| budget.pay_for_retry()).count(), 20);
        for _ in 0..4 {
            budget.note_success();
        }
        assert!(!budget.pay_for_retry());
        budget.note_success();
        assert!(budget.pay_for_retry());
        assert!(!budget.pay_for_retry());
    }

    #[test]
    fn good_times_are_not_saved_up() {
        let budget = RetryBudget::default();
        (0..1_000).for_each(|_| budget.note_success());
        assert_eq!((0..100).filter(|_| budget.pay_for_retry()).count(), 20);
    }
}
