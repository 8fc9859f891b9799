//! A typed asynchronous client for the [Nomad HTTP API](https://developer.hashicorp.com/nomad/api-docs).
//!
//! ```no_run
//! # async fn example() -> Result<(), nomad_client::Error> {
//! let nomad = nomad_client::Client::from_env()?;
//! for namespace in nomad.namespaces().list().await? {
//!     println!("{}", namespace.name);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Required arguments are positional, optional ones are setters, `.await` runs the call. What a
//! call would send can be looked at with `spec()`; `reply()` also answers what the headers said;
//! `optional()` makes `None` of a 404; `watch()` is a blocking query as a stream.
//!
//! # Platforms
//!
//! Tested on Linux (x86-64). Nothing but unix sockets needs Unix: elsewhere an address that names
//! one is an error.
//!
//! # TLS
//!
//! rustls. `tls_server_name` says whom TLS asks for and verifies, never where is connected to.
//! Certificates and keys from files are read again when the files change. A self-signed server
//! certificate that calls itself an authority's (`CA:TRUE`, as `openssl req -x509` makes it) is
//! refused by the rules for chains; it is accepted where that very certificate is the one to trust.
//! Better is a certificate with `basicConstraints=critical,CA:FALSE`.

mod acl;
mod agent;
mod allocations;
mod answers;
mod call;
pub mod caps;
mod client;
mod deployments;
mod enterprise;
mod env;
mod error;
mod evaluations;
mod events;
mod explain;
#[cfg(feature = "hcl")]
pub mod hcl;
mod jobs;
pub mod jobspec;
#[cfg(feature = "lint")]
pub mod lint;
mod meaning;
mod namespaces;
mod node_agent;
mod node_pools;
mod nodes;
mod oidc_discovery;
mod operations;
mod operator;
mod plan_summary;
mod record;
mod restarts;
#[cfg(feature = "scaling")]
pub mod scaling;
mod scaling_policies;
mod search;
mod services;
mod system;
mod variables;
mod volumes;
mod wait;

pub use acl::*;
pub use agent::*;
pub use allocations::*;
pub use call::Call;
pub use client::{Builder, Client};
#[cfg(feature = "blocking")]
pub use client_core::blocking;
#[cfg(feature = "testing")]
pub use client_core::testing;
pub use client_core::wire::ByName;
pub use client_core::{
    Address, ClientIdentity, Error as TransportError, ErrorKind, Extra, Items, Limits, LoginToken, Meta,
    Pages, Pool, RateLimit, RawReply, RawStream, Reply, Reqwest, RootCertificates, Spec, StaticToken,
    Timeouts, TokenFile, TokenSource, Verb as Method, Watch, fetch, layer, retry::RetryPolicy,
    time::GoDuration, transport,
};
pub use deployments::*;
pub use enterprise::*;
pub use error::{Error, Result};
pub use evaluations::*;
pub use events::*;
pub use explain::*;
pub use jobs::*;
pub use jobspec::{
    Constraint, Job, JobType, Network, Port, Resources, Service, ServiceCheck, Task, TaskGroup, Template,
    Update, Vault,
};
pub use namespaces::{Namespace, NamespaceCapabilities, Namespaces};
pub use node_agent::*;
pub use node_pools::*;
pub use nodes::*;
pub use oidc_discovery::*;
pub use operations::operations;
pub use operator::*;
pub use plan_summary::Change;
pub use restarts::{GroupEffect, GroupRestart, restarts};
pub use scaling_policies::*;
pub use search::*;
pub use services::*;
pub use system::*;
pub use variables::*;
pub use volumes::*;
pub use wait::*;
