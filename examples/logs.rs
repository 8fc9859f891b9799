//! Shows the output of a job's instances, and follows it on request.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, Target, program};
use futures_util::{StreamExt, stream};
use nomad_client::Client;
use wuffchat_deploy::Component;

/// Shows the output of a job's instances, and follows it on request
#[derive(Debug, Parser)]
#[command(name = "logs")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// The job: api or ui
    #[arg(default_value = "api")]
    job: Component,
    /// Only the instance whose id starts with this
    #[arg(long, value_name = "ID")]
    allocation: Option<String>,
    /// Shows stderr instead of stdout
    #[arg(long)]
    stderr: bool,
    /// Goes on with what is written from now on, until interrupted
    #[arg(long)]
    follow: bool,
    /// How much of each instance's output is shown at first, in bytes
    #[arg(long, default_value_t = 8192)]
    tail: u64,
}

fn main() -> ExitCode {
    examples::run(logs)
}

async fn logs(arguments: Arguments) -> Result<u8, Failure> {
    let environment = arguments.target.settings()?;
    let stack = Stack::open(arguments.common.stack).await?;
    let nomad = stack.clients.within(&environment).nomad;
    let job = arguments.job.job_id();
    let wanted = arguments.allocation.as_deref().unwrap_or_default();
    let allocations = nomad.jobs().allocations(job).await?;
    // One that is over is shown only if it is asked for by its id.
    let chosen: Vec<String> = allocations
        .into_iter()
        .filter(|alloc| alloc.id.starts_with(wanted) && (!wanted.is_empty() || !alloc.is_over()))
        .map(|alloc| alloc.id)
        .collect();
    if chosen.is_empty() {
        return Err(Failure::usage(format!("{job} has no instance whose id starts with `{wanted}`")));
    }
    let streams = chosen.into_iter().map(|id| output(&nomad, &arguments, id));
    let mut lines = stream::select_all(streams);
    let show = async {
        while let Some((id, text)) = lines.next().await {
            print(&arguments, &id, &text);
        }
    };
    tokio::select! {
        () = show => {}
        () = program::signal() => {}
    }
    stack.close().await;
    Ok(0)
}

/// The output of one instance, a line at a time.
fn output(nomad: &Client, arguments: &Arguments, id: String) -> stream::BoxStream<'static, (String, String)> {
    let mut logs =
        nomad.allocations().logs(&id, arguments.job.job_id()).follow(arguments.follow).tail(arguments.tail);
    if arguments.stderr {
        logs = logs.stderr();
    }
    let short: String = id.chars().take(8).collect();
    let pieces = logs.stream().bytes().boxed();
    let lines = stream::unfold((pieces, Vec::new(), false), |(mut pieces, mut held, ended)| async move {
        loop {
            if let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = held.drain(..=end).collect();
                return Some((String::from_utf8_lossy(&line).trim_end().to_owned(), (pieces, held, ended)));
            }
            if ended {
                let rest = String::from_utf8_lossy(&held).into_owned();
                return (!rest.is_empty()).then_some((rest, (pieces, Vec::new(), true)));
            }
            match pieces.next().await {
                Some(Ok(piece)) => held.extend_from_slice(&piece),
                Some(Err(error)) => return Some((format!("({error})"), (pieces, held, true))),
                None => return Some((String::new(), (pieces, held, true))),
            }
        }
    });
    lines.filter(|line| std::future::ready(!line.is_empty())).map(move |line| (short.clone(), line)).boxed()
}

fn print(arguments: &Arguments, id: &str, line: &str) {
    if arguments.common.output == Output::Json {
        examples::say!("{}", serde_json::json!({"allocation": id, "line": line}));
    } else {
        examples::say!("{id} {line}");
    }
    let _ = std::io::stdout().flush();
}
