//! Secrets that were planted are found in no log, and hashed at rest.

#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{Folder, Receiver, Sandbox, ad_hoc};

#[test]
fn no_secret_reaches_the_log_or_an_error() {
    let folder = Folder::new("secrets");
    let database = folder.file("sandbox.db");
    let receiver = Receiver::start(|_| "500 Oops".into());
    let sandbox = Sandbox::start(&["--db", &database, "--webhook", &receiver.url]);
    let shop = sandbox.caller();
    let created = shop.create_session(&ad_hoc());
    let id = created["session"]["id"].as_str().unwrap().to_owned();
    let token = created["session_token"].as_str().unwrap().to_owned();
    let card = "4242424242424242";
    shop.get(&format!("/cashier/v1/sessions/{id}?token={token}"));
    shop.get(&format!("/checkout/{id}?token={token}"));
    shop.get(&format!("/nowhere/{id}?token={token}"));
    for path in [&token, &shop.key, "4242424242424242", "4242-4242-4242-4242"] {
        shop.get(&format!("/nowhere/{path}"));
        shop.get(&format!("/checkout/{path}"));
    }
    let pay = json!({"token": token, "card": {"number": card}, "surprise": true});
    let refused = shop.post(&format!("/cashier/v1/sessions/{id}/pay"), &pay);
    assert_eq!(refused.status, 400);
    let pay = json!({"token": token, "card": {"number": card}});
    assert_eq!(shop.post(&format!("/cashier/v1/sessions/{id}/pay"), &pay).status, 200);
    receiver.next();
    let (_, other) = shop.add_merchant("direct");
    let planted = [
        shop.key.clone(),
        sandbox.text("webhook_secret"),
        other["api_key"].as_str().unwrap().to_owned(),
        other["webhook_secret"].as_str().unwrap().to_owned(),
        token,
        card.to_owned(),
        "4242-4242-4242-4242".to_owned(),
    ];
    let log = sandbox.stop();
    assert!(log.contains(&id), "the log tells of requests");
    for secret in &planted {
        assert!(!log.contains(secret.as_str()), "a secret is in the log");
        let answer = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(!answer.contains(secret.as_str()), "a secret is in an error");
    }
    let file = std::fs::read(&database).unwrap();
    let is_in_file = |text: &str| file.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(is_in_file(&id), "the file is the database");
    for key in [&planted[0], &planted[2]] {
        assert!(!is_in_file(key), "an API key is in the database");
    }
    assert!(!is_in_file(card), "the card is in the database");
}
