//! [Response wrapping](https://developer.hashicorp.com/vault/docs/concepts/response-wrapping):
//! handing something over so that it can be seen once, and a theft is noticed.

use std::time::Duration;

use client_core::wire::{Wire, json};
use client_core::{Extra, endpoints};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::Sys;
use crate::kv::{KvData, read_as};
use crate::secret::{Secret, WrapInfo, leased, wraps};
use crate::{Call, Error, Result};

/// What can be known of a wrapping token without using it up.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct WrappingLookup {
    /// The path whose answer is in it.
    pub creation_path: String,
    /// When it was made.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub creation_time: Option<Timestamp>,
    /// How long it lives from then on.
    #[wire(with = client_core::time::seconds)]
    pub creation_ttl: Duration,
    /// What this version does not know.
    pub extra: Extra,
}

#[endpoints("sys")]
impl Sys {
    /// Wraps data of the caller's own for `ttl`.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// use std::{collections::BTreeMap, time::Duration};
    /// let wrapped = vault.sys().wrap(&BTreeMap::from([("key", "…")]), Duration::from_secs(60)).await?;
    /// let secret = vault.sys().unwrap_checked(&wrapped.token, "sys/wrapping/wrap").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[post("/v1/sys/wrapping/wrap", with = wraps)]
    pub fn wrap<D: Serialize + ?Sized>(&self, data: &D, ttl: Duration) -> Call<WrapInfo> {
        call.json_by_serde(data).wrap(ttl).then(|call| call)
    }

    /// Looks at a wrapping token without using it up. Any caller may, with or without a token.
    #[post("/v1/sys/wrapping/lookup", idempotent)]
    pub fn lookup_wrapping(&self, token: &SecretString) -> Call<WrappingLookup> {
        call.field("token", token.expose_secret()).anonymous()
    }

    /// Uses a wrapping token up for what is in it. It authenticates by itself, so no other token is
    /// sent or needed.
    ///
    /// Prefer [`unwrap_checked`](Sys::unwrap_checked), which notices a token that somebody put in
    /// the place of the one that was stolen.
    #[post("/v1/sys/wrapping/unwrap", with = leased)]
    pub fn unwrap(&self, token: &SecretString) -> Call<Secret<Option<KvData>>> {
        call.token(token.clone())
    }

    /// As [`unwrap`](Sys::unwrap), with the data as a type of the caller's.
    pub fn unwrap_as<T: DeserializeOwned>(&self, token: &SecretString) -> Call<Secret<T>> {
        self.unwrap(token).then(|call| {
            call.decoded_by(|answer| {
                let secret = json::<Secret<Option<Box<RawValue>>>>(answer)?;
                let data = secret.data.as_ref().map_or("null", |data| data.get());
                let data = read_as(data)?;
                Ok(secret.map(|_| data))
            })
        })
    }

    /// Uses a wrapping token up after having seen that it was made by `creation_path`, such as
    /// `auth/approle/role/ci/secret-id`; a path that ends in `/` stands for all below it.
    ///
    /// # Errors
    ///
    /// [`Error::WrappingTokenInvalid`] if the token was used before or has expired, and
    /// [`Error::WrappingPathMismatch`], without using it up, if it was made by another path.
    pub async fn unwrap_checked(
        &self,
        token: &SecretString,
        creation_path: &str,
    ) -> Result<Secret<Option<KvData>>> {
        let found = self.lookup_wrapping(token).await?;
        let expected = creation_path.trim_start_matches('/');
        let fits = match expected.ends_with('/') {
            true => found.creation_path.starts_with(expected),
            false => found.creation_path == expected,
        };
        if !fits {
            return Err(Error::WrappingPathMismatch {
                expected: expected.to_owned(),
                actual: found.creation_path,
            });
        }
        self.unwrap(token).await
    }

    /// Makes a new wrapping token, with a new life, for what is in this one, which is used up.
    #[post("/v1/sys/wrapping/rewrap", with = wraps)]
    pub fn rewrap(&self, token: &SecretString) -> Call<WrapInfo> {
        call.field("token", token.expose_secret())
    }
}
