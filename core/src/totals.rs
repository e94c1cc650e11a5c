//! Totals: one fold from lines to subtotal, tax and total.
//!
//! Everything is an integer of the currency's smallest unit with 128-bit intermediates. The tax is
//! rounded, never the net, and the currency's decimals never enter the sum.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::line_item::MAX_QUANTITY;
use crate::money::overflow;
use crate::schema::check_range;
use crate::tax::{Behaviour, Rate, Rounding};

/// A line to sum up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// The price of one in the smallest unit, from 0 up.
    pub unit_amount: i64,
    /// How many, from 1 to 1,000,000.
    pub quantity: i64,
    /// The tax rate.
    pub rate: Rate,
}

/// What lines come to, in the smallest unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// The sum of the lines.
    pub subtotal: i64,
    /// The tax: inside the subtotal if inclusive, on top of it if exclusive.
    pub tax: i64,
    /// What the buyer pays.
    pub total: i64,
    /// Each line's figures, in the order of the lines.
    pub lines: Vec<LineTotals>,
    /// Each distinct rate's figures, the lowest rate first.
    pub rates: Vec<RateTotals>,
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LineTotals {
    /// Unit amount times quantity.
    pub amount: i64,
    /// The line's tax; `None` where the rounding is per rate, since no line then has a tax of its
    /// own.
    pub tax: Option<i64>,
}

/// What the lines of one rate come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RateTotals {
    /// The rate.
    #[serde(rename = "rate_ppm")]
    pub rate: Rate,
    /// The sum of its lines.
    pub amount: i64,
    /// Their tax.
    pub tax: i64,
}

/// Computes the totals of lines of one currency.
///
/// ```
/// use faststar::tax::{Behaviour, Rate, Rounding};
/// use faststar::totals::{Line, compute};
///
/// let line = Line { unit_amount: 999, quantity: 1, rate: Rate::from_ppm(80_000)? };
/// let totals = compute(&[line], Behaviour::Exclusive, Rounding::default())?;
/// assert_eq!((totals.subtotal, totals.tax, totals.total), (999, 80, 1079));
/// # Ok::<(), faststar::Error>(())
/// ```
///
/// # Errors
///
/// `out_of_range` for a quantity or an amount out of bounds, `amount_overflow` where a figure leaves
/// 64 bits; the parameter is the path, `lines[2].quantity`.
pub fn compute(lines: &[Line], behaviour: Behaviour, rounding: Rounding) -> Result<Totals> {
    compute_at("lines", lines, behaviour, rounding)
}

/// Computes totals, with the name that the caller's input has for the lines in the errors.
pub(crate) fn compute_at(
    name: &str,
    lines: &[Line],
    behaviour: Behaviour,
    rounding: Rounding,
) -> Result<Totals> {
    let mut figures = Vec::with_capacity(lines.len());
    // Few rates per cart: a sorted list beats a map, and gives the order of the answer.
    let mut rates: Vec<(Rate, i128, i128)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let path = || format!("{name}[{index}]");
        check_range(line.quantity, 1, MAX_QUANTITY, || path() + ".quantity")?;
        check_range(line.unit_amount, 0, i64::MAX, || path() + ".unit_amount")?;
        let exact = i128::from(line.unit_amount) * i128::from(line.quantity);
        let amount = i64::try_from(exact).map_err(|_| overflow(path()))?;
        let tax = line.rate.tax_of(exact, behaviour, rounding);
        let at = match rates.binary_search_by_key(&line.rate, |(rate, ..)| *rate) {
            Ok(at) => at,
            Err(at) => {
                rates.insert(at, (line.rate, 0, 0));
                at
            }
        };
        rates[at].1 += exact;
        rates[at].2 += tax;
        // A rate is at most 100 %, so a tax is at most its amount and fits wherever that does.
        let tax = rounding.is_per_line().then(|| i64::try_from(tax).unwrap_or(i64::MAX));
        figures.push(LineTotals { amount, tax });
    }
    if !rounding.is_per_line() {
        for (rate, amount, tax) in &mut rates {
            *tax = rate.tax_of(*amount, behaviour, rounding);
        }
    }
    let fits = |figure: i128| i64::try_from(figure).map_err(|_| overflow(name));
    let subtotal: i128 = rates.iter().map(|(_, amount, _)| amount).sum();
    let tax: i128 = rates.iter().map(|(_, _, tax)| tax).sum();
    let total = match behaviour {
        Behaviour::Inclusive => subtotal,
        Behaviour::Exclusive => subtotal + tax,
    };
    let rates = rates
        .into_iter()
        .map(|(rate, amount, tax)| Ok(RateTotals { rate, amount: fits(amount)?, tax: fits(tax)? }))
        .collect::<Result<_>>()?;
    Ok(Totals {
        subtotal: fits(subtotal)?,
        tax: fits(tax)?,
        total: fits(total)?,
        lines: figures,
        rates,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines() -> impl Strategy<Value = Vec<Line>> {
        let line = (0..=i64::MAX, 1..=MAX_QUANTITY, 0..=Rate::MAX_PPM, 0_u32..64).prop_map(
            |(amount, quantity, ppm, shift)| Line {
                unit_amount: amount >> shift.min(62),
                quantity: quantity >> (shift % 20).min(19),
                rate: Rate::from_ppm(ppm).unwrap(),
            },
        );
        prop::collection::vec(line.prop_filter("a quantity", |line| line.quantity > 0), 0..8)
    }

    fn roundings() -> impl Strategy<Value = Rounding> {
        prop::sample::select(vec![
            Rounding::PerLineHalfUp,
            Rounding::PerRateHalfUp,
            Rounding::PerLineHalfEven,
            Rounding::PerRateHalfEven,
        ])
    }

    proptest! {
        #[test]
        fn the_order_of_lines_does_not_matter(lines in lines(), rounding in roundings()) {
            let mut reversed = lines.clone();
            reversed.reverse();
            for behaviour in [Behaviour::Inclusive, Behaviour::Exclusive] {
                let figures = |lines: &[Line]| compute(lines, behaviour, rounding)
                    .map(|t| (t.subtotal, t.tax, t.total, t.rates))
                    .map_err(|error| error.code().to_owned());
                prop_assert_eq!(figures(&lines), figures(&reversed));
            }
        }

        #[test]
        fn totals_hold_together(lines in lines(), rounding in roundings()) {
            let exact: i128 =
                lines.iter().map(|l| i128::from(l.unit_amount) * i128::from(l.quantity)).sum();
            if let Ok(t) = compute(&lines, Behaviour::Inclusive, rounding) {
                prop_assert_eq!(i128::from(t.subtotal), exact);
                prop_assert_eq!(t.total, t.subtotal);
                prop_assert!(t.tax <= t.total);
            }
            if let Ok(t) = compute(&lines, Behaviour::Exclusive, rounding) {
                prop_assert_eq!(i128::from(t.total), exact + i128::from(t.tax));
                prop_assert!(t.total >= t.subtotal);
                if rounding.is_per_line() {
                    let sum: i64 = t.lines.iter().filter_map(|line| line.tax).sum();
                    prop_assert_eq!(sum, t.tax);
                }
            }
        }

        #[test]
        fn what_fits_is_never_refused_and_what_does_not_always_is(
            lines in lines(), rounding in roundings(),
        ) {
            let exact: i128 =
                lines.iter().map(|l| i128::from(l.unit_amount) * i128::from(l.quantity)).sum();
            let inclusive = compute(&lines, Behaviour::Inclusive, rounding);
            prop_assert_eq!(inclusive.is_ok(), exact <= i128::from(i64::MAX));
            if let Err(error) = inclusive {
                prop_assert_eq!(error.code(), "amount_overflow");
            }
        }

        #[test]
        fn no_line_panics(unit_amount: i64, quantity: i64, ppm in 0..=Rate::MAX_PPM) {
            let line = Line { unit_amount, quantity, rate: Rate::from_ppm(ppm).unwrap() };
            for behaviour in [Behaviour::Inclusive, Behaviour::Exclusive] {
                let _ = compute(&[line, line], behaviour, Rounding::PerRateHalfEven);
            }
        }
    }
}
