//! The thread that the calls of a language package wait on.

use std::future::pending;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};

use crate::error::{Error, ErrorKind, Result, code};

/// Starts a thread with a runtime of its own, which lives as long as the process: it keeps nothing
/// alive, and has nothing to lose at the end.
///
/// One thread costs half of what a pool of workers costs a call.
///
/// # Errors
///
/// `internal` where the system gives no thread or no files.
pub fn start() -> Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("faststar-io".to_owned())
        .spawn(move || runtime.block_on(pending::<()>()))
        .map_err(refused)?;
    Ok(handle)
}

/// Gives the one thread of the process, and starts it where it is first asked for.
///
/// # Errors
///
/// Those of [`start`].
pub fn shared() -> Result<Handle> {
    static IO: Mutex<Option<Handle>> = Mutex::new(None);
    let mut io = IO.lock().unwrap_or_else(PoisonError::into_inner);
    match &*io {
        Some(handle) => Ok(handle.clone()),
        None => Ok(io.insert(start()?).clone()),
    }
}

fn refused(error: io::Error) -> Error {
    let message = "the system gives no thread for the calls; raise the limits of this process";
    Error::new(ErrorKind::Internal, code::INTERNAL, message).with_source(error)
}
