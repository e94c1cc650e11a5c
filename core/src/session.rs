//! Checkout sessions: what a merchant asks for, what the platform answers, and how one lives.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{Error, ErrorKind, Result, code};
use crate::line_item::{LineItem, MerchantKind};
use crate::money::overflow;
use crate::open_enum::open_enum;
use crate::schema::{self, Field, Kind, Object, Origin, Strictness};
use crate::secret::Secret;
use crate::wire::{null_as_default, read_answer};

open_enum! {
    /// What a session is for.
    Mode {
        /// A one-off payment.
        Payment = "payment",
        /// A subscription; every line item references a recurring price.
        Subscription = "subscription",
        /// Saving a card; nothing is charged.
        Setup = "setup",
    }
}

open_enum! {
    /// How the buyer sees the cashier.
    Presentation {
        /// An overlay over the shop's page (the recommended one).
        Iframe = "iframe",
        /// A full-page redirect.
        Link = "link",
    }
}

open_enum! {
    /// Where a session is in its life.
    SessionStatus {
        /// The buyer can still act.
        Open = "open",
        /// Paid, or the card saved, or the subscription started.
        Complete = "complete",
        /// Its time ran out.
        Expired = "expired",
    }
}

open_enum! {
    /// Whether a session's money has come.
    PaymentStatus {
        /// Not yet.
        Unpaid = "unpaid",
        /// Yes.
        Paid = "paid",
        /// Nothing is charged: setup mode, or a trial.
        NoPaymentRequired = "no_payment_required",
    }
}

/// How long a session stays open: 24 hours. Ours; FastStar's pages say that it expires, not when.
pub const OPEN_FOR: SignedDuration = SignedDuration::from_hours(24);

/// Gives the time at which a session expires that is created now and not completed.
pub fn expires_at(created: Timestamp) -> Timestamp {
    created.checked_add(OPEN_FOR).unwrap_or(Timestamp::MAX)
}

/// Asks for a new checkout session.
///
/// ```
/// use faststar::{CreateSession, LineItem};
///
/// let request = CreateSession::payment([LineItem::price("price_1")])
///     .success_url("https://shop.example/thanks")
///     .cancel_url("https://shop.example/cart")
///     .buyer_country("US-CA")
///     .client_reference_id("order_10042");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateSession {
    /// What it is for.
    pub mode: Mode,
    /// How the buyer sees the cashier.
    pub presentation: Presentation,
    /// What it sells; may be empty in setup mode.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub line_items: Vec<LineItem>,
    /// The buyer's e-mail address, filled in beforehand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    /// Where the buyer lands after success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_url: Option<String>,
    /// Where the buyer lands after giving up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_url: Option<String>,
    /// The buyer's country, with its region where tax needs one: `DE`, `US-CA`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_country: Option<String>,
    /// The merchant's own order number, returned unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_reference_id: Option<String>,
    /// Fields that this version does not know, sent as they are.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CreateSession {
    /// What the platform takes.
    pub const SCHEMA: Object = Object {
        name: "CreateSession",
        doc: "A new checkout session.",
        fields: &[
            Field::required(
                "mode",
                Kind::OneOf(Mode::KNOWN),
                Origin::Documented,
                "What the session is for.",
            ),
            Field::required(
                "presentation",
                Kind::OneOf(Presentation::KNOWN),
                Origin::Documented,
                "How the buyer sees the cashier.",
            ),
            Field::optional(
                "line_items",
                Kind::List { of: &Kind::Object(&LineItem::SCHEMA), max: 100 },
                Origin::Documented,
                "What it sells; may be absent in setup mode only. The limit of 100 is the sandbox's.",
            ),
            Field::optional(
                "customer_email",
                Kind::Email,
                Origin::Documented,
                "The buyer's e-mail address, filled in beforehand.",
            ),
            Field::optional(
                "success_url",
                Kind::HttpUrl,
                Origin::Documented,
                "Where the buyer lands after success.",
            ),
            Field::optional(
                "cancel_url",
                Kind::HttpUrl,
                Origin::Documented,
                "Where the buyer lands after giving up.",
            ),
            Field::optional(
                "buyer_country",
                Kind::Place,
                Origin::Inferred,
                "The buyer's country, with its region where tax needs one: `DE`, `US-CA`. The ISO 3166-2 form of the region is ours.",
            ),
            Field::optional(
                "client_reference_id",
                Kind::Text { max: 200 },
                Origin::Documented,
                "The merchant's own order number, returned unchanged.",
            ),
        ],
    };

    /// Starts a request with a mode, a presentation and line items.
    pub fn new(
        mode: Mode,
        presentation: Presentation,
        line_items: impl IntoIterator<Item = LineItem>,
    ) -> Self {
        Self {
            mode,
            presentation,
            line_items: line_items.into_iter().collect(),
            customer_email: None,
            success_url: None,
            cancel_url: None,
            buyer_country: None,
            client_reference_id: None,
            extra: Map::new(),
        }
    }

    /// Starts a one-off payment in the overlay.
    pub fn payment(line_items: impl IntoIterator<Item = LineItem>) -> Self {
        Self::new(Mode::Payment, Presentation::Iframe, line_items)
    }

    /// Starts a subscription in the overlay.
    pub fn subscription(line_items: impl IntoIterator<Item = LineItem>) -> Self {
        Self::new(Mode::Subscription, Presentation::Iframe, line_items)
    }

    /// Starts the saving of a card in the overlay; nothing is charged.
    pub fn setup() -> Self {
        Self::new(Mode::Setup, Presentation::Iframe, [])
    }

    /// Sets how the buyer sees the cashier.
    #[must_use]
    pub fn presentation(mut self, presentation: Presentation) -> Self {
        self.presentation = presentation;
        self
    }

    /// Fills in the buyer's e-mail address beforehand.
    #[must_use]
    pub fn customer_email(mut self, email: impl Into<String>) -> Self {
        self.customer_email = Some(email.into());
        self
    }

    /// Sets where the buyer lands after success.
    #[must_use]
    pub fn success_url(mut self, url: impl Into<String>) -> Self {
        self.success_url = Some(url.into());
        self
    }

    /// Sets where the buyer lands after giving up.
    #[must_use]
    pub fn cancel_url(mut self, url: impl Into<String>) -> Self {
        self.cancel_url = Some(url.into());
        self
    }

    /// Sets the buyer's country, with its region where tax needs one: `DE`, `US-CA`.
    #[must_use]
    pub fn buyer_country(mut self, place: impl Into<String>) -> Self {
        self.buyer_country = Some(place.into());
        self
    }

    /// Sets the merchant's own order number, which comes back unchanged.
    #[must_use]
    pub fn client_reference_id(mut self, id: impl Into<String>) -> Self {
        self.client_reference_id = Some(id.into());
        self
    }

    /// Makes a request of untyped input, such as a language package has: types are checked, and
    /// nothing else.
    ///
    /// ```
    /// use faststar::CreateSession;
    /// use serde_json::json;
    ///
    /// let error = CreateSession::from_value(json!({
    ///     "mode": "payment", "presentation": "iframe",
    ///     "line_items": [{"price_id": "price_1", "quantity": true}],
    /// }))
    /// .unwrap_err();
    /// assert_eq!((error.code(), error.param()), ("invalid_type", Some("line_items[0].quantity")));
    /// ```
    ///
    /// # Errors
    ///
    /// `invalid_type`, `out_of_range` beyond 64 bits, or `missing_field`, each with its path.
    pub fn from_value(value: Value) -> Result<Self> {
        schema::from_value(&Self::SCHEMA, value, Strictness::Types)
    }

    /// Sets a field that this version does not know. One that it knows is refused before the request
    /// is sent.
    #[must_use]
    pub fn extra(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// Checks the request as a client can before it sends.
    ///
    /// It refuses only what FastStar's pages forbid or what cannot be meant. `merchant` is `None`
    /// where the client was not told who sells.
    ///
    /// # Errors
    ///
    /// `invalid_value` at `merchant` where it is no known kind, `line_items_required`,
    /// `recurring_price_required`, `amount_overflow`, `duplicate_key` where
    /// `extra` has a field of this type, and those of [`LineItem::validate`], with the path of the
    /// place.
    pub fn validate(&self, merchant: Option<&MerchantKind>) -> Result<()> {
        Self::SCHEMA.check_extra(&self.extra, "")?;
        if merchant.is_some_and(|kind| !kind.is_known()) {
            let known = MerchantKind::KNOWN.join(" or ");
            let message = format!("merchant must be {known}");
            return Err(Error::validation(code::INVALID_VALUE, "merchant", message));
        }
        if self.line_items.is_empty() && matches!(self.mode, Mode::Payment | Mode::Subscription) {
            return Err(Error::validation(
                code::LINE_ITEMS_REQUIRED,
                "line_items",
                format!("a session in {} mode must have at least one line item", self.mode),
            ));
        }
        let mut sum = 0_i64;
        for (index, item) in self.line_items.iter().enumerate() {
            let path = format!("line_items[{index}]");
            if self.mode == Mode::Subscription && item.price_id.is_none() {
                return Err(Error::validation(
                    code::RECURRING_PRICE_REQUIRED,
                    format!("{path}.price_id"),
                    "in subscription mode every line item must name a recurring price in price_id",
                ));
            }
            item.validate(merchant, &path)?;
            let amount = item.ad_hoc_amount.unwrap_or(0).checked_mul(item.quantity);
            sum = match amount.and_then(|amount| sum.checked_add(amount)) {
                Some(sum) => sum,
                None => return Err(overflow(path)),
            };
        }
        Ok(())
    }
}

/// A checkout session as the platform tells it.
///
/// Amounts are in the currency's smallest unit. The fields from `payment_status` on are answered by
/// the sandbox and not documented for the live platform, so they are optional.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Session {
    /// The id, `cs_…`.
    pub id: String,
    /// Where it is in its life.
    pub status: SessionStatus,
    /// The sum of the lines.
    #[serde(default, deserialize_with = "null_as_default")]
    pub amount_subtotal: i64,
    /// The tax: inside the subtotal in tax-inclusive regions, on top of it elsewhere.
    #[serde(default, deserialize_with = "null_as_default")]
    pub amount_tax: i64,
    /// What the buyer pays.
    #[serde(default, deserialize_with = "null_as_default")]
    pub amount_total: i64,
    /// The currency, ISO 4217.
    #[serde(default, deserialize_with = "null_as_default")]
    pub currency: String,
    /// Opens the cashier for the buyer; a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Secret>,
    /// When it expires unless it is completed.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "time_or_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether the money has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_status: Option<PaymentStatus>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,
    /// How the buyer sees the cashier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presentation: Option<Presentation>,
    /// What it sells.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub line_items: Vec<LineItem>,
    /// The buyer's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_email: Option<String>,
    /// Where the buyer lands after success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_url: Option<String>,
    /// Where the buyer lands after giving up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_url: Option<String>,
    /// The buyer's country, with its region where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_country: Option<String>,
    /// False where the sandbox has no tax rate for `buyer_country`, so that the tax is 0 for want of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_known: Option<bool>,
    /// The merchant's own order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_reference_id: Option<String>,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Session {
    /// Reads a session that the API answered and a server passed on, as to its app: by itself, or in
    /// the envelope of the answer.
    ///
    /// # Errors
    ///
    /// `invalid_type`, `missing_field`, `duplicate_key` or `malformed_json` where it is something else,
    /// with the path of the place. The message quotes no value. `request_failed` where the API told of
    /// a failure, with what it said.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        read_answer("a session", json)
    }
}

/// The answer to a session's creation: the session, and where the buyer pays.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreatedSession {
    /// The session.
    pub session: Session,
    /// The hosted cashier page. Hand it to the buyer's browser; it holds the session token, so keep
    /// it out of logs.
    pub url: String,
    /// The token in `url`.
    #[serde(default)]
    pub session_token: Secret,
    /// Fields that this version does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl CreatedSession {
    /// Reads what [`Session::from_json`] does, with the `url` that a session is created with.
    ///
    /// # Errors
    ///
    /// `invalid_type`, `missing_field`, `duplicate_key` or `malformed_json` where it is something else,
    /// with the path of the place. The message quotes no value. `request_failed` where the API told of
    /// a failure, with what it said.
    pub fn from_json(json: &[u8]) -> Result<Self> {
        read_answer("a created session", json)
    }
}

impl fmt::Debug for CreatedSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("CreatedSession")
            .field("session", &self.session)
            .field("url", &format_args!("{url}?[redacted]"))
            .finish_non_exhaustive()
    }
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The buyer paid, saved a card or started the subscription.
    Complete,
    /// The session's time ran out.
    Expire,
}

impl SessionStatus {
    /// Tells whether nothing will happen to the session any more. A status that is not known may go
    /// on.
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Complete | Self::Expired)
    }

    /// Gives the status at a time: an open session has expired from `expires_at` on.
    ///
    /// Nothing needs to run when a session's time is over; whoever reads it asks here.
    #[must_use]
    pub fn at(&self, now: Timestamp, expires_at: Timestamp) -> Self {
        match self.after(Transition::Expire) {
            Ok(expired) if now >= expires_at => expired,
            _ => self.clone(),
        }
    }

    /// Gives the status after a transition.
    ///
    /// Only an open session moves; nothing leaves `complete` or `expired`. (The life of a session is
    /// ours: FastStar's pages name the status `open` alone.)
    ///
    /// ```
    /// use faststar::{SessionStatus, Transition};
    ///
    /// let paid = SessionStatus::Open.after(Transition::Complete)?;
    /// assert_eq!(paid.after(Transition::Expire).unwrap_err().code(), "session_already_completed");
    /// # Ok::<(), faststar::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `session_already_completed` or `session_expired`, of kind [`ErrorKind::Conflict`].
    pub fn after(&self, transition: Transition) -> Result<Self> {
        let conflict =
            |code: &'static str, message: &str| Err(Error::new(ErrorKind::Conflict, code, message));
        match (self, transition) {
            (Self::Open, Transition::Complete) => Ok(Self::Complete),
            (Self::Open, Transition::Expire) => Ok(Self::Expired),
            (Self::Expired, _) => {
                conflict(code::SESSION_EXPIRED, "the session has expired; create a new one")
            }
            (_, _) => conflict(
                code::SESSION_ALREADY_COMPLETED,
                "the session is complete already; nothing was done",
            ),
        }
    }
}

/// Reads a time, and anything else as none: an answer must not be lost over its expiry's form.
fn time_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = Option::<Value>::deserialize(deserializer)?;
    Ok(text.as_ref().and_then(Value::as_str).and_then(|text| text.parse().ok()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_leaves_complete_or_expired() {
        use Transition::{Complete, Expire};
        for transition in [Complete, Expire] {
            let complete = SessionStatus::Complete.after(transition).unwrap_err();
            assert_eq!(complete.code(), code::SESSION_ALREADY_COMPLETED);
            let expired = SessionStatus::Expired.after(transition).unwrap_err();
            assert_eq!(expired.code(), code::SESSION_EXPIRED);
        }
    }

    #[test]
    fn only_complete_and_expired_are_the_end() {
        assert!(SessionStatus::Complete.has_ended() && SessionStatus::Expired.has_ended());
        assert!(!SessionStatus::Open.has_ended() && !SessionStatus::from("paused").has_ended());
    }

    #[test]
    fn an_answer_is_read_by_itself_and_in_its_envelope() {
        let session = json!({"id": "cs_1", "status": "open", "amount_total": null});
        let created = json!({"session": session, "url": "https://cashier.faststarpay.com/"});
        for wire in [created.clone(), json!({"success": true, "message": "ok", "data": created})] {
            let created = CreatedSession::from_json(wire.to_string().as_bytes()).unwrap();
            assert_eq!((created.session.id.as_str(), created.session.amount_total), ("cs_1", 0));
        }
        assert_eq!(Session::from_json(session.to_string().as_bytes()).unwrap().id, "cs_1");
    }

    #[test]
    fn what_is_no_answer_is_refused_at_its_place_without_its_values() {
        let item = |fields| {
            let start = r#"{"id": "cs_1", "line_items": [{"price_id": "\u0041:\""}, "#;
            format!(
                r#"{{"success": true, "data": {{"url": "u", "session": {start}{{{fields}}}]}}}}}}"#
            )
        };
        let cases = [
            (
                r#"{"session": {"id": "cs_1", "status": {"CANARY": 1}}, "url": "u"}"#.to_owned(),
                "invalid_type",
                "session.status",
            ),
            (
                r#"{"session": {"id": "cs_1", "amount_tax": "CANARY"}, "url": "u"}"#.to_owned(),
                "invalid_type",
                "session.amount_tax",
            ),
            (
                r#"{"session": {"id": "cs_1", "amount_tax": 1.5}, "url": "u"}"#.to_owned(),
                "invalid_type",
                "session.amount_tax",
            ),
            (
                "{\n \"url\": \"ü\",\n \"session\":\n{\"id\": [\"CANARY\"]}}".to_owned(),
                "invalid_type",
                "session.id",
            ),
            (
                r#"{"session": {"amount_tax": "x, expected CANARY at line 1"}, "url": "u"}"#
                    .to_owned(),
                "invalid_type",
                "session.amount_tax",
            ),
            (
                r#"{"session": {"line_items":[["CANARY"]]}}"#.to_owned(),
                "invalid_type",
                "session.line_items[0]",
            ),
            (
                r#"{"session": {"line_items":[{"price_id":{"CANARY":1}}]}}"#.to_owned(),
                "invalid_type",
                "session.line_items[0].price_id",
            ),
            (r#"{"session": "CANARY", "url": "u"}"#.to_owned(), "invalid_type", "session"),
            (
                r#"{"session": {"id": "cs_1"}, "url": "u"}"#.to_owned(),
                "missing_field",
                "session.status",
            ),
            (r#"{"session": {"id": "cs_1", "status": "open"}}"#.to_owned(), "missing_field", "url"),
            (r#"{"url": "u", "url": "CANARY"}"#.to_owned(), "duplicate_key", "url"),
            (item(r#""quantity": "CANARY""#), "invalid_type", "session.line_items[1].quantity"),
            (
                item(r#""quantity": [{"a": "CANARY"}]"#),
                "invalid_type",
                "session.line_items[1].quantity",
            ),
            (item(r#""description": 5"#), "invalid_type", "session.line_items[1].description"),
            (r#"["CANARY", "CANARY"]"#.to_owned(), "invalid_type", ""),
            (r#""CANARY""#.to_owned(), "invalid_type", ""),
            ("CANARY".to_owned(), "malformed_json", ""),
            (String::new(), "malformed_json", ""),
        ];
        for (wrong, code, path) in cases {
            let error = CreatedSession::from_json(wrong.as_bytes()).unwrap_err();
            let got = (error.code(), error.param().unwrap_or_default());
            assert_eq!(got, (code, path), "{wrong} {error}");
            assert!(!format!("{error} {error:?}").contains("CANARY"), "{error:?}");
        }
        let failure = br#"{"success": false, "message": "no such session", "data": null}"#;
        let error = Session::from_json(failure).unwrap_err();
        assert_eq!(error.code(), "request_failed");
        assert!(error.message().ends_with("no such session"), "{error}");
    }

    #[test]
    fn what_is_not_known_is_kept() {
        let wire = json!({
            "id": "cs_1", "status": "paused", "amount_subtotal": 1, "amount_tax": 0,
            "amount_total": 1, "currency": "USD", "expires_at": "soon", "colour": "blue",
        });
        let session: Session = serde_json::from_value(wire).unwrap();
        assert_eq!(session.status.as_str(), "paused");
        assert_eq!(session.extra["colour"], "blue");
        assert_eq!(session.expires_at, None);
    }

    #[test]
    fn no_token_is_printed() {
        let wire = json!({
            "session": {"id": "cs_1", "status": "open", "session_token": "CANARY"},
            "url": "https://cashier.faststarpay.com/checkout/cs_1?token=CANARY",
            "session_token": "CANARY",
        });
        let created: CreatedSession = serde_json::from_value(wire).unwrap();
        assert!(!format!("{created:?}").contains("CANARY"));
    }

    #[test]
    fn an_answer_is_written_back_with_what_is_not_known() {
        let wire = json!({
            "session": {
                "id": "cs_1", "status": "paused", "amount_subtotal": 1, "amount_tax": 0,
                "amount_total": 1, "currency": "USD", "expires_at": "2026-11-23T12:00:00Z",
                "colour": "blue",
                "line_items": [{"price_id": "price_1", "quantity": 1, "size": "XL"}],
            },
            "url": "https://cashier.faststarpay.com/checkout/cs_1?token=t",
            "session_token": "t", "hint": {"a": [1, null]},
        });
        let created: CreatedSession = serde_json::from_value(wire.clone()).unwrap();
        assert_eq!(serde_json::to_value(created).unwrap(), wire);
    }

    #[test]
    fn a_field_that_is_known_is_refused_among_the_extra_ones() {
        let request = CreateSession::payment([LineItem::price("price_1")]);
        let twice = request.clone().extra("mode", "setup").validate(None).unwrap_err();
        assert_eq!((twice.code(), twice.param()), ("duplicate_key", Some("mode")));
        let mut item = LineItem::price("price_1");
        item.extra.insert("quantity".into(), 2.into());
        let twice = CreateSession::payment([item]).validate(None).unwrap_err();
        assert_eq!(twice.param(), Some("line_items[0].quantity"));
        request.extra("new", 1).validate(None).unwrap();
    }

    #[test]
    fn ad_hoc_amounts_that_leave_64_bits_are_refused() {
        let twice = LineItem::ad_hoc(i64::MAX, "USD").quantity(2);
        let error = CreateSession::payment([twice]).validate(None).unwrap_err();
        assert_eq!((error.code(), error.param()), ("amount_overflow", Some("line_items[0]")));
        let pair = [LineItem::ad_hoc(i64::MAX, "USD"), LineItem::ad_hoc(1, "USD")];
        let error = CreateSession::payment(pair).validate(None).unwrap_err();
        assert_eq!(error.param(), Some("line_items[1]"));
    }
}
