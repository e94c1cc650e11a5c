//! The console's side of the sandbox: who is let in, what is shown, and what is not.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};
use support::{Answer, Caller, Folder, Receiver, Sandbox, ad_hoc, send};

/// The developer at the console.
struct Console {
    address: String,
    token: String,
    merchant: String,
}

impl Console {
    fn of(sandbox: &Sandbox) -> Self {
        let link = sandbox.text("console_url");
        let (_, token) = link.split_once("/#token=").unwrap();
        Self {
            address: sandbox.address(),
            token: token.into(),
            merchant: sandbox.text("merchant_id"),
        }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        let headers = [
            ("X-Console-Token", self.token.as_str()),
            ("X-Merchant", self.merchant.as_str()),
            ("Content-Type", "application/json"),
        ];
        send(&self.address, method, path, &headers, body.as_bytes()).unwrap()
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.send("GET", path, "");
        assert_eq!(answer.status, 200, "{path} {}", answer.json());
        answer.json()["data"].take()
    }

    fn make(&self, path: &str, body: &Value) -> Value {
        let answer = self.send("POST", path, &body.to_string());
        assert_eq!(answer.status, 200, "{path} {}", answer.json());
        answer.json()["data"].take()
    }

    /// Waits until the journal, which keeps requests after they were answered, has a number of them.
    fn requests(&self, at_least: usize) -> Vec<Value> {
        loop {
            let log = self.get("/console/v1/requests");
            let items = log["items"].as_array().unwrap();
            if items.len() >= at_least {
                return items.clone();
            }
            std::thread::yield_now();
        }
    }

    fn timeline(&self, id: &str) -> Vec<Value> {
        let detail = self.get(&format!("/console/v1/sessions/{id}"));
        detail["timeline"].as_array().unwrap().clone()
    }
}

fn id_of(created: &Value) -> String {
    created["session"]["id"].as_str().unwrap().to_owned()
}

fn kinds(timeline: &[Value]) -> Vec<&str> {
    timeline
        .iter()
        .map(|entry| match entry.pointer("/event/event/type") {
            Some(event_type) => event_type.as_str().unwrap(),
            None => entry["kind"].as_str().unwrap(),
        })
        .collect()
}

const LOOKS: &[&str] = &[
    "merchants",
    "merchant",
    "sessions",
    "sessions/cs_1",
    "requests",
    "requests/req_1",
    "live",
    "shop/goods",
];

#[test]
fn nobody_looks_without_the_token_of_this_start() {
    let sandbox = Sandbox::start(&[]);
    let other = Console::of(&Sandbox::start(&[]));
    let key = sandbox.text("api_key");
    let merchant = sandbox.text("merchant_id");
    for path in LOOKS {
        for (name, value) in [
            ("X-API-Key", key.as_str()),
            ("X-Console-Token", ""),
            ("X-Console-Token", other.token.as_str()),
            ("X-Console-Token", key.as_str()),
            ("Cookie", "X-Console-Token=1"),
        ] {
            let headers = [(name, value), ("X-Merchant", merchant.as_str())];
            let path = format!("/console/v1/{path}?token={}", Console::of(&sandbox).token);
            let answer = send(&sandbox.address(), "GET", &path, &headers, b"").unwrap();
            assert_eq!(answer.status, 401, "{path} with {name}");
        }
    }
    for path in ["keys", "webhook_secret", "sessions/cs_1/url", "shop/orders"] {
        let answer = sandbox.caller().post(&format!("/console/v1/{path}"), &json!({}));
        assert_eq!(answer.status, 401, "{path}");
    }
}

#[test]
fn a_page_of_another_site_is_refused_with_the_token_too() {
    let sandbox = Sandbox::start(&[]);
    let console = Console::of(&sandbox);
    for (name, value) in [
        ("Origin", "http://127.0.0.1:3000"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "same-site"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Host", "console.example"),
    ] {
        let headers = [("X-Console-Token", console.token.as_str()), (name, value)];
        let path = "/console/v1/merchants";
        let answer = send(&console.address, "GET", path, &headers, b"").unwrap();
        assert_eq!(answer.status, 403, "{name}: {value}");
        assert!(answer.header("access-control-allow-origin").is_none());
    }
}

#[test]
fn the_pages_run_only_what_is_theirs_and_are_framed_by_nobody() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    for path in ["/", "/shop"] {
        let page = shop.get(path);
        assert_eq!(page.status, 200);
        let policy = page.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "frame-ancestors 'none'", "script-src 'self'"] {
            assert!(policy.contains(rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.header("cross-origin-opener-policy"), Some("same-origin"));
        let text = String::from_utf8(page.body).unwrap();
        assert!(!text.contains("<style") && !text.contains("<script>"), "nothing is inline");
        let assets: Vec<_> = text.split('"').filter(|part| part.starts_with("/assets/")).collect();
        assert!(assets.len() >= 3, "{assets:?}");
        for asset in assets {
            let served = shop.get(asset);
            assert_eq!(served.status, 200, "{asset}");
            assert!(served.header("cache-control").unwrap().contains("immutable"));
        }
    }
    assert_eq!(shop.get("/assets/console-0000.js").status, 404);
}

#[test]
fn a_merchant_sees_nothing_of_another_and_the_console_sees_each() {
    let sandbox = Sandbox::start(&[]);
    let mut console = Console::of(&sandbox);
    let (other, made) = sandbox.caller().add_merchant("mor");
    let mine = id_of(&sandbox.caller().create_session(&ad_hoc()));
    let merchants = console.get("/console/v1/merchants");
    assert_eq!(merchants["items"].as_array().unwrap().len(), 2);
    console.merchant = made["merchant_id"].as_str().unwrap().into();
    assert_eq!(console.get("/console/v1/sessions")["items"], json!([]));
    assert_eq!(console.send("GET", &format!("/console/v1/sessions/{mine}"), "").status, 404);
    assert_eq!(
        console.send("POST", &format!("/sandbox/v1/sessions/{mine}/expire"), "").status,
        404
    );
    console.merchant = sandbox.text("merchant_id");
    assert_eq!(console.get("/console/v1/sessions")["items"][0]["id"], mine.as_str());
    console.merchant = "mer_nobody".into();
    assert_eq!(console.send("GET", "/console/v1/sessions", "").status, 404);
    // The console moves the same clock as the merchant's keys.
    console.merchant = made["merchant_id"].as_str().unwrap().into();
    console.make("/sandbox/v1/clock/advance", &json!({"by": "25h"}));
    assert_eq!(other.get("/sandbox/v1/clock").json()["data"]["seconds_ahead"], 25 * 3600);
    assert_eq!(sandbox.caller().get("/sandbox/v1/clock").json()["data"]["seconds_ahead"], 0);
}

#[test]
fn a_session_tells_what_has_happened_to_it_in_order() {
    let receiver = Receiver::start(|n| if n == 0 { "500 Oops" } else { "200 OK" }.into());
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let (shop, console) = (sandbox.caller(), Console::of(&sandbox));
    let created = shop.create_session(&ad_hoc());
    let (id, token) = (id_of(&created), created["session_token"].as_str().unwrap().to_owned());
    let cashier = format!("/cashier/v1/sessions/{id}");
    shop.make(&format!("{cashier}/country"), &json!({"token": token, "buyer_country": "DE"}));
    let pay = |number: &str, how: Value| {
        let body = json!({"token": token, "card": {"number": number}, "authentication": how});
        shop.post(&format!("{cashier}/pay"), &body).status
    };
    assert_eq!(pay("4000000000000002", Value::Null), 402);
    assert_eq!(pay("4000002500003155", Value::Null), 402);
    // The first attempt fails before the clock brings the second.
    shop.deliver();
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "1m"}));
    assert_eq!(pay("4000002500003155", json!("approved")), 200);
    shop.make("/sandbox/v1/deliver", &json!({}));
    let timeline = console.timeline(&id);
    assert_eq!(
        kinds(&timeline),
        [
            "created",
            "country_named",
            "declined",
            "payment.failed",
            "authentication_required",
            "completed",
            "payment.succeeded",
        ]
    );
    assert_eq!(timeline[1]["detail"], "DE");
    assert_eq!(timeline[2]["detail"], "visa 0002");
    let failed = timeline[3].pointer("/event/deliveries/0/attempts").unwrap();
    assert_eq!(failed[0]["status"], 500);
    let signature = failed[0]["signature"].as_str().unwrap();
    assert_eq!(signature, receiver.next().header("x-webhook-signature"));
    assert_eq!(failed[1]["status"], 200, "the clock has brought the second attempt");
}

#[test]
fn an_end_without_a_payment_is_told_as_it_came() {
    let sandbox = Sandbox::start(&[]);
    let (shop, console) = (sandbox.caller(), Console::of(&sandbox));
    let by_hand = id_of(&shop.create_session(&ad_hoc()));
    let by_time = id_of(&shop.create_session(&ad_hoc()));
    console.make(&format!("/sandbox/v1/sessions/{by_hand}/expire"), &json!({}));
    console.make("/sandbox/v1/clock/advance", &json!({"by": "25h"}));
    assert_eq!(kinds(&console.timeline(&by_hand)), ["created", "expired"]);
    let timeline = console.timeline(&by_time);
    assert_eq!(kinds(&timeline), ["created", "expired"]);
    let session = console.get(&format!("/console/v1/sessions/{by_time}"));
    assert_eq!(timeline[1]["at"], session["session"]["expires_at"]);
}

#[test]
fn a_template_in_a_return_url_is_a_warning_and_no_error() {
    let sandbox = Sandbox::start(&[]);
    let (shop, console) = (sandbox.caller(), Console::of(&sandbox));
    let details = |success: &str, cancel: &str| -> Vec<String> {
        let mut request = ad_hoc();
        request["success_url"] = success.into();
        request["cancel_url"] = cancel.into();
        let timeline = console.timeline(&id_of(&shop.create_session(&request)));
        let is_warning = |step: &&Value| step["kind"] == "template_in_url";
        let steps = timeline.iter().filter(is_warning);
        steps.map(|step| step["detail"].as_str().unwrap().to_owned()).collect()
    };
    let (plain, id) = ("https://shop.example/thanks?order=7", "{CHECKOUT_SESSION_ID}");
    assert_eq!(
        details(&format!("{plain}&session={id}"), &format!("{plain}#/{{{{order.id}}}}")),
        [format!("{id} in success_url"), "{order.id} in cancel_url".to_owned()]
    );
    assert_eq!(
        details("https://shop.example/%7BCHECKOUT_SESSION_ID%7d", plain),
        [format!("{id} in success_url")]
    );
    for unlike in ["https://shop.example/?q={}", "https://shop.example/?q={%22a%22:1}", plain] {
        assert!(details(unlike, plain).is_empty(), "{unlike}");
    }
}

/// Makes requests that carry every kind of secret, in every place; gives the secrets.
fn plant(sandbox: &Sandbox, shop: &Caller) -> Vec<String> {
    let own_secret = "hunter2-of-mine";
    let mut request = ad_hoc();
    request["success_url"] = format!("https://ann:{own_secret}@shop.example/ok?n=1").into();
    assert_eq!(shop.post("/api/v1/public/checkout/sessions", &request).status, 400);
    request["success_url"] = format!("https://shop.example/ok?client-secret={own_secret}").into();
    request["cancel_url"] = format!("https://shop.example/no?apiKey={own_secret}#t").into();
    let created = shop.create_session(&request);
    let (id, token) = (id_of(&created), created["session_token"].as_str().unwrap().to_owned());
    let (_, other) = shop.add_merchant("direct");
    for name in ["apiKey", "Authorization", "X-API-Key", "clientSecret", "session-token"] {
        shop.post("/sandbox/v1/faults", &json!({ name: own_secret }));
    }
    shop.get(&format!("/sandbox/v1/events?access_token={own_secret}"));
    shop.get(&format!("/sandbox/v1/events?next=http://ann:{own_secret}@shop.example/"));
    let url = format!("http://127.0.0.1:9/?hook_token={own_secret}");
    let endpoint = json!({"url": url, "secret": own_secret});
    shop.make("/sandbox/v1/webhook_endpoints", &endpoint);
    shop.get("/sandbox/v1/webhook_endpoints");
    shop.get(&format!("/cashier/v1/sessions/{id}?token={token}"));
    shop.get(&format!("/cashier/v1/sessions/{id}?%74oken={token}"));
    shop.get(&format!("/api/v1/nowhere/{token}"));
    shop.get(&format!("/api/v1/nowhere/%{:02x}{}", token.as_bytes()[0], &token[1..]));
    let card = json!({"number": "4000 0000 0000 0002", "cvc": "9876"});
    let pay = format!("/cashier/v1/sessions/{id}/pay");
    shop.post(&pay, &json!({"token": token, "card": card}));
    shop.post(&pay, &json!({"token": token, "card": card, "surprise": token}));
    shop.complete(&id, &json!({"card": "4242-4242-4242-4242"}));
    let wrong_key = "fs_test_00112233445566778899aabbccddeeff00112233";
    Caller { key: wrong_key.into(), ..shop.clone() }.get("/sandbox/v1/clock");
    let (key, address) = (shop.key.as_str(), shop.address.as_str());
    let broken = format!("{{\"secret\": \"{own_secret}\", ");
    let headers = [("X-API-Key", key), ("Content-Type", "application/json")];
    send(address, "POST", "/sandbox/v1/webhook_endpoints", &headers, broken.as_bytes()).unwrap();
    vec![
        key.to_owned(),
        sandbox.text("webhook_secret"),
        other["api_key"].as_str().unwrap().to_owned(),
        other["webhook_secret"].as_str().unwrap().to_owned(),
        token.clone(),
        token[1..].to_owned(),
        own_secret.to_owned(),
        wrong_key.to_owned(),
        "4000 0000 0000 0002".to_owned(),
        "4242-4242-4242".to_owned(),
        "9876".to_owned(),
    ]
}

#[test]
fn no_secret_is_kept_of_any_request() {
    let sandbox = Sandbox::start(&[]);
    let (shop, console) = (sandbox.caller(), Console::of(&sandbox));
    let secrets = plant(&sandbox, &shop);
    let heads = console.requests(20);
    let mut kept = json!(heads).to_string();
    for head in &heads {
        let id = head["id"].as_str().unwrap();
        kept += &console.get(&format!("/console/v1/requests/{id}")).to_string();
    }
    let sessions = console.get("/console/v1/sessions");
    for session in sessions["items"].as_array().unwrap() {
        let id = session["id"].as_str().unwrap();
        kept += &console.get(&format!("/console/v1/sessions/{id}")).to_string();
    }
    for path in ["/console/v1/merchant", "/console/v1/merchants", "/sandbox/v1/events"] {
        kept += &console.get(path).to_string();
    }
    kept += &sessions.to_string();
    assert!(kept.contains("/?hook_token=••••") && kept.contains("••••@shop.example"), "{kept}");
    for secret in &secrets {
        assert!(!kept.contains(secret.as_str()), "{secret} is kept");
    }
    assert!(kept.contains("fs_test_••••") && kept.contains("whsec_••••"), "they are shown masked");
    let log = sandbox.stop();
    assert!(!log.contains(&console.token), "the console's token is in the log");
}

#[test]
fn a_request_is_kept_with_what_it_asked_and_what_it_got() {
    let sandbox = Sandbox::start(&[]);
    let (shop, console) = (sandbox.caller(), Console::of(&sandbox));
    let id = id_of(&shop.create_session(&ad_hoc()));
    shop.post("/api/v1/public/checkout/sessions", &json!({"mode": "payment", "presentaton": 1}));
    let heads = console.requests(2);
    assert_eq!(heads[0]["error_code"], "unknown_field");
    assert_eq!(heads[1]["session_id"], id.as_str());
    assert_eq!(heads[1]["merchant_id"], sandbox.text("merchant_id"));
    let path = format!("/console/v1/requests/{}", heads[1]["id"].as_str().unwrap());
    let request = console.get(&path);
    assert_eq!(request["request"]["json"], ad_hoc());
    assert_eq!(request["response"]["json"]["data"]["session"]["id"], id.as_str());
    // To look is no request of a program, and to act is one.
    console.get("/sandbox/v1/events");
    console.make(&format!("/sandbox/v1/sessions/{id}/expire"), &json!({}));
    let heads = console.requests(3);
    assert_eq!(heads.len(), 3);
    assert!(heads[0]["path"].as_str().unwrap().ends_with("/expire"));
}

#[test]
fn every_request_of_a_rush_is_kept_or_counted() {
    let sandbox = Sandbox::start(&[]);
    let console = Console::of(&sandbox);
    let shop = sandbox.caller();
    for _ in 0..450 {
        assert_eq!(shop.get("/sandbox/v1/clock").status, 200);
    }
    // The bounds themselves are tested where time is an argument, in the journal.
    loop {
        let log = console.get("/console/v1/requests");
        let (kept, skipped) = (log["items"].as_array().unwrap().len(), log["skipped"].as_u64());
        if kept as u64 + skipped.unwrap() == 450 {
            break;
        }
        assert!(kept as u64 + skipped.unwrap() < 450);
        std::thread::yield_now();
    }
}

#[test]
fn a_key_is_made_shown_once_and_listed_masked() {
    let sandbox = Sandbox::start(&[]);
    let console = Console::of(&sandbox);
    let made = console.make("/console/v1/keys", &json!({}));
    let key = made["api_key"].as_str().unwrap().to_owned();
    let shop = Caller { address: sandbox.address(), key: key.clone() };
    shop.create_session(&ad_hoc());
    let merchant = console.get("/console/v1/merchant");
    let keys = merchant["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    let hint = format!("fs_test_••••{}", &key[key.len() - 4..]);
    assert!(keys.iter().any(|known| known["hint"] == hint.as_str()), "{keys:?}");
}

#[test]
fn an_endpoint_that_is_gone_is_shown_so_and_can_be_enabled() {
    let receiver = Receiver::start(|n| if n == 0 { "410 Gone".into() } else { "200 OK".into() });
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let (shop, console) = (sandbox.caller(), Console::of(&sandbox));
    let endpoint = || console.get("/console/v1/merchant")["endpoints"][0].clone();
    assert_eq!(endpoint()["disabled"], false);
    shop.complete(&id_of(&shop.create_session(&ad_hoc())), &json!({}));
    shop.deliver();
    assert_eq!(endpoint()["disabled"], true);
    let id = endpoint()["id"].as_str().unwrap().to_owned();
    console.make(&format!("/sandbox/v1/webhook_endpoints/{id}/enable"), &json!({}));
    assert_eq!(endpoint()["disabled"], false);
}

#[test]
fn a_database_of_an_older_version_opens_with_its_sessions_and_keys() {
    let folder = Folder::new("console-migrated");
    let database = folder.file("sandbox.db");
    let sandbox = Sandbox::start(&["--db", &database]);
    let (key, id) = (sandbox.text("api_key"), id_of(&sandbox.caller().create_session(&ad_hoc())));
    sandbox.stop();
    let db = rusqlite::Connection::open(&database).unwrap();
    db.execute_batch(
        "DROP INDEX events_by_session; DROP TABLE steps;
         DROP INDEX api_keys_by_merchant; ALTER TABLE api_keys DROP COLUMN hint;
         ALTER TABLE attempts DROP COLUMN signature;
         ALTER TABLE endpoints DROP COLUMN disabled; ALTER TABLE sessions DROP COLUMN rate_known;
         PRAGMA application_id = 0; PRAGMA user_version = 4;",
    )
    .unwrap();
    drop(db);
    let sandbox = Sandbox::start(&["--db", &database]);
    let console = Console::of(&sandbox);
    assert_eq!(Caller { address: sandbox.address(), key }.retrieve(&id)["status"], "open");
    assert_eq!(kinds(&console.timeline(&id)), ["created"]);
    assert_eq!(console.get("/console/v1/merchant")["keys"].as_array().unwrap().len(), 2);
}

/// Looks on, and gives the reader behind the answer's head.
fn watch(console: &Console) -> BufReader<std::net::TcpStream> {
    let headers = [("X-Console-Token", console.token.as_str())];
    let stream =
        support::write(&console.address, "GET", "/console/v1/live", &headers, b"").unwrap();
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
    reader
}

/// Gives the next count that is told; `None` at the end.
fn next_count(reader: &mut impl BufRead) -> Option<u64> {
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            return None;
        }
        if let Some(data) = line.trim_end().strip_prefix("data: ") {
            return serde_json::from_str::<Value>(data).unwrap()["count"].as_u64();
        }
    }
}

#[test]
fn changes_are_told_as_they_come_and_end_with_the_sandbox() {
    let mut sandbox = Sandbox::start(&[]);
    let console = Console::of(&sandbox);
    let mut live = watch(&console);
    let first = next_count(&mut live).unwrap();
    sandbox.caller().create_session(&ad_hoc());
    let second = next_count(&mut live).unwrap();
    assert!(second > first);
    // Who does not read gets one number for all that has happened, not one for each.
    for _ in 0..50 {
        sandbox.caller().create_session(&ad_hoc());
    }
    let mut told = 0;
    let mut last = second;
    while last < second + 50 {
        last = next_count(&mut live).unwrap();
        told += 1;
    }
    assert!(told <= 50, "{told}");
    let mut again = watch(&console);
    assert!(next_count(&mut again).unwrap() >= last, "who comes back is told where it stands");
    sandbox.signal("-TERM");
    while next_count(&mut live).is_some() {}
}

#[test]
fn only_so_many_look_on_at_once_and_a_place_becomes_free_again() {
    let sandbox = Sandbox::start(&[]);
    let console = Console::of(&sandbox);
    let mut watchers: Vec<_> = (0..32).map(|_| watch(&console)).collect();
    assert_eq!(console.send("GET", "/console/v1/live", "").status, 503);
    watchers.pop();
    // The sandbox hears of a closed connection a moment later.
    while console_is_full(&console) {
        std::thread::yield_now();
    }
}

fn console_is_full(console: &Console) -> bool {
    let headers = [("X-Console-Token", console.token.as_str())];
    let stream =
        support::write(&console.address, "GET", "/console/v1/live", &headers, b"").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.contains("503")
}

#[test]
fn the_demo_shop_names_the_price_itself_for_each_kind_of_merchant() {
    for kind in ["direct", "mor"] {
        let sandbox = Sandbox::start(&["--merchant", kind]);
        let console = Console::of(&sandbox);
        let buy = |item: &str| json!({"item": item, "quantity": 2, "presentation": "link", "buyer_country": "US"});
        let order = console.make("/console/v1/shop/orders", &buy("mug"));
        let session = sandbox.caller().retrieve(order["session_id"].as_str().unwrap());
        assert_eq!(session["amount_subtotal"], 3600);
        assert_eq!(session["client_reference_id"], order["order"]);
        let monthly = console.make("/console/v1/shop/orders", &buy("letters"));
        let session = sandbox.caller().retrieve(monthly["session_id"].as_str().unwrap());
        assert_eq!(session["mode"], "subscription");
        console.make("/console/v1/shop/orders", &buy("mug"));
        let products = sandbox.caller().get("/api/v1/merchant/catalog/products").json();
        assert_eq!(products["data"]["items"].as_array().unwrap().len(), 2, "each is made once");
        let priced = json!({"item": "mug", "quantity": 1, "presentation": "link", "amount": 1});
        let refused = console.send("POST", "/console/v1/shop/orders", &priced.to_string());
        assert_eq!(refused.json()["error"]["code"], "unknown_field");
    }
}
