//! A typed asynchronous client for the [Consul HTTP API](https://developer.hashicorp.com/consul/api-docs).
//!
//! ```no_run
//! # async fn example() -> Result<(), consul_client::Error> {
//! let consul = consul_client::Client::from_env()?;
//! for instance in consul.health().service("wuffchat-api").passing().await? {
//!     println!("{}:{}", instance.host(), instance.service.port);
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

pub mod acl;
pub mod agent;
mod answers;
mod call;
pub mod caps;
pub mod catalog;
mod check;
mod client;
pub mod config;
pub mod connect;
pub mod coordinate;
pub mod discovery;
pub mod discovery_chain;
pub mod enterprise;
mod env;
mod error;
pub mod event;
pub mod health;
pub mod internal;
pub mod kv;
pub mod lock;
mod operations;
pub mod operator;
pub mod peering;
pub mod query;
mod record;
mod service;
pub mod session;
pub mod snapshot;
pub mod status;
pub mod txn;

pub use acl::{
    AuthMethod, BindType, BindingError, BindingRule, Grant, JwtConfig, Login, LoginIdentity, Policy, Role,
    Selector, SelectorError, Token,
};
pub use agent::{
    AgentServiceHealth, AgentToken, CheckRegistration, Member, MemberStatus, ServiceRegistration, TtlUpdate,
};
pub use call::{Call, Consistency};
pub use catalog::{CatalogNode, CatalogService, Deregistration, Node, Registration};
pub use check::{
    CheckDefinition, CheckStatus, HealthCheck, NODE_MAINTENANCE, SERVICE_MAINTENANCE, aggregated_status,
};
pub use client::{Builder, Client, Consul};
#[cfg(feature = "blocking")]
pub use client_core::blocking;
#[cfg(feature = "testing")]
pub use client_core::testing;
pub use client_core::{
    Address, ClientIdentity, Error as TransportError, ErrorKind, Extra, Items, Limits, LoginToken, Meta,
    Pages, Pool, RateLimit, RawReply, RawStream, Reply, Reqwest, RootCertificates, Spec, StaticToken,
    Timeouts, TokenFile, TokenSource, Verb as Method, Watch, layer, retry::RetryPolicy, time::GoDuration,
    transport,
};
pub use config::{ConfigEntry, ConfigKind};
pub use connect::{Intention, IntentionAction};
pub use discovery::{Changes, ServiceCondition, ServiceStore};
pub use error::{Error, Result};
pub use health::ServiceEntry;
pub use kv::KvPair;
pub use lock::{Lock, LockGuard, LockLoss};
pub use operations::operations;
pub use service::{
    AccessLogs, Connect, EnvoyExtension, Expose, ExposePath, Locality, LogSink, MeshGateway, MeshGatewayMode,
    PeerMeta, Proxy, ProxyMode, Service, ServiceAddress, ServiceKind, TransparentProxy, Upstream,
    UpstreamType, Weights,
};
pub use session::{Behavior, Session, SessionOptions};
pub use txn::{KvOp, KvVerb, TxnError, TxnOp, TxnResults, TxnVerb};
