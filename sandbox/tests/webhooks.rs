//! Webhooks on a real listener: signed, ordered, tried again, never lost.

#![allow(clippy::unwrap_used)]

mod support;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use faststar::webhook::Verifier;
use serde_json::{Value, json};
use support::{Caller, Folder, Received, Receiver, Sandbox, ad_hoc};

fn now() -> i64 {
    faststar_sandbox::clock::machine_now_ms() / 1000
}

fn verify(webhook: &Received, secret: &str) -> faststar::Event {
    let verifier = Verifier::new(secret).unwrap();
    let id = webhook.header("X-Webhook-ID");
    let signature = webhook.header("X-Webhook-Signature");
    verifier.verify_with_id(&webhook.body, &signature, Some(&id), now()).unwrap()
}

fn pay(shop: &Caller) -> String {
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.complete(&id, &json!({})).status, 200);
    id
}

fn deliveries(shop: &Caller) -> Value {
    shop.get("/sandbox/v1/events").json()["data"]["items"][0]["deliveries"].take()
}

/// Looks at the newest event's first delivery until it is as wished.
fn wait_for(shop: &Caller, wished: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..5000 {
        let delivery = deliveries(shop)[0].take();
        if wished(&delivery) {
            return delivery;
        }
        std::thread::yield_now();
    }
    panic!("the delivery did not come to the wished state: {}", deliveries(shop));
}

#[test]
fn a_payment_arrives_signed_with_what_the_merchant_reconciles_by() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    let mut request = ad_hoc();
    request["client_reference_id"] = "order_1".into();
    let id = shop.create_session(&request)["session"]["id"].as_str().unwrap().to_owned();
    shop.complete(&id, &json!({}));
    let webhook = receiver.next();
    let event = verify(&webhook, &sandbox.text("webhook_secret"));
    assert!(event.fulfils());
    assert!(!event.livemode());
    let payment = event.payment().unwrap();
    assert_eq!((payment.amount, payment.currency.as_str()), (1999, "USD"));
    assert_eq!(payment.client_reference_id.as_deref(), Some("order_1"));
    assert_eq!(payment.checkout_session_id.as_deref(), Some(id.as_str()));
    assert_eq!(webhook.header("X-Webhook-Timestamp"), event.created().to_string());
    assert_eq!(webhook.header("Content-Type"), "application/json");
}

#[test]
fn an_endpoint_gets_only_the_types_it_asked_for_under_its_own_secret() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    shop.make(
        "/sandbox/v1/webhook_endpoints",
        &json!({"url": receiver.url, "events": ["payment.failed"], "secret": "whsec_own"}),
    );
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.complete(&id, &json!({"card": "declined"})).status, 402);
    assert_eq!(shop.complete(&id, &json!({})).status, 200);
    let event = verify(&receiver.next(), "whsec_own");
    assert_eq!(event.event_type().as_str(), "payment.failed");
    receiver.expect_silence();
    // Sending an event again does not send it to those who do not want it.
    let events = shop.get("/sandbox/v1/events").json();
    let newest = &events["data"]["items"][0]["event"];
    assert_eq!(newest["type"], "payment.succeeded");
    let resend = format!("/sandbox/v1/events/{}/resend", newest["id"].as_str().unwrap());
    shop.make(&resend, &json!({}));
    receiver.expect_silence();
}

#[test]
fn a_failed_delivery_is_tried_again_and_holds_back_only_its_own_session() {
    // The first request, of the first session, fails; everything else is taken.
    let receiver =
        Receiver::start(|n| if n == 0 { "500 Oops".into() } else { "204 No Content".into() });
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let (shop, secret) = (sandbox.caller(), sandbox.text("webhook_secret"));
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    shop.complete(&id, &json!({"card": "declined"}));
    let failed = verify(&receiver.next(), &secret);
    wait_for(&shop, |delivery| delivery["attempts"].get(0).is_some());
    shop.complete(&id, &json!({}));
    let other = pay(&shop);
    let event = verify(&receiver.next(), &secret);
    assert_eq!(event.payment().unwrap().checkout_session_id, Some(other));
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "5s"}));
    let again = receiver.next();
    assert_eq!(verify(&again, &secret).id(), failed.id());
    let then = verify(&receiver.next(), &secret);
    assert_eq!(then.event_type().as_str(), "payment.succeeded");
    assert_eq!(then.payment().unwrap().checkout_session_id, Some(id));
}

#[test]
fn the_schedule_ends_in_a_parked_delivery_that_can_be_sent_again() {
    let refusing = Receiver::start(|n| if n < 9 { "503 No".into() } else { "200 OK".into() });
    let sandbox = Sandbox::start(&["--webhook", &refusing.url]);
    let shop = sandbox.caller();
    pay(&shop);
    for n in 1..=9 {
        refusing.next();
        let tried = |delivery: &Value| delivery["attempts"].as_array().unwrap().len() == n;
        wait_for(&shop, tried);
        shop.make("/sandbox/v1/clock/advance", &json!({"by": "12h"}));
    }
    let parked = wait_for(&shop, |delivery| delivery["state"] == "parked");
    assert_eq!(parked["attempts"][8]["status"], 503);
    refusing.expect_silence();
    let events = shop.get("/sandbox/v1/events").json();
    let event_id = events["data"]["items"][0]["event"]["id"].as_str().unwrap().to_owned();
    shop.make(&format!("/sandbox/v1/events/{event_id}/resend"), &json!({}));
    // The signature is fresh although the event is days old by the merchant's clock.
    assert_eq!(verify(&refusing.next(), &sandbox.text("webhook_secret")).id(), event_id);
    wait_for(&shop, |delivery| delivery["state"] == "delivered");
}

#[test]
fn a_redirect_is_a_failure_and_is_not_followed() {
    let target = Receiver::accepting();
    let location = target.url.clone();
    let redirecting = Receiver::start(move |_| format!("302 Found\r\nLocation: {location}"));
    let sandbox = Sandbox::start(&["--webhook", &redirecting.url]);
    let shop = sandbox.caller();
    pay(&shop);
    redirecting.next();
    let delivery = wait_for(&shop, |delivery| delivery["attempts"].get(0).is_some());
    assert_eq!(
        (&delivery["state"], &delivery["attempts"][0]["status"]),
        (&json!("pending"), &json!(302))
    );
    target.expect_silence();
}

#[test]
fn a_deleted_endpoint_gets_nothing_more() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    let listed = shop.get("/sandbox/v1/webhook_endpoints").json();
    let id = listed["data"]["items"][0]["id"].as_str().unwrap();
    let path = format!("/sandbox/v1/webhook_endpoints/{id}");
    let headers = [("X-API-Key", shop.key.as_str())];
    for status in [200, 404] {
        let answer = support::send(&shop.address, "DELETE", &path, &headers, b"").unwrap();
        assert_eq!(answer.status, status);
    }
    pay(&shop);
    receiver.expect_silence();
}

#[test]
fn a_crash_loses_no_webhook() {
    let folder = Folder::new("webhook-crash");
    let database = folder.file("sandbox.db");
    let refusing = Receiver::start(|_| "500 Oops".into());
    let mut sandbox = Sandbox::start(&["--db", &database, "--webhook", &refusing.url]);
    let secret = sandbox.text("webhook_secret");
    let shop = sandbox.caller();
    let id = pay(&shop);
    refusing.next();
    sandbox.signal("-KILL");

    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--db", &database]);
    let shop = sandbox.caller();
    shop.make("/sandbox/v1/webhook_endpoints", &json!({"url": receiver.url}));
    let events = shop.get("/sandbox/v1/events").json();
    let event_id = events["data"]["items"][0]["event"]["id"].as_str().unwrap().to_owned();
    // The old receiver's delivery is due again by itself; the new one gets it on request.
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "5s"}));
    assert_eq!(refusing.next().header("X-Webhook-ID"), event_id);
    shop.make(&format!("/sandbox/v1/events/{event_id}/resend"), &json!({}));
    let event = verify(&receiver.next(), &secret);
    assert_eq!(event.payment().unwrap().checkout_session_id, Some(id));
}

#[test]
fn older_parked_events_are_found_by_their_state_page_by_page() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    // Nothing listens there, and deleting the endpoint parks what waits for it.
    let hopeless = shop.make(
        "/sandbox/v1/webhook_endpoints",
        &json!({"url": "http://127.0.0.1:9/", "events": ["payment.succeeded"]}),
    );
    let paid: Vec<_> = (0..5).map(|_| pay(&shop)).collect();
    let path = format!("/sandbox/v1/webhook_endpoints/{}", hopeless["id"].as_str().unwrap());
    let headers = [("X-API-Key", shop.key.as_str())];
    support::send(&shop.address, "DELETE", &path, &headers, b"").unwrap();
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    for _ in 0..150 {
        shop.complete(&id, &json!({"card": "declined"}));
    }
    let (mut found, mut query) = (Vec::new(), "limit=2&state=parked".to_owned());
    loop {
        let page = shop.get(&format!("/sandbox/v1/events?{query}")).json();
        for item in page["data"]["items"].as_array().unwrap() {
            assert_eq!(item["deliveries"][0]["state"], "parked");
            found.push(item["event"]["data"]["checkout_session_id"].as_str().unwrap().to_owned());
        }
        match page["data"]["next_cursor"].as_str() {
            Some(cursor) => query = format!("limit=2&state=parked&cursor={cursor}"),
            None => break,
        }
    }
    found.reverse();
    assert_eq!(found, paid);
    let none = shop.get("/sandbox/v1/events?state=delivered").json();
    assert_eq!(none["data"], json!({"items": [], "next_cursor": null}));
    for (query, param) in [("state=lost", "state"), ("cursor=evt_x", "cursor"), ("page=1", "page")]
    {
        let refused = shop.get(&format!("/sandbox/v1/events?{query}"));
        assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!(param)));
    }
}

#[test]
fn all_times_of_the_list_are_the_merchants() {
    let receiver = Receiver::start(|_| "500 Oops".into());
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "30d"}));
    pay(&shop);
    let delivery = wait_for(&shop, |delivery| delivery["attempts"].get(0).is_some());
    let seconds = |text: &Value| {
        let time: faststar::Timestamp = text.as_str().unwrap().parse().unwrap();
        time.as_second()
    };
    let event = shop.get("/sandbox/v1/events").json()["data"]["items"][0]["event"].take();
    let created = event["created"].as_i64().unwrap();
    let at = seconds(&delivery["attempts"][0]["at"]);
    assert!((created..created + 60).contains(&at), "{at} {created}");
    assert!((at..at + 60).contains(&seconds(&delivery["next_attempt_at"])));
}

#[test]
fn a_payer_who_hangs_up_delays_no_webhook() {
    let receiver = Receiver::accepting();
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    let created: Vec<_> = (0..50).map(|_| shop.create_session(&ad_hoc())).collect();
    let mut paid = 0;
    for session in &created {
        let id = session["session"]["id"].as_str().unwrap();
        let head = format!(
            "POST /sandbox/v1/sessions/{id}/complete HTTP/1.1\r\nHost: {}\r\nX-API-Key: {}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
            sandbox.address(),
            sandbox.text("api_key"),
        );
        let mut stream = TcpStream::connect(sandbox.address()).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        drop(stream);
    }
    // Whether a request was read before its connection was gone is chance; who was paid is not.
    for session in &created {
        let id = session["session"]["id"].as_str().unwrap();
        paid += usize::from(shop.retrieve(id)["payment_status"] == "paid");
    }
    for _ in 0..paid {
        receiver.next();
    }
    assert!(paid > 0);
}

/// A receiver that does with each connection what a test says; gives its authority.
fn receiver(scheme: &str, does: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("{scheme}://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || listener.incoming().flatten().for_each(does));
    url
}

/// Reads what has come of a request, and leaves nothing unread.
fn take_in(stream: &mut TcpStream) {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    while !bytes.ends_with(b"}") {
        let read = stream.read(&mut part).unwrap();
        bytes.extend_from_slice(&part[..read]);
    }
}

fn answering(scheme: &str, answer: Vec<u8>) -> String {
    receiver(scheme, move |mut stream| {
        take_in(&mut stream);
        let _ = stream.write_all(&answer);
    })
}

#[test]
fn an_attempt_without_an_answer_tells_its_cause() {
    let sandbox = Sandbox::start(&["--allow-remote-webhooks"]);
    let shop = sandbox.caller();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let expected: HashMap<String, &str> = [
        (format!("http://{nobody}/"), "connection refused: nothing listens at 127.0.0.1:"),
        (
            // A label too long for a name server to be asked.
            format!("http://{}.example/", "x".repeat(64)),
            ".example:80 cannot be resolved",
        ),
        (
            // What is closed on unread bytes is reset.
            receiver("http", |stream| drop(stream.peek(&mut [0]))),
            "the receiver reset the connection before it answered",
        ),
        (
            receiver("http", |mut stream| take_in(&mut stream)),
            "the receiver closed the connection before it answered",
        ),
        (
            answering("http", b"hello, world\r\n\r\n".to_vec()),
            "the receiver's answer is not HTTP/1.1",
        ),
        (
            answering(
                "http",
                format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(1 << 20)).into_bytes(),
            ),
            "the head of the receiver's answer is too large",
        ),
        (
            receiver("https", |mut stream| {
                let _ = stream.peek(&mut [0]);
                let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
                let _ = stream.read(&mut [0; 4096]);
            }),
            "does not speak TLS; is its URL http://?",
        ),
        (
            receiver("https", |mut stream| drop(stream.read(&mut [0; 4096]))),
            "closed the connection before it was secure",
        ),
    ]
    .into();
    for url in expected.keys() {
        shop.make("/sandbox/v1/webhook_endpoints", &json!({ "url": url }));
    }
    pay(&shop);
    let events = shop.make("/sandbox/v1/deliver", &json!({}));
    let deliveries = events["items"][0]["deliveries"].as_array().unwrap().clone();
    assert_eq!(deliveries.len(), expected.len());
    let mut problems = Vec::new();
    for delivery in deliveries {
        let told = delivery["attempts"][0]["error"].as_str().unwrap().to_owned();
        let wanted = expected[delivery["url"].as_str().unwrap()];
        if !told.contains(wanted) {
            problems.push(format!("{wanted}: {told}"));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn a_receiver_that_does_not_answer_is_given_ten_seconds() {
    let (held, hung) = std::sync::mpsc::channel();
    let url = receiver("http", move |stream| drop(held.send(stream)));
    let sandbox = Sandbox::start(&["--webhook", &url]);
    pay(&sandbox.caller());
    let attempts = sandbox.caller().deliver()["attempts"].take();
    assert_eq!(attempts[0]["error"], "no answer within 10 seconds");
    assert!((10_000..15_000).contains(&attempts[0]["duration_ms"].as_i64().unwrap()));
    assert_eq!(attempts[1], Value::Null, "the next one waits from the end of this one");
    drop(hung);
}

#[test]
fn an_endpoint_that_is_gone_gets_nothing_until_it_is_enabled() {
    let receiver = Receiver::start(|n| if n == 0 { "410 Gone".into() } else { "200 OK".into() });
    let sandbox = Sandbox::start(&["--webhook", &receiver.url]);
    let shop = sandbox.caller();
    let first = pay(&shop);
    receiver.next();
    let parked = wait_for(&shop, |delivery| delivery["state"] == "parked");
    let told = parked["attempts"][0]["error"].as_str().unwrap();
    assert!(told.contains("410") && told.contains("disabled") && told.contains("enable"), "{told}");
    let endpoint = || shop.get("/sandbox/v1/webhook_endpoints").json()["data"]["items"][0].take();
    let disabled = endpoint();
    assert_eq!(disabled["disabled"], true);
    pay(&shop);
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "1d"}));
    assert_eq!(shop.deliver(), Value::Null, "nothing goes to it");
    let events = shop.get("/sandbox/v1/events").json()["data"]["items"].take();
    let resend = |n: usize| {
        let id = events[n]["event"]["id"].as_str().unwrap();
        shop.make(&format!("/sandbox/v1/events/{id}/resend"), &json!({}))
    };
    assert_eq!((&resend(0)["resent"], &resend(1)["endpoints"]), (&json!(false), &json!(0)));
    receiver.expect_no_more();

    let path = format!("/sandbox/v1/webhook_endpoints/{}/enable", disabled["id"].as_str().unwrap());
    assert_eq!(shop.make(&path, &json!({}))["disabled"], false);
    assert_eq!(endpoint()["disabled"], false);
    assert_eq!(resend(1)["endpoints"], 1);
    assert_eq!(receiver.next().json()["data"]["checkout_session_id"], first.as_str());
    pay(&shop);
    receiver.next();
    let other = shop.add_merchant("direct").0;
    assert_eq!(other.post(&path, &json!({})).status, 404);
}

#[test]
fn what_waits_for_an_endpoint_that_is_gone_is_parked_with_it() {
    let folder = Folder::new("gone");
    let database = folder.file("sandbox.db");
    let gone = Receiver::start(|n| if n < 3 { "500 No".into() } else { "410 Gone".into() });
    let sandbox = Sandbox::start(&["--db", &database, "--webhook", &gone.url]);
    let shop = sandbox.caller();
    for _ in 0..3 {
        pay(&shop);
        gone.next();
    }
    // The first of the three says it for all.
    shop.deliver();
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "5s"}));
    gone.next();
    shop.deliver();
    let parked = shop.get("/sandbox/v1/events?state=parked").json();
    assert_eq!(parked["data"]["items"].as_array().unwrap().len(), 3);
    gone.expect_no_more();
    sandbox.stop();
    // A start that names it means it.
    let sandbox = Sandbox::start(&["--db", &database, "--webhook", &gone.url]);
    let listed = sandbox.caller().get("/sandbox/v1/webhook_endpoints").json();
    assert_eq!(listed["data"]["items"][0]["disabled"], false);
}

#[test]
fn endpoints_that_stall_do_not_slow_the_good_one_of_their_merchant() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let (held, hung) = std::sync::mpsc::channel();
    let stalling = receiver("http", move |stream| drop(held.send(stream)));
    for n in 0..150 {
        let url = format!("{stalling}{n}");
        shop.make("/sandbox/v1/webhook_endpoints", &json!({ "url": url }));
    }
    let good = Receiver::accepting();
    shop.make("/sandbox/v1/webhook_endpoints", &json!({"url": good.url}));
    for n in 0..4 {
        let paid = Instant::now();
        pay(&shop);
        good.next();
        assert!(paid.elapsed() < Duration::from_secs(5), "webhook {n}: {:?}", paid.elapsed());
    }
    drop(hung);
}

#[test]
fn a_merchant_has_as_many_endpoints_as_the_description_says() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let path = "/sandbox/v1/webhook_endpoints";
    let document = shop.get("/openapi.json").json();
    let items = &document["components"]["schemas"]["WebhookEndpoints"]["properties"]["items"];
    let most = items["maxItems"].as_u64().unwrap();
    let endpoint = json!({"url": "http://127.0.0.1:9/", "events": ["payment.failed"]});
    for _ in 0..most {
        shop.make(path, &endpoint);
    }
    let refused = shop.post(path, &endpoint);
    assert_eq!((refused.status, &refused.json()["error"]["code"]), (400, &json!("out_of_range")));
    let message = refused.json()["message"].as_str().unwrap().to_owned();
    assert!(message.contains(&most.to_string()) && message.contains("delete one"), "{message}");
    let listed = shop.get(path).json();
    let listed = listed["data"]["items"].as_array().unwrap();
    assert_eq!(listed.len() as u64, most);
    let first = format!("{path}/{}", listed[0]["id"].as_str().unwrap());
    let headers = [("X-API-Key", shop.key.as_str())];
    support::send(&shop.address, "DELETE", &first, &headers, b"").unwrap();
    shop.make(path, &endpoint);
}

#[cfg(target_os = "linux")]
#[test]
fn no_attempt_is_spent_while_there_is_no_descriptor() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    use std::io::{BufRead, BufReader};

    let receiver = Receiver::accepting();
    let mut process = std::process::Command::new(support::FASTSTAR)
        .args(["sandbox", "--port", "0", "--json", "--webhook", &receiver.url])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
    let mut ready = String::new();
    BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
    let sandbox = Sandbox::of(process, &ready);
    let shop = sandbox.caller();
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    let mut open = BufReader::new(support::connect(&shop.address).unwrap());
    let mut send = |request: String| {
        open.get_mut().write_all(request.as_bytes()).unwrap();
        support::read_next_answer(&mut open).unwrap()
    };
    let head = format!("Host: localhost\r\nX-API-Key: {}\r\n", shop.key);
    let list = format!("GET /sandbox/v1/events HTTP/1.1\r\n{head}\r\n");
    assert_eq!(send(list.clone()).status, 200, "the connection is open before there is no other");

    let pid = Pid::from_raw(sandbox.process.id() as i32);
    let before = prlimit(pid, Resource::Nofile, Rlimit { current: Some(3), maximum: Some(4096) });
    let before = before.unwrap();
    let complete = format!(
        "POST /sandbox/v1/sessions/{id}/complete HTTP/1.1\r\n{head}\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    assert_eq!(send(complete).status, 200);
    let told = log.find_map(|line| line.ok().filter(|line| line.contains("webhook"))).unwrap();
    assert!(told.contains("no file descriptor is left"), "{told}");
    let events = send(list).json();
    assert_eq!(events["data"]["items"][0]["deliveries"][0]["attempts"], json!([]));

    let limit = Rlimit { current: Some(4096), maximum: before.maximum.map(|_| 4096) };
    prlimit(pid, Resource::Nofile, limit).unwrap();
    receiver.next();
    let delivery = wait_for(&shop, |delivery| delivery["state"] == "delivered");
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 1);
}
