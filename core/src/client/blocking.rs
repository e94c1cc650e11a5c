//! The client for programs without an async runtime.
//!
//! It has the calls of [`faststar::Client`](crate::Client) under the same names, ended by `send`:
//!
//! ```no_run
//! use faststar::{CreateSession, LineItem, blocking};
//!
//! let client = blocking::Client::from_env()?;
//! let request = CreateSession::payment([LineItem::price("price_1")]);
//! let created = client.checkout().sessions().create(request).send()?;
//! for product in client.catalog().products().list().iter() {
//!     println!("{}", product?.name);
//! }
//! # Ok::<(), faststar::Error>(())
//! ```
//!
//! A call runs on its caller's thread, on one of the client's current-thread runtimes: half the cost
//! of a hop to a runtime's own thread and back. A connection belongs to the runtime that made it, so
//! each runtime comes with a pool of connections of its own, a *lane*. A call takes an idle lane, the
//! one used last, or opens a new one; so a client has as many lanes as calls were under way at once,
//! and threads may come and go without losing a connection.
//!
//! After `fork`, the child uses [`Client::with_fresh_connections`].

use std::fmt;
use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{thread, vec};

use futures_util::future::{Either, select};
use serde::de::DeserializeOwned;
use tokio::runtime::{self, Handle, Runtime};
use tokio::task::{coop, yield_now};

use crate::error::{Error, ErrorKind, Result, code};
use crate::secret::Secret;

use super::budget::RetryBudget;
use super::builder::{ClientBuilder, Config, misconfigured};
use super::execute::{Options, execute};
use super::page::{Page, Pages};
use super::request::Request;
use super::resources::{Catalog, Checkout};
use super::{Call, List, Response};

/// How many lanes are kept for later; a burst of more threads than this opens more and drops them.
const MAX_IDLE_LANES: usize = 32;

/// Calls the API and waits for the answer, on the caller's thread.
///
/// Make one and clone it wherever it is needed, on any thread: clones share the connections and the
/// retry budget. On a tokio runtime use [`faststar::Client`](crate::Client); this one gives an error
/// there, except where tokio lets a thread block (`spawn_blocking`, `block_in_place`).
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

struct Shared {
    config: Arc<Config>,
    budget: Arc<RetryBudget>,
    idle: Mutex<Vec<Lane>>,
}

/// A runtime, and a client whose connections live on it and nowhere else.
struct Lane {
    /// Taken when dropped only.
    runtime: Option<Runtime>,
    client: super::Client,
}

impl Client {
    /// Makes a client with an API key and the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// `invalid_configuration` where the key is empty or cannot be sent in a header.
    pub fn new(api_key: impl Into<Secret>) -> Result<Self> {
        Self::builder(api_key).build_blocking()
    }

    /// Makes a client from `FASTSTAR_API_KEY` and, where it is set, `FASTSTAR_BASE_URL`.
    ///
    /// # Errors
    ///
    /// `invalid_configuration` where the key is not set, or either cannot work.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build_blocking()
    }

    /// Starts a client that differs from the defaults; end it with
    /// [`build_blocking`](ClientBuilder::build_blocking).
    pub fn builder(api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder::new(api_key)
    }

    /// Gives the calls about checkout sessions.
    pub fn checkout(&self) -> Checkout<'_, Self> {
        Checkout::new(self, self.shared.config.merchant.as_ref())
    }

    /// Gives the calls about products and prices.
    pub fn catalog(&self) -> Catalog<'_, Self> {
        Catalog::new(self)
    }

    /// Makes a client of the same configuration that shares nothing with this one: it opens
    /// connections of its own, and has a retry budget of its own.
    ///
    /// For the child after a `fork`, where the parent's connections are the parent's. The child must
    /// not drop the client that it inherited, which would reach into the parent's; it leaks it with
    /// [`std::mem::forget`]. A transport of your own is the same for both.
    #[must_use]
    pub fn with_fresh_connections(&self) -> Self {
        Self::of(Arc::clone(&self.shared.config))
    }

    fn of(config: Arc<Config>) -> Self {
        let shared = Shared { config, budget: Arc::default(), idle: Mutex::default() };
        Self { shared: Arc::new(shared) }
    }

    /// Carries an operation out, on this thread where tokio lets it block.
    fn execute<T: DeserializeOwned + Send>(
        &self,
        request: &Request,
        options: &Options,
    ) -> Result<Response<T>> {
        if Handle::try_current().is_err() {
            return self.execute_here(request, options);
        }
        if !may_block() {
            return Err(in_async_code());
        }
        // Inside a runtime tokio may refuse another one all the same, and does so with a panic; a
        // thread of its own it never refuses.
        thread::scope(|scope| {
            let thread = thread::Builder::new().name("faststar".into());
            let spawned = thread.spawn_scoped(scope, || self.execute_here(request, options));
            let thread = spawned.map_err(|error| {
                let message = format!("the system gave no thread for a blocking call: {error}");
                Error::new(ErrorKind::Internal, code::INTERNAL, message)
            })?;
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        })
    }

    fn execute_here<T: DeserializeOwned + Send>(
        &self,
        request: &Request,
        options: &Options,
    ) -> Result<Response<T>> {
        self.on_a_lane(async |client| execute(client, request, options).await)?
    }

    /// Runs work with the async client of an idle lane, on this thread.
    fn on_a_lane<T>(&self, work: impl AsyncFnOnce(&super::Client) -> T) -> Result<T> {
        let idle = self.shared.idle().pop();
        let lane = match idle {
            Some(lane) => lane,
            None => Lane::open(&self.shared)?,
        };
        let outcome = lane.block_on(work(&lane.client));
        let mut idle = self.shared.idle();
        if idle.len() < MAX_IDLE_LANES {
            idle.push(lane);
        }
        Ok(outcome)
    }
}

fn in_async_code() -> Error {
    misconfigured(
        "runtime",
        "the blocking client was called in async code, which it would stall; \
         use faststar::Client there, or tokio::task::spawn_blocking",
    )
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("blocking::Client").field(&self.shared.config).finish()
    }
}

impl ClientBuilder {
    /// Makes a blocking client. It connects when it is first called.
    ///
    /// # Errors
    ///
    /// Those of [`build`](ClientBuilder::build).
    pub fn build_blocking(self) -> Result<Client> {
        Ok(Client::of(Arc::new(self.check()?)))
    }
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, Vec<Lane>> {
        // Nothing that panics runs while it is locked, and a list of lanes is never half done.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    fn open(shared: &Shared) -> Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| {
            let message = format!("the system gave no runtime for a blocking call: {error}");
            Error::new(ErrorKind::Internal, code::INTERNAL, message)
        })?;
        let config = Arc::clone(&shared.config);
        let client = super::Client::connect(config, Arc::clone(&shared.budget))?;
        Ok(Self { runtime: Some(runtime), client })
    }

    fn block_on<F: Future>(&self, work: F) -> F::Output {
        let runtime = self.runtime.as_ref();
        let runtime = runtime.expect("a lane has its runtime until it is dropped");
        runtime.block_on(async {
            // The lane stood still since its last call. This turn lets it hear which connections the
            // server has closed meanwhile, before one of them is taken.
            yield_now().await;
            work.await
        })
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A plain drop waits for DNS look-ups under way, and panics in async code.
            runtime.shutdown_background();
        }
    }
}

/// Tells whether tokio lets this thread block, as far as it can be found out.
///
/// Tokio has no question to ask. But the async code that it polls runs on a budget, and the code that
/// may block does not; so whoever can spend without end may block. Code in
/// `tokio::task::unconstrained` has no budget either, and is taken for code that may.
fn may_block() -> bool {
    let mut context = Context::from_waker(Waker::noop());
    // Gives back, when it is dropped, what is spent here.
    let _before = coop::poll_proceed(&mut context);
    (0..1_000).all(|_| match coop::poll_proceed(&mut context) {
        Poll::Ready(spent) => {
            spent.made_progress();
            true
        }
        Poll::Pending => false,
    })
}

impl<T: DeserializeOwned + Send> Call<T, Client> {
    /// Sends the call and waits for the answer.
    ///
    /// # Errors
    ///
    /// Those of the async client's [`send`](Call::send), and `invalid_configuration` in async code.
    pub fn send(self) -> Result<Response<T>> {
        self.client.execute(&self.request?, &self.options)
    }

    /// Sends the call and waits for the answer, or until `interrupt` ends, which cancels the call.
    ///
    /// For a program that must stop waiting on a signal. `interrupt` runs on this thread, on a
    /// runtime with time. Inside a runtime this is always an error.
    ///
    /// # Errors
    ///
    /// The outer error is what the interrupt gave; the inner ones are those of
    /// [`send`](Call::send).
    pub fn send_unless<I: Future>(self, interrupt: I) -> Result<Result<Response<T>>, I::Output> {
        if Handle::try_current().is_ok() {
            return Ok(Err(in_async_code()));
        }
        let request = match self.request {
            Ok(request) => request,
            Err(error) => return Ok(Err(error)),
        };
        let sent = self.client.on_a_lane(async |client| {
            let call = pin!(execute(client, &request, &self.options));
            match select(call, pin!(interrupt)).await {
                Either::Left((answer, _)) => Ok(answer),
                Either::Right((interrupt, _)) => Err(interrupt),
            }
        });
        sent.unwrap_or_else(|error| Ok(Err(error)))
    }
}

impl<T: DeserializeOwned + Send> List<T, Client> {
    /// Gets one page and waits for it.
    ///
    /// # Errors
    ///
    /// Those of [`Call::send`].
    pub fn send(self) -> Result<Response<Page<T>>> {
        self.page().send()
    }

    /// Gives all items from here on, and gets each page when the one before has been read.
    ///
    /// Each page has a deadline of its own. After an error there are no more items; so it is where
    /// a server names a cursor for the second time, which would never end.
    pub fn iter(self) -> Items<T> {
        Items { items: Vec::new().into_iter(), pages: Some(Pages::new(self)) }
    }
}

/// All items of a list, page after page: an [`Iterator`].
#[must_use = "an iterator does nothing until it is asked"]
pub struct Items<T> {
    items: vec::IntoIter<T>,
    pages: Option<Pages<T, Client>>,
}

impl<T: DeserializeOwned + Send> Iterator for Items<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Result<T>> {
        loop {
            if let Some(item) = self.items.next() {
                return Some(Ok(item));
            }
            let pages = self.pages.take()?;
            let page = pages.call().send();
            match page.and_then(|page| pages.after(page.into_inner())) {
                Ok((items, pages)) => {
                    self.items = items.into_iter();
                    self.pages = pages;
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Items")
    }
}
