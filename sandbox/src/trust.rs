//! Which certificates receivers of webhooks may have.

use std::path::Path;
use std::sync::Arc;

use faststar::error::{Error, ErrorKind, Result, code};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Trusts the web's authorities, and the certificates of a file: as authorities, and as they are.
///
/// A certificate that signs itself is often marked as an authority, which no server may have; so one
/// that a receiver shows as it is in the file is only asked for its name.
#[derive(Debug)]
pub struct Trust {
    web: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl Trust {
    /// Reads the file, where there is one.
    ///
    /// # Errors
    ///
    /// Kind `Configuration` at `--webhook-ca` for a file without a certificate.
    pub fn new(file: Option<&Path>, provider: Arc<CryptoProvider>) -> Result<Self> {
        let own = file.map(read).transpose()?.unwrap_or_default();
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        roots.add_parsable_certificates(own.iter().cloned());
        let web = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        let web = web.build().map_err(|error| {
            let message = format!("TLS cannot be set up: {error}");
            Error::new(ErrorKind::Internal, code::INTERNAL, message)
        })?;
        Ok(Self { web, own })
    }
}

fn read(file: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let refuse = |message: String| {
        Error::new(ErrorKind::Configuration, code::INVALID_CONFIGURATION, message)
            .with_param("--webhook-ca")
    };
    let pem =
        std::fs::read(file).map_err(|error| refuse(format!("the file cannot be read: {error}")))?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| refuse(format!("the file is not valid PEM: {error}")))?;
    let is_whole = |found: &CertificateDer<'_>| ParsedCertificate::try_from(found).is_ok();
    if found.is_empty() || !found.iter().all(is_whole) {
        return Err(refuse("the file must have certificates in PEM form".into()));
    }
    Ok(found)
}

impl ServerCertVerifier for Trust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.own.contains(end_entity) {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            rustls::client::verify_server_name(&certificate, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        self.web.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.web.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.web.supported_verify_schemes()
    }
}
