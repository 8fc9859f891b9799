//! The mesh's certificate authority.

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Mesh;
use crate::Call;
use crate::caps::{BlockingRead, Read};

#[endpoints("connect")]
impl Mesh {
    /// The certificates that services in the mesh are verified with.
    #[get("/v1/connect/ca/roots")]
    pub fn ca_roots(&self) -> Call<CaRoots, BlockingRead> {}

    /// The same as PEM text.
    #[get("/v1/connect/ca/roots", with = crate::answers::text)]
    pub fn ca_roots_pem(&self) -> Call<String, Read> {
        call.set_query("pem", true)
    }

    /// The authority's configuration, its provider's secrets among it.
    #[get("/v1/connect/ca/configuration")]
    pub fn ca_config(&self) -> Call<CaConfig, Read> {}

    /// Changes the authority's configuration. Another provider means new certificates for all.
    #[put("/v1/connect/ca/configuration")]
    pub fn set_ca_config(&self, config: &CaConfig) -> Call<()> {
        call.json(config)
    }
}

/// The certificates that services in the mesh are verified with.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CaRoots {
    /// The one that signs now.
    #[wire(name = "ActiveRootID")]
    pub active_root_id: String,
    /// The domain of all SPIFFE ids in the mesh.
    pub trust_domain: String,
    /// The certificates.
    pub roots: Vec<CaRoot>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A root certificate.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct CaRoot {
    /// Its id, the certificate's fingerprint.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its serial number.
    pub serial_number: u64,
    /// The id of the key it signs with.
    #[wire(name = "SigningKeyID")]
    pub signing_key_id: String,
    /// The trust domain of a provider elsewhere.
    pub external_trust_domain: String,
    /// When it begins to be valid.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub not_before: Option<Timestamp>,
    /// When it ends.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub not_after: Option<Timestamp>,
    /// The certificate, as PEM.
    pub root_cert: String,
    /// Certificates between it and those of services.
    pub intermediate_certs: Vec<String>,
    /// Whether it signs now.
    pub active: bool,
    /// The kind of its key.
    pub private_key_type: String,
    /// The length of its key.
    pub private_key_bits: u32,
    /// When another took its place.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub rotated_out_at: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The configuration of a certificate authority. `Debug` leaves the provider's settings out, which
/// can hold keys.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CaConfig {
    /// Who signs: `consul`, `vault` or `aws-pca`.
    pub provider: String,
    /// The provider's settings.
    pub config: Map<String, Value>,
    /// The provider's state, which only it changes.
    #[wire(omit)]
    pub state: BTreeMap<String, String>,
    /// Changes the provider although the old one does not vouch for the new one.
    pub force_without_cross_signing: bool,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for CaConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaConfig").field("provider", &self.provider).finish_non_exhaustive()
    }
}

impl CaConfig {
    /// A provider and its settings.
    #[must_use]
    pub fn new(provider: impl Into<String>, config: Map<String, Value>) -> Self {
        Self { provider: provider.into(), config, ..Self::default() }
    }
}
