//! Calls the API.
//!
//! ```no_run
//! # async fn run() -> faststar::Result<()> {
//! use faststar::{Client, CreateSession, LineItem};
//!
//! let client = Client::from_env()?; // FASTSTAR_API_KEY
//! let request = CreateSession::payment([LineItem::price("price_1")])
//!     .buyer_country("DE")
//!     .client_reference_id("order_10042");
//! let created = client.checkout().sessions().create(request).await?;
//! // Hand created.url to the buyer's browser.
//! # Ok(())
//! # }
//! ```
//!
//! A call goes through these files, in this order: `resources` makes a [`Call`] from a request that
//! is plain data (`request`), [`Call::send`] hands it to `execute`, which sends it through a
//! [`Transport`] (reqwest, or your own), reads the answer's `envelope`, and asks `retry` and
//! `budget` whether to try again.
//!
//! What every call has:
//!
//! - **One deadline** over all its attempts and waits, 30 s unless told otherwise.
//! - **Up to two retries** of what may pass: a failed connection, 429, 500, 502–504, and 409 while
//!   an earlier attempt is in flight. `Retry-After` is honoured up to 60 s. The clones of a client
//!   share a retry budget, so that an outage is not made worse.
//! - **One idempotency key** per operation that creates something, the same on every retry.
//! - **An observer**, where [`ClientBuilder::observer`] sets one, is told of every attempt and call.
//! - **No secret in sight**: the API key is in no `Debug`, error or log, even where a server echoes it.
//! - **Cancellation**: dropping the future of a call drops its request.
//!
//! The client starts no threads and no runtime; it runs on the caller's tokio runtime, with the I/O
//! and time drivers enabled. Programs without one use `blocking::Client` (feature `blocking`).

#[cfg(feature = "blocking")]
pub mod blocking;
mod budget;
mod builder;
mod call;
mod envelope;
mod execute;
#[doc(hidden)]
pub mod io;
mod observer;
mod page;
mod redact;
mod request;
mod reqwest_transport;
mod resources;
mod response;
pub mod retry;
#[doc(hidden)]
pub mod rules;
#[cfg(test)]
mod simulated;
mod terms;
mod trace;
mod transport;

use std::fmt;
use std::sync::Arc;

pub use bytes::Bytes;
pub use http;

use crate::error::Result;
use crate::secret::Secret;

use self::budget::RetryBudget;
use self::builder::Config;
pub use self::builder::{ClientBuilder, DEFAULT_BASE_URL};
pub use self::call::Call;
pub use self::observer::{AttemptInfo, CallInfo, Observer};
pub use self::page::{Cursors, Items, List, ListParams, Page};
pub use self::resources::{Catalog, Checkout, Prices, Products, Sessions};
pub use self::response::Response;
pub use self::terms::Terms;
pub use self::transport::{
    BoxFuture, HttpRequest, HttpResponse, MAX_RESPONSE_BYTES, Transport, TransportError,
    TransportErrorKind,
};

/// Calls the API on behalf of one merchant.
///
/// Make one and clone it wherever it is needed: clones share the connections and the retry budget.
///
/// ```no_run
/// # async fn run() -> faststar::Result<()> {
/// use faststar::{Client, CreateProduct};
///
/// let client = Client::new("sk_live_1")?;
/// let product = client.catalog().products().create(CreateProduct::new("Green tea")).await?;
/// println!("{} ({:?})", product.id, product.request_id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

/// What the clones of a client share.
struct Inner {
    config: Arc<Config>,
    transport: Arc<dyn Transport>,
    budget: Arc<RetryBudget>,
}

impl Client {
    /// Makes a client with an API key and the defaults of [`ClientBuilder`].
    ///
    /// # Errors
    ///
    /// `invalid_configuration` where the key is empty or cannot be sent in a header.
    pub fn new(api_key: impl Into<Secret>) -> Result<Self> {
        Self::builder(api_key).build()
    }

    /// Makes a client from `FASTSTAR_API_KEY` and, where it is set, `FASTSTAR_BASE_URL`.
    ///
    /// # Errors
    ///
    /// `invalid_configuration` where the key is not set, or either cannot work.
    pub fn from_env() -> Result<Self> {
        ClientBuilder::from_env()?.build()
    }

    /// Starts a client that differs from the defaults.
    pub fn builder(api_key: impl Into<Secret>) -> ClientBuilder {
        ClientBuilder::new(api_key)
    }

    /// Gives the calls about checkout sessions.
    pub fn checkout(&self) -> Checkout<'_> {
        Checkout::new(self, self.inner.config.merchant.as_ref())
    }

    /// Gives the calls about products and prices.
    pub fn catalog(&self) -> Catalog<'_> {
        Catalog::new(self)
    }

    /// Makes a client of the same configuration that shares nothing with this one: it opens
    /// connections of its own, and has a retry budget of its own.
    ///
    /// For the child after a `fork`, where the parent's connections are the parent's. The child must
    /// not drop the client that it inherited, which would reach into the parent's; it leaks it with
    /// [`std::mem::forget`]. A transport of your own is the same for both.
    ///
    /// # Errors
    ///
    /// Of kind `Internal` where the system gives what a client needs no more.
    pub fn with_fresh_connections(&self) -> Result<Self> {
        Self::connect(Arc::clone(&self.inner.config), Arc::default())
    }

    fn connect(config: Arc<Config>, budget: Arc<RetryBudget>) -> Result<Self> {
        let transport = config.connect()?;
        Ok(Self { inner: Arc::new(Inner { config, transport, budget }) })
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Client").field(&self.inner.config).finish()
    }
}
