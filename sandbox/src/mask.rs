//! Takes secrets out of what is shown.

use serde_json::Value;
use url::form_urlencoded;

/// What stands for a secret.
const MASK: &str = "••••";
/// Fields whose value is a secret whatever it looks like.
const SECRET_FIELDS: &[&str] = &[
    "api_key",
    "client_secret",
    "cvc",
    "number",
    "password",
    "secret",
    "session_token",
    "token",
    "webhook_secret",
];
/// How many hexadecimal digits in a row are taken for a secret: the sandbox's own have 40.
const SECRET_DIGITS: usize = 32;
/// How many digits a card number has.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 12..=19;

/// Shows what a secret begins and ends with, where enough is left unknown: `fs_test_••••3f9a`.
pub fn secret(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let begin: String = ["fs_test_", "fs_live_", "whsec_"]
        .into_iter()
        .find(|prefix| text.starts_with(prefix))
        .unwrap_or_default()
        .into();
    let end = if chars.len() >= begin.len() + 20 { &chars[chars.len() - 4..] } else { &[] };
    format!("{begin}{MASK}{}", end.iter().collect::<String>())
}

/// Masks what looks like a secret in a text: keys, tokens, card numbers.
pub fn text(text: &str) -> String {
    // A URL within a text has its token after this.
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let card = card_length(rest);
        if let Some(length) = card.filter(|length| *length >= end) {
            masked += &card_shown(&rest[..length]);
            rest = &rest[length..];
        } else if end == 0 {
            let next = rest.chars().next().map_or(0, char::len_utf8);
            masked += &rest[..next];
            rest = &rest[next..];
        } else {
            let word = &rest[..end];
            masked += &if is_secret(word) { secret(word) } else { word.to_owned() };
            rest = &rest[end..];
        }
    }
    masked
}

/// Masks the values of a JSON text; `None` for what is no JSON, which cannot be masked for sure.
pub fn json(bytes: &[u8]) -> Option<Value> {
    let mut value = serde_json::from_slice(bytes).ok()?;
    walk(&mut value);
    Some(value)
}

/// Masks the query of a URL.
pub fn query(query: &str) -> String {
    let mut masked = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = if is_secret_field(&name) { secret(&value) } else { text(&value) };
        masked.push(format!("{}={value}", text(&name)));
    }
    masked.join("&")
}

fn walk(value: &mut Value) {
    match value {
        Value::String(found) => *found = text(found),
        Value::Number(number) => {
            let digits = number.to_string();
            if CARD_DIGITS.contains(&digits.len()) && passes_luhn(&digits) {
                *value = card_shown(&digits).into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(walk),
        Value::Object(fields) => {
            let taken = std::mem::take(fields);
            fields.extend(taken.into_iter().map(|(name, mut value)| {
                if is_secret_field(&name) {
                    hide(&mut value);
                } else {
                    walk(&mut value);
                }
                (text(&name), value)
            }));
        }
        Value::Null | Value::Bool(_) => {}
    }
}

/// Masks whatever stands where a secret belongs.
fn hide(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::String(text) if card_length(text) == Some(text.len()) => {
            *text = card_shown(text);
        }
        Value::String(text) => *text = secret(text),
        _ => *value = MASK.into(),
    }
}

fn is_secret_field(name: &str) -> bool {
    SECRET_FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

fn is_secret(word: &str) -> bool {
    let is_prefixed = ["fs_test_", "fs_live_", "sk_", "whsec_"]
        .iter()
        .any(|prefix| word.len() > prefix.len() && word.starts_with(prefix));
    is_prefixed || longest_hex(word) >= SECRET_DIGITS
}

fn longest_hex(word: &str) -> usize {
    word.split(|c: char| !c.is_ascii_hexdigit()).map(str::len).max().unwrap_or(0)
}

/// Gives the length of the card number that a text begins with: digits, apart or not.
fn card_length(text: &str) -> Option<usize> {
    let (mut digits, mut end) = (0, 0);
    let mut apart = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if c.is_ascii_digit() => {
                digits += 1;
                end = at + 1;
                apart = false;
            }
            ' ' | '-' if digits > 0 && !apart => apart = true,
            _ => break,
        }
    }
    let ends_there = !text[end..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (CARD_DIGITS.contains(&digits) && ends_there).then_some(end)
}

fn card_shown(number: &str) -> String {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    format!("{MASK} {}", &digits[digits.len() - 4..])
}

fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte.wrapping_sub(b'0'));
            let doubled = if at % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const HEX: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_secret_shows_where_it_belongs_and_no_more() {
        assert_eq!(secret(&format!("fs_test_{HEX}")), "fs_test_••••4567");
        assert_eq!(secret("short"), "••••");
        assert_eq!(secret(""), "••••");
        assert_eq!(secret("whsec_of_mine"), "whsec_••••");
    }

    #[test]
    fn secrets_are_found_in_the_midst_of_a_text() {
        for (given, shown) in [
            (format!("key fs_test_{HEX}, and"), "key fs_test_••••4567, and"),
            (
                format!("http://127.0.0.1/checkout/cs_1?token={HEX}"),
                "http://127.0.0.1/checkout/cs_1?token=••••4567",
            ),
            ("4242 4242 4242 4242".into(), "•••• 4242"),
            ("card 4242-4242-4242-4242!".into(), "card •••• 4242!"),
            ("order_10042 of 2026-11-22".into(), "order_10042 of 2026-11-22"),
            ("price_01kc8w3h2m4n6p8r0t2v4x6z8a".into(), "price_01kc8w3h2m4n6p8r0t2v4x6z8a"),
            ("茶 100 g".into(), "茶 100 g"),
        ] {
            assert_eq!(text(&given), shown);
        }
    }

    #[test]
    fn json_is_masked_by_field_and_by_look() {
        let given = json!({
            "token": "x", "secret": null, "card": {"number": 4_242_424_242_424_242_u64, "cvc": "123"},
            "session": {"session_token": HEX, "amount_total": 1079},
            "list": [format!("whsec_{HEX}"), 4_242_424_242_424_242_u64],
            HEX: true, "url": format!("http://x/?token={HEX}"),
        });
        let masked = json(given.to_string().as_bytes()).unwrap();
        assert_eq!(
            masked,
            json!({
                "token": "••••", "secret": null, "card": {"number": "••••", "cvc": "••••"},
                "session": {"session_token": "••••4567", "amount_total": 1079},
                "list": ["whsec_••••4567", "•••• 4242"],
                "••••4567": true, "url": "http://x/?token=••••4567",
            })
        );
        assert_eq!(json(b"{\"secret\": "), None);
    }

    #[test]
    fn a_query_is_masked_after_it_was_decoded() {
        let given = format!("token=%61bc&limit=20&x=fs%5Ftest%5F{HEX}");
        assert_eq!(query(&given), "token=••••&limit=20&x=fs_test_••••4567");
    }
}
