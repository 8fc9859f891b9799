//! Goes back to the last good version, or a named one, and keeps the counts that are live now.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Display, Failure, Reports, Stack, Target, program};
use wuffchat_deploy::release::Request;
use wuffchat_deploy::rollback::{self, To};
use wuffchat_deploy::{Component, Version, secrets};

/// Goes back to the last good version, or a named one, keeps the counts that are live now, and says which versions of
/// the secrets were in force then and are now
#[derive(Debug, Parser)]
#[command(name = "rollback")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// Only this job [default: both]
    #[arg(long, value_name = "api|ui")]
    only: Option<Component>,
    /// Where to: a version of the application, a tag, or the number of a job version [default: the state before the
    /// newest release, as far as its deployment succeeded]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// Shows what would change, and changes nothing
    #[arg(long, alias = "dry-run")]
    plan: bool,
    /// Deploys this version first, so that there is something to go back from; may be repeated (embedded and agents
    /// only) [default: none]
    #[arg(long, value_name = "TAG")]
    from: Vec<Version>,
    #[command(flatten)]
    reports: Reports,
}

fn main() -> ExitCode {
    examples::run_to_the_end(roll_back)
}

async fn roll_back(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, target, only, to, plan, from, reports } = arguments;
    let environment = target.settings()?;
    let stack = Stack::open(&common, &environment, target.file()).await?;
    let to = match to {
        None => To::LastGood,
        Some(text) => text.parse().map_or(To::Named(text), To::Version),
    };
    let display = Display::new(common.output);
    for version in from {
        let first = (version, secrets::Values::throw_away());
        stack.deploy_first("--from", &environment, first, &display).await?;
    }
    let mut request = stack.request(Request::rollback().version);
    request.interrupt = program::interrupts(common.output);
    request.components = only.map_or_else(|| Component::ALL.to_vec(), |component| vec![component]);
    request.plan_only = plan;
    let report = rollback::run(&stack.clients, &environment, &request, &to, &display).await?;
    drop(display);
    let code = reports.give(common.output, &report)?;
    stack.close().await;
    Ok(code)
}
