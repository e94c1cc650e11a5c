//! Currencies, and amounts in a currency's smallest unit.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result, code};

/// The active codes of ISO 4217 that name money, without funds, metals and test codes.
const ISO_4217: &str = "\
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD \
CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP \
GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD \
KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK \
NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD \
SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYI UYU UYW UZS VED VES VND VUV \
WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// Names a currency by its three letters (ISO 4217).
///
/// Parsing takes either case and keeps upper case. A code that the list of this version does not
/// have is kept too; [`Currency::is_listed`] tells.
///
/// ```
/// use faststar::Currency;
///
/// let yen: Currency = "jpy".parse()?;
/// assert_eq!((yen.code(), yen.decimals()), ("JPY", 0));
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// United States dollar.
    pub const USD: Self = Self(*b"USD");

    /// Gives the three upper-case letters.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is made of ASCII letters only")
    }

    /// Tells whether the code is an active one of ISO 4217, as of this version.
    pub fn is_listed(&self) -> bool {
        ISO_4217.split(' ').any(|listed| listed == self.code())
    }

    /// Gives how many decimals the smallest unit stands for: 2 for USD, 0 for JPY, 3 for KWD.
    ///
    /// Used to show an amount, never to compute one.
    pub fn decimals(&self) -> u32 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG"
            | b"RWF" | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            b"CLF" | b"UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_alphabetic) => {
                Ok(Self(letters.map(|letter| letter.to_ascii_uppercase())))
            }
            _ => Err(Error::validation(
                code::INVALID_VALUE,
                "currency",
                "a currency must be the three letters of an ISO 4217 code, such as USD",
            )),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Makes the error of an amount that leaves 64 bits, at `path`.
pub(crate) fn overflow(path: impl Into<String>) -> Error {
    Error::validation(
        code::AMOUNT_OVERFLOW,
        path,
        "the amounts must fit a signed 64-bit integer in the smallest unit; \
         lower the amount or the quantity",
    )
}

/// Holds an amount in its currency's smallest unit: 999 and USD are 9.99 US dollars.
///
/// `Display` prints the amount with the currency's decimals, a point, and no grouping, so that a
/// log or a test reads it the same everywhere; show a buyer what the locale's own formatter makes
/// of it. `FromStr` reads the same form back, exactly.
///
/// ```
/// use faststar::Money;
///
/// assert_eq!(Money::new(1079, "USD".parse()?).to_string(), "10.79 USD");
/// assert_eq!("10.79 USD".parse::<Money>()?.amount, 1079);
/// assert_eq!("1079 JPY".parse::<Money>()?.amount, 1079);
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// The amount in the smallest unit.
    pub amount: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// Makes an amount of a currency's smallest unit.
    pub fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = self.currency.decimals();
        let unit = 10_u64.pow(decimals);
        let magnitude = self.amount.unsigned_abs();
        let sign = if self.amount < 0 { "-" } else { "" };
        write!(f, "{sign}{}", magnitude / unit)?;
        if decimals > 0 {
            write!(f, ".{:0width$}", magnitude % unit, width = decimals as usize)?;
        }
        write!(f, " {}", self.currency)
    }
}

impl FromStr for Money {
    type Err = Error;

    /// Reads `10.79 USD`: a decimal number with exactly the currency's decimals or none, a space,
    /// the currency.
    ///
    /// # Errors
    ///
    /// `invalid_value` for another form or another number of decimals, `amount_overflow` beyond a
    /// signed 64-bit integer.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |message: String| Error::validation(code::INVALID_VALUE, "amount", message);
        let (number, currency) = text
            .split_once(' ')
            .ok_or_else(|| wrong("write a number, a space and a currency: 10.79 USD".into()))?;
        let currency: Currency = currency.parse()?;
        let decimals = currency.decimals() as usize;
        let (sign, digits) = match number.strip_prefix('-') {
            Some(digits) => (-1_i128, digits),
            None => (1, number),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let has_point = digits.contains('.');
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(wrong("write the number with digits and one point: 10.79 USD".into()));
        }
        if has_point && (decimals == 0 || fraction.len() != decimals) {
            return Err(wrong(format!("{currency} has {decimals} decimals")));
        }
        let zeros = "0".repeat(decimals - fraction.len());
        let magnitude: i128 =
            format!("{whole}{fraction}{zeros}").parse().map_err(|_| overflow("amount"))?;
        let amount = i64::try_from(sign * magnitude).map_err(|_| overflow("amount"))?;
        Ok(Self { amount, currency })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_follow_iso_4217() {
        for (code, decimals) in [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("XYZ", 2)] {
            assert_eq!(code.parse::<Currency>().unwrap().decimals(), decimals, "{code}");
        }
    }

    #[test]
    fn every_listed_currency_parses() {
        for code in ISO_4217.split(' ') {
            assert!(code.parse::<Currency>().unwrap().is_listed());
        }
        assert!(!"ZZZ".parse::<Currency>().unwrap().is_listed());
    }

    #[test]
    fn extremes_print_exactly() {
        let usd = Currency::USD;
        assert_eq!(Money::new(i64::MIN, usd).to_string(), "-92233720368547758.08 USD");
        assert_eq!(Money::new(-5, usd).to_string(), "-0.05 USD");
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(amount: i64, code in "[A-Z]{3}") {
            let money = Money::new(amount, code.parse().unwrap());
            prop_assert_eq!(money.to_string().parse::<Money>().unwrap(), money);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Money>();
            let _ = text.parse::<Currency>();
        }
    }
}
