//! The thread that all calls of the process wait on.

use std::future::pending;
use std::sync::{Mutex, PoisonError};
use std::thread;

use faststar::error::{Error, ErrorKind, Result, code};
use tokio::runtime::{Builder, Handle};

/// Gives the runtime, and starts its thread for the first call.
///
/// One thread with a runtime of its own costs half of what a pool of workers costs a call, and a
/// phone makes few. It lives as long as the process: it keeps nothing alive, and has nothing to lose
/// at the end.
pub fn io() -> Result<Handle> {
    static IO: Mutex<Option<Handle>> = Mutex::new(None);
    let mut io = IO.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*io {
        return Ok(handle.clone());
    }
    let runtime = Builder::new_current_thread().enable_all().build().map_err(refused)?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name("faststar-io".to_owned())
        .spawn(move || runtime.block_on(pending::<()>()))
        .map_err(refused)?;
    Ok(io.insert(handle).clone())
}

fn refused(error: std::io::Error) -> Error {
    let message = "the system gives no thread for the calls; raise the limits of this process";
    Error::new(ErrorKind::Internal, code::INTERNAL, message).with_source(error)
}
