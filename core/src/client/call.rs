//! A call that has not been sent yet, and its options.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::Result;

use super::Client;
use super::execute::{Options, execute};
use super::request::{Request, new_idempotency_key};
use super::response::Response;
use super::transport::BoxFuture;

/// A call that has not been sent yet.
///
/// Await it, or set its options first. Nothing is sent before, and dropping the future cancels it.
/// `C` is the client that it was made with, [`Client`] or `blocking::Client`; the call of a blocking
/// client is sent with `send` alone.
///
/// ```no_run
/// # async fn run(client: faststar::Client) -> faststar::Result<()> {
/// use std::time::Duration;
///
/// use faststar::{CreateSession, LineItem};
///
/// let created = client
///     .checkout()
///     .sessions()
///     .create(CreateSession::payment([LineItem::price("price_1")]))
///     .idempotency_key("order_10042")
///     .timeout(Duration::from_secs(5))
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<T, C = Client> {
    pub(super) client: C,
    /// A request that was refused beforehand stays an error until it is sent.
    pub(super) request: Result<Request>,
    pub(super) options: Options,
    answer: PhantomData<fn() -> T>,
}

impl<T, C> Call<T, C> {
    pub(super) fn new(client: C, request: Result<Request>, options: Options) -> Self {
        Self { client, request, options, answer: PhantomData }
    }

    /// Sets the idempotency key, 1 to 255 visible ASCII characters, instead of a random one.
    ///
    /// The server answers a key that it has seen as it did before, so an order number keeps an
    /// order from being created twice even where the program was restarted in between. Only a call
    /// that creates something sends a key.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.options.idempotency_key = Some(key.into());
        self
    }

    /// Gives the idempotency key that the call will send, and makes one where none was set; `None` for a
    /// call that changes nothing, which sends none.
    ///
    /// Keep it where the call may be given up: it is the way to ask for the outcome later.
    ///
    /// # Errors
    ///
    /// Of kind `Internal` where the operating system returns no random bytes.
    pub fn ensure_idempotency_key(&mut self) -> Result<Option<&str>> {
        let has_effect = self.request.as_ref().is_ok_and(Request::has_effect);
        if has_effect && self.options.idempotency_key.is_none() {
            self.options.idempotency_key = Some(new_idempotency_key()?);
        }
        Ok(self.options.idempotency_key.as_deref().filter(|_| has_effect))
    }

    /// Sets how long this call may take, all its attempts and the waits between them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Counts a wait of the caller's before the call was sent, such as for a thread, in its timeout.
    pub fn waited(mut self, waited: Duration) -> Self {
        self.options.waited = waited;
        self
    }

    /// Sets how often this call is repeated where it fails and may succeed later. The client's retry
    /// budget does not cut it.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.max_retries = Some(retries);
        self
    }
}

impl<T: DeserializeOwned + Send> Call<T> {
    /// Sends the call; `.await` on the call itself does the same.
    ///
    /// # Errors
    ///
    /// Of kind [`Validation`](crate::ErrorKind::Validation) without a status where the request was
    /// refused before it was sent; of the status's kind where the server refused it; and of kind
    /// `Connection`, `Timeout` or `UnexpectedResponse` where no answer came that could be read.
    pub async fn send(self) -> Result<Response<T>> {
        execute(&self.client, &self.request?, &self.options).await
    }
}

impl<T: DeserializeOwned + Send + 'static> IntoFuture for Call<T> {
    type Output = Result<Response<T>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T, C> fmt::Debug for Call<T, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("request", &self.request)
            .field("timeout", &self.options.timeout)
            .field("max_retries", &self.options.max_retries)
            .finish_non_exhaustive()
    }
}
