//! How values are read that the wire may give in more than one form.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{Error, Result, code};

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
    let refuse = |error: serde_json::Error| {
        let message = format!("not {name} as the API answers it: {}", detail(&error));
        Error::new(crate::error::ErrorKind::Validation, code::MALFORMED_JSON, message)
    };
    let mut answer: Value = serde_json::from_slice(json).map_err(refuse)?;
    if answer["success"].is_boolean() && answer["data"].is_object() {
        answer = answer["data"].take();
    }
    if answer.is_array() {
        // serde would read it field by field
        return Err(refuse(serde::de::Error::custom("expected an object")));
    }
    serde_json::from_value(answer).map_err(refuse)
}

/// Gives serde's message with the place but without the wrong value, which may be personal.
pub(crate) fn detail(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => text,
    }
}
