//! Writes new values of a secret and moves the running API to them, one instance after the other.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Display, Failure, Reports, Stack, Target, program};
use wuffchat_deploy::{Version, secrets};

/// Writes new values of a secret and moves the running API to them, one instance after the other
#[derive(Debug, Parser)]
#[command(name = "rotate_secret")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// The secret: openai, weaviate or redis
    secret: String,
    /// The new values: a TOML or JSON file, or `-` for stdin; [default: they are read from variables such as
    /// WUFFCHAT_OPENAI_API_KEY]
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// What `--from` has is the bare value of this key, such as api_key [default: none]
    #[arg(long, value_name = "KEY", requires = "from")]
    key: Option<String>,
    /// Deploys this version first, so that there is something to rotate (embedded and agents only)
    #[arg(long, default_value = "v1", value_name = "TAG")]
    deployed: Version,
    /// How long the change is watched
    #[arg(long, default_value = "10m", value_parser = program::duration, value_name = "DURATION")]
    timeout: Duration,
    #[command(flatten)]
    reports: Reports,
}

fn main() -> ExitCode {
    examples::run_to_the_end(rotate)
}

async fn rotate(arguments: Arguments) -> Result<u8, Failure> {
    let environment = arguments.target.settings()?;
    let stack = Stack::open(&arguments.common, &environment, arguments.target.file()).await?;
    let display = Display::new(arguments.common.output);
    let mut request = stack.request(arguments.deployed.clone());
    request.timeout = arguments.timeout;
    request.interrupt = program::interrupts(arguments.common.output);
    if stack.is_throw_away() {
        let first = (request.version.clone(), secrets::Values::throw_away());
        let report = stack.deploy_first("--deployed", &environment, first, &display).await?;
        if !report.outcome.is_success() {
            let text = report.outcome.sentence("the first release");
            return Err(Failure { text, code: report.outcome.exit_code() });
        }
    }
    request.secrets = values(&arguments, stack.is_throw_away())?;
    let report = secrets::rotate(&stack.clients, &environment, &request, &display).await?;
    drop(display);
    let code = arguments.reports.give(arguments.common.output, &report)?;
    stack.close().await;
    Ok(code)
}

fn values(arguments: &Arguments, throw_away: bool) -> Result<secrets::Values, Failure> {
    let Arguments { secret, from, key, .. } = arguments;
    let given = match (from, key) {
        (Some(file), Some(key)) => {
            let mut values = secrets::Values::default();
            values.set(secret, key, program::secret_value(file)?)?;
            values
        }
        (Some(file), None) => program::secret_values(file)?,
        (None, _) => secrets::Values::from_vars(|name| std::env::var(name).ok()),
    };
    let mut given = given.only(secret);
    if given.is_empty() && from.is_none() && throw_away {
        given =
            secrets::Values::from_vars(|name| Some(format!("rotated-{}", name.to_lowercase()))).only(secret);
    }
    if given.is_empty() {
        return Err(Failure::usage(format!("there is no new value for `{secret}`")));
    }
    Ok(given)
}
