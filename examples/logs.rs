//! Shows the output of a job's instances, and follows it on request.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Instances, Output, Stack, Target, note, say};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use nomad_client::{AllocationListStub, Client, FollowedLog};

/// Shows the output of a job's instances, and follows it on request
///
/// With `--output json` each line of stdout is a document. What goes wrong is said on stderr, and the exit code is 1.
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
    /// Waits for the start of what has not started, goes on with what is written, also when a connection breaks, and
    /// ends when the instances are over
    #[arg(long)]
    follow: bool,
    /// Goes on with what takes the place of an instance that is over: the next attempt, a rescheduled or a new one
    #[arg(long, requires = "follow")]
    successors: bool,
    /// How much of each instance's output is shown at first, in bytes
    #[arg(long, default_value_t = 8192)]
    tail: u64,
}

/// Something to show.
enum Piece {
    /// What an instance wrote.
    Data(String, Vec<u8>),
    /// What it wrote ends here.
    End(String),
    Remark(String),
    Failed(String),
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
    let chosen = match arguments.instances.find(&nomad, |instance| named || !instance.is_over()).await {
        Err(none) if arguments.follow && !named => first(&nomad, &arguments, none).await?,
        found => found?,
    };
    let of = |id: String| {
        if arguments.follow { followed(&nomad, &arguments, id) } else { read(&nomad, &arguments, id) }
    };
    let mut pieces = stream::select_all(chosen.into_iter().map(|found| lines(of(found.id))));
    let mut code = 0;
    while let Some(piece) = pieces.next().await {
        match piece {
            Piece::Data(id, line) => show(arguments.common.output, &id, &line),
            Piece::End(_) => {}
            Piece::Remark(text) => note(arguments.common.output, &text),
            Piece::Failed(text) => {
                note(arguments.common.output, &format!("error: {text}"));
                code = 1;
            }
        }
    }
    stack.close().await;
    Ok(code)
}

/// The first instances of a job that has none yet, once it has.
async fn first(
    nomad: &Client,
    arguments: &Arguments,
    none: Failure,
) -> Result<Vec<AllocationListStub>, Failure> {
    let job = arguments.instances.job.job_id();
    // One that does not exist will not have any.
    nomad.jobs().get(job).await?;
    note(arguments.common.output, &format!("{}; waiting for one", none.text));
    let mut lists = nomad.jobs().allocations(job).watch();
    while let Some(list) = lists.next().await {
        let mut list = list?;
        list.retain(|instance| !instance.is_over());
        if !list.is_empty() {
            return Ok(list);
        }
    }
    Err(none)
}

/// What an instance wrote up to now.
fn read(nomad: &Client, arguments: &Arguments, id: String) -> BoxStream<'static, Piece> {
    let mut logs = nomad.allocations().logs(&id, arguments.instances.job.job_id()).tail(arguments.tail);
    if arguments.stderr {
        logs = logs.stderr();
    }
    let end = stream::iter([Piece::End(id.clone())]);
    let piece = move |read: nomad_client::Result<_>| match read {
        Ok(data) => Piece::Data(id.clone(), Vec::from(data)),
        Err(error) => failed(&id, error),
    };
    logs.stream().bytes().map(piece).chain(end).boxed()
}

/// What an instance writes to its end, and on request what takes its place.
fn followed(nomad: &Client, arguments: &Arguments, id: String) -> BoxStream<'static, Piece> {
    let mut logs = nomad
        .allocations()
        .follow_logs(&id, arguments.instances.job.job_id())
        .tail(arguments.tail)
        .successors(arguments.successors);
    if arguments.stderr {
        logs = logs.stderr();
    }
    let piece = move |item: nomad_client::Result<FollowedLog>| match item {
        Ok(FollowedLog::Data { alloc_id, data }) => Piece::Data(alloc_id, data.into()),
        Ok(FollowedLog::Over { alloc_id, .. }) => Piece::End(alloc_id),
        Ok(FollowedLog::Waiting { alloc_id }) => {
            Piece::Remark(format!("{} has not started yet", short(&alloc_id)))
        }
        Ok(FollowedLog::Gap { alloc_id }) => {
            Piece::Remark(format!("{}: some of it was deleted before it could be read", short(&alloc_id)))
        }
        Ok(FollowedLog::Reconnecting { alloc_id, error }) => {
            Piece::Remark(format!("{}: the stream broke and is taken up again: {error}", short(&alloc_id)))
        }
        Ok(FollowedLog::Successor { previous, alloc_id }) => {
            Piece::Remark(format!("{} takes the place of {}", short(&alloc_id), short(&previous)))
        }
        Ok(_) => Piece::Remark(format!("{} did something this program does not know", short(&id))),
        Err(error) => failed(&id, error),
    };
    logs.stream().map(piece).boxed()
}

fn failed(id: &str, error: nomad_client::Error) -> Piece {
    Piece::Failed(format!("{}: {}", short(id), Failure::from(error).text))
}

fn short(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Whole lines instead of pieces that are cut anywhere; a last one without an end counts.
fn lines(pieces: BoxStream<'static, Piece>) -> BoxStream<'static, Piece> {
    let mut held = Vec::new();
    let cut = move |piece: Piece| {
        let mut whole = Vec::new();
        match piece {
            Piece::Data(id, data) => {
                held.extend_from_slice(&data);
                while let Some(end) = held.iter().position(|byte| *byte == b'\n') {
                    let rest = held.split_off(end + 1);
                    let line = std::mem::replace(&mut held, rest);
                    whole.push(Piece::Data(id.clone(), line));
                }
            }
            Piece::End(id) if !held.is_empty() => whole.push(Piece::Data(id, std::mem::take(&mut held))),
            other => whole.push(other),
        }
        stream::iter(whole)
    };
    pieces.flat_map(cut).boxed()
}

fn show(output: Output, id: &str, line: &[u8]) {
    let line = String::from_utf8_lossy(line);
    let line = line.trim_end_matches(['\n', '\r']);
    if output == Output::Json {
        say!("{}", serde_json::json!({"allocation": short(id), "line": line}));
    } else {
        say!("{} {line}", short(id));
    }
}
