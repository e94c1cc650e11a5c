//! How values are read that the wire may give in more than one form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
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
pub(crate) fn read_answer<T: DeserializeOwned>(name: &str, json: &[u8]) -> Result<T> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(rename = "success")]
        _success: bool,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let refuse = |detail: String| {
        let message = format!("not {name} as the API answers it: {detail}");
        Error::new(ErrorKind::Validation, code::MALFORMED_JSON, message)
    };
    let text = std::str::from_utf8(json)
        .map_err(|error| refuse(format!("not utf-8 at byte {}", error.valid_up_to())))?;
    let answer = match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => envelope.data.get(),
        Err(_) => text,
    };
    // serde reads an array as a struct, field by field
    if [text, answer].iter().any(|text| text.trim_start().starts_with('[')) {
        return Err(refuse("expected an object".to_owned()));
    }
    serde_json::from_str(answer).map_err(|error| refuse(detail(&error)))
}

/// Gives serde's message with the place but without the wrong value, which may be personal.
pub(crate) fn detail(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => text,
    }
}
