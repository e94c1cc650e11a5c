//! Reads untyped input into request types and names the place of each mistake.
//!
//! A JSON body, a Python dict and a JavaScript object all become a [`serde_json::Value`]; the
//! request types carry a table of their fields, an [`Object`]. [`Object::check`] holds the one
//! against the other. The sandbox checks everything ([`Strictness::Full`]); a client checks only
//! what it could not send as it was meant ([`Strictness::Types`]). The sandbox's OpenAPI document
//! and `docs/fidelity.md` are made from the same tables.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::Date;
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use url::Url;

use crate::error::{Error, ErrorKind, Result, code};
use crate::money::Currency;
use crate::tax::Place;
use crate::wire::{self, place_at, plainly};

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 32;

/// Describes a JSON object: its name and its fields.
#[derive(Debug)]
pub struct Object {
    /// The type's name, as the OpenAPI document has it.
    pub name: &'static str,
    /// What the object is, in a sentence.
    pub doc: &'static str,
    /// The fields, in the order of the documentation.
    pub fields: &'static [Field],
}

/// Describes a field of an [`Object`].
#[derive(Debug)]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// What values it can have.
    pub kind: Kind,
    /// Whether the object must have it.
    pub required: bool,
    /// Where the statement about it comes from.
    pub origin: Origin,
    /// What it means, in a sentence.
    pub doc: &'static str,
}

impl Field {
    /// Describes a field that must be there.
    pub const fn required(
        name: &'static str,
        kind: Kind,
        origin: Origin,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, required: true, origin, doc }
    }

    /// Describes a field that may be absent or null.
    pub const fn optional(
        name: &'static str,
        kind: Kind,
        origin: Origin,
        doc: &'static str,
    ) -> Self {
        Self { name, kind, required: false, origin, doc }
    }
}

/// Tells how far a statement can be trusted to hold on the live platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A page of FastStar says so.
    Documented,
    /// The pages imply it, or leave the form open.
    Inferred,
    /// Only the sandbox has it.
    SandboxOnly,
}

impl Origin {
    /// Gives the word that the docs use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Inferred => "inferred",
            Self::SandboxOnly => "sandbox-only",
        }
    }
}

/// What values a field can have.
#[derive(Debug)]
pub enum Kind {
    /// A text of at most `max` characters, without control characters other than tab and line ends.
    Text {
        /// The greatest number of characters.
        max: usize,
    },
    /// A text that is one of these.
    OneOf(&'static [&'static str]),
    /// An absolute http or https URL.
    HttpUrl,
    /// An e-mail address.
    Email,
    /// An ISO 4217 code.
    Currency,
    /// An ISO 3166-1 country, or an ISO 3166-2 region: `US`, `US-CA`.
    Place,
    /// A date, `2026-11-22`.
    Date,
    /// An amount in the smallest unit of a currency, from `min` up.
    Amount {
        /// The least value.
        min: i64,
    },
    /// A whole number in a range, both ends included.
    Integer {
        /// The least value.
        min: i64,
        /// The greatest value.
        max: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// An RFC 3339 time in UTC.
    Timestamp,
    /// A list of at most `max` items.
    List {
        /// What each item is.
        of: &'static Kind,
        /// The greatest number of items.
        max: usize,
    },
    /// An object.
    Object(&'static Object),
    /// An object whose values are texts.
    Metadata {
        /// The greatest number of keys.
        max: usize,
        /// The greatest number of characters of a key.
        max_key: usize,
        /// The greatest number of characters of a value.
        max_value: usize,
    },
    /// Anything; not looked at.
    Any,
}

/// How much [`Object::check`] checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// JSON types and 64-bit integers, and nothing else: what a client can know.
    Types,
    /// Everything: ranges, forms, unknown fields, missing fields.
    Full,
}

/// Reads a JSON text, and refuses what most parsers let pass: repeated keys, endless nesting.
///
/// # Errors
///
/// `malformed_json` with line and column, `duplicate_key` and `nesting_too_deep` with the path.
pub fn parse(text: &[u8]) -> Result<Value> {
    let mut failure = None;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let seed = Strict { path: Path::Root, depth: 0, failure: &mut failure };
    let parsed = seed.deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    match (parsed, failure) {
        (_, Some(failure)) => Err(failure),
        (Ok(value), None) => Ok(value),
        (Err(error), None) => Err(malformed(text, &error)),
    }
}

/// Reads a JSON body into a request type, checked in full.
///
/// # Errors
///
/// Those of [`parse`] and of [`Object::check`].
pub fn read<T: DeserializeOwned>(object: &Object, body: &[u8]) -> Result<T> {
    from_value(object, parse(body)?, Strictness::Full)
}

/// Reads an object that the API answers from its JSON text, such as a language package was given for
/// a test; `name` goes into the message: `a session`.
///
/// # Errors
///
/// `missing_field`, `invalid_type`, `duplicate_key` or `malformed_json`, with the path of the place.
/// The message quotes no value.
pub fn read_answer<T: DeserializeOwned>(name: &str, json: &str) -> Result<T> {
    wire::read_object(json, |code, detail| {
        Error::new(ErrorKind::Validation, code, format!("not {name}: {detail}"))
    })
}

/// Turns a value into a request type, checked as far as `strictness` says.
///
/// # Errors
///
/// Those of [`Object::check`].
pub fn from_value<T: DeserializeOwned>(
    object: &Object,
    value: Value,
    strictness: Strictness,
) -> Result<T> {
    object.check(&value, strictness)?;
    // Without full strictness a field may be missing that the type has a default for, or has not.
    let missing = value.as_object().and_then(|map| object.check_required(map, &Path::Root).err());
    T::deserialize(value).map_err(|error| {
        // Else reached only where a type needs more than its table says; serde's text names no value.
        let other = || Error::new(ErrorKind::Validation, code::INVALID_VALUE, error.to_string());
        missing.unwrap_or_else(other)
    })
}

fn malformed(text: &[u8], error: &serde_json::Error) -> Error {
    let message = error.to_string();
    let serde = message.split(" at line ").next().unwrap_or_default();
    let what = plainly(serde);
    let (line, column) = (error.line(), error.column());
    let message = format!("the text is not valid JSON: {what} at line {line}, column {column}");
    let malformed = Error::new(ErrorKind::Validation, code::MALFORMED_JSON, message);
    // Where the text is JSON but for a character, the field can be named.
    let place = match std::str::from_utf8(text) {
        Ok(text) if what != serde => place_at(text, line, column),
        _ => String::new(),
    };
    if place.is_empty() { malformed } else { malformed.with_param(place) }
}

/// The place of a value: a segment, and where it hangs.
///
/// It lies on the stack and is written out for an error only, since most values have none.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Key(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    /// Gives the part that a message names: `amount` of `items[1].amount`.
    fn last(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(_, name) => clip(name),
            Self::Item(list, index) => format!("{}[{index}]", list.last()),
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Key(Self::Root, name) => f.write_str(&clip(name)),
            Self::Key(object, name) => write!(f, "{object}.{}", clip(name)),
            Self::Item(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

impl Object {
    /// Checks a value against the table, first the fields that are there, then the unknown ones,
    /// then the missing ones.
    ///
    /// # Errors
    ///
    /// The first mistake, with the path of its place as the parameter.
    pub fn check(&self, value: &Value, strictness: Strictness) -> Result<()> {
        self.check_at(value, strictness, &Path::Root)
    }

    /// Checks that none of the fields that a request type does not know is one that it has, which
    /// would be written twice; `path` is the object's place, such as `line_items[2]`.
    ///
    /// # Errors
    ///
    /// `duplicate_key` with the field's path.
    pub(crate) fn check_extra(&self, extra: &Map<String, Value>, path: &str) -> Result<()> {
        let Some(field) = self.fields.iter().find(|field| extra.contains_key(field.name)) else {
            return Ok(());
        };
        let dot = if path.is_empty() { "" } else { "." };
        let name = field.name;
        Err(Error::validation(
            code::DUPLICATE_KEY,
            format!("{path}{dot}{name}"),
            format!("{name} is a field of {}; set it as one and not in extra", self.name),
        ))
    }

    fn check_at(&self, value: &Value, strictness: Strictness, path: &Path<'_>) -> Result<()> {
        let Value::Object(map) = value else {
            let message = format!("must be a JSON object, not {}", describe(value));
            let error = Error::new(ErrorKind::Validation, code::INVALID_TYPE, message);
            return Err(match path {
                Path::Root => error,
                path => error.with_param(path.to_string()),
            });
        };
        for field in self.fields {
            match map.get(field.name) {
                None | Some(Value::Null) => {}
                Some(value) => {
                    field.kind.check(value, strictness, &Path::Key(path, field.name))?;
                }
            }
        }
        if strictness == Strictness::Types {
            return Ok(());
        }
        if let Some(unknown) = map.keys().find(|key| !self.fields.iter().any(|f| f.name == *key)) {
            return Err(self.unknown(unknown, path));
        }
        self.check_required(map, path)
    }

    fn check_required(&self, map: &Map<String, Value>, path: &Path<'_>) -> Result<()> {
        let missing = self
            .fields
            .iter()
            .find(|field| field.required && map.get(field.name).is_none_or(Value::is_null));
        match missing {
            Some(field) => Err(Error::validation(
                code::MISSING_FIELD,
                Path::Key(path, field.name).to_string(),
                format!("{} is required: {}", field.name, field.kind.hint()),
            )),
            None => self.check_filled(map, path),
        }
    }

    /// Refuses a required text that says nothing.
    fn check_filled(&self, map: &Map<String, Value>, path: &Path<'_>) -> Result<()> {
        let is_blank = |field: &&Field| {
            field.required
                && matches!(field.kind, Kind::Text { .. })
                && map.get(field.name).and_then(Value::as_str).is_some_and(|t| t.trim().is_empty())
        };
        match self.fields.iter().find(is_blank) {
            Some(field) => Err(Error::validation(
                code::INVALID_STRING,
                Path::Key(path, field.name).to_string(),
                format!("{} must not be empty", field.name),
            )),
            None => Ok(()),
        }
    }

    fn unknown(&self, key: &str, path: &Path<'_>) -> Error {
        let near = self
            .fields
            .iter()
            .map(|field| (distance(key, field.name), field.name))
            .filter(|(distance, name)| *distance <= 1 + name.len() / 4)
            .min();
        let message = match near {
            Some((_, name)) => format!("unknown field; did you mean {name}?"),
            None => {
                let names: Vec<_> = self.fields.iter().map(|field| field.name).collect();
                format!("unknown field; {} has {}", self.name, names.join(", "))
            }
        };
        Error::validation(code::UNKNOWN_FIELD, Path::Key(path, key).to_string(), message)
    }
}

impl Kind {
    /// Says what is expected, to go after a field's name.
    fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::Any => "any JSON value".into(),
            Self::Boolean => "true or false".into(),
            Self::Amount { .. } => "an integer in the smallest currency unit".into(),
            Self::Integer { .. } => "an integer".into(),
            Self::List { .. } => "a list".into(),
            Self::Object(_) | Self::Metadata { .. } => "an object".into(),
            Self::OneOf(known) => format!("one of {}", known.join(", ")).into(),
            Self::HttpUrl => "an http or https URL".into(),
            Self::Email => "an e-mail address".into(),
            Self::Currency => "a currency such as USD".into(),
            Self::Place => "a country such as US, or a region such as US-CA".into(),
            Self::Date => "a date such as 2026-11-22".into(),
            Self::Timestamp => "a time such as 2026-11-22T12:00:00Z".into(),
            Self::Text { .. } => "a string".into(),
        }
    }

    fn check(&self, value: &Value, strictness: Strictness, path: &Path<'_>) -> Result<()> {
        let full = strictness == Strictness::Full;
        match self {
            Self::Any => Ok(()),
            Self::Boolean => match value {
                Value::Bool(_) => Ok(()),
                other => Err(wrong_type(path, "true or false", other)),
            },
            Self::Amount { min } => check_integer(value, *min, i64::MAX, full, path, true),
            Self::Integer { min, max } => check_integer(value, *min, *max, full, path, false),
            Self::List { of, max } => {
                let Value::Array(items) = value else {
                    return Err(wrong_type(path, "a list", value));
                };
                if full && items.len() > *max {
                    let message = format!("{} must have at most {max} items", path.last());
                    return Err(Error::validation(code::OUT_OF_RANGE, path.to_string(), message));
                }
                items
                    .iter()
                    .enumerate()
                    .try_for_each(|(i, item)| of.check(item, strictness, &Path::Item(path, i)))
            }
            Self::Object(object) => object.check_at(value, strictness, path),
            Self::Metadata { max, max_key, max_value } => {
                let Value::Object(map) = value else {
                    return Err(wrong_type(path, "an object of texts", value));
                };
                if full && map.len() > *max {
                    let message = format!("{} must have at most {max} keys", path.last());
                    return Err(Error::validation(code::OUT_OF_RANGE, path.to_string(), message));
                }
                map.iter().try_for_each(|(key, value)| {
                    let path = &Path::Key(path, key);
                    let fits = (1..=*max_key).contains(&key.chars().count());
                    if full && (!fits || key.chars().any(is_forbidden)) {
                        let message = format!(
                            "a key must have 1 to {max_key} characters and no control characters"
                        );
                        let path = path.to_string();
                        return Err(Error::validation(code::INVALID_STRING, path, message));
                    }
                    Self::Text { max: *max_value }.check_text(value, full, path)
                })
            }
            _ => self.check_text(value, full, path),
        }
    }

    fn check_text(&self, value: &Value, full: bool, path: &Path<'_>) -> Result<()> {
        let Value::String(text) = value else {
            return Err(wrong_type(path, "a string", value));
        };
        if !full {
            return Ok(());
        }
        if let Some(character) = text.chars().find(|c| is_forbidden(*c)) {
            let point = u32::from(character);
            let what = format!("must not contain the control character U+{point:04X}");
            return Err(wrong(path, code::INVALID_STRING, &what));
        }
        let (code, what) = match self {
            Self::Text { max } if text.chars().count() > *max => {
                (code::INVALID_STRING, format!("must have at most {max} characters"))
            }
            Self::OneOf(known) if !known.contains(&text.as_str()) => {
                (code::INVALID_VALUE, format!("must be one of {}", known.join(", ")))
            }
            Self::HttpUrl => match http_url_mistake(text) {
                Some(mistake) => (code::INVALID_URL, mistake.to_owned()),
                None => return Ok(()),
            },
            Self::Email if !is_email(text) => {
                (code::INVALID_VALUE, "must be an e-mail address".to_owned())
            }
            Self::Currency => match text.parse::<Currency>() {
                Ok(currency) if currency.is_listed() && currency.code() == text => return Ok(()),
                _ => (
                    code::INVALID_VALUE,
                    "must be the three upper-case letters of an ISO 4217 currency, such as USD"
                        .to_owned(),
                ),
            },
            Self::Place => match place_mistake(text) {
                Some(mistake) => (code::INVALID_VALUE, mistake),
                None => return Ok(()),
            },
            Self::Date if text.parse::<Date>().is_err() => (code::INVALID_VALUE, DATE.to_owned()),
            Self::Timestamp if text.parse::<jiff::Timestamp>().is_err() => (
                code::INVALID_VALUE,
                "must be an RFC 3339 time such as 2026-11-22T12:00:00Z".to_owned(),
            ),
            _ => return Ok(()),
        };
        Err(wrong(path, code, &what))
    }
}

fn place_mistake(text: &str) -> Option<String> {
    let place = match text.parse::<Place>() {
        Ok(place) => place,
        // It starts with "a place", where the field's name stands here.
        Err(error) => return Some(error.message().replacen("a place ", "", 1)),
    };
    if place.to_string() != text {
        return Some(format!("must be in upper case: {place}"));
    }
    if !place.is_iso_country() {
        return Some(format!("names no country of ISO 3166-1: {}", place.country()));
    }
    let is_region = place.is_iso_region();
    (!is_region).then(|| format!("names no region of {}: {place}", place.country()))
}

/// Makes the error of a value that is of the right type and not one that the field can have.
fn wrong(path: &Path<'_>, code: &'static str, what: &str) -> Error {
    Error::validation(code, path.to_string(), format!("{} {what}", path.last()))
}

/// Checks that a number is in a range, both ends included; the path is made for an error only.
///
/// # Errors
///
/// `out_of_range` at `path`, with the bound in the message.
pub fn check_range<P: Into<String>>(
    number: i64,
    min: i64,
    max: i64,
    path: impl FnOnce() -> P,
) -> Result<()> {
    if number < min {
        Err(below(&path().into(), min))
    } else if number > max {
        Err(above(&path().into(), max))
    } else {
        Ok(())
    }
}

/// What a text that is no date is told.
const DATE: &str = "must be a date such as 2026-11-22";

/// Reads a date.
///
/// # Errors
///
/// `invalid_value` at `path`.
pub fn date(text: &str, path: &str) -> Result<Date> {
    text.parse()
        .map_err(|_| Error::validation(code::INVALID_VALUE, path, format!("{} {DATE}", last(path))))
}

fn below(path: &str, min: i64) -> Error {
    let message = format!("{} must be at least {min}", last(path));
    Error::validation(code::OUT_OF_RANGE, path, message)
}

fn above(path: &str, max: i64) -> Error {
    let message = format!("{} must be at most {max}, the maximum", last(path));
    Error::validation(code::OUT_OF_RANGE, path, message)
}

fn check_integer(
    value: &Value,
    min: i64,
    max: i64,
    full: bool,
    path: &Path<'_>,
    amount: bool,
) -> Result<()> {
    let wanted = if amount {
        "an integer in the smallest currency unit (1999 for 19.99 USD)"
    } else {
        "an integer"
    };
    let Value::Number(number) = value else {
        return Err(wrong_type(path, wanted, value));
    };
    let (min, max) = if full { (min, max) } else { (i64::MIN, i64::MAX) };
    match number.as_i64() {
        Some(number) => check_range(number, min, max, || path.to_string()),
        None if is_whole_beyond_i64(number) => Err(if number.to_string().starts_with('-') {
            below(&path.to_string(), min)
        } else {
            above(&path.to_string(), max)
        }),
        None => Err(wrong_type(path, wanted, value)),
    }
}

/// JSON integers beyond 64 bits arrive as floating point; nothing that small has a fraction.
fn is_whole_beyond_i64(number: &Number) -> bool {
    number.is_u64()
        || number.as_f64().is_some_and(|float| float.abs() >= 9_223_372_036_854_775_808.0)
}

/// Checks that a text is an absolute http or https URL with a host and without credentials.
///
/// # Errors
///
/// `invalid_url` at `path`.
pub fn check_http_url(text: &str, path: &str) -> Result<()> {
    match http_url_mistake(text) {
        None => Ok(()),
        Some(mistake) => {
            Err(Error::validation(code::INVALID_URL, path, format!("{} {mistake}", last(path))))
        }
    }
}

fn http_url_mistake(text: &str) -> Option<&'static str> {
    // The parser mends, as browsers do, what other readers take for something else: `https:host`, a
    // line end in the middle, a backslash for a slash.
    let is_absolute = ["https://", "http://"].iter().any(|start| {
        let found = text.get(..start.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(start))
    });
    match Url::parse(text) {
        _ if text.contains(|c: char| c.is_whitespace() || c == '\\') => {
            Some("must not contain white space or a backslash")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            Some("must not carry a user name or a password: https://host/path")
        }
        Ok(_) if is_absolute && text.len() > 2048 => Some("must have at most 2048 bytes"),
        Ok(_) if is_absolute => None,
        _ => Some("must be an absolute URL that starts with https:// or http://"),
    }
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    !local.is_empty()
        && !domain.is_empty()
        && text.len() <= 254
        && !text.chars().any(|c| c.is_whitespace() || matches!(c, '<' | '>' | ','))
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
}

fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\r')
}

fn wrong_type(path: &Path<'_>, wanted: &str, value: &Value) -> Error {
    wrong(path, code::INVALID_TYPE, &format!("must be {wanted}, not {}", describe(value)))
}

/// Describes a value by its type, and a number by itself; never by a text, which may be a secret.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "a boolean (bool)".into(),
        Value::Number(number) if number.is_f64() => format!("the decimal number {number}"),
        Value::Number(_) => "a number".into(),
        Value::String(_) => "a string".into(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Cuts a key that the caller chose to a length that a message can carry.
fn clip(key: &str) -> String {
    key.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// Counts the edits between two short texts, an exchange of neighbours being one.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let mut least = (rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]))
                    .min(rows[i - 1][j] + 1)
                    .min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

/// Builds a [`Value`] and notes the path of the first thing that it refuses.
struct Strict<'a> {
    path: Path<'a>,
    depth: usize,
    failure: &'a mut Option<Error>,
}

impl Strict<'_> {
    fn fail<E: serde::de::Error>(
        &mut self,
        code: &'static str,
        path: impl fmt::Display,
        message: String,
    ) -> E {
        self.failure.get_or_insert_with(|| Error::validation(code, path.to_string(), message));
        E::custom("refused")
    }

    fn check_depth<E: serde::de::Error>(&mut self) -> Result<(), E> {
        if self.depth < MAX_DEPTH {
            return Ok(());
        }
        let path: String = self.path.to_string().chars().take(200).collect();
        let message = format!("arrays and objects must nest at most {MAX_DEPTH} deep");
        Err(self.fail(code::NESTING_TOO_DEEP, path, message))
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut items = Vec::new();
        loop {
            let seed = Strict {
                path: Path::Item(&self.path, items.len()),
                depth: self.depth + 1,
                failure: self.failure,
            };
            match access.next_element_seed(seed)? {
                Some(item) => items.push(item),
                None => return Ok(Value::Array(items)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<Value, A::Error> {
        self.check_depth()?;
        let mut map = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            let place = self.path;
            let path = Path::Key(&place, &key);
            if map.contains_key(&key) {
                let message = format!("the key {} appears twice; keep one", clip(&key));
                return Err(self.fail(code::DUPLICATE_KEY, path, message));
            }
            let seed = Strict { path, depth: self.depth + 1, failure: self.failure };
            let value = access.next_value_seed(seed)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ITEM: Object = Object {
        name: "Item",
        doc: "An item.",
        fields: &[
            Field::required("amount", Kind::Amount { min: 0 }, Origin::Documented, "The amount."),
            Field::optional("url", Kind::HttpUrl, Origin::Documented, "A link."),
            Field::optional("currency", Kind::Currency, Origin::Documented, "A currency."),
        ],
    };
    static ITEMS: Object = Object {
        name: "Items",
        doc: "Items.",
        fields: &[Field::required(
            "items",
            Kind::List { of: &Kind::Object(&ITEM), max: 3 },
            Origin::Documented,
            "The items.",
        )],
    };

    fn refusal(value: Value, strictness: Strictness) -> (String, Option<String>) {
        let error = ITEMS.check(&value, strictness).unwrap_err();
        (error.code().to_owned(), error.param().map(str::to_owned))
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        let cases = [
            (
                json!({"items": [{"amount": 1}, {"amount": 19.99}]}),
                "invalid_type",
                "items[1].amount",
            ),
            (json!({"items": [{"amount": true}]}), "invalid_type", "items[0].amount"),
            (
                json!({"items": [{"amount": 9_223_372_036_854_775_808_u64}]}),
                "out_of_range",
                "items[0].amount",
            ),
            (json!({"items": [{"amount": 1e30}]}), "out_of_range", "items[0].amount"),
            (json!({"items": [{"amount": 1, "amuont": 1}]}), "unknown_field", "items[0].amuont"),
            (json!({"items": [{}]}), "missing_field", "items[0].amount"),
            (json!({"items": [1]}), "invalid_type", "items[0]"),
            (
                json!({"items": [{"amount": 1, "url": "javascript:x"}]}),
                "invalid_url",
                "items[0].url",
            ),
            (
                json!({"items": [{"amount": 1, "currency": "USB"}]}),
                "invalid_value",
                "items[0].currency",
            ),
            (json!({}), "missing_field", "items"),
        ];
        for (value, code, param) in cases {
            let found = refusal(value.clone(), Strictness::Full);
            assert_eq!(found, (code.to_owned(), Some(param.to_owned())), "{value}");
        }
    }

    #[test]
    fn a_client_checks_types_only() {
        let lenient = json!({"items": [{"amount": -1, "url": "javascript:x", "new": 1}]});
        ITEMS.check(&lenient, Strictness::Types).unwrap();
        let large = json!({"k".repeat(100): "x".repeat(1000)});
        let metadata = Kind::Metadata { max: 0, max_key: 40, max_value: 500 };
        metadata.check(&large, Strictness::Types, &Path::Root).unwrap();
        let wrong = json!({"items": [{"amount": true}]});
        assert_eq!(refusal(wrong, Strictness::Types).0, "invalid_type");
    }

    #[test]
    fn repeated_keys_and_deep_nesting_are_refused_with_their_path() {
        let twice = parse(br#"{"items": [{"amount": 1, "amount": 2}]}"#).unwrap_err();
        assert_eq!((twice.code(), twice.param()), ("duplicate_key", Some("items[0].amount")));
        let deep = parse("[".repeat(10_000).as_bytes()).unwrap_err();
        assert_eq!(deep.code(), "nesting_too_deep");
    }

    #[test]
    fn broken_json_is_located() {
        let error = parse(b"{\n \"a\": 1,}").unwrap_err();
        assert_eq!(error.code(), "malformed_json");
        assert!(error.message().contains("line 2, column 9"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = parse(&bytes).and_then(|value| ITEMS.check(&value, Strictness::Full));
        }
    }
}
