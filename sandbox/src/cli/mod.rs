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
/// Start with `faststar sandbox`. It prints a URL and an API key; give both to your server, and
/// everything that FastStar's documentation says about checkout sessions works, offline.
#[derive(Parser)]
#[command(name = "faststar", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the checkout API on this machine
    Sandbox(sandbox::Arguments),
    /// Compute what a cart comes to, with an estimate of the tax
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
