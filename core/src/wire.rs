//! How values are read that the wire may give in more than one form.

use jiff::civil::Date;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::error::{Error, ErrorKind, Result, code};

/// Reads null as the type's default.
pub(crate) fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Reads an answer of the API that someone passed on, by itself or in its envelope.
///
/// What is no such answer gets `malformed_json`, `missing_field`, `invalid_type` or `duplicate_key`,
/// with the path of the place, and `request_failed` where it tells of a failure.
pub(crate) fn read_answer<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        success: bool,
        #[serde(default)]
        message: Value,
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    let refuse = |code, detail: String| {
        let message = format!("not {name} as the API answers it: {detail}");
        Error::new(ErrorKind::Validation, code, message)
    };
    let text = std::str::from_utf8(json).map_err(|error| {
        refuse(code::MALFORMED_JSON, format!("not utf-8 at byte {}", error.valid_up_to()))
    })?;
    let answer = match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(Envelope { success: false, message, .. }) => {
            let message = message.as_str().unwrap_or("it does not say why");
            let message: String = message.chars().filter(|c| !c.is_control()).take(500).collect();
            return Err(refuse(code::REQUEST_FAILED, format!("it tells of a failure: {message}")));
        }
        Ok(Envelope { data: Some(data), .. }) => data.get(),
        _ => text,
    };
    if is_array(text) {
        return Err(refuse(code::INVALID_TYPE, "expected an object".to_owned()));
    }
    read_object(answer, refuse)
}

/// Reads a JSON object, and says with `refuse` how it does not fit.
pub(crate) fn read_object<T: DeserializeOwned>(
    text: &str,
    refuse: impl Fn(&'static str, String) -> Error,
) -> Result<T> {
    // serde reads an array as a struct, field by field
    if is_array(text) {
        return Err(refuse(code::INVALID_TYPE, "expected an object".to_owned()));
    }
    serde_json::from_str(text).map_err(|error| {
        let Misfit { code, path, what } = Misfit::of(text, &error);
        let refused = refuse(code, what);
        if path.is_empty() { refused } else { refused.with_param(path) }
    })
}

fn is_array(text: &str) -> bool {
    text.trim_start().starts_with('[')
}

/// Reads a date. Without jiff's own message, since all of its texts take 13 KB of a phone's library.
pub(crate) fn date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_| D::Error::custom("expected a date such as 2026-11-22"))
}

/// Reads a date, or null as none.
pub(crate) fn date_or_none<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Date>, D::Error> {
    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "date")] Date);

    Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(date)| date))
}

/// Says in plain words what serde_json says of a text that is no JSON.
pub(crate) fn plainly(what: &str) -> &str {
    match what {
        "lone leading surrogate in hex escape" | "unexpected end of hex escape" => {
            "a text has a lone surrogate, an escape such as \\ud83d without its other half; write both \
             halves, or the character itself"
        }
        other => other,
    }
}

/// Gives serde's message with the place but without the wrong value, which may be personal.
pub(crate) fn detail(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => match text.split_once(" at line ") {
            Some((what, place)) => format!("{} at line {place}", plainly(what)),
            None => text,
        },
    }
}

/// How a JSON text does not fit the type that it was read as. It quotes no value, which may be
/// personal.
pub(crate) struct Misfit {
    pub(crate) code: &'static str,
    /// Such as `session.line_items[1].quantity`; empty where it is the whole text.
    pub(crate) path: String,
    /// Such as `quantity must be an integer of 64 bits`.
    pub(crate) what: String,
}

impl Misfit {
    pub(crate) fn of(text: &str, error: &serde_json::Error) -> Self {
        let message = error.to_string();
        let (line, column) = (error.line(), error.column());
        // the last, since the text that does not fit may say the same
        let what = message.rsplit_once(" at line ").map_or(message.as_str(), |it| it.0);
        if !error.is_data() {
            let what = format!("{} at line {line}, column {column}", plainly(what));
            return Self { code: code::MALFORMED_JSON, path: String::new(), what };
        }
        let place = place_at(text, line, column);
        let field = message.split('`').nth(1).unwrap_or_default();
        if what.starts_with("missing field") {
            let dot = if place.is_empty() { "" } else { "." };
            let (path, what) = (format!("{place}{dot}{field}"), format!("{field} is missing"));
            return Self { code: code::MISSING_FIELD, path, what };
        }
        if what.starts_with("duplicate field") {
            let what = format!("{field} is there twice");
            return Self { code: code::DUPLICATE_KEY, path: place, what };
        }
        let wanted = match what.rsplit_once(", expected ").map_or("another type", |it| it.1) {
            "i64" => "an integer of 64 bits",
            "a boolean" => "true or false",
            "a sequence" => "a list",
            wanted if wanted == "a map" || wanted.starts_with("struct ") => "an object",
            wanted => wanted,
        };
        let last = place.rsplit('.').next().filter(|it| !it.is_empty()).unwrap_or("the text");
        let what = format!("{last} must be {wanted}");
        Self { code: code::INVALID_TYPE, what, path: place }
    }
}

/// Gives the path of the value that ends at a place of a JSON text, up to which the text is valid.
pub(crate) fn place_at(text: &str, line: usize, column: usize) -> String {
    enum Level<'a> {
        Key(&'a str),
        Item(usize),
    }
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let end = (before + column).min(text.len());
    let bytes = &text.as_bytes()[..end];
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut at = 0;
    while at < end {
        match bytes[at] {
            b'"' => {
                let start = at + 1;
                at = start;
                while at < end && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let after = text.get(at + 1..).unwrap_or_default().trim_start();
                if after.starts_with(':')
                    && let Some(Level::Key(key)) = levels.last_mut()
                {
                    *key = text.get(start..at).unwrap_or_default();
                }
            }
            b'{' => levels.push(Level::Key("")),
            b'[' => levels.push(Level::Item(0)),
            b'}' | b']' => drop(levels.pop()),
            b',' => {
                if let Some(Level::Item(index)) = levels.last_mut() {
                    *index += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    let mut path = String::new();
    for level in levels {
        match level {
            Level::Key("") => {}
            Level::Key(key) => {
                let dot = if path.is_empty() { "" } else { "." };
                path = format!("{path}{dot}{}", key.chars().take(64).collect::<String>());
            }
            Level::Item(index) => path = format!("{path}[{index}]"),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::place_at;

    proptest! {
        #[test]
        fn no_place_panics(text in r#"[{}\[\]",:\\aé\n]{0,40}"#, line in 0_usize..4, column in 0_usize..50) {
            place_at(&text, line, column);
        }
    }
}
