//! Compares what runs with what the settings say, for a person or for cron.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Display, Failure, Output, Stack, Target, program};
use wuffchat_deploy::{Level, Version, drift, secrets};

/// Compares what runs with what the settings say: jobs, policy, role, auth method, secrets; exits with 9 if something
/// differs or could not be looked at
#[derive(Debug, Parser)]
#[command(name = "drift")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// The version that should run [default: the one each job says it is]
    #[arg(long, value_name = "TAG")]
    version: Option<Version>,
    /// Shows what is in order too
    #[arg(long)]
    all: bool,
    /// Deploys this version first, so that there is something to look at (embedded and agents only)
    /// [default: none]
    #[arg(long, value_name = "TAG")]
    from: Option<Version>,
}

fn main() -> ExitCode {
    examples::run(look)
}

async fn look(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, target, version, all, from } = arguments;
    let environment = target.settings()?;
    let stack = Stack::open(&common, &environment, target.file()).await?;
    if let Some(from) = from {
        let display = Display::new(common.output);
        let first = (from, secrets::Values::throw_away());
        stack.deploy_first("--from", &environment, first, &display).await?;
    }
    let drift = drift::look(&stack.clients, &environment, version.as_ref()).await?;
    stack.close().await;
    if common.output == Output::Json {
        program::print_json(&drift)?;
        return Ok(drift.exit_code());
    }
    let shown = drift.findings.iter().filter(|finding| all || finding.level != Level::Ok);
    shown.for_each(|finding| examples::say!("{finding}"));
    if drift.is_none() {
        examples::say!("{} is what the settings say", environment.stage);
    }
    Ok(drift.exit_code())
}
