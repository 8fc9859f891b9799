//! Initialization, [seal and unseal](https://developer.hashicorp.com/vault/docs/concepts/seal),
//! and the keys that protect the storage.

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints};
use secrecy::{ExposeSecret, SecretString};

use super::Sys;
use crate::Call;
use crate::caps::Write;

impl<T, S> Call<T, UnsealOptions<S>> {
    /// Moves to the new seal of the configuration.
    pub fn migrate(self) -> Self {
        self.field("migrate", &true)
    }
}

/// Whether a server is sealed, and how far unsealing is.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct SealStatus {
    /// What it is sealed by: `shamir`, `awskms`, …
    pub r#type: String,
    /// Whether it is initialized.
    pub initialized: bool,
    /// Whether it is sealed.
    pub sealed: bool,
    /// How many key shares unseal it.
    pub t: u64,
    /// How many key shares there are.
    pub n: u64,
    /// How many of the key shares it was given.
    pub progress: u64,
    /// Names this attempt at unsealing.
    pub nonce: String,
    /// The server's version.
    pub version: String,
    /// When it was built.
    pub build_date: String,
    /// Whether it moves to another seal.
    pub migration: bool,
    /// The cluster's name; empty while sealed.
    pub cluster_name: String,
    /// The cluster's id; empty while sealed.
    pub cluster_id: String,
    /// Whether it unseals itself and key shares are only for recovery.
    pub recovery_seal: bool,
    /// What is recovered by.
    pub recovery_seal_type: String,
    /// Where it keeps its data.
    pub storage_type: String,
    /// Whether the server talks to others of its cluster.
    pub hcp_link_status: String,
    /// Warnings of the seal's configuration.
    pub warnings: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Initialized {
    #[wire(required)]
    initialized: bool,
}

/// How to initialize a server. Shares and threshold for Shamir seals, the recovery ones for
/// seals that open by themselves.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct InitRequest {
    /// How many key shares to make.
    pub secret_shares: Option<u64>,
    /// How many of them unseal.
    pub secret_threshold: Option<u64>,
    /// PGP keys, one a share, to encrypt the shares with.
    #[wire(with = crate::shape::list)]
    pub pgp_keys: Option<Vec<String>>,
    /// The PGP key to encrypt the root token with.
    pub root_token_pgp_key: Option<String>,
    /// How many shares the seal stores itself.
    pub stored_shares: Option<u64>,
    /// How many recovery shares to make.
    pub recovery_shares: Option<u64>,
    /// How many of them recover.
    pub recovery_threshold: Option<u64>,
    /// PGP keys, one a recovery share.
    #[wire(with = crate::shape::list)]
    pub recovery_pgp_keys: Option<Vec<String>>,
    /// What this version does not know.
    pub extra: Extra,
}

impl InitRequest {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// What initialization shows once and never again.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Init {
    /// The key shares, in hex.
    pub keys: Vec<SecretString>,
    /// The key shares, in base64.
    pub keys_base64: Vec<SecretString>,
    /// The recovery shares, in hex.
    #[wire(omit)]
    pub recovery_keys: Vec<SecretString>,
    /// The recovery shares, in base64.
    #[wire(omit)]
    pub recovery_keys_base64: Vec<SecretString>,
    /// The root token.
    pub root_token: SecretString,
    /// What this version does not know.
    pub extra: Extra,
}

/// How far the making of a root token is.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct GenerateRootStatus {
    /// Whether one is being made.
    pub started: bool,
    /// Names this attempt.
    pub nonce: String,
    /// How many key shares were given.
    pub progress: u64,
    /// How many are needed.
    pub required: u64,
    /// Whether it is done.
    pub complete: bool,
    /// The token, encoded by the one-time password.
    pub encoded_token: SecretString,
    /// The token under its former name.
    pub encoded_root_token: SecretString,
    /// The PGP key the token is encrypted with.
    pub pgp_fingerprint: String,
    /// The one-time password, where the server chose it.
    pub otp: SecretString,
    /// How long a one-time password has to be.
    pub otp_length: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// How far the making of new key shares is.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct RekeyStatus {
    /// Names this attempt.
    pub nonce: String,
    /// Whether they are being made.
    pub started: bool,
    /// How many new shares will unseal.
    pub t: u64,
    /// How many new shares there will be.
    pub n: u64,
    /// How many of the old shares were given.
    pub progress: u64,
    /// How many of the old shares are needed.
    pub required: u64,
    /// The PGP keys the new shares will be encrypted with.
    pub pgp_fingerprints: Vec<String>,
    /// Whether the server keeps the encrypted new shares.
    pub backup: bool,
    /// Whether the new shares have to be proved before they count.
    pub verification_required: bool,
    /// Names the proof.
    pub verification_nonce: String,
    /// What this version does not know.
    pub extra: Extra,
}

#[endpoints("sys")]
impl Sys {
    /// Whether the server is sealed, and how far unsealing is.
    #[get("/v1/sys/seal-status", root, with = client_core::Op::new)]
    pub fn seal_status(&self) -> Call<SealStatus> {}

    /// Seals the server.
    #[post("/v1/sys/seal", root, idempotent)]
    pub fn seal(&self) -> Call<()> {}

    /// Gives one key share. The server is unsealed once enough of them were given.
    #[post("/v1/sys/unseal", root, own, with = client_core::Op::new)]
    pub fn unseal(&self, key: &SecretString) -> Call<SealStatus, UnsealOptions> {
        call.field("key", key.expose_secret())
    }

    /// Makes the server forget the key shares it was given.
    pub fn reset_unseal(&self) -> Call<SealStatus, UnsealOptions> {
        self.client.call(&Self::UNSEAL, &[]).field("reset", &true)
    }

    /// Whether the server is initialized.
    #[get("/v1/sys/init", root, name = "init_status", reads = Initialized, with = client_core::Op::new)]
    pub fn is_initialized(&self) -> Call<bool> {
        call.then(|call| call.map(|Initialized { initialized }| Ok(initialized)))
    }

    /// Initializes the server. The keys and the root token are shown only now.
    #[post("/v1/sys/init", root, with = client_core::Op::new)]
    pub fn init(&self, request: &InitRequest) -> Call<Init> {
        call.json(request)
    }

    /// How far the making of a root token is.
    #[get("/v1/sys/generate-root/attempt", root, with = client_core::Op::new)]
    pub fn generate_root_status(&self) -> Call<GenerateRootStatus> {}

    /// How far the making of new key shares is.
    #[get("/v1/sys/rekey/init", root, with = client_core::Op::new)]
    pub fn rekey_status(&self) -> Call<RekeyStatus> {}

    /// Encrypts what is written from now on with a new key.
    #[post("/v1/sys/rotate", root)]
    pub fn rotate(&self) -> Call<(), Write> {}
}
