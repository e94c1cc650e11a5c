//! Runs every file of `tests/vectors`; `tests/README.md` has the schema and the rules of a runner.

#![allow(clippy::expect_used, clippy::unwrap_used)] // clippy does not see that the helpers are tests

mod compare;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faststar::client::rules;
use faststar::payment_check::order_from_value;
use faststar::schema;
use faststar::tax::RateTable;
use faststar::webhook::{Verifier, sign_all};
use faststar::{
    Cart, Cashier, Catalog, CreateSession, Date, Error, Event, MerchantKind, Money, QuoteOptions,
    Result, ReturnOutcome, ReturnUrls, Session,
};
use serde_json::{Value, json};

use compare::check_ok;

/// Does what a file is named after with a case's input.
type Op = fn(&Value) -> Result<Value>;

/// Every op by its name. A file whose op is not here fails, and so does an op without a file.
const OPS: &[(&str, Op)] = &[
    ("cashier_return", cashier_return),
    ("cashier_url", cashier_url),
    ("check_payment", check_payment),
    ("create_price_strict", |input| rules::apply("create_price_strict", input.clone())),
    ("create_product_strict", |input| rules::apply("create_product_strict", input.clone())),
    ("create_session_strict", |input| rules::apply("create_session_strict", input.clone())),
    ("create_session_types", |input| rules::apply("create_session_types", input["value"].clone())),
    ("event_parse", event_parse),
    ("line_items", line_items),
    ("money_format", money_format),
    ("money_parse", money_parse),
    ("place_parse", |input| rules::apply("place_parse", input.clone())),
    ("quote", quote),
    ("outcome_unknown", |input| rules::apply("outcome_unknown", input.clone())),
    ("retry_decision", |input| rules::apply("retry_decision", input.clone())),
    ("session_status", |input| rules::apply("session_status", input.clone())),
    ("session_transition", |input| rules::apply("session_transition", input.clone())),
    ("subscription_start", |input| rules::apply("subscription_start", input.clone())),
    ("tax_rate", tax_rate),
    ("totals", totals),
    ("webhook_sign", webhook_sign),
    ("webhook_verify", webhook_verify),
];

fn totals(input: &Value) -> Result<Value> {
    let quote = Cart::from_value(input.clone())?.quote(date("2026-11-22"))?;
    Ok(to_value(quote))
}

fn quote(input: &Value) -> Result<Value> {
    let (request, catalog, options) = quoted(input)?;
    Ok(to_value(faststar::quote(&request, &catalog, &options)?))
}

fn quoted(input: &Value) -> Result<(CreateSession, Catalog, QuoteOptions)> {
    let catalog = input.get("catalog").cloned().unwrap_or_else(|| json!({}));
    Ok((
        create_session(&input["request"])?,
        Catalog::from_value(catalog)?,
        QuoteOptions::from_value(input["options"].clone())?,
    ))
}

fn line_items(input: &Value) -> Result<Value> {
    create_session(&input["request"])?.validate(merchant(input).as_ref())?;
    Ok(json!({}))
}

fn money_format(input: &Value) -> Result<Value> {
    let money = Money::new(read(&input["amount"]), text(input, "currency").parse()?);
    Ok(json!({"text": money.to_string()}))
}

fn money_parse(input: &Value) -> Result<Value> {
    text(input, "text").parse::<Money>().map(to_value)
}

fn tax_rate(input: &Value) -> Result<Value> {
    let place = text(input, "place").parse()?;
    let category = input.get("category").and_then(Value::as_str);
    let found = RateTable::bundled().find(&place, category, date(text(input, "on")))?;
    Ok(json!({
        "rate_ppm": found.rate, "behaviour": found.behaviour, "name": found.name,
        "category": found.category, "as_of": found.as_of, "confidence": found.confidence,
    }))
}

fn webhook_verify(input: &Value) -> Result<Value> {
    let mut secrets = words(input, "secrets");
    let mut verifier = Verifier::new(secrets.next().expect("a secret"))?;
    for secret in secrets {
        verifier = verifier.and_secret(secret)?;
    }
    if let Some(seconds) = input.get("tolerance_s") {
        verifier = verifier.tolerance(Duration::from_secs(read(seconds)));
    }
    let event_id = input.get("event_id").and_then(Value::as_str);
    let header = text(input, "header");
    let event = verifier.verify_with_id(&body(input), header, event_id, read(&input["now"]))?;
    Ok(to_value(event))
}

fn webhook_sign(input: &Value) -> Result<Value> {
    let header = sign_all(&body(input), words(input, "secrets"), read(&input["timestamp"]));
    Ok(json!({"header": header}))
}

fn event_parse(input: &Value) -> Result<Value> {
    Event::parse(&body(input)).map(to_value)
}

fn check_payment(input: &Value) -> Result<Value> {
    let event = Event::parse(input["event"].to_string().as_bytes())?;
    let order = input.get("order").cloned().map(order_from_value);
    let session = input.get("session").map(|it| Session::from_json(it.to_string().as_bytes()));
    let (order, session) = (order.transpose()?, session.transpose()?);
    faststar::check_payment(&event, order.as_ref(), session.as_ref()).map(to_value)
}

fn cashier_url(input: &Value) -> Result<Value> {
    let mut cashier = Cashier::live();
    for origin in words(input, "allow_origins") {
        cashier = cashier.allow_origin(origin)?;
    }
    let url = cashier.check(text(input, "url"))?;
    Ok(json!({"url": url.as_str(), "session_id": url.session_id(), "shown": url.to_string()}))
}

fn cashier_return(input: &Value) -> Result<Value> {
    let urls = ReturnUrls::new(text(input, "success_url"), text(input, "cancel_url"))?;
    let outcome = match urls.outcome(text(input, "came_back_to")) {
        ReturnOutcome::Success => "success",
        ReturnOutcome::Cancel => "cancel",
        ReturnOutcome::Other => "other",
    };
    Ok(json!({"outcome": outcome}))
}

/// Reads a request as a language package reads what its user gave.
fn create_session(value: &Value) -> Result<CreateSession> {
    CreateSession::from_value(value.clone())
}

fn merchant(input: &Value) -> Option<MerchantKind> {
    input.get("merchant").map(read)
}

fn text<'a>(input: &'a Value, key: &str) -> &'a str {
    let text = input[key].as_str();
    text.unwrap_or_else(|| panic!("the input needs a text {key}"))
}

fn date(text: &str) -> Date {
    text.parse().expect("a date")
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("a readable input")
}

fn to_value(result: impl serde::Serialize) -> Value {
    serde_json::to_value(result).expect("a result is JSON")
}

fn body(input: &Value) -> Vec<u8> {
    match input.get("body_b64") {
        Some(_) => base64(text(input, "body_b64")),
        None => text(input, "body").into(),
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.trim_end_matches('=').chars() {
        bits = (bits << 6) | u32::try_from(DIGITS.find(digit).expect("base64")).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    bytes
}

#[test]
fn every_vector_holds() {
    let mut failures = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        match run_file(&file, &name) {
            Ok(wrong) => failures.extend(wrong),
            Err(problem) => failures.push(format!("{name}: {problem}")),
        }
        seen.insert(name);
    }
    let unused = OPS.iter().filter(|(op, _)| !seen.contains(*op));
    failures.extend(unused.map(|(op, _)| format!("{op}: no file of this name")));
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let entries = fs::read_dir(folder).expect("tests/vectors exists");
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Runs a file and tells what is wrong with its cases, or with the file itself.
fn run_file(path: &Path, name: &str) -> Result<Vec<String>, String> {
    // The strict parser, so that a key that stands twice in a vector is seen.
    let file = schema::parse(&fs::read(path).unwrap()).map_err(|error| error.to_string())?;
    only_keys(&file, &["op", "cases"])?;
    if file["op"] != name {
        return Err(format!("the op must be named like the file, not {}", file["op"]));
    }
    let known = OPS.iter().find(|(op, _)| *op == name);
    let (_, op) = known.ok_or("the runner does not know this op")?;
    let cases = file["cases"].as_array().ok_or("no cases")?;
    if cases.is_empty() {
        return Err("no cases".into());
    }
    let mut ids = BTreeSet::new();
    let mut failures = Vec::new();
    for case in cases {
        let id = case["id"].as_str().ok_or("a case without an id")?;
        let is_new = ids.insert(id);
        let outcome = match is_new {
            true => run_case(case, id, *op),
            false => Err("two cases have this id".into()),
        };
        failures.extend(outcome.err().map(|problem| format!("{name}/{id}: {problem}")));
    }
    Ok(failures)
}

fn run_case(case: &Value, id: &str, op: Op) -> Result<(), String> {
    only_keys(case, &["id", "why", "source", "note", "tags", "input", "ok", "error"])?;
    if !id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err("an id is in snake_case".into());
    }
    let input = case.get("input").ok_or("no input")?;
    let outcome = std::panic::catch_unwind(|| op(input)).map_err(|_| "it panicked, see above")?;
    match (outcome, case.get("ok"), case.get("error")) {
        (Ok(got), Some(wanted), None) => check_ok(wanted, &got, "ok"),
        (Err(error), None, Some(wanted)) => check_error(wanted, &error),
        (Ok(got), None, Some(wanted)) => Err(format!("expected {wanted}, got {got}")),
        (Err(error), Some(_), None) => Err(format!("expected ok, got {error:?}")),
        (_, Some(_), Some(_)) | (_, None, None) => {
            Err("either ok or error, and one of them".into())
        }
    }
}

fn check_error(wanted: &Value, error: &Error) -> Result<(), String> {
    only_keys(wanted, &["code", "kind", "param", "message_mentions", "message_never_contains"])?;
    let is_kind = wanted.get("kind").is_none_or(|kind| kind == error.kind().as_str());
    let is_param = wanted.get("param").and_then(Value::as_str) == error.param();
    if wanted["code"] != error.code() || !is_kind || !is_param {
        return Err(format!("expected {wanted}, got {error:?}"));
    }
    for word in words(wanted, "message_mentions") {
        if !error.message().contains(word) {
            return Err(format!("the message does not mention {word:?}: {error:?}"));
        }
    }
    for word in words(wanted, "message_never_contains") {
        if format!("{error} {error:?}").contains(word) {
            return Err(format!("the message contains {word:?}: {error:?}"));
        }
    }
    Ok(())
}

fn words<'a>(wanted: &'a Value, key: &str) -> impl Iterator<Item = &'a str> {
    let words = wanted[key].as_array().into_iter().flatten();
    words.map(|word| word.as_str().expect("a text"))
}

fn only_keys(value: &Value, known: &[&str]) -> Result<(), String> {
    let map = value.as_object().ok_or("must be an object")?;
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unknown key {key}")),
        None => Ok(()),
    }
}
