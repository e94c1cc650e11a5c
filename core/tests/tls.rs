//! TLS handshakes for real: whose certificate is accepted, and what is said of the others.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use faststar::client::Terms;
use faststar::client::http::Uri;
use faststar::error::NetworkError;
use faststar::{Client, ErrorKind};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// An authority of a shop's own.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "A shop's authority");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// Certifies a key for a host.
    fn certify(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (certificate.der().clone(), key.into())
    }
}

type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn for_host(name: &str) -> CertificateParams {
    CertificateParams::new([name.to_owned()]).unwrap()
}

fn self_signed(name: &str) -> Identity {
    let key = KeyPair::generate().unwrap();
    let certificate = for_host(name).self_signed(&key).unwrap();
    (certificate.der().clone(), key.into())
}

/// What a server has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// Starts a server on `localhost` that shows a certificate, and gives its URL.
async fn serve(identity: Identity) -> (String, Arc<Seen>) {
    let (certificate, key) = identity;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let seen = Arc::<Seen>::default();
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            shared.connections.fetch_add(1, Ordering::SeqCst);
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = Vec::new();
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                if stream.read_buf(&mut request).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            if request.is_empty() {
                continue;
            }
            shared.requests.fetch_add(1, Ordering::SeqCst);
            let body = r#"{"success": true, "data": [{"id": "prod_1"}]}"#;
            let answer = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (url, seen)
}

/// Calls a server that must be refused, and gives the message.
async fn refusal(identity: Identity, root: Option<&Authority>) -> String {
    let (url, seen) = serve(identity).await;
    let mut builder = Client::builder("sk_test_CANARY").base_url(&url);
    if let Some(root) = root {
        builder = builder.add_root_certificate_pem(root.pem.as_str());
    }
    let client = builder.build().unwrap();
    let error = client.catalog().products().list().send().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Connection, "certificate_invalid"));
    assert!(!error.is_retryable());
    assert_eq!(error.network_error(), Some(NetworkError::Certificate));
    assert_eq!(error.attempts(), 1);
    assert_eq!(seen.connections.load(Ordering::SeqCst), 1, "it is not tried again");
    assert_eq!(seen.requests.load(Ordering::SeqCst), 0, "the key went out");
    let host = url.parse::<Uri>().unwrap().authority().unwrap().to_string();
    assert!(error.message().contains(&host), "{error}");
    error.message().to_owned()
}

#[tokio::test]
async fn a_root_of_one_s_own_is_trusted_where_it_was_given() {
    let authority = Authority::new();
    let (url, seen) = serve(authority.certify(for_host("localhost"))).await;
    let other = Authority::new();
    let bundle = format!("# ours\n{}\n{}", other.pem, authority.pem);
    let client = Client::builder("sk_test_1").base_url(&url).add_root_certificate_pem(bundle);
    let page = client.build().unwrap().catalog().products().list().send().await.unwrap();
    assert_eq!((page.items[0].id.as_str(), page.attempts()), ("prod_1", 1));
    assert_eq!(seen.requests.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_certificate_by_nobody_known_is_refused_once_and_the_way_out_is_told() {
    let authority = Authority::new();
    let message = refusal(authority.certify(for_host("localhost")), None).await;
    assert!(message.contains("add_root_certificate_pem"), "{message}");
    let message = refusal(self_signed("localhost"), Some(&authority)).await;
    assert!(message.contains("add_root_certificate_pem"), "{message}");
}

#[tokio::test]
async fn advice_names_options_as_the_reader_s_language_does() {
    let authority = Authority::new();
    for (terms, option) in [
        (Terms::KOTLIN, Some("rootCertificatesPem")),
        (Terms::SWIFT, Some("rootCertificatesPEM")),
        (Terms::PYTHON, None),
        (Terms::NODE, None),
    ] {
        let (url, _) = serve(authority.certify(for_host("localhost"))).await;
        let client = Client::builder("sk_test_1").base_url(&url).terms(terms).build().unwrap();
        let error = client.catalog().products().list().send().await.unwrap_err();
        assert!(!error.message().contains("add_root_certificate_pem"), "{error}");
        assert!(error.message().contains(option.unwrap_or(terms.base_url)), "{error}");
        let refused = Client::builder("sk_1").base_url("ftp://x").terms(terms).build().unwrap_err();
        assert_eq!(refused.param(), Some(terms.base_url));
        assert!(refused.message().starts_with(terms.base_url), "{refused}");
    }
}

#[tokio::test]
async fn a_certificate_of_another_host_is_refused_once_and_both_are_told() {
    let authority = Authority::new();
    let identity = authority.certify(for_host("api.other.example"));
    let message = refusal(identity, Some(&authority)).await;
    assert!(message.contains("localhost"), "{message}");
    assert!(message.contains("api.other.example"), "{message}");
}

#[tokio::test]
async fn a_certificate_that_has_run_out_is_refused_once() {
    let authority = Authority::new();
    let mut params = for_host("localhost");
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    let message = refusal(authority.certify(params), Some(&authority)).await;
    assert!(message.contains("expired"), "{message}");
}
