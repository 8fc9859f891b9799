//! A typed asynchronous client for the [Vault HTTP API](https://developer.hashicorp.com/vault/api-docs),
//! and for [OpenBao](https://openbao.org/api-docs/), which has the same one.
//!
//! ```no_run
//! # async fn example() -> Result<(), vault_client::Error> {
//! let vault = vault_client::Client::from_env()?;
//! let secret = vault.kv2("secret").get("wuffchat/openai").await?;
//! let key = secret.data.text("OPENAI_API_KEY");
//! # Ok(())
//! # }
//! ```
//!
//! Required arguments are positional, optional ones are setters, `.await` runs the call. What a
//! call would send can be looked at with `spec()`; `optional()` makes `None` of a 404;
//! `envelope()` answers warnings and lease beside the data; `wrap(ttl)` answers a token for the
//! answer instead of the answer.
//!
//! Secrets are [`SecretString`]s and [`KvData`](kv::KvData): neither `Debug` nor an error nor a log
//! shows them, and writing them as JSON gives `[redacted]`.
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

mod answers;
mod call;
mod client;
mod env;
mod error;
mod logical;
mod operations;
mod secret;
mod shape;

pub mod auth;
pub mod caps;
pub mod engines;
pub mod kv;
pub mod policy;
pub mod renewal;
pub mod sys;
pub mod templates;
pub mod workload;

pub use call::Call;
pub use client::{Builder, Client, MountPath, Vault};
#[cfg(feature = "blocking")]
pub use client_core::blocking;
#[cfg(feature = "testing")]
pub use client_core::testing;
pub use client_core::{
    Address, ClientIdentity, Error as TransportError, ErrorKind, Extra, Limits, LoginToken, Meta, Pool,
    RateLimit, RawReply, RawStream, Reply, Reqwest, RootCertificates, Spec, StaticToken, Timeouts, TokenFile,
    TokenSource, Verb as Method, layer, retry::RetryPolicy, time::GoDuration, transport,
};
pub use error::{Error, Result};
pub use logical::Logical;
pub use operations::operations;
pub use secrecy::{ExposeSecret, SecretString};
pub use secret::{Auth, MfaConstraint, MfaMethod, MfaRequirement, Secret, WrapInfo};
