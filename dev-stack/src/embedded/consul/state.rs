//! Everything the embedded Consul knows, and what time does to it.

use std::sync::Arc;

use jiff::Timestamp;

use super::ConsulOptions;
use super::acl::store::Store as AclStore;
use super::catalog::Catalog;
use super::event::Events;
use super::kv::Kv;
use super::query::Queries;
use super::session::Sessions;
use crate::embedded::index::Indexes;

/// The state of the server.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: ConsulOptions,
    pub(crate) indexes: Arc<Indexes>,
    pub(crate) now: Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) node_id: String,
    pub(crate) trust_domain: String,
    pub(crate) kv: Kv,
    pub(crate) sessions: Sessions,
    pub(crate) catalog: Catalog,
    pub(crate) acl: AclStore,
    pub(crate) events: Events,
    pub(crate) queries: Queries,
    /// Checks registered over HTTP that nobody probes yet, by node and id.
    pub(crate) unprobed: Vec<(String, String)>,
}

impl State {
    pub(crate) fn new(options: ConsulOptions, indexes: Arc<Indexes>, now: Timestamp) -> Self {
        use crate::embedded::vault::ids;
        let node_id = ids::uuid();
        let mut state = Self {
            indexes,
            now,
            started: now,
            trust_domain: format!("{}.consul", ids::uuid()),
            kv: Kv::default(),
            sessions: Sessions::default(),
            catalog: Catalog::default(),
            acl: AclStore::default(),
            events: Events::default(),
            queries: Queries::default(),
            unprobed: Vec::new(),
            node_id,
            options,
        };
        let index = state.bump(&["acl-policies", "acl-tokens"]);
        state.acl.bootstrap(now, &state.options.management_token, index);
        state.register_agent_node();
        state
    }

    /// Records a write.
    pub(crate) fn bump(&self, tables: &[&'static str]) -> u64 {
        self.indexes.bump(tables)
    }

    /// The index of a read of whole tables.
    pub(crate) fn index(&self, tables: &'static [&'static str]) -> u64 {
        self.indexes.highest(tables).max(1)
    }

    /// Lets time pass: TTL checks, sessions, lock delays, tokens, services to be removed.
    pub(crate) fn advance(&mut self, now: Timestamp) {
        self.now = now.max(self.now);
        self.expire_checks();
        self.expire_sessions();
        self.kv.forget_delays(self.now);
        if self.acl.expire(self.now) {
            self.bump(&["acl-tokens"]);
        }
    }

    /// When something will happen by itself.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        [self.catalog.next_deadline(), self.sessions.next_deadline(), self.acl.next_deadline()]
            .into_iter()
            .flatten()
            .min()
    }
}
