//! What a language calls the options of a client, for errors that name one.

/// The names by which an error tells its reader what to change.
///
/// An error's place and advice name options: `base_url` in Rust and Python, `baseUrl` in Node. A
/// language package sets its own with [`ClientBuilder::terms`](super::ClientBuilder::terms).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// The API key.
    pub api_key: &'static str,
    /// Where the API is.
    pub base_url: &'static str,
    /// How long one attempt may take to connect.
    pub connect_timeout: &'static str,
    /// How often a failed attempt is repeated.
    pub max_retries: &'static str,
    /// The key of one call.
    pub idempotency_key: &'static str,
    /// The program's name in `User-Agent`.
    pub user_agent: &'static str,
    /// The option that trusts a certificate authority of your own, where the language has one.
    pub root_certificates: Option<&'static str>,
}

impl Terms {
    /// Rust's names.
    pub const RUST: Self = Self {
        api_key: "api_key",
        base_url: "base_url",
        connect_timeout: "connect_timeout",
        max_retries: "max_retries",
        idempotency_key: "idempotency_key",
        user_agent: "user_agent",
        root_certificates: Some("add_root_certificate_pem"),
    };

    /// Python's names.
    pub const PYTHON: Self = Self { root_certificates: None, ..Self::RUST };

    /// Node's names.
    pub const NODE: Self = Self {
        api_key: "apiKey",
        base_url: "baseUrl",
        connect_timeout: "connectTimeout",
        max_retries: "maxRetries",
        idempotency_key: "idempotencyKey",
        user_agent: "userAgent",
        root_certificates: None,
    };

    /// The names of Kotlin and Java.
    pub const KOTLIN: Self = Self { root_certificates: Some("rootCertificatesPem"), ..Self::NODE };

    /// Swift's names.
    pub const SWIFT: Self =
        Self { base_url: "baseURL", root_certificates: Some("rootCertificatesPEM"), ..Self::NODE };

    /// Gives what to do about a certificate of an authority that is not trusted.
    pub(super) fn unknown_issuer(&self) -> String {
        let fact = "its issuer is not trusted";
        match self.root_certificates {
            Some(option) => format!("{fact}; pass the issuer's own certificate as {option}"),
            None => format!(
                "{fact}; the client trusts Mozilla's root certificates and cannot add others in this \
                 version, so check {} and any proxy that opens TLS",
                self.base_url
            ),
        }
    }
}
