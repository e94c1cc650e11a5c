//! Takes secrets out of what is shown.

use serde_json::Value;
use url::form_urlencoded;

/// What stands for a secret.
const MASK: &str = "••••";
/// Fields whose value is a secret whatever it looks like; written without regard to case, `_` and `-`.
const SECRET_FIELDS: &[&str] = &[
    "auth",
    "bearer",
    "cookie",
    "credential",
    "credentials",
    "cvc",
    "cvv",
    "jwt",
    "number",
    "pan",
    "pass",
    "passphrase",
    "pwd",
    "secretkeybase",
    "setcookie",
];
/// What the name of such a field ends with, as in `clientSecret` and `X-API-Key`.
const SECRET_ENDINGS: &[&str] = &[
    "accesskey",
    "apikey",
    "authorization",
    "cardnumber",
    "passwd",
    "password",
    "privatekey",
    "secret",
    "secretkey",
    "signingkey",
    "token",
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

/// Masks what looks like a secret in a text: keys, tokens, card numbers; and what a URL within it may
/// keep secret: its user-info, and the values of its query and fragment by their names.
pub fn text(text: &str) -> String {
    if let Some((before, url)) = whole_url(text) {
        return format!("{before}{}", after_scheme(url));
    }
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        masked += &words(before);
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '<' | '>' | '`' | '\\');
        let end = url.find(is_end).unwrap_or(url.len());
        masked += &after_scheme(&url[..end]);
        rest = &url[end..];
    }
    masked + &words(rest)
}

/// Splits a text that begins as a URL behind its scheme. Browsers take `https:a.example` and
/// `//a.example` for URLs too, and a quote or a blank in a password does not end it.
fn whole_url(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start();
    let is_scheme = |scheme: &&str| {
        rest.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
    };
    let scheme = ["https:", "http:"].into_iter().find(is_scheme).map_or(0, str::len);
    let url = rest[scheme..].trim_start_matches(['/', '\\']);
    let slashes = rest.len() - scheme - url.len();
    (scheme > 0 || slashes > 1).then(|| text.split_at(text.len() - url.len()))
}

/// Masks what follows `https://`.
fn after_scheme(url: &str) -> String {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, rest) = url.split_at(end);
    let mut masked = match authority.rsplit_once('@') {
        Some((_, host)) => format!("{MASK}@{}", words(host)),
        None => words(authority),
    };
    let (path, rest) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    masked += &text(path);
    let (asked, fragment) = match rest.split_once('#') {
        Some((asked, fragment)) => (asked, Some(fragment)),
        None => (rest, None),
    };
    if let Some(asked) = asked.strip_prefix('?') {
        masked.push('?');
        masked += &pairs(asked);
    }
    if let Some(fragment) = fragment {
        masked.push('#');
        masked += &pairs(fragment);
    }
    masked
}

/// Masks `name=value&…` as it is written; the names and what they decide are decoded.
fn pairs(written: &str) -> String {
    let masked = written.split_inclusive(['&', ';']).map(|part| {
        let pair = part.trim_end_matches(['&', ';']);
        format!("{}{}", one_pair(pair), &part[pair.len()..])
    });
    masked.collect()
}

fn one_pair(pair: &str) -> String {
    match pair.split_once('=') {
        Some((name, value)) => {
            let decoded = form_urlencoded::parse(pair.as_bytes()).next();
            let (plain_name, plain) = decoded.unwrap_or_default();
            let shown = match is_secret_field(&plain_name) {
                true => secret(&plain),
                // One that shows a secret once it is decoded is shown decoded, and masked.
                false if text(&plain) != plain => text(&plain),
                false => words(value),
            };
            format!("{}={shown}", words(name))
        }
        None => words(pair),
    }
}

/// Masks what looks like a secret in a text without a URL.
fn words(text: &str) -> String {
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

/// Masks a path as a request names it. What is percent-encoded could hide anything, so it ends there.
pub fn path(path: &str) -> String {
    match path.split_once('%') {
        Some((plain, _)) => format!("{}…", text(plain)),
        None => text(path),
    }
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

/// Tells a field that holds a secret by its name: `api_key`, `apiKey`, `X-API-Key`.
fn is_secret_field(name: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    SECRET_FIELDS.contains(&&*name) || SECRET_ENDINGS.iter().any(|end| name.ends_with(end))
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
    fn a_field_is_known_by_its_name_however_it_is_written() {
        for name in [
            "apiKey",
            "api_key",
            "API-KEY",
            "X-API-Key",
            "authorization",
            "Proxy-Authorization",
            "clientSecret",
            "client_secret",
            "session_token",
            "sessionToken",
            "SessionToken",
            "webhook-secret",
            "access_token",
            "newPassword",
            "passwd",
            "CVC",
            "card_number",
            "cardNumber",
            "private_key",
            "Cookie",
            "set-cookie",
            "auth",
            "jwt",
            "pass",
            "pwd",
        ] {
            let shown =
                json(json!({ name: "hunter2", "x": {name: ["hunter2"]} }).to_string().as_bytes());
            assert!(!shown.unwrap().to_string().contains("hunter2"), "{name}");
        }
        for name in ["token_type", "id", "key", "quantity", "numbers", "secretary", "company"] {
            let shown = json(json!({ name: "shown" }).to_string().as_bytes()).unwrap();
            assert_eq!(shown[name], "shown", "{name}");
        }
    }

    #[test]
    fn a_url_within_a_text_keeps_its_user_info_and_its_secrets() {
        for (given, shown) in [
            ("https://ann:hunter2@shop.example/ok", "https://••••@shop.example/ok"),
            ("see http://hunter2@127.0.0.1:80, then", "see http://••••@127.0.0.1:80, then"),
            ("postgres://u:p%40ss@db/shop", "postgres://••••@db/shop"),
            ("https://a.example/?apiKey=hunter2&n=1", "https://a.example/?apiKey=••••&n=1"),
            ("https://a.example/?api%5Fkey=hunter2", "https://a.example/?api%5Fkey=••••"),
            (
                "https://a.example?x=1#access_token=hunter2",
                "https://a.example?x=1#access_token=••••",
            ),
            ("http://a/?next=http%3A%2F%2Fu%3Ahunter2%40b%2F", "http://a/?next=http://••••@b/"),
            ("http://a/http://u:hunter2@b/", "http://a/http://••••@b/"),
            ("<a href=\"http://a/?token=hunter2\">b</a>", "<a href=\"http://a/?token=••••\">b</a>"),
            ("https://shop.example/ok?order=7&s={ID}", "https://shop.example/ok?order=7&s={ID}"),
            ("https:ann:hunter2@b.example/", "https:••••@b.example/"),
            (r"HTTP:\\ann:hunter2@b.example", r"HTTP:\\••••@b.example"),
            ("//ann:hunter2@b.example/x", "//••••@b.example/x"),
            ("https://ann:x\"hunter2@b.example/", "https://••••@b.example/"),
            ("https://ann:x hunter2@b.example/", "https://••••@b.example/"),
            (r"https://ann:x\hunter2@b.example/", "https://••••@b.example/"),
            ("https://a.example/?token=x\"hunter2", "https://a.example/?token=••••"),
            ("https://a.example/?n=1;token=hunter2&m=2", "https://a.example/?n=1;token=••••&m=2"),
            ("https://a.example/?next=%2F%2Fu:hunter2@b", "https://a.example/?next=//••••@b"),
            ("https://a.example/ see http://u:hunter2@b", "https://a.example/ see http://••••@b"),
            ("mail ann@shop.example", "mail ann@shop.example"),
        ] {
            assert_eq!(text(given), shown);
        }
    }

    #[test]
    fn a_path_is_masked_and_ends_where_it_could_hide_something() {
        assert_eq!(path(&format!("/x/fs_test_{HEX}/y")), "/x/fs_test_••••4567/y");
        assert_eq!(path("/x/fs%5Ftest%5F0"), "/x/fs…");
        assert_eq!(path("/pay/4242-4242-4242-4242"), "/pay/•••• 4242");
    }

    #[test]
    fn a_query_is_masked_after_it_was_decoded() {
        let given = format!("token=%61bc&limit=20&x=fs%5Ftest%5F{HEX}");
        assert_eq!(query(&given), "token=••••&limit=20&x=fs_test_••••4567");
    }
}
