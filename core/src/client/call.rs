//! A call that has not been sent yet, its options, and what comes of it.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::Result;

use super::Client;
use super::envelope;
use super::execute::{Answer, Options, execute};
use super::request::Request;
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

    /// Sets how long this call may take, all its attempts and the waits between them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets how often this call is repeated where it fails and may succeed later.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.options.max_retries = Some(retries);
        self
    }
}

impl<T: DeserializeOwned> Call<T> {
    /// Sends the call; `.await` on the call itself does the same.
    ///
    /// # Errors
    ///
    /// Of kind [`Validation`](crate::ErrorKind::Validation) without a status where the request was
    /// refused before it was sent; of the status's kind where the server refused it; and of kind
    /// `Connection`, `Timeout` or `UnexpectedResponse` where no answer came that could be read.
    pub async fn send(self) -> Result<Response<T>> {
        let answer = execute(&self.client, &self.request?, &self.options).await?;
        Response::read(answer)
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Call<T> {
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

/// What a call came to: the value, and what the answer said around it.
///
/// It dereferences to the value.
#[derive(Clone, Debug)]
pub struct Response<T> {
    value: T,
    status: u16,
    request_id: Option<String>,
    attempts: u32,
}

impl<T> Response<T> {
    /// The HTTP status, a 2xx.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The `X-Request-Id` of the answer, where it had one. Quote it to support.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How many attempts it took, from 1 up.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// Gives the value alone.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T: DeserializeOwned> Response<T> {
    pub(super) fn read(answer: Answer) -> Result<Self> {
        match envelope::decode(&answer.data) {
            Ok(value) => Ok(Self {
                value,
                status: answer.status,
                request_id: answer.request_id,
                attempts: answer.attempts,
            }),
            Err(error) => Err(error.with_status(answer.status).with_request_id(answer.request_id)),
        }
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
