//! The thread that the calls of a language package wait on.

use std::future::pending;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::future::{AbortHandle, abortable};
use tokio::runtime::{Builder, Handle};

use crate::error::{Error, ErrorKind, Result, code};

/// How long a stop waits for what blocks: the system's name resolution.
const PATIENCE: Duration = Duration::from_secs(10);

static SHARED: Mutex<Option<Io>> = Mutex::new(None);

struct Io {
    handle: Handle,
    stop: AbortHandle,
    thread: thread::JoinHandle<()>,
}

/// Starts a thread with a runtime of its own, which lives as long as the process: it keeps nothing
/// alive, and has nothing to lose at the end.
///
/// One thread costs half of what a pool of workers costs a call.
///
/// # Errors
///
/// `internal` where the system gives no thread or no files.
pub fn start() -> Result<Handle> {
    Ok(Io::start()?.handle)
}

/// Gives the one thread of the process, and starts it where it is first asked for.
///
/// # Errors
///
/// Those of [`start`].
pub fn shared() -> Result<Handle> {
    let mut io = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    match &*io {
        Some(io) => Ok(io.handle.clone()),
        None => Ok(io.insert(Io::start()?).handle.clone()),
    }
}

/// Ends the thread of [`shared`] with all that runs on it, and returns when it has ended. The next
/// [`shared`] starts another.
pub fn stop_shared() {
    let io = SHARED.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(io) = io {
        io.stop.abort();
        // A thread that panicked has ended too.
        drop(io.thread.join());
    }
}

impl Io {
    fn start() -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
        let handle = runtime.handle().clone();
        let (stopped, stop) = abortable(pending::<()>());
        let thread = thread::Builder::new()
            .name("faststar-io".to_owned())
            .spawn(move || {
                let _aborted = runtime.block_on(stopped);
                runtime.shutdown_timeout(PATIENCE);
            })
            .map_err(refused)?;
        Ok(Self { handle, stop, thread })
    }
}

fn refused(error: io::Error) -> Error {
    let message = "the system gives no thread for the calls; raise the limits of this process";
    Error::new(ErrorKind::Internal, code::INTERNAL, message).with_source(error)
}
