//! Writes the application's secrets, the policy that opens them and the role that gets it. A second run changes nothing.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Failure, Output, Stack, Target, note, program};
use wuffchat_deploy::{Error, identity, secrets};

/// Writes the application's secrets, the policy that opens them and the role that gets it, where they are missing
#[derive(Debug, Parser)]
#[command(name = "seed_secrets")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// A TOML or JSON file with the values, or `-` for stdin; [default: they are read from variables such as
    /// WUFFCHAT_OPENAI_API_KEY]
    #[arg(long, value_name = "FILE")]
    from: Option<String>,
    /// Replaces values that are there already and differ
    #[arg(long)]
    replace: bool,
    /// Shows which secrets and keys would be written, and writes nothing
    #[arg(long)]
    dry_run: bool,
    /// Gives Vault, and Consul where it has access control, Nomad's keys as they are now, for clusters whose key set
    /// cannot be fetched because clients need a certificate (`tls.verify_https_client`); run it again after each change
    /// of the keys
    #[arg(long)]
    static_keys: bool,
    /// With `--static-keys`: how long keys stay that Nomad does not show any more
    #[arg(long, default_value = "24h", value_parser = program::duration, value_name = "DURATION")]
    keep_keys: Duration,
}

fn main() -> ExitCode {
    examples::run(seed)
}

async fn seed(arguments: Arguments) -> Result<u8, Failure> {
    let environment = arguments.target.settings()?;
    let stack = Stack::open(&arguments.common, &environment, arguments.target.file()).await?;
    let mut values = match &arguments.from {
        Some(file) => program::secret_values(file)?,
        None => secrets::Values::from_vars(|name| std::env::var(name).ok()),
    };
    if values.is_empty() && stack.is_throw_away() {
        values = secrets::Values::throw_away();
    }
    let existing = if arguments.replace { secrets::Existing::Replace } else { secrets::Existing::Keep };
    let clients = stack.clients.within(&environment);
    if arguments.dry_run {
        let preview = secrets::preview(&clients.vault, &environment, &values, existing).await?;
        stack.close().await;
        return tell_preview(&preview, arguments.common.output);
    }
    let written = secrets::seed(&clients.vault, &environment, &values, existing).await?;
    let mut ensured = identity::Ensured::default();
    if arguments.static_keys {
        let keys = identity::sync_keys(&clients, &environment, arguments.keep_keys).await?;
        ensured = ensured.and(keys);
    }
    ensured = ensured.and(identity::ensure(&clients.nomad, &clients.vault, &environment).await?);
    match identity::ensure_consul(&clients.nomad, &clients.consul, &environment).await {
        Ok(more) => ensured = ensured.and(more),
        // Nobody needs it where agents register services with their own token.
        Err(Error::Consul(consul_client::Error::PermissionDenied(_))) => {
            note(
                arguments.common.output,
                "warning: consul's part is left out: the token may not look at its access control",
            );
        }
        Err(error) => return Err(error.into()),
    }
    if arguments.common.output == Output::Json {
        let document = serde_json::json!({
            "secrets": written, "changed": ensured.changed, "created": ensured.created,
        });
        program::print_json(&document)?;
    } else {
        for secret in &written {
            let verb = if secret.changed { "was" } else { "is" };
            examples::say!("{} {verb} {} (version {})", secret.path, secret.done(), secret.version);
        }
        ensured.sentences().for_each(|sentence| examples::say!("{sentence}"));
        if ensured.changed.is_empty() {
            examples::say!("policies, roles and auth methods are unchanged");
        }
    }
    stack.close().await;
    Ok(0)
}

/// Names only. What is missing ends with the exit code that seeding would end with.
fn tell_preview(preview: &[secrets::Seeding], output: Output) -> Result<u8, Failure> {
    if output == Output::Json {
        program::print_json(&serde_json::json!({"secrets": preview}))?;
    } else {
        for secret in preview {
            let (path, version) = (&secret.path, secret.version);
            for key in &secret.writes {
                let newest = match version {
                    0 => "there is none yet".to_owned(),
                    version => format!("the newest is version {version}"),
                };
                examples::say!("{path}: {key} would be written ({newest})");
            }
            for key in &secret.missing {
                examples::say!("{path}: {key} is missing, and there is no value for it");
            }
            if secret.writes.is_empty() && secret.missing.is_empty() {
                examples::say!("{path} is unchanged (version {version})");
            }
        }
    }
    let missing = preview.iter().any(|secret| !secret.missing.is_empty());
    Ok(if missing { 9 } else { 0 })
}
