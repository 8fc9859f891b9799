//! Values for secrets, from wherever they come.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::LAYOUT;
use crate::{Error, Result};

/// Values to write, by secret and key.
#[derive(Clone, Default)]
pub struct Values(BTreeMap<String, BTreeMap<String, SecretString>>);

impl Values {
    /// Reads values from TOML or JSON text: `[openai]`, `api_key = "…"`.
    ///
    /// # Errors
    ///
    /// The text is neither, or names a secret or key that the application does not have. The
    /// error quotes no value.
    pub fn parse(text: &str) -> Result<Self> {
        type Raw = BTreeMap<String, BTreeMap<String, String>>;
        let raw: Raw = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| {
                Error::settings(format!("the secrets are not JSON (line {})", error.line()))
            })?
        } else {
            toml::from_str(text)
                .map_err(|_| Error::settings("the secrets are neither TOML nor JSON texts in tables"))?
        };
        let mut values = Self::default();
        for (secret, keys) in raw {
            for (key, value) in keys {
                values.set(&secret, &key, value)?;
            }
        }
        Ok(values)
    }

    /// Reads values from variables named after secret and key, such as `WUFFCHAT_OPENAI_API_KEY`.
    #[must_use]
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut values = Self::default();
        for layout in LAYOUT {
            for key in layout.keys {
                let name = format!("WUFFCHAT_{}_{}", layout.name, key).to_uppercase();
                if let Some(value) = lookup(&name).filter(|value| !value.is_empty()) {
                    values
                        .0
                        .entry(layout.name.to_owned())
                        .or_default()
                        .insert((*key).to_owned(), value.into());
                }
            }
        }
        values
    }

    /// Values that open nothing, for stacks that are thrown away.
    #[must_use]
    pub fn throw_away() -> Self {
        Self::from_vars(|name| {
            let text = if name.ends_with("_URL") { "http://127.0.0.1:9/" } else { "not-a-real-" };
            Some(format!("{text}{}", name.to_lowercase().replace('_', "-")))
        })
    }

    /// Sets one value.
    ///
    /// # Errors
    ///
    /// The application has no such secret or key.
    pub fn set(&mut self, secret: &str, key: &str, value: impl Into<SecretString>) -> Result<()> {
        let known = LAYOUT.iter().any(|layout| layout.name == secret && layout.keys.contains(&key));
        if !known {
            return Err(Error::settings(format!(
                "the application has no secret `{secret}` with the key `{key}`"
            )));
        }
        self.0.entry(secret.to_owned()).or_default().insert(key.to_owned(), value.into());
        Ok(())
    }

    /// A value.
    pub(super) fn get(&self, secret: &str, key: &str) -> Option<&SecretString> {
        self.0.get(secret)?.get(key)
    }

    /// The secrets and keys there are values for.
    pub fn names(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        self.0.iter().map(|(secret, keys)| (secret.as_str(), keys.keys().map(String::as_str)))
    }

    /// The values of one secret only.
    #[must_use]
    pub fn only(mut self, secret: &str) -> Self {
        self.0.retain(|name, _| name == secret);
        self
    }

    /// All values, for hiding them.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.0.values().flat_map(BTreeMap::values)
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Values {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.0.iter().map(|(secret, keys)| (secret, keys.keys().collect::<Vec<_>>()));
        f.debug_map().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_never_shown() {
        let values = Values::parse("[openai]\napi_key = \"sk-hunter2\"\n").unwrap();
        assert_eq!(format!("{values:?}"), r#"{"openai": ["api_key"]}"#);
        let json = Values::parse(r#"{"redis":{"url":"redis://x"}}"#).unwrap();
        assert!(!json.is_empty());
        for bad in
            ["[openai]\nkey = \"sk-hunter2\"", "{\"openai\": \"sk-hunter2\"}", "openai = \"sk-hunter2\""]
        {
            let message = Values::parse(bad).unwrap_err().to_string();
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
