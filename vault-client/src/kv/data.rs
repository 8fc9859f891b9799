//! The data of a secret.

use std::collections::BTreeMap;
use std::fmt;

use client_core::wire::{from_slice, secret::REDACTED};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Result;

/// The data of a secret: names and JSON values.
///
/// `Debug` shows the names only, and there is no `Serialize`, so that values get nowhere by
/// accident; [`expose`](KvData::expose) is how they are read and written back.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(transparent)]
pub struct KvData(BTreeMap<String, Value>);

impl KvData {
    /// The value of `name`, as text: strings as they are, everything else as JSON.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<SecretString> {
        Some(match self.0.get(name)? {
            Value::Null => return None,
            Value::String(text) => SecretString::from(text.as_str()),
            other => SecretString::from(other.to_string()),
        })
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is a value for `name`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no values.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values themselves.
    #[must_use]
    pub fn expose(&self) -> &BTreeMap<String, Value> {
        &self.0
    }

    /// The values themselves, to be changed.
    pub fn expose_mut(&mut self) -> &mut BTreeMap<String, Value> {
        &mut self.0
    }

    /// The data as a type of the caller's.
    ///
    /// # Errors
    ///
    /// It is not of that shape; the text names the place, never the value.
    pub fn get_as<T: DeserializeOwned>(&self) -> Result<T> {
        let text = serde_json::to_vec(&self.0)
            .map_err(|_| client_core::Error::decode("the data cannot be written as JSON"))?;
        Ok(from_slice(&text)?)
    }

    /// The structure with each value replaced, for proving that none was lost.
    pub(crate) fn redacted(&self) -> Value {
        fn redact(value: &Value) -> Value {
            match value {
                Value::Null => Value::Null,
                Value::Array(items) => items.iter().map(redact).collect(),
                Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), redact(value))).collect(),
                _ => Value::from(REDACTED),
            }
        }
        self.0.iter().map(|(name, value)| (name.clone(), redact(value))).collect()
    }
}

impl From<BTreeMap<String, Value>> for KvData {
    fn from(map: BTreeMap<String, Value>) -> Self {
        Self(map)
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for KvData {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for KvData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name| (name, REDACTED);
        f.debug_map().entries(self.0.keys().map(shown)).finish()
    }
}
