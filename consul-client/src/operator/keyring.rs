//! The keys that gossip is encrypted with.

use std::collections::BTreeMap;
use std::fmt;

use client_core::wire::{ToWire, Wire, empty, recode_empty};
use client_core::{Extra, Op, Verb, operations};
use secrecy::SecretString;

use super::Operator;
use crate::Call;

operations! {
    LIST: Vec<Keyring>, KeyringList = Op::new(Verb::Get, "operator.keyring_list", "/v1/operator/keyring");
    INSTALL: (), KeyringChange =
        Op::decoded_by(Verb::Post, "operator.keyring_install", "/v1/operator/keyring", empty, recode_empty)
            .idempotent();
    USE: (), KeyringChange =
        Op::decoded_by(Verb::Put, "operator.keyring_use", "/v1/operator/keyring", empty, recode_empty)
            .idempotent();
    REMOVE: (), KeyringChange =
        Op::decoded_by(Verb::Delete, "operator.keyring_remove", "/v1/operator/keyring", empty, recode_empty)
            .idempotent();
}

client_core::capabilities! {
    /// Lists keys.
    pub struct KeyringList: Listed;
    /// Changes keys.
    pub struct KeyringChange;
}
client_core::options! {
    KeyringList {
        /// Sends the question through this many other nodes too, 0 to 5.
        query relay_factor(u8) = "relay-factor";
        /// Asks this datacenter's nodes only.
        flag local_only() = "local-only";
    }
    KeyringChange {
        /// Sends the change through this many other nodes too, 0 to 5.
        query relay_factor(u8) = "relay-factor";
    }
}

impl Operator<'_> {
    /// Lists the keys of each gossip pool, asking all its nodes, which takes a while.
    pub fn keyring_list(&self) -> Call<Vec<Keyring>, KeyringList> {
        self.0.call(&LIST, &[])
    }

    /// Adds a key, base64 of 16, 24 or 32 bytes.
    pub fn keyring_install(&self, key: impl Into<SecretString>) -> Call<(), KeyringChange> {
        self.0.call(&INSTALL, &[]).json(&KeyBody { key: key.into() })
    }

    /// Encrypts with a key from now on, which all nodes must have.
    pub fn keyring_use(&self, key: impl Into<SecretString>) -> Call<(), KeyringChange> {
        self.0.call(&USE, &[]).json(&KeyBody { key: key.into() })
    }

    /// Removes a key that is not used any more.
    pub fn keyring_remove(&self, key: impl Into<SecretString>) -> Call<(), KeyringChange> {
        self.0.call(&REMOVE, &[]).json(&KeyBody { key: key.into() })
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
