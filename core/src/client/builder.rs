//! What a client is told before its first call, checked once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use rustls::pki_types::TrustAnchor;
use url::Url;

use crate::cashier::is_loopback;
use crate::error::{Error, ErrorKind, Result, code};
use crate::line_item::MerchantKind;
use crate::secret::Secret;

use super::Client;
use super::observer::Observer;
use super::reqwest_transport::{self, ReqwestTransport};
use super::terms::Terms;
use super::transport::Transport;

/// Where the live platform is.
pub const DEFAULT_BASE_URL: &str = "https://api.faststarpay.com/api/v1";

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const THIS_LIBRARY: &str = concat!("faststar-rust/", env!("CARGO_PKG_VERSION"));

/// Sets up a [`Client`] (or, with the feature `blocking`, a `blocking::Client`).
///
/// ```
/// use std::time::Duration;
///
/// use faststar::{Client, MerchantKind};
///
/// let client = Client::builder("sk_test_1")
///     .base_url("http://127.0.0.1:4250") // a sandbox
///     .timeout(Duration::from_secs(10))
///     .max_retries(1)
///     .merchant(MerchantKind::MerchantOfRecord)
///     .build()?;
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ClientBuilder {
    api_key: Secret,
    base_url: String,
    timeout: Duration,
    connect_timeout: Duration,
    max_retries: u32,
    merchant: Option<MerchantKind>,
    user_agent: Option<String>,
    roots_pem: Vec<Vec<u8>>,
    transport: Option<Arc<dyn Transport>>,
    observer: Option<Arc<dyn Observer>>,
    terms: Terms,
}

/// What a client was told, checked.
pub(super) struct Config {
    pub(super) api_key: Secret,
    /// Without user info, query and fragment; its path does not end with a slash.
    pub(super) base_url: Url,
    /// The headers of every request; the API key among them is marked sensitive.
    pub(super) headers: HeaderMap,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) max_retries: u32,
    pub(super) merchant: Option<MerchantKind>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) terms: Terms,
    /// What is trusted beside Mozilla's.
    roots: Vec<TrustAnchor<'static>>,
    /// The caller's own, which stands for all connections.
    transport: Option<Arc<dyn Transport>>,
}

impl ClientBuilder {
    /// Starts with an API key and the defaults.
    pub fn new(api_key: impl Into<Secret>) -> Self {
        Self {
            api_key: api_key.into(),
            base_url: DEFAULT_BASE_URL.to_owned(),
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            max_retries: 2,
            merchant: None,
            user_agent: None,
            roots_pem: Vec::new(),
            transport: None,
            observer: None,
            terms: Terms::RUST,
        }
    }

    /// Starts from `FASTSTAR_API_KEY` and, where it is set and not empty, `FASTSTAR_BASE_URL`.
    ///
    /// # Errors
    ///
    /// `invalid_configuration` where the key is not set.
    pub fn from_env() -> Result<Self> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let api_key = variable("FASTSTAR_API_KEY").filter(|text| !text.is_empty());
        let Some(api_key) = api_key else {
            return Err(misconfigured(
                "FASTSTAR_API_KEY",
                "set this environment variable to your API key",
            ));
        };
        Ok(Self::new(api_key).base_url_from_variables(variable))
    }

    /// Takes the base URL from `FASTSTAR_BASE_URL`, where it is set and not empty.
    pub fn base_url_from_env(self) -> Self {
        self.base_url_from_variables(|name| std::env::var(name).ok())
    }

    fn base_url_from_variables(self, variable: impl Fn(&str) -> Option<String>) -> Self {
        match variable("FASTSTAR_BASE_URL").filter(|text| !text.is_empty()) {
            Some(base_url) => self.base_url(&base_url),
            None => self,
        }
    }

    /// Sets where the API is; [`DEFAULT_BASE_URL`] unless set.
    ///
    /// A URL without a path gets `/api/v1`. It must be https; http serves for this machine alone
    /// (`localhost`, `127.0.0.0/8`, `[::1]`), which no proxy is asked for either.
    pub fn base_url(mut self, url: &str) -> Self {
        url.clone_into(&mut self.base_url);
        self
    }

    /// Sets how long a call may take, all its attempts and the waits between them; 30 s unless set.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long one attempt may take to connect, TLS included; 10 s unless set.
    ///
    /// A transport of your own keeps its own time.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how often a failed attempt is repeated; 2 unless set, which makes 3 attempts.
    ///
    /// A budget that the clones of a client share keeps retries from making an outage worse: it holds
    /// twenty, a second gives one back, and so do five calls that the server served. Waiting for a
    /// request of the same idempotency key (409) takes nothing of it, and
    /// [`Call::max_retries`](super::Call::max_retries) wins over it.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Says who sells, so that what such a merchant must not send is refused before it is sent.
    pub fn merchant(mut self, merchant: MerchantKind) -> Self {
        self.merchant = Some(merchant);
        self
    }

    /// Names your program before this library in `User-Agent`: `my-shop/1.2`.
    pub fn user_agent(mut self, product: impl Into<String>) -> Self {
        self.user_agent = Some(product.into());
        self
    }

    /// Trusts the root certificates of a PEM file beside Mozilla's, for a proxy or a server with an
    /// authority of your own. May be called again.
    ///
    /// A transport of your own has its own.
    pub fn add_root_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem.push(pem.into());
        self
    }

    /// Tells an observer of every attempt and every call.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Names options in errors as a language package calls them; [`Terms::RUST`] unless set.
    pub fn terms(mut self, terms: Terms) -> Self {
        self.terms = terms;
        self
    }

    /// Sends through a transport of your own instead of reqwest.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Makes the client. It connects when it is first called.
    ///
    /// # Errors
    ///
    /// `invalid_configuration`, with the name of what is wrong as the parameter. No message shows
    /// the API key or the URL.
    pub fn build(self) -> Result<Client> {
        Client::connect(Arc::new(self.check()?), Arc::default())
    }

    pub(super) fn check(self) -> Result<Config> {
        let terms = self.terms;
        Ok(Config {
            base_url: check_base_url(&self.base_url, terms.base_url)?,
            headers: check_headers(&self.api_key, self.user_agent.as_deref(), &terms)?,
            timeout: check_duration(self.timeout, "timeout")?,
            connect_timeout: check_duration(self.connect_timeout, terms.connect_timeout)?,
            max_retries: self.max_retries,
            merchant: check_merchant(self.merchant)?,
            observer: self.observer,
            terms,
            roots: check_roots(&self.roots_pem, &terms)?,
            transport: self.transport,
            api_key: self.api_key,
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The base URL has not been checked: it may carry a password.
        f.debug_struct("ClientBuilder")
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_retries", &self.max_retries)
            .field("merchant", &self.merchant)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Gives the caller's own transport, or makes one with connections of its own.
    pub(super) fn connect(&self) -> Result<Arc<dyn Transport>> {
        if let Some(transport) = &self.transport {
            return Ok(Arc::clone(transport));
        }
        let direct = is_loopback(&self.base_url);
        let (timeout, terms) = (self.connect_timeout, self.terms);
        Ok(Arc::new(ReqwestTransport::new(timeout, direct, &self.roots, terms)?))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base_url", &self.base_url.as_str())
            .field("timeout", &self.timeout)
            .field("max_retries", &self.max_retries)
            .field("merchant", &self.merchant)
            .finish_non_exhaustive()
    }
}

fn check_base_url(text: &str, name: &str) -> Result<Url> {
    let refuse = |message: &str| Err(misconfigured(name, format!("{name} {message}")));
    let Ok(mut url) = Url::parse(text) else {
        return refuse("must be an absolute URL such as https://api.faststarpay.com");
    };
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return refuse("must start with https:// unless it is this machine"),
        _ => return refuse("must start with https://"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not carry a user name or a password");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("must not carry a query or a fragment");
    }
    let path = match url.path().trim_end_matches('/') {
        "" => "/api/v1".to_owned(),
        path => path.to_owned(),
    };
    url.set_path(&path);
    Ok(url)
}

fn check_headers(api_key: &Secret, product: Option<&str>, terms: &Terms) -> Result<HeaderMap> {
    let is_visible = |byte: u8| (0x21..=0x7e).contains(&byte);
    if api_key.is_empty() || !api_key.expose().bytes().all(is_visible) {
        return Err(misconfigured(
            terms.api_key,
            "the API key must be visible ASCII characters without white space",
        ));
    }
    let mut key = visible_header(api_key.expose(), terms.api_key)?;
    key.set_sensitive(true);
    let user_agent = match product {
        None => HeaderValue::from_static(THIS_LIBRARY),
        Some(product) if product.bytes().all(|byte| byte == b' ' || is_visible(byte)) => {
            visible_header(format!("{product} {THIS_LIBRARY}").trim(), terms.user_agent)?
        }
        Some(_) => {
            let message = "the user agent must be visible ASCII characters and spaces";
            return Err(misconfigured(terms.user_agent, message));
        }
    };
    Ok(HeaderMap::from_iter([
        (API_KEY, key),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (USER_AGENT, user_agent),
    ]))
}

fn check_roots(pems: &[Vec<u8>], terms: &Terms) -> Result<Vec<TrustAnchor<'static>>> {
    let mut roots = Vec::new();
    for pem in pems {
        match reqwest_transport::read_roots(pem) {
            Some(found) if !found.is_empty() => roots.extend(found),
            _ => {
                let message = "the PEM must have certificates, each between -----BEGIN \
                               CERTIFICATE----- and -----END CERTIFICATE-----, and nothing broken";
                return Err(misconfigured(
                    terms.root_certificates.unwrap_or("root_certificates"),
                    message,
                ));
            }
        }
    }
    Ok(roots)
}

fn visible_header(text: &str, param: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| misconfigured(param, "must fit an HTTP header"))
}

/// Refuses a kind that is not known, for which nothing would be checked.
fn check_merchant(merchant: Option<MerchantKind>) -> Result<Option<MerchantKind>> {
    match merchant {
        Some(kind) if !kind.is_known() => {
            let known = MerchantKind::KNOWN.join(" or ");
            Err(misconfigured("merchant", format!("merchant must be {known}")))
        }
        merchant => Ok(merchant),
    }
}

/// Refuses a time of zero, in which nothing can be done.
pub(super) fn check_duration(duration: Duration, param: &str) -> Result<Duration> {
    if duration.is_zero() {
        return Err(misconfigured(param, format!("{param} must be longer than zero")));
    }
    Ok(duration)
}

/// Makes the error of a client that was set up wrongly.
pub(super) fn misconfigured(param: &str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message).with_param(param)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base_url(text: &str) -> Result<String> {
        check_base_url(text, "base_url").map(String::from)
    }

    #[test]
    fn a_base_url_without_a_path_gets_the_api_s() {
        for (given, wanted) in [
            ("https://api.faststarpay.com", "https://api.faststarpay.com/api/v1"),
            ("http://localhost:4250/", "http://localhost:4250/api/v1"),
            ("http://127.1.2.3:1/api/v2/", "http://127.1.2.3:1/api/v2"),
            ("http://[::1]:1", "http://[::1]:1/api/v1"),
            ("https://proxy.example/faststar//", "https://proxy.example/faststar"),
        ] {
            assert_eq!(base_url(given).unwrap(), wanted);
        }
    }

    #[test]
    fn a_base_url_that_would_leak_the_key_is_refused_and_not_shown() {
        for given in [
            "",
            "api.faststarpay.com",
            "ftp://CANARY.example",
            "http://CANARY.example",
            "http://localhost.CANARY.example",
            "http://CANARY.localhost",
            "http://10.0.0.1",
            "https://user:CANARY@shop.example",
            "https://CANARY@shop.example",
            "https://shop.example/?key=CANARY",
            "https://shop.example/#CANARY",
            "data:CANARY",
        ] {
            let error = base_url(given).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.code(), code::INVALID_CONFIGURATION);
            assert_eq!(error.param(), Some("base_url"));
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn a_key_that_no_header_can_carry_is_refused_and_not_shown() {
        for key in ["", "CANARY key", "CANARY\n", "CANARY\0", "CANARYé", " CANARY", "\u{7f}CANARY"]
        {
            let error = Client::new(key).unwrap_err();
            assert_eq!(error.param(), Some("api_key"));
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error}");
        }
    }

    #[test]
    fn a_merchant_of_no_known_kind_is_refused() {
        // A misspelt kind would check nothing.
        let error = Client::builder("sk_1").merchant("drect".into()).build().unwrap_err();
        assert_eq!((error.kind(), error.param()), (ErrorKind::Configuration, Some("merchant")));
    }

    #[test]
    fn no_time_at_all_is_refused() {
        let zero = Client::builder("sk_1").timeout(Duration::ZERO).build();
        assert_eq!(zero.unwrap_err().param(), Some("timeout"));
        let zero = Client::builder("sk_1").connect_timeout(Duration::ZERO).build();
        assert_eq!(zero.unwrap_err().param(), Some("connect_timeout"));
    }

    #[test]
    fn what_is_no_root_certificate_is_refused() {
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "root.pem", broken] {
            let error = Client::builder("sk_1").add_root_certificate_pem(pem).build().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert_eq!(error.param(), Some("add_root_certificate_pem"));
        }
    }

    #[test]
    fn the_environment_names_the_key_and_the_place() {
        let from = |key: &str, url: &str| {
            let (key, url) = (key.to_owned(), url.to_owned());
            ClientBuilder::from_variables(move |name| match name {
                "FASTSTAR_API_KEY" => Some(key.clone()),
                "FASTSTAR_BASE_URL" => Some(url.clone()),
                _ => None,
            })
        };
        let builder = from("sk_1", "http://localhost:1").unwrap();
        assert_eq!(builder.api_key.expose(), "sk_1");
        assert_eq!(builder.base_url, "http://localhost:1");
        assert_eq!(from("sk_1", "").unwrap().base_url, DEFAULT_BASE_URL);
        let error = from("", "").unwrap_err();
        assert_eq!(error.param(), Some("FASTSTAR_API_KEY"));
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }

    #[test]
    fn the_user_agent_names_the_program_first() {
        let config = Client::builder("sk_1").user_agent("shop/1.2").check().unwrap();
        assert_eq!(config.headers[USER_AGENT], format!("shop/1.2 {THIS_LIBRARY}").as_str());
        let error = Client::builder("sk_1").user_agent("shop\r\nX: 1").build();
        assert_eq!(error.unwrap_err().param(), Some("user_agent"));
    }

    #[test]
    fn no_key_is_printed() {
        let builder = Client::builder("CANARY").base_url("https://shop.example/x");
        assert!(!format!("{builder:?}").contains("CANARY"));
        let client = builder.build().unwrap();
        let text = format!("{client:?} {:?}", client.inner.config.headers);
        assert!(!text.contains("CANARY"), "{text}");
    }
}
