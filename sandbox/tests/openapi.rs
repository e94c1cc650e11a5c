//! The description is what is served, and what is answered.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::{Sandbox, ad_hoc};

#[test]
fn every_described_path_exists_with_its_methods() {
    let sandbox = Sandbox::start(&[]);
    let shop = sandbox.caller();
    let document = shop.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 15);
    for (path, methods) in paths {
        let allowed = support::send(
            &shop.address,
            "PATCH",
            &path.replace("{id}", "x"),
            &[("X-API-Key", &shop.key)],
            b"",
        )
        .unwrap();
        assert_eq!(allowed.status, 405, "{path}");
        let allowed = allowed.header("allow").unwrap().to_lowercase();
        let mut served: Vec<_> = allowed.split(',').filter(|method| *method != "head").collect();
        served.sort_unstable();
        let described: Vec<_> = methods.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(served, described, "{path}");
    }
}

/// Checks that an answer has only fields that the description has, and all that it requires.
fn fits(document: &Value, schema: &Value, value: &Value, path: &str, problems: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return fits(document, target, value, path, problems);
    }
    match (value, schema["type"].as_str()) {
        (Value::Object(map), Some("object")) if schema["properties"].is_object() => {
            for required in schema["required"].as_array().into_iter().flatten() {
                if !map.contains_key(required.as_str().unwrap()) {
                    problems.push(format!("{path} lacks {required}"));
                }
            }
            for (name, value) in map {
                match schema["properties"].get(name) {
                    Some(inner) => {
                        let required = schema["required"].as_array().into_iter().flatten();
                        let mark = if required.into_iter().any(|r| r == name) { "" } else { "?" };
                        fits(document, inner, value, &format!("{path}.{name}{mark}"), problems)
                    }
                    None => problems.push(format!("{path}.{name} is not described")),
                }
            }
        }
        (Value::Array(items), Some("array")) => {
            for item in items {
                fits(document, &schema["items"], item, &format!("{path}[]"), problems);
            }
        }
        (Value::String(text), Some("string")) => {
            if let Some(known) = schema["enum"].as_array()
                && !known.contains(&json!(text))
            {
                problems.push(format!("{path} is {text}"));
            }
        }
        (Value::Number(_), Some("integer")) | (Value::Object(_), Some("object")) => {}
        (Value::Bool(_), Some("boolean")) | (_, None) => {}
        // An optional field may be null.
        (Value::Null, Some(_)) if path.ends_with('?') => {}
        (value, kind) => problems.push(format!("{path} is {value}, not {kind:?}")),
    }
}

#[test]
fn answers_have_the_described_fields_and_no_others() {
    let sandbox = Sandbox::start(&["--webhook", "http://127.0.0.1:9/"]);
    let shop = sandbox.caller();
    let document = faststar_sandbox::openapi();
    let schema = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let mut problems = Vec::new();
    let mut check =
        |name: &str, value: &Value| fits(&document, &schema(name), value, name, &mut problems);

    let product = shop.make(
        "/api/v1/merchant/catalog/products",
        &json!({"name": "Tea", "description": "Green", "tax_category": "food",
                "images": ["https://shop.example/tea.png"], "metadata": {"sku": "1"}}),
    );
    check("Product", &product);
    let price = shop.make(
        "/api/v1/merchant/catalog/prices",
        &json!({"product_id": product["id"], "currency": "USD", "unit_amount": 999, "type": "recurring",
                "recurring_interval": "month", "recurring_interval_count": 3, "trial_period_days": 7}),
    );
    check("Price", &price);
    check("Product", &shop.get("/api/v1/merchant/catalog/products").json()["data"]["items"][0]);
    let subscription = json!({
        "mode": "subscription", "presentation": "link", "buyer_country": "US-CA",
        "line_items": [{"price_id": price["id"], "quantity": 1, "description": "x"}],
        "customer_email": "a@b.example", "success_url": "https://shop.example/",
        "cancel_url": "https://shop.example/", "client_reference_id": "1",
    });
    for request in [subscription, ad_hoc(), json!({"mode": "setup", "presentation": "iframe"})] {
        let created = shop.create_session(&request);
        check("CreatedSession", &created);
        let id = created["session"]["id"].as_str().unwrap();
        let token = created["session_token"].as_str().unwrap();
        let path = format!("/cashier/v1/sessions/{id}");
        check("CashierSession", &shop.get(&format!("{path}?token={token}")).json()["data"]);
        let named = json!({"token": token, "buyer_country": "DE"});
        check("CashierSession", &shop.make(&format!("{path}/country"), &named));
        shop.complete(id, &json!({}));
        check("Session", &shop.retrieve(id));
    }
    let events = shop.make("/sandbox/v1/deliver", &json!({}));
    for event in events["items"].as_array().unwrap() {
        check("ListedEvent", event);
    }
    let id = events["items"][0]["event"]["id"].as_str().unwrap();
    check("ResentEvent", &shop.make(&format!("/sandbox/v1/events/{id}/resend"), &json!({})));
    check("Merchant", &shop.make("/sandbox/v1/merchants", &json!({})));
    check("Clock", &shop.get("/sandbox/v1/clock").json()["data"]);
    check("Clock", &shop.make("/sandbox/v1/clock/advance", &json!({"by": "1h"})));
    let path = "/sandbox/v1/webhook_endpoints";
    let endpoint = json!({"url": "http://127.0.0.1:9/x", "events": ["payment.succeeded"]});
    let endpoint = shop.make(path, &endpoint);
    check("WebhookEndpoint", &endpoint);
    check("WebhookEndpoints", &shop.get(path).json()["data"]);
    let path = format!("{path}/{}", endpoint["id"].as_str().unwrap());
    let deleted = support::send(&shop.address, "DELETE", &path, &[("X-API-Key", &shop.key)], b"");
    check("DeletedWebhookEndpoint", &deleted.unwrap().json()["data"]);
    check("Faults", &shop.get("/sandbox/v1/faults").json()["data"]);
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_answer_is_described() {
    let document = faststar_sandbox::openapi();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let content = operation["responses"]["200"]["content"].as_object().unwrap();
            let (media_type, answer) = content.iter().next().unwrap();
            let data = &answer["schema"]["properties"]["data"];
            let is_document = answer == &json!({});
            assert!(
                is_document || data.get("$ref").or(data.get("type")).is_some(),
                "{method} {path}"
            );
            assert!(media_type.contains('/'));
        }
    }
}

#[test]
fn the_committed_tables_are_the_generated_ones() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/fidelity.md");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let marker = "<!-- Made from the code; write it anew with: UPDATE=1 cargo test -p faststar-sandbox --test openapi -->\n\n";
    let preface = text.split(marker).next().unwrap();
    let generated = format!("{preface}{marker}{}", faststar_sandbox::fidelity());
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &generated).unwrap();
    }
    assert!(text == generated || std::env::var_os("UPDATE").is_some(), "docs/fidelity.md is stale");
}
