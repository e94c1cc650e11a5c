//! What needs no server: quotes, rates, amounts, the check of a request, the cashier's URLs.

use std::sync::{Mutex, PoisonError};

use faststar::client::{Cursors as CoreCursors, rules};
use faststar::error::{Error, ErrorKind, Result, code};
use faststar::payment_check::order_from_value;
use faststar::schema::{self, Strictness};
use faststar::tax::{RateTable, today};
use faststar::{
    Cart, Cashier, Catalog, CreateSession, CreatedSession, Event, MerchantKind, Money, Price,
    Product, QuoteOptions, ReturnOutcome, ReturnUrls, Session,
};
use napi::bindgen_prelude::BigInt;
use napi_derive::napi;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::guarded;

/// Computes what a cart comes to.
#[napi]
pub fn quote_cart(cart: String) -> napi::Result<String> {
    guarded(|| written(&Cart::from_value(read(&cart)?)?.quote(today())?))
}

/// Computes what a session would come to, with the catalog that it references.
#[napi]
pub fn quote_session(request: String, catalog: String, options: String) -> napi::Result<String> {
    guarded(|| {
        let request = CreateSession::from_value(read(&request)?)?;
        let catalog = Catalog::from_value(read(&catalog)?)?;
        let mut options = read(&options)?;
        if options["on"].is_null() {
            options["on"] = json!(today());
        }
        written(&faststar::quote(&request, &catalog, &QuoteOptions::from_value(options)?)?)
    })
}

/// Checks a session's request by all that a client can know, and gives it as it would be sent.
#[napi]
pub fn check_session(
    request: &[u8],
    merchant: Option<String>,
    strict: bool,
) -> napi::Result<String> {
    guarded(|| {
        let strictness = if strict { Strictness::Full } else { Strictness::Types };
        let value = schema::parse(request)?;
        let request: CreateSession = schema::from_value(&CreateSession::SCHEMA, value, strictness)?;
        request.validate(merchant.as_deref().map(MerchantKind::from).as_ref())?;
        written(&request)
    })
}

/// Looks a tax rate up in the bundled table.
#[napi]
pub fn tax_rate(
    place: String,
    category: Option<String>,
    on: Option<String>,
) -> napi::Result<String> {
    guarded(|| {
        let on = on.map_or_else(|| Ok(today()), |on| schema::date(&on, "on"))?;
        let found = RateTable::bundled().find(&place.parse()?, category.as_deref(), on)?;
        written(&json!({
            "rate_ppm": found.rate, "behaviour": found.behaviour, "name": found.name,
            "category": found.category, "as_of": found.as_of, "confidence": found.confidence,
        }))
    })
}

/// Writes an amount with its currency's decimals.
#[napi]
pub fn format_money(amount: BigInt, currency: String) -> napi::Result<String> {
    // The face has checked that it fits.
    guarded(|| Ok(Money::new(amount.get_i64().0, currency.parse()?).to_string()))
}

/// Reads what `format_money` writes.
#[napi]
pub fn parse_money(text: String) -> napi::Result<String> {
    guarded(|| written(&text.parse::<Money>()?))
}

/// Applies a rule that the face has no function for, to a case of `tests/vectors`.
#[napi]
pub fn apply_rule(rule: String, input: String) -> napi::Result<String> {
    guarded(|| written(&rules::apply(&rule, read(&input)?)?))
}

/// Judges whether a payment settles an order.
#[napi]
pub fn check_payment(
    event: String,
    order: Option<String>,
    session: Option<String>,
) -> napi::Result<String> {
    guarded(|| {
        let event = Event::parse(event.as_bytes())?;
        let order = order.map(|order| order_from_value(read(&order)?)).transpose()?;
        let session = session.map(|session| Session::from_json(session.as_bytes())).transpose()?;
        written(&faststar::check_payment(&event, order.as_ref(), session.as_ref())?)
    })
}

/// Checks that a URL is the cashier's; gives it, the session's id and a form that may be logged.
#[napi]
pub fn check_cashier_url(url: String, allow_origins: Vec<String>) -> napi::Result<String> {
    guarded(|| {
        let cashier = allow_origins
            .iter()
            .try_fold(Cashier::live(), |cashier, origin| cashier.allow_origin(origin))?;
        let url = cashier.check(&url)?;
        written(&json!({
            "url": url.as_str(), "sessionId": url.session_id(), "shown": url.to_string(),
        }))
    })
}

/// Tells which way the buyer came back: `success`, `cancel` or `other`.
#[napi]
pub fn return_outcome(
    success_url: String,
    cancel_url: String,
    came_back_to: String,
) -> napi::Result<&'static str> {
    guarded(|| {
        Ok(match ReturnUrls::new(&success_url, &cancel_url)?.outcome(&came_back_to) {
            ReturnOutcome::Success => "success",
            ReturnOutcome::Cancel => "cancel",
            ReturnOutcome::Other => "other",
        })
    })
}

/// Reads a result from its JSON, as a call would answer it.
#[napi]
pub fn read_result(kind: String, json: String) -> napi::Result<String> {
    fn read<T: DeserializeOwned + Serialize>(name: &str, json: &str) -> Result<String> {
        written(&schema::read_answer::<T>(name, json)?)
    }
    guarded(|| match kind.as_str() {
        "CreatedSession" => read::<CreatedSession>("a created session", &json),
        "Session" => read::<Session>("a session", &json),
        "Product" => read::<Product>("a product", &json),
        "Price" => read::<Price>("a price", &json),
        other => {
            let message = format!("there is no result {other}");
            Err(Error::new(ErrorKind::Internal, code::INTERNAL, message))
        }
    })
}

/// The cursors that a walk through a list has followed.
#[napi]
pub struct Cursors(Mutex<CoreCursors>);

#[napi]
impl Cursors {
    #[napi(constructor)]
    pub fn new(start: Option<String>) -> Self {
        Self(Mutex::new(start.into()))
    }

    #[napi]
    pub fn follow(&self, next: Option<String>) -> napi::Result<()> {
        let mut cursors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guarded(|| cursors.follow(next).map(drop))
    }
}

fn read(text: &str) -> Result<Value> {
    schema::parse(text.as_bytes())
}

fn written(result: &impl Serialize) -> Result<String> {
    Ok(serde_json::to_string(result).expect("a result is JSON"))
}
