//! Webhooks on a real listener: signed, ordered, tried again, never lost.

#![allow(clippy::unwrap_used)]

mod support;

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
