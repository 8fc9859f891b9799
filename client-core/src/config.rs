//! Settings of a client, and the builder that collects them.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use tower_layer::Layer;
use tower_service::Service;

use crate::client::Shared;
use crate::env::Vars;
use crate::layer;
use crate::net::Net;
use crate::places::Places;
use crate::proxy::Proxies;
use crate::retry::RetryPolicy;
use crate::tls::{ClientIdentity, RootCertificates, Tls};
use crate::transport::{HttpRequest, HttpResponse, Transport};
use crate::{Address, Client, Error, Product, ProductSpec, Scope, StaticToken, TokenSource};

/// Time limits; `None` is none. No total limit ends a stream that is alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// For a connection, TLS included. 10 seconds.
    pub connect: Option<Duration>,
    /// For one attempt, from sending to the last byte of the answer. 30 seconds. A blocking query
    /// gets its wait × 17/16 and this on top.
    pub attempt: Option<Duration>,
    /// For a call with its retries, its wait for a rate limit and for a place. 60 seconds.
    pub call: Option<Duration>,
    /// For the silence between two pieces of a stream, in either direction. 75 seconds, which is
    /// more than twice the heartbeat of any stream the servers have.
    pub idle: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            attempt: Some(Duration::from_secs(30)),
            call: Some(Duration::from_secs(60)),
            idle: Some(Duration::from_secs(75)),
        }
    }
}

/// How much of something a client may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest answer that is kept in memory, in bytes, unpacked; `None` for any. 1 GiB.
    /// Streams have no limit but that of a frame.
    pub answer: Option<usize>,
    /// How many requests whose answer the server holds (watches, streams) are open at a time; more
    /// wait for a place. Each takes a connection (of HTTP/1.1), of which an agent lets one address
    /// have a number only. `None` for what the product suggests.
    pub held: Option<usize>,
    /// How many other requests are open at a time. `None` for what the product suggests.
    ///
    /// What keeps a lock, a session or a token alive never waits for a place.
    pub calls: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { answer: Some(1 << 30), held: None, calls: None }
    }
}

/// The connections that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pool {
    /// How long a connection is kept without use; `None` for ever. 50 seconds, which is less than
    /// the minute after which common load balancers close it.
    pub idle: Option<Duration>,
    /// How many unused connections are kept. No limit.
    pub max_idle: usize,
}

impl Default for Pool {
    fn default() -> Self {
        Self { idle: Some(Duration::from_secs(50)), max_idle: usize::MAX }
    }
}

/// What a [`Builder`] or the environment has set so far.
#[derive(Clone, Default)]
#[allow(missing_docs)]
#[non_exhaustive]
pub struct Config {
    pub address: Option<String>,
    /// Uses `https` where the address says nothing.
    pub https: bool,
    pub token: Option<Arc<dyn TokenSource>>,
    pub basic: Option<(String, SecretString)>,
    pub namespace: Option<String>,
    pub query: Vec<(&'static str, String)>,
    pub headers: HeaderMap,
    pub tls: Tls,
    pub timeouts: Timeouts,
    pub limits: Limits,
    pub pool: Pool,
    pub retry: RetryPolicy,
    pub rate_limit: Option<crate::RateLimit>,
    pub proxies: Proxies,
    pub follow_redirects: Option<bool>,
    pub gzip: Option<bool>,
    /// Offers HTTP/2 to servers with TLS; counts with the feature `http2` only.
    pub http2: bool,
    /// What the application calls itself.
    pub user_agent: Option<String>,
}

impl Config {
    /// The settings the environment has for `product`.
    ///
    /// # Errors
    ///
    /// A variable has a value that cannot be used; the error names it.
    pub fn from_vars(product: &'static ProductSpec, vars: &Vars<'_>) -> Result<Self, Error> {
        let mut config = Self { proxies: Proxies::from_vars(vars)?, http2: true, ..Self::default() };
        (product.environment)(vars, &mut config)?;
        Ok(config)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("address", &self.address.as_ref().map(|_| "…"))
            .field("token", &self.token.as_ref().map(|_| "…"))
            .field("namespace", &self.namespace)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .finish_non_exhaustive()
    }
}

/// Collects settings and makes a client. Setters never fail; [`build`](Builder::build) does.
#[must_use = "a builder does nothing until `build`"]
pub struct Builder<P> {
    config: Config,
    transport: Option<Arc<dyn Transport>>,
    attempt_layers: Vec<layer::WrapTransport>,
    call_layers: Vec<layer::WrapCalls>,
    mistake: Option<Error>,
    product: PhantomData<fn() -> P>,
}

impl<P: Product> Default for Builder<P> {
    fn default() -> Self {
        Self::from_config(Config { http2: true, ..Config::default() })
    }
}

impl<P: Product> Builder<P> {
    /// Starts from `config`.
    pub fn from_config(config: Config) -> Self {
        Self {
            config,
            transport: None,
            attempt_layers: Vec::new(),
            call_layers: Vec::new(),
            mistake: None,
            product: PhantomData,
        }
    }

    /// Starts from what the environment says, which later setters override.
    pub fn from_env() -> Self {
        Self::from_vars(&Vars::process())
    }

    /// Starts from variables that are looked up elsewhere than in the process environment.
    pub fn from_vars(vars: &Vars<'_>) -> Self {
        match Config::from_vars(P::SPEC, vars) {
            Ok(config) => Self::from_config(config),
            Err(mistake) => Self { mistake: Some(mistake), ..Self::from_config(Config::default()) },
        }
    }

    /// The server: `https://host:port/prefix`, `http://…`, `host:port` or `unix:///socket`.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.config.address = Some(address.into());
        self
    }

    /// The token to authenticate with.
    pub fn token(self, token: impl Into<SecretString>) -> Self {
        self.token_source(StaticToken(token.into()))
    }

    /// Asks `source` for the token of each attempt.
    pub fn token_source(mut self, source: impl TokenSource) -> Self {
        self.config.token = Some(Arc::new(source));
        self
    }

    /// The namespace of requests that name none.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.config.namespace = Some(namespace.into());
        self
    }

    /// User and password for a proxy in front of the server.
    pub fn basic_auth(mut self, user: impl Into<String>, password: impl Into<SecretString>) -> Self {
        self.config.basic = Some((user.into(), password.into()));
        self
    }

    /// A header for every request.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(mut value)) => {
                value.set_sensitive(true);
                self.config.headers.insert(name, value);
            }
            _ => self.mistake = Some(Error::config(format!("the header `{name}` or its value is malformed"))),
        }
        self
    }

    /// Which certificate authorities are trusted. The default is the system's.
    pub fn root_certificates(mut self, roots: RootCertificates) -> Self {
        self.config.tls.roots = roots;
        self
    }

    /// The client's certificate and key, for servers that ask for one (mTLS).
    pub fn client_identity(mut self, identity: ClientIdentity) -> Self {
        self.config.tls.identity = Some(identity);
        self
    }

    /// The name to ask for and verify in TLS, where it is not the address's host.
    pub fn tls_server_name(mut self, name: impl Into<String>) -> Self {
        self.config.tls.server_name = Some(name.into());
        self
    }

    /// Accepts any certificate. Whoever controls the network can then read the token.
    pub fn danger_accept_invalid_certificates(mut self, yes: bool) -> Self {
        self.config.tls.skip_verify = yes;
        self
    }

    /// Changes the time limits.
    pub fn timeouts(mut self, edit: impl FnOnce(&mut Timeouts)) -> Self {
        edit(&mut self.config.timeouts);
        self
    }

    /// Changes how failed attempts are repeated.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.config.retry = policy;
        self
    }

    /// Sends calls no faster than this; clones share the limit. The default is none.
    pub fn rate_limit(mut self, limit: crate::RateLimit) -> Self {
        self.config.rate_limit = Some(limit);
        self
    }

    /// A proxy for all requests, such as `http://proxy:3128`. The default is none; from the
    /// environment, what HTTP_PROXY, HTTPS_PROXY and NO_PROXY say.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        match Proxies::all(&url.into()) {
            Ok(proxies) => self.config.proxies = proxies,
            Err(mistake) => self.mistake = Some(mistake),
        }
        self
    }

    /// Goes through no proxy, whatever the environment says.
    pub fn no_proxy(mut self) -> Self {
        self.config.proxies = Proxies::default();
        self
    }

    /// Changes how much a client may use: the longest answer, how many requests at a time.
    pub fn limits(mut self, edit: impl FnOnce(&mut Limits)) -> Self {
        edit(&mut self.config.limits);
        self
    }

    /// Changes which connections are kept.
    pub fn pool(mut self, edit: impl FnOnce(&mut Pool)) -> Self {
        edit(&mut self.config.pool);
        self
    }

    /// Uses `https` where the address has no scheme, and on a unix socket. The default is no.
    pub fn https(mut self, yes: bool) -> Self {
        self.config.https = yes;
        self
    }

    /// Offers HTTP/2 to servers with TLS, so that many requests share a connection. The default is
    /// yes where the feature `http2` is on.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, yes: bool) -> Self {
        self.config.http2 = yes;
        self
    }

    /// Wraps each attempt of a call: one request and its answer's headers, redirects and repeats
    /// each by themselves. A later layer is around the earlier ones. See [`layer`].
    pub fn attempt_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<layer::Attempts> + Send + 'static,
        L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + 'static,
        <L::Service as Service<HttpRequest>>::Error: Into<layer::BoxError>,
        <L::Service as Service<HttpRequest>>::Future: Send,
    {
        self.attempt_layers.push(layer::wrap_transport(layer));
        self
    }

    /// Wraps each call as a whole: token, repeats and reading the answer within. A later layer is
    /// around the earlier ones. See [`layer`].
    pub fn call_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<layer::Calls> + Send + 'static,
        L::Service: Service<layer::Invocation, Response = layer::Completion> + Clone + Send + 'static,
        <L::Service as Service<layer::Invocation>>::Error: Into<layer::BoxError>,
        <L::Service as Service<layer::Invocation>>::Future: Send,
    {
        self.call_layers.push(layer::wrap_calls(layer));
        self
    }

    /// Whether redirects within one host are followed. The default is yes.
    pub fn follow_redirects(mut self, yes: bool) -> Self {
        self.config.follow_redirects = Some(yes);
        self
    }

    /// Whether answers may be compressed. The default is yes.
    pub fn gzip(mut self, yes: bool) -> Self {
        self.config.gzip = Some(yes);
        self
    }

    /// What the application calls itself, such as `shop/1.2`; it stands before this crate's own
    /// name and version.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.config.user_agent = Some(name.into());
        self
    }

    /// A query parameter for every request that does not set it.
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.config.query.retain(|(known, _)| *known != name);
        self.config.query.push((name, value.into()));
        self
    }

    /// Sends requests through `transport` instead of the network, as tests do.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    ///
    /// The address, a certificate or an environment variable cannot be used.
    pub fn build(self) -> Result<P::Client, P::Error> {
        Ok(self.build_core()?.into())
    }

    fn build_core(self) -> Result<Client, Error> {
        if let Some(mistake) = self.mistake {
            return Err(mistake);
        }
        let spec = P::SPEC;
        let config = self.config;
        let text = config.address.as_deref().unwrap_or(spec.default_address);
        let mut address = Address::parse(text, if config.https { "https" } else { spec.default_scheme })?;
        if config.https {
            address = address.with_https();
        }
        if let Some((user, password)) = config.basic.clone() {
            address = address.with_basic(user, password);
        }
        if config.token.is_some() && !address.is_https() && !address.is_loopback() {
            tracing::warn!(product = spec.name, %address, "the token will be sent without encryption");
        }
        let agent = match config.user_agent.as_deref().map(str::trim) {
            None | Some("") => spec.user_agent.to_owned(),
            Some(name) => format!("{name} {}", spec.user_agent),
        };
        let mut transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(Net::new(&address, &config, &agent)?),
        };
        for wrap in self.attempt_layers {
            transport = wrap(transport);
        }
        let scope = Scope {
            namespace: config.namespace.clone().filter(|name| !name.is_empty()),
            query: config.query.clone(),
            headers: config.headers.clone(),
            token: config.token.clone(),
        };
        let limiter = config.rate_limit.map(crate::rate::Limiter::new);
        let places = Places::new(config.limits.held.or(spec.held), config.limits.calls.or(spec.calls));
        let mut calls: Option<layer::Calls> = None;
        for wrap in self.call_layers {
            calls = Some(wrap(calls.unwrap_or_default()));
        }
        Ok(Client::new(Shared { spec, config, address, transport, limiter, places, calls }, scope))
    }
}

impl<P> fmt::Debug for Builder<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.config.fmt(f)
    }
}
