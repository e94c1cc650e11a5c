//! Verifies and signs webhooks.
//!
//! FastStar signs `<t>.<raw body>` with the endpoint's secret (HMAC-SHA256) and sends
//! `X-Webhook-Signature: t=<unix seconds>,v1=<hex>`. Give [`Verifier`] the bytes of the request as
//! they came: a body that a JSON parser has read and written again has another signature.
//!
//! ```
//! use faststar::webhook::{Verifier, sign};
//!
//! let verifier = Verifier::new("whsec_1")?;
//! let body = br#"{"id":"evt_1","type":"payment.succeeded"}"#;
//! let header = sign(body, "whsec_1", 1_769_900_300); // in a test, in place of FastStar
//!
//! let event = verifier.verify(body, &header, 1_769_900_300)?;
//! if event.fulfils() {
//!     // remember event.id(), so that a redelivery does nothing, and fulfil the order
//! }
//! # Ok::<(), faststar::Error>(())
//! ```

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::error::{Error, ErrorKind, Result, code};
use crate::event::Event;
use crate::secret::Secret;

/// Names the header with the signature, `t=<unix seconds>,v1=<hex>`.
pub const SIGNATURE_HEADER: &str = "X-Webhook-Signature";
/// Names the header with the event's id. It is not signed: see [`Verifier::verify_with_id`].
pub const ID_HEADER: &str = "X-Webhook-ID";
/// Names the header with the event's creation in unix seconds. It is not signed, so nothing here
/// reads it.
pub const TIMESTAMP_HEADER: &str = "X-Webhook-Timestamp";

/// Says how far a signature's time may be from now unless told otherwise: 300 seconds. FastStar's
/// pages name no tolerance; this one is ours.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(300);

/// Bounds the signature header, in bytes: some fifty signatures.
const MAX_HEADER: usize = 4096;

/// Verifies a webhook with the endpoint's secret, the system's clock and the default tolerance.
///
/// # Errors
///
/// Those of [`Verifier::new`] and [`Verifier::verify`].
pub fn verify(body: &[u8], header: &str, secret: impl Into<Secret>) -> Result<Event> {
    Verifier::new(secret)?.verify(body, header, unix_now())
}

/// Gives the value of [`SIGNATURE_HEADER`] that came with a request.
///
/// # Errors
///
/// `malformed_header` when the request had none.
pub fn signature_header(header: Option<&str>) -> Result<&str> {
    header.ok_or_else(|| {
        let message = format!("the header {SIGNATURE_HEADER} is missing; pass its value");
        refuse(code::MALFORMED_HEADER, message)
    })
}

/// Signs a body as FastStar does and gives the value of [`SIGNATURE_HEADER`].
///
/// `timestamp` is in unix seconds. For tests and for the sandbox.
///
/// ```
/// use faststar::webhook::sign;
///
/// let header = sign(b"{}", "whsec_1", 1_769_900_300);
/// assert!(header.starts_with("t=1769900300,v1="));
/// ```
pub fn sign(body: &[u8], secret: impl Into<Secret>, timestamp: i64) -> String {
    sign_all(body, [secret], timestamp)
}

/// Signs a body with each of several secrets, as during a rotation: one `v1` for each, in order.
pub fn sign_all<S: Into<Secret>>(
    body: &[u8],
    secrets: impl IntoIterator<Item = S>,
    timestamp: i64,
) -> String {
    let t = timestamp.to_string();
    let mut header = format!("t={t}");
    for secret in secrets {
        header.push_str(",v1=");
        for byte in Key::new(&secret.into()).tag(&t, body) {
            header += &format!("{byte:02x}");
        }
    }
    header
}

/// Verifies webhooks with one or several secrets.
///
/// A webhook that fails is refused with an error of the kind [`ErrorKind::Signature`]: answer it with
/// a 4xx and do nothing else. A missing secret is of the kind [`ErrorKind::Configuration`]: answer it
/// with a 5xx, so that the webhook comes again.
///
/// ```
/// use faststar::webhook::Verifier;
///
/// // both secrets are good while the endpoint's secret is rotated
/// let verifier = Verifier::new("whsec_new")?.and_secret("whsec_old")?;
/// # Ok::<(), faststar::Error>(())
/// ```
#[derive(Clone)]
pub struct Verifier {
    keys: Vec<Key>,
    tolerance: Duration,
}

impl Verifier {
    /// Makes a verifier for the secret of an endpoint.
    ///
    /// # Errors
    ///
    /// `invalid_secret` when the secret is empty or nothing but whitespace.
    pub fn new(secret: impl Into<Secret>) -> Result<Self> {
        Self { keys: Vec::new(), tolerance: DEFAULT_TOLERANCE }.and_secret(secret)
    }

    /// Adds a secret, for a rotation: a signature under any of them is good.
    ///
    /// # Errors
    ///
    /// `invalid_secret` when the secret is empty or nothing but whitespace.
    pub fn and_secret(mut self, secret: impl Into<Secret>) -> Result<Self> {
        let secret = secret.into();
        if secret.expose().trim().is_empty() {
            return Err(no_secret("the webhook secret is empty; set the secret of this endpoint"));
        }
        self.keys.push(Key::new(&secret));
        Ok(self)
    }

    /// Makes a verifier for several secrets: a signature under any of them is good.
    ///
    /// # Errors
    ///
    /// `invalid_secret` when there is none, or one is empty or nothing but whitespace.
    pub fn from_secrets(secrets: impl IntoIterator<Item = impl Into<Secret>>) -> Result<Self> {
        let mut secrets = secrets.into_iter();
        let Some(first) = secrets.next() else {
            return Err(no_secret("there is no webhook secret; pass the secret of this endpoint"));
        };
        secrets.try_fold(Self::new(first)?, Self::and_secret)
    }

    /// Sets how far a signature's time may be from now, before it and after it. Whole seconds count.
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a webhook and gives its event. `now` is in unix seconds.
    ///
    /// The signature is checked first, then its time, and only then is the body parsed.
    ///
    /// # Errors
    ///
    /// Those of [`Verifier::check_signature`], and `malformed_json` when the signed body is not an
    /// event.
    ///
    /// ```
    /// use faststar::webhook::{Verifier, sign};
    ///
    /// let verifier = Verifier::new("whsec_1")?;
    /// let header = sign(b"{}", "whsec_1", 1_769_900_300);
    /// let error = verifier.verify(b"{ }", &header, 1_769_900_300).unwrap_err();
    /// assert_eq!(error.code(), "signature_mismatch");
    /// # Ok::<(), faststar::Error>(())
    /// ```
    pub fn verify(&self, body: &[u8], header: &str, now: i64) -> Result<Event> {
        self.verify_with_id(body, header, None, now)
    }

    /// Verifies a webhook whose [`ID_HEADER`], where it came, must name the event of the body.
    ///
    /// # Errors
    ///
    /// Those of [`Verifier::verify`], and `event_id_mismatch`.
    pub fn verify_with_id(
        &self,
        body: &[u8],
        header: &str,
        event_id: Option<&str>,
        now: i64,
    ) -> Result<Event> {
        self.check_signature(body, header, now)?;
        let event = Event::parse_as(ErrorKind::Signature, body)?;
        if let Some(id) = event_id.filter(|id| *id != event.id()) {
            // What is not signed may be long, and hold control characters.
            let shown = |id: &str| format!("{:?}", id.chars().take(100).collect::<String>());
            let (header, signed) = (shown(id), shown(event.id()));
            let message = format!(
                "X-Webhook-ID is {header} and the signed body's id is {signed}; pass both of the same \
                 request"
            );
            return Err(refuse(code::EVENT_ID_MISMATCH, message));
        }
        Ok(event)
    }

    /// Checks the signature and its time, of any body. `now` is in unix seconds.
    ///
    /// # Errors
    ///
    /// - `malformed_header`: longer than 4096 bytes, or not exactly one `t` of decimal digits;
    /// - `no_signature`: no `v1`;
    /// - `signature_mismatch`: no `v1` is the body's under any of the secrets;
    /// - `timestamp_too_old`, `timestamp_in_future`: signed further from `now` than the tolerance.
    pub fn check_signature(&self, body: &[u8], header: &str, now: i64) -> Result<()> {
        let header = Header::parse(header)?;
        // every pair is compared, so the time tells nothing about which one matched
        let mut matched = Choice::from(0);
        for key in &self.keys {
            let tag = key.tag(header.t, body);
            for signature in &header.signatures {
                matched |= signature.ct_eq(&tag);
            }
        }
        if !bool::from(matched) {
            return Err(self.mismatch());
        }
        self.check_time(header.timestamp, now)
    }

    fn mismatch(&self) -> Error {
        let mut message = "no signature matches; pass the raw body, the bytes as they came before \
                           any json parser, and the secret of this endpoint"
            .to_owned();
        if self.keys.iter().any(|key| key.has_outer_whitespace) {
            message.push_str("; a secret starts or ends with whitespace, remove it");
        }
        refuse(code::SIGNATURE_MISMATCH, message)
    }

    fn check_time(&self, timestamp: i64, now: i64) -> Result<()> {
        let age = i128::from(now) - i128::from(timestamp);
        let tolerance = self.tolerance.as_secs();
        if age > i128::from(tolerance) {
            return Err(refuse(
                code::TIMESTAMP_TOO_OLD,
                format!(
                    "signed {age} seconds ago, more than the tolerance of {tolerance}; check this \
                     machine's clock, and refuse a replay"
                ),
            ));
        }
        if -age > i128::from(tolerance) {
            return Err(refuse(
                code::TIMESTAMP_IN_FUTURE,
                format!(
                    "signed {} seconds in the future, more than the tolerance of {tolerance}; \
                     check this machine's clock",
                    -age
                ),
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.keys.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

/// A secret, ready to hash.
#[derive(Clone)]
struct Key {
    hmac: Hmac<Sha256>,
    has_outer_whitespace: bool,
}

impl Key {
    fn new(secret: &Secret) -> Self {
        let text = secret.expose();
        Self {
            hmac: Hmac::new_from_slice(text.as_bytes()).expect("hmac takes a key of any length"),
            has_outer_whitespace: text.trim() != text,
        }
    }

    fn tag(&self, t: &str, body: &[u8]) -> [u8; 32] {
        let hmac = self.hmac.clone().chain_update(t).chain_update(".").chain_update(body);
        hmac.finalize().into_bytes().into()
    }
}

struct Header<'a> {
    /// The text of the time, which is what was signed.
    t: &'a str,
    timestamp: i64,
    /// Only those of the right shape; another could not match.
    signatures: Vec<[u8; 32]>,
}

impl<'a> Header<'a> {
    fn parse(header: &'a str) -> Result<Self> {
        let malformed = |what: &str| {
            refuse(
                code::MALFORMED_HEADER,
                format!("pass X-Webhook-Signature unchanged, t=<unix seconds>,v1=<hex>: {what}"),
            )
        };
        if header.len() > MAX_HEADER {
            return Err(malformed("it is longer than 4096 bytes"));
        }
        let (mut t, mut has_v1, mut signatures) = (None, false, Vec::new());
        for part in header.split(',') {
            match part.trim_ascii().split_once('=') {
                Some(("t", _)) if t.is_some() => return Err(malformed("it has more than one t")),
                Some(("t", text)) => t = Some(text),
                Some(("v1", hex)) => {
                    has_v1 = true;
                    signatures.extend(decode(hex));
                }
                // another scheme, which an older receiver must pass over
                _ => {}
            }
        }
        let t = t.ok_or_else(|| malformed("it has no t"))?;
        let timestamp = match t.parse() {
            // parse would take a sign
            Ok(timestamp) if t.bytes().all(|byte| byte.is_ascii_digit()) => timestamp,
            _ => return Err(malformed("its t is not a number of seconds")),
        };
        if !has_v1 {
            return Err(refuse(
                code::NO_SIGNATURE,
                "X-Webhook-Signature has no v1 part; pass the header unchanged",
            ));
        }
        Ok(Self { t, timestamp, signatures })
    }
}

/// Reads 64 hex digits of either case.
fn decode(hex: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = hex.as_bytes().as_chunks();
    let mut bytes = [0; 32];
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// A missing secret is the receiver's mistake and says nothing about the webhook.
fn no_secret(message: &str) -> Error {
    Error::new(ErrorKind::Configuration, code::INVALID_SECRET, message)
}

fn refuse(code: &'static str, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Signature, code, message)
}

/// Gives the system's time in unix seconds. A clock before 1970 reads 0, which no webhook survives.
#[must_use]
pub fn unix_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_test_only_1";
    const BODY: &[u8] = br#"{"id":"evt_1","type":"payment.succeeded"}"#;
    const NOW: i64 = 1_769_900_300;

    fn verifier() -> Verifier {
        Verifier::new(SECRET).unwrap()
    }

    fn code_of<T: fmt::Debug>(result: Result<T>) -> String {
        let error = result.unwrap_err();
        let kind = match error.code() {
            code::INVALID_SECRET => ErrorKind::Configuration,
            _ => ErrorKind::Signature,
        };
        assert_eq!(error.kind(), kind);
        assert!(!format!("{error:?}").contains(SECRET));
        error.code().to_owned()
    }

    #[test]
    fn signature_is_the_published_hmac() {
        // RFC 4231, test case 2: the key "Jefe" over "what do ya want for nothing?"
        let key = Key::new(&Secret::new("Jefe"));
        let mut hmac = key.hmac;
        hmac.update(b"what do ya want for nothing?");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(Some(hmac.finalize().into_bytes().into()), decode(expected));
    }

    #[test]
    fn system_clock_verifies_what_is_signed_now() {
        let header = sign(BODY, SECRET, unix_now());
        assert_eq!(verify(BODY, &header, SECRET).unwrap().id(), "evt_1");
        let header = sign(BODY, SECRET, unix_now() - 400);
        assert_eq!(code_of(verify(BODY, &header, SECRET)), "timestamp_too_old");
    }

    #[test]
    fn rotation_accepts_either_side_first() {
        let header = sign_all(BODY, ["old", SECRET], NOW);
        assert!(verifier().verify(BODY, &header, NOW).is_ok());
        let both = Verifier::new("old").unwrap().and_secret(SECRET).unwrap();
        assert!(both.verify(BODY, &sign(BODY, SECRET, NOW), NOW).is_ok());
        assert!(both.verify(BODY, &sign(BODY, "old", NOW), NOW).is_ok());
        assert_eq!(code_of(both.verify(BODY, &sign(BODY, "x", NOW), NOW)), "signature_mismatch");
    }

    #[test]
    fn signature_comes_before_the_time_and_the_time_before_the_json() {
        let old = NOW - 1000;
        assert_eq!(
            code_of(verifier().verify(b"x", &sign(b"y", SECRET, old), NOW)),
            "signature_mismatch"
        );
        assert_eq!(
            code_of(verifier().verify(b"x", &sign(b"x", SECRET, old), NOW)),
            "timestamp_too_old"
        );
        assert_eq!(
            code_of(verifier().verify(b"x", &sign(b"x", SECRET, NOW), NOW)),
            "malformed_json"
        );
    }

    #[test]
    fn extremes_of_the_time_do_not_overflow() {
        let header = sign(BODY, SECRET, i64::MAX);
        let wide = verifier().tolerance(Duration::MAX);
        for now in [i64::MIN, -1, 0, i64::MAX - 301] {
            let refused = verifier().check_signature(BODY, &header, now);
            assert_eq!(code_of(refused), "timestamp_in_future");
            assert!(wide.check_signature(BODY, &header, now).is_ok());
        }
        assert!(verifier().check_signature(BODY, &header, i64::MAX).is_ok());
        let header = sign(BODY, SECRET, 0);
        assert_eq!(
            code_of(verifier().check_signature(BODY, &header, i64::MAX)),
            "timestamp_too_old"
        );
        assert_eq!(
            code_of(verifier().check_signature(BODY, &header, i64::MIN)),
            "timestamp_in_future"
        );
    }

    #[test]
    fn negative_time_can_be_signed_but_not_verified() {
        let header = sign(BODY, SECRET, i64::MIN);
        assert!(header.starts_with("t=-9223372036854775808,"));
        assert_eq!(code_of(verifier().verify(BODY, &header, i64::MIN)), "malformed_header");
    }

    #[test]
    fn fraction_of_a_second_does_not_widen_the_tolerance() {
        let strict = verifier().tolerance(Duration::from_millis(999));
        assert!(strict.verify(BODY, &sign(BODY, SECRET, NOW), NOW).is_ok());
        assert!(strict.verify(BODY, &sign(BODY, SECRET, NOW - 1), NOW).is_err());
    }

    #[test]
    fn secret_without_text_is_refused() {
        for secret in ["", " ", "\r\n\t", "\u{a0}"] {
            assert_eq!(code_of(Verifier::new(secret)), "invalid_secret");
            assert_eq!(code_of(verifier().and_secret(secret)), "invalid_secret");
            assert_eq!(code_of(verify(BODY, "", secret)), "invalid_secret");
        }
    }

    #[test]
    fn debug_has_no_secret() {
        let text = format!("{:?}", verifier().and_secret("whsec_test_only_2").unwrap());
        assert_eq!(text, "Verifier { secrets: 2, tolerance: 300s }");
    }

    #[test]
    fn raw_use_takes_a_body_that_is_no_event() {
        let body = b"\xff\x00 not json";
        assert!(verifier().check_signature(body, &sign(body, SECRET, NOW), NOW).is_ok());
    }

    proptest::proptest! {
        #[test]
        fn any_header_is_refused_without_panic(header: String, now: i64) {
            proptest::prop_assert!(verifier().verify(BODY, &header, now).is_err());
        }

        #[test]
        fn what_is_signed_verifies_and_a_flipped_bit_does_not(
            mut body in proptest::collection::vec(0u8.., 1..100), at: usize, bit in 0u32..8, t in 0i64..,
        ) {
            let header = sign(&body, SECRET, t);
            proptest::prop_assert!(verifier().check_signature(&body, &header, t).is_ok());
            let at = at % body.len();
            body[at] ^= 1u8 << bit;
            proptest::prop_assert!(verifier().check_signature(&body, &header, t).is_err());
        }
    }
}
