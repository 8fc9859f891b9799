//! Waits until a service has enough instances that pass all their checks.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, note, program};
use futures_util::StreamExt;

/// Waits until a service has enough instances that pass all their checks in Consul; exits with 7 if time runs out
#[derive(Debug, Parser)]
#[command(name = "wait_healthy")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    /// The service
    #[arg(default_value = "wuffchat-api")]
    service: String,
    /// How many instances have to pass
    #[arg(long, default_value_t = 1)]
    count: usize,
    /// How long to wait
    #[arg(long, default_value = "5m", value_parser = program::duration, value_name = "DURATION")]
    timeout: Duration,
}

fn main() -> ExitCode {
    examples::run(wait)
}

async fn wait(arguments: Arguments) -> Result<u8, Failure> {
    let Arguments { common, service, count, timeout } = &arguments;
    let stack = Stack::open_by_variables(common).await?;
    let mut changes = stack.clients.consul.health().service(service).passing().watch();
    let mut passing = 0;
    let enough = async {
        while let Some(instances) = changes.next().await {
            passing = instances?.len();
            note(common.output, &format!("{service}: {passing} of {count} pass their checks"));
            if passing >= *count {
                break;
            }
        }
        Ok::<_, Failure>(())
    };
    let code = match tokio::time::timeout(*timeout, enough).await {
        Ok(done) => {
            done?;
            0
        }
        Err(_) => 7,
    };
    if common.output == Output::Json {
        program::print_json(
            &serde_json::json!({"service": service, "passing": passing, "healthy": code == 0}),
        )?;
    } else if code == 0 {
        examples::say!("{service} is healthy: {passing} of {count} instances");
    } else {
        examples::say!("{service} is not healthy: {passing} of {count} instances");
    }
    stack.close().await;
    Ok(code)
}
