//! The life of sessions over a real socket.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{Sandbox, ad_hoc};

#[test]
fn the_documented_example_gives_the_documented_answer() {
    let sandbox = Sandbox::start(&["--merchant", "mor"]);
    let shop = sandbox.caller();
    let price = shop.add_price(&json!({"currency": "USD", "unit_amount": 999}));
    let answer = shop.post(
        "/api/v1/public/checkout/sessions",
        &json!({
            "mode": "payment",
            "presentation": "iframe",
            "line_items": [{"price_id": price, "quantity": 1}],
            "customer_email": "buyer@example.com",
            "success_url": "https://yoursite.com/success",
            "cancel_url": "https://yoursite.com/cancel",
            "buyer_country": "US",
            "client_reference_id": "order_10042",
        }),
    );
    let body = answer.json();
    assert_eq!(body["success"], true);
    assert_eq!(body["message"], "Checkout session created successfully");
    let (data, session) = (&body["data"], &body["data"]["session"]);
    assert_eq!(session["status"], "open");
    assert_eq!(
        [&session["amount_subtotal"], &session["amount_tax"], &session["amount_total"]],
        [999, 80, 1079]
    );
    assert_eq!(session["currency"], "USD");
    let (id, token) = (session["id"].as_str().unwrap(), data["session_token"].as_str().unwrap());
    assert!(id.starts_with("cs_"));
    assert_eq!(session["session_token"], token);
    let url = format!("{}/checkout/{id}?token={token}", sandbox.text("url"));
    assert_eq!(data["url"], url);
    let expires = session["expires_at"].as_str().unwrap();
    assert!(expires.len() == 20 && expires.ends_with('Z'), "{expires}");
    assert_eq!(session["client_reference_id"], "order_10042");
}

#[test]
fn tax_is_inside_the_price_in_germany_and_unknown_without_a_country() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let mut request = ad_hoc();
    let without = &shop.create_session(&request)["session"];
    assert_eq!((&without["amount_tax"], &without["amount_total"]), (&json!(0), &json!(1999)));
    request["buyer_country"] = "DE".into();
    let german = &shop.create_session(&request)["session"];
    assert_eq!((&german["amount_tax"], &german["amount_total"]), (&json!(319), &json!(1999)));
}

#[test]
fn a_place_without_a_rate_stops_no_sale_and_is_marked() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let sold = |place: Option<&str>| {
        let mut request = ad_hoc();
        request["buyer_country"] = json!(place);
        let session = shop.create_session(&request)["session"].clone();
        let id = session["id"].as_str().unwrap();
        assert_eq!(shop.retrieve(id)["rate_known"], session["rate_known"]);
        (session["amount_tax"].as_i64().unwrap(), session["rate_known"].clone())
    };
    // A country that the table does not have, and territories outside the mainland's tax area.
    for place in ["AF", "AQ", "CU", "FR-973", "GF", "FI-01", "US-VI", "CN-MO"] {
        assert_eq!(sold(Some(place)), (0, json!(false)), "{place}");
    }
    // 8.5 % of a department overseas, 7 % of the Canary Islands, by each code.
    for (place, tax) in [("FR-974", 157), ("RE", 157), ("ES-GC", 131), ("ES-TF", 131), ("DE", 319)]
    {
        assert_eq!(sold(Some(place)), (tax, json!(true)), "{place}");
    }
    assert_eq!(sold(None), (0, json!(null)));
}

#[test]
fn codes_that_are_not_iso_s_are_answered_with_a_hint() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    for (place, hint) in [("UK", "write GB"), ("EL", "write GR"), ("ZZ", "no country")] {
        let mut request = ad_hoc();
        request["buyer_country"] = place.into();
        let answer = shop.post("/api/v1/public/checkout/sessions", &request);
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]["param"]), (400, &json!("buyer_country")));
        assert!(body["message"].as_str().unwrap().contains(hint), "{body}");
    }
}

#[test]
fn the_buyer_names_the_country_and_pays_once() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap();
    let token = &created["session_token"];
    let path = |rest: &str| format!("/cashier/v1/sessions/{id}{rest}");
    let wrong = shop.get(&path("?token=wrong"));
    assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (404, &json!("not_found")));
    let priced = shop.make(&path("/country"), &json!({"token": token, "buyer_country": "US-CA"}));
    assert_eq!(priced["session"]["amount_total"], 1999 + 145);
    assert_eq!(priced["quote"]["lines"][0]["tax"], 145);

    let pay = |number: &str, authentication: Option<&str>| {
        let card = json!({"number": number, "exp_month": 12, "exp_year": 2030, "cvc": "123"});
        let body = json!({"token": token, "card": card, "authentication": authentication});
        let answer = shop.post(&path("/pay"), &body);
        (answer.status, answer.json()["error"]["code"].as_str().map(str::to_owned))
    };
    let refused = |status, code: &str| (status, Some(code.to_owned()));
    assert_eq!(pay("4000 0000 0000 0002", None), refused(402, "card_declined"));
    let asks = "4000002500003155";
    assert_eq!(pay(asks, None), refused(402, "authentication_required"));
    assert_eq!(pay(asks, Some("failed")), refused(402, "card_declined"));
    assert_eq!(pay("4111111111111111", None), refused(400, "invalid_value"));
    assert_eq!(shop.retrieve(id)["status"], "open");
    assert_eq!(pay(asks, Some("approved")), (200, None));
    assert_eq!(pay("4242424242424242", None), refused(409, "session_already_completed"));
    let session = shop.retrieve(id);
    assert_eq!(
        (&session["status"], &session["payment_status"]),
        (&json!("complete"), &json!("paid"))
    );
    assert_eq!(session["payment_method"]["last4"], "3155");
}

#[test]
fn a_subscription_with_a_trial_starts_without_a_payment() {
    let sandbox = Sandbox::start(&["--merchant", "mor"]);
    let shop = sandbox.caller();
    let price = shop.add_price(&json!({
        "currency": "EUR", "unit_amount": 1500, "type": "recurring",
        "recurring_interval": "month", "trial_period_days": 14,
    }));
    let request = |mode: &str| {
        json!({"mode": mode, "presentation": "link", "buyer_country": "FR",
               "line_items": [{"price_id": price, "quantity": 1}]})
    };
    let wrong = shop.post("/api/v1/public/checkout/sessions", &request("payment")).json();
    assert_eq!(wrong["error"]["code"], "one_time_price_required");
    let created = shop.create_session(&request("subscription"));
    let id = created["session"]["id"].as_str().unwrap();
    assert_eq!(shop.complete(id, &json!({})).status, 200);
    let session = shop.retrieve(id);
    assert_eq!(session["payment_status"], "no_payment_required");
    assert!(session["subscription_id"].as_str().unwrap().starts_with("sub_"));
    assert!(session["trial_end"].is_string());
    let events = shop.get("/sandbox/v1/events").json();
    let of = |n: usize| &events["data"]["items"][n]["event"];
    assert_eq!((&of(0)["type"], &of(0)["data"]["amount"]), (&json!("invoice.paid"), &json!(0)));
    assert_eq!(
        (&of(1)["type"], &of(1)["data"]["status"]),
        (&json!("subscription.created"), &json!("trialing"))
    );
    assert!(events["data"]["items"].get(2).is_none());
}

#[test]
fn what_has_no_trial_is_charged_at_once_beside_what_has_one() {
    let sandbox = Sandbox::start(&["--merchant", "mor"]);
    let shop = sandbox.caller();
    let price = |amount: i64, trial: i64| {
        shop.add_price(&json!({
            "currency": "USD", "unit_amount": amount, "type": "recurring",
            "recurring_interval": "month", "trial_period_days": trial,
        }))
    };
    let created = shop.create_session(&json!({
        "mode": "subscription", "presentation": "link", "buyer_country": "US",
        "line_items": [
            {"price_id": price(1500, 14), "quantity": 1}, {"price_id": price(500, 0), "quantity": 2},
        ],
    }));
    assert_eq!(created["session"]["amount_total"], 2700);
    let id = created["session"]["id"].as_str().unwrap();
    let events = || {
        let events = shop.get("/sandbox/v1/events").json();
        let items = events["data"]["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["event"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(shop.complete(id, &json!({"card": "declined"})).status, 402);
    assert_eq!(
        (&events()[0]["type"], &events()[0]["data"]["amount"]),
        (&json!("payment.failed"), &json!(1080))
    );
    assert_eq!(shop.complete(id, &json!({})).status, 200);
    let session = shop.retrieve(id);
    assert_eq!(session["payment_status"], "paid");
    let events = events();
    let told: Vec<_> = events[..3].iter().map(|e| (&e["type"], &e["data"]["amount"])).collect();
    assert_eq!(told[0], (&json!("payment.succeeded"), &json!(1080)));
    assert_eq!(told[1], (&json!("invoice.paid"), &json!(1080)));
    let started = &events[2]["data"];
    assert_eq!(started["status"], "active");
    assert_eq!(started["trial_end"], session["trial_end"]);
    assert_eq!(started["next_charge_at"], session["trial_end"]);
}

#[test]
fn a_card_that_is_declined_for_a_trial_has_failed_no_payment() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let price = shop.add_price(&json!({
        "currency": "EUR", "unit_amount": 1500, "type": "recurring",
        "recurring_interval": "month", "trial_period_days": 14,
    }));
    let created = shop.create_session(&json!({
        "mode": "subscription", "presentation": "link",
        "line_items": [{"price_id": price, "quantity": 1}],
    }));
    let id = created["session"]["id"].as_str().unwrap();
    assert_eq!(shop.complete(id, &json!({"card": "declined"})).status, 402);
    assert_eq!(shop.get("/sandbox/v1/events").json()["data"]["items"], json!([]));
}

#[test]
fn setup_saves_a_card_and_charges_nothing() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&json!({"mode": "setup", "presentation": "iframe"}));
    let session = &created["session"];
    assert_eq!(
        (&session["amount_total"], &session["payment_status"]),
        (&json!(0), &json!("no_payment_required"))
    );
    let id = session["id"].as_str().unwrap();
    assert_eq!(shop.complete(id, &json!({"card": "declined"})).status, 402);
    assert_eq!(shop.complete(id, &json!({"card": "5555555555554444"})).status, 200);
    assert_eq!(shop.retrieve(id)["payment_method"]["brand"], "mastercard");
    assert!(shop.retrieve(id)["setup_intent_id"].as_str().unwrap().starts_with("seti_"));
    assert_eq!(shop.get("/sandbox/v1/events").json()["data"]["items"], json!([]));
}

#[test]
fn a_session_expires_by_its_merchants_clock_alone() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let (other, _) = shop.add_merchant("direct");
    let id_of = |created: serde_json::Value| created["session"]["id"].as_str().unwrap().to_owned();
    let (ours, theirs) =
        (id_of(shop.create_session(&ad_hoc())), id_of(other.create_session(&ad_hoc())));
    shop.make("/sandbox/v1/clock/advance", &json!({"by": "25h"}));
    assert_eq!(shop.retrieve(&ours)["status"], "expired");
    assert_eq!(other.retrieve(&theirs)["status"], "open");
    let refused = shop.complete(&ours, &json!({}));
    assert_eq!(
        (refused.status, &refused.json()["error"]["code"]),
        (409, &json!("session_expired"))
    );
}

#[test]
fn moves_of_the_clock_at_once_all_count() {
    let sandbox = Sandbox::start(&[]);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let shop = sandbox.caller();
            std::thread::spawn(move || {
                for _ in 0..25 {
                    shop.make("/sandbox/v1/clock/advance", &json!({"by": "1h"}));
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let clock = sandbox.caller().get("/sandbox/v1/clock").json();
    assert_eq!(clock["data"]["seconds_ahead"], 200 * 60 * 60);
    let far = json!({"by": "3000000d"});
    let refused = sandbox.caller().post("/sandbox/v1/clock/advance", &far).json();
    assert_eq!(refused["error"]["param"], "by");
}

#[test]
fn one_merchant_never_sees_anothers_objects() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let (other, made) = shop.add_merchant("mor");
    assert_eq!(made["kind"], "mor");
    let price = shop.add_price(&json!({"currency": "USD", "unit_amount": 5}));
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap();
    let path = format!("/api/v1/public/checkout/sessions/{id}");
    assert_eq!(other.get(&path).status, 404);
    assert_eq!(other.complete(id, &json!({})).status, 404);
    assert_eq!(other.post(&format!("/sandbox/v1/sessions/{id}/expire"), &json!({})).status, 404);
    for list in ["products", "prices"] {
        let listed = other.get(&format!("/api/v1/merchant/catalog/{list}")).json();
        assert_eq!(listed["data"]["items"], json!([]));
    }
    let request = json!({"mode": "payment", "presentation": "iframe",
        "line_items": [{"price_id": price, "quantity": 1}]});
    assert_eq!(other.post("/api/v1/public/checkout/sessions", &request).status, 404);
    let refused = other.post("/api/v1/public/checkout/sessions", &ad_hoc()).json();
    assert_eq!(refused["error"]["code"], "ad_hoc_not_allowed");
    assert_eq!(refused["error"]["param"], "line_items[0].ad_hoc_amount");
}

#[test]
fn lists_are_paged_from_the_newest_on() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    for n in 0..5 {
        shop.make("/api/v1/merchant/catalog/products", &json!({"name": format!("Tea {n}")}));
    }
    let (mut names, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = shop.get(&format!("/api/v1/merchant/catalog/products?{query}")).json();
        let items = page["data"]["items"].as_array().unwrap().clone();
        names.extend(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        match page["data"]["next_cursor"].as_str() {
            Some(cursor) => query = format!("limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["Tea 4", "Tea 3", "Tea 2", "Tea 1", "Tea 0"]);
}

#[test]
fn the_same_key_and_body_make_one_session() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let body = ad_hoc().to_string();
    let create = || {
        let headers = [
            ("X-API-Key", shop.key.as_str()),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "order-7"),
        ];
        support::send(
            &shop.address,
            "POST",
            "/api/v1/public/checkout/sessions",
            &headers,
            body.as_bytes(),
        )
        .unwrap()
    };
    let first = create();
    let second = create();
    assert_eq!((first.status, &first.body), (200, &second.body));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
    assert_eq!(first.header("idempotent-replayed"), None);
    // The same key is another merchant's own.
    let (other, _) = shop.add_merchant("direct");
    let headers = [
        ("X-API-Key", other.key.as_str()),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "order-7"),
    ];
    let theirs = support::send(
        &shop.address,
        "POST",
        "/api/v1/public/checkout/sessions",
        &headers,
        body.as_bytes(),
    )
    .unwrap();
    assert_ne!(theirs.body, first.body);
}

#[test]
fn many_at_once_with_one_key_make_one_session() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let shop = shop.clone();
            std::thread::spawn(move || {
                let headers = [
                    ("X-API-Key", shop.key.as_str()),
                    ("Content-Type", "application/json"),
                    ("Idempotency-Key", "race"),
                ];
                let path = "/api/v1/public/checkout/sessions";
                let body = ad_hoc().to_string();
                loop {
                    let answer =
                        support::send(&shop.address, "POST", path, &headers, body.as_bytes())
                            .unwrap();
                    if answer.status == 200 {
                        return answer.json()["data"]["session"]["id"].as_str().unwrap().to_owned();
                    }
                    assert_eq!(answer.status, 409);
                    assert_eq!(answer.json()["error"]["code"], "idempotency_in_flight");
                    assert_eq!(answer.header("retry-after"), Some("1"));
                }
            })
        })
        .collect();
    let ids: std::collections::HashSet<_> =
        threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(ids.len(), 1);
}
