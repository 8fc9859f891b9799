//! [Reading and writing any path](https://developer.hashicorp.com/vault/docs/commands/read), for
//! mounts whose engine this crate has no methods for.

use std::collections::BTreeMap;

use client_core::caps::Plain;
use client_core::wire::{Parts, json};
use client_core::{Error, Op, Verb, operations};
use serde::Serialize;
use serde_json::Value;

use crate::caps::{List, Lookup};
use crate::error::messages;
use crate::kv::KvData;
use crate::secret::{Secret, keys, recode_envelope};
use crate::{Call, Client};

type Answer = Option<Secret<Option<KvData>>>;

operations! {
    READ: Secret<Option<KvData>>, Lookup =
        Op::decoded_by(Verb::Get, "logical.read", "/v1/{path**}", read, recode).answers(&[404]);
    WRITE: Answer, Plain = Op::decoded_by(Verb::Post, "logical.write", "/v1/{path**}", json::<Answer>, recode_answer);
    PATCH: Answer, Plain = Op::decoded_by(Verb::Patch, "logical.patch", "/v1/{path**}", json::<Answer>, recode_answer);
    DELETE: Answer, Plain = Op::decoded_by(Verb::Delete, "logical.delete", "/v1/{path**}", json::<Answer>, recode_answer);
    LIST: Vec<String>, List = keys("logical.list", "/v1/{path**}");
    SCAN: Vec<String>, List = keys_by_scan();
}

const fn keys_by_scan() -> Op<Vec<String>, List> {
    Op::decoded_by(
        Verb::Scan,
        "logical.scan",
        "/v1/{path**}",
        crate::secret::read_keys,
        crate::secret::recode_keys::<Value>,
    )
    .answers(&[404])
}

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

/// Any path, as the CLI's `read`, `write`, `list`, `delete` and `patch` have it.
#[derive(Debug, Clone)]
pub struct Logical(Client);

impl Client {
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
    #[must_use]
    pub fn logical(&self) -> Logical {
        Logical(self.clone())
    }
}

impl Logical {
    /// Reads a path. An answer that is "not found" but carries data or warnings is a value.
    pub fn read(&self, path: &str) -> Call<Secret<Option<KvData>>, Lookup> {
        self.0.call(&READ, &[path.trim_start_matches('/')])
    }

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
    pub fn write<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Call<Option<Secret<Option<KvData>>>> {
        self.0.call(&WRITE, &[path.trim_start_matches('/')]).json_by_serde(body)
    }

    /// Changes what is at a path by a merge patch: fields that are `null` are removed.
    pub fn patch<B: Serialize + ?Sized>(&self, path: &str, body: &B) -> Call<Option<Secret<Option<KvData>>>> {
        self.0.call(&PATCH, &[path.trim_start_matches('/')]).json_by_serde(body).merge_patch()
    }

    /// Deletes what is at a path.
    pub fn delete(&self, path: &str) -> Call<Option<Secret<Option<KvData>>>> {
        self.0.call(&DELETE, &[path.trim_start_matches('/')])
    }

    /// Lists names below a path; those that end in `/` are folders.
    pub fn list(&self, path: &str) -> Call<Vec<String>, List> {
        self.0.call(&LIST, &[path.trim_start_matches('/')])
    }

    /// Lists names below a path and below its folders (OpenBao).
    pub fn scan(&self, path: &str) -> Call<Vec<String>, List> {
        self.0.call(&SCAN, &[path.trim_start_matches('/')])
    }
}
