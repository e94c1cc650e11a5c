//! What needs no server: quotes, rates, amounts, the check of a request, the cashier's URLs.
//!
//! It runs under Python's lock, which is quick enough and keeps a fork from coming in between while
//! the rate table is read for the first time.

use std::sync::Mutex;

use faststar::client::{Cursors as CoreCursors, rules};
use faststar::payment_check::order_from_value;
use faststar::schema::{self, Strictness};
use faststar::tax::{RateTable, today};
use faststar::{
    self as core, Cart, Cashier, Catalog, CreateSession, Currency, Error, MerchantKind, Money,
    QuoteOptions, ReturnOutcome, ReturnUrls,
};
use pyo3::prelude::*;
use serde_json::json;

use crate::convert::{is_bytes, optional_text, text, text_to_python, to_json, to_python, to_text};
use crate::error::guarded;
use crate::results::{Event, Meta, Quote, Session, as_python};
use crate::webhook::Body;

/// Computes what a cart comes to.
#[pyfunction]
pub fn quote_cart(py: Python<'_>, cart: &Bound<'_, PyAny>) -> PyResult<Quote> {
    let quote = guarded(py, || Cart::from_value(to_json(cart)?)?.quote(today()));
    quote.map(|quote| Quote::new(quote, None, Meta::default()))
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
        let request = CreateSession::from_value(to_json(request)?)?;
        let items = |given, name| to_json(given).map_err(|error| within(error, name));
        let catalog = Catalog::from_value(json!({
            "products": items(products, "products")?, "prices": items(prices, "prices")?,
        }))?;
        let mut options = to_json(options)?;
        if options["on"].is_null() {
            options["on"] = json!(today());
        }
        faststar::quote(&request, &catalog, &QuoteOptions::from_value(options)?)
    });
    quote.map(|quote| Quote::new(quote, None, Meta::default()))
}

fn within(error: Error, name: &str) -> Error {
    let param = format!("{name}{}", error.param().unwrap_or_default());
    error.with_param(param)
}

/// Checks a session's request by all that a client can know, and gives it as it would be sent.
#[pyfunction]
pub fn check_session<'py>(
    py: Python<'py>,
    request: &Bound<'py, PyAny>,
    merchant: Option<&Bound<'py, PyAny>>,
    strict: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let request = session_request(request, strict)?;
    guarded(py, || {
        let merchant = optional_text(merchant, "merchant")?;
        request.validate(merchant.as_deref().map(MerchantKind::from).as_ref())
    })?;
    as_python(py, &request)
}

/// Takes a mapping, or the bytes of a JSON text, where what most parsers let pass is refused.
fn session_request(request: &Bound<'_, PyAny>, strict: bool) -> PyResult<CreateSession> {
    let body = if is_bytes(request) { Some(Body::read(request)?) } else { None };
    let read = guarded(request.py(), || {
        let value = match &body {
            Some(body) => schema::parse(body.bytes())?,
            None => to_json(request)?,
        };
        let strictness = if strict { Strictness::Full } else { Strictness::Types };
        schema::from_value(&CreateSession::SCHEMA, value, strictness)
    })?;
    if let Some(text) = body.as_ref().and_then(|body| std::str::from_utf8(body.bytes()).ok()) {
        // Refuses the integer that a request cannot carry, which the parser has rounded.
        let exact = text_to_python(request.py(), text)?;
        guarded(request.py(), || to_json(&exact))?;
    }
    Ok(read)
}

/// Looks a tax rate up in the bundled table.
#[pyfunction]
pub fn tax_rate<'py>(
    py: Python<'py>,
    place: &Bound<'py, PyAny>,
    category: Option<&Bound<'py, PyAny>>,
    on: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let found = guarded(py, || {
        let place = text(place, "place")?.parse()?;
        let category = optional_text(category, "category")?;
        let on = optional_text(on, "on")?;
        let on = on.map_or_else(|| Ok(today()), |on| schema::date(&on, "on"))?;
        let found = RateTable::bundled().find(&place, category.as_deref(), on)?;
        Ok(json!({
            "rate_ppm": found.rate, "behaviour": found.behaviour, "name": found.name,
            "category": found.category, "as_of": found.as_of, "confidence": found.confidence,
        }))
    })?;
    to_python(py, &found)
}

/// Writes an amount with its currency's decimals.
#[pyfunction]
pub fn format_money(py: Python<'_>, amount: i64, currency: &str) -> PyResult<String> {
    guarded(py, || Ok(Money::new(amount, currency.parse()?).to_string()))
}

/// Reads what `format_money` writes.
#[pyfunction]
pub fn parse_money(py: Python<'_>, given: &Bound<'_, PyAny>) -> PyResult<(i64, String)> {
    let money: Money = guarded(py, || text(given, "text")?.parse())?;
    Ok((money.amount, money.currency.code().to_owned()))
}

/// Gives how many decimals a currency has, and its code in upper case.
#[pyfunction]
pub fn currency_decimals(py: Python<'_>, currency: &Bound<'_, PyAny>) -> PyResult<(String, u32)> {
    let currency: Currency = guarded(py, || text(currency, "currency")?.parse())?;
    Ok((currency.code().to_owned(), currency.decimals()))
}

/// Applies a rule that the face has no function for, to a case of `tests/vectors`.
#[pyfunction]
pub fn apply_rule<'py>(
    py: Python<'py>,
    rule: &str,
    input: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let answer = guarded(py, || rules::apply(rule, to_json(input)?))?;
    to_python(py, &answer)
}

/// Judges whether a payment settles an order; a session may be one of the package's or a mapping.
#[pyfunction]
pub fn check_payment<'py>(
    py: Python<'py>,
    event: &Event,
    order: Option<&Bound<'py, PyAny>>,
    session: Option<&Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let check = guarded(py, || {
        let order = order.map(|order| order_from_value(to_json(order)?)).transpose()?;
        let session = session.map(|session| match session.cast::<Session>() {
            Ok(session) => Ok(session.get().value().clone()),
            Err(_) => {
                let json = to_text(session).map_err(|error| within(error, "session."))?;
                core::Session::from_json(json.as_bytes())
            }
        });
        core::check_payment(event.value(), order.as_ref(), session.transpose()?.as_ref())
    })?;
    as_python(py, &check)
}

/// Checks that a URL is the cashier's; gives it, the session's id and a form that may be logged.
#[pyfunction]
pub fn check_cashier_url(
    py: Python<'_>,
    url: &Bound<'_, PyAny>,
    allow_origins: Vec<Bound<'_, PyAny>>,
) -> PyResult<(String, Option<String>, String)> {
    guarded(py, || {
        let cashier = allow_origins.iter().enumerate().try_fold(
            Cashier::live(),
            |cashier, (index, origin)| {
                cashier.allow_origin(&text(origin, &format!("allow_origins[{index}]"))?)
            },
        )?;
        let url = cashier.check(&text(url, "url")?)?;
        Ok((url.as_str().to_owned(), url.session_id().map(str::to_owned), url.to_string()))
    })
}

/// Tells which way the buyer came back: `success`, `cancel` or `other`.
#[pyfunction]
pub fn return_outcome(
    py: Python<'_>,
    success_url: &Bound<'_, PyAny>,
    cancel_url: &Bound<'_, PyAny>,
    came_back_to: &Bound<'_, PyAny>,
) -> PyResult<&'static str> {
    let outcome = guarded(py, || {
        let success_url = text(success_url, "success_url")?;
        let urls = ReturnUrls::new(&success_url, &text(cancel_url, "cancel_url")?)?;
        Ok(urls.outcome(&text(came_back_to, "came_back_to")?))
    })?;
    Ok(match outcome {
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
