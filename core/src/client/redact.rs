//! Makes a text that somebody else wrote fit for an error or a log.

use http::HeaderMap;
use http::header::SET_COOKIE;

use crate::secret::Secret;

/// Beyond this a message helps nobody.
const MAX_CHARACTERS: usize = 500;
/// As many headers as an error keeps.
const MAX_HEADERS: usize = 64;

/// Replaces the API key where the text echoes it, and control characters, and cuts what is too long.
pub(super) fn clean(text: &str, api_key: &Secret) -> String {
    // Cut last: half a key at the cut would not be found any more.
    text.replace(char::is_control, " ")
        .replace(api_key.expose(), "[redacted]")
        .chars()
        .take(MAX_CHARACTERS)
        .collect()
}

/// Gives an answer's headers for an error: bounded, without cookies and without the API key.
pub(super) fn clean_headers(headers: &HeaderMap, api_key: &Secret) -> Vec<(String, String)> {
    let headers = headers.iter().filter(|(name, _)| **name != SET_COOKIE).take(MAX_HEADERS);
    let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (clean(name.as_str(), api_key), clean(&value, api_key))
    };
    headers.map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_key_is_not_kept() {
        let key = Secret::new("sk_live_CANARY");
        assert_eq!(
            clean("unknown key sk_live_CANARY,\r\nreally", &key),
            "unknown key [redacted],  really"
        );
        let long = format!("{}sk_live_CANARY", "x".repeat(MAX_CHARACTERS - 8));
        assert!(!clean(&long, &key).contains("sk_live"));
        assert_eq!(clean(&"x".repeat(10_000), &key).len(), MAX_CHARACTERS);
    }
}
