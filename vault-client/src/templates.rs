//! Which secrets a [Consul Template](https://github.com/hashicorp/consul-template) text reads,
//! found without running it: Nomad's `template` blocks and Vault Agent's templates are such texts.
//!
//! ```
//! let text = r#"
//! {{ with secret "secret/data/wuffchat/openai" }}KEY={{ .Data.data.api_key | toJSON }}{{ end }}
//! {{ with secret (printf "secret/data/%s/redis" (env "NOMAD_JOB_NAME")) }}{{ .Data.data.url }}{{ end }}
//! "#;
//! let scan = vault_client::templates::scan(text);
//! assert_eq!(scan.secrets[0].path, "secret/data/wuffchat/openai");
//! assert_eq!(scan.secrets[0].keys[0].key, "api_key");
//! assert_eq!(scan.secrets[0].kv2("secret").as_deref(), Some("wuffchat/openai"));
//! assert_eq!(
//!     scan.undecided[0].to_string(),
//!     "line 3: the path of `secret` is not known: `env` is known only where the template runs",
//! );
//! ```

mod eval;
mod lex;
mod printf;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Finds the secrets a template reads. All branches of conditions count. Of paths that are put
/// together, those are found that are made of texts in the template, through variables and
/// `printf`; others are reported as undecided.
#[must_use]
pub fn scan(text: &str) -> Scan {
    scan_with(text, "{{", "}}")
}

/// Like [`scan`], for a template with other delimiters, as Nomad's `left_delimiter` and
/// `right_delimiter` set them. Empty ones stand for `{{` and `}}`.
#[must_use]
pub fn scan_with(text: &str, left: &str, right: &str) -> Scan {
    let left = if left.is_empty() { "{{" } else { left };
    let right = if right.is_empty() { "}}" } else { right };
    eval::scan(lex::actions(text, left, right))
}

/// What a template reads.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Scan {
    /// Each use of a secret, in the order of the text.
    pub secrets: Vec<SecretUse>,
    /// What cannot be told from the text alone.
    pub undecided: Vec<Undecided>,
}

impl Scan {
    /// The paths that are read, each once.
    #[must_use]
    pub fn paths(&self) -> BTreeSet<&str> {
        self.reads().map(|secret| secret.path.as_str()).collect()
    }

    /// The keys that are read, by path. A path whose keys are only read all together has none.
    #[must_use]
    pub fn keys(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut keys: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for secret in self.reads() {
            let into = keys.entry(secret.path.clone()).or_default();
            into.extend(secret.keys.iter().map(|field| field.key.clone()));
        }
        keys
    }

    fn reads(&self) -> impl Iterator<Item = &SecretUse> {
        self.secrets.iter().filter(|secret| secret.access == Access::Read)
    }
}

/// A use of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecretUse {
    /// The line, from 1.
    pub line: usize,
    /// The path, without slashes at its ends and without a query.
    pub path: String,
    /// The version that is asked for with `?version=`.
    pub version: Option<u64>,
    /// What is done.
    pub access: Access,
    /// The keys that are read, in the order of the text.
    pub keys: Vec<FieldUse>,
    /// Whether all keys are read together, by a `range`, say.
    pub whole: bool,
}

impl SecretUse {
    /// The secret's path below `mount`, if that is a version 2 mount. `secret/data/a` and
    /// `secret/a` are the same to a template: what runs it adds the `data/` that is missing.
    #[must_use]
    pub fn kv2(&self, mount: &str) -> Option<String> {
        let path = self.kv1(mount)?;
        let bare = path.strip_prefix("data/").unwrap_or(&path);
        Some(bare.to_owned()).filter(|path| !path.is_empty())
    }

    /// The secret's path below `mount`, if that is a version 1 mount.
    #[must_use]
    pub fn kv1(&self, mount: &str) -> Option<String> {
        let rest = self.path.strip_prefix(mount.trim_matches('/'))?.strip_prefix('/')?;
        Some(rest.to_owned()).filter(|path| !path.is_empty())
    }
}

/// What a template does at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// `secret "path"`.
    Read,
    /// `secret "path" "key=value"`, or `pkiCert`.
    Write,
    /// `secrets "path"`.
    List,
}

/// A key of a secret that is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldUse {
    /// The line, from 1.
    pub line: usize,
    /// The key.
    pub key: String,
    /// The version of KV that the text is written for.
    pub kv: KvVersion,
}

/// A version of the KV engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KvVersion {
    /// `.Data.key`; also what engines other than KV answer.
    V1,
    /// `.Data.data.key`.
    V2,
}

/// What cannot be told from a template alone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undecided {
    /// The line, from 1.
    pub line: usize,
    /// What is not known.
    pub what: String,
    /// Why.
    pub why: String,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {} is not known: {}", self.line, self.what, self.why)
    }
}
