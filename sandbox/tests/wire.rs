//! Hostile requests over a real socket: `tests/wire/hostile.json`.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;

use rusqlite::Connection;
use serde_json::Value;
use support::{Answer, Folder, Sandbox, connect, read_answer, send};

/// Writes out a text, or `{"repeat": [text, times]}`.
fn text(written: &Value) -> String {
    match (written, &written["repeat"]) {
        (Value::String(text), _) => text.clone(),
        (_, repeat) => repeat[0].as_str().unwrap().repeat(repeat[1].as_u64().unwrap() as usize),
    }
}

fn run(step: &Value, sandbox: &Sandbox) -> Answer {
    if let Value::Array(parts) = &step["raw"] {
        let mut stream = connect(&sandbox.address()).unwrap();
        let request = parts.iter().map(text).collect::<String>();
        let request = request.replace("$VALID_KEY", &sandbox.text("api_key"));
        stream.write_all(request.as_bytes()).unwrap();
        return read_answer(&mut stream).unwrap();
    }
    let body = match (&step["raw_body"], &step["json"]) {
        (Value::Null, Value::Null) => String::new(),
        (Value::Null, json) => json.to_string(),
        (raw, _) => text(raw),
    };
    let key = sandbox.text("api_key");
    let headers: Vec<(String, String)> = step["headers"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().replace("$VALID_KEY", &key)))
        .collect();
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let (method, path) = (step["method"].as_str().unwrap(), step["path"].as_str().unwrap());
    send(&sandbox.address(), method, path, &headers, body.as_bytes()).unwrap()
}

fn problems(expected: &Value, answer: &Answer) -> Vec<String> {
    let mut problems = Vec::new();
    let mut check = |holds: bool, what: String| {
        if !holds {
            problems.push(what);
        }
    };
    let body = answer.json();
    let statuses = expected["status"].as_array().unwrap();
    check(statuses.contains(&answer.status.into()), format!("status {}", answer.status));
    check(body["success"] == false && body["data"].is_null(), "the envelope of a failure".into());
    check(body["error"]["code"] == expected["code"], format!("code {}", body["error"]["code"]));
    if let Some(param) = expected.get("param") {
        check(&body["error"]["param"] == param, format!("param {}", body["error"]["param"]));
    }
    let message = body["message"].as_str().unwrap();
    for words in expected["message_mentions"].as_array().unwrap() {
        check(message.contains(words.as_str().unwrap()), format!("{words} in: {message}"));
    }
    for name in expected["headers"].as_array().into_iter().flatten() {
        check(answer.header(name.as_str().unwrap()).is_some(), format!("header {name}"));
    }
    check(answer.header("x-request-id").is_some(), "a request id".into());
    problems
}

#[test]
fn every_hostile_request_gets_its_error_and_changes_nothing() {
    let file: Value = serde_json::from_str(include_str!("../../tests/wire/hostile.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let folder = Folder::new("wire");
    let database = folder.file("sandbox.db");
    let sandbox = Sandbox::start(&["--db", &database]);
    let (mut failures, mut forbidden, mut sessions) = (Vec::new(), Vec::new(), 0);
    for case in cases {
        let (id, expected) = (case["id"].as_str().unwrap(), &case["error"]);
        let steps = case["steps"].as_array().unwrap();
        let (last, before) = steps.split_last().unwrap();
        for step in before {
            assert_eq!(run(step, &sandbox).status, 200, "{id}: a step before the last");
        }
        let answer = run(last, &sandbox);
        for problem in problems(expected, &answer) {
            failures.push(format!("{id}: {problem}"));
        }
        sessions += expected["sessions_created"].as_i64().unwrap_or(0);
        for text in expected["never_contains_anywhere"].as_array().into_iter().flatten() {
            let text = text.as_str().unwrap().to_owned();
            let whole = format!("{}{}", answer.head, String::from_utf8_lossy(&answer.body));
            assert!(!whole.contains(&text), "{id}: {text} in the answer");
            forbidden.push(text);
        }
    }
    let log = sandbox.stop();
    for text in forbidden {
        assert!(!log.contains(&text), "{text} in the log");
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    let db = Connection::open(&database).unwrap();
    let count = |table: &str| -> i64 {
        db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("sessions"), sessions);
    assert_eq!(count("products") + count("prices") + count("endpoints"), 0);
}
