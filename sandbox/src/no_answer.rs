//! Why a receiver gave no answer, in words that say what to do.

use std::error::Error as StdError;
use std::fmt::{self, Display, Formatter};
use std::io;

use rustls::{AlertDescription, CertificateError, OtherError};
use url::Url;

/// Why no answer came.
#[derive(Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// It is the receiver's, or the way's to it.
    Receiver(String),
    /// This process has no descriptor left, so nothing was sent.
    NoDescriptors,
}

/// A name that could not be looked up.
#[derive(Debug)]
pub struct Unresolved(pub io::Error);

impl Display for Unresolved {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl StdError for Unresolved {}

/// A name whose addresses are all refused.
#[derive(Debug)]
pub struct NotAllowed;

impl Display for NotAllowed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("the name has no address that webhooks may go to")
    }
}

impl StdError for NotAllowed {}

impl NoAnswer {
    /// Tells what a request to a URL has failed with; `limit_secs` is how long it was given.
    pub fn of(error: &reqwest::Error, url: &str, limit_secs: u64) -> Self {
        let receiver = place(url);
        // The innermost: those around it say nothing of their own.
        let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
        if let Some(unresolved) = find::<Unresolved>(error) {
            if lacks_descriptors(&unresolved.0) || tokio::net::TcpSocket::new_v4().is_err() {
                return Self::NoDescriptors;
            }
            return Self::Receiver(format!(
                "the name of {receiver} cannot be resolved: {unresolved}"
            ));
        }
        if io.is_some_and(lacks_descriptors) {
            return Self::NoDescriptors;
        }
        Self::Receiver(if let Some(not_allowed) = find::<NotAllowed>(error) {
            not_allowed.to_string()
        } else if error.is_timeout() && error.is_connect() {
            format!("no connection to {receiver} within {limit_secs} seconds")
        } else if error.is_timeout() {
            format!("no answer within {limit_secs} seconds")
        } else if let Some(tls) = find::<rustls::Error>(error) {
            tls_mistake(tls, &receiver)
        } else if error.is_connect() {
            not_connected(io, &receiver, error)
        } else if let Some(http) = find::<hyper::Error>(error) {
            broken(http, io, error)
        } else {
            innermost(error)
        })
    }
}

fn not_connected(io: Option<&io::Error>, receiver: &str, error: &reqwest::Error) -> String {
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("connection refused: nothing listens at {receiver}")
        }
        Some(io::ErrorKind::ConnectionReset) => {
            format!("{receiver} reset the connection before it was made")
        }
        Some(io::ErrorKind::UnexpectedEof) => {
            format!("TLS: {receiver} closed the connection before it was secure")
        }
        Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
            format!("{receiver} is not reachable from this machine")
        }
        _ => format!("could not connect to {receiver}: {}", innermost(error)),
    }
}

fn broken(http: &hyper::Error, io: Option<&io::Error>, error: &reqwest::Error) -> String {
    if http.is_parse_too_large() {
        return "the head of the receiver's answer is too large".into();
    }
    if http.is_parse() {
        return "the receiver's answer is not HTTP/1.1".into();
    }
    if http.is_incomplete_message() {
        return "the receiver closed the connection before it answered".into();
    }
    match io.map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted) => {
            "the receiver reset the connection before it answered".into()
        }
        Some(io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof) => {
            "the receiver closed the connection before it answered".into()
        }
        _ => format!("the connection broke before the answer: {}", innermost(error)),
    }
}

fn tls_mistake(error: &rustls::Error, receiver: &str) -> String {
    let certificate =
        |mistake: &str| format!("TLS: the certificate of {receiver} is not accepted: {mistake}");
    let trust = "start the sandbox with --webhook-ca FILE to trust it";
    match error {
        rustls::Error::InvalidCertificate(mistake) => match mistake {
            CertificateError::UnknownIssuer => {
                certificate(&format!("its issuer is not trusted; {trust}"))
            }
            CertificateError::Other(OtherError(other)) if other.to_string().contains("CaUsed") => {
                certificate(&format!("it is self-signed; {trust}"))
            }
            CertificateError::BadSignature => certificate(
                "it is not signed by the trusted certificate that has its issuer's name; name the \
                 present one with --webhook-ca FILE",
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                certificate("it has expired")
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                certificate("it is not valid yet")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                certificate("it is for another name")
            }
            other => certificate(&other.to_string()),
        },
        rustls::Error::NoCertificatesPresented => certificate("there is none"),
        rustls::Error::InvalidMessage(_) => {
            format!("TLS: {receiver} does not speak TLS; is its URL http://?")
        }
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            format!("TLS: {receiver} wants a certificate of the client, and webhooks have none")
        }
        other => format!("TLS: the connection to {receiver} failed: {other}"),
    }
}

/// Tells whether this process, or the machine, has no descriptor left.
fn lacks_descriptors(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| code == Some(errno.raw_os_error()))
}

/// Gives an error and its causes, the outermost first.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&cause: &&'a (dyn StdError + 'static)| {
        // The source of an I/O error is that of the error within it, which would be passed over.
        match cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(within) => Some(within),
            None => cause.source(),
        }
    })
}

/// Finds an error of a kind among the causes of another one.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Names a receiver without what its URL may keep secret.
fn place(url: &str) -> String {
    let url = Url::parse(url).ok();
    let host = url.as_ref().and_then(|url| url.host_str().map(str::to_owned));
    let port = url.as_ref().and_then(Url::port_or_known_default);
    match (host, port) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        _ => "the receiver".into(),
    }
}
