//! What a policy consists of.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;

client_core::open_enum! {
    /// What may be done at a path.
    pub enum Capability {
        /// Creating what is not there.
        Create = "create",
        /// Reading.
        Read = "read",
        /// Changing what is there; also most things that are done by POST.
        Update = "update",
        /// Changing a part of what is there.
        Patch = "patch",
        /// Deleting.
        Delete = "delete",
        /// Listing names.
        List = "list",
        /// Listing names of all folders at once (OpenBao).
        Scan = "scan",
        /// Paths that only root may use otherwise.
        Sudo = "sudo",
        /// Nothing at all, whatever other rules say.
        Deny = "deny",
        /// Using an event's data (Enterprise).
        Subscribe = "subscribe",
        /// Recovering from a snapshot (Enterprise).
        Recover = "recover",
        /// Everything: what a root token is told.
        Root = "root",
    }
}

/// A policy: what may be done at which paths. Everything else may not.
///
/// ```
/// use vault_client::policy::{Capability, PathRule, Policy};
/// let policy = Policy::new()
///     .rule(PathRule::new("secret/data/wuffchat/*", [Capability::Read]).comment("its own secrets"))
///     .rule(PathRule::new("secret/data/wuffchat/root", [Capability::Deny]));
/// assert!(policy.to_hcl().contains("path \"secret/data/wuffchat/*\" {"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Its rules, one a path.
    pub rules: Vec<PathRule>,
}

impl Policy {
    /// A policy that allows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule.
    #[must_use]
    pub fn rule(mut self, rule: PathRule) -> Self {
        self.rules.push(rule);
        self
    }

    /// Allows `capabilities` at `path`.
    #[must_use]
    pub fn allow(self, path: impl Into<String>, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        self.rule(PathRule::new(path, capabilities))
    }
}

impl FromIterator<PathRule> for Policy {
    fn from_iter<I: IntoIterator<Item = PathRule>>(rules: I) -> Self {
        Self { rules: rules.into_iter().collect() }
    }
}

/// What may be done at a path.
///
/// A path may end in `*`, which stands for anything, have segments that are `+`, which stand for
/// any one segment, and have templates such as `{{identity.entity.name}}`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PathRule {
    /// The path.
    #[serde(skip)]
    pub path: String,
    /// What may be done.
    pub capabilities: Vec<Capability>,
    /// Why; a comment in HCL, nothing in JSON.
    #[serde(skip)]
    pub comment: String,
    /// Parameters that may be given, and their values; an empty list for any value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub allowed_parameters: BTreeMap<String, Vec<Value>>,
    /// Parameters that may not be given, and their values; an empty list for any value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub denied_parameters: BTreeMap<String, Vec<Value>>,
    /// Parameters that have to be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required_parameters: Vec<String>,
    /// The shortest life of a wrapping token; answers have to be wrapped.
    #[serde(default, with = "client_core::time::go::option", skip_serializing_if = "Option::is_none")]
    pub min_wrapping_ttl: Option<Duration>,
    /// The longest life of a wrapping token; answers have to be wrapped.
    #[serde(default, with = "client_core::time::go::option", skip_serializing_if = "Option::is_none")]
    pub max_wrapping_ttl: Option<Duration>,
    /// When the rule stops counting (OpenBao).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiration: Option<Timestamp>,
    /// What else it has that says nothing about who may do what: `mfa_methods`, `control_group`,
    /// `subscribe_event_types` (Enterprise), `pagination_limit` (OpenBao), ….
    #[serde(flatten)]
    pub extra: Extra,
}

impl PathRule {
    /// Allows `capabilities` at `path`.
    #[must_use]
    pub fn new(path: impl Into<String>, capabilities: impl IntoIterator<Item = Capability>) -> Self {
        Self { path: path.into(), capabilities: capabilities.into_iter().collect(), ..Self::default() }
    }

    /// Says why.
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Self {
        self.comment = text.into();
        self
    }

    /// Allows a parameter with these values; none for any value. Once one parameter is allowed,
    /// all others are not, but for those under `*`.
    #[must_use]
    pub fn allow_parameter(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        self.allowed_parameters.insert(name.into(), values.into_iter().collect());
        self
    }

    /// Refuses a parameter with these values; none for any value.
    #[must_use]
    pub fn deny_parameter(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = Value>,
    ) -> Self {
        self.denied_parameters.insert(name.into(), values.into_iter().collect());
        self
    }

    /// Insists on a parameter.
    #[must_use]
    pub fn require_parameter(mut self, name: impl Into<String>) -> Self {
        self.required_parameters.push(name.into());
        self
    }

    /// Ends the rule at a time (OpenBao).
    #[must_use]
    pub fn expiration(mut self, time: Timestamp) -> Self {
        self.expiration = Some(time);
        self
    }

    /// Insists on answers being wrapped, for between `min` and `max`.
    #[must_use]
    pub fn wrapped(mut self, min: Duration, max: Duration) -> Self {
        self.min_wrapping_ttl = Some(min);
        self.max_wrapping_ttl = Some(max);
        self
    }
}
