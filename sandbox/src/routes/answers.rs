//! What is answered of sessions, to the merchant and to the cashier's page, as the API's description
//! tells it.

use faststar::line_item::MAX_QUANTITY;
use faststar::schema::{Field, Kind, Object, Origin};
use faststar::tax::Rate;
use faststar::{
    Behaviour, LineItem, Mode, PaymentStatus, Presentation, Price, Rounding, SessionStatus,
    SubscriptionStatus,
};

use Origin::{Documented, SandboxOnly};

/// A session.
pub(super) const SESSION: Object = Object {
    name: "Session",
    doc: "A checkout session.",
    fields: &[
        Field::required("id", Kind::Text { max: 100 }, Documented, "The id, `cs_…`."),
        Field::required(
            "status",
            Kind::OneOf(SessionStatus::KNOWN),
            Origin::Inferred,
            "Where it is in its life. `open` is documented; `complete` and `expired` are the sandbox's.",
        ),
        Field::required(
            "amount_subtotal",
            Kind::Amount { min: 0 },
            Documented,
            "The sum of the lines.",
        ),
        Field::required(
            "amount_tax",
            Kind::Amount { min: 0 },
            Documented,
            "The tax, inside the subtotal or on top of it. The rates are the sandbox's; FastStar computes the binding tax.",
        ),
        Field::required(
            "amount_total",
            Kind::Amount { min: 0 },
            Documented,
            "What the buyer pays.",
        ),
        Field::required("currency", Kind::Currency, Documented, "The currency."),
        Field::required(
            "session_token",
            Kind::Text { max: 100 },
            Documented,
            "Opens the cashier; a secret.",
        ),
        Field::required(
            "expires_at",
            Kind::Timestamp,
            Documented,
            "When it expires; 24 hours after its creation in the sandbox.",
        ),
        Field::required(
            "payment_status",
            Kind::OneOf(PaymentStatus::KNOWN),
            SandboxOnly,
            "Whether the money has come.",
        ),
        Field::required("mode", Kind::OneOf(Mode::KNOWN), SandboxOnly, "As requested."),
        Field::required(
            "presentation",
            Kind::OneOf(Presentation::KNOWN),
            SandboxOnly,
            "As requested.",
        ),
        Field::optional(
            "line_items",
            Kind::List { of: &Kind::Object(&LineItem::SCHEMA), max: 100 },
            SandboxOnly,
            "As requested.",
        ),
        Field::optional(
            "customer_email",
            Kind::Email,
            SandboxOnly,
            "As requested, or as the buyer said.",
        ),
        Field::optional("success_url", Kind::HttpUrl, SandboxOnly, "As requested."),
        Field::optional("cancel_url", Kind::HttpUrl, SandboxOnly, "As requested."),
        Field::optional(
            "buyer_country",
            Kind::Place,
            SandboxOnly,
            "As requested, or as the buyer said.",
        ),
        Field::optional(
            "rate_known",
            Kind::Boolean,
            SandboxOnly,
            "False where the sandbox has no tax rate for `buyer_country`, so that the tax is 0 for want of one; absent while no country is named.",
        ),
        Field::optional(
            "client_reference_id",
            Kind::Text { max: 200 },
            Documented,
            "As requested. That it comes back is documented, the place is not.",
        ),
        Field::optional(
            "payment_method",
            Kind::Any,
            SandboxOnly,
            "The masked card that completed it: `id`, `brand`, `last4`.",
        ),
        Field::optional(
            "payment_intent_id",
            Kind::Text { max: 100 },
            SandboxOnly,
            "The payment, `pi_…`.",
        ),
        Field::optional(
            "setup_intent_id",
            Kind::Text { max: 100 },
            SandboxOnly,
            "The saving of the card, `seti_…`.",
        ),
        Field::optional(
            "subscription_id",
            Kind::Text { max: 100 },
            SandboxOnly,
            "The subscription, `sub_…`.",
        ),
        Field::optional(
            "trial_end",
            Kind::Timestamp,
            SandboxOnly,
            "When the subscription's trial ends.",
        ),
    ],
};

/// A session that was made.
pub(super) const CREATED_SESSION: Object = Object {
    name: "CreatedSession",
    doc: "A new session, and where the buyer pays.",
    fields: &[
        Field::required("session", Kind::Object(&SESSION), Documented, "The session."),
        Field::required(
            "url",
            Kind::HttpUrl,
            Documented,
            "The hosted cashier page; on the sandbox's own origin here.",
        ),
        Field::required(
            "session_token",
            Kind::Text { max: 100 },
            Documented,
            "The token in `url`.",
        ),
    ],
};

/// A session with the quote behind its amounts.
pub(super) const CASHIER_SESSION: Object = Object {
    name: "CashierSession",
    doc: "A session as its buyer sees it.",
    fields: &[
        Field::required("session", Kind::Object(&SESSION), SandboxOnly, "The session."),
        Field::required("quote", Kind::Object(&QUOTE), SandboxOnly, "What its amounts come from."),
        Field::required(
            "currency_decimals",
            Kind::Integer { min: 0, max: 4 },
            SandboxOnly,
            "How many digits of an amount are behind the point.",
        ),
        Field::optional(
            "start",
            Kind::Object(&START),
            SandboxOnly,
            "What a subscription charges at once, and when next.",
        ),
        Field::optional(
            "prices",
            Kind::List { of: &Kind::Object(&Price::SCHEMA), max: 100 },
            SandboxOnly,
            "A subscription's price of each line item.",
        ),
        Field::optional(
            "test_cards",
            Kind::List { of: &Kind::Object(&TEST_CARD), max: 100 },
            SandboxOnly,
            "The cards that can be paid with; when a session is shown.",
        ),
        Field::optional(
            "places",
            Kind::List { of: &Kind::Place, max: 1000 },
            SandboxOnly,
            "The countries, and the regions that have a tax rate of their own; when a session is shown.",
        ),
    ],
};

const TEST_CARD: Object = Object {
    name: "TestCard",
    doc: "A card that the sandbox knows.",
    fields: &[
        Field::required("number", Kind::Text { max: 30 }, SandboxOnly, "The number, digits only."),
        Field::required("brand", Kind::Text { max: 30 }, SandboxOnly, "The brand."),
        Field::required(
            "behaviour",
            Kind::OneOf(&["succeeds", "declined", "asks_for_authentication"]),
            SandboxOnly,
            "What happens when it is charged or saved.",
        ),
    ],
};

const START: Object = Object {
    name: "SubscriptionStart",
    doc: "What a subscription's start comes to.",
    fields: &[
        Field::required(
            "status",
            Kind::OneOf(SubscriptionStatus::KNOWN),
            SandboxOnly,
            "Whether anything is charged at once.",
        ),
        Field::required("invoice", Kind::Object(&QUOTE), SandboxOnly, "What is charged at once."),
        Field::optional(
            "trial_end",
            Kind::Timestamp,
            SandboxOnly,
            "When the last of the trials ends; null where no item has one.",
        ),
        Field::optional(
            "next_charge_at",
            Kind::Timestamp,
            SandboxOnly,
            "When something is charged next.",
        ),
    ],
};

const QUOTE: Object = Object {
    name: "Quote",
    doc: "What a session comes to, line by line. FastStar computes the binding tax.",
    fields: &[
        Field::required("currency", Kind::Currency, SandboxOnly, "The currency."),
        Field::required("subtotal", Kind::Amount { min: 0 }, SandboxOnly, "The sum of the lines."),
        Field::required(
            "tax",
            Kind::Amount { min: 0 },
            SandboxOnly,
            "The tax, inside the subtotal or on top of it.",
        ),
        Field::required("total", Kind::Amount { min: 0 }, SandboxOnly, "What the buyer pays."),
        Field::optional(
            "behaviour",
            Kind::OneOf(Behaviour::KNOWN),
            SandboxOnly,
            "Whether the prices contain the tax; null while no place is known, its rate is not, or nothing is charged.",
        ),
        Field::required(
            "rounding",
            Kind::OneOf(Rounding::KNOWN),
            SandboxOnly,
            "How the tax is rounded.",
        ),
        Field::required(
            "lines",
            Kind::List { of: &Kind::Object(&QUOTE_LINE), max: 100 },
            SandboxOnly,
            "Each line's figures, in the order of the request.",
        ),
        Field::required(
            "taxes",
            Kind::List { of: &Kind::Object(&RATE_TOTALS), max: 100 },
            SandboxOnly,
            "Each distinct rate's figures, the lowest rate first.",
        ),
        Field::required(
            "estimated",
            Kind::Boolean,
            SandboxOnly,
            "Whether a rate of the bundled table went into it.",
        ),
        Field::required(
            "rate_known",
            Kind::Boolean,
            SandboxOnly,
            "False where the bundled table has no rate for the place that was named: those lines' tax is 0 for want of one.",
        ),
        Field::optional(
            "rates_as_of",
            Kind::Date,
            SandboxOnly,
            "The date of the oldest figure that was taken from the table; null where none was, or where one has no date.",
        ),
    ],
};

const QUOTE_LINE: Object = Object {
    name: "QuoteLine",
    doc: "What a line comes to.",
    fields: &[
        Field::required("unit_amount", Kind::Amount { min: 0 }, SandboxOnly, "The price of one."),
        Field::required(
            "quantity",
            Kind::Integer { min: 1, max: MAX_QUANTITY },
            SandboxOnly,
            "How many.",
        ),
        Field::required(
            "amount",
            Kind::Amount { min: 0 },
            SandboxOnly,
            "Unit amount times quantity.",
        ),
        Field::optional(
            "tax",
            Kind::Amount { min: 0 },
            SandboxOnly,
            "The line's tax; null where the rounding is per rate.",
        ),
        Field::required(
            "rate_ppm",
            Kind::Integer { min: 0, max: Rate::MAX_PPM as i64 },
            SandboxOnly,
            "The tax rate in parts per million.",
        ),
        Field::optional(
            "tax_name",
            Kind::Text { max: 100 },
            SandboxOnly,
            "What the tax is called, where the rate is from the table.",
        ),
        Field::optional(
            "description",
            Kind::Text { max: 500 },
            SandboxOnly,
            "The text that the cashier shows: the line's own, or the product's name.",
        ),
    ],
};

const RATE_TOTALS: Object = Object {
    name: "RateTotals",
    doc: "What the lines of one tax rate come to.",
    fields: &[
        Field::required(
            "rate_ppm",
            Kind::Integer { min: 0, max: Rate::MAX_PPM as i64 },
            SandboxOnly,
            "The rate in parts per million.",
        ),
        Field::required("amount", Kind::Amount { min: 0 }, SandboxOnly, "The sum of its lines."),
        Field::required("tax", Kind::Amount { min: 0 }, SandboxOnly, "Their tax."),
    ],
};
