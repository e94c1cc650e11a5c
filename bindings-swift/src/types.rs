//! What crosses the boundary, field by field as the core has it.
//!
//! Values of open enums are texts, and the faces make enums of them; dates are `2026-11-22`. No type
//! here has a `Debug`: some hold tokens.

use std::collections::HashMap;
use std::time::SystemTime;

use faststar::client::{Page, Response};
use faststar::error::{Error, Result, code};
use faststar::{
    self as core, CreatePrice, CreateProduct, CreateSession, Interval, LineItem, Mode,
    Presentation, PriceType, Timestamp,
};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// Fields that this version does not know, as the text of a JSON object; none where there are none.
type Extra = Option<String>;

#[derive(uniffi::Record, Serialize)]
pub struct RawLineItem {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    pub quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_hoc_amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_hoc_currency: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(skip)]
    pub extra: Extra,
}

#[derive(uniffi::Record)]
pub struct RawCreateSession {
    pub mode: String,
    pub presentation: String,
    pub line_items: Vec<RawLineItem>,
    pub customer_email: Option<String>,
    pub success_url: Option<String>,
    pub cancel_url: Option<String>,
    pub buyer_country: Option<String>,
    pub client_reference_id: Option<String>,
    pub extra: Extra,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawSession {
    pub id: String,
    pub status: String,
    pub amount_subtotal: i64,
    pub amount_tax: i64,
    pub amount_total: i64,
    pub currency: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token: Option<String>,
    #[serde(skip)]
    pub expires_at: Option<SystemTime>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation: Option<String>,
    #[serde(skip)]
    pub line_items: Vec<RawLineItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub success_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_known: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_reference_id: Option<String>,
    #[serde(skip)]
    pub extra: Extra,
    #[serde(skip)]
    pub request_id: Option<String>,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawCreatedSession {
    #[serde(skip)]
    pub session: RawSession,
    pub url: String,
    pub session_token: String,
    #[serde(skip)]
    pub extra: Extra,
    #[serde(skip)]
    pub request_id: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawCreateProduct {
    pub name: String,
    pub description: Option<String>,
    pub tax_category: Option<String>,
    pub images: Vec<String>,
    pub metadata: HashMap<String, String>,
    pub extra: Extra,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawProduct {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub tax_category: Option<String>,
    pub images: Vec<String>,
    pub metadata: HashMap<String, String>,
    pub default_price_id: Option<String>,
    #[serde(skip)]
    pub extra: Extra,
    #[serde(skip)]
    pub request_id: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawCreatePrice {
    pub product_id: String,
    pub currency: String,
    pub unit_amount: i64,
    pub price_type: String,
    pub recurring_interval: Option<String>,
    pub recurring_interval_count: Option<i64>,
    pub trial_period_days: Option<i64>,
    pub extra: Extra,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawPrice {
    pub id: String,
    pub product_id: String,
    pub currency: String,
    pub unit_amount: i64,
    #[serde(rename = "type")]
    pub price_type: String,
    pub recurring_interval: Option<String>,
    pub recurring_interval_count: Option<i64>,
    pub trial_period_days: Option<i64>,
    #[serde(skip)]
    pub extra: Extra,
    #[serde(skip)]
    pub request_id: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawProductPage {
    pub items: Vec<RawProduct>,
    pub next_cursor: Option<String>,
    pub extra: Extra,
    pub request_id: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawPricePage {
    pub items: Vec<RawPrice>,
    pub next_cursor: Option<String>,
    pub extra: Extra,
    pub request_id: Option<String>,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawCatalog {
    pub products: Vec<RawProduct>,
    pub prices: Vec<RawPrice>,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawCartLine {
    pub unit_amount: i64,
    pub quantity: i64,
    pub tax_rate_ppm: Option<i64>,
    pub tax_category: Option<String>,
    pub currency: Option<String>,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawCart {
    pub currency: String,
    pub lines: Vec<RawCartLine>,
    pub country: String,
    pub region: String,
    pub behaviour: Option<String>,
    pub rounding: Option<String>,
    pub as_of: Option<String>,
}

#[derive(uniffi::Record, Serialize)]
pub struct RawQuoteOptions {
    pub on: Option<String>,
    pub merchant: Option<String>,
    pub default_currency: Option<String>,
    pub rounding: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawQuote {
    pub currency: String,
    pub subtotal: i64,
    pub tax: i64,
    pub total: i64,
    pub behaviour: Option<String>,
    pub rounding: String,
    pub lines: Vec<RawQuoteLine>,
    pub taxes: Vec<RawQuoteTax>,
    pub estimated: bool,
    pub rate_known: bool,
    pub rates_as_of: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawQuoteLine {
    pub unit_amount: i64,
    pub quantity: i64,
    pub amount: i64,
    pub tax: Option<i64>,
    pub rate_ppm: u32,
    pub tax_name: Option<String>,
    pub description: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawQuoteTax {
    pub rate_ppm: u32,
    pub amount: i64,
    pub tax: i64,
}

#[derive(uniffi::Record)]
pub struct RawTaxRate {
    pub rate_ppm: u32,
    pub behaviour: String,
    pub name: String,
    pub category: String,
    pub as_of: Option<String>,
    pub confidence: String,
}

#[derive(uniffi::Record)]
pub struct RawMoney {
    pub amount: i64,
    pub currency: String,
}

#[derive(uniffi::Record)]
pub struct RawCurrency {
    pub code: String,
    pub decimals: u32,
    pub is_listed: bool,
}

#[derive(uniffi::Record)]
pub struct RawCashierUrl {
    /// The text to open.
    pub url: String,
    pub session_id: Option<String>,
    /// The text that may be logged.
    pub shown: String,
}

#[derive(uniffi::Enum)]
pub enum RawReturnOutcome {
    Success,
    Cancel,
    Other,
}

#[derive(uniffi::Record)]
pub struct RawEvent {
    pub id: String,
    pub event_type: String,
    pub created: i64,
    /// JSON, as it came.
    pub data: String,
    pub livemode: bool,
    pub api_version: String,
    pub fulfils: bool,
    /// What `data` is, where it is a payment.
    pub payment: Option<RawPayment>,
}

#[derive(uniffi::Record)]
pub struct RawPayment {
    pub payment_id: String,
    pub amount: i64,
    pub currency: String,
    pub status: String,
    pub client_reference_id: Option<String>,
    pub checkout_session_id: Option<String>,
}

/// What of an event says whether an order was paid.
#[derive(uniffi::Record)]
pub struct RawPaidEvent {
    pub id: String,
    pub event_type: String,
    /// JSON, as it came.
    pub data: String,
}

/// What of a session says what was sold.
#[derive(uniffi::Record)]
pub struct RawSoldSession {
    pub id: String,
    pub status: String,
    pub amount_subtotal: i64,
    pub amount_total: i64,
    pub currency: String,
    pub client_reference_id: Option<String>,
}

#[derive(uniffi::Record)]
pub struct RawPaymentCheck {
    pub verdict: String,
    pub expected: Option<RawMoney>,
    pub paid: RawMoney,
    pub session_id: Option<String>,
    pub message: String,
}

/// A value that knows which answer it came with.
pub trait FromAnswer<T> {
    fn from_answer(value: T, request_id: Option<String>) -> Self;
}

/// Makes what is handed over of a call's answer.
pub fn answered<T, R: FromAnswer<T>>(response: Response<T>) -> R {
    let request_id = response.request_id().map(str::to_owned);
    R::from_answer(response.into_inner(), request_id)
}

impl FromAnswer<core::Session> for RawSession {
    fn from_answer(session: core::Session, request_id: Option<String>) -> Self {
        Self {
            id: session.id,
            status: session.status.to_string(),
            amount_subtotal: session.amount_subtotal,
            amount_tax: session.amount_tax,
            amount_total: session.amount_total,
            currency: session.currency,
            session_token: session.session_token.map(|token| token.expose().to_owned()),
            expires_at: session.expires_at.map(SystemTime::from),
            payment_status: session.payment_status.map(|status| status.to_string()),
            mode: session.mode.map(|mode| mode.to_string()),
            presentation: session.presentation.map(|presentation| presentation.to_string()),
            line_items: session.line_items.into_iter().map(RawLineItem::from).collect(),
            customer_email: session.customer_email,
            success_url: session.success_url,
            cancel_url: session.cancel_url,
            buyer_country: session.buyer_country,
            rate_known: session.rate_known,
            client_reference_id: session.client_reference_id,
            extra: written(session.extra),
            request_id,
        }
    }
}

impl FromAnswer<core::CreatedSession> for RawCreatedSession {
    fn from_answer(created: core::CreatedSession, request_id: Option<String>) -> Self {
        Self {
            session: RawSession::from_answer(created.session, request_id.clone()),
            url: created.url,
            session_token: created.session_token.expose().to_owned(),
            extra: written(created.extra),
            request_id,
        }
    }
}

impl RawSession {
    /// Writes what the API answered, at a place such as `session.`.
    pub fn json(&self, path: &str) -> Result<Value> {
        let mut all = beside(&self.extra, self, path)?;
        if let Some(time) = self.expires_at {
            let time = Timestamp::try_from(time).map_err(|_| {
                let message = "expires_at must be a time that RFC 3339 can tell";
                Error::validation(code::INVALID_VALUE, format!("{path}expires_at"), message)
            })?;
            all.insert("expires_at".to_owned(), json!(time));
        }
        if !self.line_items.is_empty() {
            let items = self.line_items.iter().enumerate();
            let items = items.map(|(index, item)| {
                beside(&item.extra, item, &format!("{path}line_items[{index}].")).map(Value::Object)
            });
            all.insert("line_items".to_owned(), items.collect::<Result<Value>>()?);
        }
        Ok(Value::Object(all))
    }
}

impl RawCreatedSession {
    /// Writes what the API answered.
    pub fn json(&self) -> Result<Value> {
        let mut all = beside(&self.extra, self, "")?;
        all.insert("session".to_owned(), self.session.json("session.")?);
        Ok(Value::Object(all))
    }
}

impl FromAnswer<core::Product> for RawProduct {
    fn from_answer(product: core::Product, request_id: Option<String>) -> Self {
        Self {
            id: product.id,
            name: product.name,
            description: product.description,
            tax_category: product.tax_category,
            images: product.images,
            metadata: product.metadata.into_iter().collect(),
            default_price_id: product.default_price_id,
            extra: written(product.extra),
            request_id,
        }
    }
}

impl FromAnswer<core::Price> for RawPrice {
    fn from_answer(price: core::Price, request_id: Option<String>) -> Self {
        Self {
            id: price.id,
            product_id: price.product_id,
            currency: price.currency,
            unit_amount: price.unit_amount,
            price_type: price.price_type.to_string(),
            recurring_interval: price.recurring_interval.map(|interval| interval.to_string()),
            recurring_interval_count: price.recurring_interval_count,
            trial_period_days: price.trial_period_days,
            extra: written(price.extra),
            request_id,
        }
    }
}

impl FromAnswer<Page<core::Product>> for RawProductPage {
    fn from_answer(page: Page<core::Product>, request_id: Option<String>) -> Self {
        Self {
            items: page.items.into_iter().map(|item| FromAnswer::from_answer(item, None)).collect(),
            next_cursor: page.next_cursor,
            extra: written(page.extra),
            request_id,
        }
    }
}

impl FromAnswer<Page<core::Price>> for RawPricePage {
    fn from_answer(page: Page<core::Price>, request_id: Option<String>) -> Self {
        Self {
            items: page.items.into_iter().map(|item| FromAnswer::from_answer(item, None)).collect(),
            next_cursor: page.next_cursor,
            extra: written(page.extra),
            request_id,
        }
    }
}

impl From<core::Catalog> for RawCatalog {
    fn from(catalog: core::Catalog) -> Self {
        let products = catalog.products().cloned();
        let prices = catalog.prices().cloned();
        Self {
            products: products.map(|product| FromAnswer::from_answer(product, None)).collect(),
            prices: prices.map(|price| FromAnswer::from_answer(price, None)).collect(),
        }
    }
}

impl From<LineItem> for RawLineItem {
    fn from(item: LineItem) -> Self {
        Self {
            price_id: item.price_id,
            product_id: item.product_id,
            quantity: item.quantity,
            ad_hoc_amount: item.ad_hoc_amount,
            ad_hoc_currency: item.ad_hoc_currency,
            description: item.description,
            extra: written(item.extra),
        }
    }
}

impl RawLineItem {
    fn read(self, path: &str) -> Result<LineItem> {
        let mut item = LineItem::default().quantity(self.quantity);
        item.price_id = self.price_id;
        item.product_id = self.product_id;
        item.ad_hoc_amount = self.ad_hoc_amount;
        item.ad_hoc_currency = self.ad_hoc_currency;
        item.description = self.description;
        item.extra = fields(self.extra, path)?;
        Ok(item)
    }
}

impl From<CreateSession> for RawCreateSession {
    fn from(request: CreateSession) -> Self {
        Self {
            mode: request.mode.to_string(),
            presentation: request.presentation.to_string(),
            line_items: request.line_items.into_iter().map(RawLineItem::from).collect(),
            customer_email: request.customer_email,
            success_url: request.success_url,
            cancel_url: request.cancel_url,
            buyer_country: request.buyer_country,
            client_reference_id: request.client_reference_id,
            extra: written(request.extra),
        }
    }
}

impl RawCreateSession {
    pub fn read(self) -> Result<CreateSession> {
        let items = self.line_items.into_iter().enumerate();
        let items = items.map(|(index, item)| item.read(&format!("line_items[{index}].")));
        let mut request = CreateSession::new(
            Mode::from(self.mode),
            Presentation::from(self.presentation),
            items.collect::<Result<Vec<_>>>()?,
        );
        request.customer_email = self.customer_email;
        request.success_url = self.success_url;
        request.cancel_url = self.cancel_url;
        request.buyer_country = self.buyer_country;
        request.client_reference_id = self.client_reference_id;
        request.extra = fields(self.extra, "")?;
        Ok(request)
    }
}

impl RawCreateProduct {
    pub fn read(self) -> Result<CreateProduct> {
        let mut request = CreateProduct::new(self.name);
        request.description = self.description;
        request.tax_category = self.tax_category;
        request.images = self.images;
        request.metadata = self.metadata.into_iter().collect();
        request.extra = fields(self.extra, "")?;
        Ok(request)
    }
}

impl RawCreatePrice {
    pub fn read(self) -> Result<CreatePrice> {
        let mut request = CreatePrice::one_time(self.product_id, self.currency, self.unit_amount);
        request.price_type = PriceType::from(self.price_type);
        request.recurring_interval = self.recurring_interval.map(Interval::from);
        request.recurring_interval_count = self.recurring_interval_count;
        request.trial_period_days = self.trial_period_days;
        request.extra = fields(self.extra, "")?;
        Ok(request)
    }
}

impl From<core::Cart> for RawCart {
    fn from(cart: core::Cart) -> Self {
        let line = |line: core::CartLine| RawCartLine {
            unit_amount: line.unit_amount,
            quantity: line.quantity,
            tax_rate_ppm: line.tax_rate_ppm.map(i64::from),
            tax_category: line.tax_category,
            currency: line.currency.map(|currency| currency.to_string()),
        };
        Self {
            currency: cart.currency.to_string(),
            lines: cart.lines.into_iter().map(line).collect(),
            country: cart.country,
            region: cart.region,
            behaviour: cart.behaviour.as_ref().map(name),
            rounding: Some(name(&cart.rounding)),
            as_of: cart.as_of.map(|date| date.to_string()),
        }
    }
}

impl From<core::Quote> for RawQuote {
    fn from(quote: core::Quote) -> Self {
        let line = |line: core::QuoteLine| RawQuoteLine {
            unit_amount: line.unit_amount,
            quantity: line.quantity,
            amount: line.amount,
            tax: line.tax,
            rate_ppm: line.rate.ppm(),
            tax_name: line.tax_name,
            description: line.description,
        };
        let tax = |tax: core::totals::RateTotals| RawQuoteTax {
            rate_ppm: tax.rate.ppm(),
            amount: tax.amount,
            tax: tax.tax,
        };
        Self {
            currency: quote.currency.to_string(),
            subtotal: quote.subtotal,
            tax: quote.tax,
            total: quote.total,
            behaviour: quote.behaviour.as_ref().map(name),
            rounding: name(&quote.rounding),
            lines: quote.lines.into_iter().map(line).collect(),
            taxes: quote.taxes.into_iter().map(tax).collect(),
            estimated: quote.estimated,
            rate_known: quote.rate_known,
            rates_as_of: quote.rates_as_of.map(|date| date.to_string()),
        }
    }
}

impl From<core::tax::TaxRate> for RawTaxRate {
    fn from(found: core::tax::TaxRate) -> Self {
        Self {
            rate_ppm: found.rate.ppm(),
            behaviour: name(&found.behaviour),
            name: found.name,
            category: found.category.to_owned(),
            as_of: found.as_of.map(|date| date.to_string()),
            confidence: name(&found.confidence),
        }
    }
}

impl From<core::Event> for RawEvent {
    fn from(event: core::Event) -> Self {
        Self {
            id: event.id().to_owned(),
            event_type: event.event_type().to_string(),
            created: event.created(),
            data: event.data_json().to_owned(),
            livemode: event.livemode(),
            api_version: event.api_version().to_owned(),
            fulfils: event.fulfils(),
            payment: event.payment().ok().map(RawPayment::from),
        }
    }
}

impl RawPaidEvent {
    pub fn read(self) -> Result<core::Event> {
        let data = RawValue::from_string(self.data).map_err(|_| {
            Error::validation(code::MALFORMED_JSON, "data", "the event's data must be JSON")
        })?;
        let event = json!({"id": self.id, "type": self.event_type}).to_string();
        // The data's text, so that every digit of it is kept.
        let event = format!("{},\"data\":{data}}}", event.trim_end_matches('}'));
        core::Event::parse(event.as_bytes())
    }
}

impl RawSoldSession {
    pub fn read(self) -> Result<core::Session> {
        let session = json!({
            "id": self.id, "status": self.status, "amount_subtotal": self.amount_subtotal,
            "amount_total": self.amount_total, "currency": self.currency,
            "client_reference_id": self.client_reference_id,
        });
        core::Session::from_json(session.to_string().as_bytes())
    }
}

impl From<core::Money> for RawMoney {
    fn from(money: core::Money) -> Self {
        Self { amount: money.amount, currency: money.currency.to_string() }
    }
}

impl From<core::PaymentCheck> for RawPaymentCheck {
    fn from(check: core::PaymentCheck) -> Self {
        Self {
            verdict: check.verdict.to_string(),
            expected: check.expected.map(RawMoney::from),
            paid: check.paid.into(),
            session_id: check.session_id,
            message: check.message,
        }
    }
}

impl From<core::PaymentData> for RawPayment {
    fn from(payment: core::PaymentData) -> Self {
        Self {
            payment_id: payment.payment_id,
            amount: payment.amount,
            currency: payment.currency,
            status: payment.status,
            client_reference_id: payment.client_reference_id,
            checkout_session_id: payment.checkout_session_id,
        }
    }
}

/// Gives the name on the wire of a value that is one.
fn name(value: &impl Serialize) -> String {
    let written = serde_json::to_value(value).expect("a name is JSON");
    written.as_str().expect("a name is a text").to_owned()
}

fn written(extra: Map<String, Value>) -> Extra {
    (!extra.is_empty()).then(|| Value::Object(extra).to_string())
}

/// Gives a record's fields as JSON, beside them those that this version does not know.
fn beside(extra: &Extra, record: &impl Serialize, path: &str) -> Result<Map<String, Value>> {
    let mut all = fields(extra.clone(), path)?;
    if let Value::Object(known) = serde_json::to_value(record).expect("a record is JSON") {
        all.extend(known);
    }
    Ok(all)
}

/// Reads what `written` writes, at a place such as `line_items[2].`.
fn fields(extra: Extra, path: &str) -> Result<Map<String, Value>> {
    let Some(text) = extra else { return Ok(Map::new()) };
    let wrong = |code, message: String| Error::validation(code, format!("{path}extra"), message);
    match core::schema::parse(text.as_bytes()) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(wrong(code::INVALID_TYPE, "extra must be a JSON object".to_owned())),
        Err(error) => Err(wrong(code::MALFORMED_JSON, error.message().to_owned())),
    }
}
