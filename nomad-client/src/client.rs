//! The client, and what Nomad is to the transport.

use client_core::caps::Marker;
use client_core::http::HeaderMap;
use client_core::{Meta, Op, Placement, Product, ProductSpec, RawReply, Verb};
use secrecy::SecretString;

use crate::meaning::{Meaning, meaning};
use crate::{Call, Error, Result, env, error};

/// What Nomad is to the transport.
#[derive(Debug, Clone, Copy)]
pub struct Nomad;

/// Collects the settings of a [`Client`].
pub type Builder = client_core::Builder<Nomad>;

impl Product for Nomad {
    type Error = Error;
    type Client = Client;
    const SPEC: &'static ProductSpec = &ProductSpec {
        name: "nomad",
        default_address: "http://127.0.0.1:4646",
        default_scheme: "http",
        token_header: "x-nomad-token",
        namespace: Placement::Query("namespace"),
        headers: &[],
        user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
        // An agent takes 100 connections of one address (`http_max_conns_per_client`).
        held: Some(70),
        calls: Some(24),
        urgent: &["variables.lock_renew", "variables.lock_release"],
        rejects_token,
        messages,
        transient,
        absent: error::absent,
        meta,
        environment: env::read,
    };
}

/// Errors are plain text. What is JSON is data, such as the variable that a check-and-set found, and
/// may be secret.
fn messages(_: Option<&str>, body: &[u8]) -> Vec<String> {
    match body.trim_ascii_start().first() {
        Some(b'{' | b'[') => Vec::new(),
        _ => client_core::text_messages(body),
    }
}

/// Texts of a 500 whose cause passes by itself.
fn transient(status: u16, messages: &[String]) -> bool {
    status == 500
        && (meaning(status, messages) == Meaning::NoLeader
            || messages.iter().any(|message| message.contains("rpc error: EOF")))
}

/// Whether the server does not know the token, or not any more.
fn rejects_token(_: u16, messages: &[String]) -> bool {
    const TEXTS: [&str; 3] = ["ACL token not found", "ACL token expired", "ACL token is invalid"];
    messages.iter().any(|message| TEXTS.iter().any(|text| message.contains(text)))
}

fn meta(headers: &HeaderMap) -> Meta {
    let mut meta = Meta::default();
    meta.index = Meta::parse(headers, "x-nomad-index");
    meta.last_contact = Meta::parse(headers, "x-nomad-lastcontact").map(std::time::Duration::from_millis);
    meta.known_leader = Meta::parse(headers, "x-nomad-knownleader");
    meta.next_token = Meta::text(headers, "x-nomad-nexttoken");
    meta
}

/// A Nomad client. Clones are cheap and share their connections.
#[derive(Debug, Clone)]
pub struct Client {
    core: client_core::Client,
}

impl From<client_core::Client> for Client {
    fn from(core: client_core::Client) -> Self {
        Self { core }
    }
}

impl Client {
    /// A client for what `NOMAD_ADDR`, `NOMAD_TOKEN` and the other variables of Nomad's CLI say.
    ///
    /// # Errors
    ///
    /// A variable has a value that cannot be used; the error names it.
    pub fn from_env() -> Result<Self> {
        Builder::from_env().build()
    }

    /// Collects settings for a client; nothing is read from the environment.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A clone that works in another namespace; `*` lists across all of them.
    #[must_use]
    pub fn namespace(&self, namespace: impl Into<String>) -> Self {
        Self { core: self.core.with_namespace(namespace.into()) }
    }

    /// A clone that asks another region.
    #[must_use]
    pub fn region(&self, region: impl Into<String>) -> Self {
        Self { core: self.core.with_query("region", region.into()) }
    }

    /// A clone that authenticates with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<SecretString>) -> Self {
        Self { core: self.core.with_token(token.into()) }
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &client_core::Address {
        self.core.address()
    }

    /// A request that this crate has no method for, with the same authentication and retries.
    ///
    /// ```no_run
    /// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
    /// use nomad_client::Method;
    /// let answer = nomad.raw(Method::GET, "/v1/status/leader").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self, method: Verb, path: impl AsRef<str>) -> Call<RawReply> {
        Call::wrap(client_core::Call::raw(&self.core, method, path.as_ref()))
    }

    pub(crate) fn call<T, C: Marker>(&self, op: &Op<T, C>, arguments: &[&str]) -> Call<T, C> {
        Call::new(&self.core, op, arguments)
    }
}
