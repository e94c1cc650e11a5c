//! What `faststar` can be told, and which file does it.

mod control;
mod quote;
mod sandbox;
mod webhook;

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use faststar::error::{Error, ErrorKind, code};

/// FastStar checkout on your own machine: a sandbox of the API, offline quotes, and webhooks.
///
/// Start with `faststar sandbox`. It prints a URL and an API key. Give both to your server, and the
/// requests of FastStar's documentation work offline. Then `faststar complete cs_…` pays a session.
#[derive(Parser)]
#[command(name = "faststar", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the checkout API on this machine
    ///
    /// It prints a base URL, an API key and a webhook secret, and answers the documented requests
    /// until Ctrl-C. With --db it remembers everything, and keys of earlier starts stay good. The
    /// log goes to standard error; FASTSTAR_LOG=debug says more, FASTSTAR_LOG=off nothing.
    Sandbox(sandbox::Arguments),
    /// Compute what a cart comes to, with an estimate of the tax
    ///
    /// With --line it prints a table for one cart. Without, it reads carts from standard input, one
    /// JSON object a line, and answers each with one line: {"subtotal","tax","total"} or
    /// {"error":{"code","param","message"}}. Amounts are in the currency's smallest unit.
    ///
    /// The tax comes from a bundled table of national and statewide standard rates: no local US tax,
    /// registrations, exemptions or B2B reverse charge. FastStar computes the binding tax. Not tax
    /// advice.
    Quote(quote::Arguments),
    /// Sign or verify a webhook
    #[command(subcommand)]
    Webhook(webhook::Command),
    /// Play the buyer of a session in a running sandbox
    Complete(control::Complete),
    /// Expire a session in a running sandbox
    Expire(control::Expire),
    /// Show or move the clock of a running sandbox
    #[command(subcommand)]
    Clock(control::Clock),
    /// Show the events of a running sandbox, or send one again
    #[command(subcommand)]
    Events(control::Events),
}

/// Reads the arguments and does what they say.
pub(crate) fn run() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Sandbox(arguments) => sandbox::run(arguments),
        Command::Quote(arguments) => quote::run(arguments),
        Command::Webhook(command) => return webhook::run(command),
        Command::Complete(arguments) => arguments.run(),
        Command::Expire(arguments) => arguments.run(),
        Command::Clock(command) => command.run(),
        Command::Events(command) => command.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let place = error.param().map(|param| format!("{param}: ")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "error: {place}{}", error.message());
            ExitCode::FAILURE
        }
    }
}

/// Prints a line; who has stopped reading does not make it a failure.
fn print(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Runs something asynchronous to its end.
fn block_on<T>(
    work: impl Future<Output = Result<T, Error>>,
    runtime: io::Result<tokio::runtime::Runtime>,
) -> Result<T, Error> {
    let runtime = runtime.map_err(|error| failure(format!("no runtime: {error}")))?;
    runtime.block_on(work)
}

/// Makes the error of something that the operating system did not do.
fn failure(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Internal, code::INTERNAL, message)
}
