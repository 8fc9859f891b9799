//! Runs a stack by itself, so that any program can use it.

mod signals;
mod tokens;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use self::signals::Signals;
use self::tokens::Tokens;
use clap::{Parser, ValueEnum};
use dev_stack::agents::{AgentsOptions, Docker, VaultProgram};
use dev_stack::embedded::EmbeddedOptions;
use dev_stack::embedded::clock::Clock;
use dev_stack::{DevStack, Endpoint};
use serde_json::{Value, json};

/// How long stopping may take before the process ends anyway; agents stop their tasks first.
const EMBEDDED_ENDS: Duration = Duration::from_secs(2);
const AGENTS_END: Duration = Duration::from_secs(30);

/// Runs Nomad, Vault and Consul for development on loopback ports, prints how to reach them, and stops them when
/// interrupted.
///
/// Exit codes: 0 stopped by SIGINT or SIGTERM, 1 wrong usage or the stack did not start.
#[derive(Debug, Parser)]
#[command(name = "dev-stack", version)]
struct Arguments {
    /// Start real agents (`nomad`, `vault` or `bao`, `consul` from PATH) instead of the embedded stack
    #[arg(long)]
    agents: bool,

    /// How the addresses are printed: variables to export, or one line of JSON; `auto` is `plain`
    #[arg(long, value_enum, default_value_t = Output::Auto)]
    output: Output,

    /// The embedded stack's ports; 0 takes a free one
    #[arg(long, conflicts_with = "agents", value_name = "NOMAD,VAULT,CONSUL", value_parser = ports, default_value = "0,0,0")]
    ports: [u16; 3],

    /// How many times faster than real time the embedded stack's clock runs: a deployment with a minimum healthy time
    /// of 10 s takes less than a second at 15
    #[arg(long, conflicts_with = "agents", value_name = "FACTOR", value_parser = speed, default_value = "1")]
    speed: f64,

    /// Give Nomad its Docker driver, and fail if no engine answers; without this flag, if an engine answers
    #[arg(long, requires = "agents", conflicts_with = "no_docker")]
    docker: bool,

    /// Start Nomad without its Docker driver, even if an engine answers
    #[arg(long, requires = "agents")]
    no_docker: bool,

    /// The program that serves Vault's API; `any` takes `vault` if there is one, else `bao`
    #[arg(long, requires = "agents", value_enum, default_value_t = Provider::Any)]
    vault: Provider,

    /// Keep the agents' state in this folder and go on from it [default: a temporary folder]
    #[arg(long, requires = "agents", value_name = "FOLDER")]
    data_dir: Option<PathBuf>,

    /// Run Nomad and Consul without ACLs
    #[arg(long)]
    no_acl: bool,

    #[command(flatten)]
    tokens: Tokens,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Output {
    Auto,
    Plain,
    Json,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Provider {
    Any,
    Vault,
    Bao,
}

fn ports(text: &str) -> Result<[u16; 3], String> {
    let ports: Result<Vec<u16>, _> = text.split(',').map(str::parse).collect();
    ports
        .ok()
        .and_then(|ports| ports.try_into().ok())
        .ok_or_else(|| "not three port numbers with commas".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: Option<f64> = text.parse().ok();
    speed
        .filter(|speed| (0.01..=10_000.0).contains(speed))
        .ok_or_else(|| "not a number from 0.01 to 10000".to_owned())
}

impl Arguments {
    fn embedded_options(&self) -> Result<EmbeddedOptions, String> {
        let mut options = EmbeddedOptions::default();
        options.ports = self.ports;
        options.clock = Clock::scaled(self.speed);
        (options.nomad_acl, options.consul_acl) = (!self.no_acl, !self.no_acl);
        self.tokens.put(&mut options)?;
        Ok(options)
    }

    fn agents_options(&self) -> AgentsOptions {
        let docker = match (self.docker, self.no_docker) {
            (true, _) => Docker::On,
            (_, true) => Docker::Off,
            _ => Docker::Auto,
        };
        let vault = match self.vault {
            Provider::Any => VaultProgram::Any,
            Provider::Vault => VaultProgram::Vault,
            Provider::Bao => VaultProgram::Bao,
        };
        let options = AgentsOptions::new().docker(docker).vault(vault).acl(!self.no_acl);
        match &self.data_dir {
            Some(folder) => options.data_dir(folder),
            None => options,
        }
    }
}

fn main() -> ExitCode {
    // clap's own exit code for wrong usage is 2, which these programs use for something else.
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        std::process::exit(i32::from(error.use_stderr()))
    });
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dev-stack: {error}");
            let mut cause = error.source();
            while let Some(inner) = cause {
                eprintln!("  {inner}");
                cause = inner.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    // From here on a signal stops the stack, also while it starts.
    let mut signals = Signals::listen(if arguments.agents { AGENTS_END } else { EMBEDDED_ENDS })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let stack = tokio::select! {
            stack = start(arguments) => stack?,
            () = signals.told() => return Ok(()),
        };
        print(&stack, arguments.output)?;
        signals.told().await;
        if io::stderr().is_terminal() {
            eprintln!("stopping; interrupt again to stop at once");
        }
        stack.stop().await;
        Ok(())
    })
}

async fn start(arguments: &Arguments) -> Result<DevStack, Box<dyn std::error::Error>> {
    Ok(if arguments.agents {
        DevStack::agents_with(arguments.agents_options()).await?
    } else {
        DevStack::embedded_with(arguments.embedded_options()?).await?
    })
}

fn print(stack: &DevStack, output: Output) -> io::Result<()> {
    let text = match output {
        Output::Json => format!("{}\n", as_json(stack)),
        Output::Auto | Output::Plain => as_exports(stack),
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn as_json(stack: &DevStack) -> Value {
    let endpoint = |endpoint: &Endpoint| json!({"address": endpoint.address, "token": endpoint.token});
    json!({
        "nomad": endpoint(stack.nomad()),
        "vault": endpoint(stack.vault()),
        "consul": endpoint(stack.consul()),
    })
}

fn as_exports(stack: &DevStack) -> String {
    let variables = [
        ("NOMAD_ADDR", "NOMAD_TOKEN", stack.nomad()),
        ("VAULT_ADDR", "VAULT_TOKEN", stack.vault()),
        ("CONSUL_HTTP_ADDR", "CONSUL_HTTP_TOKEN", stack.consul()),
    ];
    let mut text = String::new();
    for (address, token, endpoint) in variables {
        text.push_str(&format!("export {address}={}\n", endpoint.address));
        match &endpoint.token {
            Some(value) => text.push_str(&format!("export {token}={value}\n")),
            None => text.push_str(&format!("unset {token}\n")),
        }
    }
    text
}
