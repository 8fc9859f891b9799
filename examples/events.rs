//! Shows what happens in an environment's jobs as it happens.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, Target, note};
use futures_util::StreamExt;
use nomad_client::{EventItem, Topic};
use wuffchat_deploy::Component;

/// Shows what happens in an environment's jobs as it happens: registrations, evaluations, allocations, deployments
///
/// With `--output json` each line of stdout is a document.
#[derive(Debug, Parser)]
#[command(name = "events")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// Only this job: api or ui [default: both]
    #[arg(long, value_name = "api|ui")]
    only: Option<Component>,
    /// Ends after this many events; 0 goes on until interrupted
    #[arg(long, default_value_t = 0)]
    count: u64,
    /// Shows only what happened after this index [default: all that the server still has]
    #[arg(long)]
    index: Option<u64>,
}

fn main() -> ExitCode {
    examples::run(events)
}

async fn events(arguments: Arguments) -> Result<u8, Failure> {
    let environment = arguments.target.settings()?;
    let stack = Stack::open_beside(&arguments.common, &environment, arguments.target.file()).await?;
    let nomad = stack.clients.within(&environment).nomad;
    let jobs = arguments.only.map_or_else(|| Component::ALL.to_vec(), |job| vec![job]);
    let mut request = nomad.events();
    for job in jobs {
        for topic in [Topic::Job, Topic::Evaluation, Topic::Allocation, Topic::Deployment] {
            request = request.topic_key(topic, job.job_id());
        }
    }
    if let Some(index) = arguments.index {
        request = request.index(index);
    }
    let mut stream = request.stream();
    let output = arguments.common.output;
    let mut seen = 0;
    while let Some(item) = stream.next().await {
        match item? {
            EventItem::Event(event) if output == Output::Json => examples::say!(
                "{}",
                serde_json::json!({
                    "index": event.index, "topic": event.topic.as_str(), "type": event.event_type, "key": event.key,
                })
            ),
            EventItem::Event(event) => {
                examples::say!("{} {} {} {}", event.index, event.topic, event.event_type, event.key);
            }
            _ => {
                note(output, "events may be missing here");
                continue;
            }
        }
        seen += 1;
        if seen == arguments.count {
            break;
        }
    }
    stack.close().await;
    Ok(0)
}
