//! [TOTP](https://developer.hashicorp.com/vault/api-docs/secret/totp): time-based codes.

use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{List, Read, Write};
use crate::client::MountPath;
use crate::secret::Secret;
use crate::{Call, Client};

fn read(answer: &client_core::Parts) -> Result<Option<Generated>, client_core::Error> {
    let secret = client_core::wire::json::<Option<Secret<Option<Generated>>>>(answer)?;
    Ok(secret.and_then(|secret| secret.data))
}

fn recode(answer: &client_core::Parts) -> Result<serde_json::Value, client_core::Error> {
    client_core::wire::recode::<Option<Secret<Option<Generated>>>>(answer)
}

/// A key to make or to take in.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct TotpKeySettings {
    /// Whether the server makes the key.
    pub generate: Option<bool>,
    /// Whether a key that the server made is shown, once.
    pub exported: Option<bool>,
    /// The size of the key in bytes.
    pub key_size: Option<u64>,
    /// The key's URL, which says everything.
    pub url: Option<SecretString>,
    /// The key, in base32.
    pub key: Option<SecretString>,
    /// Who it is for.
    pub issuer: Option<String>,
    /// Whose it is.
    pub account_name: Option<String>,
    /// How long a code is valid.
    #[wire(with = client_core::time::seconds::option)]
    pub period: Option<Duration>,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: Option<String>,
    /// How long a code is: 6 or 8 digits.
    pub digits: Option<u64>,
    /// How many codes before and after are accepted: 0 or 1.
    pub skew: Option<u64>,
    /// The size of the picture in pixels; 0 for none.
    pub qr_size: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl TotpKeySettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A key.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct TotpKey {
    /// Whose it is.
    pub account_name: String,
    /// `SHA1`, `SHA256` or `SHA512`.
    pub algorithm: String,
    /// How long a code is.
    pub digits: u64,
    /// Who it is for.
    pub issuer: String,
    /// How long a code is valid.
    #[wire(with = client_core::time::seconds)]
    pub period: Duration,
    /// What this version does not know.
    pub extra: Extra,
}

/// A key that the server made. It is shown only now.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Generated {
    /// The picture, a PNG in base64.
    pub barcode: SecretString,
    /// The key's URL.
    pub url: SecretString,
    /// What this version does not know.
    pub extra: Extra,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Code {
    #[wire(required)]
    code: SecretString,
}

#[derive(Debug, Clone, Default, Wire)]
#[wire(closed)]
pub(crate) struct Valid {
    #[wire(required)]
    valid: bool,
}

/// The TOTP engine at `mount`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// let code = vault.totp("totp").generate_code("al").await?;
/// assert!(vault.totp("totp").validate_code("al", &code).await?);
/// # Ok(())
/// # }
/// ```
#[handle(Client::totp)]
pub struct Totp {
    mount: MountPath,
}

#[endpoints("totp", mount)]
impl Totp {
    /// Lists keys.
    #[list("/v1/{mount*}/keys", name = "list_keys")]
    pub fn keys(&self) -> Call<Vec<String>, List> {}

    /// Reads a key; never the key material.
    #[get("/v1/{mount*}/keys/{name}", name = "read_key")]
    pub fn key(&self, name: &str) -> Call<TotpKey, Read> {}

    /// Makes a key or takes one in. A key that was made and may be exported is answered.
    #[post("/v1/{mount*}/keys/{name}", name = "write_key", decode = read, recode = recode)]
    pub fn put_key(&self, name: &str, settings: &TotpKeySettings) -> Call<Option<Generated>> {
        call.json(settings)
    }

    /// Deletes a key.
    #[delete("/v1/{mount*}/keys/{name}", idempotent)]
    pub fn delete_key(&self, name: &str) -> Call<(), Write> {}

    /// The code of now, for a key that was taken in.
    #[get("/v1/{mount*}/code/{name}", reads = Code)]
    pub fn generate_code(&self, name: &str) -> Call<SecretString> {
        call.then(|call| call.map(|Code { code }| Ok(code)))
    }

    /// Whether a code is that of now. A code is valid once.
    #[post("/v1/{mount*}/code/{name}", reads = Valid)]
    pub fn validate_code(&self, name: &str, code: &SecretString) -> Call<bool> {
        call.field("code", code.expose_secret()).then(|call| call.map(|Valid { valid }| Ok(valid)))
    }
}
