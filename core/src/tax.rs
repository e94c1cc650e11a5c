//! Places, tax rates, and the one place that rounds.
//!
//! The rates are a bundled table of national and statewide standard rates, an estimate: no local US
//! tax, no registrations, exemptions or B2B reverse charge, and not tax advice. In live mode the
//! platform computes the tax, and its `amount_tax` is authoritative.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result, code};

/// What `build.rs` keeps of `data/tax_rates.tsv`.
const BUNDLED: &str = include_str!(concat!(env!("OUT_DIR"), "/tax_rates.tsv"));

/// What `build.rs` keeps of `data/territories.tsv`: codes that name a place whose tax is not that of
/// the country in the code, and the code of the place that it is; none where the table has no rate for it.
const TERRITORIES: &str = include_str!(concat!(env!("OUT_DIR"), "/territories.tsv"));

/// The countries of ISO 3166-1, and Kosovo, whose code is in use without being one.
const COUNTRIES: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV \
BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES \
ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE \
IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY \
MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU \
NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM \
SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE \
VG VI VN VU WF WS YE YT ZA ZM ZW XK";

/// The category of goods whose category has no rate of its own.
pub const STANDARD: &str = "standard";

/// Gives the day, in UTC, whose rates count where no other is named.
#[must_use]
pub fn today() -> Date {
    jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// Gives the codes of all countries, in their order: those without a rate too.
pub fn countries() -> impl Iterator<Item = &'static str> {
    COUNTRIES.split(' ')
}

/// Tells whether a price contains the tax or the tax comes on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// The price contains the tax: EU VAT and the like. Total and subtotal are the same.
    Inclusive,
    /// The tax comes on top of the price: US sales tax and the like.
    Exclusive,
}

impl Behaviour {
    /// The names on the wire.
    pub const KNOWN: &'static [&'static str] = &["inclusive", "exclusive"];
}

/// Says what is rounded to whole units, and which way a tie goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Each line's tax, ties up. The default: most platforms do so, and the lines add up on the
    /// receipt.
    #[default]
    PerLineHalfUp,
    /// The sum of each distinct rate, ties up: EN 16931, Japan's qualified invoice.
    PerRateHalfUp,
    /// Each line's tax, ties to the even unit.
    PerLineHalfEven,
    /// The sum of each distinct rate, ties to the even unit.
    PerRateHalfEven,
}

impl Rounding {
    /// The names on the wire.
    pub const KNOWN: &'static [&'static str] =
        &["per_line_half_up", "per_rate_half_up", "per_line_half_even", "per_rate_half_even"];

    /// Tells whether each line's tax is rounded by itself.
    pub fn is_per_line(self) -> bool {
        matches!(self, Self::PerLineHalfUp | Self::PerLineHalfEven)
    }

    fn divide(self, numerator: i128, denominator: i128) -> i128 {
        let up = (2 * numerator + denominator) / (2 * denominator);
        let is_tie = 2 * (numerator % denominator) == denominator;
        match self {
            Self::PerLineHalfEven | Self::PerRateHalfEven if is_tie => up - up % 2,
            _ => up,
        }
    }
}

/// Holds a tax rate in parts per million, from 0 to 1,000,000: 190,000 is 19 %.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "u32")]
pub struct Rate(u32);

impl TryFrom<u32> for Rate {
    type Error = Error;

    fn try_from(ppm: u32) -> Result<Self> {
        Self::from_ppm(ppm)
    }
}

impl Rate {
    /// The greatest rate, 100 %.
    pub const MAX_PPM: u32 = 1_000_000;

    /// Makes a rate of parts per million.
    ///
    /// # Errors
    ///
    /// `out_of_range` above 1,000,000.
    pub fn from_ppm(ppm: u32) -> Result<Self> {
        if ppm > Self::MAX_PPM {
            return Err(Error::validation(
                code::OUT_OF_RANGE,
                "tax_rate_ppm",
                "tax_rate_ppm must be at most 1000000, which is 100 %",
            ));
        }
        Ok(Self(ppm))
    }

    /// Gives the parts per million.
    pub fn ppm(self) -> u32 {
        self.0
    }

    /// Computes the rounded tax of an amount, in the same unit. The only place that rounds.
    pub(crate) fn tax_of(self, amount: i128, behaviour: Behaviour, rounding: Rounding) -> i128 {
        let whole = i128::from(Self::MAX_PPM);
        let rate = i128::from(self.0);
        let denominator = match behaviour {
            Behaviour::Inclusive => whole + rate,
            Behaviour::Exclusive => whole,
        };
        rounding.divide(amount * rate, denominator)
    }
}

/// Prints the percentage without needless zeros: `19 %`, `14.975 %`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / 10_000, self.0 % 10_000);
        if fraction == 0 {
            return write!(f, "{whole} %");
        }
        write!(f, "{whole}.{} %", format!("{fraction:04}").trim_end_matches('0'))
    }
}

/// Names a country, and where it matters a region of it: `DE`, `US-CA`.
///
/// The country is ISO 3166-1 alpha-2, the region ISO 3166-2; either case is read, upper case is
/// kept.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Place {
    country: [u8; 2],
    region: Option<String>,
}

impl Place {
    /// Gives the country's two upper-case letters.
    pub fn country(&self) -> &str {
        std::str::from_utf8(&self.country).expect("a country is made of ASCII letters only")
    }

    /// Gives the region's one to three upper-case letters or digits.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Tells whether ISO 3166-1 has the country, or one of the codes that the territories list beside it.
    pub(crate) fn is_iso_country(&self) -> bool {
        countries().any(|country| country == self.country())
            || RateTable::bundled().territories.contains_key(self.country())
    }

    /// Tells whether ISO 3166-2 has the region, for the countries whose tax is a region's: the
    /// United States and Canada. Elsewhere every region passes, and gets its country's rate.
    pub(crate) fn is_iso_region(&self) -> bool {
        let table = RateTable::bundled();
        match (self.country(), self.region()) {
            (country @ ("US" | "CA"), Some(region)) => {
                table.territories.contains_key(self.to_string().as_str())
                    || table.places.contains_key(&(country, region))
            }
            _ => true,
        }
    }
}

impl FromStr for Place {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (country, region) = match text.split_once('-') {
            Some((country, region)) => (country, Some(region)),
            None => (text, None),
        };
        let country = <[u8; 2]>::try_from(country.as_bytes()).ok();
        let country = country.filter(|letters| letters.iter().all(u8::is_ascii_alphabetic));
        let region_fits = region.is_none_or(|region| {
            (1..=3).contains(&region.len())
                && region.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        match country {
            Some(letters) if region_fits => {
                let country = letters.map(|letter| letter.to_ascii_uppercase());
                let region = region.map(str::to_ascii_uppercase);
                if let Some(iso) = iso_of(country) {
                    let dash = if region.is_some() { "-" } else { "" };
                    let region = region.unwrap_or_default();
                    return Err(no_place(format!(
                        "a place must be an ISO 3166-1 country: write {iso}{dash}{region}, not {}{dash}{region}",
                        String::from_utf8_lossy(&country),
                    )));
                }
                Ok(Self { country, region })
            }
            _ => Err(no_place(
                "a place must be an ISO 3166-1 country such as US, \
                 or an ISO 3166-2 region such as US-CA",
            )),
        }
    }
}

fn no_place(message: impl Into<String>) -> Error {
    Error::validation(code::INVALID_VALUE, "country", message)
}

/// Gives ISO's code where another one is in wide use: by the United Kingdom, and by the EU for Greece.
fn iso_of(country: [u8; 2]) -> Option<&'static str> {
    match &country {
        b"UK" => Some("GB"),
        b"EL" => Some("GR"),
        _ => None,
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.country())?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, "-{region}"))
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The rate that the bundled table gives for a place, a category and a date.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaxRate {
    /// The sum of the components.
    pub rate: Rate,
    /// Whether prices there contain the tax.
    pub behaviour: Behaviour,
    /// What the tax is called there; several names are joined: `GST + QST`.
    pub name: String,
    /// The category that the rate is for: the one asked for, or `standard`.
    pub category: &'static str,
    /// The date of the oldest figure in it; `None` where a source has no date.
    pub as_of: Option<Date>,
    /// How sure the table is of it.
    pub confidence: Confidence,
}

/// Gives the oldest of some dates; `None` as soon as one of them is not known.
pub(crate) fn oldest(dates: impl IntoIterator<Item = Option<Date>>) -> Option<Date> {
    dates.into_iter().collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// How sure the table is of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Two or more sources agree.
    High,
    /// One source says so.
    Medium,
    /// A placeholder, or sources that disagree. `US` without a state is one.
    Low,
}

#[derive(Debug)]
struct Row {
    name: &'static str,
    category: &'static str,
    rate: u32,
    behaviour: Behaviour,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
    as_of: Option<Date>,
    confidence: Confidence,
}

impl Row {
    fn is_valid_on(&self, date: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= date) && self.valid_to.is_none_or(|to| date <= to)
    }
}

/// Holds the bundled tax rates: 144 countries, US states, Canadian provinces.
///
/// The sources are named row by row in `core/data/tax_rates.tsv` and credited in `NOTICE`.
#[derive(Debug)]
pub struct RateTable {
    places: BTreeMap<(&'static str, &'static str), Vec<Row>>,
    territories: BTreeMap<&'static str, &'static str>,
}

impl RateTable {
    /// Gives the bundled table; it is read once per process.
    pub fn bundled() -> &'static Self {
        static TABLE: OnceLock<RateTable> = OnceLock::new();
        TABLE.get_or_init(|| Self::read(BUNDLED, TERRITORIES))
    }

    /// Gives the date of the newest figure in the table.
    pub fn as_of(&self) -> Date {
        let newest = self.places.values().flatten().filter_map(|row| row.as_of).max();
        newest.expect("the bundled table has dated rows")
    }

    /// Lists the places that the table has: each country, and after it its regions.
    pub fn places(&self) -> impl Iterator<Item = Place> + '_ {
        self.places.keys().map(|(country, region)| {
            let dash = if region.is_empty() { "" } else { "-" };
            format!("{country}{dash}{region}").parse().expect("the bundled table is well-formed")
        })
    }

    /// Finds the rate of a place for a category of goods on a date.
    ///
    /// A region that the table does not have gets its country's rate. A territory has its own, by
    /// whichever of its codes it is named: `FR-974` is `RE`, `US-PR` is `PR`, and both provinces of the
    /// Canary Islands are `ES-CN`. A category that the place does not have gets the standard rate.
    ///
    /// ```
    /// use faststar::tax::RateTable;
    ///
    /// let on = "2026-11-22".parse().unwrap();
    /// let quebec = RateTable::bundled().find(&"CA-QC".parse()?, None, on)?;
    /// assert_eq!(quebec.rate.to_string(), "14.975 %");
    /// # Ok::<(), faststar::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `tax_rate_unknown` for a place that is not in the table, or has no rate on that date.
    pub fn find(&self, place: &Place, category: Option<&str>, on: Date) -> Result<TaxRate> {
        let named = place.to_string();
        let code = self.territories.get(named.as_str()).copied().unwrap_or(named.as_str());
        let (country, region) = code.split_once('-').unwrap_or((code, ""));
        let rows = self
            .places
            .get(&(country, region))
            .or_else(|| self.places.get(&(country, "")))
            .map_or(&[][..], Vec::as_slice);
        let of = |category: &str| -> Vec<&Row> {
            rows.iter().filter(|row| row.category == category && row.is_valid_on(on)).collect()
        };
        let mut found = category.map(of).unwrap_or_default();
        if found.is_empty() {
            found = of(STANDARD);
        }
        let (Some(first), Some(confidence)) =
            (found.first(), found.iter().map(|row| row.confidence).max())
        else {
            return Err(Error::validation(
                code::TAX_RATE_UNKNOWN,
                "country",
                format!("the bundled table has no tax rate for {place} on {on}"),
            ));
        };
        Ok(TaxRate {
            rate: Rate(found.iter().map(|row| row.rate).sum()),
            behaviour: first.behaviour,
            name: found.iter().map(|row| row.name).collect::<Vec<_>>().join(" + "),
            category: first.category,
            as_of: oldest(found.iter().map(|row| row.as_of)),
            confidence,
        })
    }

    fn read(text: &'static str, territories: &'static str) -> Self {
        const WELL_FORMED: &str = "the bundled table is well-formed, which a test checks";
        let date = |text: &str| text.parse::<Date>().ok();
        let mut places = BTreeMap::<_, Vec<Row>>::new();
        for line in text.lines() {
            let mut columns = line.split('\t');
            let mut next = || columns.next().expect(WELL_FORMED);
            let place = (next(), next());
            let name = next();
            let category = next();
            let rate = next().parse().expect(WELL_FORMED);
            let behaviour = match next() {
                "inclusive" => Behaviour::Inclusive,
                _ => Behaviour::Exclusive,
            };
            let (valid_from, valid_to) = (date(next()), date(next()));
            let as_of = date(next());
            let confidence = match next() {
                "A" => Confidence::High,
                "B" => Confidence::Medium,
                _ => Confidence::Low,
            };
            let row =
                Row { name, category, rate, behaviour, valid_from, valid_to, as_of, confidence };
            places.entry(place).or_default().push(row);
        }
        let territories = territories.lines().map(|line| line.split_once('\t').expect(WELL_FORMED));
        Self { places, territories: territories.collect() }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_bundled_table_is_well_formed() {
        let table = RateTable::bundled();
        let whole = include_str!("../data/tax_rates.tsv");
        let rows = table.places.values().map(Vec::len).sum::<usize>();
        assert_eq!(rows, whole.lines().count() - 1);
        for line in BUNDLED.lines() {
            let columns: Vec<_> = line.split('\t').collect();
            assert_eq!(columns.len(), 10, "{line}");
            assert!(Behaviour::KNOWN.contains(&columns[5]), "{line}");
            assert!(["A", "B", "C"].contains(&columns[9]), "{line}");
            for date in [columns[6], columns[7]] {
                assert!(date.is_empty() || date.parse::<Date>().is_ok(), "{line}");
            }
        }
        let places: Vec<_> = table.places().map(|place| place.to_string()).collect();
        assert_eq!(places.len(), table.places.len());
        assert!(places.contains(&"DE".into()) && places.contains(&"US-CA".into()));
        for ((country, region), rows) in &table.places {
            assert!(
                rows.iter().all(|row| row.behaviour == rows[0].behaviour),
                "{country} {region}"
            );
            assert!(rows.iter().map(|row| row.rate).all(|rate| rate <= Rate::MAX_PPM));
        }
    }

    #[test]
    fn each_territory_is_one_place_under_all_of_its_codes() {
        let table = RateTable::bundled();
        let lines = include_str!("../data/territories.tsv").lines().skip(1);
        assert_eq!(table.territories.len(), lines.clone().count());
        let on: Date = "2026-11-22".parse().unwrap();
        let find = |place: &str| table.find(&place.parse().unwrap(), None, on).ok();
        for line in lines {
            let columns: Vec<_> = line.split('\t').collect();
            let [code, place, note] = columns[..] else { panic!("{line}") };
            let code: Place = code.parse().unwrap();
            assert!(code.is_iso_country() && code.is_iso_region(), "{line}");
            assert!(!note.is_empty(), "{line}");
            assert!(!table.territories.contains_key(place), "{line}: an alias of an alias");
            if place.is_empty() {
                assert!(find(code.country()).is_some(), "{line}: nothing to keep it from");
                assert_eq!(find(&code.to_string()), None, "{line}");
            } else {
                assert!(place.parse::<Place>().unwrap().is_iso_country(), "{line}");
                assert_eq!(find(&code.to_string()), find(place), "{line}");
            }
        }
    }

    #[test]
    fn every_country_of_the_table_is_one_of_iso() {
        assert_eq!(countries().count(), 250);
        for place in RateTable::bundled().places() {
            assert!(place.is_iso_country(), "{place}");
        }
        for other in ["ZZ", "XX", "AN", "EU", "XI"] {
            assert!(!other.parse::<Place>().unwrap().is_iso_country(), "{other}");
        }
    }

    #[test]
    fn an_unknown_place_or_date_is_an_error_and_an_unknown_region_is_its_country() {
        let table = RateTable::bundled();
        let find =
            |place: &str, on: &str| table.find(&place.parse().unwrap(), None, on.parse().unwrap());
        assert_eq!(find("ZZ", "2026-11-22").unwrap_err().code(), code::TAX_RATE_UNKNOWN);
        assert_eq!(find("CA-NS", "2025-03-31").unwrap_err().code(), code::TAX_RATE_UNKNOWN);
        assert_eq!(find("CA-NS", "2025-04-01").unwrap().rate.ppm(), 140_000);
        assert_eq!(find("DE-BE", "2026-11-22").unwrap().rate.ppm(), 190_000);
        assert_eq!(find("US", "2026-11-22").unwrap().confidence, Confidence::Low);
    }

    #[test]
    fn a_rate_prints_as_a_percentage() {
        let print = |ppm| Rate::from_ppm(ppm).unwrap().to_string();
        assert_eq!([print(190_000), print(149_750), print(0)], ["19 %", "14.975 %", "0 %"]);
        assert_eq!([print(1), print(1_000_000)], ["0.0001 %", "100 %"]);
        assert!(Rate::from_ppm(1_000_001).is_err());
    }

    proptest! {
        #[test]
        fn a_place_reads_back_what_it_prints(text in "[A-Za-z]{2}(-[A-Za-z0-9]{1,3})?") {
            prop_assume!(!["UK", "EL"].contains(&text[..2].to_ascii_uppercase().as_str()));
            let place: Place = text.parse().unwrap();
            prop_assert_eq!(place.to_string(), text.to_ascii_uppercase());
            prop_assert_eq!(place.to_string().parse::<Place>().unwrap(), place);
        }

        #[test]
        fn no_text_panics(text: String) {
            let _ = text.parse::<Place>();
        }
    }
}
