//! `faststar quote`

use std::fmt::Write as _;
use std::io::{self, BufRead, BufWriter, Write as _};

use faststar::error::Error;
use faststar::{Behaviour, Cart, Currency, Money, Place, Quote};
use faststar_sandbox::clock;
use serde_json::{Value, json};

use super::{failure, print};

#[derive(clap::Args)]
pub(super) struct Arguments {
    /// A line of the cart as AMOUNT or AMOUNTxQUANTITY, in the smallest unit: 999, 999x3
    #[arg(long, value_name = "AMOUNT[xQUANTITY]", value_parser = parse_line)]
    line: Vec<(i64, i64)>,
    /// The currency of the cart
    #[arg(long, default_value = "USD", value_parser = parse_currency)]
    currency: Currency,
    /// The buyer's country, with its region where tax needs one: DE, US-CA
    #[arg(long, default_value = "US")]
    country: Place,
    /// Answer carts from standard input with every figure: lines, rates, the date of the rates
    #[arg(long)]
    full: bool,
}

fn parse_line(text: &str) -> Result<(i64, i64), String> {
    let (amount, quantity) = text.split_once('x').unwrap_or((text, "1"));
    match (amount.parse(), quantity.parse()) {
        (Ok(amount), Ok(quantity)) => Ok((amount, quantity)),
        _ => Err("write an integer in the smallest unit, and a quantity after x: 999x3".into()),
    }
}

fn parse_currency(text: &str) -> Result<Currency, String> {
    match text.parse::<Currency>() {
        Ok(currency) if currency.is_listed() => Ok(currency),
        _ => Err("write the three letters of an ISO 4217 currency: USD".into()),
    }
}

pub(super) fn run(arguments: Arguments) -> Result<(), Error> {
    let today = clock::date(clock::machine_now_ms());
    if arguments.line.is_empty() {
        return answer_lines(&arguments, today);
    }
    let cart = Cart::new(arguments.currency).place(&arguments.country);
    let cart =
        arguments.line.iter().fold(cart, |cart, (amount, quantity)| cart.line(*amount, *quantity));
    print(table(&cart.quote(today)?, &arguments.country));
    Ok(())
}

fn answer_lines(arguments: &Arguments, today: faststar::Date) -> Result<(), Error> {
    let cannot = |error: io::Error| failure(format!("standard input or output failed: {error}"));
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().split(b'\n') {
        let line = line.map_err(cannot)?;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let quote = Cart::from_json(&line).and_then(|cart| cart.quote(today));
        let written = writeln!(out, "{}", answer(quote, arguments.full)).and_then(|()| out.flush());
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(cannot)?,
        }
    }
    Ok(())
}

fn answer(quote: Result<Quote, Error>, full: bool) -> Value {
    match quote {
        Ok(quote) if full => json!(quote),
        Ok(quote) => {
            json!({"subtotal": quote.subtotal, "tax": quote.tax, "total": quote.total})
        }
        Err(error) => super::webhook::error_json(&error),
    }
}

fn table(quote: &Quote, place: &Place) -> String {
    let money = |amount| Money::new(amount, quote.currency).to_string();
    let mut out = String::new();
    for line in &quote.lines {
        let label = format!("{} x {}", line.quantity, money(line.unit_amount));
        let _ = writeln!(out, "{label:<40}{:>24}", money(line.amount));
    }
    let _ = writeln!(out, "{:<40}{:>24}", "subtotal", money(quote.subtotal));
    let inclusive = quote.behaviour == Some(Behaviour::Inclusive);
    for tax in &quote.taxes {
        let names = quote.lines.iter().find(|line| line.rate == tax.rate);
        // The table's stand-in for a state of the United States that it was not told, or has not.
        let name = names.and_then(|line| line.tax_name.as_deref()).unwrap_or("tax");
        let name = if name == "sandbox" { "sales tax (a stand-in)" } else { name };
        let how = if inclusive { "includes" } else { "plus" };
        let _ = writeln!(out, "{:<40}{:>24}", format!("{how} {} {name}", tax.rate), money(tax.tax));
    }
    let _ = writeln!(out, "{:<40}{:>24}", "total", money(quote.total));
    if !quote.rate_known {
        let _ = write!(
            out,
            "\nThe bundled table has no tax rate for {place}, so the tax is left out of lines without one."
        );
    }
    let dated = quote.rates_as_of.map(|date| format!(" of {date}")).unwrap_or_default();
    let _ = write!(
        out,
        "\nAn estimate for {place} from bundled standard rates{dated}; FastStar computes the binding \
         tax.\nNo local US tax, registrations, exemptions or reverse charge. Not tax advice."
    );
    out
}
