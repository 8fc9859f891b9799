//! How a program starts and ends.

use std::process::ExitCode;

use clap::Parser;
use wuffchat_deploy::Error;

use crate::args::STAND_IN;

/// Why a program ends without a result, and with which exit code.
#[derive(Debug)]
pub struct Failure {
    /// What to say.
    pub text: String,
    /// The exit code.
    pub code: u8,
}

impl Failure {
    /// Wrong use, or something nobody foresaw: exit code 1.
    pub fn usage(text: impl Into<String>) -> Self {
        Self { text: text.into(), code: 1 }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::LockHeld { .. } => 6,
            Error::SecretsMissing(_) | Error::Preflight(_) => 9,
            Error::NothingToRollBackTo(_) => 4,
            Error::Nomad(nomad_client::Error::JobModifyIndexConflict { .. }) | Error::Deploying { .. } => 5,
            _ => 1,
        };
        Self { text: chain(&error), code }
    }
}

macro_rules! from_client {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Error::from(error).into()
            }
        }
    )*};
}
from_client!(nomad_client::Error, vault_client::Error, consul_client::Error);

impl From<dev_stack::Error> for Failure {
    fn from(error: dev_stack::Error) -> Self {
        Self::usage(chain(&error))
    }
}

/// An error and its causes, each said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

/// Runs a program: reads its flags, or is the stand-in application if it was started as that.
pub fn run<A, F>(program: impl FnOnce(A) -> F) -> ExitCode
where
    A: Parser,
    F: Future<Output = Result<u8, Failure>>,
{
    let mut words = std::env::args().skip(1);
    let stand_in = words.next().is_some_and(|word| word == STAND_IN);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return end(Err(Failure::usage(format!("no runtime: {cause}")))),
    };
    if stand_in {
        return runtime.block_on(crate::stack::stand_in(words.collect()));
    }
    let arguments = match A::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            // clap says 2 for wrong use, which means something else here.
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    log();
    let result = runtime.block_on(program(arguments));
    // A blocked thread, such as one that reads a terminal, must not keep the program alive.
    runtime.shutdown_background();
    end(result)
}

/// Shows what RUST_LOG asks for, on stderr.
fn log() {
    if let Ok(filter) = tracing_subscriber::EnvFilter::try_from_default_env() {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    }
}

fn end(result: Result<u8, Failure>) -> ExitCode {
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("error: {}", failure.text);
            ExitCode::from(failure.code)
        }
    }
}

/// Who runs this program, as far as the environment says.
#[must_use]
pub fn who() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let (Some(repository), Some(run)) = (variable("GITHUB_REPOSITORY"), variable("GITHUB_RUN_ID")) {
        return format!("{repository} run {run}");
    }
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".to_owned());
    match variable("HOSTNAME") {
        Some(host) => format!("{user}@{host}"),
        None => user,
    }
}

/// Waits for SIGINT or SIGTERM.
pub async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Reads secret values from a file, or from stdin for `-`.
///
/// # Errors
///
/// It cannot be read, or is neither TOML nor JSON of secrets the application has.
pub fn secret_values(file: &str) -> Result<wuffchat_deploy::secrets::Values, Failure> {
    let text =
        if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let text = text.map_err(|cause| Failure::usage(format!("`{file}` cannot be read: {cause}")))?;
    Ok(wuffchat_deploy::secrets::Values::parse(&text)?)
}

/// Prints one JSON document on stdout.
///
/// # Errors
///
/// The value has no JSON form.
pub fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|cause| Failure::usage(cause.to_string()))?;
    crate::say!("{text}");
    Ok(())
}

/// Prints a line of the result. Whoever reads it may have seen enough: that is a good end.
#[macro_export]
macro_rules! say {
    ($($text:tt)*) => {
        $crate::program::print_line(::std::format_args!($($text)*))
    };
}

/// What [`say!`](crate::say) does.
pub fn print_line(text: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}
