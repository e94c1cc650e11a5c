//! Judges whether a payment settles an order.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{Error, Result, code};
use crate::event::{Event, PaymentData};
use crate::money::Money;
use crate::schema::{self, Field, Kind, Object, Origin, Strictness};
use crate::session::Session;

/// Says what a payment is to an order.
///
/// Fulfil on [`Paid`](Self::Paid) alone. The others never change by waiting: set the order aside for
/// a person, and let the webhook answer 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PaymentVerdict {
    /// The payment settles the order: fulfil.
    Paid,
    /// Less was paid than the order comes to.
    Underpaid,
    /// More was paid than the order comes to.
    Overpaid,
    /// The payment is in another currency than the order.
    OtherCurrency,
    /// There is no such order.
    UnknownOrder,
    /// The amount differs from the order's; only the session tells whether tax came on top. From a
    /// client's `check_payment`: the payment names no session.
    SessionNeeded,
}

impl PaymentVerdict {
    /// The names that languages use.
    pub const KNOWN: &'static [&'static str] =
        &["paid", "underpaid", "overpaid", "other_currency", "unknown_order", "session_needed"];

    /// Gives the name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paid => "paid",
            Self::Underpaid => "underpaid",
            Self::Overpaid => "overpaid",
            Self::OtherCurrency => "other_currency",
            Self::UnknownOrder => "unknown_order",
            Self::SessionNeeded => "session_needed",
        }
    }
}

impl fmt::Display for PaymentVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Holds what [`check_payment`] found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PaymentCheck {
    /// What the payment is to the order.
    pub verdict: PaymentVerdict,
    /// Whether to fulfil: true for `paid` alone.
    pub is_paid: bool,
    /// What should have been paid: the session's total where the session sold this order, else the
    /// order's amount. `None` where there is no order.
    pub expected: Option<Money>,
    /// What was paid.
    pub paid: Money,
    /// The session that was paid, where the payment names one.
    pub session_id: Option<String>,
    /// The finding in a sentence, for a log or for the person who looks into the order.
    pub message: String,
}

/// Judges whether a `payment.succeeded` settles an order.
///
/// `order` is the order's subtotal: its prices, before tax that comes on top. `None` means that the
/// payment names no order of yours. An equal amount is `paid`. Where another amount was paid,
/// `session`, read anew from the API, decides: it must have sold the order's subtotal, and its total
/// must have been paid. Without it the verdict is `session_needed`.
///
/// ```
/// use faststar::{Event, Money, PaymentVerdict, check_payment};
///
/// let event = Event::parse(br#"{"id": "evt_1", "type": "payment.succeeded", "data":
///     {"payment_id": "pi_1", "amount": 999, "currency": "USD", "status": "succeeded"}}"#)?;
/// let check = check_payment(&event, Some(&"9.99 USD".parse()?), None)?;
/// assert!(check.is_paid);
/// let check = check_payment(&event, None, None)?;
/// assert_eq!(check.verdict, PaymentVerdict::UnknownOrder);
/// # Ok::<(), faststar::Error>(())
/// ```
///
/// # Errors
///
/// `invalid_value` at `event` where it is no `payment.succeeded`, at `data.currency` where the payment's
/// currency is none, at `session.id` where another session was paid, and at `session.client_reference_id`
/// where the payment names no session and another order; `malformed_json` at `data`
/// where the event carries no payment.
pub fn check_payment(
    event: &Event,
    order: Option<&Money>,
    session: Option<&Session>,
) -> Result<PaymentCheck> {
    if !event.fulfils() {
        let message = format!(
            "{} does not say that an order was paid; check payment.succeeded events only",
            event.event_type()
        );
        return Err(Error::validation(code::INVALID_VALUE, "event", message));
    }
    let payment = event.payment()?;
    let currency = payment.currency.parse();
    let currency = currency.map_err(|error: Error| error.with_param("data.currency"))?;
    let paid = Money::new(payment.amount, currency);
    let session = session.map(|session| of_payment(session, &payment)).transpose()?;
    let (verdict, expected, message) = judge(paid, order, session, &payment);
    Ok(PaymentCheck {
        verdict,
        is_paid: verdict == PaymentVerdict::Paid,
        expected,
        paid,
        session_id: payment.checkout_session_id,
        message,
    })
}

/// What [`order_from_value`] takes.
const ORDER: Object = Object {
    name: "Order",
    doc: "What an order comes to, before tax on top.",
    fields: &[
        Field::required(
            "amount",
            Kind::Amount { min: i64::MIN },
            Origin::SandboxOnly,
            "The order's subtotal in the smallest unit.",
        ),
        Field::required("currency", Kind::Currency, Origin::SandboxOnly, "The order's currency."),
    ],
};

/// Makes an order's amount of untyped input, such as a language package has.
///
/// # Errors
///
/// `invalid_type`, `out_of_range`, `missing_field` or `invalid_value`, at `amount` or `currency`.
pub fn order_from_value(value: Value) -> Result<Money> {
    #[derive(Deserialize)]
    #[serde(expecting = "an object")]
    struct Wire {
        amount: i64,
        currency: String,
    }
    let order: Wire = schema::from_value(&ORDER, value, Strictness::Types)?;
    Ok(Money::new(order.amount, order.currency.parse()?))
}

/// Refuses a session that the payment is not of.
fn of_payment<'a>(session: &'a Session, payment: &PaymentData) -> Result<&'a Session> {
    match payment.checkout_session_id.as_deref() {
        Some(id) if id != session.id => {
            let message = format!(
                "the session is {} but the payment is for {id}; retrieve {id} and pass that",
                session.id
            );
            Err(Error::validation(code::INVALID_VALUE, "session.id", message))
        }
        Some(_) => Ok(session),
        None => match (&payment.client_reference_id, &session.client_reference_id) {
            (Some(paid), Some(sold)) if paid != sold => {
                let message = format!(
                    "the session is of order {sold:?} but the payment is for {paid:?}; \
                     pass a session of {paid:?}"
                );
                Err(Error::validation(code::INVALID_VALUE, "session.client_reference_id", message))
            }
            _ => Ok(session),
        },
    }
}

fn judge(
    paid: Money,
    order: Option<&Money>,
    session: Option<&Session>,
    payment: &PaymentData,
) -> (PaymentVerdict, Option<Money>, String) {
    use PaymentVerdict::{OtherCurrency, Overpaid, Paid, SessionNeeded, Underpaid, UnknownOrder};

    let Some(&order) = order else {
        let number = payment.client_reference_id.as_deref();
        let number = number.map(|number| format!(" (client_reference_id {number:?})"));
        let number = number.unwrap_or_default();
        return (UnknownOrder, None, format!("{paid} was paid for an unknown order{number}"));
    };
    if paid.currency != order.currency {
        let message = format!("the order is in {} and {paid} was paid", order.currency);
        return (OtherCurrency, Some(order), message);
    }
    if paid.amount == order.amount {
        return (Paid, Some(order), format!("{paid} was paid, the amount of the order"));
    }
    let Some(session) = session else {
        let message = match payment.checkout_session_id.as_deref() {
            Some(id) => format!(
                "the order is {order} and {paid} was paid; session {id} tells whether tax came on top"
            ),
            None => format!(
                "the order is {order} and {paid} was paid, and the payment names no session that \
                 would tell whether tax came on top"
            ),
        };
        return (SessionNeeded, Some(order), message);
    };
    let id = &session.id;
    // A session that tells of no currency has its payment's.
    if !session.currency.is_empty() && !session.currency.eq_ignore_ascii_case(order.currency.code())
    {
        let message =
            format!("the order is in {} and session {id} in {}", order.currency, session.currency);
        return (OtherCurrency, Some(order), message);
    }
    let sold = Money::new(session.amount_subtotal, order.currency);
    let total = Money::new(session.amount_total, order.currency);
    let (more, less) = (sold.amount > order.amount, sold.amount < order.amount);
    if more || less {
        let message = format!("the order is {order}, session {id} sold {sold} and {paid} was paid");
        // What falls short of either is the graver finding.
        let verdict = if less || paid.amount < total.amount { Underpaid } else { Overpaid };
        return (verdict, Some(order), message);
    }
    let (verdict, message) = match paid.amount.cmp(&total.amount) {
        std::cmp::Ordering::Equal => (
            Paid,
            format!("{paid} was paid, the total of session {id}, which sold the order's {order}"),
        ),
        std::cmp::Ordering::Less => {
            (Underpaid, format!("session {id} comes to {total} and {paid} was paid"))
        }
        std::cmp::Ordering::Greater => {
            (Overpaid, format!("session {id} comes to {total} and {paid} was paid"))
        }
    };
    (verdict, Some(total), message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn event(amount: i64, currency: &str) -> Event {
        let body = json!({"id": "evt_1", "type": "payment.succeeded", "data": {
            "payment_id": "pi_1", "amount": amount, "currency": currency, "status": "succeeded",
            "checkout_session_id": "cs_1",
        }});
        Event::parse(body.to_string().as_bytes()).unwrap()
    }

    fn session(subtotal: i64, total: i64) -> Session {
        let session = json!({"id": "cs_1", "status": "complete", "currency": "USD",
            "amount_subtotal": subtotal, "amount_total": total});
        serde_json::from_value(session).unwrap()
    }

    #[test]
    fn names_are_those_on_the_wire() {
        for name in PaymentVerdict::KNOWN {
            let verdict: PaymentVerdict = serde_json::from_value(json!(name)).unwrap();
            assert_eq!((verdict.as_str(), verdict.to_string().as_str()), (*name, *name));
        }
    }

    proptest! {
        #[test]
        fn with_a_session_the_verdict_is_final(paid: i64, order: i64, subtotal: i64, total: i64) {
            let order = Money::new(order, "USD".parse().unwrap());
            let (event, session) = (event(paid, "usd"), session(subtotal, total));
            let check = check_payment(&event, Some(&order), Some(&session)).unwrap();
            prop_assert_ne!(check.verdict, PaymentVerdict::SessionNeeded);
            let settles = paid == order.amount || (subtotal == order.amount && total == paid);
            prop_assert_eq!(check.is_paid, settles);
        }
    }
}
