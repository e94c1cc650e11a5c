//! Verifies and signs webhooks.

use std::time::Duration;

use faststar::error::{Error, ErrorKind, code};
use faststar::webhook::{DEFAULT_TOLERANCE, Verifier, sign_all, signature_header, unix_now};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBool, PyBytes, PyList, PyMapping, PyString, PyTuple};

use crate::convert::{is_bytes, text, type_name};
use crate::error::{caught, guarded, misconfigured, raise};
use crate::results::Event;

/// From how many bytes on other threads may run while a body is hashed.
const LARGE: usize = 64 * 1024;

/// The raw body of a request: the bytes as they came.
pub struct Body(PyBackedBytes);

impl Body {
    /// Takes bytes, and a str as its UTF-8.
    pub fn read(body: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = body.py();
        if is_bytes(body) {
            return Ok(Self(bytes_of(body)?));
        }
        if let Ok(text) = body.cast::<PyString>() {
            // A lone surrogate becomes bytes that are no UTF-8, which is what such a body was.
            let arguments = (intern!(py, "utf-8"), intern!(py, "surrogatepass"));
            let bytes = text.call_method1(intern!(py, "encode"), arguments)?;
            return Ok(Self(bytes.cast_into::<PyBytes>()?.into()));
        }
        let name = type_name(body);
        let message = format!(
            "body must be bytes, not {name}; pass the raw body of the request, such as Django's \
             request.body, before any JSON parser"
        );
        Err(raise(py, &Error::validation(code::INVALID_TYPE, "body", message)))
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

fn bytes_of(object: &Bound<'_, PyAny>) -> PyResult<PyBackedBytes> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(bytes.clone().into());
    }
    let copy = object.py().get_type::<PyBytes>().call1((object,))?;
    Ok(copy.cast_into::<PyBytes>()?.into())
}

/// Reads a header's value as frameworks give it: a str, bytes, or a list of the lines that it came in.
/// Several lines are one value with commas between (RFC 9110, section 5.3).
fn header_of(given: &Bound<'_, PyAny>, name: &str, header: &str) -> PyResult<Option<String>> {
    if given.is_none() {
        return Ok(None);
    }
    if let Some(line) = line_of(given)? {
        return Ok(Some(line));
    }
    let lines: Option<Vec<_>> =
        if given.is_instance_of::<PyList>() || given.is_instance_of::<PyTuple>() {
            given.try_iter()?.map(|line| line_of(&line?)).collect::<PyResult<_>>()?
        } else {
            None
        };
    match lines {
        Some(lines) if lines.is_empty() => Ok(None),
        Some(lines) => Ok(Some(lines.join(","))),
        None => {
            let message = format!("{name} must be a str, the value of {header}");
            let message = match given.cast::<PyMapping>() {
                Ok(_) => format!("{message}, not all headers: headers[\"{header}\"]"),
                Err(_) => format!("{message}, not {}", type_name(given)),
            };
            Err(raise(given.py(), &Error::validation(code::INVALID_TYPE, name, message)))
        }
    }
}

fn line_of(given: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(text) = given.cast::<PyString>() {
        // What is no Unicode is no signature either; the sender chose it.
        return Ok(Some(text.to_string_lossy().into_owned()));
    }
    if is_bytes(given) {
        return Ok(Some(bytes_of(given)?.iter().map(|byte| char::from(*byte)).collect()));
    }
    Ok(None)
}

/// Reads one secret or several.
fn secrets_of(given: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    let py = given.py();
    if given.is_none() || given.is_instance_of::<PyString>() || is_bytes(given) {
        return Ok(vec![secret_of(given, "secret")?]);
    }
    let secrets = match given.cast::<PyMapping>() {
        Ok(_) => None,
        Err(_) => given.try_iter().ok(),
    };
    let Some(secrets) = secrets else {
        let name = type_name(given);
        let message = format!("secret must be the endpoint's secret, a str, or a list, not {name}");
        return Err(raise(py, &misconfigured("secret", message)));
    };
    secrets
        .enumerate()
        .map(|(index, secret)| secret_of(&secret?, &format!("secret[{index}]")))
        .collect()
}

fn secret_of(given: &Bound<'_, PyAny>, place: &str) -> PyResult<String> {
    let py = given.py();
    if given.is_none() {
        let message = "the webhook secret is not set; pass the secret of this endpoint, such as \
                       os.environ[\"FASTSTAR_WEBHOOK_SECRET\"]";
        let error = Error::new(ErrorKind::Configuration, code::INVALID_SECRET, message);
        return Err(raise(py, &error.with_param(place)));
    }
    if is_bytes(given) {
        return String::from_utf8(bytes_of(given)?.to_vec())
            .map_err(|_| raise(py, &misconfigured(place, "the webhook secret must be UTF-8")));
    }
    text(given, place).map_err(|error| raise(py, &misconfigured(place, error.message())))
}

/// Reads whole seconds of an int or a float.
fn seconds_of(given: Option<&Bound<'_, PyAny>>, name: &str, least: i64) -> PyResult<Option<i64>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    let number = match given.is_instance_of::<PyBool>() {
        true => None,
        // The greatest float below 2^63, so that none is beyond what it becomes.
        false => given.extract::<i64>().ok().or_else(|| {
            let number = given.extract::<f64>().ok()?.floor();
            #[allow(clippy::cast_possible_truncation)]
            (number.abs() < 9_223_372_036_854_774_784.0).then_some(number as i64)
        }),
    };
    match number {
        Some(number) if number >= least => Ok(Some(number)),
        _ => {
            let least = if least == 0 { ", from 0 up" } else { "" };
            let message = format!("{name} must be a number of seconds{least}");
            Err(raise(given.py(), &misconfigured(name, message)))
        }
    }
}

/// Verifies a webhook and gives its event.
#[pyfunction]
#[pyo3(signature = (body, header, secret, *, event_id=None, tolerance=None, now=None))]
pub fn verify_webhook(
    py: Python<'_>,
    body: &Bound<'_, PyAny>,
    header: &Bound<'_, PyAny>,
    secret: &Bound<'_, PyAny>,
    event_id: Option<&Bound<'_, PyAny>>,
    tolerance: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
) -> PyResult<Event> {
    // What the receiver has set up wrongly comes first: it says nothing about the webhook.
    let secrets = secrets_of(secret)?;
    let tolerance = seconds_of(tolerance, "tolerance", 0)?
        .map_or(DEFAULT_TOLERANCE, |seconds| Duration::from_secs(seconds.unsigned_abs()));
    let now = seconds_of(now, "now", i64::MIN)?;
    let body = Body::read(body)?;
    let header = header_of(header, "header", "X-Webhook-Signature")?;
    let event_id = match event_id {
        Some(event_id) => header_of(event_id, "event_id", "X-Webhook-ID")?,
        None => None,
    };
    let verify = || {
        let verifier = Verifier::from_secrets(secrets)?.tolerance(tolerance);
        let header = signature_header(header.as_deref())?;
        let now = now.unwrap_or_else(unix_now);
        verifier.verify_with_id(body.bytes(), header, event_id.as_deref(), now)
    };
    let event = match body.bytes().len() < LARGE {
        true => guarded(py, verify),
        false => py.detach(|| caught(verify)).map_err(|error| raise(py, &error)),
    };
    event.map(Event::new)
}

/// Signs a body as FastStar does and gives the header's value.
#[pyfunction]
#[pyo3(signature = (body, secret, *, timestamp=None))]
pub fn sign_webhook(
    py: Python<'_>,
    body: &Bound<'_, PyAny>,
    secret: &Bound<'_, PyAny>,
    timestamp: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let secrets = secrets_of(secret)?;
    let timestamp = seconds_of(timestamp, "timestamp", i64::MIN)?;
    let body = Body::read(body)?;
    guarded(py, || {
        Verifier::from_secrets(secrets.iter().map(String::as_str))?; // refuses what could verify nothing
        Ok(sign_all(body.bytes(), secrets, timestamp.unwrap_or_else(unix_now)))
    })
}
