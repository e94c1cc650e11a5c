//! Receivers of webhooks behind TLS: which certificates are taken, and what is said of the others.

#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;
use support::{Caller, FASTSTAR, Folder, Sandbox, ad_hoc};

/// A certificate with its key.
struct Identity {
    params: CertificateParams,
    pem: String,
    der: CertificateDer<'static>,
    key: KeyPair,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_after = date_time_ymd(4000, 1, 1);
    params
}

fn self_signed(params: CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    Identity { pem: certificate.pem(), der: certificate.der().clone(), key, params }
}

/// As `openssl req -x509` makes one: it is its own authority.
fn self_signed_authority(name: &str) -> Identity {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    self_signed(params)
}

fn authority() -> Identity {
    let mut params = CertificateParams::new(vec![]).unwrap();
    params.not_after = date_time_ymd(4000, 1, 1);
    params.distinguished_name.push(DnType::CommonName, "our authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    self_signed(params)
}

fn signed_by(authority: &Identity, params: CertificateParams) -> Identity {
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::from_params(&authority.params, &authority.key);
    let certificate = params.signed_by(&key, &issuer).unwrap();
    Identity { pem: certificate.pem(), der: certificate.der().clone(), key, params }
}

/// Starts a receiver that takes webhooks, where its certificate is taken.
fn receiver(identity: &Identity) -> String {
    let key = PrivatePkcs8KeyDer::from(identity.key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![identity.der.clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/hook", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            // Fails where the other side does not go on.
            if stream.read(&mut [0; 8192]).is_ok_and(|read| read > 0) {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = stream.write_all(answer);
            }
        }
    });
    url
}

/// Pays once and gives what is told of the one attempt: nothing where it was taken.
fn attempt(sandbox: &Sandbox, url: &str) -> Option<String> {
    let (shop, _): (Caller, _) = sandbox.caller().add_merchant("direct");
    shop.make("/sandbox/v1/webhook_endpoints", &json!({ "url": url }));
    let id = shop.create_session(&ad_hoc())["session"]["id"].as_str().unwrap().to_owned();
    assert_eq!(shop.complete(&id, &json!({})).status, 200);
    let delivery = shop.deliver();
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 1);
    delivery["attempts"][0]["error"].as_str().map(str::to_owned)
}

#[test]
fn a_certificate_that_is_not_accepted_is_told_with_its_fault() {
    let sandbox = Sandbox::start(&[]);
    let ours = authority();
    for (identity, fault) in [
        (self_signed(params("localhost")), "is not trusted"),
        (self_signed_authority("localhost"), "self-signed"),
        (signed_by(&ours, params("localhost")), "is not trusted"),
    ] {
        let told = attempt(&sandbox, &receiver(&identity)).unwrap();
        for part in ["TLS: the certificate of localhost:", fault, "--webhook-ca FILE"] {
            assert!(told.contains(part), "{part} in: {told}");
        }
    }
}

#[test]
fn certificates_of_ones_own_are_trusted_where_they_are_named() {
    let folder = Folder::new("webhook-ca");
    let ours = authority();
    let (plain, own_authority) =
        (self_signed(params("localhost")), self_signed_authority("localhost"));
    let of_another_name = self_signed(params("shop.example"));
    let mut expired = params("localhost");
    expired.not_before = date_time_ymd(2000, 1, 1);
    expired.not_after = date_time_ymd(2001, 1, 1);
    let expired = signed_by(&ours, expired);
    let file = folder.file("ca.pem");
    let pem = [&ours, &plain, &own_authority, &of_another_name].map(|one| one.pem.clone());
    std::fs::write(&file, pem.concat()).unwrap();
    let sandbox = Sandbox::start(&["--webhook-ca", &file]);
    for identity in [&plain, &own_authority, &signed_by(&ours, params("localhost"))] {
        assert_eq!(attempt(&sandbox, &receiver(identity)), None);
    }
    let other_authority = authority();
    let other = self_signed(params("localhost"));
    for (identity, fault) in [
        (&of_another_name, "it is for another name"),
        (&signed_by(&ours, params("shop.example")), "it is for another name"),
        (&expired, "it has expired"),
        (&other, "not signed by the trusted certificate"),
        (&self_signed_authority("localhost"), "it is self-signed"),
        (&signed_by(&other_authority, params("localhost")), "not signed by the trusted"),
    ] {
        let told = attempt(&sandbox, &receiver(identity)).unwrap();
        assert!(told.contains(fault), "{fault} in: {told}");
    }
}

#[test]
fn a_file_without_certificates_is_refused_in_one_line() {
    let folder = Folder::new("no-ca");
    let file = folder.file("ca.pem");
    let key = KeyPair::generate().unwrap().serialize_pem();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for content in [None, Some(""), Some("not PEM"), Some(&*key), Some(broken)] {
        match content {
            None => drop(std::fs::remove_file(&file)),
            Some(content) => std::fs::write(&file, content).unwrap(),
        }
        let output = std::process::Command::new(FASTSTAR)
            .args(["sandbox", "--port", "0", "--json", "--webhook-ca", &file])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.starts_with("error: --webhook-ca: ") && told.lines().count() == 1, "{told}");
    }
}
