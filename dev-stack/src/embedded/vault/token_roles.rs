//! Roles of `auth/token`: what tokens created through them may and must be.

use serde_json::{Value, json};

use super::request::{Failure, Request, TokenSettings};
use super::value::{Object, glob};

/// A token role.
#[derive(Clone, Debug)]
pub(crate) struct TokenRole {
    pub(crate) allowed_policies: Vec<String>,
    pub(crate) allowed_policies_glob: Vec<String>,
    pub(crate) disallowed_policies: Vec<String>,
    pub(crate) disallowed_policies_glob: Vec<String>,
    allowed_entity_aliases: Vec<String>,
    pub(crate) orphan: bool,
    pub(crate) path_suffix: String,
    pub(crate) renewable: bool,
    pub(crate) settings: TokenSettings,
}

impl Default for TokenRole {
    fn default() -> Self {
        Self {
            allowed_policies: Vec::new(),
            allowed_policies_glob: Vec::new(),
            disallowed_policies: Vec::new(),
            disallowed_policies_glob: Vec::new(),
            allowed_entity_aliases: Vec::new(),
            orphan: false,
            path_suffix: String::new(),
            renewable: true,
            settings: TokenSettings { kind: "default-service".into(), ..TokenSettings::default() },
        }
    }
}

impl TokenRole {
    /// Takes over the fields a request has.
    pub(crate) fn update(&mut self, request: &Request) -> Result<(), Failure> {
        for (name, slot) in [
            ("allowed_policies", &mut self.allowed_policies),
            ("allowed_policies_glob", &mut self.allowed_policies_glob),
            ("disallowed_policies", &mut self.disallowed_policies),
            ("disallowed_policies_glob", &mut self.disallowed_policies_glob),
            ("allowed_entity_aliases", &mut self.allowed_entity_aliases),
        ] {
            if let Some(values) = request.strings(name) {
                *slot = values;
            }
        }
        self.orphan = request.bool("orphan", self.orphan)?;
        self.renewable = request.bool("renewable", self.renewable)?;
        if request.has("path_suffix") {
            let suffix = request.text("path_suffix");
            if !suffix.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@')) {
                return Err(Failure::bad(format!(
                    "given role path suffix contains invalid characters; must match {}",
                    "\\w[\\w-]+\\w"
                )));
            }
            self.path_suffix = suffix;
        }
        if let Some(ttl) = request.seconds("explicit_max_ttl")? {
            self.settings.explicit_max_ttl = ttl;
        }
        self.settings.update(request)
    }

    pub(crate) fn show(&self, name: &str) -> Object {
        let aliases = &self.allowed_entity_aliases;
        let mut data = Object::new();
        let fields = [
            ("allowed_entity_aliases", if aliases.is_empty() { Value::Null } else { json!(aliases) }),
            ("allowed_policies", json!(self.allowed_policies)),
            ("allowed_policies_glob", json!(self.allowed_policies_glob)),
            ("disallowed_policies", json!(self.disallowed_policies)),
            ("disallowed_policies_glob", json!(self.disallowed_policies_glob)),
            ("explicit_max_ttl", json!(self.settings.explicit_max_ttl)),
            ("name", json!(name)),
            ("orphan", json!(self.orphan)),
            ("path_suffix", json!(self.path_suffix)),
            ("period", json!(self.settings.period)),
            ("renewable", json!(self.renewable)),
            ("token_explicit_max_ttl", json!(self.settings.explicit_max_ttl)),
            ("token_no_default_policy", json!(self.settings.no_default_policy)),
            ("token_period", json!(self.settings.period)),
            ("token_type", json!(self.settings.kind)),
        ];
        data.extend(fields.map(|(k, v)| (k.to_owned(), v)));
        if !self.settings.bound_cidrs.is_empty() {
            data.insert("token_bound_cidrs".into(), json!(self.settings.bound_cidrs));
        }
        if self.settings.num_uses > 0 {
            data.insert("token_num_uses".into(), json!(self.settings.num_uses));
        }
        data
    }

    /// Whether the role restricts to a list of policies.
    pub(crate) fn allows_listed(&self) -> bool {
        !self.allowed_policies.is_empty() || !self.allowed_policies_glob.is_empty()
    }

    /// Holds policies against the role's lists.
    pub(crate) fn check(&self, policies: &[String]) -> Result<(), Failure> {
        let listed = |policy: &String, names: &[String], globs: &[String]| {
            names.contains(policy) || globs.iter().any(|g| glob(g, policy))
        };
        if self.allows_listed() {
            let ok = |p: &&String| {
                p.as_str() == "default" || listed(p, &self.allowed_policies, &self.allowed_policies_glob)
            };
            if policies.iter().any(|p| !ok(&p)) {
                return Err(Failure::bad(format!(
                    "token policies ({}) must be subset of the role's allowed policies ({}) or glob policies ({})",
                    go_list(policies),
                    go_list(&self.allowed_policies),
                    go_list(&self.allowed_policies_glob),
                )));
            }
        }
        let denied =
            policies.iter().find(|p| listed(p, &self.disallowed_policies, &self.disallowed_policies_glob));
        denied.map_or(Ok(()), |p| Err(Failure::bad(format!("token policy {p:?} is disallowed by this role"))))
    }
}

/// A Go `%q` of a slice.
fn go_list(items: &[String]) -> String {
    let quoted: Vec<String> = items.iter().map(|i| format!("{i:?}")).collect();
    format!("[{}]", quoted.join(" "))
}
