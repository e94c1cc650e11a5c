//! What a subscription's start comes to: what is charged at once, and when the next charge is due.
//!
//! FastStar's pages name a price's trial and interval and no more; the rules here are ours.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::Serialize;

use crate::catalog::{Catalog, Interval, Price};
use crate::error::{Error, Result, code};
use crate::line_item::LineItem;
use crate::open_enum::open_enum;
use crate::quote::{Quote, QuoteOptions, quote, quote_some};
use crate::session::{CreateSession, Mode};

open_enum! {
    /// Where a subscription is in its life.
    SubscriptionStatus {
        /// Nothing has been charged yet: every item is in its trial.
        Trialing = "trialing",
        /// Something has been charged.
        Active = "active",
    }
}

/// What a subscription's start comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SubscriptionStart {
    /// `trialing` where every item has a trial, or else `active`.
    pub status: SubscriptionStatus,
    /// What is charged at once: a period of the items without a trial.
    pub invoice: Quote,
    /// When the last of the trials ends; `None` where no item has one.
    pub trial_end: Option<Timestamp>,
    /// When something is charged next: the first of the trials and of the periods to end. `None`
    /// where no price names an interval that this version knows.
    pub next_charge_at: Option<Timestamp>,
}

impl SubscriptionStart {
    /// Computes the start of the subscription that a session sells, at the time `now`.
    ///
    /// An item whose price has a trial is charged for the first time when its trial ends; the others
    /// are charged at once. A month later than the 31st is the next month's last day.
    ///
    /// ```
    /// use faststar::{
    ///     Catalog, CreateSession, LineItem, QuoteOptions, SubscriptionStart, SubscriptionStatus,
    /// };
    /// use serde_json::json;
    ///
    /// let price = |id: &str, days: i64| {
    ///     serde_json::from_value(json!({
    ///         "id": id, "product_id": "prod_1", "currency": "EUR", "unit_amount": 500,
    ///         "type": "recurring", "recurring_interval": "month", "trial_period_days": days,
    ///     }))
    ///     .unwrap()
    /// };
    /// let mut catalog = Catalog::new();
    /// catalog.add_price(price("price_now", 0));
    /// catalog.add_price(price("price_later", 14));
    /// let request =
    ///     CreateSession::subscription([LineItem::price("price_now"), LineItem::price("price_later")]);
    ///
    /// let options = QuoteOptions::on("2026-11-22".parse().unwrap());
    /// let now = "2026-11-22T12:00:00Z".parse().unwrap();
    /// let start = SubscriptionStart::compute(&request, &catalog, &options, now)?;
    /// assert_eq!(start.status, SubscriptionStatus::Active);
    /// assert_eq!(start.invoice.total, 500);
    /// assert_eq!(start.next_charge_at, Some("2026-12-06T12:00:00Z".parse().unwrap()));
    /// # Ok::<(), faststar::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `invalid_value` at `mode` for a session of another mode, `out_of_range` for a trial or a
    /// period that ends beyond the year 9999, and those of [`quote()`].
    pub fn compute(
        request: &CreateSession,
        catalog: &Catalog,
        options: &QuoteOptions,
        now: Timestamp,
    ) -> Result<Self> {
        if request.mode != Mode::Subscription {
            let message = "only a session in subscription mode starts a subscription";
            return Err(Error::validation(code::INVALID_VALUE, "mode", message));
        }
        // All items first, so that a mistake of one in its trial is found too.
        let period = quote(request, catalog, options)?;
        let price_of = |item: &LineItem| item.price_id.as_deref().and_then(|id| catalog.price(id));
        let trial_of = |item: &LineItem| price_of(item).map_or(0, trial_days);
        let mut invoice = quote_some(request, catalog, options, |item| trial_of(item) == 0)?;
        invoice.currency = period.currency;

        let (mut trial_end, mut next_charge_at) = (None, None);
        for (index, item) in request.line_items.iter().enumerate() {
            let beyond = |_| {
                let path = format!("line_items[{index}].price_id");
                let message = "the price's trial or period ends beyond the year 9999";
                Error::validation(code::OUT_OF_RANGE, path, message)
            };
            let days = trial_of(item);
            let due = if days > 0 {
                let end = SignedDuration::from_secs(days.saturating_mul(86_400));
                let end = now.checked_add(end).map_err(beyond)?;
                trial_end = trial_end.max(Some(end));
                Some(end)
            } else {
                price_of(item)
                    .and_then(|price| period_end(price, now))
                    .transpose()
                    .map_err(beyond)?
            };
            next_charge_at = next_charge_at.into_iter().chain(due).min();
        }
        let status = match invoice.lines.is_empty() {
            true => SubscriptionStatus::Trialing,
            false => SubscriptionStatus::Active,
        };
        Ok(Self { status, invoice, trial_end, next_charge_at })
    }
}

/// Gives the days of a price's trial, 0 where it has none.
fn trial_days(price: &Price) -> i64 {
    price.trial_period_days.unwrap_or(0).max(0)
}

/// Gives the end of a period that starts now, where the interval is known.
fn period_end(price: &Price, now: Timestamp) -> Option<Result<Timestamp, jiff::Error>> {
    let count = price.recurring_interval_count.unwrap_or(1);
    let span = match price.recurring_interval.as_ref()? {
        Interval::Day => Span::new().try_days(count),
        Interval::Week => Span::new().try_weeks(count),
        Interval::Month => Span::new().try_months(count),
        Interval::Year => Span::new().try_years(count),
        Interval::Other(_) => return None,
    };
    let end = span.and_then(|span| now.to_zoned(TimeZone::UTC).checked_add(span));
    Some(end.map(|end| end.timestamp()))
}
