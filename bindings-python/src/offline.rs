//! What needs no server: quotes, rates, amounts, the check of a request, the cashier's URLs.
//!
//! It runs under Python's lock, which is quick enough and keeps a fork from coming in between while
//! the rate table is read for the first time.

use std::sync::Mutex;

use faststar::client::Cursors as CoreCursors;
use faststar::error::{Result, code};
use faststar::schema::{self, Strictness};
use faststar::tax::RateTable;
use faststar::{
    Cart, Cashier, Catalog, CreateSession, Currency, Date, Error, MerchantKind, Money, Place,
    Price, Product, QuoteOptions, ReturnOutcome, ReturnUrls, SessionStatus, Transition,
};
use jiff::tz::TimeZone;
use pyo3::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::convert::{to_json, to_python};
use crate::error::guarded;
use crate::results::{Meta, Quote, as_python};
use crate::webhook::Body;

/// Computes what a cart comes to.
#[pyfunction]
pub fn quote_cart(py: Python<'_>, cart: &Bound<'_, PyAny>) -> PyResult<Quote> {
    let quote = guarded(py, || Cart::from_value(to_json(cart)?)?.quote(today()));
    quote.map(|quote| Quote::new(quote, Meta::default()))
}

/// Computes what a session would come to, with the catalog that it references.
#[pyfunction]
pub fn quote_session(
    py: Python<'_>,
    request: &Bound<'_, PyAny>,
    products: &Bound<'_, PyAny>,
    prices: &Bound<'_, PyAny>,
    options: &Bound<'_, PyAny>,
) -> PyResult<Quote> {
    let quote = guarded(py, || {
        let request: CreateSession =
            schema::from_value(&CreateSession::SCHEMA, to_json(request)?, Strictness::Types)?;
        let mut catalog = Catalog::new();
        for product in items::<Product>(products, "products")? {
            catalog.add_product(product);
        }
        for price in items::<Price>(prices, "prices")? {
            catalog.add_price(price);
        }
        faststar::quote(&request, &catalog, &quote_options(&to_json(options)?)?)
    });
    quote.map(|quote| Quote::new(quote, Meta::default()))
}

fn quote_options(given: &Value) -> Result<QuoteOptions> {
    let text = |name: &str| given.get(name).and_then(Value::as_str);
    let on = match text("on") {
        Some(on) => date(on, "on")?,
        None => today(),
    };
    let mut options = QuoteOptions::on(on);
    if let Some(merchant) = text("merchant") {
        options = options.merchant(MerchantKind::from(merchant));
    }
    if let Some(currency) = text("default_currency") {
        let currency: Result<Currency> = currency.parse();
        options = options.default_currency(currency.map_err(|e| e.with_param("default_currency"))?);
    }
    if let Some(rounding) = given.get("rounding").filter(|rounding| !rounding.is_null()) {
        options = options.rounding(read(rounding.clone(), "rounding")?);
    }
    Ok(options)
}

fn items<T: DeserializeOwned>(given: &Bound<'_, PyAny>, name: &str) -> Result<Vec<T>> {
    read(to_json(given).map_err(|error| within(error, name))?, name)
}

fn within(error: Error, name: &str) -> Error {
    let param = format!("{name}{}", error.param().unwrap_or_default());
    error.with_param(param)
}

fn read<T: DeserializeOwned>(value: Value, name: &str) -> Result<T> {
    serde_json::from_value(value)
        .map_err(|error| Error::validation(code::INVALID_VALUE, name, error.to_string()))
}

fn date(text: &str, name: &str) -> Result<Date> {
    text.parse().map_err(|_| {
        let message = format!("{name} must be a date such as 2026-11-22");
        Error::validation(code::INVALID_VALUE, name, message)
    })
}

fn today() -> Date {
    jiff::Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// Checks a session's request by all that a client can know, and gives it as it would be sent.
#[pyfunction]
pub fn check_session<'py>(
    py: Python<'py>,
    request: &Bound<'py, PyAny>,
    merchant: Option<&str>,
    strict: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let request = session_request(request, strict)?;
    guarded(py, || request.validate(merchant.map(MerchantKind::from).as_ref()))?;
    as_python(py, &request)
}

/// Reads a session's request, without the rules of its line items, and gives its JSON.
#[pyfunction]
pub fn read_session<'py>(
    py: Python<'py>,
    request: &Bound<'py, PyAny>,
    strict: bool,
) -> PyResult<Bound<'py, PyAny>> {
    as_python(py, &session_request(request, strict)?)
}

/// Takes a mapping, or the bytes of a JSON text, where what most parsers let pass is refused.
fn session_request(request: &Bound<'_, PyAny>, strict: bool) -> PyResult<CreateSession> {
    let body = if Body::is_bytes(request) { Some(Body::read(request)?) } else { None };
    guarded(request.py(), || {
        let value = match &body {
            Some(body) => schema::parse(body.bytes())?,
            None => to_json(request)?,
        };
        let strictness = if strict { Strictness::Full } else { Strictness::Types };
        schema::from_value(&CreateSession::SCHEMA, value, strictness)
    })
}

/// Looks a tax rate up in the bundled table.
#[pyfunction]
pub fn tax_rate<'py>(
    py: Python<'py>,
    place: &str,
    category: Option<&str>,
    on: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    let found = guarded(py, || {
        let on = on.map_or_else(|| Ok(today()), |on| date(on, "on"))?;
        let found = RateTable::bundled().find(&place.parse()?, category, on)?;
        Ok(json!({
            "rate_ppm": found.rate, "behaviour": found.behaviour, "name": found.name,
            "category": found.category, "as_of": found.as_of, "confidence": found.confidence,
        }))
    })?;
    to_python(py, &found)
}

/// Splits a place into its country and its region.
#[pyfunction]
pub fn parse_place(py: Python<'_>, text: &str) -> PyResult<(String, Option<String>)> {
    let place: Place = guarded(py, || text.parse())?;
    Ok((place.country().to_owned(), place.region().map(str::to_owned)))
}

/// Writes an amount with its currency's decimals.
#[pyfunction]
pub fn format_money(py: Python<'_>, amount: i64, currency: &str) -> PyResult<String> {
    guarded(py, || Ok(Money::new(amount, currency.parse()?).to_string()))
}

/// Reads what `format_money` writes.
#[pyfunction]
pub fn parse_money(py: Python<'_>, text: &str) -> PyResult<(i64, String)> {
    let money: Money = guarded(py, || text.parse())?;
    Ok((money.amount, money.currency.code().to_owned()))
}

/// Gives how many decimals a currency has, and its code in upper case.
#[pyfunction]
pub fn currency_decimals(py: Python<'_>, currency: &str) -> PyResult<(String, u32)> {
    let currency: Currency = guarded(py, || currency.parse())?;
    Ok((currency.code().to_owned(), currency.decimals()))
}

/// Gives a session's status after a transition.
#[pyfunction]
pub fn session_status_after(py: Python<'_>, status: &str, transition: &str) -> PyResult<String> {
    let status = guarded(py, || {
        let transition = match transition {
            "complete" => Transition::Complete,
            "expire" => Transition::Expire,
            _ => {
                let message = "transition must be complete or expire";
                return Err(Error::validation(code::INVALID_VALUE, "transition", message));
            }
        };
        SessionStatus::from(status).after(transition)
    });
    status.map(|status| status.as_str().to_owned())
}

/// Checks that a URL is the cashier's; gives it, the session's id and a form that may be logged.
#[pyfunction]
pub fn check_cashier_url(
    py: Python<'_>,
    url: &str,
    allow_origins: Vec<String>,
) -> PyResult<(String, Option<String>, String)> {
    guarded(py, || {
        let cashier = allow_origins
            .iter()
            .try_fold(Cashier::live(), |cashier, origin| cashier.allow_origin(origin))?;
        let url = cashier.check(url)?;
        Ok((url.as_str().to_owned(), url.session_id().map(str::to_owned), url.to_string()))
    })
}

/// Tells which way the buyer came back: `success`, `cancel` or `other`.
#[pyfunction]
pub fn return_outcome(
    py: Python<'_>,
    success_url: &str,
    cancel_url: &str,
    came_back_to: &str,
) -> PyResult<&'static str> {
    let urls = guarded(py, || ReturnUrls::new(success_url, cancel_url))?;
    Ok(match urls.outcome(came_back_to) {
        ReturnOutcome::Success => "success",
        ReturnOutcome::Cancel => "cancel",
        ReturnOutcome::Other => "other",
    })
}

/// The cursors that a walk through a list has followed.
#[pyclass(frozen, module = "faststar._faststar")]
pub struct Cursors(Mutex<CoreCursors>);

#[pymethods]
impl Cursors {
    #[new]
    #[pyo3(signature = (start=None))]
    fn new(start: Option<String>) -> Self {
        Self(Mutex::new(start.into()))
    }

    fn follow(&self, py: Python<'_>, next: Option<String>) -> PyResult<Option<String>> {
        let mut cursors = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        guarded(py, || cursors.follow(next))
    }
}
