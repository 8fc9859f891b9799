//! The application's secrets: where they are, how they get there, how the API sees them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};
use vault_client::Client as Vault;

use crate::app::Environment;
use crate::report::SecretReport;
use crate::{Error, Result};

/// A secret and the keys it must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Its name below the environment's folder.
    pub name: &'static str,
    /// The keys in it.
    pub keys: &'static [&'static str],
}

/// The secrets the API needs.
pub const LAYOUT: [Layout; 3] = [
    Layout { name: "openai", keys: &["api_key"] },
    Layout { name: "weaviate", keys: &["url", "api_key"] },
    Layout { name: "redis", keys: &["url"] },
];

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

/// What to do with secrets that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They stay as they are; only what is missing is written.
    Keep,
    /// Given values replace them.
    Replace,
}

/// The path of a secret below its mount.
#[must_use]
pub fn path(environment: &Environment, secret: &str) -> String {
    format!("{}/{secret}", environment.vault.prefix)
}

/// Writes what is missing or, with [`Existing::Replace`], what differs. Check-and-set keeps a
/// write of somebody else; other keys of a secret stay. A second run writes nothing.
///
/// # Errors
///
/// [`Error::SecretsMissing`] where keys are missing for which there is no value; nothing was
/// written then. [`Error::Vault`] where Vault refuses or somebody else wrote meanwhile.
pub async fn seed(
    vault: &Vault,
    environment: &Environment,
    values: &Values,
    existing: Existing,
) -> Result<Vec<SecretReport>> {
    let kv = vault.kv2(&environment.vault.mount);
    let mut missing = Vec::new();
    let mut writes = Vec::new();
    for layout in LAYOUT {
        let path = path(environment, layout.name);
        let found = kv.get(&path).optional().await?;
        let mut data: BTreeMap<String, serde_json::Value> = BTreeMap::new();
        let mut version = 0;
        if let Some(secret) = &found {
            version = secret.metadata.version;
            data = secret.data.expose().clone();
        }
        let mut changed = false;
        for key in layout.keys {
            let present = data.get(*key).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
            let given =
                values.0.get(layout.name).and_then(|keys| keys.get(*key)).map(ExposeSecret::expose_secret);
            match (present, given) {
                (None, None) => missing.push(format!("{}/{path} ({key})", environment.vault.mount)),
                (Some(_), _) if existing == Existing::Keep => {}
                (Some(old), Some(new)) if old == new => {}
                (_, Some(new)) => {
                    data.insert((*key).to_owned(), new.into());
                    changed = true;
                }
                (Some(_), None) => {}
            }
        }
        writes.push((path, version, changed.then_some(data)));
    }
    if !missing.is_empty() {
        return Err(Error::SecretsMissing(missing));
    }
    let mut reports = Vec::new();
    for (path, version, data) in writes {
        let changed = data.is_some();
        let version = match data {
            Some(data) => kv.put(&path, &data).cas(version).await?.version,
            None => version,
        };
        reports.push(SecretReport { path: format!("{}/{path}", environment.vault.mount), version, changed });
    }
    Ok(reports)
}

/// The template that gives the API its environment. Values are written as JSON texts, so that
/// quotes, backslashes and line ends in them arrive as they are.
#[must_use]
pub fn environment_template(environment: &Environment) -> String {
    let mut text = String::new();
    let mut line = |name: &str, secret: &str, key: &str| {
        let path = format!("{}/data/{}", environment.vault.mount, path(environment, secret));
        let _ = writeln!(
            text,
            "{name}={{{{ with secret \"{path}\" }}}}{{{{ .Data.data.{key} | toJSON }}}}{{{{ end }}}}"
        );
    };
    for name in &environment.vault.openai_key_names {
        line(name, "openai", "api_key");
    }
    line("WEAVIATE_URL", "weaviate", "url");
    line("WEAVIATE_API_KEY", "weaviate", "api_key");
    line("REDIS_URL", "redis", "url");
    text.push_str("ENVIRONMENT={{ env \"NOMAD_META_environment\" | toJSON }}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stage;

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

    #[test]
    fn the_template_names_data_paths_and_quotes() {
        let text = environment_template(&Environment::new(Stage::Production));
        let wanted = "REDIS_URL={{ with secret \"secret/data/production/wuffchat-api/redis\" }}{{ .Data.data.url | toJSON }}{{ end }}";
        assert!(text.lines().any(|line| line == wanted), "{text}");
        assert_eq!(text.matches("toJSON").count(), 6);
    }
}
