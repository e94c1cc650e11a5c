//! What sends a request: the seam between what to do and how it goes over a wire.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::NetworkError;

/// A request as it goes over the wire: a method, an absolute URL, headers and a whole body.
pub type HttpRequest = http::Request<Bytes>;

/// An answer as it came over the wire, with its whole body.
pub type HttpResponse = http::Response<Bytes>;

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The greatest size of an answer that is read, in bytes: 8 MiB.
pub const MAX_RESPONSE_BYTES: usize = 8 * 1024 * 1024;

/// Sends one request and reads the whole answer.
///
/// The client adds retries, the deadline and the meaning; a transport does none of that. It must not
/// follow redirects, since they would carry the API key elsewhere, should stop reading at
/// [`MAX_RESPONSE_BYTES`], and gives up when its future is dropped.
///
/// Put one in with [`ClientBuilder::transport`](super::ClientBuilder::transport): a simulated
/// network for a test, a recorder, another HTTP library.
///
/// ```
/// use faststar::Client;
/// use faststar::client::{BoxFuture, HttpRequest, HttpResponse, Transport, TransportError};
///
/// struct Canned;
///
/// impl Transport for Canned {
///     fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
///         assert_eq!(request.uri().path(), "/api/v1/public/checkout/sessions/cs_1");
///         let body = r#"{"success": true, "data": {"id": "cs_1", "status": "complete"}}"#;
///         Box::pin(async move { Ok(HttpResponse::new(body.into())) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> faststar::Result<()> {
/// let client = Client::builder("sk_test_1").transport(Canned).build()?;
/// let session = client.checkout().sessions().retrieve("cs_1").await?;
/// assert_eq!(session.status, faststar::SessionStatus::Complete);
/// # Ok(())
/// # }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends a request and reads the whole answer, whatever its status.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>>;
}

impl<T: Transport + ?Sized> Transport for Arc<T> {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        (**self).send(request)
    }
}

/// Says why no answer came.
#[derive(Clone, Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    network_error: Option<NetworkError>,
    message: String,
}

/// How far a request got that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection came about (unresolved, refused, TLS broke off): the server has not seen the
    /// request.
    Connect,
    /// The server's certificate is not accepted: it has not seen the request, and trying again does
    /// not mend it.
    Certificate,
    /// The connection broke before the whole answer: the server may have acted on the request.
    Interrupted,
    /// The transport's own time ran out: the server may have acted on the request.
    Timeout,
    /// The answer is larger than [`MAX_RESPONSE_BYTES`].
    TooLarge,
    /// The request could not be sent, which trying again does not mend.
    Other,
}

impl TransportErrorKind {
    /// Tells whether the next attempt may turn out otherwise.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Connect | Self::Interrupted | Self::Timeout)
    }

    /// Tells whether the server may have acted on the request.
    pub fn may_have_been_sent(self) -> bool {
        matches!(self, Self::Interrupted | Self::Timeout | Self::TooLarge)
    }
}

impl TransportError {
    /// Makes an error; the message says why, in lower case and without secrets.
    pub fn new(kind: TransportErrorKind, message: impl Into<String>) -> Self {
        let network_error = match kind {
            TransportErrorKind::Certificate => Some(NetworkError::Certificate),
            TransportErrorKind::Timeout => Some(NetworkError::Timeout),
            _ => None,
        };
        Self { kind, network_error, message: message.into() }
    }

    /// Adds what the network said.
    #[must_use]
    pub fn with_network_error(mut self, network_error: NetworkError) -> Self {
        self.network_error = Some(network_error);
        self
    }

    /// How far the request got.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// What the network said, where it is known.
    pub fn network_error(&self) -> Option<NetworkError> {
        self.network_error
    }

    /// Why no answer came.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TransportError {}
