//! A session's creation through the socket, one after the other on one connection.
//!
//! `cargo bench -p faststar-sandbox --bench create_session`. In memory shows what the software
//! costs, in a file what the disk adds.

#![allow(missing_docs)]

use criterion::{Criterion, criterion_group, criterion_main};
use faststar_sandbox::{Config, Location, Sandbox};
use reqwest::Client;

const BODY: &str = r#"{"mode":"payment","presentation":"iframe","line_items":[{"ad_hoc_amount":999,"ad_hoc_currency":"USD","quantity":1}],"buyer_country":"US"}"#;

fn create_session(criterion: &mut Criterion) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let folder = std::env::temp_dir().join(format!("faststar-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the database");
    let mut group = criterion.benchmark_group("a session's creation through the socket");
    for (name, database) in [
        ("in memory", Location::Memory),
        ("in a file, durable", Location::File(folder.join("sandbox.db"))),
    ] {
        let config = Config { database, ..Config::default() };
        let sandbox = runtime.block_on(Sandbox::start(config)).expect("the sandbox starts");
        let client = Client::builder().no_proxy().build().expect("a client");
        let url = format!("{}/api/v1/public/checkout/sessions", sandbox.url());
        let key = sandbox.first_merchant().api_key.expose().to_owned();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let request = client.post(&url).header("X-API-Key", &key);
                    let request = request.header("Content-Type", "application/json").body(BODY);
                    let answer = request.send().await.expect("an answer comes");
                    assert!(answer.status().is_success());
                    answer.bytes().await.expect("a body comes")
                })
            });
        });
        runtime.block_on(sandbox.stop());
    }
    group.finish();
    let _ = std::fs::remove_dir_all(&folder);
}

criterion_group!(benches, create_session);
criterion_main!(benches);
