//! What happens to a session: created, priced, paid, expired.
//!
//! These functions run inside a database job. The merchant's API, the buyer's page and the
//! developer's commands all go through them.

use faststar::error::{Error, ErrorKind, Result, code};
use faststar::{
    CreateSession, EventType, LineItem, Mode, PaymentStatus, Price, Quote, QuoteOptions, Session,
    SessionStatus, SubscriptionStart, SubscriptionStatus, Transition, session,
};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::card::{Behaviour, TestCard};
use crate::clock;
use crate::ids;
use crate::store::{self, EventRow, Merchant, Outcome, SessionRow};

/// Creates a session: checks the rules, prices it, stores it.
///
/// # Errors
///
/// Those of [`faststar::quote()`].
pub fn create(
    db: &Connection,
    merchant: &Merchant,
    request: CreateSession,
    now_ms: i64,
) -> Outcome<SessionRow> {
    let quote = price(db, merchant, &request, now_ms)?;
    let mut row = SessionRow {
        id: ids::id("cs_", now_ms),
        merchant_id: merchant.id.clone(),
        token: ids::secret("").into(),
        status: SessionStatus::Open,
        payment_status: match request.mode {
            Mode::Setup => PaymentStatus::NoPaymentRequired,
            _ => PaymentStatus::Unpaid,
        },
        currency: String::new(),
        amount_subtotal: 0,
        amount_tax: 0,
        amount_total: 0,
        rate_known: true,
        request,
        outcome: Map::new(),
        created_at: now_ms,
        expires_at: session::expires_at(clock::exact(now_ms)).as_millisecond(),
        priced_at: now_ms,
    };
    row.set_amounts(&quote, now_ms);
    store::add_session(db, &row)?;
    for (field, template) in templates(&row.request) {
        tracing::warn!(
            session = row.id,
            "{field} has {template}, which is not filled in; put your own order's number in the URL"
        );
        store::add_step(db, &row.id, "template_in_url", &format!("{template} in {field}"), now_ms)?;
    }
    Ok(row)
}

/// Finds what looks like a template of another platform in the return URLs, such as
/// `{CHECKOUT_SESSION_ID}`: the buyer is sent there as the URL stands.
fn templates(request: &CreateSession) -> Vec<(&'static str, String)> {
    let urls = [("success_url", &request.success_url), ("cancel_url", &request.cancel_url)];
    let found = |url: &str| {
        let url =
            url.replace("%7B", "{").replace("%7b", "{").replace("%7D", "}").replace("%7d", "}");
        let (_, rest) = url.split_once('{')?;
        let (name, _) = rest.split_once('}')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        let name = name.trim_matches(['{', '}', ' ']);
        (!name.is_empty() && name.len() <= 40 && name.chars().all(is_name))
            .then(|| format!("{{{name}}}"))
    };
    urls.into_iter().filter_map(|(field, url)| Some((field, found(url.as_deref()?)?))).collect()
}

/// Computes what a request comes to for a merchant at a time.
///
/// # Errors
///
/// Those of [`faststar::quote()`].
pub fn price(
    db: &Connection,
    merchant: &Merchant,
    request: &CreateSession,
    at_ms: i64,
) -> Outcome<Quote> {
    let catalog = store::catalog_of(db, &merchant.id, &request.line_items)?;
    Ok(faststar::quote(request, &catalog, &options(merchant, at_ms))?)
}

fn options(merchant: &Merchant, at_ms: i64) -> QuoteOptions {
    QuoteOptions::on(clock::date(at_ms))
        .merchant(merchant.kind.clone())
        .default_currency(merchant.default_currency)
}

/// Finds a merchant's session as it is now.
///
/// # Errors
///
/// `not_found`, for another merchant's session too.
pub fn find(db: &Connection, merchant_id: &str, id: &str, now_ms: i64) -> Outcome<SessionRow> {
    let found = store::find_session(db, id)?.filter(|row| row.merchant_id == merchant_id);
    let mut row = found.ok_or_else(|| no_session(id))?;
    row.expire_if_due(now_ms);
    Ok(row)
}

/// Makes the error of an id that names no session.
pub fn no_session(id: &str) -> Error {
    let shown: String = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let message = format!("no session has the id {}", shown.get(..40).unwrap_or(&shown));
    Error::new(ErrorKind::NotFound, code::NOT_FOUND, message).with_param("id")
}

/// Takes the buyer's country and prices the session anew.
///
/// # Errors
///
/// `session_already_completed`, `session_expired`, `invalid_value`.
pub fn set_country(
    db: &Connection,
    merchant: &Merchant,
    row: &mut SessionRow,
    place: String,
    now_ms: i64,
) -> Outcome<()> {
    row.status.after(Transition::Complete)?;
    row.request.buyer_country = Some(place);
    let quote = price(db, merchant, &row.request, now_ms)?;
    row.set_amounts(&quote, now_ms);
    let place = row.request.buyer_country.as_deref().unwrap_or_default();
    store::add_step(db, &row.id, "country_named", place, now_ms)?;
    store::update_session(db, row)
}

/// What came of an attempt to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// The session is complete.
    Completed,
    /// The bank said no; the session stays open.
    Declined,
    /// The bank wants the buyer to authenticate; the session stays open.
    AuthenticationRequired,
}

impl Payment {
    /// Gives the error that a buyer's page shows, where it is one; `param` named the card.
    ///
    /// # Errors
    ///
    /// `card_declined` or `authentication_required`, with status 402.
    pub fn into_result(self, param: &str) -> Result<()> {
        let refuse = |code: &'static str, message: &str| {
            Err(Error::new(ErrorKind::Payment, code, message).with_param(param))
        };
        match self {
            Self::Completed => Ok(()),
            Self::Declined => {
                refuse(code::CARD_DECLINED, "the card was declined; try another card")
            }
            Self::AuthenticationRequired => refuse(
                code::AUTHENTICATION_REQUIRED,
                "the bank asks the buyer to authenticate; send the payment again with \
                 authentication set to approved",
            ),
        }
    }
}

/// Pays, subscribes or saves a card, whatever the session is for, and writes the events.
///
/// `authenticated` says whether the buyer has passed the bank's check.
///
/// # Errors
///
/// `session_already_completed` or `session_expired`.
pub fn pay(
    db: &Connection,
    merchant: &Merchant,
    row: &mut SessionRow,
    card: &TestCard,
    authenticated: Option<bool>,
    now_ms: i64,
) -> Outcome<Payment> {
    let complete = row.status.after(Transition::Complete)?;
    let due = due(db, merchant, row, now_ms)?;
    let payment = match (card.behaviour, authenticated) {
        (Behaviour::Succeeds, _) | (Behaviour::AsksForAuthentication, Some(true)) => {
            Payment::Completed
        }
        (Behaviour::AsksForAuthentication, None) => Payment::AuthenticationRequired,
        (Behaviour::Declined, _) | (Behaviour::AsksForAuthentication, Some(false)) => {
            Payment::Declined
        }
    };
    match payment {
        Payment::AuthenticationRequired => return Ok(payment),
        Payment::Declined => {
            store::add_step(db, &row.id, "declined", &card.shown(), now_ms)?;
            if let Some(amount) = due.amount() {
                emit_payment(db, row, EventType::PaymentFailed, "failed", amount, now_ms)?;
            }
            return Ok(payment);
        }
        Payment::Completed => {}
    }
    row.status = complete;
    store::add_step(db, &row.id, "completed", &card.shown(), now_ms)?;
    row.outcome.insert(
        "payment_method".into(),
        json!({
            "id": ids::id("pm_", now_ms),
            "brand": card.brand,
            "last4": card.last4(),
        }),
    );
    match &due {
        Due::Nothing => {
            row.outcome.insert("setup_intent_id".into(), ids::id("seti_", now_ms).into());
        }
        Due::Start(start) => subscribe(db, row, start, now_ms)?,
        Due::Once(_) => {}
    }
    if let Some(amount) = due.amount() {
        charge(db, row, amount, now_ms)?;
    } else {
        row.payment_status = PaymentStatus::NoPaymentRequired;
    }
    store::update_session(db, row)?;
    Ok(payment)
}

/// Refuses a payment of another amount than the one that the buyer was shown: another page of the
/// same session may have named another country.
///
/// # Errors
///
/// `amount_changed`.
pub fn check_shown(row: &SessionRow, amount_total: Option<i64>) -> Result<()> {
    if row.status != SessionStatus::Open || amount_total.is_none_or(|it| it == row.amount_total) {
        return Ok(());
    }
    let message = "the total has changed since it was shown; show the session anew, nothing was \
                   charged";
    Err(Error::new(ErrorKind::Conflict, code::AMOUNT_CHANGED, message).with_param("amount_total"))
}

/// Computes what the subscription that a session sells would start with, by the merchant's clock.
///
/// # Errors
///
/// Those of [`SubscriptionStart::compute`].
pub fn start(
    db: &Connection,
    merchant: &Merchant,
    row: &SessionRow,
    now_ms: i64,
) -> Outcome<SubscriptionStart> {
    let catalog = store::catalog_of(db, &merchant.id, &row.request.line_items)?;
    // Priced as the session was, so that what it said is what is charged.
    let options = options(merchant, row.priced_at);
    Ok(SubscriptionStart::compute(&row.request, &catalog, &options, clock::timestamp(now_ms))?)
}

/// Gives the price of each line item; `None` for an ad hoc amount.
///
/// # Errors
///
/// Those of the database.
pub fn prices(
    db: &Connection,
    merchant: &Merchant,
    row: &SessionRow,
) -> Outcome<Vec<Option<Price>>> {
    let catalog = store::catalog_of(db, &merchant.id, &row.request.line_items)?;
    let price_of = |item: &LineItem| {
        let product = item.product_id.as_deref().and_then(|id| catalog.product(id));
        let default = product.and_then(|product| product.default_price_id.as_deref());
        catalog.price(item.price_id.as_deref().or(default)?).cloned()
    };
    Ok(row.request.line_items.iter().map(price_of).collect())
}

/// What a session charges when the buyer says yes.
enum Due {
    Nothing,
    Once(i64),
    Start(Box<SubscriptionStart>),
}

impl Due {
    /// Gives what is charged at once, where anything is.
    fn amount(&self) -> Option<i64> {
        match self {
            Self::Nothing => None,
            Self::Once(amount) => Some(*amount),
            Self::Start(start) if start.status == SubscriptionStatus::Trialing => None,
            Self::Start(start) => Some(start.invoice.total),
        }
    }
}

fn due(db: &Connection, merchant: &Merchant, row: &SessionRow, now_ms: i64) -> Outcome<Due> {
    match row.request.mode {
        Mode::Setup => Ok(Due::Nothing),
        Mode::Subscription => Ok(Due::Start(Box::new(start(db, merchant, row, now_ms)?))),
        _ => Ok(Due::Once(row.amount_total)),
    }
}

fn charge(db: &Connection, row: &mut SessionRow, amount: i64, now_ms: i64) -> Outcome<()> {
    row.payment_status = PaymentStatus::Paid;
    let id = emit_payment(db, row, EventType::PaymentSucceeded, "succeeded", amount, now_ms)?;
    row.outcome.insert("payment_intent_id".into(), id.into());
    Ok(())
}

fn subscribe(
    db: &Connection,
    row: &mut SessionRow,
    start: &SubscriptionStart,
    now_ms: i64,
) -> Outcome<()> {
    let subscription_id = ids::id("sub_", now_ms);
    row.outcome.insert("subscription_id".into(), subscription_id.clone().into());
    if let Some(trial_end) = start.trial_end {
        row.outcome.insert("trial_end".into(), json!(trial_end));
    }
    let started = json!({
        "subscription_id": subscription_id, "status": start.status, "trial_end": start.trial_end,
        "next_charge_at": start.next_charge_at,
    });
    emit(db, row, EventType::SubscriptionCreated, started, now_ms)?;
    let invoice = json!({
        "invoice_id": ids::id("in_", now_ms), "subscription_id": subscription_id,
        "amount": start.invoice.total, "currency": row.currency, "status": "paid",
    });
    emit(db, row, EventType::InvoicePaid, invoice, now_ms)
}

fn emit_payment(
    db: &Connection,
    row: &SessionRow,
    event_type: EventType,
    status: &str,
    amount: i64,
    now_ms: i64,
) -> Outcome<String> {
    let payment_id = ids::id("pi_", now_ms);
    let data = json!({
        "payment_id": payment_id, "amount": amount, "currency": row.currency,
        "status": status,
    });
    emit(db, row, event_type, data, now_ms)?;
    Ok(payment_id)
}

/// Writes an event; what a merchant reconciles by is added to its data.
fn emit(
    db: &Connection,
    row: &SessionRow,
    event_type: EventType,
    mut data: Value,
    now_ms: i64,
) -> Outcome<()> {
    data["checkout_session_id"] = row.id.as_str().into();
    if let Some(reference) = &row.request.client_reference_id {
        data["client_reference_id"] = reference.as_str().into();
    }
    let id = ids::id("evt_", now_ms);
    let body = json!({
        "id": id, "type": event_type, "created": now_ms.div_euclid(1000), "data": data,
        "livemode": false, "api_version": "v1",
    });
    let event = EventRow {
        id,
        merchant_id: row.merchant_id.clone(),
        session_id: row.id.clone(),
        event_type: event_type.as_str().to_owned(),
        created_at: now_ms,
        body: body.to_string(),
    };
    store::add_event(db, &event)
}

/// Expires a session before its time.
///
/// # Errors
///
/// `session_already_completed` or `session_expired`.
pub fn expire(db: &Connection, row: &mut SessionRow, now_ms: i64) -> Outcome<()> {
    row.status = row.status.after(Transition::Expire)?;
    row.expires_at = now_ms;
    store::add_step(db, &row.id, "expired", "", now_ms)?;
    store::update_session(db, row)
}

/// Notes that the bank asked for authentication.
///
/// # Errors
///
/// Those of the database.
pub fn note_authentication(
    db: &Connection,
    session_id: &str,
    card: &TestCard,
    machine_now_ms: i64,
) -> Outcome<()> {
    let Some(row) = store::find_session(db, session_id)? else { return Ok(()) };
    let merchant = store::find_merchant(db, &row.merchant_id)?;
    let now = machine_now_ms + merchant.map_or(0, |merchant| merchant.clock_offset_ms);
    store::add_step(db, session_id, "authentication_required", &card.shown(), now)
}

/// Gives the cashier's URL of a session; it carries the session's token.
pub fn url(origin: &str, row: &SessionRow) -> String {
    format!("{origin}/checkout/{}?token={}", row.id, row.token.expose())
}

/// Gives the session as the API tells it.
pub fn view(row: &SessionRow) -> Session {
    let mut wire = json!({
        "id": row.id,
        "status": row.status,
        "amount_subtotal": row.amount_subtotal,
        "amount_tax": row.amount_tax,
        "amount_total": row.amount_total,
        "currency": row.currency,
        "session_token": row.token,
        "expires_at": clock::rfc3339(row.expires_at),
        "payment_status": row.payment_status,
        "mode": row.request.mode,
        "presentation": row.request.presentation,
        "line_items": row.request.line_items,
        "customer_email": row.request.customer_email,
        "success_url": row.request.success_url,
        "cancel_url": row.request.cancel_url,
        "buyer_country": row.request.buyer_country,
        "rate_known": row.request.buyer_country.as_ref().map(|_| row.rate_known),
        "client_reference_id": row.request.client_reference_id,
    });
    if let Some(fields) = wire.as_object_mut() {
        fields.extend(row.outcome.clone());
    }
    serde_json::from_value(wire).expect("the fields are those of a session")
}
