//! What the cashier's page is answered, as the API's description tells it.

use faststar::schema::{Field, Kind, Object, Origin::SandboxOnly};
use faststar::{Behaviour, Rounding};

use super::openapi::SESSION;

/// A session with the quote behind its amounts.
pub(super) const CASHIER_SESSION: Object = Object {
    name: "CashierSession",
    doc: "A session as its buyer sees it.",
    fields: &[
        Field::required("session", Kind::Object(&SESSION), SandboxOnly, "The session."),
        Field::required("quote", Kind::Object(&QUOTE), SandboxOnly, "What its amounts come from."),
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
            "Whether the prices contain the tax; null while no place is known or nothing is charged.",
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
            Kind::Integer { min: 1, max: 1_000_000 },
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
            Kind::Integer { min: 0, max: 1_000_000 },
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
            Kind::Integer { min: 0, max: 1_000_000 },
            SandboxOnly,
            "The rate in parts per million.",
        ),
        Field::required("amount", Kind::Amount { min: 0 }, SandboxOnly, "The sum of its lines."),
        Field::required("tax", Kind::Amount { min: 0 }, SandboxOnly, "Their tax."),
    ],
};
