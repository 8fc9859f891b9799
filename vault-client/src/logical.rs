//! [Reading and writing any path](https://developer.hashicorp.com/vault/docs/commands/read), for
//! mounts whose engine this crate has no methods for.

use std::collections::BTreeMap;

use client_core::wire::{Parts, json};
use client_core::{Error, endpoints, handle};
use serde::Serialize;
use serde_json::Value;

use crate::caps::{List, Lookup};
use crate::error::messages;
use crate::kv::KvData;
use crate::secret::{Secret, recode_envelope};
use crate::{Call, Client};

type Answer = Option<Secret<Option<KvData>>>;

/// A 404 that carries data or warnings is an answer all the same.
fn read(answer: &Parts) -> Result<Secret<Option<KvData>>, Error> {
    if answer.meta.status == 404 {
        return match json::<Secret<Option<KvData>>>(answer) {
            Ok(secret) if secret.data.is_some() || !secret.warnings.is_empty() => Ok(secret),
            _ => Err(Error::of_answer(messages(None, &answer.body), answer)),
        };
    }
    json(answer)
}

fn recode(answer: &Parts) -> Result<Value, Error> {
    read(answer)?;
    recode_envelope::<Option<KvData>>(answer)
}

fn recode_answer(answer: &Parts) -> Result<Value, Error> {
    match json::<Answer>(answer)? {
        Some(_) => recode_envelope::<Option<KvData>>(answer),
        None => Ok(Value::Null),
    }
}

/// Reads and writes any path below `/v1/`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// let credentials = vault.logical().read("rabbitmq/creds/api").await?;
/// println!("good for {:?} as {}", credentials.lease_duration, credentials.lease_id);
/// let password = credentials.data.and_then(|data| data.text("password"));
/// # Ok(())
/// # }
/// ```
#[handle(Client::logical)]
pub struct Logical;

#[endpoints("logical")]
impl Logical {
    /// Reads a path. An answer that is "not found" but carries data or warnings is a value.
    #[get(
        "/v1/{path**}",
        answers(404), path = path.trim_start_matches('/'), decode = read, recode = recode,
    )]
    pub fn read(&self, path: &str) -> Call<Secret<Option<KvData>>, Lookup> {}

    /// Reads a path with query parameters, which the server takes as fields.
    pub fn read_with<K: Into<String>, V: Into<String>>(
        &self,
        path: &str,
        parameters: impl IntoIterator<Item = (K, V)>,
    ) -> Call<Secret<Option<KvData>>, Lookup> {
        let parameters: BTreeMap<String, String> =
            parameters.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self.read(path).edit(|request| {
            for (name, value) in parameters {
                request.add_query(name, value);
            }
        })
    }

    /// Writes to a path; `None` where the server answers nothing.
    #[post(
        "/v1/{path**}",
        path = path.trim_start_matches('/'),
        reads = Answer,
        decode = json::<Answer>, recode = recode_answer,
    )]
    pub fn write<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Call<Option<Secret<Option<KvData>>>> {
        call.json_by_serde(body)
    }

    /// Changes what is at a path by a merge patch: fields that are `null` are removed.
    #[patch(
        "/v1/{path**}",
        path = path.trim_start_matches('/'),
        reads = Answer,
        decode = json::<Answer>, recode = recode_answer,
    )]
    pub fn patch<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Call<Option<Secret<Option<KvData>>>> {
        call.json_by_serde(body).merge_patch()
    }

    /// Deletes what is at a path.
    #[delete(
        "/v1/{path**}",
        path = path.trim_start_matches('/'),
        reads = Answer,
        decode = json::<Answer>, recode = recode_answer,
    )]
    pub fn delete(&self, path: &str) -> Call<Option<Secret<Option<KvData>>>> {}

    /// Lists names below a path; those that end in `/` are folders.
    #[list("/v1/{path**}", path = path.trim_start_matches('/'))]
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {}

    /// Lists names below a path and below its folders (OpenBao).
    #[scan("/v1/{path**}", path = path.trim_start_matches('/'))]
    pub fn scan(&self, path: &str) -> Call<Vec<String>, List> {}
}
