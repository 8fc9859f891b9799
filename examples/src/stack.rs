//! Connecting to the three products, wherever they run.
//!
//! Where a program goes is decided here, for all of them: to the servers that settings and variables
//! name, or to a stack of the program's own where that was asked for. A simulation is never a
//! surprise: it was asked for by name, or it is the development environment and nothing names a
//! server.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use dev_stack::{DevStack, Endpoint};
use wuffchat_deploy::app::{Addresses, Server};
use wuffchat_deploy::release::{self, Request};
use wuffchat_deploy::secrets::Values;
use wuffchat_deploy::{Clients, Environment, Report, Stage, Version};

use crate::args::{Common, StackChoice};
use crate::program::{self, Said};
use crate::{Display, Failure};

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

/// Where a program goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Destination {
    Simulation,
    Agents,
    Servers(Located),
}

/// Addresses; `None` is the agent on this machine, as for the vendors' command lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Located {
    nomad: Option<String>,
    vault: Option<String>,
    consul: Option<String>,
}

/// What the settings say about where to go.
#[derive(Clone, Copy)]
struct Settings<'a> {
    stage: Stage,
    addresses: &'a Addresses,
    file: Option<&'a Path>,
}

impl<'a> Settings<'a> {
    fn of(environment: &'a Environment, file: Option<&'a Path>) -> Self {
        Self { stage: environment.stage, addresses: &environment.addresses, file }
    }
}

type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Decides where a program goes. Without settings, whoever sets no variable tries things out.
fn decide(
    choice: StackChoice,
    settings: Option<Settings<'_>>,
    variable: Variable<'_>,
) -> Result<Destination, Failure> {
    match choice {
        StackChoice::Embedded => return Ok(Destination::Simulation),
        StackChoice::Agents => return Ok(Destination::Agents),
        StackChoice::Auto | StackChoice::Env => {}
    }
    let none = Addresses::default();
    let file = settings.and_then(|settings| settings.file);
    let file = file.map_or_else(|| "the settings".to_owned(), |file| file.display().to_string());
    let addresses = settings.map_or(&none, |settings| settings.addresses);
    let [nomad, vault, consul] = Server::ALL.map(|server| addresses.locate(server, &file, variable));
    let located = Located { nomad: nomad?, vault: vault?, consul: consul? };
    let all =
        [(Server::Nomad, &located.nomad), (Server::Vault, &located.vault), (Server::Consul, &located.consul)];
    let missing: Vec<Server> =
        all.iter().filter(|(_, address)| address.is_none()).map(|(server, _)| *server).collect();
    let stage = settings.map_or(Stage::Dev, |settings| settings.stage);
    if stage != Stage::Dev && !missing.is_empty() {
        return Err(nowhere(stage, settings.and_then(|settings| settings.file), &missing));
    }
    let nothing = missing.len() == Server::ALL.len();
    Ok(match choice {
        StackChoice::Auto if nothing => Destination::Simulation,
        _ => Destination::Servers(located),
    })
}

/// Why nothing is done: a release must not go wherever it happens to.
fn nowhere(stage: Stage, file: Option<&Path>, missing: &[Server]) -> Failure {
    let list = |name: fn(&Server) -> &'static str| missing.iter().map(name).collect::<Vec<_>>().join(", ");
    let file = file.map_or_else(|| "a file for `--config`".to_owned(), |file| file.display().to_string());
    Failure::usage(format!(
        "nothing says where {stage} is: set {settings} below `[addresses]` in {file}, or the variables {variables}; \
         `--stack embedded` is a simulation",
        settings = list(|server| server.setting()),
        variables = list(|server| server.variable()),
    ))
}

impl Stack {
    /// Starts or finds the stack that was chosen for an environment, whose settings come from `file`.
    ///
    /// # Errors
    ///
    /// Nothing says where the environment is, or settings and variables contradict each other; the
    /// stack cannot be started.
    pub async fn open(
        common: &Common,
        environment: &Environment,
        file: Option<&Path>,
    ) -> Result<Self, Failure> {
        Self::open_saying(common, Some(Settings::of(environment, file)), Said::OnStdout).await
    }

    /// As [`open`](Self::open), for programs whose stdout belongs to what they show, such as a
    /// command's output.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn open_beside(
        common: &Common,
        environment: &Environment,
        file: Option<&Path>,
    ) -> Result<Self, Failure> {
        Self::open_saying(common, Some(Settings::of(environment, file)), Said::OnStderr).await
    }

    /// As [`open_beside`](Self::open_beside), for programs without settings.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn open_by_variables(common: &Common) -> Result<Self, Failure> {
        Self::open_saying(common, None, Said::OnStderr).await
    }

    async fn open_saying(
        common: &Common,
        settings: Option<Settings<'_>>,
        said: Said,
    ) -> Result<Self, Failure> {
        let destination = decide(common.stack, settings, &|name| std::env::var(name).ok())?;
        if destination == Destination::Simulation {
            program::simulated(common.output, said);
        }
        Self::start(destination).await
    }

    async fn start(destination: Destination) -> Result<Self, Failure> {
        let (name, started) = match destination {
            Destination::Servers(located) => {
                let clients = Clients {
                    nomad: at(nomad_client::Builder::from_env(), located.nomad).build()?,
                    vault: at(vault_client::Builder::from_env(), located.vault).build()?,
                    consul: at(consul_client::Builder::from_env(), located.consul).build()?,
                };
                return Ok(Self { clients, name: "env", started: None });
            }
            Destination::Simulation => ("embedded", DevStack::embedded().await?),
            Destination::Agents => ("agents", DevStack::agents().await?),
        };
        let clients = Clients {
            nomad: nomad(started.nomad()).build()?,
            vault: vault(started.vault()).build()?,
            consul: consul(started.consul()).build()?,
        };
        Ok(Self { clients, name, started: Some(started) })
    }

    /// A request for a release here, by whoever runs this program.
    #[must_use]
    pub fn request(&self, version: Version) -> Request {
        let mut request = Request::new(version);
        (request.who, request.stack) = (program::who(), self.name.to_owned());
        request.simulated = self.name == "embedded";
        request
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
        let mut request = self.request(version);
        request.secrets = secrets;
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

fn at<P: client_core::Product>(
    builder: client_core::Builder<P>,
    address: Option<String>,
) -> client_core::Builder<P> {
    match address {
        Some(address) => builder.address(address),
        None => builder,
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

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 3] =
        [("NOMAD_ADDR", "http://n:1"), ("VAULT_ADDR", "http://v:1"), ("CONSUL_HTTP_ADDR", "http://c:1")];

    fn decided(
        choice: StackChoice,
        stage: Option<Stage>,
        settings: &str,
        variables: &[(&str, &str)],
    ) -> Result<Destination, String> {
        let environment = Environment::from_toml(settings, Some(stage.unwrap_or(Stage::Dev))).unwrap();
        let settings = stage.map(|stage| Settings {
            stage,
            addresses: &environment.addresses,
            file: Some(Path::new("here.toml")),
        });
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        decide(choice, settings, &variable).map_err(|failure| failure.text)
    }

    fn servers(nomad: &str, vault: &str, consul: &str) -> Result<Destination, String> {
        let own = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(Destination::Servers(Located { nomad: own(nomad), vault: own(vault), consul: own(consul) }))
    }

    #[test]
    fn a_simulation_is_asked_for_or_nothing_is_configured_for_development() {
        use StackChoice::{Agents, Auto, Embedded, Env};
        let (dev, production) = (Some(Stage::Dev), Some(Stage::Production));
        let named = "[addresses]\nnomad = \"http://a:1\"\n";
        assert_eq!(decided(Auto, dev, "", &[]), Ok(Destination::Simulation));
        assert_eq!(decided(Auto, None, "", &[]), Ok(Destination::Simulation));
        assert_eq!(decided(Embedded, production, named, &ALL), Ok(Destination::Simulation));
        assert_eq!(decided(Agents, production, named, &ALL), Ok(Destination::Agents));
        assert_eq!(decided(Env, dev, "", &[]), servers("", "", ""));
        assert_eq!(decided(Auto, dev, named, &[]), servers("http://a:1", "", ""));
        assert_eq!(decided(Auto, dev, "", &ALL[1..2]), servers("", "http://v:1", ""));
        assert_eq!(decided(Auto, None, "", &ALL[..1]), servers("http://n:1", "", ""));
        assert_eq!(decided(Auto, production, "", &ALL), servers("http://n:1", "http://v:1", "http://c:1"));
        assert_eq!(
            decided(Auto, production, named, &ALL[1..]),
            servers("http://a:1", "http://v:1", "http://c:1")
        );
    }

    #[test]
    fn what_is_missing_for_an_environment_with_users_is_named() {
        for stage in [Stage::Staging, Stage::Production] {
            for choice in [StackChoice::Auto, StackChoice::Env] {
                let error = decided(choice, Some(stage), "", &[]).unwrap_err();
                for said in [
                    stage.as_str(),
                    "here.toml",
                    "nomad, vault, consul",
                    "NOMAD_ADDR, VAULT_ADDR, CONSUL_HTTP_ADDR",
                ] {
                    assert!(error.contains(said), "{said}: {error}");
                }
                let error = decided(choice, Some(stage), "", &ALL[..2]).unwrap_err();
                assert!(error.contains("CONSUL_HTTP_ADDR") && !error.contains("NOMAD_ADDR"), "{error}");
            }
        }
    }

    #[test]
    fn a_contradiction_is_an_error_in_every_environment() {
        let settings = "[addresses]\nnomad = \"http://a:1\"\n";
        for stage in [Stage::Dev, Stage::Production] {
            let error = decided(StackChoice::Auto, Some(stage), settings, &ALL).unwrap_err();
            assert!(
                error.contains("here.toml") && error.contains("http://a:1") && error.contains("http://n:1"),
                "{error}"
            );
        }
    }
}
