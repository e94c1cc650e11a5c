//! How often an app asks its server for a session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use faststar::SessionStatus;

use crate::error::{RawError, guarded};

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(10);
/// How many failures in a row a watch bears: a phone is offline for a while again and again.
const FAILURES: u32 = 5;

/// Paces a watch: the waits grow by half from 1 s to 10 s, and start anew after a change.
#[derive(uniffi::Object)]
pub struct RawWatch(Mutex<Pace>);

struct Pace {
    status: Option<String>,
    wait: Duration,
    failures: u32,
}

#[uniffi::export]
impl RawWatch {
    #[uniffi::constructor]
    pub fn new() -> Result<Arc<Self>, RawError> {
        let pace = Pace { status: None, wait: FIRST, failures: 0 };
        guarded(|| Ok(Arc::new(Self(Mutex::new(pace)))))
    }

    /// Gives the milliseconds until the session is to be fetched again; none where it has ended.
    pub fn after_status(&self, status: String) -> Result<Option<u64>, RawError> {
        guarded(|| {
            let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let has_ended = SessionStatus::from(status.as_str()).has_ended();
            pace.failures = 0;
            if pace.status.as_ref() != Some(&status) {
                pace.status = Some(status);
                pace.wait = FIRST;
            }
            Ok((!has_ended).then(|| pace.step()))
        })
    }

    /// Gives the milliseconds until the next try after one that failed; none where it is to give up.
    pub fn after_failure(&self) -> Result<Option<u64>, RawError> {
        guarded(|| {
            let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            pace.failures += 1;
            Ok((pace.failures <= FAILURES).then(|| pace.step()))
        })
    }
}

impl Pace {
    fn step(&mut self) -> u64 {
        let wait = self.wait;
        self.wait = (wait * 3 / 2).min(LONGEST);
        u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
    }
}
