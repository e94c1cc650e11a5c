//! What runs beside Python: one I/O thread per process, and what a fork makes stale.

#[cfg(unix)]
use std::io::{Read, Write};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use faststar::client::io;
use faststar::error::Error;
#[cfg(unix)]
use pyo3::exceptions::PyNotImplementedError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;
use tokio::runtime::Handle;

use crate::error::{defect, raise};

/// How often this process is a fork of the one that loaded the module.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Counts forks, those of C code too.
pub fn watch_forks() {
    #[cfg(unix)]
    {
        extern "C" fn in_the_child() {
            GENERATION.fetch_add(1, Ordering::Relaxed);
        }
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            // SAFETY: the handler is an `extern "C"` function that touches one atomic, which is
            // allowed between fork and exec. Registering it fails only without memory.
            let registered = unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
            assert_eq!(registered, 0, "the system has memory for a fork handler");
        });
    }
}

/// Holds a value that belongs to one process; a forked child makes its own.
///
/// A child cannot use its parent's threads, sockets or locks, and cannot free them either: a lock may
/// be held by a thread that the child does not have. So what is stale is left alone for good. There
/// is no lock in here, since the child might find it held.
pub struct PerProcess<T> {
    made: AtomicPtr<Made<T>>,
}

struct Made<T> {
    generation: u64,
    value: T,
}

impl<T> PerProcess<T> {
    /// Starts without a value.
    pub const fn new() -> Self {
        Self { made: AtomicPtr::new(ptr::null_mut()) }
    }

    /// Gives this process's value, which `make` makes where there is none yet.
    pub fn get_or_make(&self, make: impl FnOnce() -> Result<T, Error>) -> Result<&T, Error> {
        let generation = GENERATION.load(Ordering::Relaxed);
        let before = self.made.load(Ordering::Acquire);
        // SAFETY: what was stored came from `Box::into_raw` and is freed by `drop` alone, which
        // needs `&mut self`.
        if let Some(made) = unsafe { before.as_ref() }
            && made.generation == generation
        {
            return Ok(&made.value);
        }
        let new = Box::into_raw(Box::new(Made { generation, value: make()? }));
        let swapped = self.made.compare_exchange(before, new, Ordering::AcqRel, Ordering::Acquire);
        match swapped {
            // SAFETY: as above; it is stored now.
            Ok(_) => Ok(unsafe { &(*new).value }),
            Err(other) => {
                // Another thread was first. SAFETY: `new` was not stored, so it is ours alone, and
                // `other` is as above.
                drop(unsafe { Box::from_raw(new) });
                Ok(unsafe { &(*other).value })
            }
        }
    }
}

impl<T> Drop for PerProcess<T> {
    fn drop(&mut self) {
        let made = *self.made.get_mut();
        if !made.is_null() {
            // SAFETY: as above, and nobody else has `self` any more.
            let made = unsafe { Box::from_raw(made) };
            if made.generation != GENERATION.load(Ordering::Relaxed) {
                Box::leak(made);
            }
        }
    }
}

/// Gives the runtime of this process's I/O thread, which asyncio's calls run on.
///
/// One thread is enough: it moves bytes and never takes Python's lock.
pub fn io() -> Result<&'static Handle, Error> {
    static IO: PerProcess<Handle> = PerProcess::new();
    IO.get_or_make(io::start)
}

/// What a call came to, to be made a Python object on the event loop's thread.
pub type Finish = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;

/// Brings results from the I/O thread to one event loop, many in one wake-up.
///
/// The I/O thread writes a byte to a socket that the loop watches, and so never waits for Python's
/// lock. A loop that cannot watch a socket is woken by its `call_soon_threadsafe`.
#[pyclass(frozen, module = "faststar._faststar")]
pub struct Bridge {
    lane: Arc<Lane>,
}

struct Lane {
    results: Arc<Results>,
    wake: Wake,
}

/// The results that no future has yet; `None` stands for a call that broke.
#[derive(Default)]
struct Results(Mutex<Vec<(Py<PyAny>, Option<Finish>)>>);

enum Wake {
    #[cfg(unix)]
    Socket(UnixStream),
    /// The loop weakly, so that an abandoned one can go.
    Loop { event_loop: Py<PyWeakrefReference>, drain: Py<Drain> },
}

#[pymethods]
impl Bridge {
    #[new]
    fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let results = Arc::<Results>::default();
        #[cfg(unix)]
        if let Some(wake) = watch(event_loop, &results)? {
            return Ok(Self { lane: Arc::new(Lane { results, wake }) });
        }
        let drain = Drain {
            results: Arc::clone(&results),
            #[cfg(unix)]
            socket: None,
        };
        let wake = Wake::Loop {
            event_loop: PyWeakrefReference::new(event_loop)?.unbind(),
            drain: Py::new(event_loop.py(), drain)?,
        };
        Ok(Self { lane: Arc::new(Lane { results, wake }) })
    }
}

impl Bridge {
    /// Promises a result for a future.
    pub fn promise(&self, future: Py<PyAny>) -> Promise {
        Promise { lane: Arc::clone(&self.lane), future: Some(future) }
    }
}

/// Makes a socket that the loop watches, where it can watch one.
#[cfg(unix)]
fn watch(event_loop: &Bound<'_, PyAny>, results: &Arc<Results>) -> PyResult<Option<Wake>> {
    use std::os::fd::AsRawFd;

    let py = event_loop.py();
    let (read, write) = UnixStream::pair()?;
    read.set_nonblocking(true)?;
    write.set_nonblocking(true)?;
    let descriptor = read.as_raw_fd();
    let drain = Py::new(py, Drain { results: Arc::clone(results), socket: Some(read) })?;
    match event_loop.call_method1(intern!(py, "add_reader"), (descriptor, drain)) {
        Ok(_) => Ok(Some(Wake::Socket(write))),
        Err(error) if error.is_instance_of::<PyNotImplementedError>(py) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Hands the results that have come to their futures; the event loop calls it.
#[pyclass(frozen, module = "faststar._faststar")]
struct Drain {
    results: Arc<Results>,
    #[cfg(unix)]
    socket: Option<UnixStream>,
}

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        // Emptied before the results are taken, so that what comes later wakes the loop again.
        #[cfg(unix)]
        if let Some(mut socket) = self.socket.as_ref() {
            let _ = socket.read(&mut [0; 64]);
        }
        for (future, finish) in self.results.take() {
            let future = future.bind(py);
            // A cancelled future has ended already.
            if future.call_method0(intern!(py, "done"))?.is_truthy()? {
                continue;
            }
            let result = match finish {
                Some(finish) => finish(py),
                None => Err(raise(py, &defect())),
            };
            match result {
                Ok(value) => future.call_method1(intern!(py, "set_result"), (value,))?,
                Err(error) => future.call_method1(intern!(py, "set_exception"), (error,))?,
            };
        }
        Ok(())
    }
}

impl Results {
    /// Adds a result and tells whether it is the only one.
    fn push(&self, future: Py<PyAny>, finish: Option<Finish>) -> bool {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results.push((future, finish));
        results.len() == 1
    }

    fn take(&self) -> Vec<(Py<PyAny>, Option<Finish>)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Lane {
    fn deliver(&self, future: Py<PyAny>, finish: Option<Finish>) {
        // Whoever added the first result has woken the loop for all that came since.
        if !self.results.push(future, finish) {
            return;
        }
        match &self.wake {
            // Fails where the loop is gone, and nobody waits, or has so much to read that it is awake.
            #[cfg(unix)]
            Wake::Socket(socket) => drop((&*socket).write(&[1])),
            Wake::Loop { event_loop, drain } => {
                // `None` while Python shuts down: nobody waits any more.
                Python::try_attach(|py| {
                    let event_loop = event_loop.bind(py).call0().ok()?;
                    event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (drain,)).ok();
                    Some(())
                });
            }
        }
    }
}

/// A result that is owed to a future; where it is dropped unkept, the future gets an error.
pub struct Promise {
    lane: Arc<Lane>,
    future: Option<Py<PyAny>>,
}

impl Promise {
    /// Hands over the result.
    pub fn keep(mut self, finish: Finish) {
        if let Some(future) = self.future.take() {
            self.lane.deliver(future, Some(finish));
        }
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if let Some(future) = self.future.take() {
            self.lane.deliver(future, None);
        }
    }
}
