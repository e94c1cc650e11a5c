//! Starts calls on the I/O thread and brings what they came to back to an event loop.

use std::collections::HashMap;
use std::future::Future;
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use faststar::client::io;
use faststar::error::Result;
use napi::bindgen_prelude::{FnArgs, Function};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status, sys};
use napi_derive::napi;
use tokio::task::AbortHandle;

use crate::error::{defect, text};

/// The number of a call that has ended, and what it came to, as JSON text.
type Ended = (u32, String);
type Batch = FnArgs<(Vec<u32>, Vec<String>)>;
type Wake = ThreadsafeFunction<(), (), Batch, Status, false, true>;

/// The way back to one event loop: the main thread's, or a worker's.
///
/// Many calls that end at once wake the event loop once.
#[napi]
pub struct Bridge {
    shared: Arc<Shared>,
}

/// What the calls of a bridge share with it.
pub struct Shared {
    wake: Wake,
    ended: Arc<Mutex<Vec<Ended>>>,
    running: Mutex<HashMap<u32, AbortHandle>>,
}

#[napi]
impl Bridge {
    /// Takes the function that is given the calls that have ended.
    #[napi(
        constructor,
        ts_args_type = "callback: (ids: Array<number>, texts: Array<string>) => void"
    )]
    pub fn new(callback: Function<'_, Batch, ()>) -> napi::Result<Self> {
        let ended = Arc::<Mutex<Vec<Ended>>>::default();
        let queue = Arc::clone(&ended);
        let wake = callback
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build_callback(move |_| {
                let ended = take(&mut *lock(&queue));
                Ok(FnArgs::from(ended.into_iter().unzip::<_, _, Vec<_>, Vec<_>>()))
            })?;
        let running = Mutex::default();
        Ok(Self { shared: Arc::new(Shared { wake, ended, running }) })
    }

    /// Keeps the event loop alive: there are calls under way.
    #[napi]
    pub fn hold(&self, env: Env) {
        self.shared.wake.handle.with_read_aborted(|aborted| {
            if !aborted {
                let raw = self.shared.wake.handle.get_raw();
                // SAFETY: on the event loop's own thread, and it is not being taken down.
                unsafe { sys::napi_ref_threadsafe_function(env.raw(), raw) };
            }
        });
    }

    /// Lets the event loop end.
    #[napi]
    pub fn release(&self, env: Env) {
        self.shared.wake.handle.with_read_aborted(|aborted| {
            if !aborted {
                let raw = self.shared.wake.handle.get_raw();
                // SAFETY: as above.
                unsafe { sys::napi_unref_threadsafe_function(env.raw(), raw) };
            }
        });
    }

    /// Gives a call up: its connection is closed.
    #[napi]
    pub fn cancel(&self, id: u32) {
        if let Some(task) = lock(&self.shared.running).get(&id) {
            task.abort();
        }
    }
}

impl Bridge {
    /// What a client keeps.
    pub fn share(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }
}

impl Drop for Bridge {
    /// The event loop has ended, and nobody waits any more.
    fn drop(&mut self) {
        for task in lock(&self.shared.running).values() {
            task.abort();
        }
    }
}

impl Shared {
    /// Starts a call, whose text goes to the event loop when it ends.
    pub fn start(
        self: &Arc<Self>,
        id: u32,
        call: impl Future<Output = String> + Send + 'static,
    ) -> Result<()> {
        let io = io::shared()?;
        let promise = Promise { shared: Arc::clone(self), id, text: None };
        // Locked until the task is written down, so that it cannot end before.
        let mut running = lock(&self.running);
        let task = io.spawn(async move {
            let mut promise = promise;
            promise.text = Some(call.await);
        });
        running.insert(id, task.abort_handle());
        Ok(())
    }

    fn end(&self, id: u32, text: String) {
        lock(&self.running).remove(&id);
        let is_first = {
            let mut ended = lock(&self.ended);
            ended.push((id, text));
            ended.len() == 1
        };
        // Unlocked, or the event loop wakes up to wait for the lock.
        if is_first {
            // Where the event loop has ended, nobody waits any more.
            self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }
}

/// Ends its call once, also where the call panicked or was given up.
struct Promise {
    shared: Arc<Shared>,
    id: u32,
    text: Option<String>,
}

impl Drop for Promise {
    fn drop(&mut self) {
        let failed = || format!(r#"{{"error":{}}}"#, text(&defect()));
        let text = self.text.take().unwrap_or_else(failed);
        self.shared.end(self.id, text);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is locked is never left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
