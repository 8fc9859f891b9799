//! Tokens.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use client_core::{ErrorKind, TokenSource};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::schedule::{Term, keep};
use crate::{Auth, Client, Error, Result};

/// Gets a new token. Implemented for async closures that take a client without a token.
#[async_trait::async_trait]
pub trait Login: Send + Sync + 'static {
    /// Logs in with `vault`, which sends no token.
    ///
    /// # Errors
    ///
    /// There is no token to be had now; it is tried again, with growing pauses.
    async fn login(&self, vault: Client) -> Result<Auth>;
}

#[async_trait::async_trait]
impl<F, Fut> Login for F
where
    F: Fn(Client) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Auth>> + Send,
{
    async fn login(&self, vault: Client) -> Result<Auth> {
        self(vault).await
    }
}

/// How a token that is kept alive is doing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenStatus {
    /// It is valid, as far as is known.
    Valid,
    /// It has to be replaced and that fails; the text is of the last error. The old one may still
    /// be valid.
    Failing(String),
    /// It cannot be renewed any more, and there is no way to log in again.
    Ended,
}

#[derive(Clone)]
struct State {
    token: SecretString,
    accessor: String,
    end: Option<Instant>,
    /// Counts tokens, not renewals.
    generation: u64,
    status: TokenStatus,
}

impl State {
    fn usable(&self) -> bool {
        self.end.is_none_or(|end| Instant::now() < end)
    }
}

/// Logs in, and keeps the token alive in the background until the guard is dropped.
///
/// The token is renewed when two thirds of its time are over. Once renewing does not help any more,
/// because the maximum is near or it keeps failing, `login` is asked for a new one. Calls of
/// [`client`](TokenRenewal::client) wait while there is no valid token, and fail once logging in
/// has failed.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// use vault_client::{Client, renewal::spawn_token_renewal};
/// let renewal = spawn_token_renewal(&vault, |vault: Client| async move {
///     // Read each time: a projected token is replaced while the process runs.
///     let jwt = std::fs::read_to_string("/secrets/nomad_vault.jwt").unwrap_or_default();
///     vault.auth().jwt("jwt-nomad").login("wuffchat-api", jwt).await
/// })
/// .await?;
/// let vault = renewal.client();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The first login failed, or wants a second factor.
pub async fn spawn_token_renewal(vault: &Client, login: impl Login) -> Result<TokenRenewal> {
    let vault = vault.without_token();
    let auth = usable(login.login(vault.clone()).await?)?;
    Ok(TokenRenewal::spawn(vault, auth, Some(Arc::new(login))))
}

/// Keeps the token alive that `vault` has, in the background until the guard is dropped. It ends
/// with the token's maximum time.
///
/// # Errors
///
/// The token cannot look itself up, or `vault` has none.
pub async fn spawn_self_renewal(vault: &Client) -> Result<TokenRenewal> {
    let info = vault.auth().token().lookup_self().await?;
    let auth = Auth {
        client_token: info.id,
        accessor: info.accessor,
        lease_duration: info.ttl,
        renewable: info.renewable,
        ..Auth::default()
    };
    Ok(TokenRenewal::spawn(vault.without_token(), usable(auth)?, None))
}

fn usable(auth: Auth) -> Result<Auth> {
    if auth.client_token.expose_secret().is_empty() {
        let why = match &auth.mfa_requirement {
            Some(_) => "the login wants a second factor",
            None => "the login gave no token",
        };
        return Err(Error::Other(client_core::Error::new(ErrorKind::Token, why)));
    }
    Ok(auth)
}

/// Keeps a token alive; dropping it stops that. The token is not revoked.
#[must_use = "dropping the guard stops the renewal"]
pub struct TokenRenewal {
    source: RenewedToken,
    task: JoinHandle<()>,
}

/// The current token of a [`TokenRenewal`], for clients.
#[derive(Clone)]
pub struct RenewedToken {
    state: watch::Receiver<State>,
    demand: Arc<Demand>,
    vault: Client,
}

/// Asks the task for a token of at least this generation.
#[derive(Default)]
struct Demand {
    generation: AtomicU64,
    notify: Notify,
}

impl TokenRenewal {
    fn spawn(vault: Client, auth: Auth, login: Option<Arc<dyn Login>>) -> Self {
        let (sender, receiver) = watch::channel(state(&auth, 1));
        let demand = Arc::new(Demand::default());
        let source = RenewedToken { state: receiver, demand: Arc::clone(&demand), vault: vault.clone() };
        let keeper = Keeper { vault, login, sender, demand };
        Self { source, task: tokio::spawn(keeper.run(auth)) }
    }

    /// A client that always has the current token. It lives on when the guard is dropped, with the
    /// last token.
    #[must_use]
    pub fn client(&self) -> Client {
        self.source.vault.with_token_source(self.source.clone())
    }

    /// The current token, as a source for other clients.
    #[must_use]
    pub fn source(&self) -> RenewedToken {
        self.source.clone()
    }

    /// How the token is doing.
    #[must_use]
    pub fn status(&self) -> TokenStatus {
        self.source.state.borrow().status.clone()
    }

    /// The accessor of the current token.
    #[must_use]
    pub fn accessor(&self) -> String {
        self.source.state.borrow().accessor.clone()
    }

    /// How long the current token lives unless it is renewed; `None` for ever.
    #[must_use]
    pub fn remaining(&self) -> Option<Duration> {
        self.source.state.borrow().end.map(|end| end.saturating_duration_since(Instant::now()))
    }

    /// Resolves once the token was renewed or replaced, or its status has changed.
    pub async fn changed(&mut self) {
        if self.source.state.changed().await.is_err() {
            // The task only ends with the guard, or with the last thing it can report.
            std::future::pending::<()>().await;
        }
    }

    /// Replaces the token now: it was refused although it should be valid. Any number of calls at
    /// the same time are one login.
    ///
    /// # Errors
    ///
    /// Logging in failed, or there is no way to.
    pub async fn login_again(&self) -> Result<()> {
        let mut state = self.source.state.clone();
        let seen = state.borrow_and_update().generation;
        self.source.demand.generation.fetch_max(seen + 1, Ordering::SeqCst);
        self.source.demand.notify.notify_one();
        loop {
            {
                let state = state.borrow_and_update();
                if state.generation > seen {
                    return Ok(());
                }
                if state.status == TokenStatus::Ended {
                    return Err(Error::from(refused(&state)));
                }
            }
            if state.changed().await.is_err() {
                return Err(Error::from(client_core::Error::new(
                    ErrorKind::Token,
                    "the renewal was stopped",
                )));
            }
            let state = state.borrow();
            if let (TokenStatus::Failing(_), true) = (&state.status, state.generation == seen) {
                return Err(Error::from(refused(&state)));
            }
        }
    }
}

impl Drop for TokenRenewal {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for TokenRenewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRenewal")
            .field("status", &self.status())
            .field("accessor", &self.accessor())
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RenewedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenewedToken").field("status", &self.state.borrow().status).finish_non_exhaustive()
    }
}

fn state(auth: &Auth, generation: u64) -> State {
    State {
        token: auth.client_token.clone(),
        accessor: auth.accessor.clone(),
        end: term(auth).end(),
        generation,
        status: TokenStatus::Valid,
    }
}

fn term(auth: &Auth) -> Term {
    Term { duration: auth.lease_duration, renewable: auth.renewable, since: Instant::now() }
}

fn refused(state: &State) -> client_core::Error {
    let text = match &state.status {
        TokenStatus::Failing(why) => format!("the token has to be replaced, and logging in failed: {why}"),
        TokenStatus::Ended | TokenStatus::Valid => {
            "the token has ended and there is no way to log in again".to_owned()
        }
    };
    client_core::Error::new(ErrorKind::Token, text)
}

#[async_trait::async_trait]
impl TokenSource for RenewedToken {
    async fn token(&self) -> Result<Option<SecretString>, client_core::Error> {
        let mut state = self.state.clone();
        loop {
            {
                let state = state.borrow_and_update();
                if state.usable() {
                    return Ok(Some(state.token.clone()));
                }
                if state.status != TokenStatus::Valid {
                    return Err(refused(&state));
                }
            }
            if state.changed().await.is_err() {
                return Err(client_core::Error::new(
                    ErrorKind::Token,
                    "the token has expired and is not renewed any more",
                ));
            }
        }
    }
}

/// The background task.
struct Keeper {
    vault: Client,
    login: Option<Arc<dyn Login>>,
    sender: watch::Sender<State>,
    demand: Arc<Demand>,
}

impl Keeper {
    async fn run(self, mut auth: Auth) {
        loop {
            tokio::select! {
                () = self.renew_until_near_end(&auth) => {}
                () = self.demanded() => {}
            }
            let Some(login) = &self.login else {
                self.sender.send_modify(|state| state.status = TokenStatus::Ended);
                return;
            };
            auth = self.log_in(&**login).await;
            self.sender.send_modify(|known| *known = state(&auth, known.generation + 1));
        }
    }

    async fn renew_until_near_end(&self, auth: &Auth) {
        let vault = self.vault.with_token(auth.client_token.clone());
        let renew = || {
            let vault = vault.clone();
            async move {
                let renewed = vault.auth().token().renew_self().await?;
                Ok((renewed.lease_duration, renewed.renewable))
            }
        };
        keep(term(auth), renew, |term| {
            self.sender.send_modify(|state| {
                state.end = term.end();
                state.status = TokenStatus::Valid;
            });
        })
        .await;
    }

    /// Resolves once somebody wants a newer token than there is.
    async fn demanded(&self) {
        while self.demand.generation.load(Ordering::SeqCst) <= self.sender.borrow().generation {
            self.demand.notify.notified().await;
        }
    }

    async fn log_in(&self, login: &dyn Login) -> Auth {
        let mut pause = Duration::from_millis(500);
        loop {
            let outcome = login.login(self.vault.clone()).await.and_then(usable);
            let error = match outcome {
                Ok(auth) => return auth,
                Err(error) => error,
            };
            tracing::warn!(%error, "logging in again failed");
            self.sender.send_modify(|state| state.status = TokenStatus::Failing(error.to_string()));
            sleep(pause.mul_f64(0.5 + 0.5 * client_core::retry::jitter())).await;
            pause = (pause * 2).min(Duration::from_secs(60));
        }
    }
}
