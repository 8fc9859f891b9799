//! Shows or sets how many instances a job has, within its scaling policy.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, Target, program};
use wuffchat_deploy::{Component, scale};

/// Shows or sets how many instances a job has, within its scaling policy
#[derive(Debug, Parser)]
#[command(name = "scale")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// The job: api or ui
    #[arg(default_value = "api")]
    job: Component,
    /// How many instances there should be; without it, they are only shown
    count: Option<u64>,
    /// Why, for the job's scaling history
    #[arg(long, default_value = "set by hand")]
    reason: String,
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let Arguments { common, target, job, count, reason } = arguments;
        let environment = target.settings()?;
        let stack = Stack::open(common.stack).await?;
        let found = match count {
            Some(count) => scale::set(&stack.clients, &environment, job, count, &reason).await?,
            None => scale::show(&stack.clients, &environment, job).await?,
        };
        if common.output == Output::Json {
            program::print_json(&found)?;
        } else {
            examples::say!(
                "{}: {} wanted, {} running, {} healthy",
                found.job,
                found.desired,
                found.running,
                found.healthy
            );
            match (found.min, found.max) {
                (Some(min), Some(max)) => examples::say!("  its policy allows {min} to {max}"),
                _ => examples::say!("  it has no scaling policy"),
            }
        }
        stack.close().await;
        Ok::<u8, Failure>(0)
    })
}
