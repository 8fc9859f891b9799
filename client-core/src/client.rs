//! A connection pool and the settings its requests share.

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use crate::transport::Transport;
use crate::{Address, Config, Error, Placement, ProductSpec, StaticToken, TokenSource};

/// What the clients are made of. Clones share the connection pool and are cheap.
#[derive(Clone)]
pub struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) scope: Arc<Scope>,
}

pub(crate) struct Shared {
    pub(crate) spec: &'static ProductSpec,
    pub(crate) config: Config,
    pub(crate) address: Address,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) limiter: Option<crate::rate::Limiter>,
    pub(crate) places: crate::places::Places,
    /// What stands around each call, if anything does.
    pub(crate) calls: Option<crate::layer::Calls>,
}

/// What scoped clones of a client differ in.
#[derive(Clone, Default)]
pub struct Scope {
    pub(crate) namespace: Option<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) token: Option<Arc<dyn TokenSource>>,
}

impl Client {
    pub(crate) fn new(shared: Shared, scope: Scope) -> Self {
        Self { shared: Arc::new(shared), scope: Arc::new(scope) }
    }

    fn scoped(&self, edit: impl FnOnce(&mut Scope)) -> Self {
        let mut scope = (*self.scope).clone();
        edit(&mut scope);
        Self { shared: Arc::clone(&self.shared), scope: Arc::new(scope) }
    }

    /// A clone that works in another namespace; empty for none.
    #[must_use]
    pub fn with_namespace(&self, namespace: String) -> Self {
        self.scoped(|scope| scope.namespace = Some(namespace).filter(|name| !name.is_empty()))
    }

    /// The namespace that requests get unless they name one.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.scope.namespace.as_deref()
    }

    /// A clone that sends `name=value` with each request that does not set `name` itself.
    #[must_use]
    pub fn with_query(&self, name: &'static str, value: String) -> Self {
        self.scoped(|scope| {
            scope.query.retain(|(known, _)| *known != name);
            scope.query.push((name, value));
        })
    }

    /// A clone that sends a header with each request.
    #[must_use]
    pub fn with_header(&self, name: HeaderName, value: HeaderValue) -> Self {
        self.scoped(|scope| {
            scope.headers.insert(name, value);
        })
    }

    /// A clone that authenticates with another token.
    #[must_use]
    pub fn with_token(&self, token: SecretString) -> Self {
        self.with_token_source(Arc::new(StaticToken(token)))
    }

    /// A clone that asks `source` for the token of each request.
    #[must_use]
    pub fn with_token_source(&self, source: Arc<dyn TokenSource>) -> Self {
        self.scoped(|scope| scope.token = Some(source))
    }

    /// A clone that sends no token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        self.scoped(|scope| scope.token = None)
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// The product's facts.
    #[must_use]
    pub fn spec(&self) -> &'static ProductSpec {
        self.shared.spec
    }

    /// The token that would be sent now.
    ///
    /// # Errors
    ///
    /// The token source failed.
    pub async fn token(&self) -> Result<Option<SecretString>, Error> {
        match &self.scope.token {
            Some(source) => source.token().await,
            None => Ok(None),
        }
    }

    /// Tells the token's source that the server does not know `token`.
    pub(crate) async fn renew_token(&self, token: &SecretString) -> Result<bool, Error> {
        match &self.scope.token {
            Some(source) => source.rejected(token).await,
            None => Ok(false),
        }
    }

    pub(crate) fn place_namespace(&self) -> Option<(Placement, &str)> {
        self.scope.namespace.as_deref().map(|namespace| (self.shared.spec.namespace, namespace))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("product", &self.shared.spec.name)
            .field("address", &self.shared.address)
            .field("namespace", &self.scope.namespace)
            .field("token", &self.scope.token.as_ref().map(|_| "…"))
            .finish_non_exhaustive()
    }
}
