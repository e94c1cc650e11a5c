//! The command line, as a newcomer and as a program use it.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::{FASTSTAR, Sandbox, ad_hoc, send};

fn faststar(arguments: &[&str], input: &[u8]) -> Output {
    let mut process = Command::new(FASTSTAR)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments does not read.
    let _ = process.stdin.take().unwrap().write_all(input);
    process.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn quote_answers_each_line_of_carts_with_one_line() {
    let input = br#"{"currency":"USD","country":"US","lines":[{"unit_amount":999,"quantity":1}],"as_of":"2026-11-22"}
{"currency":"USD","lines":[{"unit_amount":1,"quantity":0}],"country":"US"}

not json
{"currency":"USD","behaviour":"inclusive","lines":[{"unit_amount":9223372036854775807,"quantity":1,"tax_rate_ppm":200000}]}
"#;
    let output = faststar(&["quote"], input);
    assert!(output.status.success());
    let lines: Vec<Value> =
        stdout(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"subtotal": 999, "tax": 80, "total": 1079}));
    assert_eq!(lines[1]["error"]["code"], "out_of_range");
    assert_eq!(lines[1]["error"]["param"], "lines[0].quantity");
    assert_eq!(lines[2]["error"]["code"], "malformed_json");
    assert_eq!(lines[3]["tax"], 1_537_228_672_809_129_301_i64);
    assert_eq!(lines.len(), 4);
}

#[test]
fn quote_prints_a_table_for_one_cart() {
    let output =
        faststar(&["quote", "--line", "4900x2", "--currency", "EUR", "--country", "DE"], b"");
    let table = stdout(&output);
    assert!(
        stdout(&faststar(&["quote", "--line", "999"], b""))
            .contains("plus 8 % sales tax (no state"),
    );
    for part in ["2 x 49.00 EUR", "includes 19 % MwSt", "15.65 EUR", "98.00 EUR", "estimate"] {
        assert!(table.contains(part), "{part} in:\n{table}");
    }
}

#[test]
fn what_webhook_sign_signs_webhook_verify_takes() {
    let body = br#"{"id":"evt_1","type":"payment.succeeded"}"#;
    let sign = ["webhook", "sign", "--secret", "whsec_1", "--now", "1769900300"];
    let header = stdout(&faststar(&sign, body)).trim().to_owned();
    assert!(header.starts_with("t=1769900300,v1="));
    let verify = |extra: &[&str]| {
        let given = [
            "webhook", "verify", "--secret", "whsec_0", "--secret", "whsec_1", "--header", &header,
        ];
        let output = faststar(&[&given, extra].concat(), body);
        let told: Value = serde_json::from_str(&stdout(&output)).unwrap();
        (output.status.code().unwrap(), told)
    };
    let (code, told) = verify(&["--now", "1769900600"]);
    assert_eq!((code, &told["ok"], &told["event"]["id"]), (0, &json!(true), &json!("evt_1")));
    let (code, told) = verify(&["--now", "1769900601"]);
    assert_eq!((code, &told["error"]["code"]), (1, &json!("timestamp_too_old")));
    assert_eq!(verify(&["--now", "1769900601", "--tolerance", "301"]).0, 0);
    let (_, told) = verify(&["--now", "1769900300", "--event-id", "evt_2"]);
    assert_eq!(told["error"]["code"], "event_id_mismatch");
}

#[test]
fn a_body_that_is_too_large_is_refused_and_not_cut() {
    let body = vec![b'x'; 64 * 1024 * 1024 + 1];
    let output = faststar(&["webhook", "sign", "--secret", "whsec_1"], &body);
    let told: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!((output.status.code(), &told["error"]["code"]), (Some(1), &json!("body_too_large")));
}

#[test]
fn webhook_verify_prints_what_was_signed_and_nothing_else() {
    let body = br#"{"id":"evt_1","type":"payment.refunded","data":{"new":[1,null]}}"#;
    let sign = ["webhook", "sign", "--secret", "whsec_1", "--now", "1769900300"];
    let header = stdout(&faststar(&sign, body)).trim().to_owned();
    let verify = ["webhook", "verify", "--secret", "whsec_1", "--now", "1769900300", "--header"];
    let told = stdout(&faststar(&[&verify[..], &[&header]].concat(), body));
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["event"], serde_json::from_slice::<Value>(body).unwrap());
}

#[test]
fn the_documentation_s_example_runs_as_it_stands() {
    let mut process = Command::new(FASTSTAR)
        .args(["sandbox", "--port", "0", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut exported = |name: &str| {
        let start = format!("export FASTSTAR_{name}=");
        lines.find_map(|line| line.strip_prefix(&start).map(str::to_owned)).unwrap()
    };
    let (url, key) = (exported("BASE_URL"), exported("API_KEY"));
    let body = json!({
        "mode": "payment",
        "presentation": "iframe",
        "line_items": [{"price_id": "price_xxx", "quantity": 1}],
        "customer_email": "buyer@example.com",
        "success_url": "https://yoursite.com/success",
        "cancel_url": "https://yoursite.com/cancel",
        "buyer_country": "US",
        "client_reference_id": "order_10042",
    });
    let headers = [("X-API-Key", key.as_str()), ("Content-Type", "application/json")];
    let address = url.trim_start_matches("http://").trim_end_matches("/api/v1");
    let path = "/api/v1/public/checkout/sessions";
    let body = body.to_string();
    let answer = send(address, "POST", path, &headers, body.as_bytes()).unwrap().json();
    drop(process.stdin.take());
    assert!(process.wait().unwrap().success());

    assert_eq!(answer["success"], true);
    assert_eq!(answer["message"], "Checkout session created successfully");
    let (data, session) = (&answer["data"], &answer["data"]["session"]);
    assert_eq!(data["session_token"], session["session_token"]);
    let figures = ["amount_subtotal", "amount_tax", "amount_total"].map(|name| &session[name]);
    assert_eq!(figures, [&json!(999), &json!(80), &json!(1079)]);
    assert_eq!((&session["status"], &session["currency"]), (&json!("open"), &json!("USD")));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (id, token) = (text(&session["id"]), text(&session["session_token"]));
    assert!(id.starts_with("cs_"), "{id}");
    assert!(text(&data["url"]).ends_with(&format!("/checkout/{id}?token={token}")));
    assert!(text(&session["expires_at"]).ends_with('Z'));
}

#[test]
fn a_running_sandbox_is_driven_by_the_command_line() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    let (url, key) = (format!("{}/api/v1", sandbox.text("url")), sandbox.text("api_key"));
    let drive = |arguments: &[&str]| {
        let output = Command::new(FASTSTAR)
            .args(arguments)
            .env("FASTSTAR_BASE_URL", &url)
            .env("FASTSTAR_API_KEY", &key)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(text).unwrap())
    };
    let (code, told) = drive(&["complete", &id, "--card", "declined"]);
    assert!(code == 1 && told.contains("declined"), "{told}");
    let (code, told) = drive(&["complete", &id, "--card", "authentication"]);
    assert!(code == 1 && told.contains("--authentication approved"), "{told}");
    let approved = ["complete", &id, "--card", "authentication", "--authentication", "approved"];
    let (code, told) = drive(&approved);
    assert!(code == 0 && told.contains("complete, paid (19.99 USD)"), "{told}");
    let (code, told) = drive(&["expire", &id]);
    assert!(code == 1 && told.contains("complete already"), "{told}");
    let (_, told) = drive(&["events", "list"]);
    assert!(told.contains("payment.succeeded") && told.contains("payment.failed"), "{told}");
    let event = told.split_whitespace().next().unwrap().to_owned();
    let (_, told) = drive(&["events", "list", "--limit", "1"]);
    assert!(told.ends_with(&format!("more with --cursor {event}\n")), "{told}");
    let (_, told) = drive(&["events", "list", "--cursor", &event]);
    assert!(told.contains("payment.failed") && !told.contains(&event), "{told}");
    let (_, told) = drive(&["events", "list", "--state", "parked"]);
    assert_eq!(told, "no such events yet\n");
    let (_, told) = drive(&["events", "list"]);
    assert!(told.contains("no endpoint gets it: start the sandbox with --webhook"), "{told}");
    let (code, told) = drive(&["events", "resend", &event]);
    assert!(code == 0 && told.starts_with(&format!("no endpoint gets {event}: ")), "{told}");
    shop.make("/sandbox/v1/webhook_endpoints", &json!({"url": "http://127.0.0.1:9/"}));
    let (code, told) = drive(&["events", "resend", &event]);
    assert_eq!((code, told), (0, format!("{event} will be sent again\n")));
    let (_, told) = drive(&["clock", "advance", "25h"]);
    assert!(told.contains("90000 s ahead"), "{told}");
    let (_, told) = drive(&["clock", "show", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&told).unwrap()["seconds_ahead"], 90_000);
}

#[test]
fn a_sandbox_can_end_when_its_standard_input_is_closed() {
    let mut process = Command::new(FASTSTAR)
        .args(["sandbox", "--port", "0", "--json", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut ready = String::new();
    stdout.read_line(&mut ready).unwrap();
    let mut sandbox = Sandbox::of(process, &ready);
    stdin.write_all(b"what it says does not matter\n").unwrap();
    sandbox.caller().create_session(&ad_hoc());

    drop(stdin);
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let _ = stdout.read_to_end(&mut Vec::new());
        let _ = sender.send(());
    });
    ended.recv_timeout(Duration::from_secs(20)).expect("it ends");
    assert!(sandbox.process.wait().unwrap().success());
}

#[test]
fn without_a_sandbox_the_command_line_says_how_to_start_one() {
    let arguments =
        ["complete", "cs_1", "--url", "http://127.0.0.1:1", "--api-key", "fs_test_canary"];
    let output = faststar(&arguments, b"");
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("faststar sandbox") && !told.contains("canary"), "{told}");
}

/// Serves one connection with an answer and gives what was asked.
fn answer_once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = vec![0; 65536];
        let length = stream.read(&mut bytes).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    });
    (url, asked)
}

#[test]
fn the_key_goes_to_no_other_host() {
    let other = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    other.set_nonblocking(true).unwrap();
    let location = format!("http://{}/", other.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    );
    let (url, asked) = answer_once(answer.leak());
    let expire =
        |url: &str| faststar(&["expire", "cs_1", "--url", url, "--api-key", "CANARY"], b"");
    let output = expire(&url);
    assert!(!output.status.success());
    assert!(asked.join().unwrap().contains("CANARY"));
    assert!(other.accept().is_err(), "the redirect was followed");

    for url in ["https://api.faststarpay.com", "http://192.0.2.1", "http://localhost.example", "x"]
    {
        let output = expire(url);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(told.contains("--url") && told.contains("on this machine"), "{told}");
        assert!(!told.contains("CANARY"));
    }
}

#[test]
fn what_is_no_sandbox_is_called_so() {
    for answer in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ] {
        let (url, asked) = answer_once(answer);
        let output = faststar(&["expire", "cs_1", "--url", &url, "--api-key", "k"], b"");
        asked.join().unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8(output.stderr).unwrap().contains("not a FastStar sandbox"));
    }
}
