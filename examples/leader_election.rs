//! Leads while it holds a lock in Consul, and lets another one lead when it ends.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, note, out, program};

/// Leads while it holds a lock in Consul: run it twice, interrupt one, and see the other take over
#[derive(Debug, Parser)]
#[command(name = "leader_election")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// The lock's key
    #[arg(long, default_value = "service/wuffchat/leader")]
    key: String,
    /// Without a renewal the lock is lost after this; Consul takes 10s to 24h
    #[arg(long, default_value = "15s", value_parser = program::duration, value_name = "DURATION")]
    ttl: Duration,
    /// How long to lead [default: until interrupted]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    lead: Option<Duration>,
    /// How long to wait for the lock [default: as long as it takes]
    #[arg(long, value_parser = program::duration, value_name = "DURATION")]
    wait: Option<Duration>,
}

fn main() -> ExitCode {
    examples::run_to_the_end(lead)
}

async fn lead(arguments: Arguments) -> Result<u8, Failure> {
    let stack = Stack::open_by_variables(&arguments.common).await?;
    let mut lock = stack.clients.consul.lock(&arguments.key).ttl(arguments.ttl).value(program::who());
    if let Some(wait) = arguments.wait {
        lock = lock.wait(wait);
    }
    let output = arguments.common.output;
    note(output, &format!("waiting for {}", arguments.key));
    let guard = tokio::select! {
        guard = lock.acquire() => guard?,
        () = program::signal() => return Ok(program::INTERRUPTED),
    };
    if output == Output::Json {
        program::print_json(
            &serde_json::json!({"key": guard.key(), "fencing_token": guard.fencing_token()}),
        )?;
    } else {
        examples::say!("leading {} with fencing token {}", guard.key(), guard.fencing_token());
    }
    let term = async {
        match arguments.lead {
            // Whoever waited for the word has gone.
            _ if out::is_closed() => {}
            Some(time) => tokio::time::sleep(time).await,
            None => std::future::pending().await,
        }
    };
    let code = tokio::select! {
        () = term => 0,
        () = program::signal() => program::INTERRUPTED,
        reason = guard.lost() => {
            return Err(Failure { text: format!("no longer leading {}: {reason}", arguments.key), code: 6 });
        }
    };
    guard.release().await?;
    note(output, &format!("gave {} back", arguments.key));
    stack.close().await;
    Ok(code)
}
