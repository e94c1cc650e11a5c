//! Places.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result, code};

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
            Some(letters) if region_fits => Ok(Self {
                country: letters.map(|letter| letter.to_ascii_uppercase()),
                region: region.map(str::to_ascii_uppercase),
            }),
            _ => Err(Error::validation(
                code::INVALID_VALUE,
                "country",
                "a place must be an ISO 3166-1 country such as US, \
                 or an ISO 3166-2 region such as US-CA",
            )),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.country())?;
        self.region
            .as_ref()
            .map_or(Ok(()), |region| write!(f, "-{region}"))
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
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}
