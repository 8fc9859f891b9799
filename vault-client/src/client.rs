//! The client, and what Vault is to the transport.

use client_core::caps::Marker;
use client_core::http::HeaderMap;
use client_core::{Meta, Op, Placement, Product, ProductSpec, RawReply, TokenFile, TokenSource, Verb};
use secrecy::SecretString;

use crate::{Call, Error, Result, env, error};

/// What Vault is to the transport.
#[derive(Debug, Clone, Copy)]
pub struct Vault;

/// Collects the settings of a [`Client`].
pub type Builder = client_core::Builder<Vault>;

impl Product for Vault {
    type Error = Error;
    type Client = Client;
    const SPEC: &'static ProductSpec = &ProductSpec {
        name: "vault",
        default_address: "https://127.0.0.1:8200",
        default_scheme: "https",
        token_header: "x-vault-token",
        namespace: Placement::Header("x-vault-namespace"),
        headers: &[("x-vault-request", "true")],
        user_agent: concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
        held: None,
        calls: None,
        urgent: &[],
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
    meta.state = Meta::text(headers, "x-vault-index");
    meta
}

/// A client for Vault and OpenBao. Clones are cheap and share their connections.
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
    /// A client for what `VAULT_ADDR`, `VAULT_TOKEN` and the other variables of the CLI say, each
    /// of which may also be given as `BAO_…`. The token file is not read; see
    /// [`from_env_or_token_file`](Client::from_env_or_token_file).
    ///
    /// `VAULT_WRAP_TTL` is not applied: a wrapped answer is another type, so
    /// [`wrap`](Call::wrap) says it where it is meant.
    ///
    /// # Errors
    ///
    /// A variable has a value that cannot be used; the error names it.
    pub fn from_env() -> Result<Self> {
        Builder::from_env().build()
    }

    /// As [`from_env`](Client::from_env), and where no variable names a token, the one that the
    /// CLI's `login` left in `~/.vault-token`.
    ///
    /// # Errors
    ///
    /// As `from_env`. A file that is not there means no token.
    pub fn from_env_or_token_file() -> Result<Self> {
        let client = Self::from_env()?;
        if env::has_token(&client_core::env::Vars::process())? {
            return Ok(client);
        }
        Ok(match home_token() {
            Some(file) => client.with_token_source(file),
            None => client,
        })
    }

    /// Collects settings for a client; nothing is read from the environment.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A clone that works in another namespace (Vault Enterprise, OpenBao); empty for the root.
    #[must_use]
    pub fn namespace(&self, namespace: impl Into<String>) -> Self {
        Self { core: self.core.with_namespace(namespace.into()) }
    }

    /// A clone that authenticates with another token.
    #[must_use]
    pub fn with_token(&self, token: impl Into<SecretString>) -> Self {
        Self { core: self.core.with_token(token.into()) }
    }

    /// A clone that asks `source` for the token of each attempt, such as a
    /// [`TokenRenewal`](crate::renewal::TokenRenewal)'s.
    #[must_use]
    pub fn with_token_source(&self, source: impl TokenSource) -> Self {
        Self { core: self.core.with_token_source(std::sync::Arc::new(source)) }
    }

    /// A clone that sends no token, as logins need none.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self { core: self.core.without_token() }
    }

    /// The server's address.
    #[must_use]
    pub fn address(&self) -> &client_core::Address {
        self.core.address()
    }

    /// A request that this crate has no method for, with the same authentication and retries.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// use vault_client::Method;
    /// let answer = vault.raw(Method::GET, "/v1/sys/health").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self, method: Verb, path: impl AsRef<str>) -> Call<RawReply> {
        Call::of(client_core::Call::raw(&self.core, method, path.as_ref()))
    }

    pub(crate) fn call<T, C: Marker>(&self, op: &Op<T, C>, arguments: &[&str]) -> Call<T, C> {
        Call::new(&self.core, op, arguments)
    }
}

/// The token that the CLI's `login` leaves. `None` where there is no home.
fn home_token() -> Option<TokenFile> {
    std::env::home_dir()
        .filter(|home| !home.as_os_str().is_empty())
        .map(|home| TokenFile::new(home.join(".vault-token")))
}

/// A mount's path without the slashes around it, which callers write or not.
pub(crate) fn trimmed(path: impl AsRef<str>) -> String {
    path.as_ref().trim_matches('/').to_owned()
}

/// Where an engine or a login is mounted. Slashes at its ends do not matter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MountPath(String);

impl<S: AsRef<str>> From<S> for MountPath {
    fn from(path: S) -> Self {
        Self(trimmed(path))
    }
}

impl std::ops::Deref for MountPath {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
