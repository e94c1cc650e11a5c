//! The buyer's page and what it calls, over a real socket. What a browser does with it is tested by
//! `scripts/test-browser`.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{Answer, Caller, Sandbox, ad_hoc, send};

fn fetch(shop: &Caller, path: &str, headers: &[(&str, &str)]) -> Answer {
    send(&shop.address, "GET", path, headers, b"").unwrap()
}

#[test]
fn a_browser_gets_a_page_and_a_program_the_envelope() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap();
    let token = created["session_token"].as_str().unwrap();
    let browser = [("Accept", "text/html,*/*;q=0.8")];
    let page = fetch(&shop, &format!("/checkout/{id}?token={token}"), &browser);
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    // For shops with `Cross-Origin-Embedder-Policy: require-corp`.
    assert_eq!(page.header("cross-origin-embedder-policy"), Some("require-corp"));
    assert_eq!(page.header("cross-origin-resource-policy"), Some("cross-origin"));
    let html = String::from_utf8(page.body).unwrap();
    assert!(!html.contains(token) && !html.contains('{'), "nothing is left to fill in: {html}");
    let path = format!("/checkout/{id}?token=wrong");
    let wrong = fetch(&shop, &path, &browser);
    assert_eq!((wrong.status, wrong.header("content-type").unwrap().contains("html")), (404, true));
    assert!(wrong.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
    assert_eq!(fetch(&shop, &path, &[]).json()["error"]["code"], "not_found");
}

#[test]
fn the_first_look_says_all_that_the_page_needs() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let price = shop.add_price(&json!({
        "currency": "KWD", "unit_amount": 1500, "type": "recurring", "recurring_interval": "year",
    }));
    let created = shop.create_session(&json!({
        "mode": "subscription", "presentation": "link", "buyer_country": "DE",
        "line_items": [{"price_id": price, "quantity": 2}],
    }));
    let id = created["session"]["id"].as_str().unwrap();
    let token = created["session_token"].as_str().unwrap();
    let shown = &shop.get(&format!("/cashier/v1/sessions/{id}?token={token}")).json()["data"];
    assert_eq!(shown["currency_decimals"], 3);
    assert_eq!(shown["quote"]["behaviour"], "inclusive");
    assert_eq!(shown["quote"]["lines"][0]["tax_name"], "MwSt");
    assert_eq!(shown["prices"][0]["recurring_interval"], "year");
    assert_eq!(shown["start"]["invoice"]["total"], 3000);
    assert_eq!(shown["test_cards"].as_array().unwrap().len(), 4);
    let places = shown["places"].as_array().unwrap();
    assert!(places.contains(&json!("DE")) && places.contains(&json!("US-CA")));
    assert!(places.contains(&json!("AF")), "a country without a rate can be chosen too");
}

#[test]
fn a_buyer_from_a_place_without_a_rate_can_pay() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap();
    let token = &created["session_token"];
    let path = |rest: &str| format!("/cashier/v1/sessions/{id}/{rest}");
    let body = json!({"token": token, "buyer_country": "AF"});
    let shown = shop.make(&path("country"), &body);
    assert_eq!((&shown["quote"]["rate_known"], &shown["quote"]["tax"]), (&json!(false), &json!(0)));
    assert_eq!(shown["session"]["rate_known"], false);
    let card = json!({"number": "4242424242424242"});
    shop.make(&path("pay"), &json!({"token": token, "card": card, "amount_total": 1999}));
    assert_eq!(shop.retrieve(id)["status"], "complete");
}

#[test]
fn a_total_that_the_buyer_was_not_shown_is_not_charged() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap();
    let token = &created["session_token"];
    let path = |rest: &str| format!("/cashier/v1/sessions/{id}/{rest}");
    shop.make(&path("country"), &json!({"token": token, "buyer_country": "US"}));
    let pay = |amount_total: i64| {
        let card = json!({"number": "4242424242424242"});
        let body = json!({"token": token, "card": card, "amount_total": amount_total});
        let answer = shop.post(&path("pay"), &body);
        (answer.status, answer.json()["error"]["code"].as_str().map(str::to_owned))
    };
    assert_eq!(pay(1999), (409, Some("amount_changed".into())));
    assert_eq!(shop.retrieve(id)["status"], "open");
    assert_eq!(pay(1999 + 160), (200, None));
    // Once it is paid, that is what counts, whatever was shown.
    assert_eq!(pay(1999), (409, Some("session_already_completed".into())));
}

#[test]
fn pages_of_other_sites_get_faststar_js_and_nothing_else() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let foreign = [("Origin", "https://shop.example"), ("Sec-Fetch-Site", "cross-site")];
    let script = fetch(&shop, "/sdk/v1/faststar.min.js", &foreign);
    assert_eq!(script.status, 200);
    assert_eq!(script.header("access-control-allow-origin"), Some("*"));
    assert_eq!(fetch(&shop, "/sdk/v1/faststar.d.ts", &foreign).status, 200);
    let page =
        String::from_utf8(fetch(&shop, "/checkout/x", &[("Accept", "text/html")]).body).unwrap();
    let at = page.find("/assets/cashier-").unwrap();
    let asset = page[at..].split('"').next().unwrap();
    assert_eq!(fetch(&shop, asset, &[]).status, 200);
    assert_eq!(fetch(&shop, asset, &foreign).status, 403);
    assert_eq!(fetch(&shop, "/assets/cashier.js", &[]).status, 404);
}
