//! What needs no server: quotes, rates, amounts, checks, the cashier's URLs, and reading JSON.

use faststar::error::Result;
use faststar::tax::{RateTable, today};
use faststar::{
    Cart, Cashier, Catalog, CreateSession, CreatedSession, Currency, MerchantKind, Money,
    QuoteOptions, ReturnOutcome, ReturnUrls, Session, check_payment, schema,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{RawError, guarded};
use crate::types::{
    FromAnswer, RawCart, RawCashierUrl, RawCatalog, RawCreateSession, RawCreatedSession,
    RawCurrency, RawMoney, RawPaidEvent, RawPaymentCheck, RawQuote, RawQuoteOptions,
    RawReturnOutcome, RawSession, RawSoldSession, RawTaxRate,
};

/// Computes what a cart comes to.
#[uniffi::export]
pub fn quote_cart(cart: RawCart) -> Result<RawQuote, RawError> {
    guarded(|| Ok(Cart::from_value(value(&cart))?.quote(today())?.into()))
}

/// Computes what a session would come to, with the catalog that it references.
#[uniffi::export]
pub fn quote_session(
    request: RawCreateSession,
    catalog: RawCatalog,
    options: RawQuoteOptions,
) -> Result<RawQuote, RawError> {
    guarded(|| {
        let catalog = Catalog::from_value(value(&catalog))?;
        let mut options = value(&options);
        if options["on"].is_null() {
            options["on"] = json!(today());
        }
        let options = QuoteOptions::from_value(options)?;
        Ok(faststar::quote(&request.read()?, &catalog, &options)?.into())
    })
}

/// Checks a session's request by all that a client can know.
#[uniffi::export]
pub fn check_session(request: RawCreateSession, merchant: Option<String>) -> Result<(), RawError> {
    guarded(|| request.read()?.validate(merchant.map(MerchantKind::from).as_ref()))
}

/// Reads a session's request, checking types alone.
#[uniffi::export]
pub fn create_session_from_json(json: Vec<u8>) -> Result<RawCreateSession, RawError> {
    guarded(|| Ok(CreateSession::from_value(schema::parse(&json)?)?.into()))
}

/// Reads what the API answered and an app's own server passed on.
#[uniffi::export]
pub fn created_session_from_json(json: Vec<u8>) -> Result<RawCreatedSession, RawError> {
    guarded(|| Ok(RawCreatedSession::from_answer(CreatedSession::from_json(&json)?, None)))
}

/// Reads what the API answered and an app's own server passed on.
#[uniffi::export]
pub fn session_from_json(json: Vec<u8>) -> Result<RawSession, RawError> {
    guarded(|| Ok(RawSession::from_answer(Session::from_json(&json)?, None)))
}

/// Writes what `created_session_from_json` reads.
#[uniffi::export]
pub fn created_session_to_json(created: RawCreatedSession) -> Result<String, RawError> {
    guarded(|| Ok(created.json()?.to_string()))
}

/// Writes what `session_from_json` reads.
#[uniffi::export]
pub fn session_to_json(session: RawSession) -> Result<String, RawError> {
    guarded(|| Ok(session.json("")?.to_string()))
}

#[uniffi::export]
pub fn catalog_from_json(json: Vec<u8>) -> Result<RawCatalog, RawError> {
    guarded(|| Ok(Catalog::from_value(schema::parse(&json)?)?.into()))
}

#[uniffi::export]
pub fn cart_from_json(json: Vec<u8>) -> Result<RawCart, RawError> {
    guarded(|| Ok(Cart::from_json(&json)?.into()))
}

/// Looks a tax rate up in the bundled table.
#[uniffi::export]
pub fn tax_rate(
    place: String,
    category: Option<String>,
    on: Option<String>,
) -> Result<RawTaxRate, RawError> {
    guarded(|| {
        let on = on.map_or_else(|| Ok(today()), |on| schema::date(&on, "on"))?;
        Ok(RateTable::bundled().find(&place.parse()?, category.as_deref(), on)?.into())
    })
}

/// Writes an amount with its currency's decimals, the same everywhere.
#[uniffi::export]
pub fn format_money(amount: i64, currency: String) -> Result<String, RawError> {
    guarded(|| Ok(Money::new(amount, currency.parse()?).to_string()))
}

/// Reads what `format_money` writes.
#[uniffi::export]
pub fn parse_money(text: String) -> Result<RawMoney, RawError> {
    guarded(|| Ok(text.parse::<Money>()?.into()))
}

/// Judges whether a payment settles an order.
#[uniffi::export]
pub fn judge_payment(
    event: RawPaidEvent,
    order: Option<RawMoney>,
    session: Option<RawSoldSession>,
) -> Result<RawPaymentCheck, RawError> {
    guarded(|| {
        let event = event.read()?;
        let order = order
            .map(|order| order.currency.parse().map(|currency| Money::new(order.amount, currency)))
            .transpose()?;
        let session = session.map(RawSoldSession::read).transpose()?;
        Ok(check_payment(&event, order.as_ref(), session.as_ref())?.into())
    })
}

/// Gives what the platform's own formatter needs to know of a currency.
#[uniffi::export]
pub fn currency_info(currency: String) -> Result<RawCurrency, RawError> {
    guarded(|| {
        let currency: Currency = currency.parse()?;
        Ok(RawCurrency {
            code: currency.to_string(),
            decimals: currency.decimals(),
            is_listed: currency.is_listed(),
        })
    })
}

/// Checks that what is allowed beside the cashier's origins are origins.
#[uniffi::export]
pub fn check_cashier_origins(allow_origins: Vec<String>) -> Result<(), RawError> {
    guarded(|| cashier(&allow_origins).map(drop))
}

/// Checks that a URL is the cashier's.
#[uniffi::export]
pub fn check_cashier_url(
    url: String,
    allow_origins: Vec<String>,
) -> Result<RawCashierUrl, RawError> {
    guarded(|| {
        let url = cashier(&allow_origins)?.check(&url)?;
        Ok(RawCashierUrl {
            url: url.as_str().to_owned(),
            session_id: url.session_id().map(str::to_owned),
            shown: url.to_string(),
        })
    })
}

fn cashier(allow_origins: &[String]) -> Result<Cashier> {
    allow_origins.iter().try_fold(Cashier::live(), |cashier, origin| cashier.allow_origin(origin))
}

/// Tells which way the buyer came back.
#[uniffi::export]
pub fn return_outcome(
    success_url: String,
    cancel_url: String,
    came_back_to: String,
) -> Result<RawReturnOutcome, RawError> {
    guarded(|| {
        Ok(match ReturnUrls::new(&success_url, &cancel_url)?.outcome(&came_back_to) {
            ReturnOutcome::Success => RawReturnOutcome::Success,
            ReturnOutcome::Cancel => RawReturnOutcome::Cancel,
            ReturnOutcome::Other => RawReturnOutcome::Other,
        })
    })
}

fn value(raw: &impl Serialize) -> Value {
    serde_json::to_value(raw).expect("a record is JSON")
}
