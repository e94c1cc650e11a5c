//! Tells who looks on that something has changed.
//!
//! What is told is a number only, and a later one takes the place of an earlier one: nothing piles up
//! for who does not keep up, and who comes back has missed nothing.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many may look on at once.
const WATCHERS: usize = 32;

/// What has changed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Counts what has changed.
    pub count: u64,
    /// Whether the sandbox stops.
    pub stopped: bool,
}

/// The place where changes are told.
#[derive(Debug)]
pub struct Live {
    changes: watch::Sender<Changes>,
    places: Arc<Semaphore>,
}

impl Default for Live {
    fn default() -> Self {
        Self { changes: watch::Sender::default(), places: Arc::new(Semaphore::new(WATCHERS)) }
    }
}

impl Live {
    /// Tells that something has changed.
    pub fn changed(&self) {
        self.changes.send_modify(|changes| changes.count += 1);
    }

    /// Ends what is told, so that a stop need not wait for who looks on.
    pub fn stop(&self) {
        self.changes.send_modify(|changes| changes.stopped = true);
    }

    /// Looks on; `None` where too many do.
    pub fn watch(&self) -> Option<(watch::Receiver<Changes>, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some((self.changes.subscribe(), place))
    }
}
