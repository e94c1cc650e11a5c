//! What a call comes to.

use std::fmt;
use std::ops::Deref;

use serde_json::value::RawValue;

/// What a call came to: the value, and what the answer said around it.
///
/// It dereferences to the value.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    data: Box<RawValue>,
    status: u16,
    request_id: Option<String>,
    attempts: u32,
}

impl Response<()> {
    pub(super) fn new(
        data: Box<RawValue>,
        status: u16,
        request_id: Option<String>,
        attempts: u32,
    ) -> Self {
        Self { value: (), data, status, request_id, attempts }
    }

    /// Adds what was read of the data.
    pub(super) fn with_value<T>(self, value: T) -> Response<T> {
        let Self { value: (), data, status, request_id, attempts } = self;
        Response { value, data, status, request_id, attempts }
    }
}

impl<T> Response<T> {
    /// The answer's `data` as the JSON text that came, with every digit of every number.
    pub fn data_json(&self) -> &str {
        self.data.get()
    }

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

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Leaves the JSON text out, which may have secrets in it.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("status", &self.status)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish()
    }
}
