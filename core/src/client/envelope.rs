//! Reads what every answer comes in: `{success, message, data}`, and `error` where it failed.

use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result, code};
use crate::secret::Secret;
use crate::wire::Misfit;

use super::redact::clean;
use super::terms::Terms;
use super::transport::HttpResponse;

/// Read leniently, so that a message is not lost because something beside it has another form.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    success: Value,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    data: Option<Box<RawValue>>,
    #[serde(default)]
    error: Value,
}

/// Tells whether an answer is the API's own, and not of something in between.
pub(super) fn is_from_api(response: &HttpResponse) -> bool {
    serde_json::from_slice::<Envelope>(response.body())
        .is_ok_and(|envelope| matches!(envelope.success, Value::Bool(_)))
}

/// Gives an answer's `data`, not read yet, or the error that the answer tells.
///
/// The API key is replaced wherever the server echoes it.
pub(super) fn open(
    response: &HttpResponse,
    api_key: &Secret,
    terms: &Terms,
) -> Result<Box<RawValue>> {
    let status = response.status();
    let error = match serde_json::from_slice::<Envelope>(response.body()) {
        Ok(Envelope { success: Value::Bool(true), data, .. }) if status.is_success() => {
            match data {
                Some(data) => return Ok(data),
                None => unexpected("the answer has no data"),
            }
        }
        Ok(envelope) if envelope.tells_of_failure() => envelope.into_error(status, api_key),
        _ => not_an_envelope(response, api_key, terms),
    };
    Err(error.with_status(status.as_u16()))
}

/// Reads an answer's `data`.
pub(super) fn decode<T: DeserializeOwned>(data: &RawValue) -> Result<T> {
    serde_json::from_str(data.get()).map_err(|error| {
        let Misfit { path, what, .. } = Misfit::of(data.get(), &error);
        let refused = unexpected(format!("the answer's data cannot be read: {what}"));
        if path.is_empty() { refused } else { refused.with_param(path) }
    })
}

impl Envelope {
    fn tells_of_failure(&self) -> bool {
        self.success == Value::Bool(false) || self.message().is_some()
    }

    /// The explanation, which some gateways put beside or below where it belongs.
    fn message(&self) -> Option<&str> {
        [&self.message, &self.error["message"], &self.error]
            .into_iter()
            .filter_map(Value::as_str)
            .find(|text| !text.is_empty())
    }

    /// The kind comes from the status alone. A failure within a 2xx is therefore
    /// [`ErrorKind::UnexpectedResponse`]: nothing says whose fault it is, and a caller must not take
    /// it for a mistake of the input.
    fn into_error(self, status: StatusCode, api_key: &Secret) -> Error {
        let message = match self.message() {
            Some(text) => clean(text, api_key),
            None => "the request failed, and the answer does not say why".to_owned(),
        };
        let kind = ErrorKind::from_status(status.as_u16());
        let error = match self.error["code"].as_str() {
            Some(code) if !code.is_empty() => Error::new(kind, clean(code, api_key), message),
            _ => Error::new(kind, code_of(status), message),
        };
        match self.error["param"].as_str() {
            Some(param) if !param.is_empty() => error.with_param(clean(param, api_key)),
            _ => error,
        }
    }
}

/// Gives the code of a failure that has none of its own.
fn code_of(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => code::INVALID_API_KEY,
        404 => code::NOT_FOUND,
        429 => code::RATE_LIMITED,
        503 => code::OVERLOADED,
        _ => code::REQUEST_FAILED,
    }
}

/// Tells of an answer that something other than the API gave: a proxy, a login page, a wrong URL.
///
/// Its body stays out of the error, since it may have anything in it.
fn not_an_envelope(response: &HttpResponse, api_key: &Secret, terms: &Terms) -> Error {
    let status = response.status();
    if status.is_redirection() && response.headers().contains_key(LOCATION) {
        let message =
            format!("the server redirects, which is not followed; check {}", terms.base_url);
        return unexpected(message);
    }
    let content_type = response.headers().get(CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = clean(content_type.unwrap_or("no content type"), api_key);
    let size = response.body().len();
    let message = format!(
        "the answer is not the API's JSON ({content_type}, {size} bytes); \
         check {} and any proxy in between",
        terms.base_url
    );
    match ErrorKind::from_status(status.as_u16()) {
        ErrorKind::UnexpectedResponse => unexpected(message),
        kind => Error::new(kind, code_of(status), message),
    }
}

fn unexpected(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::UnexpectedResponse, code::UNEXPECTED_RESPONSE, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use crate::session::Session;

    use super::*;

    fn answer(status: u16, body: impl ToString) -> HttpResponse {
        let mut response = HttpResponse::new(body.to_string().into());
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response
    }

    fn failure(status: u16, body: impl ToString) -> Error {
        open(&answer(status, body), &Secret::new("CANARY"), &Terms::RUST).unwrap_err()
    }

    #[test]
    fn a_failure_is_told_with_what_the_answer_has() {
        let body = json!({
            "success": false, "message": "quantity must be at least 1", "data": null,
            "error": {"code": "out_of_range", "param": "line_items[0].quantity"},
        });
        let error = failure(400, body);
        assert_eq!(error.kind(), ErrorKind::Validation);
        assert_eq!(error.code(), "out_of_range");
        assert_eq!(error.param(), Some("line_items[0].quantity"));
        assert_eq!(error.message(), "quantity must be at least 1");
        assert_eq!(error.status(), Some(400));
    }

    #[test]
    fn a_failure_without_a_code_gets_one_from_its_status() {
        for (status, kind, code) in [
            (400, ErrorKind::Validation, "request_failed"),
            (401, ErrorKind::Authentication, "invalid_api_key"),
            (402, ErrorKind::Payment, "request_failed"),
            (404, ErrorKind::NotFound, "not_found"),
            (409, ErrorKind::Conflict, "request_failed"),
            (429, ErrorKind::RateLimit, "rate_limited"),
            (500, ErrorKind::Server, "request_failed"),
            (503, ErrorKind::Server, "overloaded"),
            (200, ErrorKind::UnexpectedResponse, "request_failed"),
        ] {
            let error = failure(status, json!({"success": false, "message": "no"}));
            assert_eq!((error.kind(), error.code()), (kind, code), "{status}");
            assert_eq!(error.message(), "no");
        }
    }

    #[test]
    fn a_message_is_found_where_gateways_put_it() {
        for body in [
            json!({"message": "no such route"}),
            json!({"success": "no", "message": "no such route"}),
            json!({"error": "no such route"}),
            json!({"error": {"message": "no such route"}, "data": {"a": 1}}),
        ] {
            assert_eq!(failure(404, body).message(), "no such route");
        }
    }

    #[test]
    fn a_page_of_a_proxy_is_told_by_its_type_and_size() {
        let mut page = answer(502, "<html>CANARY token=SECRET</html>");
        let html = "text/html; CANARY".parse().unwrap();
        page.headers_mut().insert(CONTENT_TYPE, html);
        let error = open(&page, &Secret::new("CANARY"), &Terms::RUST).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Server);
        assert!(error.message().contains("text/html; [redacted], 32 bytes"));
        assert!(!format!("{error:?}").contains("SECRET"));
        *page.status_mut() = StatusCode::OK;
        let error = open(&page, &Secret::new("CANARY"), &Terms::RUST).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    }

    #[test]
    fn success_needs_a_2xx_and_data() {
        let good = json!({"success": true, "message": "ok", "data": {"id": 1}});
        let data = open(&answer(201, &good), &Secret::new("k"), &Terms::RUST).unwrap();
        assert_eq!(data.get(), r#"{"id":1}"#);
        assert_eq!(failure(500, &good).kind(), ErrorKind::Server);
        for body in [
            json!({"success": true, "data": null}),
            json!({"success": true}),
            json!({"data": {"id": 1}}),
            json!([1]),
            json!(null),
        ] {
            let error = failure(200, &body);
            assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{body}");
        }
    }

    #[test]
    fn an_echoed_key_is_redacted_everywhere() {
        let error = failure(
            401,
            json!({
                "success": false, "message": "unknown key CANARY",
                "error": {"code": "CANARY", "param": "x.CANARY"},
            }),
        );
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        assert_eq!(error.message(), "unknown key [redacted]");
    }

    #[test]
    fn data_of_another_form_is_told_without_its_values() {
        let read = |data: Value| {
            let raw = RawValue::from_string(data.to_string()).unwrap();
            let error = decode::<Session>(&raw).unwrap_err();
            assert_eq!(error.code(), code::UNEXPECTED_RESPONSE);
            error.to_string()
        };
        let missing = read(json!({"status": "open"}));
        assert!(missing.starts_with("id: ") && missing.ends_with("id is missing"), "{missing}");
        let wrong = read(json!({"id": "cs_1", "status": "open", "amount_tax": "SECRET"}));
        assert!(wrong.starts_with("amount_tax: ") && !wrong.contains("SECRET"), "{wrong}");
    }

    proptest! {
        #[test]
        fn no_answer_panics(status in 100_u16..1000, body: Vec<u8>) {
            let mut response = HttpResponse::new(body.into());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let _ = open(&response, &Secret::new("k"), &Terms::RUST);
        }
    }
}
