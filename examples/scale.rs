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
    /// How many instances there should be [default: they are only shown]
    count: Option<u64>,
    /// Why, for the job's scaling history
    #[arg(long, default_value = "set by hand")]
    reason: String,
    /// Waits until the instances are there and healthy [default: no]
    #[arg(long)]
    wait: bool,
    /// Switches the autoscaler off for the job, before the count is set [default: no]
    #[arg(long, conflicts_with = "release")]
    hold: bool,
    /// Switches the autoscaler on again, after the count is set [default: no]
    #[arg(long)]
    release: bool,
    /// Shows what was scaled lately, newest first [default: no]
    #[arg(long)]
    history: bool,
}

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let environment = arguments.target.settings()?;
        let stack = Stack::open(&arguments.common, &environment, arguments.target.file()).await?;
        let (clients, job) = (&stack.clients, arguments.job);
        if arguments.hold {
            scale::hold(clients, &environment, job).await?;
        }
        if let Some(count) = arguments.count {
            let change = scale::Change::to(count).reason(&arguments.reason).who(program::who());
            scale::change(clients, &environment, job, &change.wait(arguments.wait)).await?;
            if arguments.wait {
                settled(&clients.within(&environment).nomad, job).await?;
            }
        }
        if arguments.release {
            scale::release(clients, &environment, job).await?;
        }
        let found = scale::show(clients, &environment, job).await?;
        let events = match arguments.history {
            true => Some(scale::history(clients, &environment, job).await?),
            false => None,
        };
        match (arguments.common.output, events) {
            (Output::Json, Some(events)) => {
                program::print_json(&serde_json::json!({"count": found, "events": events}))?;
            }
            (Output::Json, None) => program::print_json(&found)?,
            (_, events) => show(&found, &events.unwrap_or_default()),
        }
        stack.close().await;
        Ok::<u8, Failure>(0)
    })
}

/// Waits for the deployment that changing a count begins.
async fn settled(nomad: &nomad_client::Client, job: Component) -> Result<(), Failure> {
    let Some(latest) = nomad.jobs().latest_deployment(job.job_id()).await? else { return Ok(()) };
    if latest.status.is_terminal() {
        return Ok(());
    }
    let outcome = nomad.wait().deployment(&latest.id).await?;
    if outcome.is_success() {
        return Ok(());
    }
    let status = outcome.deployment().map_or("unknown", |it| it.status_description.as_str());
    Err(Failure { text: format!("{} was scaled and is not healthy: {status}", job.job_id()), code: 4 })
}

fn show(found: &scale::Count, events: &[scale::Event]) {
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
    if found.held {
        examples::say!("  the autoscaler is held off; --release ends that");
    }
    for event in events {
        let time = event.time.map(|time| time.to_string()).unwrap_or_default();
        let count = event.count.map_or_else(|| "same".to_owned(), |count| count.to_string());
        let mark = if event.error { ", failed" } else { "" };
        let capped = event.capped_from.map(|from| format!(", capped from {from}")).unwrap_or_default();
        examples::say!(
            "  {time} {} -> {count}{capped}{mark} by {}: {}",
            event.previous,
            event.who,
            event.message
        );
    }
}
