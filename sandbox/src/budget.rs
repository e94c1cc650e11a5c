//! A bound on the memory that large bodies and answers have together.
//!
//! Clients decide how long a body takes to arrive and an answer to leave. So what is large needs a
//! share of a fixed number of bytes until it is gone, and is refused where there is none.

use std::sync::Arc;
use std::time::Duration;

use faststar::error::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::overloaded;

/// How many bytes all shares have together.
const BYTES: usize = 64 * 1024 * 1024;
/// What a share is counted in.
const UNIT: usize = 1024;
/// How long to wait for a share.
const WAIT: Duration = Duration::from_millis(500);

/// What large bodies and answers may still take.
#[derive(Debug)]
pub struct Budget(Arc<Semaphore>);

/// Some of the budget, given back when the last copy is dropped.
#[derive(Clone, Debug)]
pub struct Share(#[allow(dead_code)] Arc<OwnedSemaphorePermit>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(BYTES / UNIT)))
    }
}

impl Budget {
    /// Takes a share, after a short wait where there is none.
    ///
    /// # Errors
    ///
    /// `overloaded` where there is still none.
    pub async fn take(&self, bytes: usize) -> Result<Share, Error> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).map_err(|_| overloaded())?;
        let permit = Arc::clone(&self.0).acquire_many_owned(units);
        match tokio::time::timeout(WAIT, permit).await {
            Ok(Ok(permit)) => Ok(Share(Arc::new(permit))),
            _ => Err(overloaded()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_share_is_refused_until_another_one_is_given_back() {
        let budget = Budget::default();
        let most = budget.take(BYTES - 10 * UNIT).await.unwrap();
        let copy = most.clone();
        let _rest = budget.take(9 * UNIT + 1).await.unwrap();
        assert_eq!(budget.take(1).await.unwrap_err().code(), "overloaded");
        drop(most);
        assert!(budget.take(1).await.is_err(), "a copy is still there");
        drop(copy);
        budget.take(BYTES / 2).await.unwrap();
    }
}
