//! The core's error as a Python exception.
//!
//! The classes are Python's own, in `faststar/_errors.py`, where users read them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use faststar::error::{Error, ErrorKind, code};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

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
    make.call1((
        error.kind().as_str(),
        error.code(),
        error.message(),
        error.param(),
        error.status(),
        error.request_id(),
        error.is_retryable(),
    ))
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
