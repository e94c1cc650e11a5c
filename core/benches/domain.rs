//! Totals, webhooks and schemas, each beside what one would write by hand.
//!
//! `cargo bench -p faststar --bench domain`. Compare the rows of a group, not runs with each other.

#![allow(missing_docs, clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use faststar::tax::{Behaviour, Rate, Rounding};
use faststar::totals::{Line, compute};
use faststar::webhook::{Verifier, sign};
use faststar::{Cart, CreateSession, schema};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

const NOW: i64 = 1_769_900_300;

fn totals(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("totals");
    for number in [1_i64, 10, 100] {
        let rate = |n: i64| Rate::from_ppm([190_000, 70_000][(n % 2) as usize]).unwrap();
        let lines: Vec<_> = (0..number)
            .map(|n| Line { unit_amount: 999 + n, quantity: 1 + n % 3, rate: rate(n) })
            .collect();
        group.throughput(Throughput::Elements(lines.len() as u64));
        for rounding in [Rounding::PerLineHalfUp, Rounding::PerRateHalfEven] {
            group.bench_function(format!("{number} lines, {rounding:?}"), |bencher| {
                bencher.iter(|| compute(black_box(&lines), Behaviour::Inclusive, rounding));
            });
        }
    }
    let today = "2026-11-22".parse().unwrap();
    let cart = Cart::new("CAD".parse().unwrap()).line(1999, 1).place(&"CA-QC".parse().unwrap());
    group.throughput(Throughput::Elements(1));
    group.bench_function("quote of 1 line with a look-up", |bencher| {
        bencher.iter(|| black_box(&cart).quote(today));
    });
    group.finish();
}

fn webhooks(criterion: &mut Criterion) {
    let padding = "x".repeat(820);
    let body = format!(
        r#"{{"id":"evt_1","type":"payment.succeeded","created":{NOW},"data":{{"payment_id":"pi_1","amount":1999,"currency":"USD","status":"succeeded","note":"{padding}"}},"livemode":true,"api_version":"v1"}}"#
    );
    let body = body.as_bytes();
    let header = sign(body, "whsec_1", NOW);
    let verifier = Verifier::new("whsec_1").unwrap();
    let mut group = criterion.benchmark_group("a webhook of 1 KB");
    group.throughput(Throughput::Elements(1));
    group.bench_function("verify", |bencher| {
        bencher.iter(|| verifier.verify(black_box(body), &header, NOW).unwrap());
    });
    group.bench_function("verify and read the payment", |bencher| {
        bencher.iter(|| verifier.verify(black_box(body), &header, NOW).unwrap().payment().unwrap());
    });
    group.bench_function("by hand: hmac, compare, serde_json::Value", |bencher| {
        bencher.iter(|| {
            let mut mac = Hmac::<Sha256>::new_from_slice(b"whsec_1").unwrap();
            mac.update(NOW.to_string().as_bytes());
            mac.update(b".");
            mac.update(black_box(body));
            let tag = mac.finalize().into_bytes();
            let hex: String = tag.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(header.ends_with(&hex));
            serde_json::from_slice::<Value>(body).unwrap()
        });
    });
    group.finish();
}

fn requests(criterion: &mut Criterion) {
    let body = br#"{"mode":"payment","presentation":"iframe","line_items":[{"price_id":"price_1","quantity":1}],"customer_email":"buyer@example.com","success_url":"https://yoursite.com/success","cancel_url":"https://yoursite.com/cancel","buyer_country":"US","client_reference_id":"order_10042"}"#;
    let mut group = criterion.benchmark_group("a request's body");
    group.bench_function("read strictly, with paths", |bencher| {
        bencher.iter(|| {
            schema::read::<CreateSession>(&CreateSession::SCHEMA, black_box(body)).unwrap()
        });
    });
    group.bench_function("by hand: serde alone", |bencher| {
        bencher.iter(|| serde_json::from_slice::<CreateSession>(black_box(body)).unwrap());
    });
    group.finish();
}

criterion_group!(benches, totals, webhooks, requests);
criterion_main!(benches);
