//! The one error of the crate.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// The stable machine-readable codes that this crate and the sandbox raise.
///
/// FastStar's pages document no codes; these are ours, the same in every language and in the
/// sandbox's answers. A live answer may carry none, or one that is not listed here.
pub mod code {
    macro_rules! codes {
        ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
            $($(#[doc = $doc])+ pub const $name: &str = $text;)+
            /// Every code of this module, in the order of its listing.
            pub const ALL: &[&str] = &[$($name),+];
        };
    }

    codes! {
        /// The text is not JSON; the message has the line and the column.
        MALFORMED_JSON = "malformed_json";
        /// A required field is absent.
        MISSING_FIELD = "missing_field";
        /// The field does not exist; usually a misspelling.
        UNKNOWN_FIELD = "unknown_field";
        /// An object names the same key twice.
        DUPLICATE_KEY = "duplicate_key";
        /// The value has another JSON type than the field.
        INVALID_TYPE = "invalid_type";
        /// The type is right, the value is not one that the field can have.
        INVALID_VALUE = "invalid_value";
        /// A number is below the field's minimum or above its maximum.
        OUT_OF_RANGE = "out_of_range";
        /// Not a URL that the field can have.
        INVALID_URL = "invalid_url";
        /// A text has a character that it must not have, or is too long.
        INVALID_STRING = "invalid_string";
        /// The URL is not on the cashier's origin, or one that the app allowed.
        ORIGIN_NOT_ALLOWED = "origin_not_allowed";
        /// Arrays and objects are nested too deeply.
        NESTING_TOO_DEEP = "nesting_too_deep";
        /// A line item names no price, no product and no ad hoc amount.
        LINE_ITEM_SOURCE_MISSING = "line_item_source_missing";
        /// A line item names two sources that contradict each other.
        LINE_ITEM_SOURCE_AMBIGUOUS = "line_item_source_ambiguous";
        /// A Merchant-of-Record merchant's line item does not reference the catalog.
        AD_HOC_NOT_ALLOWED = "ad_hoc_not_allowed";
        /// A subscription's line item must reference a recurring `price_id`.
        RECURRING_PRICE_REQUIRED = "recurring_price_required";
        /// A payment's line item must not reference a recurring price.
        ONE_TIME_PRICE_REQUIRED = "one_time_price_required";
        /// The lines are not all in one currency.
        CURRENCY_MISMATCH = "currency_mismatch";
        /// The mode needs at least one line item.
        LINE_ITEMS_REQUIRED = "line_items_required";
        /// An amount does not fit a signed 64-bit integer.
        AMOUNT_OVERFLOW = "amount_overflow";
        /// The bundled table has no rate for this place on this date.
        TAX_RATE_UNKNOWN = "tax_rate_unknown";
        /// No `X-API-Key` header was sent.
        MISSING_API_KEY = "missing_api_key";
        /// The API key is not known.
        INVALID_API_KEY = "invalid_api_key";
        /// The `Host` header names a host that this server is not.
        HOST_NOT_ALLOWED = "host_not_allowed";
        /// A page of another site tried to call.
        CROSS_SITE_REQUEST = "cross_site_request";
        /// No object of this merchant has this id, or no such path.
        NOT_FOUND = "not_found";
        /// The path exists, the method on it does not.
        METHOD_NOT_ALLOWED = "method_not_allowed";
        /// What was sent is no HTTP request.
        MALFORMED_REQUEST = "malformed_request";
        /// The request's line and headers are larger than the limit.
        HEAD_TOO_LARGE = "head_too_large";
        /// The body is larger than the limit.
        BODY_TOO_LARGE = "body_too_large";
        /// The body's `Content-Type` is not `application/json`.
        UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type";
        /// The body's `Content-Encoding` is not supported.
        UNSUPPORTED_ENCODING = "unsupported_encoding";
        /// The sender took too long to send.
        REQUEST_TIMEOUT = "request_timeout";
        /// The session has been completed before.
        SESSION_ALREADY_COMPLETED = "session_already_completed";
        /// The session has expired.
        SESSION_EXPIRED = "session_expired";
        /// The session's total is no longer the one that the buyer was shown.
        AMOUNT_CHANGED = "amount_changed";
        /// A request with the same idempotency key has not ended yet.
        IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight";
        /// The idempotency key was used with another body.
        IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused";
        /// The buyer's card was declined.
        CARD_DECLINED = "card_declined";
        /// The buyer's bank asks for authentication (SCA).
        AUTHENTICATION_REQUIRED = "authentication_required";
        /// Too many requests; `Retry-After` says when to come again.
        RATE_LIMITED = "rate_limited";
        /// The server has too much to do; `Retry-After` says when to come again.
        OVERLOADED = "overloaded";
        /// The webhook's signature header cannot be read.
        MALFORMED_HEADER = "malformed_header";
        /// The webhook's signature header has no `v1` part.
        NO_SIGNATURE = "no_signature";
        /// No signature matches the body under any of the secrets.
        SIGNATURE_MISMATCH = "signature_mismatch";
        /// The webhook was signed too long ago.
        TIMESTAMP_TOO_OLD = "timestamp_too_old";
        /// The webhook claims to be signed in the future.
        TIMESTAMP_IN_FUTURE = "timestamp_in_future";
        /// `X-Webhook-ID` names another event than the signed body.
        EVENT_ID_MISMATCH = "event_id_mismatch";
        /// The webhook secret is empty, so it could verify nothing.
        INVALID_SECRET = "invalid_secret";
        /// The client's configuration cannot work.
        INVALID_CONFIGURATION = "invalid_configuration";
        /// The connection failed before an answer came.
        CONNECTION_FAILED = "connection_failed";
        /// The server's certificate is not accepted, so nothing was sent to it.
        CERTIFICATE_INVALID = "certificate_invalid";
        /// The deadline of the call passed.
        TIMEOUT = "timeout";
        /// The caller gave the call up before it ended.
        ABORTED = "aborted";
        /// The answer is not one that the API gives.
        UNEXPECTED_RESPONSE = "unexpected_response";
        /// The answer is larger than the client takes.
        RESPONSE_TOO_LARGE = "response_too_large";
        /// A failed answer without a code of its own.
        REQUEST_FAILED = "request_failed";
        /// A defect of this software.
        INTERNAL = "internal";
    }
}

/// What went wrong, as far as a caller acts on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The input is wrong: refused here before any request (no [`Error::status`]), or by the server.
    Validation,
    /// The API key is missing or not known.
    Authentication,
    /// The key is known and may not do this, or the page may not call.
    Permission,
    /// No such object, or another merchant's.
    NotFound,
    /// The object's state or the idempotency key does not allow it.
    Conflict,
    /// The card was declined or the bank asks for authentication.
    Payment,
    /// Too many requests.
    RateLimit,
    /// No answer came: refused, reset, unresolved, or TLS failed.
    Connection,
    /// The call's deadline passed.
    Timeout,
    /// The server failed.
    Server,
    /// A webhook that must not be trusted.
    Signature,
    /// The client was set up wrongly.
    Configuration,
    /// An answer that the API does not give.
    UnexpectedResponse,
    /// A defect of this software.
    Internal,
}

impl ErrorKind {
    /// Gives the kind's name in `snake_case`, the same in every language.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Payment => "payment",
            Self::RateLimit => "rate_limit",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Server => "server",
            Self::Signature => "signature",
            Self::Configuration => "configuration",
            Self::UnexpectedResponse => "unexpected_response",
            Self::Internal => "internal",
        }
    }

    /// Gives the kind that an HTTP status stands for.
    pub fn from_status(status: u16) -> Self {
        match status {
            401 => Self::Authentication,
            402 => Self::Payment,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 => Self::Timeout,
            409 | 422 => Self::Conflict,
            429 => Self::RateLimit,
            400..=499 => Self::Validation,
            500..=599 => Self::Server,
            _ => Self::UnexpectedResponse,
        }
    }
}

/// Why no answer came, where the network says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NetworkError {
    /// Nothing listens at the address.
    Refused,
    /// The host's name has no address, or the resolver did not answer.
    Dns,
    /// No route leads to the host.
    Unreachable,
    /// The other side reset the connection.
    Reset,
    /// The other side closed the connection before the whole answer.
    Closed,
    /// The TLS handshake failed for another reason than the certificate.
    Tls,
    /// The server's certificate is not accepted.
    Certificate,
    /// Connecting, or the call as a whole, took too long.
    Timeout,
}

impl NetworkError {
    /// Gives the name in `snake_case`, the same in every language.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Dns => "dns",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Timeout => "timeout",
        }
    }
}

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Says what went wrong, where, and what to do.
///
/// ```
/// use faststar::{CreateSession, ErrorKind, LineItem};
///
/// let request = CreateSession::payment([LineItem::price("price_1").quantity(0)]);
/// let error = request.validate(None).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Validation);
/// assert_eq!(error.code(), "out_of_range");
/// assert_eq!(error.param(), Some("line_items[0].quantity"));
/// assert_eq!(error.to_string(), "line_items[0].quantity: quantity must be at least 1");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: String,
    param: Option<String>,
    status: Option<u16>,
    request_id: Option<String>,
    attempts: u32,
    retryable: bool,
    outcome_unknown: bool,
    idempotency_key: Option<String>,
    network_error: Option<NetworkError>,
    retry_after: Option<Duration>,
    headers: Vec<(String, String)>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of a kind with a code of [`code`] and a message that says what to do.
    pub fn new(
        kind: ErrorKind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            code: code.into(),
            message: message.into(),
            param: None,
            status: None,
            request_id: None,
            attempts: 0,
            retryable: false,
            outcome_unknown: false,
            idempotency_key: None,
            network_error: None,
            retry_after: None,
            headers: Vec::new(),
            source: None,
        }))
    }

    /// Makes the error of a wrong input at a path such as `line_items[2].quantity`.
    pub fn validation(
        code: impl Into<Cow<'static, str>>,
        param: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(ErrorKind::Validation, code, message).with_param(param)
    }

    /// Names the place of the mistake.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Adds the HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.0.status = Some(status);
        self
    }

    /// Adds the `X-Request-Id` of the answer.
    #[must_use]
    pub fn with_request_id(mut self, request_id: Option<String>) -> Self {
        self.0.request_id = request_id;
        self
    }

    /// Adds how many attempts the call made.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Marks that the same call may succeed later.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// Marks that the request may have taken effect although no answer says so.
    #[must_use]
    pub fn with_outcome_unknown(mut self, unknown: bool) -> Self {
        self.0.outcome_unknown = unknown;
        self
    }

    /// Adds the idempotency key that the call sent.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: Option<String>) -> Self {
        self.0.idempotency_key = key;
        self
    }

    /// Adds why no answer came.
    #[must_use]
    pub fn with_network_error(mut self, network_error: Option<NetworkError>) -> Self {
        self.0.network_error = network_error;
        self
    }

    /// Adds how long the server asked to wait.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Option<Duration>) -> Self {
        self.0.retry_after = retry_after;
        self
    }

    /// Adds the answer's headers, names in lower case and values without secrets.
    #[must_use]
    pub fn with_headers(mut self, headers: Vec<(String, String)>) -> Self {
        self.0.headers = headers;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What went wrong, as far as a caller acts on it.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The stable code, one of [`code`] or one that the live platform gave.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The message alone, without the place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The place of the mistake: `line_items[2].quantity`.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The HTTP status, where an answer came.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The `X-Request-Id` of the answer, where it had one. Quote it to support.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// How many attempts the call made; 0 where nothing was sent.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Tells whether the same call, with the same idempotency key, may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Tells whether the request may have taken effect although no answer says so.
    ///
    /// Repeat the call with [`idempotency_key`](Self::idempotency_key) to learn the outcome: a server
    /// that has seen the key answers as it did before. Any attempt of the call counts, not only the
    /// last one. Always false for a call that changes nothing.
    pub fn is_outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }

    /// The idempotency key that the call sent: yours, or the one that the client made.
    ///
    /// `None` where the call sends none, or was refused before it was sent.
    pub fn idempotency_key(&self) -> Option<&str> {
        self.0.idempotency_key.as_deref()
    }

    /// Why no answer came, where the network says so.
    pub fn network_error(&self) -> Option<NetworkError> {
        self.0.network_error
    }

    /// How long the server asked to wait (`Retry-After`).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The headers of the answer, where one came: names in lower case, in the order they came.
    ///
    /// `Set-Cookie` is left out and the API key replaced. At most 64 headers, of 500 characters each.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(param) = &self.0.param {
            write!(f, "{param}: ")?;
        }
        f.write_str(&self.0.message)?;
        match (self.0.status, &self.0.request_id) {
            (Some(status), Some(id)) => write!(f, " (status {status}, request {id})")?,
            (Some(status), None) => write!(f, " (status {status})")?,
            _ => {}
        }
        match &self.0.idempotency_key {
            Some(key) if self.0.outcome_unknown => {
                write!(f, "; outcome unknown, ask again with the idempotency key {key}")
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Error");
        out.field("kind", &self.0.kind).field("code", &self.0.code);
        out.field("message", &self.0.message);
        if let Some(param) = &self.0.param {
            out.field("param", param);
        }
        if let Some(status) = &self.0.status {
            out.field("status", status);
        }
        if let Some(id) = &self.0.request_id {
            out.field("request_id", id);
        }
        if self.0.outcome_unknown {
            out.field("outcome_unknown", &true);
        }
        if let Some(key) = &self.0.idempotency_key {
            out.field("idempotency_key", key);
        }
        if let Some(network_error) = &self.0.network_error {
            out.field("network_error", network_error);
        }
        if let Some(source) = &self.0.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.source {
            Some(source) => Some(source.as_ref()),
            None => None,
        }
    }
}
