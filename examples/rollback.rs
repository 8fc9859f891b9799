//! Goes back to the last good version, or a named one, and keeps the counts that are live now.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Display, Failure, Output, Stack, Target, program};
use wuffchat_deploy::Component;
use wuffchat_deploy::release::Request;
use wuffchat_deploy::rollback::{self, To};

/// Goes back to the last good version, or a named one, and keeps the counts that are live now
#[derive(Debug, Parser)]
#[command(name = "rollback")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// Only this job
    #[arg(long, value_name = "api|ui")]
    only: Option<Component>,
    /// Where to: a version of the application, a tag, or the number of a job version; without it, the newest earlier
    /// version whose deployment succeeded
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
}

fn main() -> ExitCode {
    examples::run(roll_back)
}

async fn roll_back(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, target, only, to } = arguments;
    let environment = target.settings()?;
    let stack = Stack::open(common.stack).await?;
    let to = match to {
        None => To::LastGood,
        Some(text) => text.parse().map_or(To::Named(text), To::Version),
    };
    let display = Display::new(common.output);
    let mut request = Request::rollback();
    request.components = only.map_or_else(|| Component::ALL.to_vec(), |component| vec![component]);
    request.who = program::who();
    request.stack = stack.name.to_owned();
    let report = rollback::run(&stack.clients, &environment, &request, &to, &display).await?;
    drop(display);
    if common.output == Output::Json {
        program::print_json(&report)?;
    } else {
        for job in &report.jobs {
            if let Some(outcome) = job.outcome {
                examples::say!("{}, {}/{} healthy", outcome.sentence(&job.job), job.healthy, job.desired);
            }
        }
    }
    stack.close().await;
    Ok(report.outcome.exit_code())
}
