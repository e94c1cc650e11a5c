//! `faststar webhook sign` and `verify`

use std::io::{self, Read};
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use faststar::error::{Error, ErrorKind, code};
use faststar::webhook::{DEFAULT_TOLERANCE, Verifier, sign_all};
use faststar_sandbox::clock;
use serde_json::{Value, json};

use super::{failure, print};

/// The largest body that is signed or verified, in bytes; a webhook has some hundred.
const MAX_BODY: u64 = 64 * 1024 * 1024;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Sign the body on standard input and print the value of X-Webhook-Signature
    Sign {
        /// The endpoint's secret; a second one signs as during a rotation
        #[arg(long, required = true, env = "FASTSTAR_WEBHOOK_SECRET", hide_env_values = true)]
        secret: Vec<String>,
        /// The time of the signature in unix seconds; now where it is absent
        #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
        now: Option<i64>,
    },
    /// Verify the body on standard input and print the event
    ///
    /// Prints {"ok":true,"event":{…}} and exits with 0, or {"error":{"code","message"}} and exits
    /// with 1.
    Verify {
        /// The endpoint's secret; any of several may match
        #[arg(long, required = true, env = "FASTSTAR_WEBHOOK_SECRET", hide_env_values = true)]
        secret: Vec<String>,
        /// The value of X-Webhook-Signature
        #[arg(long)]
        header: String,
        /// The value of X-Webhook-ID, to be compared with the signed body
        #[arg(long, value_name = "ID")]
        event_id: Option<String>,
        /// The time of the check in unix seconds; now where it is absent
        #[arg(long, value_name = "UNIX", allow_negative_numbers = true)]
        now: Option<i64>,
        /// How many seconds the signature's time may be off, either way
        #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_TOLERANCE.as_secs())]
        tolerance: u64,
    },
}

pub(super) fn run(command: Command) -> ExitCode {
    match execute(command) {
        Ok(line) => {
            print(line);
            ExitCode::SUCCESS
        }
        Err(error) => {
            print(error_json(&error));
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<String, Error> {
    let now = |given: Option<i64>| given.unwrap_or_else(|| clock::machine_now_ms() / 1000);
    match command {
        Command::Sign { secret, now: given } => {
            for secret in &secret {
                Verifier::new(secret.as_str())?;
            }
            Ok(sign_all(&read_body()?, secret, now(given)))
        }
        Command::Verify { secret, header, event_id, now: given, tolerance } => {
            let verifier =
                Verifier::from_secrets(secret)?.tolerance(Duration::from_secs(tolerance));
            let body = read_body()?;
            verifier.verify_with_id(&body, &header, event_id.as_deref(), now(given))?;
            // What was signed, and not the typed event with its defaults.
            let event: Value = serde_json::from_slice(&body).map_err(|e| failure(e.to_string()))?;
            Ok(json!({"ok": true, "event": event}).to_string())
        }
    }
}

fn read_body() -> Result<Vec<u8>, Error> {
    read_whole(io::stdin().lock(), MAX_BODY)
}

/// Reads to the end, and refuses what is longer than `max` bytes: half a body has another signature.
fn read_whole(input: impl Read, max: u64) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let read = input.take(max + 1).read_to_end(&mut body);
    read.map_err(|error| failure(format!("standard input cannot be read: {error}")))?;
    if body.len() as u64 > max {
        let message = format!("the body on standard input must have at most {max} bytes");
        return Err(Error::new(ErrorKind::Validation, code::BODY_TOO_LARGE, message));
    }
    Ok(body)
}

/// Tells an error as programs read it.
pub(super) fn error_json(error: &Error) -> Value {
    let mut told = json!({"code": error.code(), "message": error.message()});
    if let Some(param) = error.param() {
        told["param"] = param.into();
    }
    json!({"error": told})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_whole_or_refused() {
        assert_eq!(read_whole(&b"1234"[..], 4).unwrap(), b"1234");
        let error = read_whole(&b"12345"[..], 4).unwrap_err();
        assert_eq!(error.code(), "body_too_large");
        assert_eq!(error.message(), "the body on standard input must have at most 4 bytes");
    }
}
