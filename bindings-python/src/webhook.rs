//! Verifies and signs webhooks.

use std::time::Duration;

use faststar::error::{Error, code};
use faststar::webhook::{DEFAULT_TOLERANCE, Verifier, sign_all, signature_header, unix_now};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyByteArray, PyBytes, PyMemoryView, PyString};

use crate::error::{caught, guarded, raise};
use crate::results::Event;

/// From how many bytes on other threads may run while a body is hashed.
const LARGE: usize = 64 * 1024;

/// The raw body of a request: the bytes as they came.
pub struct Body(PyBackedBytes);

impl Body {
    /// Takes bytes, and a str as its UTF-8.
    pub fn read(body: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = body.py();
        if let Ok(bytes) = body.cast::<PyBytes>() {
            return Ok(Self(bytes.clone().into()));
        }
        if Self::is_bytes(body) {
            let copy = py.get_type::<PyBytes>().call1((body,))?.cast_into::<PyBytes>()?;
            return Ok(Self(copy.into()));
        }
        if let Ok(text) = body.cast::<PyString>() {
            let bytes = text.call_method0("encode")?.cast_into::<PyBytes>()?;
            return Ok(Self(bytes.into()));
        }
        let name = body.get_type().name()?;
        let message = format!(
            "body must be bytes, not {name}; pass the raw body of the request, such as Django's \
             request.body, before any JSON parser"
        );
        Err(raise(py, &Error::validation(code::INVALID_TYPE, "body", message)))
    }

    /// Tells whether an object holds bytes.
    pub fn is_bytes(object: &Bound<'_, PyAny>) -> bool {
        object.is_instance_of::<PyBytes>()
            || object.is_instance_of::<PyByteArray>()
            || object.is_instance_of::<PyMemoryView>()
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Verifies a webhook and gives its event.
#[pyfunction]
#[pyo3(signature = (body, header, secrets, *, event_id=None, tolerance=None, now=None))]
pub fn verify_webhook(
    py: Python<'_>,
    body: &Bound<'_, PyAny>,
    header: Option<&str>,
    secrets: Vec<String>,
    event_id: Option<&str>,
    tolerance: Option<u64>,
    now: Option<i64>,
) -> PyResult<Event> {
    let body = Body::read(body)?;
    let verify = || {
        let tolerance = tolerance.map_or(DEFAULT_TOLERANCE, Duration::from_secs);
        let verifier = Verifier::from_secrets(secrets)?.tolerance(tolerance);
        let header = signature_header(header)?;
        let now = now.unwrap_or_else(unix_now);
        verifier.verify_with_id(body.bytes(), header, event_id, now)
    };
    let event = match body.bytes().len() < LARGE {
        true => guarded(py, verify),
        false => py.detach(|| caught(verify)).map_err(|error| raise(py, &error)),
    };
    event.map(Event::new)
}

/// Signs a body as FastStar does and gives the header's value.
#[pyfunction]
#[pyo3(signature = (body, secrets, *, timestamp=None))]
pub fn sign_webhook(
    body: &Bound<'_, PyAny>,
    secrets: Vec<String>,
    timestamp: Option<i64>,
) -> PyResult<String> {
    let body = Body::read(body)?;
    Ok(sign_all(body.bytes(), secrets, timestamp.unwrap_or_else(unix_now)))
}
