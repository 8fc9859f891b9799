//! [Sessions](https://developer.hashicorp.com/consul/api-docs/session): who holds locks, and for how long.

use std::time::Duration;

use client_core::wire::{self, Parts, Wire, recode};
use client_core::{Extra, endpoints, handle, open_enum};

use crate::caps::{BlockingList, BlockingRead, Change};
use crate::{Call, Client};

/// Sessions. [`lock`](Client::lock) takes care of one by itself.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use std::time::Duration;
/// use consul_client::SessionOptions;
/// let wanted = SessionOptions::new().name("deploy").ttl(Duration::from_secs(30));
/// let session = consul.session().create(&wanted).await?.id;
/// assert!(consul.session().renew(&session).optional().await?.is_some());
/// consul.session().destroy(&session).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::session)]
pub struct Sessions;

#[endpoints("session")]
impl Sessions {
    /// Creates a session. Never repeated after a lost answer: that could leave a session behind.
    #[put("/v1/session/create")]
    pub fn create(&self, options: &SessionOptions) -> Call<SessionId> {
        call.json(options)
    }

    /// Ends a session, which need not exist. Locks it still holds are released, and cannot be
    /// taken during the session's lock delay.
    #[put("/v1/session/destroy/{id}", idempotent)]
    pub fn destroy(&self, id: &str) -> Call<bool> {}

    /// Starts the session's time to live anew. A 404 says that it has expired.
    #[put("/v1/session/renew/{id}", idempotent, decode = one, recode = recode::<Vec<Session>>)]
    pub fn renew(&self, id: &str) -> Call<Session, Change> {}

    /// Reads one session; `None` where there is none, for which Consul has no 404 here.
    #[get("/v1/session/info/{id}", decode = maybe, recode = recode::<Vec<Session>>)]
    pub fn info(&self, id: &str) -> Call<Option<Session>, BlockingRead> {}

    /// Lists the sessions of a node.
    #[get("/v1/session/node/{node}")]
    pub fn node(&self, node: &str) -> Call<Vec<Session>, BlockingList> {}

    /// Lists all sessions of a datacenter.
    #[get("/v1/session/list")]
    pub fn list(&self) -> Call<Vec<Session>, BlockingList> {}
}

fn maybe(answer: &Parts) -> Result<Option<Session>, client_core::Error> {
    let sessions: Option<Vec<Session>> = wire::json(answer)?;
    Ok(sessions.unwrap_or_default().into_iter().next())
}

fn one(answer: &Parts) -> Result<Session, client_core::Error> {
    maybe(answer)?.ok_or_else(|| client_core::Error::decode("the answer is an empty list"))
}

open_enum! {
    /// What becomes of the locks of a session that ends.
    pub enum Behavior {
        /// They are released, and their keys stay.
        Release = "release",
        /// Their keys are deleted.
        Delete = "delete",
    }
}

/// The id of a new session.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct SessionId {
    /// The id.
    #[wire(name = "ID")]
    pub id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A session.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Session {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The node that it lives and dies with.
    pub node: String,
    /// How long a lock cannot be taken after this session has lost it.
    #[wire(with = client_core::time::nanos)]
    pub lock_delay: Duration,
    /// What becomes of its locks when it ends.
    pub behavior: Option<Behavior>,
    /// How long it lives without a renewal, at least; `None` for ever.
    #[wire(name = "TTL", with = client_core::time::go::option)]
    pub ttl: Option<Duration>,
    /// The checks of its node it depends on.
    pub node_checks: Vec<String>,
    /// The checks of services it depends on.
    pub service_checks: Vec<ServiceCheck>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A check of a service that a session depends on.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceCheck {
    /// The check's id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The settings of a new session.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct SessionOptions {
    /// What people call it.
    #[wire(omit_null)]
    pub name: Option<String>,
    /// The node it lives and dies with; the agent's own by default.
    #[wire(omit_null)]
    pub node: Option<String>,
    /// How long it lives without a renewal: 10 seconds to 24 hours. The server may take up to
    /// twice as long to notice.
    #[wire(name = "TTL", with = client_core::time::go::option, omit_null)]
    pub ttl: Option<Duration>,
    /// How long a lock that it loses cannot be taken, at most a minute. 15 seconds by default.
    #[wire(with = client_core::time::go::option, omit_null)]
    pub lock_delay: Option<Duration>,
    /// What becomes of its locks when it ends. They are released by default.
    #[wire(omit_null)]
    pub behavior: Option<Behavior>,
    /// The checks of its node it depends on; `serfHealth` by default.
    #[wire(omit_null)]
    pub node_checks: Option<Vec<String>>,
    /// The checks of services it depends on.
    #[wire(omit)]
    pub service_checks: Vec<ServiceCheck>,
    /// What this version does not know.
    pub extra: Extra,
}

impl SessionOptions {
    /// The server's defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Depends on no check, not even on its node being alive.
    #[must_use]
    pub fn without_checks(mut self) -> Self {
        self.node_checks = Some(Vec::new());
        self
    }
}

client_core::setters! { SessionOptions {
    /// Says what people call it.
    name: String = Some;
    /// Binds it to this node.
    node: String = Some;
    /// Ends it when it was not renewed for this long.
    ttl: Duration = Some;
    /// Keeps locks that it loses from being taken for this long.
    lock_delay: Duration = Some;
    /// Says what becomes of its locks.
    behavior: Behavior = Some;
    /// Binds it to these checks of its node.
    node_checks: Vec<String> = Some;
    /// Binds it to these checks of services.
    service_checks: Vec<ServiceCheck>;
} }

impl ServiceCheck {
    /// The check with this id.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}
