//! Writes the application's secrets, the policy that opens them and the role that gets it. A second run changes nothing.

use std::process::ExitCode;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, Target, program};
use wuffchat_deploy::{identity, secrets};

/// Writes the application's secrets, the policy that opens them and the role that gets it
#[derive(Debug, Parser)]
#[command(name = "seed_secrets")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// A TOML or JSON file with the values, or `-` for stdin; without it they are read from variables such as
    /// WUFFCHAT_OPENAI_API_KEY
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// Replaces values that are there already and differ
    #[arg(long)]
    replace: bool,
}

fn main() -> ExitCode {
    examples::run(seed)
}

async fn seed(arguments: Arguments) -> Result<u8, Failure> {
    let environment = arguments.target.settings()?;
    let stack = Stack::open(arguments.common.stack).await?;
    let mut values = match &arguments.from {
        Some(file) => program::secret_values(file)?,
        None => secrets::Values::from_vars(|name| std::env::var(name).ok()),
    };
    if values.is_empty() && stack.is_throw_away() {
        values = secrets::Values::throw_away();
    }
    let existing = if arguments.replace { secrets::Existing::Replace } else { secrets::Existing::Keep };
    let clients = stack.clients.within(&environment);
    let written = secrets::seed(&clients.vault, &environment, &values, existing).await?;
    let ensured = identity::ensure(&clients.nomad, &clients.vault, &environment).await?;
    if arguments.common.output == Output::Json {
        program::print_json(&serde_json::json!({"secrets": written, "changed": ensured.changed}))?;
    } else {
        for secret in &written {
            let what = if secret.changed { "written" } else { "unchanged" };
            examples::say!("{} is {what} (version {})", secret.path, secret.version);
        }
        for what in &ensured.changed {
            examples::say!("{what} is written");
        }
        if ensured.changed.is_empty() {
            examples::say!("policy and role are unchanged");
        }
    }
    stack.close().await;
    Ok(0)
}
