//! Connecting to the three products, wherever they run.

use std::process::ExitCode;
use std::time::Duration;

use dev_stack::{DevStack, Endpoint};
use wuffchat_deploy::release::{self, Request};
use wuffchat_deploy::secrets::Values;
use wuffchat_deploy::{Clients, Environment, Report, Version};

use crate::args::StackChoice;
use crate::{Display, Failure, program};

/// The clients, and what keeps their servers alive.
pub struct Stack {
    /// The clients.
    pub clients: Clients,
    /// `embedded`, `agents` or `env`.
    pub name: &'static str,
    started: Option<DevStack>,
}

impl std::fmt::Debug for Stack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Stack({})", self.name)
    }
}

impl Stack {
    /// Starts or finds the stack that was chosen.
    ///
    /// # Errors
    ///
    /// It cannot be started, or the environment cannot be used.
    pub async fn open(choice: StackChoice) -> Result<Self, Failure> {
        let (name, started) = match choice.decided() {
            StackChoice::Auto | StackChoice::Env => {
                let clients = Clients {
                    nomad: nomad_client::Client::from_env()?,
                    vault: vault_client::Client::from_env()?,
                    consul: consul_client::Client::from_env()?,
                };
                return Ok(Self { clients, name: "env", started: None });
            }
            StackChoice::Embedded => ("embedded", DevStack::embedded().await?),
            StackChoice::Agents => ("agents", DevStack::agents().await?),
        };
        let clients = Clients {
            nomad: nomad(started.nomad()).build()?,
            vault: vault(started.vault()).build()?,
            consul: consul(started.consul()).build()?,
        };
        Ok(Self { clients, name, started: Some(started) })
    }

    /// Whether the stack belongs to this program alone, so that throw-away secrets may be put
    /// there.
    #[must_use]
    pub fn is_throw_away(&self) -> bool {
        self.started.is_some()
    }

    /// Deploys a version before the program's own task, so that there is something to do it with: what a flag such as
    /// `--from` asks for.
    ///
    /// # Errors
    ///
    /// The stack is not this program's own; as [`release::run`]. A release that fails is no error.
    pub async fn deploy_first(
        &self,
        flag: &str,
        environment: &Environment,
        (version, secrets): (Version, Values),
        display: &Display,
    ) -> Result<Report, Failure> {
        if !self.is_throw_away() {
            return Err(Failure::usage(format!(
                "`{flag}` is for stacks of this program's own; yours has versions already"
            )));
        }
        display.note(&format!("deploying {version} to {} first", environment.stage));
        let mut request = Request::new(version);
        (request.who, request.stack, request.secrets) = (program::who(), self.name.to_owned(), secrets);
        let mut settings = environment.clone();
        settings.update.auto_promote = true;
        settings.release.gates.clear();
        settings.release.soak = Duration::ZERO;
        Ok(release::run(&self.clients, &settings, &request, display).await?)
    }

    /// Stops what was started.
    pub async fn close(self) {
        if let Some(stack) = self.started {
            stack.stop().await;
        }
    }
}

fn nomad(endpoint: &Endpoint) -> nomad_client::Builder {
    let builder = nomad_client::Client::builder().address(&endpoint.address);
    match &endpoint.token {
        Some(token) => builder.token(token.as_str()),
        None => builder,
    }
}

fn vault(endpoint: &Endpoint) -> vault_client::Builder {
    let builder = vault_client::Client::builder().address(&endpoint.address);
    match &endpoint.token {
        Some(token) => builder.token(token.as_str()),
        None => builder,
    }
}

fn consul(endpoint: &Endpoint) -> consul_client::Builder {
    let builder = consul_client::Client::builder().address(&endpoint.address);
    match &endpoint.token {
        Some(token) => builder.token(token.as_str()),
        None => builder,
    }
}

/// Is the stand-in application: what the raw-exec driver runs in place of a container.
pub async fn stand_in(arguments: Vec<String>) -> ExitCode {
    dev_stack::standin::run(arguments).await
}
