//! How a program starts and ends.

use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use clap::Parser;
use tokio::sync::Notify;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use wuffchat_deploy::Error;
use wuffchat_deploy::release::Interrupt;

use crate::args::STAND_IN;
use crate::display::{self, note};
use crate::{Output, help, out};

/// The exit code of what was interrupted.
pub const INTERRUPTED: u8 = 130;
/// How long a program may take to leave once it was interrupted.
const LEAVE: Duration = Duration::from_secs(3);

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
            Error::Consul(consul_client::Error::LockHeld { .. } | consul_client::Error::LockLost { .. }) => 6,
            Error::Nomad(nomad_client::Error::JobModifyIndexConflict { .. }) | Error::Deploying { .. } => 5,
            _ => 1,
        };
        let hint = match &error {
            Error::SecretsMissing(_) => {
                "; `seed_secrets` writes them, from a file or from variables such as WUFFCHAT_OPENAI_API_KEY"
            }
            _ => "",
        };
        Self { text: chain(&error) + hint, code }
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

/// Runs a program: reads its flags, or is the stand-in application if it was started as that. A signal ends it where it
/// is, with 130.
pub fn run<A, F>(program: impl FnOnce(A) -> F) -> ExitCode
where
    A: Parser,
    F: Future<Output = Result<u8, Failure>>,
{
    start(async |arguments, output| {
        let stopped = Arc::new(Notify::new());
        let stop = Arc::clone(&stopped);
        tokio::spawn(async move {
            signal().await;
            stop.notify_one();
            // Whoever reads a terminal hears nothing of it.
            tokio::time::sleep(LEAVE).await;
            std::process::exit(i32::from(INTERRUPTED));
        });
        tokio::select! {
            result = program(arguments) => result,
            () = stopped.notified() => {
                note(output, "interrupted");
                Err(Failure { text: "interrupted".to_owned(), code: INTERRUPTED })
            }
        }
    })
}

/// Runs a program that looks after signals itself, and goes on when nobody reads what it says.
pub fn run_to_the_end<A, F>(program: impl FnOnce(A) -> F) -> ExitCode
where
    A: Parser,
    F: Future<Output = Result<u8, Failure>>,
{
    out::goes_on();
    start(async |arguments, _| program(arguments).await)
}

fn start<A: Parser>(program: impl AsyncFnOnce(A, Output) -> Result<u8, Failure>) -> ExitCode {
    let mut words = std::env::args().skip(1);
    let stand_in = words.next().is_some_and(|word| word == STAND_IN);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => return end(Err(Failure::usage(format!("no runtime: {cause}"))), Output::Plain),
    };
    if stand_in {
        return runtime.block_on(crate::stack::stand_in(words.collect()));
    }
    let read = help::complete(A::command()).try_get_matches();
    let (arguments, output) = match read.and_then(|given| Ok((A::from_arg_matches(&given)?, output(&given))))
    {
        Ok(given) => given,
        Err(error) => {
            let _ = error.print();
            // clap says 2 for wrong use, which means something else here.
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    log(output);
    let result = runtime.block_on(program(arguments, output));
    // A blocked thread, such as one that reads a terminal, must not keep the program alive.
    runtime.shutdown_background();
    end(result, output)
}

/// What `--output` says, in programs that have it.
fn output(given: &clap::ArgMatches) -> Output {
    given.try_get_one("output").ok().flatten().copied().unwrap_or(Output::Plain)
}

/// Shows what RUST_LOG asks for, on stderr.
fn log(output: Output) {
    let Ok(asked) = std::env::var("RUST_LOG") else { return };
    match asked.parse::<Targets>() {
        Ok(filter) => {
            let shown = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
            tracing_subscriber::registry().with(shown).with(filter).init();
        }
        Err(error) => note(output, &format!("RUST_LOG is ignored: {error}")),
    }
}

/// Where a program says that it simulates: on stdout, unless that belongs to what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The result is text of this program's own.
    OnStdout,
    /// It is somebody else's, such as a command's output.
    OnStderr,
}

/// Set once, when a simulation is opened: all that is said afterwards is about it.
static SIMULATED: OnceLock<Said> = OnceLock::new();

/// Says that what follows is simulated. The last line says so too, and so does a JSON document.
pub fn simulated(output: Output, said: Said) {
    let text = "simulated: a stack in this process; no server is reached";
    match said {
        _ if output == Output::Json => note(output, text),
        Said::OnStdout => crate::say!("{text}"),
        Said::OnStderr => note(output, text),
    }
    let _ = SIMULATED.set(said);
}

/// Ends with an exit code; without a result the reason takes its place. In a simulation the last line says so.
fn end(result: Result<u8, Failure>, output: Output) -> ExitCode {
    let code = ended(result, output);
    let text = "simulated: all of this is gone with this process";
    match SIMULATED.get() {
        Some(_) if output == Output::Json => note(output, text),
        Some(Said::OnStdout) => crate::say!("{text}"),
        Some(Said::OnStderr) => note(output, text),
        None => {}
    }
    code
}

fn ended(result: Result<u8, Failure>, output: Output) -> ExitCode {
    let Failure { text, code } = match result {
        Ok(code) => return ExitCode::from(out::code(code)),
        Err(failure) => failure,
    };
    if output == Output::Json {
        display::json(&serde_json::json!({"event": "error", "text": text, "exit_code": code}));
        let _ = print_json(&serde_json::json!({"error": text, "exit_code": code}));
    } else if code != INTERRUPTED {
        out::error_line(format_args!("error: {text}"));
    }
    ExitCode::from(code)
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

/// Reads a text from a file, or from stdin for `-`.
///
/// # Errors
///
/// It cannot be read.
pub fn read(file: impl AsRef<Path>) -> Result<String, Failure> {
    let file = file.as_ref();
    let text = if file == Path::new("-") {
        std::io::read_to_string(std::io::stdin())
    } else {
        std::fs::read_to_string(file)
    };
    text.map_err(|cause| Failure::usage(format!("{} cannot be read: {cause}", file.display())))
}

/// Writes a text to a file.
///
/// # Errors
///
/// It cannot be written.
pub fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text)
        .map_err(|cause| Failure::usage(format!("{} cannot be written: {cause}", file.display())))
}

/// Reads secret values from a file, or from stdin for `-`.
///
/// # Errors
///
/// It cannot be read, or is neither TOML nor JSON of secrets the application has.
pub fn secret_values(file: &str) -> Result<wuffchat_deploy::secrets::Values, Failure> {
    Ok(wuffchat_deploy::secrets::Values::parse(&read(file)?)?)
}

/// Prints one JSON document on stdout. An object says whether it is about a simulation.
///
/// # Errors
///
/// The value has no JSON form.
pub fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let failed = |cause: serde_json::Error| Failure::usage(cause.to_string());
    let text = match serde_json::to_value(value).map_err(failed)? {
        serde_json::Value::Object(mut fields) if SIMULATED.get().is_some() => {
            fields.insert("simulated".to_owned(), true.into());
            serde_json::to_string_pretty(&fields)
        }
        _ => serde_json::to_string_pretty(value),
    };
    let text = text.map_err(failed)?;
    crate::say!("{text}");
    Ok(())
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
pub fn interrupts(output: Output) -> Interrupt {
    let interrupt = Interrupt::default();
    let signalled = interrupt.clone();
    tokio::spawn(async move {
        signal().await;
        signalled.interrupt();
        note(output, "interrupted: leaving what was begun as it is; once more to end at once");
        // Some programs signal both a process and its group: that is one wish, not two.
        tokio::time::sleep(Duration::from_millis(250)).await;
        signal().await;
        std::process::exit(i32::from(INTERRUPTED));
    });
    interrupt
}
