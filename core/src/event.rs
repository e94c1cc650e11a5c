//! Reads the events that a webhook delivers.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result, code};
use crate::open_enum::open_enum;
use crate::wire::detail;

open_enum! {
    /// Says what happened.
    ///
    /// A type that this version does not know is kept in `Other` and delivered like the rest.
    ///
    /// ```
    /// use faststar::EventType;
    ///
    /// assert_eq!(EventType::from("payment.succeeded"), EventType::PaymentSucceeded);
    /// assert_eq!(EventType::from("payout.sent"), EventType::Other("payout.sent".into()));
    /// ```
    EventType {
        /// The money is there. Fulfil on this one, and only here.
        PaymentSucceeded = "payment.succeeded",
        /// The payment did not go through.
        PaymentFailed = "payment.failed",
        /// The payment was given up.
        PaymentCanceled = "payment.canceled",
        /// The payment was given back.
        PaymentRefunded = "payment.refunded",
        /// A refund reached the buyer.
        RefundSucceeded = "refund.succeeded",
        /// A subscription started.
        SubscriptionCreated = "subscription.created",
        /// A subscription changed.
        SubscriptionUpdated = "subscription.updated",
        /// A subscription ended.
        SubscriptionCanceled = "subscription.canceled",
        /// A subscription's invoice was paid.
        InvoicePaid = "invoice.paid",
        /// A subscription's invoice could not be collected.
        InvoicePaymentFailed = "invoice.payment_failed",
        /// A buyer disputes a payment.
        DisputeCreated = "dispute.created",
        /// A dispute changed.
        DisputeUpdated = "dispute.updated",
        /// A dispute ended.
        DisputeClosed = "dispute.closed",
        /// Money was settled to the merchant.
        SettlementSucceeded = "settlement.succeeded",
    }
}

/// Holds one event, with its `data` kept as it came and read on demand.
///
/// Take events from [`webhook::Verifier`](crate::webhook::Verifier), which parses only what is
/// signed. Two events are equal when their fields are, `data` byte for byte. The wire form comes
/// out through `serde_json`; another serialiser does not know raw JSON.
///
/// ```
/// use faststar::{Event, EventData};
///
/// let event = Event::parse(br#"{
///     "id": "evt_1", "type": "payment.succeeded", "created": 1769900000,
///     "data": {"payment_id": "pi_1", "amount": 1999, "currency": "USD", "status": "succeeded"},
///     "livemode": true, "api_version": "v1"
/// }"#)?;
/// assert!(event.fulfils());
/// if let EventData::Payment(payment) = event.data()? {
///     assert_eq!((payment.amount, payment.currency.as_str()), (1999, "USD"));
/// }
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    id: String,
    #[serde(rename = "type")]
    event_type: EventType,
    created: i64,
    data: Box<RawValue>,
    livemode: bool,
    api_version: String,
}

/// The wire form, borrowed. `Option` takes an absent field and a null alike.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
struct Wire<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    created: Option<i64>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    livemode: Option<bool>,
    api_version: Option<String>,
}

impl Event {
    /// Parses an event without verifying it; use it on what was verified before.
    ///
    /// `id` and `type` must be there. The others may be absent or null: `created` is then 0,
    /// `data` null, `livemode` false and `api_version` empty. Unknown fields are ignored.
    ///
    /// # Errors
    ///
    /// `malformed_json` when the body is not UTF-8, not one JSON object, lacks an `id` or a `type`,
    /// has a field of the wrong type or names one of its fields twice. The message quotes no value.
    pub fn parse(body: &[u8]) -> Result<Self> {
        Self::parse_as(ErrorKind::Validation, body)
    }

    /// Parses, with the error's kind: a wrong body is another mistake when it was signed.
    pub(crate) fn parse_as(kind: ErrorKind, body: &[u8]) -> Result<Self> {
        let refuse = |detail: String| {
            let message = format!(
                "an event must be a json object with an id and a type, each once and not empty: \
                 {detail}"
            );
            Error::new(kind, code::MALFORMED_JSON, message)
        };
        let text = std::str::from_utf8(body)
            .map_err(|error| refuse(format!("not utf-8 at byte {}", error.valid_up_to())))?;
        // serde reads an array as a struct, field by field
        if text.trim_start().starts_with('[') {
            return Err(refuse("expected an object at line 1 column 1".to_owned()));
        }
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| refuse(detail(&error)))?;
        for (name, value) in [("id", &wire.id), ("type", &wire.event_type)] {
            if value.is_empty() {
                return Err(refuse(format!("{name} is empty")));
            }
        }
        Ok(Self {
            id: wire.id.into_owned(),
            event_type: EventType::from(&*wire.event_type),
            created: wire.created.unwrap_or_default(),
            data: wire.data.unwrap_or(RawValue::NULL).to_owned(),
            livemode: wire.livemode.unwrap_or_default(),
            api_version: wire.api_version.unwrap_or_default(),
        })
    }

    /// Gives the id, `evt_…`. A redelivery has the same: remember it to act once.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Says what happened.
    pub fn event_type(&self) -> &EventType {
        &self.event_type
    }

    /// Says when it happened, in unix seconds; 0 when the platform did not tell.
    pub fn created(&self) -> i64 {
        self.created
    }

    /// Tells real money from a test; false when the platform did not tell.
    pub fn livemode(&self) -> bool {
        self.livemode
    }

    /// Gives the API version that wrote the event; empty when the platform did not tell.
    pub fn api_version(&self) -> &str {
        &self.api_version
    }

    /// Tells whether to fulfil the order: true for `payment.succeeded` alone.
    ///
    /// Fulfil on this event, and only here: not on the buyer's return and not on another event.
    pub fn fulfils(&self) -> bool {
        self.event_type == EventType::PaymentSucceeded
    }

    /// Gives `data` as the JSON text that came.
    pub fn data_json(&self) -> &str {
        self.data.get()
    }

    /// Reads `data` as a type of your own.
    ///
    /// # Errors
    ///
    /// `malformed_json` at `data` when it does not have the type's shape.
    pub fn data_as<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_str(self.data_json()).map_err(|error| unfit(&detail(&error)))
    }

    /// Reads `data` as a payment, whatever the event's type.
    ///
    /// # Errors
    ///
    /// `malformed_json` at `data` when it is not a payment.
    pub fn payment(&self) -> Result<PaymentData> {
        if self.data_json().starts_with('[') {
            return Err(unfit("expected an object"));
        }
        self.data_as()
    }

    /// Reads `data` by the event's type.
    ///
    /// # Errors
    ///
    /// `malformed_json` at `data` when a known `payment.*` event carries no payment, and when any
    /// other nests deeper than 127 levels.
    pub fn data(&self) -> Result<EventData> {
        match self.event_type {
            EventType::PaymentSucceeded
            | EventType::PaymentFailed
            | EventType::PaymentCanceled
            | EventType::PaymentRefunded => self.payment().map(EventData::Payment),
            _ => self.data_as().map(EventData::Other),
        }
    }
}

impl PartialEq for Event {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
            && self.event_type == other.event_type
            && self.created == other.created
            && self.data_json() == other.data_json()
            && self.livemode == other.livemode
            && self.api_version == other.api_version
    }
}

impl Eq for Event {}

/// Holds an event's `data` as the event's type has it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum EventData {
    /// The payment of a `payment.*` event.
    Payment(PaymentData),
    /// The data of any other event, as JSON.
    Other(serde_json::Value),
}

/// Holds the payment that a `payment.*` event is about.
///
/// FastStar promises `client_reference_id` and `checkout_session_id` for reconciliation without
/// saying where; the sandbox puts them here, and a live event may lack them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PaymentData {
    /// The payment's id, `pi_…`.
    pub payment_id: String,
    /// The amount in the currency's smallest unit: 1999 is 19.99 USD.
    pub amount: i64,
    /// The ISO 4217 code of the currency.
    pub currency: String,
    /// The payment's status, such as `succeeded`.
    pub status: String,
    /// The merchant's own order number, as the session was given it.
    pub client_reference_id: Option<String>,
    /// The checkout session that was paid, `cs_…`.
    pub checkout_session_id: Option<String>,
}

fn unfit(detail: &str) -> Error {
    let message = format!("not the data that was asked for, read data_json() instead: {detail}");
    Error::validation(code::MALFORMED_JSON, "data", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAID: &str = r#"{"id":"evt_1","type":"payment.succeeded","created":1769900000,"data":{"payment_id":"pi_1","amount":1999,"currency":"USD","status":"succeeded"},"livemode":true,"api_version":"v1"}"#;

    fn parse(body: &str) -> Event {
        Event::parse(body.as_bytes()).unwrap()
    }

    fn refused(body: &[u8]) -> String {
        let error = Event::parse(body).unwrap_err();
        assert_eq!((error.code(), error.kind()), ("malformed_json", ErrorKind::Validation));
        error.to_string()
    }

    #[test]
    fn wire_form_comes_back_unchanged() {
        assert_eq!(serde_json::to_string(&parse(PAID)).unwrap(), PAID);
    }

    #[test]
    fn data_keeps_every_digit_and_space() {
        let data = r#"{"n": 123456789012345678901234567890.10,"a":[ ]}"#;
        let event = parse(&format!(r#"{{"id":"evt_1","type":"x","data":{data}}}"#));
        assert_eq!(event.data_json(), data);
    }

    #[test]
    fn payment_is_read_with_its_reconciliation_fields() {
        let event = parse(
            r#"{"id":"evt_1","type":"payment.failed","data":{"payment_id":"pi_1","amount":5,
            "currency":"JPY","status":"failed","client_reference_id":"order-7",
            "checkout_session_id":"cs_1","later":1}}"#,
        );
        let payment = event.payment().unwrap();
        assert_eq!(payment.client_reference_id.as_deref(), Some("order-7"));
        assert_eq!(payment.checkout_session_id.as_deref(), Some("cs_1"));
        assert_eq!(event.data().unwrap(), EventData::Payment(payment));
        assert_eq!(parse(PAID).payment().unwrap().client_reference_id, None);
    }

    #[test]
    fn other_types_give_their_data_as_json() {
        let event = parse(r#"{"id":"evt_1","type":"invoice.paid","data":{"invoice":"in_1"}}"#);
        let data = EventData::Other(serde_json::json!({"invoice": "in_1"}));
        assert_eq!(event.data().unwrap(), data);
    }

    #[test]
    fn unknown_payment_type_promises_no_payment() {
        let event = parse(r#"{"id":"evt_1","type":"payment.authorized","data":[1]}"#);
        assert_eq!(event.event_type(), &EventType::Other("payment.authorized".to_owned()));
        assert_eq!(event.data().unwrap(), EventData::Other(serde_json::json!([1])));
    }

    #[test]
    fn payment_refuses_data_of_another_shape() {
        for data in [
            "null",
            "[]",
            r#"["pi_1",1999,"USD","succeeded",null,null]"#,
            r#"{"payment_id":"pi_1","amount":1999,"currency":"USD"}"#,
            r#"{"payment_id":"pi_1","amount":19.99,"currency":"USD","status":"succeeded"}"#,
            r#"{"payment_id":"pi_1","amount":true,"currency":"USD","status":"succeeded"}"#,
            r#"{"payment_id":"pi_1","amount":1,"amount":2,"currency":"USD","status":"succeeded"}"#,
        ] {
            let body = format!(r#"{{"id":"evt_1","type":"payment.succeeded","data":{data}}}"#);
            let error = parse(&body).data().unwrap_err();
            assert_eq!((error.code(), error.param()), ("malformed_json", Some("data")), "{data}");
        }
    }

    #[test]
    fn only_payment_succeeded_fulfils() {
        for name in EventType::KNOWN {
            let event = parse(&format!(r#"{{"id":"evt_1","type":"{name}"}}"#));
            assert!(event.event_type().is_known());
            assert_eq!(event.fulfils(), *name == "payment.succeeded");
        }
        assert!(!parse(r#"{"id":"evt_1","type":"Payment.Succeeded"}"#).fulfils());
    }

    #[test]
    fn absent_and_null_fields_have_defaults() {
        for body in [
            r#"{"id":"evt_1","type":"x"}"#,
            r#"{"id":"evt_1","type":"x","created":null,"data":null,"livemode":null,"api_version":null}"#,
        ] {
            let event = parse(body);
            assert_eq!((event.created(), event.livemode(), event.api_version()), (0, false, ""));
            assert_eq!(event.data_json(), "null");
        }
    }

    #[test]
    fn created_reaches_the_limits_of_i64() {
        for created in [i64::MIN, i64::MAX] {
            let event = parse(&format!(r#"{{"id":"evt_1","type":"x","created":{created}}}"#));
            assert_eq!(event.created(), created);
        }
    }

    #[test]
    fn data_may_nest_deeply_until_it_is_read() {
        let data = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let event = parse(&format!(r#"{{"id":"evt_1","type":"x","data":{data}}}"#));
        assert_eq!(event.data().unwrap_err().code(), "malformed_json");
    }

    #[test]
    fn message_has_the_place_and_no_value() {
        let text =
            refused(br#"{"id":"evt_1","type":"x","created":"jane@example.com, expected x"}"#);
        assert!(text.contains("expected i64 at line 1 column"), "{text}");
        assert!(!text.contains("jane"), "{text}");
        assert!(refused(b"{\"id\":\"\xff\"}").contains("not utf-8 at byte 7"));
    }

    #[test]
    fn equal_events_are_equal_in_every_field() {
        let event = parse(PAID);
        assert_eq!(event, event.clone());
        for (from, to) in [
            ("evt_1", "evt_2"),
            ("succeeded", "failed"),
            ("1769900000", "0"),
            ("1999", "1998"),
            ("true", "false"),
            ("\"v1\"", "\"v2\""),
        ] {
            assert_ne!(event, parse(&PAID.replacen(from, to, 1)), "{from}");
        }
    }

    #[test]
    fn own_type_may_borrow_from_the_data() {
        #[derive(Deserialize)]
        struct Refund<'a> {
            reason: &'a str,
        }
        let event = parse(r#"{"id":"evt_1","type":"refund.succeeded","data":{"reason":"late"}}"#);
        assert_eq!(event.data_as::<Refund<'_>>().unwrap().reason, "late");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_parse_or_are_refused(body in proptest::collection::vec(0u8.., 0..200)) {
            drop(Event::parse(&body));
        }
    }
}
