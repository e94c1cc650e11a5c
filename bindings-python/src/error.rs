//! The core's error as a Python exception.
//!
//! The classes are Python's own, in `faststar/_errors.py`, where users read them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faststar::error::{Error, ErrorKind, NetworkError, code};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{IntoPyDict, PyDict};

/// Makes the exception of an error.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        Err(failure) => failure,
    }
}

/// Makes the exception of an error, as an object.
pub fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let make = MAKE.import(py, "faststar._errors", "_from_core")?;
    let details = PyDict::new(py);
    details.set_item("code", error.code())?;
    details.set_item("param", error.param())?;
    details.set_item("status", error.status())?;
    details.set_item("request_id", error.request_id())?;
    details.set_item("attempts", error.attempts())?;
    details.set_item("retryable", error.is_retryable())?;
    details.set_item("retry_after", error.retry_after().map(|wait| wait.as_secs_f64()))?;
    details.set_item("idempotency_key", error.idempotency_key())?;
    details.set_item("outcome_unknown", error.is_outcome_unknown())?;
    details.set_item("network_error", error.network_error().map(NetworkError::as_str))?;
    details.set_item("headers", error.headers().collect::<Vec<_>>().into_py_dict(py)?)?;
    make.call((error.kind().as_str(), error.message()), Some(&details))
}

/// Runs `work` and turns its error, and a panic of its, into an exception.
pub fn guarded<T>(py: Python<'_>, work: impl FnOnce() -> Result<T, Error>) -> PyResult<T> {
    caught(work).map_err(|error| raise(py, &error))
}

/// Runs `work` and turns a panic of its into an error.
pub fn caught<T>(work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What a panic may have left half done is local to the call, which has ended.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(defect()))
}

/// Makes the error of a defect of ours. What the panic said may hold anything, so it is not shown.
pub fn defect() -> Error {
    Error::new(
        ErrorKind::Internal,
        code::INTERNAL,
        "a defect of the faststar package; please report it with the traceback",
    )
}

/// Makes the error of an argument that cannot work.
pub fn misconfigured(param: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).with_param(param)
}
