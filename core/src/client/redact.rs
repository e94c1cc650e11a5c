//! Makes a text that somebody else wrote fit for an error or a log.

use crate::secret::Secret;

/// Beyond this a message helps nobody.
const MAX_CHARACTERS: usize = 500;

/// Replaces the API key where the text echoes it, and control characters, and cuts what is too long.
pub(super) fn clean(text: &str, api_key: &Secret) -> String {
    // Cut last: half a key at the cut would not be found any more.
    text.replace(char::is_control, " ")
        .replace(api_key.expose(), "[redacted]")
        .chars()
        .take(MAX_CHARACTERS)
        .collect()
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
