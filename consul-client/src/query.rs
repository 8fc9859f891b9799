//! [Prepared queries](https://developer.hashicorp.com/consul/api-docs/query): named questions for
//! services, with failover to other datacenters.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{self, Parts, ToWire, Wire, recode};
use client_core::{Extra, endpoints, handle};
use secrecy::SecretString;

use crate::caps::{BlockingList, BlockingLookup, Change, Lookup};
use crate::health::ServiceEntry;
use crate::session::SessionId as QueryId;
use crate::{Call, Client};

/// Prepared queries.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use consul_client::query::PreparedQuery;
/// consul.query().create(&PreparedQuery::new("web-anywhere", "web").failover_nearest(2)).await?;
/// let found = consul.query().execute("web-anywhere").near("_agent").limit(3).await?;
/// println!("{} in {}", found.nodes.len(), found.datacenter);
/// # Ok(())
/// # }
/// ```
#[handle(Client::query)]
pub struct PreparedQueries;

#[endpoints("query")]
impl PreparedQueries {
    /// Creates a query.
    #[post("/v1/query")]
    pub fn create(&self, query: &PreparedQuery) -> Call<QueryId> {
        call.json(&query.to_send())
    }

    /// Lists the queries.
    #[get("/v1/query")]
    pub fn list(&self) -> Call<Vec<PreparedQuery>, BlockingList> {}

    /// Reads a query by id.
    #[get("/v1/query/{id}", decode = one, recode = recode::<Vec<PreparedQuery>>)]
    pub fn get(&self, id: &str) -> Call<PreparedQuery, BlockingLookup> {}

    /// Replaces a query.
    #[put("/v1/query/{id}", idempotent)]
    pub fn update(&self, id: &str, query: &PreparedQuery) -> Call<(), Change> {
        call.json(&query.to_send())
    }

    /// Deletes a query by id.
    #[delete("/v1/query/{id}", idempotent)]
    pub fn delete(&self, id: &str) -> Call<(), Change> {}

    /// Runs a query, by id or name.
    #[get("/v1/query/{id_or_name}/execute", Optional, Stale, Near, Cached)]
    #[query(
        /// Answers at most this many instances.
        limit: u32,
        /// Answers the instances that the mesh reaches.
        connect: bool,
    )]
    pub fn execute(&self, id_or_name: &str) -> Call<QueryResult, Execute> {}

    /// The query that a name leads to, its template filled in.
    #[get("/v1/query/{id_or_name}/explain")]
    pub fn explain(&self, id_or_name: &str) -> Call<QueryExplanation, Lookup> {}
}

fn one(answer: &Parts) -> Result<PreparedQuery, client_core::Error> {
    let queries: Vec<PreparedQuery> = wire::json(answer)?;
    queries.into_iter().next().ok_or_else(|| client_core::Error::decode("the answer is an empty list"))
}

/// A named question for instances of a service.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct PreparedQuery {
    /// Its id; empty for one that is to be created.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The session with which it ends.
    pub session: String,
    /// The token it is run with.
    pub token: SecretString,
    /// Whether it stands for many names.
    pub template: QueryTemplate,
    /// What it asks for.
    pub service: ServiceQuery,
    /// How it is answered in DNS.
    #[wire(name = "DNS")]
    pub dns: QueryDns,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

#[derive(ToWire)]
#[wire(pascal)]
struct Sent<'a> {
    name: &'a str,
    session: &'a str,
    token: SecretString,
    template: &'a QueryTemplate,
    service: &'a ServiceQuery,
    #[wire(name = "DNS")]
    dns: &'a QueryDns,
}

impl PreparedQuery {
    /// A query for a service.
    #[must_use]
    pub fn new(name: impl Into<String>, service: impl Into<String>) -> Self {
        let service = ServiceQuery { service: service.into(), ..ServiceQuery::default() };
        Self { name: name.into(), service, ..Self::default() }
    }

    fn to_send(&self) -> Sent<'_> {
        let Self { name, session, token, template, service, dns, .. } = self;
        Sent { name, session, token: token.clone(), template, service, dns }
    }

    /// Keeps instances all of whose checks pass.
    #[must_use]
    pub fn only_passing(mut self) -> Self {
        self.service.only_passing = true;
        self
    }

    /// Asks the nearest other datacenters, up to `count`, where this one has no instance.
    #[must_use]
    pub fn failover_nearest(mut self, count: u32) -> Self {
        self.service.failover.nearest_n = count;
        self
    }

    /// Answers DNS with this time to live.
    #[must_use]
    pub fn dns_ttl(mut self, ttl: Duration) -> Self {
        self.dns.ttl = Some(ttl);
        self
    }
}

client_core::setters! { PreparedQuery {
    /// Ends it with this session.
    session: String;
    /// Runs it with this token.
    token: SecretString;
} }

/// How a query stands for many names.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QueryTemplate {
    /// `name_prefix_match`, or empty for an ordinary query.
    pub r#type: String,
    /// Takes names apart for `${match(n)}`.
    pub regexp: String,
    /// Leaves tags out that come out empty.
    pub remove_empty_tags: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a query asks for.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ServiceQuery {
    /// The service.
    pub service: String,
    /// The sameness group to ask (Enterprise).
    pub sameness_group: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// What to ask where there is no instance.
    pub failover: QueryFailover,
    /// Whether agents are answered too; not documented.
    pub include_all: Option<bool>,
    /// Keeps instances all of whose checks pass; critical ones never count.
    pub only_passing: bool,
    /// Checks that do not count.
    #[wire(name = "IgnoreCheckIDs")]
    pub ignore_check_ids: Vec<String>,
    /// The node to sort by distance from.
    pub near: String,
    /// Tags they have, or with a `!` have not.
    pub tags: Vec<String>,
    /// Metadata of their nodes.
    pub node_meta: BTreeMap<String, String>,
    /// Metadata of theirs.
    pub service_meta: BTreeMap<String, String>,
    /// Asks for instances that the mesh reaches.
    pub connect: bool,
    /// The peer to ask.
    pub peer: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What to ask where there is no instance.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QueryFailover {
    /// Whether this datacenter is left out.
    pub skip_local_datacenter: Option<bool>,
    /// How many of the nearest datacenters.
    pub nearest_n: u32,
    /// These datacenters.
    pub datacenters: Vec<String>,
    /// These datacenters and peers, one after the other.
    pub targets: Vec<QueryTarget>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A place to ask.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QueryTarget {
    /// A peer.
    pub peer: Option<String>,
    /// A datacenter.
    pub datacenter: Option<String>,
    /// An admin partition (Enterprise).
    pub partition: Option<String>,
    /// A namespace (Enterprise).
    pub namespace: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How a query is answered in DNS.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QueryDns {
    /// With this time to live.
    #[wire(name = "TTL", with = crate::record::go_or_empty, keep)]
    pub ttl: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a query found.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QueryResult {
    /// The service.
    pub service: String,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// The instances.
    pub nodes: Vec<ServiceEntry>,
    /// How it is answered in DNS.
    #[wire(name = "DNS")]
    pub dns: QueryDns,
    /// The datacenter they are in.
    pub datacenter: String,
    /// How many other places were asked.
    pub failovers: u32,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a name leads to.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct QueryExplanation {
    /// The query, its template filled in.
    pub query: PreparedQuery,
    /// What this version does not know.
    pub extra: Extra,
}

impl PartialEq for PreparedQuery {
    /// Tokens are not compared.
    fn eq(&self, other: &Self) -> bool {
        (&self.id, &self.name, &self.session, &self.template, &self.service, &self.dns)
            == (&other.id, &other.name, &other.session, &other.template, &other.service, &other.dns)
    }
}
