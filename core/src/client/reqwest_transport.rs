//! The transport that is there unless told otherwise: reqwest over rustls.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;
use std::{io, iter};

use bytes::BytesMut;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use rustls::{CertificateError, ClientConfig, RootCertStore};

use crate::error::{Error, ErrorKind, NetworkError, Result, code};

use super::terms::Terms;
use super::transport::{
    BoxFuture, HttpRequest, HttpResponse, MAX_RESPONSE_BYTES, Transport, TransportError,
    TransportErrorKind,
};

/// How long an unused connection is kept, below the minute after which load balancers close theirs:
/// a request must not meet a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(50);

pub(super) struct ReqwestTransport {
    client: reqwest::Client,
    terms: Terms,
}

impl ReqwestTransport {
    /// Sets up HTTP/1.1 over TLS with Mozilla's root certificates and `roots`; `direct` asks no proxy.
    pub(super) fn new(
        connect_timeout: Duration,
        direct: bool,
        roots: &[TrustAnchor<'static>],
        terms: Terms,
    ) -> Result<Self> {
        // Features of reqwest that another crate of the program turns on must change nothing here,
        // so what is off by default is turned off by name too.
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(roots)?)
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_deflate()
            .no_zstd()
            .tcp_nodelay(true)
            .pool_idle_timeout(IDLE)
            .connect_timeout(connect_timeout);
        if direct {
            builder = builder.no_proxy();
        }
        match builder.build() {
            Ok(client) => Ok(Self { client, terms }),
            Err(error) => {
                Err(internal(format!("the HTTP client cannot be set up: {}", root_cause(&error))))
            }
        }
    }
}

/// Reads root certificates from PEM; gives none where one of them cannot be read.
pub(super) fn read_roots(pem: &[u8]) -> Option<Vec<TrustAnchor<'static>>> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        store.add(certificate.ok()?).ok()?;
    }
    Some(store.roots)
}

fn tls(own_roots: &[TrustAnchor<'static>]) -> Result<ClientConfig> {
    let roots = [webpki_roots::TLS_SERVER_ROOTS, own_roots].concat();
    let roots = RootCertStore { roots };
    // The provider is named, so that neither an installed default nor its absence matters.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| internal(format!("TLS cannot be set up: {error}")))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn internal(message: String) -> Error {
    Error::new(ErrorKind::Internal, code::INTERNAL, message)
}

impl Transport for ReqwestTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let host = request.uri().authority().map(ToString::to_string);
            let host = host.as_deref().unwrap_or("the server");
            let failed = |error| explain(&error, host, &self.terms);
            let request = reqwest::Request::try_from(request).map_err(failed)?;
            let mut answer = self.client.execute(request).await.map_err(failed)?;
            let mut body = BytesMut::new();
            // Counted as it comes: Content-Length may lie.
            while let Some(chunk) = answer.chunk().await.map_err(failed)? {
                if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
                    return Err(too_large());
                }
                body.extend_from_slice(&chunk);
            }
            let mut response = HttpResponse::new(body.freeze());
            *response.status_mut() = answer.status();
            *response.headers_mut() = std::mem::take(answer.headers_mut());
            Ok(response)
        })
    }
}

fn too_large() -> TransportError {
    TransportError::new(
        TransportErrorKind::TooLarge,
        format!("the answer is larger than {MAX_RESPONSE_BYTES} bytes"),
    )
}

fn explain(error: &reqwest::Error, host: &str, terms: &Terms) -> TransportError {
    let cause = root_cause(error);
    let (kind, message) = if let Some(mistake) = certificate_mistake(error, terms) {
        let message = format!("the certificate of {host} is not accepted: {mistake}");
        (TransportErrorKind::Certificate, message)
    } else if error.is_connect() {
        let message = format!("could not connect to {host}: {cause}");
        (TransportErrorKind::Connect, message)
    } else if error.is_timeout() {
        let message = format!("{host} took too long: {cause}");
        (TransportErrorKind::Timeout, message)
    } else if error.is_builder() {
        let message = format!("the request cannot be sent: {cause}");
        (TransportErrorKind::Other, message)
    } else {
        let message = format!("the connection to {host} broke before the whole answer: {cause}");
        (TransportErrorKind::Interrupted, message)
    };
    let failed = TransportError::new(kind, message);
    match network_error(error, kind) {
        Some(network_error) => failed.with_network_error(network_error),
        None => failed,
    }
}

/// Finds what the network has said, by the types of the causes.
fn network_error(error: &reqwest::Error, kind: TransportErrorKind) -> Option<NetworkError> {
    if error.is_dns() {
        return Some(NetworkError::Dns);
    }
    let by_io = causes(error).find_map(|cause| {
        Some(match cause.downcast_ref::<io::Error>()?.kind() {
            io::ErrorKind::ConnectionRefused => NetworkError::Refused,
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => NetworkError::Reset,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
                NetworkError::Unreachable
            }
            io::ErrorKind::TimedOut => NetworkError::Timeout,
            _ => return None,
        })
    });
    let is_tls = || causes(error).any(|cause| cause.is::<rustls::Error>());
    match kind {
        TransportErrorKind::Certificate => Some(NetworkError::Certificate),
        _ if by_io.is_some() => by_io,
        _ if error.is_timeout() => Some(NetworkError::Timeout),
        _ if is_tls() => Some(NetworkError::Tls),
        TransportErrorKind::Interrupted => Some(NetworkError::Closed),
        _ => None,
    }
}

/// Finds what TLS has against the server's certificate, where that is what failed.
fn certificate_mistake(error: &reqwest::Error, terms: &Terms) -> Option<String> {
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>())?;
    match tls {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            Some(terms.unknown_issuer())
        }
        rustls::Error::InvalidCertificate(mistake) => Some(mistake.to_string()),
        rustls::Error::NoCertificatesPresented => Some("the server sent none".to_owned()),
        _ => None,
    }
}

/// Gives an error and its causes, from the outermost in.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    iter::successors(Some(error), |cause| within(*cause))
}

fn within<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    // The source of an I/O error is that of the error within it, which would be passed over.
    match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => cause.source(),
    }
}

/// Gives the innermost error's text: the outer ones say "error sending request".
fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
