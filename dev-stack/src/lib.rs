//! Nomad, Vault and Consul for development: embedded in this process, or real agents from PATH.
//!
//! ```no_run
//! # async fn run() -> Result<(), dev_stack::Error> {
//! use dev_stack::DevStack;
//!
//! let stack = DevStack::embedded().await?;
//! println!("export NOMAD_ADDR={}", stack.nomad().address);
//! stack.stop().await;
//! # Ok(())
//! # }
//! ```

// The largest recorded shapes are written as one `json!` each.
#![recursion_limit = "256"]

pub mod agents;
pub mod embedded;
pub mod endpoint;
pub mod env;
pub mod standin;

use std::fmt;

use agents::{Agents, AgentsError, AgentsOptions};
use embedded::{Embedded, EmbeddedOptions, Product};
use env::EnvError;

pub use endpoint::{Endpoint, Versions};

/// The three products, wherever they run. Dropping it ends what it started.
#[derive(Debug)]
pub struct DevStack {
    nomad: Endpoint,
    vault: Endpoint,
    consul: Endpoint,
    versions: Versions,
    backend: Backend,
}

/// What keeps a stack alive.
#[derive(Debug)]
enum Backend {
    Embedded(Box<Embedded>),
    Agents(Box<Agents>),
    Environment,
}

/// Where a stack runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// In this process.
    Embedded,
    /// Agents started by this process.
    Agents,
    /// Servers that were running already, found through the environment.
    Environment,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Agents => "agents",
            Self::Environment => "env",
        })
    }
}

/// Why there is no stack.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The embedded stack did not start.
    #[error("the embedded stack did not start")]
    Embedded(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The agents did not start.
    #[error("the agents did not start")]
    Agents(#[from] AgentsError),
    /// The environment points to nothing usable.
    #[error("the environment cannot be used")]
    Environment(#[from] EnvError),
    /// A backend does not answer any more.
    #[error("{product} does not answer: {reason}")]
    Unreachable {
        /// `nomad`, `vault` or `consul`.
        product: &'static str,
        /// What happened.
        reason: String,
    },
}

impl DevStack {
    /// Runs all three in this process, on free loopback ports, with the default options.
    ///
    /// # Errors
    /// [`Error::Embedded`] if no socket can be opened.
    pub async fn embedded() -> Result<Self, Error> {
        Self::embedded_with(EmbeddedOptions::default()).await
    }

    /// Runs all three in this process.
    ///
    /// # Errors
    /// As [`DevStack::embedded`].
    pub async fn embedded_with(options: EmbeddedOptions) -> Result<Self, Error> {
        let embedded = Embedded::start(options).await.map_err(|error| Error::Embedded(error.into()))?;
        let token = |product, token| embedded.has_acl(product).then_some(token);
        let nomad = Endpoint::new(embedded.nomad_addr(), token(Product::Nomad, embedded.nomad_token()));
        let vault = Endpoint::new(embedded.vault_addr(), token(Product::Vault, embedded.vault_token()));
        let consul = Endpoint::new(embedded.consul_addr(), token(Product::Consul, embedded.consul_token()));
        Self::assemble(nomad, vault, consul, Backend::Embedded(Box::new(embedded))).await
    }

    /// Starts real agents from PATH, with the default options.
    ///
    /// # Errors
    /// [`AgentsError::MissingBinaries`] names each program that is not there; others say which agent failed and show
    /// the end of its log.
    pub async fn agents() -> Result<Self, Error> {
        Self::agents_with(AgentsOptions::default()).await
    }

    /// Starts real agents from PATH.
    ///
    /// # Errors
    /// As [`DevStack::agents`].
    pub async fn agents_with(options: AgentsOptions) -> Result<Self, Error> {
        let agents = Agents::start(options).await?;
        let token = |token: Option<&str>| token.map(str::to_owned);
        let nomad = Endpoint::new(agents.nomad_addr(), token(agents.nomad_token()));
        let vault = Endpoint::new(agents.vault_addr(), token(agents.vault_token()));
        let consul = Endpoint::new(agents.consul_addr(), token(agents.consul_token()));
        Self::assemble(nomad, vault, consul, Backend::Agents(Box::new(agents))).await
    }

    /// Uses what `NOMAD_ADDR`, `VAULT_ADDR` and `CONSUL_HTTP_ADDR` point to, with the tokens the vendors' programs would
    /// use: `NOMAD_TOKEN`, `VAULT_TOKEN` or `~/.vault-token`, `CONSUL_HTTP_TOKEN` or `CONSUL_HTTP_TOKEN_FILE`.
    ///
    /// # Errors
    /// [`EnvError::Variable`] for a value that makes no sense, [`EnvError::Unreachable`] when nothing answers at a
    /// plain `http://` address. `https://` addresses are taken as they are.
    pub async fn from_env() -> Result<Self, Error> {
        let (nomad, vault, consul) = env::endpoints(|name| std::env::var(name).ok())?;
        Self::assemble(nomad, vault, consul, Backend::Environment).await.map_err(|error| match error {
            Error::Unreachable { product, reason } => EnvError::unreachable(product, reason).into(),
            other => other,
        })
    }

    async fn assemble(
        nomad: Endpoint,
        vault: Endpoint,
        consul: Endpoint,
        backend: Backend,
    ) -> Result<Self, Error> {
        let versions = Versions::read(&nomad, &vault, &consul)
            .await
            .map_err(|(product, reason)| Error::Unreachable { product, reason })?;
        Ok(Self { nomad, vault, consul, versions, backend })
    }

    /// Where Nomad is.
    pub fn nomad(&self) -> &Endpoint {
        &self.nomad
    }

    /// Where Vault is.
    pub fn vault(&self) -> &Endpoint {
        &self.vault
    }

    /// Where Consul is.
    pub fn consul(&self) -> &Endpoint {
        &self.consul
    }

    /// Where the stack runs.
    pub fn kind(&self) -> Kind {
        match self.backend {
            Backend::Embedded(_) => Kind::Embedded,
            Backend::Agents(_) => Kind::Agents,
            Backend::Environment => Kind::Environment,
        }
    }

    /// The versions the products report, read when the stack was made.
    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// The embedded stack, for its clock, faults and behaviours, if that is what this is.
    pub fn as_embedded(&self) -> Option<&Embedded> {
        match &self.backend {
            Backend::Embedded(embedded) => Some(embedded),
            Backend::Agents(_) | Backend::Environment => None,
        }
    }

    /// The agents behind this stack, to restart one, if this process started them.
    pub fn as_agents(&self) -> Option<&Agents> {
        match &self.backend {
            Backend::Agents(agents) => Some(agents),
            Backend::Embedded(_) | Backend::Environment => None,
        }
    }

    /// Stops what this stack started, tasks in order first; servers found through the environment go on.
    pub async fn stop(self) {
        match self.backend {
            Backend::Agents(agents) => agents.stop().await,
            Backend::Embedded(embedded) => drop(embedded),
            Backend::Environment => {}
        }
    }
}
