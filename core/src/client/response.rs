//! What a call comes to.

use std::ops::Deref;

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
    pub(super) fn new(value: T, status: u16, request_id: Option<String>, attempts: u32) -> Self {
        Self { value, status, request_id, attempts }
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
