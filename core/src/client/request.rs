//! A request as data: what to ask for, before anything is sent.

use std::fmt;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Uri};
use serde::Serialize;

use crate::error::{Error, ErrorKind, Result, code};

use super::builder::Config;
use super::transport::HttpRequest;

pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// What one operation asks for.
///
/// The path is the one of the API's documentation, such as `/public/checkout/sessions/:id`.
pub(super) struct Request {
    path: &'static str,
    /// What stands for the path's `:id`; one segment whatever characters it has.
    id: Option<String>,
    query: Vec<(&'static str, String)>,
    action: Action,
}

enum Action {
    Get,
    Post { body: Bytes },
}

impl Request {
    pub(super) fn get(path: &'static str) -> Self {
        Self { path, id: None, query: Vec::new(), action: Action::Get }
    }

    pub(super) fn post(path: &'static str, body: &impl Serialize) -> Result<Self> {
        let body = serde_json::to_vec(body)
            .map_err(|error| Error::new(ErrorKind::Internal, code::INTERNAL, error.to_string()))?;
        let action = Action::Post { body: body.into() };
        Ok(Self { action, ..Self::get(path) })
    }

    /// Puts an id in the place of the path's `:id`.
    ///
    /// Refuses what no path can carry: nothing, `.`, `..`, and control characters.
    pub(super) fn with_id(mut self, id: String) -> Result<Self> {
        let message = match id.as_str() {
            "" => "id must not be empty",
            "." | ".." => "id must not be . or ..",
            text if text.chars().any(char::is_control) => "id must not have control characters",
            _ => {
                self.id = Some(id);
                return Ok(self);
            }
        };
        Err(Error::validation(code::INVALID_VALUE, "id", message))
    }

    /// Adds a query parameter where it has a value.
    pub(super) fn with_query(mut self, name: &'static str, value: Option<String>) -> Self {
        self.query.extend(value.map(|value| (name, value)));
        self
    }

    pub(super) fn method(&self) -> Method {
        match self.action {
            Action::Get => Method::GET,
            Action::Post { .. } => Method::POST,
        }
    }

    /// Tells whether it changes something, and so carries an idempotency key.
    pub(super) fn has_effect(&self) -> bool {
        matches!(self.action, Action::Post { .. })
    }

    /// The path with `:id` in it: fit for a log, and the same for all ids.
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// Writes the request out. `idempotency_key` is the caller's own; a POST without one gets a new one.
    pub(super) fn to_http(
        &self,
        config: &Config,
        idempotency_key: Option<&str>,
    ) -> Result<HttpRequest> {
        let mut request = HttpRequest::default();
        *request.method_mut() = self.method();
        *request.uri_mut() = self.uri(config)?;
        *request.headers_mut() = config.headers.clone();
        if let Action::Post { body } = &self.action {
            let key = match idempotency_key {
                Some(key) => check_idempotency_key(key, config.terms.idempotency_key)?,
                None => new_idempotency_key()?.parse().expect("visible ASCII"),
            };
            let json = HeaderValue::from_static("application/json");
            request.headers_mut().insert(CONTENT_TYPE, json);
            request.headers_mut().insert(IDEMPOTENCY_KEY, key);
            *request.body_mut() = body.clone();
        }
        Ok(request)
    }

    fn uri(&self, config: &Config) -> Result<Uri> {
        let mut url = config.base_url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            for segment in self.path.split('/').skip(1) {
                segments.push(match (segment, &self.id) {
                    (":id", Some(id)) => id,
                    _ => segment,
                });
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url.as_str().parse().map_err(|_| {
            let message = "the request's URL is too long; shorten the id or the cursor";
            Error::new(ErrorKind::Validation, code::INVALID_VALUE, message)
        })
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A body has the buyer's data; its size must do.
        let body = match &self.action {
            Action::Get => 0,
            Action::Post { body } => body.len(),
        };
        write!(f, "{} {} ({body} bytes)", self.method(), self.path)
    }
}

fn check_idempotency_key(key: &str, name: &str) -> Result<HeaderValue> {
    let fits = (1..=255).contains(&key.len()) && key.bytes().all(|b| (0x21..=0x7e).contains(&b));
    HeaderValue::from_str(key).ok().filter(|_| fits).ok_or_else(|| {
        let message = format!("{name} must be 1 to 255 visible ASCII characters");
        Error::validation(code::INVALID_VALUE, name, message)
    })
}

/// Makes a key of 128 random bits, so that no two operations share one.
pub(super) fn new_idempotency_key() -> Result<String> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| {
        let message = format!("the operating system returned no random bytes: {error}");
        Error::new(ErrorKind::Internal, code::INTERNAL, message)
    })?;
    Ok(format!("fs_{:032x}", u128::from_ne_bytes(bits)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use crate::client::Client;

    use super::*;

    fn config() -> Config {
        let builder = Client::builder("sk_1").base_url("https://shop.example/base");
        builder.check().unwrap()
    }

    fn retrieve(id: &str) -> Result<HttpRequest> {
        let request = Request::get("/public/checkout/sessions/:id").with_id(id.to_owned())?;
        request.to_http(&config(), None)
    }

    #[test]
    fn a_post_carries_json_the_key_and_an_idempotency_key() {
        let request = Request::post("/merchant/catalog/products", &json!({"name": "tea"})).unwrap();
        let (first, second) =
            (request.to_http(&config(), None).unwrap(), request.to_http(&config(), None).unwrap());
        assert_eq!(first.method(), "POST");
        assert_eq!(first.uri(), "https://shop.example/base/merchant/catalog/products");
        assert_eq!(first.headers()["x-api-key"], "sk_1");
        assert_eq!(first.headers()["content-type"], "application/json");
        assert_eq!(first.headers()["accept"], "application/json");
        assert_eq!(first.body().as_ref(), br#"{"name":"tea"}"#);
        let key = |request: &HttpRequest| {
            let key = &request.headers()["idempotency-key"];
            key.to_str().unwrap().to_owned()
        };
        assert!(key(&first).starts_with("fs_"));
        assert_eq!(key(&first).len(), 35);
        assert_ne!(key(&first), key(&second));
    }

    #[test]
    fn a_get_carries_neither() {
        let request = retrieve("cs_1").unwrap();
        assert_eq!(request.uri().path(), "/base/public/checkout/sessions/cs_1");
        assert!(!request.headers().contains_key("idempotency-key"));
        assert!(!request.headers().contains_key("content-type"));
        assert!(request.body().is_empty());
    }

    #[test]
    fn ids_that_no_path_can_carry_are_refused() {
        for id in ["", ".", "..", "cs_\n1", "\t", "a\0", "\u{85}"] {
            let error = retrieve(id).unwrap_err();
            assert_eq!((error.code(), error.param()), ("invalid_value", Some("id")));
        }
        let endless = retrieve(&"x".repeat(100_000)).unwrap_err();
        assert_eq!(endless.code(), "invalid_value");
    }

    #[test]
    fn idempotency_keys_that_no_header_can_carry_are_refused() {
        let request = Request::post("/x", &json!({})).unwrap();
        for key in ["", "a b", "é", "a\r\nX: 1", &"x".repeat(256)] {
            let error = request.to_http(&config(), Some(key)).unwrap_err();
            assert_eq!((error.code(), error.param()), ("invalid_value", Some("idempotency_key")));
        }
        let longest = "x".repeat(255);
        let sent = request.to_http(&config(), Some(&longest)).unwrap();
        assert_eq!(sent.headers()["idempotency-key"], longest.as_str());
    }

    proptest! {
        #[test]
        fn an_id_is_one_segment_whatever_it_has(id in r"[a-z./\\?#%&=:@ ;+é中]{1,20}") {
            prop_assume!(id != "." && id != "..");
            let request = retrieve(&id).unwrap();
            let segments: Vec<_> = request.uri().path().split('/').collect();
            prop_assert_eq!(segments.len(), 6);
            prop_assert_eq!(request.uri().query(), None);
            let form = segments[5].replace('+', "%2B").replace('&', "%26");
            let pair = format!("x={form}");
            let decoded = url::form_urlencoded::parse(pair.as_bytes()).next().unwrap().1;
            prop_assert_eq!(&*decoded, id.as_str());
        }

        #[test]
        fn a_cursor_never_leaves_its_parameter(cursor in ".{0,40}") {
            let request = Request::get("/merchant/catalog/prices")
                .with_query("cursor", Some(cursor.clone()));
            let request = request.to_http(&config(), None).unwrap();
            let query = request.uri().query().unwrap().as_bytes();
            let pairs: Vec<_> = url::form_urlencoded::parse(query).collect();
            prop_assert_eq!(pairs, [("cursor".into(), cursor.into())]);
        }

        #[test]
        fn no_id_panics(id: String) {
            let _ = retrieve(&id);
        }
    }
}
