//! How a program starts and ends.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use wuffchat_deploy::Error;
use wuffchat_deploy::release::Interrupt;

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
            Error::SecretsMissing(_) | Error::Preflight(_) | Error::NotPromotable(_) => 9,
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

/// Reads one secret value from a file, or from stdin for `-`, without the line's end.
///
/// # Errors
///
/// It cannot be read, or is empty.
pub fn secret_value(file: &str) -> Result<secrecy::SecretString, Failure> {
    let text = read(file)?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(Failure::usage(format!("`{file}` is empty")));
    }
    Ok(value.into())
}

fn read(file: &str) -> Result<String, Failure> {
    let text =
        if file == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    text.map_err(|cause| Failure::usage(format!("`{file}` cannot be read: {cause}")))
}

/// Reads secret values from a file, or from stdin for `-`.
///
/// # Errors
///
/// It cannot be read, or is neither TOML nor JSON of secrets the application has.
pub fn secret_values(file: &str) -> Result<wuffchat_deploy::secrets::Values, Failure> {
    Ok(wuffchat_deploy::secrets::Values::parse(&read(file)?)?)
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

/// Says what came of a release.
pub fn tell(report: &wuffchat_deploy::Report) {
    for job in &report.jobs {
        for change in job.changes.iter().filter(|_| report.outcome == wuffchat_deploy::Outcome::Planned) {
            crate::say!("{}: {change}", job.job);
        }
        let Some(failure) = &job.failure else { continue };
        crate::say!("\n{} failed ({}): {}", job.job, failure.class, failure.message);
        for event in &failure.task_events {
            crate::say!("    {event}");
        }
        if !failure.log_tail.is_empty() {
            crate::say!("  last output:");
        }
        for line in &failure.log_tail {
            crate::say!("    {line}");
        }
        crate::say!("");
    }
    for job in &report.jobs {
        let Some(outcome) = job.outcome else { continue };
        let version = job.version.map(|version| format!(" (version {version})")).unwrap_or_default();
        crate::say!("{}{version}, {}/{} healthy", outcome.sentence(&job.job), job.healthy, job.desired);
        if matches!(
            outcome,
            wuffchat_deploy::Outcome::Interrupted
                | wuffchat_deploy::Outcome::Timeout
                | wuffchat_deploy::Outcome::ReadyForPromotion
        ) && let Some(id) = &job.deployment_id
        {
            crate::say!(
                "  go on with: deploy --environment {} --version {}",
                report.environment,
                report.version
            );
            crate::say!("  or look at deployment {id}");
        }
    }
    crate::say!(
        "{}",
        report.outcome.sentence(&format!("version {} on {}", report.version, report.environment))
    );
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

/// Reads a duration such as `90s` or `10m`.
///
/// # Errors
///
/// It is none, or negative.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration: nomad_client::GoDuration = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from(duration).map_err(|error| error.to_string())
}

/// The first signal ends watching, the second the program.
#[must_use]
pub fn interrupts() -> Interrupt {
    let interrupt = Interrupt::default();
    let signalled = interrupt.clone();
    tokio::spawn(async move {
        signal().await;
        signalled.interrupt();
        eprintln!("interrupted: leaving what was begun as it is; once more to end at once");
        // Some programs signal both a process and its group: that is one wish, not two.
        tokio::time::sleep(Duration::from_millis(250)).await;
        signal().await;
        std::process::exit(130);
    });
    interrupt
}
