//! The client, and what Consul is to the transport.

use std::time::Duration;

use client_core::caps::Marker;
use client_core::http::HeaderMap;
use client_core::{Meta, Op, Placement, Product, ProductSpec, RawReply, Verb};
use secrecy::SecretString;

use crate::{Call, Error, Result, env, error};

/// What Consul is to the transport.
#[derive(Debug, Clone, Copy)]
pub struct Consul;

/// Collects the settings of a [`Client`].
pub type Builder = client_core::Builder<Consul>;

impl Product for Consul {
    type Error = Error;
    type Client = Client;
    const SPEC: &'static ProductSpec = &ProductSpec {
        name: "consul",
        default_address: "http://127.0.0.1:8500",
        default_scheme: "http",
        token_header: "x-consul-token",
        namespace: Placement::Query("ns"),
        headers: &[],
        user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
        // An agent takes 200 connections of one address (`http_max_conns_per_client`).
        held: Some(150),
        calls: Some(40),
        urgent: &[
            "session.renew",
            "session.destroy",
            "agent.pass_ttl",
            "agent.warn_ttl",
            "agent.fail_ttl",
            "agent.update_ttl",
        ],
        rejects_token: error::rejects_token,
        messages: error::messages,
        transient: error::transient,
        absent: error::absent,
        meta,
        environment: env::read,
    };
}

fn meta(headers: &HeaderMap) -> Meta {
    let mut meta = Meta::default();
    meta.index = Meta::parse(headers, "x-consul-index");
    meta.content_hash = Meta::text(headers, "x-consul-contenthash");
    meta.last_contact = Meta::parse(headers, "x-consul-lastcontact").map(Duration::from_millis);
    meta.known_leader = Meta::parse(headers, "x-consul-knownleader");
    meta.cache_hit = Meta::text(headers, "x-cache").map(|text| text.eq_ignore_ascii_case("hit"));
    meta.cache_age = Meta::parse(headers, "age").map(Duration::from_secs);
    meta.results_filtered_by_acls = Meta::parse(headers, "x-consul-results-filtered-by-acls");
    meta.query_backend = Meta::text(headers, "x-consul-query-backend");
    meta.effective_consistency = Meta::text(headers, "x-consul-effective-consistency");
    meta.default_acl_policy = Meta::text(headers, "x-consul-default-acl-policy");
    meta.addresses_translated = Meta::parse(headers, "x-consul-translate-addresses");
    meta.reason = Meta::text(headers, "x-consul-reason");
    meta
}

/// A Consul client. Clones are cheap and share their connections.
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
    /// A client for what `CONSUL_HTTP_ADDR`, `CONSUL_HTTP_TOKEN` and the other variables of
    /// Consul's CLI say.
    ///
    /// # Errors
    ///
    /// A variable has a value that cannot be used, or the token file cannot be read; the error
    /// names the variable.
    pub fn from_env() -> Result<Self> {
        Builder::from_env().build()
    }

    /// Collects settings for a client; nothing is read from the environment.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A clone that works in another namespace (Enterprise); empty for none, which is what a
    /// Community Edition needs. `*` lists across all of them.
    #[must_use]
    pub fn namespace(&self, namespace: impl Into<String>) -> Self {
        Self { core: self.core.with_namespace(namespace.into()) }
    }

    /// A clone that works in another admin partition (Enterprise).
    #[must_use]
    pub fn partition(&self, partition: impl Into<String>) -> Self {
        Self { core: self.core.with_query("partition", partition.into()) }
    }

    /// A clone that asks another datacenter.
    #[must_use]
    pub fn datacenter(&self, datacenter: impl Into<String>) -> Self {
        Self { core: self.core.with_query("dc", datacenter.into()) }
    }

    /// A clone that authenticates with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<SecretString>) -> Self {
        Self { core: self.core.with_token(token.into()) }
    }

    /// A clone that asks `source` for the token of each request.
    #[must_use]
    pub fn with_token_source(&self, source: impl client_core::TokenSource) -> Self {
        Self { core: self.core.with_token_source(std::sync::Arc::new(source)) }
    }

    /// A clone that sends no token; the agent then uses its own default token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { core: self.core.without_token() }
    }

    /// The agent's address.
    #[must_use]
    pub fn address(&self) -> &client_core::Address {
        self.core.address()
    }

    /// A request that this crate has no method for, with the same authentication and retries.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// use consul_client::Method;
    /// let answer = consul.raw(Method::GET, "/v1/status/leader").await?;
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
