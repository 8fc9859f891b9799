//! Looks whether everything that a release needs is in order.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use examples::{Common, Output, Stack, Target, program};
use wuffchat_deploy::preflight::{self, External, Options, Preflight, Reach};

/// Looks whether everything that a release needs is in order, without changing anything; exits with 9 if something
/// stands in the way
#[derive(Debug, Parser)]
#[command(name = "preflight")]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    target: Target,
    /// Looks whether Weaviate, OpenAI and Redis can be reached from here
    #[arg(long)]
    external: bool,
    /// Certificates as PEM whose end is looked at; those that NOMAD_CACERT, NOMAD_CLIENT_CERT, VAULT_CACERT,
    /// VAULT_CLIENT_CERT, CONSUL_CACERT and CONSUL_CLIENT_CERT name are looked at anyway with `--stack env`; may be
    /// repeated [default: none]
    #[arg(long = "certificate", value_name = "FILE.pem")]
    certificates: Vec<PathBuf>,
    /// How long a release may take, in minutes; tokens and certificates have to outlast it
    #[arg(long, default_value_t = 30, value_name = "MINUTES")]
    release_minutes: u64,
    /// Shows what is in order too
    #[arg(long)]
    all: bool,
}

const VARIABLES: [&str; 6] = [
    "NOMAD_CACERT",
    "NOMAD_CLIENT_CERT",
    "VAULT_CACERT",
    "VAULT_CLIENT_CERT",
    "CONSUL_CACERT",
    "CONSUL_CLIENT_CERT",
];

fn main() -> ExitCode {
    examples::run(async |arguments: Arguments| {
        let environment = arguments.target.settings()?;
        let stack = Stack::open(&arguments.common, &environment, arguments.target.file()).await?;
        let time = Duration::from_secs(arguments.release_minutes.saturating_mul(60));
        let mut options = Options::default().release_time(time);
        let mut files: Vec<(String, PathBuf)> =
            arguments.certificates.iter().map(|path| (path.display().to_string(), path.clone())).collect();
        if stack.name == "env" {
            let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
            files.extend(
                VARIABLES.into_iter().filter_map(|name| Some((name.to_owned(), named(name)?.into()))),
            );
        }
        for (name, path) in files {
            options = options.certificate(name, program::read(path)?);
        }
        if arguments.external {
            options = options.reach(&Connect);
        }
        let found = preflight::run(&stack.clients, &environment, &options).await;
        if arguments.common.output == Output::Json {
            program::print_json(&found)?;
        } else {
            tell(&found, arguments.all);
        }
        stack.close().await;
        Ok(if found.is_ready() { 0 } else { 9 })
    })
}

fn tell(found: &Preflight, all: bool) {
    let shown = |finding: &&wuffchat_deploy::Finding| all || finding.level != wuffchat_deploy::Level::Ok;
    for finding in found.findings.iter().filter(shown) {
        examples::say!("{finding}");
    }
    let problems = found.problems().count();
    examples::say!(
        "{}: {} things looked at, {}",
        found.environment,
        found.findings.len(),
        match problems {
            0 => "nothing stands in the way".to_owned(),
            1 => "1 stands in the way".to_owned(),
            many => format!("{many} stand in the way"),
        }
    );
}

/// Opens a connection and closes it again.
struct Connect;

#[async_trait::async_trait]
impl Reach for Connect {
    async fn reach(&self, external: &External) -> Result<(), String> {
        let connect = tokio::net::TcpStream::connect((external.host.as_str(), external.port));
        match tokio::time::timeout(Duration::from_secs(5), connect).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(cause)) => Err(cause.to_string()),
            Err(_) => Err("no answer within 5 s".to_owned()),
        }
    }
}
