//! Runs a command in a running instance of a job, and ends with its exit code.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Instances, Output, Stack, Target, out, program};
use futures_util::StreamExt;
use nomad_client::{AllocationListStub, ClientStatus, ExecEvent};

/// Runs a command in a running instance of a job, the newest one by default, and ends with its exit code
#[derive(Debug, Parser)]
#[command(name = "exec")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    instances: Instances,
    /// Gives the command what is read from stdin; without it its input is empty
    #[arg(long)]
    stdin: bool,
    /// The command and its arguments, after `--`
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

fn main() -> ExitCode {
    examples::run(exec)
}

async fn exec(arguments: Arguments) -> Result<u8, Failure> {
    let environment = arguments.target.settings()?;
    let stack = Stack::open_beside(&arguments.common, &environment, arguments.target.file()).await?;
    let nomad = stack.clients.within(&environment).nomad;
    let running = |instance: &AllocationListStub| instance.client_status == ClientStatus::Running;
    let found = arguments.instances.find(&nomad, running).await?;
    let newest = found.into_iter().max_by_key(|instance| instance.create_index);
    let instance = newest.ok_or_else(|| Failure::usage("there is no running instance"))?;
    let task = arguments.instances.job.job_id();
    let session = nomad.allocations().exec(&instance.id, task, arguments.command.clone());
    let json = arguments.common.output == Output::Json;
    let mut output = if arguments.stdin {
        session.stdin(tokio::io::stdin()).start().await?.1
    } else {
        session.start().await?.1
    };
    let (mut stdout, mut stderr, mut code) = (Vec::new(), Vec::new(), 1);
    while let Some(event) = output.next().await {
        match event? {
            ExecEvent::Stdout(data) if json => stdout.extend_from_slice(&data),
            ExecEvent::Stderr(data) if json => stderr.extend_from_slice(&data),
            ExecEvent::Stdout(data) => out::bytes(&data),
            ExecEvent::Stderr(data) => out::error_bytes(&data),
            ExecEvent::Exited(exit) => code = exit,
            _ => {}
        }
    }
    if json {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        program::print_json(&serde_json::json!({
            "allocation": instance.id, "exit_code": code, "stdout": text(&stdout), "stderr": text(&stderr),
        }))?;
    }
    stack.close().await;
    Ok(u8::try_from(code).unwrap_or(1))
}
