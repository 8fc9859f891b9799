//! Deploys WuffChat, an API and a UI, on Nomad with secrets in Vault and discovery in Consul.
//!
//! Everything is a function over the three clients: no terminal, no files, no global state. What
//! happens meanwhile is told to an [`EventSink`](events::EventSink); what came of it is a
//! [`Report`].
//!
//! ```no_run
//! # async fn example() -> wuffchat_deploy::Result<()> {
//! use wuffchat_deploy::{Clients, Environment, Stage, events::Silent, release};
//!
//! let clients = Clients {
//!     nomad: nomad_client::Client::from_env()?,
//!     vault: vault_client::Client::from_env()?,
//!     consul: consul_client::Client::from_env()?,
//! };
//! let environment = Environment::new(Stage::Staging);
//! let request = release::Request::new("v2".parse()?);
//! let report = release::run(&clients, &environment, &request, &Silent).await?;
//! println!("{}", report.outcome.sentence("version v2"));
//! # Ok(())
//! # }
//! ```

pub mod app;
pub mod capacity;
pub mod cost;
pub mod drift;
mod error;
pub mod events;
mod failure;
pub mod finding;
pub mod history;
pub mod identity;
pub mod jobs;
pub mod lint;
mod live;
mod mask;
mod monitoring;
pub mod platform;
pub mod preflight;
pub mod promotion;
pub mod release;
pub mod render;
pub mod report;
pub mod rollback;
pub mod scale;
pub mod secrets;
pub mod status;
mod text_duration;

pub use app::{Component, Driver, Environment, Stage, Version};
pub use error::{Error, Result};
pub use finding::{Finding, Level};
pub use report::{Outcome, Report};

/// The three clients a release works with.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Nomad.
    pub nomad: nomad_client::Client,
    /// Vault.
    pub vault: vault_client::Client,
    /// Consul.
    pub consul: consul_client::Client,
}

impl Clients {
    /// The clients, with Nomad's looking at the environment's namespace and region.
    #[must_use]
    pub fn within(&self, environment: &Environment) -> Self {
        let mut nomad = self.nomad.namespace(environment.namespace.as_str());
        if let Some(region) = &environment.region {
            nomad = nomad.region(region.as_str());
        }
        Self { nomad, ..self.clone() }
    }
}
