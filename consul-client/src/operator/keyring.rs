//! The keys that gossip is encrypted with.

use std::collections::BTreeMap;
use std::fmt;

use client_core::wire::{ToWire, Wire};
use client_core::{Extra, endpoints};
use secrecy::SecretString;

use super::Operator;
use crate::Call;

#[endpoints("operator")]
impl Operator {
    /// Lists the keys of each gossip pool, asking all its nodes, which takes a while.
    #[get("/v1/operator/keyring", Listed)]
    #[query(
        /// Sends the question through this many other nodes too, 0 to 5.
        relay_factor = "relay-factor": u8,
        /// Asks this datacenter's nodes only.
        local_only = "local-only",
    )]
    pub fn keyring_list(&self) -> Call<Vec<Keyring>, KeyringList> {}

    /// Adds a key, base64 of 16, 24 or 32 bytes.
    #[post("/v1/operator/keyring", idempotent)]
    #[query(
        /// Sends the change through this many other nodes too, 0 to 5.
        relay_factor = "relay-factor": u8,
    )]
    pub fn keyring_install(&self, key: impl Into<SecretString>) -> Call<(), KeyringChange> {
        call.json(&KeyBody { key: key.into() })
    }

    /// Encrypts with a key from now on, which all nodes must have.
    #[put("/v1/operator/keyring", idempotent)]
    pub fn keyring_use(&self, key: impl Into<SecretString>) -> Call<(), KeyringChange> {
        call.json(&KeyBody { key: key.into() })
    }

    /// Removes a key that is not used any more.
    #[delete("/v1/operator/keyring", idempotent)]
    pub fn keyring_remove(&self, key: impl Into<SecretString>) -> Call<(), KeyringChange> {
        call.json(&KeyBody { key: key.into() })
    }
}

#[derive(ToWire)]
#[wire(pascal)]
struct KeyBody {
    key: SecretString,
}

/// The keys of a gossip pool. `Debug` shows how many there are.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Keyring {
    /// Whether it is the pool of all datacenters' servers.
    #[wire(name = "WAN")]
    pub wan: bool,
    /// The datacenter.
    pub datacenter: String,
    /// The network segment (Enterprise).
    pub segment: String,
    /// The admin partition (Enterprise).
    #[wire(omit_null)]
    pub partition: Option<String>,
    /// What single nodes say.
    #[wire(omit)]
    pub messages: BTreeMap<String, String>,
    /// How many nodes have each key. The keys are secrets.
    pub keys: BTreeMap<String, u64>,
    /// How many nodes encrypt with each key.
    pub primary_keys: BTreeMap<String, u64>,
    /// How many nodes there are.
    pub num_nodes: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring")
            .field("wan", &self.wan)
            .field("datacenter", &self.datacenter)
            .field("keys", &self.keys.len())
            .field("num_nodes", &self.num_nodes)
            .finish_non_exhaustive()
    }
}
