//! A bound on the memory that large bodies and answers have together.
//!
//! Clients decide how long a body takes to arrive and an answer to leave. So what is large needs a
//! share of a fixed number of bytes until it is gone, and is refused where there is none.

use std::sync::Arc;
use std::time::Duration;

use faststar::error::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::store::{PAGE_BYTES, overloaded};

/// How many bytes all shares have together.
const BYTES: usize = 48 * 1024 * 1024;
/// How many pages of lists are put together at once. The database does one after the other anyway, and
/// what their rows leave behind in the allocator stays small.
const PAGES: usize = 8;
/// What a share is counted in.
const UNIT: usize = 1024;
/// How long to wait for a share.
const WAIT: Duration = Duration::from_millis(500);

/// What large bodies and answers may still take.
#[derive(Debug)]
pub struct Budget {
    bytes: Arc<Semaphore>,
    pages: Arc<Semaphore>,
}

/// Some of the budget, given back when it is dropped.
#[derive(Debug)]
pub struct Share {
    bytes: OwnedSemaphorePermit,
    /// A place among the pages that are put together.
    page: Option<OwnedSemaphorePermit>,
}

impl Share {
    /// Gives back what is beyond a number of bytes; a page has been put together then.
    pub fn shrink_to(&mut self, bytes: usize) {
        let beyond = self.bytes.num_permits().saturating_sub(bytes.div_ceil(UNIT));
        drop(self.bytes.split(beyond));
        self.page = None;
    }
}

impl Default for Budget {
    fn default() -> Self {
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Self { bytes: semaphore(BYTES / UNIT), pages: semaphore(PAGES) }
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
        let permit = Arc::clone(&self.bytes).acquire_many_owned(units);
        match tokio::time::timeout(WAIT, permit).await {
            Ok(Ok(bytes)) => Ok(Share { bytes, page: None }),
            _ => Err(overloaded()),
        }
    }

    /// Takes a share for a page of a list: its rows, read and written out.
    ///
    /// # Errors
    ///
    /// `overloaded`, as [`Budget::take`].
    pub async fn take_page(&self) -> Result<Share, Error> {
        let share = self.take(2 * PAGE_BYTES).await?;
        let page = Arc::clone(&self.pages).acquire_owned().await.map_err(|_| overloaded())?;
        Ok(Share { page: Some(page), ..share })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_share_is_refused_until_another_one_is_given_back() {
        let budget = Budget::default();
        let mut most = budget.take(BYTES - 10 * UNIT).await.unwrap();
        let _rest = budget.take(9 * UNIT + 1).await.unwrap();
        assert_eq!(budget.take(1).await.unwrap_err().code(), "overloaded");
        most.shrink_to(BYTES / 2);
        let quarter = budget.take(BYTES / 4).await.unwrap();
        assert!(budget.take(BYTES / 2).await.is_err());
        drop((most, quarter));
        budget.take(BYTES / 2).await.unwrap();
    }
}
