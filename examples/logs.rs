//! Shows the output of a job's instances, and follows it on request.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Instances, Output, Stack, Target};
use futures_util::{StreamExt, stream};
use nomad_client::Client;

/// Shows the output of a job's instances, and follows it on request
///
/// With `--output json` each line of stdout is a document.
#[derive(Debug, Parser)]
#[command(name = "logs")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    instances: Instances,
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
    let stack = Stack::open_beside(&arguments.common, &environment, arguments.target.file()).await?;
    let nomad = stack.clients.within(&environment).nomad;
    // One that is over is shown only if it is asked for by its id.
    let named = arguments.instances.allocation.is_some();
    let chosen = arguments.instances.find(&nomad, |instance| named || !instance.is_over()).await?;
    let mut lines = stream::select_all(chosen.into_iter().map(|found| output(&nomad, &arguments, found.id)));
    while let Some((id, text)) = lines.next().await {
        print(&arguments, &id, &text);
    }
    stack.close().await;
    Ok(0)
}

/// The output of one instance, a line at a time.
fn output(nomad: &Client, arguments: &Arguments, id: String) -> stream::BoxStream<'static, (String, String)> {
    let mut logs = nomad
        .allocations()
        .logs(&id, arguments.instances.job.job_id())
        .follow(arguments.follow)
        .tail(arguments.tail);
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
