//! Initialization, [seal and unseal](https://developer.hashicorp.com/vault/docs/concepts/seal),
//! and the keys that protect the storage.

use client_core::caps::Plain;
use client_core::wire::{empty, recode_empty};
use client_core::{Op, Verb, operations};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::Sys;
use crate::Call;
use crate::caps::Write;
use crate::secret::written;
use crate::shape::{record, settings};

operations! {
    SEAL_STATUS: SealStatus, Plain = Op::new(Verb::Get, "sys.seal_status", "/v1/sys/seal-status");
    SEAL: (), Plain = Op::decoded_by(Verb::Post, "sys.seal", "/v1/sys/seal", empty, recode_empty).idempotent();
    UNSEAL: SealStatus, UnsealOptions = Op::new(Verb::Post, "sys.unseal", "/v1/sys/unseal");
    INIT_STATUS: Initialized, Plain = Op::new(Verb::Get, "sys.init_status", "/v1/sys/init");
    INIT: Init, Plain = Op::new(Verb::Post, "sys.init", "/v1/sys/init");
    GENERATE_ROOT_STATUS: GenerateRootStatus, Plain =
        Op::new(Verb::Get, "sys.generate_root_status", "/v1/sys/generate-root/attempt");
    REKEY_STATUS: RekeyStatus, Plain = Op::new(Verb::Get, "sys.rekey_status", "/v1/sys/rekey/init");
    ROTATE: (), Write = written(Verb::Post, "sys.rotate", "/v1/sys/rotate");
}

/// Unseals: `.migrate()`.
#[derive(Debug, Clone, Copy)]
pub struct UnsealOptions;

impl<T> Call<T, UnsealOptions> {
    /// Moves to the new seal of the configuration.
    pub fn migrate(self) -> Self {
        self.field("migrate", &true)
    }
}

record! {
    /// Whether a server is sealed, and how far unsealing is.
    pub struct SealStatus {
        /// What it is sealed by: `shamir`, `awskms`, …
        r#type: text,
        /// Whether it is initialized.
        initialized: flag,
        /// Whether it is sealed.
        sealed: flag,
        /// How many key shares unseal it.
        t: number,
        /// How many key shares there are.
        n: number,
        /// How many of the key shares it was given.
        progress: number,
        /// Names this attempt at unsealing.
        nonce: text,
        /// The server's version.
        version: text,
        /// When it was built.
        build_date: text,
        /// Whether it moves to another seal.
        migration: flag,
        /// The cluster's name; empty while sealed.
        cluster_name: text,
        /// The cluster's id; empty while sealed.
        cluster_id: text,
        /// Whether it unseals itself and key shares are only for recovery.
        recovery_seal: flag,
        /// What is recovered by.
        recovery_seal_type: text,
        /// Where it keeps its data.
        storage_type: text,
        /// Whether the server talks to others of its cluster.
        hcp_link_status: text,
        /// Warnings of the seal's configuration.
        warnings: list,
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Initialized {
    initialized: bool,
}

settings! {
    /// How to initialize a server. Shares and threshold for Shamir seals, the recovery ones for
    /// seals that open by themselves.
    pub struct InitRequest {
        /// How many key shares to make.
        secret_shares: number,
        /// How many of them unseal.
        secret_threshold: number,
        /// PGP keys, one a share, to encrypt the shares with.
        pgp_keys: list,
        /// The PGP key to encrypt the root token with.
        root_token_pgp_key: text,
        /// How many shares the seal stores itself.
        stored_shares: number,
        /// How many recovery shares to make.
        recovery_shares: number,
        /// How many of them recover.
        recovery_threshold: number,
        /// PGP keys, one a recovery share.
        recovery_pgp_keys: list,
    }
}

/// What initialization shows once and never again.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Init {
    /// The key shares, in hex.
    #[serde(default, with = "secrets")]
    pub keys: Vec<SecretString>,
    /// The key shares, in base64.
    #[serde(default, with = "secrets")]
    pub keys_base64: Vec<SecretString>,
    /// The recovery shares, in hex.
    #[serde(default, with = "secrets", skip_serializing_if = "Vec::is_empty")]
    pub recovery_keys: Vec<SecretString>,
    /// The recovery shares, in base64.
    #[serde(default, with = "secrets", skip_serializing_if = "Vec::is_empty")]
    pub recovery_keys_base64: Vec<SecretString>,
    /// The root token.
    #[serde(default, with = "client_core::wire::secret")]
    pub root_token: SecretString,
}

/// Lists of secrets, written redacted.
mod secrets {
    use client_core::wire::secret::REDACTED;
    use secrecy::SecretString;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(list: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list.iter().map(|_| REDACTED))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<SecretString>, D::Error> {
        let list = Option::<Vec<String>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(list.into_iter().map(SecretString::from).collect())
    }
}

record! {
    /// How far the making of a root token is.
    pub struct GenerateRootStatus {
        /// Whether one is being made.
        started: flag,
        /// Names this attempt.
        nonce: text,
        /// How many key shares were given.
        progress: number,
        /// How many are needed.
        required: number,
        /// Whether it is done.
        complete: flag,
        /// The token, encoded by the one-time password.
        encoded_token: secret,
        /// The token under its former name.
        encoded_root_token: secret,
        /// The PGP key the token is encrypted with.
        pgp_fingerprint: text,
        /// The one-time password, where the server chose it.
        otp: secret,
        /// How long a one-time password has to be.
        otp_length: number,
    }
}

record! {
    /// How far the making of new key shares is.
    pub struct RekeyStatus {
        /// Names this attempt.
        nonce: text,
        /// Whether they are being made.
        started: flag,
        /// How many new shares will unseal.
        t: number,
        /// How many new shares there will be.
        n: number,
        /// How many of the old shares were given.
        progress: number,
        /// How many of the old shares are needed.
        required: number,
        /// The PGP keys the new shares will be encrypted with.
        pgp_fingerprints: list,
        /// Whether the server keeps the encrypted new shares.
        backup: flag,
        /// Whether the new shares have to be proved before they count.
        verification_required: flag,
        /// Names the proof.
        verification_nonce: text,
    }
}

impl Sys {
    /// Whether the server is sealed, and how far unsealing is.
    pub fn seal_status(&self) -> Call<SealStatus> {
        self.0.call(&SEAL_STATUS, &[])
    }

    /// Seals the server.
    pub fn seal(&self) -> Call<()> {
        self.0.call(&SEAL, &[])
    }

    /// Gives one key share. The server is unsealed once enough of them were given.
    pub fn unseal(&self, key: &SecretString) -> Call<SealStatus, UnsealOptions> {
        self.0.call(&UNSEAL, &[]).field("key", key.expose_secret())
    }

    /// Makes the server forget the key shares it was given.
    pub fn reset_unseal(&self) -> Call<SealStatus, UnsealOptions> {
        self.0.call(&UNSEAL, &[]).field("reset", &true)
    }

    /// Whether the server is initialized.
    pub fn is_initialized(&self) -> Call<bool> {
        self.0.call(&INIT_STATUS, &[]).then(|call| call.map(|Initialized { initialized }| Ok(initialized)))
    }

    /// Initializes the server. The keys and the root token are shown only now.
    pub fn init(&self, request: &InitRequest) -> Call<Init> {
        self.0.call(&INIT, &[]).json(request)
    }

    /// How far the making of a root token is.
    pub fn generate_root_status(&self) -> Call<GenerateRootStatus> {
        self.0.call(&GENERATE_ROOT_STATUS, &[])
    }

    /// How far the making of new key shares is.
    pub fn rekey_status(&self) -> Call<RekeyStatus> {
        self.0.call(&REKEY_STATUS, &[])
    }

    /// Encrypts what is written from now on with a new key.
    pub fn rotate(&self) -> Call<(), Write> {
        self.0.call(&ROTATE, &[])
    }
}
