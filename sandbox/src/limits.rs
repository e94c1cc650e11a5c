//! How much is done at once, by what the operating system lets this process have.

use rustix::process::{Resource, getrlimit};
#[cfg(not(target_vendor = "apple"))]
use rustix::process::{Rlimit, setrlimit};

/// How many connections are served at once at the most.
const SERVED: usize = 512;
/// How many more are told at the most that there are too many.
const REFUSED: usize = 4096;
/// How many webhooks are under way at once at the most.
const SENDS: usize = 512;
/// How many descriptors the process needs for itself: the database, the runtime, the listener, and
/// connections that are on their way out.
const OWN: usize = 48;
/// How many descriptors are enough for all of the above.
#[cfg(not(target_vendor = "apple"))]
const ENOUGH: u64 = 8192;

/// How many connections and webhooks may be open at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections that are served.
    pub served: usize,
    /// Connections beyond these, which get a 503.
    pub refused: usize,
    /// Webhooks that are under way.
    pub sends: usize,
}

impl Limits {
    /// Gives the limits of this process.
    pub fn of_this_process() -> Self {
        let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self::of(usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// Divides a number of descriptors, so that none is left out and none is wanted in vain.
    fn of(descriptors: usize) -> Self {
        let free = descriptors.saturating_sub(OWN);
        let served = (free / 10 * 6).clamp(1, SERVED);
        let sends = (free / 5).clamp(1, SENDS);
        let refused = free.saturating_sub(served + sends).clamp(1, REFUSED);
        Self { served, refused, sends }
    }
}

/// Raises the process's soft limit of descriptors toward its hard limit, where it is low.
///
/// For a program of its own: a library leaves its process as it is.
pub fn raise_descriptors() {
    // Apple's systems have a limit below the hard one that only they know.
    #[cfg(not(target_vendor = "apple"))]
    {
        let now = getrlimit(Resource::Nofile);
        let wanted = now.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        if now.current.is_some_and(|current| current < wanted) {
            let _ = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..now });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_fit_the_descriptors() {
        for descriptors in [0, 20, 64, 100, 256, 1024, 4096, 8192, 1 << 20, usize::MAX] {
            let limits = Limits::of(descriptors);
            let sum = limits.served + limits.refused + limits.sends;
            assert!(sum <= descriptors.saturating_sub(OWN).max(3), "{descriptors}: {limits:?}");
            assert!(limits.served >= 1 && limits.refused >= 1 && limits.sends >= 1);
        }
        assert_eq!(Limits::of(1024).served, SERVED);
        assert_eq!(Limits::of(8192), Limits { served: SERVED, refused: REFUSED, sends: SENDS });
    }
}
