//! Checks that a URL is the cashier's before an app opens it, and tells which way the buyer came
//! back.

use std::fmt;

use url::{Host, Url, form_urlencoded};

use crate::error::{Error, Result, code};

const LIVE_ORIGINS: [&str; 2] =
    ["https://cashier.faststarpay.com", "https://merchant.faststarpay.com"];

/// Says which origins are the cashier's. Check a `url` with it before opening it.
///
/// ```
/// use faststar::Cashier;
///
/// let url = Cashier::live().check("https://cashier.faststarpay.com/checkout/cs_1?token=t_1")?;
/// assert_eq!(url.session_id(), Some("cs_1"));
/// assert_eq!(url.to_string(), "https://cashier.faststarpay.com/checkout/cs_1?[redacted]");
///
/// let error = Cashier::live().check("https://cashier.faststarpay.com.evil.example/").unwrap_err();
/// assert_eq!(error.code(), "origin_not_allowed");
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cashier {
    /// Each as `scheme://host`, with the port where it is not the scheme's.
    origins: Vec<String>,
}

impl Cashier {
    /// Allows FastStar's own origins, the two that FastStar.js opens:
    /// `https://cashier.faststarpay.com` and `https://merchant.faststarpay.com`.
    pub fn live() -> Self {
        Self { origins: LIVE_ORIGINS.map(str::to_owned).to_vec() }
    }

    /// Allows one more origin, such as the sandbox's `http://127.0.0.1:4250`. Keep it out of what
    /// you ship.
    ///
    /// # Errors
    ///
    /// `invalid_url` at `origin` when it is not a bare http(s) origin, or is `http` and not on
    /// loopback (`localhost`, `127.0.0.0/8`, `[::1]`).
    pub fn allow_origin(mut self, origin: &str) -> Result<Self> {
        let url = parse("origin", origin)?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let message = "an origin is scheme, host and port alone, such as http://127.0.0.1:4250";
            return Err(Error::validation(code::INVALID_URL, "origin", message));
        }
        if url.host_str().is_some_and(|host| host.contains('*')) {
            let message = "there are no wildcards; allow each origin by itself";
            return Err(Error::validation(code::INVALID_URL, "origin", message));
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            let message = "http is for loopback alone, use https";
            return Err(Error::validation(code::INVALID_URL, "origin", message));
        }
        self.origins.push(url.origin().ascii_serialization());
        Ok(self)
    }

    /// Checks that a URL is the cashier's. Its scheme, host and port must be those of an allowed
    /// origin.
    ///
    /// # Errors
    ///
    /// At `url`: `invalid_url` when it is not a usable http(s) URL (another scheme, a user name, a
    /// backslash, whitespace, a character beyond ASCII), `origin_not_allowed` when it is another's.
    /// The message has no path and no query.
    pub fn check(&self, url: &str) -> Result<CashierUrl> {
        let url = parse("url", url)?;
        let origin = url.origin().ascii_serialization();
        if !self.origins.contains(&origin) {
            let allowed = self.origins.join(", ");
            let message =
                format!("{origin} is not the cashier's, do not open it; allowed: {allowed}");
            return Err(Error::validation(code::ORIGIN_NOT_ALLOWED, "url", message));
        }
        Ok(CashierUrl(url))
    }
}

/// Holds a URL that [`Cashier::check`] found to be the cashier's.
///
/// Its query has the session token, so `Debug` and `Display` leave out what comes after the path.
#[derive(Clone, PartialEq, Eq)]
pub struct CashierUrl(Url);

impl CashierUrl {
    /// Gives the whole URL, as it was understood: open this text and not the one that was checked,
    /// which another parser might read in another way. Keep it out of logs.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Gives the session's id out of the path `/checkout/<id>`.
    pub fn session_id(&self) -> Option<&str> {
        let id = self.0.path().strip_prefix("/checkout/")?;
        (!id.is_empty() && !id.contains('/')).then_some(id)
    }
}

impl fmt::Display for CashierUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.0.origin().ascii_serialization(), self.0.path())?;
        if self.0.query().is_some() {
            f.write_str("?[redacted]")?;
        }
        if self.0.fragment().is_some() {
            f.write_str("#[redacted]")?;
        }
        Ok(())
    }
}

impl fmt::Debug for CashierUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Holds the two URLs that a session was created with, to tell which one the buyer came back by.
///
/// Deep links work: `myapp://checkout/success`.
///
/// ```
/// use faststar::{ReturnOutcome, ReturnUrls};
///
/// let urls = ReturnUrls::new("myapp://checkout/success", "myapp://checkout/cancel")?;
/// let outcome = urls.outcome("myapp://checkout/success?session_id=cs_1");
/// assert_eq!(outcome, ReturnOutcome::Success);
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrls {
    success_url: Url,
    cancel_url: Url,
}

/// Says which way the buyer came back.
///
/// This is for the buyer's screen. Anyone can open a deep link, so whether the session is paid is
/// for your server to say, which the webhook told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReturnOutcome {
    /// By the `success_url`.
    Success,
    /// By the `cancel_url`.
    Cancel,
    /// By neither, or by one that could be both.
    Other,
}

impl ReturnUrls {
    /// Takes a session's `success_url` and `cancel_url`.
    ///
    /// # Errors
    ///
    /// `invalid_url` at `success_url` or `cancel_url` when it is not an absolute URL.
    pub fn new(success_url: &str, cancel_url: &str) -> Result<Self> {
        Ok(Self {
            success_url: absolute("success_url", success_url)?,
            cancel_url: absolute("cancel_url", cancel_url)?,
        })
    }

    /// Tells which way the buyer came back.
    ///
    /// Scheme, user, host, port and path must be those of the session's URL, and its query
    /// parameters must all be there, in any order. The same holds for its fragment, which may have a
    /// path and a query of its own (`#/success?order=7`, the routes of some single-page apps).
    /// Parameters may be added, and a fragment where the session's URL has none. Where both URLs
    /// fit, the one with more parts to match wins; a tie is [`Other`], and so is anything but a URL.
    ///
    /// [`Other`]: ReturnOutcome::Other
    pub fn outcome(&self, came_back_to: &str) -> ReturnOutcome {
        let Ok(returned) = Url::parse(came_back_to) else {
            return ReturnOutcome::Other;
        };
        // None, no fit, is less than any Some
        let success = fit(&self.success_url, &returned);
        let cancel = fit(&self.cancel_url, &returned);
        match success.cmp(&cancel) {
            std::cmp::Ordering::Greater => ReturnOutcome::Success,
            std::cmp::Ordering::Less => ReturnOutcome::Cancel,
            std::cmp::Ordering::Equal => ReturnOutcome::Other,
        }
    }
}

/// Counts the parts of the stored URL's query and fragment if the returned one fits it.
fn fit(stored: &Url, returned: &Url) -> Option<usize> {
    let place = |url: &Url| {
        let mut url = url.clone();
        url.set_query(None);
        url.set_fragment(None);
        url
    };
    if place(stored) != place(returned) {
        return None;
    }
    let query = contained(stored.query(), returned.query())?;
    let Some(fragment) = stored.fragment().filter(|fragment| !fragment.is_empty()) else {
        return Some(query);
    };
    let (route, more) = route(fragment);
    let (returned_route, returned_more) = self::route(returned.fragment()?);
    if route != returned_route {
        return None;
    }
    Some(query + 1 + contained(more, returned_more)?)
}

/// Splits a fragment into its route and the query of that.
fn route(fragment: &str) -> (&str, Option<&str>) {
    fragment.split_once('?').map_or((fragment, None), |(route, query)| (route, Some(query)))
}

/// Counts the parameters of a query if the returned one has them all.
fn contained(stored: Option<&str>, returned: Option<&str>) -> Option<usize> {
    let pairs = |query: Option<&str>| -> Vec<(String, String)> {
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect()
    };
    let (stored, returned) = (pairs(stored), pairs(returned));
    stored.iter().all(|pair| returned.contains(pair)).then_some(stored.len())
}

/// Parses an http(s) URL, strictly: the `url` crate repairs what a browser would.
fn parse(param: &str, text: &str) -> Result<Url> {
    let refuse = |message: &str| Error::validation(code::INVALID_URL, param, message);
    if text.chars().any(|c| !c.is_ascii_graphic() || c == '\\') {
        return Err(refuse("a url has neither whitespace, nor backslashes, nor other than ascii"));
    }
    let url = Url::parse(text).map_err(|error| refuse(&format!("not a url, {error}")))?;
    // of the text, where an empty user name and a third slash are still there
    let authority = text
        .split_once(':')
        .and_then(|(_, rest)| rest.strip_prefix("//"))
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default();
    if !matches!(url.scheme(), "https" | "http") || authority.is_empty() {
        return Err(refuse("the url must start with https:// or http:// and a host"));
    }
    if authority.contains('@') {
        return Err(refuse("the url must not have a user name or a password"));
    }
    Ok(url)
}

fn absolute(param: &str, text: &str) -> Result<Url> {
    Url::parse(text).map_err(|error| {
        let message = format!("must be an absolute url such as myapp://checkout/success, {error}");
        Error::validation(code::INVALID_URL, param, message)
    })
}

/// Tells whether a URL leads to this machine, where plain http is safe.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "token_that_must_not_be_seen";

    #[test]
    fn nothing_printed_has_the_token() {
        let url = format!("https://cashier.faststarpay.com/checkout/cs_1?token={TOKEN}#{TOKEN}");
        let checked = Cashier::live().check(&url).unwrap();
        assert_eq!(checked.as_str(), url);
        let shown = "https://cashier.faststarpay.com/checkout/cs_1?[redacted]#[redacted]";
        assert_eq!(format!("{checked:?}"), shown);
        assert_eq!(format!("{checked}"), shown);

        for wrong in [
            url.replace(".com", ".net"),
            url.replace("https", "ftp"),
            url.replace("https://", "https://me@"),
            url.replace(".com", ".com:x"),
            format!("{url} "),
        ] {
            let error = Cashier::live().check(&wrong).unwrap_err();
            assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
        }
    }

    #[test]
    fn url_without_a_query_is_shown_as_it_is() {
        let url = Cashier::live().check("https://merchant.faststarpay.com/checkout/cs_1").unwrap();
        assert_eq!(url.to_string(), "https://merchant.faststarpay.com/checkout/cs_1");
    }

    #[test]
    fn http_is_allowed_on_loopback_alone() {
        for origin in
            ["http://127.0.0.1:4250", "http://127.9.9.9", "http://localhost:1/", "http://[::1]:80"]
        {
            assert!(Cashier::live().allow_origin(origin).is_ok(), "{origin}");
        }
        for origin in ["http://10.0.2.2:4250", "http://localhost.evil.example", "http://[::2]"] {
            let error = Cashier::live().allow_origin(origin).unwrap_err();
            assert_eq!((error.code(), error.param()), ("invalid_url", Some("origin")));
            assert!(error.message().contains("https"), "{origin}");
        }
    }

    #[test]
    fn allowed_origin_is_an_origin_and_nothing_more() {
        assert!(Cashier::live().allow_origin("https://pay.example.com").is_ok());
        for origin in [
            "",
            "pay.example.com",
            "https://",
            "https://pay.example.com/checkout",
            "https://pay.example.com?a=1",
            "https://pay.example.com#a",
            "https://me@pay.example.com",
            "https://*.example.com\\",
            "https://*.example.com",
            "blob:https://pay.example.com/1",
            "null",
        ] {
            let error = Cashier::live().allow_origin(origin).unwrap_err();
            assert_eq!((error.code(), error.param()), ("invalid_url", Some("origin")), "{origin}");
        }
    }

    #[test]
    fn sandbox_is_refused_until_allowed() {
        let url = "http://127.0.0.1:4250/checkout/cs_1?token=t";
        assert_eq!(Cashier::live().check(url).unwrap_err().code(), "origin_not_allowed");
        let cashier = Cashier::live().allow_origin("http://127.0.0.1:4250").unwrap();
        assert_eq!(cashier.check(url).unwrap().session_id(), Some("cs_1"));
        assert!(cashier.check("http://127.0.0.1:4243/checkout/cs_1").is_err());
    }

    #[test]
    fn return_urls_must_be_absolute() {
        let error = ReturnUrls::new("/success", "myapp://cancel").unwrap_err();
        assert_eq!((error.code(), error.param()), ("invalid_url", Some("success_url")));
        let error = ReturnUrls::new("myapp://success", "").unwrap_err();
        assert_eq!((error.code(), error.param()), ("invalid_url", Some("cancel_url")));
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_accepted_opens_an_allowed_origin(text: String, path in "[ -~]{0,20}") {
            let cashier = Cashier::live();
            for url in [text, format!("https://cashier.faststarpay.com{path}")] {
                let Ok(checked) = cashier.check(&url) else { continue };
                let prefix = format!("{}/", LIVE_ORIGINS[0]);
                proptest::prop_assert!(checked.as_str().starts_with(&prefix), "{url}");
                let _ = (checked.session_id(), checked.to_string());
            }
        }

        #[test]
        fn any_return_has_an_outcome(stored: String, returned: String) {
            if let Ok(urls) = ReturnUrls::new(&stored, "myapp://cancel") {
                let _ = urls.outcome(&returned);
            }
        }
    }
}
