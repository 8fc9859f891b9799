//! Several policies together: what a token that has them may do.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Map, Value};

use super::matching::Patterns;
use super::{
    AccessRequest, Capability, DecidingRule, Decision, Identity, Operation, PathRule, Policy, Reason,
    TemplateError, parameters, template,
};

/// Decides what a token with certain policies may do, as a server would, without one.
///
/// The policies are those given: a token usually has `default` besides its own, and those of its
/// entity and groups. Paths are taken as they are, so in a namespace both policies and requests
/// have paths relative to it.
///
/// ```
/// use vault_client::policy::{AclEvaluator, Capability, Operation, Policy};
///
/// let reader = Policy::new().allow("secret/data/+/api", [Capability::Read]);
/// let admin = Policy::new().allow("secret/*", [Capability::Read, Capability::Update]);
/// let acl = AclEvaluator::new([("reader", reader), ("admin", admin)]);
/// // The rule with the longer fixed beginning decides alone; rules of other paths add nothing.
/// let decision = acl.allows(Operation::Update, "secret/data/web/api", &Default::default());
/// assert!(!decision.allowed);
/// assert_eq!(decision.to_string(), "`update` is not given by `secret/data/+/api` of policy `reader`");
/// ```
#[derive(Debug, Clone, Default)]
pub struct AclEvaluator {
    root: bool,
    patterns: Patterns<Permissions>,
    dropped: Vec<DroppedRule>,
}

/// A rule that does not count, since its path cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DroppedRule {
    /// The policy it is in.
    pub policy: String,
    /// Its path.
    pub path: String,
    /// Why it does not count; `None` if it has expired.
    pub why: Option<TemplateError>,
}

/// What the rules for one path give together.
#[derive(Debug, Clone, Default)]
struct Permissions {
    path: String,
    capabilities: BTreeSet<Capability>,
    /// Which policy gives which.
    sources: Vec<(String, BTreeSet<Capability>)>,
    allowed: BTreeMap<String, Vec<Value>>,
    denied: BTreeMap<String, Vec<Value>>,
    required: Vec<String>,
    min_wrapping: Option<Duration>,
    max_wrapping: Option<Duration>,
}

impl AclEvaluator {
    /// Puts policies together, each with its name; `root` allows everything. Rules with templates
    /// do not count: there is nobody to fill them with.
    pub fn new<N: Into<String>>(policies: impl IntoIterator<Item = (N, Policy)>) -> Self {
        Self::for_identity(policies, &Identity::new())
    }

    /// Puts policies together and fills their templates. Rules whose templates have no value do
    /// not count, as on a server; [`dropped`](Self::dropped) lists them.
    pub fn for_identity<N: Into<String>>(
        policies: impl IntoIterator<Item = (N, Policy)>,
        identity: &Identity,
    ) -> Self {
        let mut acl = Self::default();
        for (name, policy) in policies {
            let name = name.into();
            acl.root |= name == "root";
            for rule in &policy.rules {
                if let Err(why) = acl.add(&name, rule, identity) {
                    acl.dropped.push(DroppedRule { policy: name.clone(), path: rule.path.clone(), why });
                }
            }
        }
        acl
    }

    fn add(
        &mut self,
        policy: &str,
        rule: &PathRule,
        identity: &Identity,
    ) -> Result<(), Option<TemplateError>> {
        if let (Some(end), Some(now)) = (rule.expiration, identity.time)
            && end < now
        {
            return Err(None);
        }
        let path = template::fill(&rule.path, identity)?;
        if path.contains("+*") {
            return Err(Some(TemplateError::NoPath { path }));
        }
        match self.patterns.place(&path) {
            Entry::Vacant(place) => {
                place.insert(Permissions::of(policy, rule));
            }
            Entry::Occupied(mut place) => place.get_mut().merge(Permissions::of(policy, rule)),
        }
        Ok(())
    }

    /// Rules that do not count.
    #[must_use]
    pub fn dropped(&self) -> &[DroppedRule] {
        &self.dropped
    }

    /// What may be done at a path, as `sys/capabilities` answers it: sorted by name, `deny` alone
    /// where nothing may be done, `root` alone for root.
    #[must_use]
    pub fn capabilities(&self, path: &str) -> Vec<Capability> {
        if self.root {
            return vec![Capability::Root];
        }
        let found = self.patterns.find(path, true);
        let mut capabilities: Vec<Capability> =
            found.map(|permissions| permissions.capabilities.iter().cloned().collect()).unwrap_or_default();
        if capabilities.is_empty() || capabilities.contains(&Capability::Deny) {
            return vec![Capability::Deny];
        }
        capabilities.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        capabilities
    }

    /// Whether something may be done at a path with these parameters, and which rule says so.
    /// [`decide`](Self::decide) also takes wrapping into account.
    #[must_use]
    pub fn allows(&self, operation: Operation, path: &str, parameters: &Map<String, Value>) -> Decision {
        self.decide(&AccessRequest::new(operation, path).parameters(parameters))
    }

    /// Whether a request is allowed, and which rule says so.
    #[must_use]
    pub fn decide(&self, request: &AccessRequest<'_>) -> Decision {
        if self.root {
            return Decision { allowed: true, reason: Reason::Root, rule: None };
        }
        let list = request.operation == Operation::List;
        let Some(permissions) = self.patterns.find(&request.full_path(), list) else {
            return Decision { allowed: false, reason: Reason::NoRule, rule: None };
        };
        let reason = permissions.decide(request);
        let rule = Some(permissions.deciding(&reason, &request.operation.capability()));
        Decision { allowed: reason.allows(), reason, rule }
    }
}

impl Permissions {
    fn of(policy: &str, rule: &PathRule) -> Self {
        let path = rule.path.clone();
        if rule.capabilities.contains(&Capability::Deny) {
            let capabilities = BTreeSet::from([Capability::Deny]);
            let sources = vec![(policy.to_owned(), capabilities.clone())];
            return Self { path, capabilities, sources, ..Self::default() };
        }
        let capabilities: BTreeSet<_> = rule.capabilities.iter().cloned().collect();
        Self {
            path,
            sources: vec![(policy.to_owned(), capabilities.clone())],
            capabilities,
            allowed: parameters::lowered(&rule.allowed_parameters),
            denied: parameters::lowered(&rule.denied_parameters),
            required: rule.required_parameters.clone(),
            min_wrapping: rule.min_wrapping_ttl.filter(|ttl| !ttl.is_zero()),
            max_wrapping: rule.max_wrapping_ttl.filter(|ttl| !ttl.is_zero()),
        }
    }

    fn denies(&self) -> bool {
        self.capabilities.contains(&Capability::Deny)
    }

    /// Adds a rule for the same path. `deny` wins; of two wrapping lives the shorter counts.
    fn merge(&mut self, mut more: Self) {
        self.sources.append(&mut more.sources);
        if self.denies() || more.denies() {
            self.capabilities = BTreeSet::from([Capability::Deny]);
            return;
        }
        self.capabilities.append(&mut more.capabilities);
        parameters::merge(&mut self.allowed, &more.allowed);
        parameters::merge(&mut self.denied, &more.denied);
        for name in more.required {
            if !self.required.contains(&name) {
                self.required.push(name);
            }
        }
        let shorter = |a: Option<Duration>, b: Option<Duration>| a.into_iter().chain(b).min();
        self.min_wrapping = shorter(self.min_wrapping, more.min_wrapping);
        self.max_wrapping = shorter(self.max_wrapping, more.max_wrapping);
    }

    fn decide(&self, request: &AccessRequest<'_>) -> Reason {
        let wanted = request.operation.capability();
        if self.denies() {
            return Reason::Denied;
        }
        if !self.capabilities.contains(&wanted) {
            return Reason::MissingCapability(wanted);
        }
        if let Some(reason) = self.wrapping(request.wrap_ttl) {
            return reason;
        }
        if request.operation.has_parameters() {
            let none = Map::new();
            let given = request.parameters.unwrap_or(&none);
            if let Some(reason) = parameters::refusal(&self.required, &self.denied, &self.allowed, given) {
                return reason;
            }
        }
        if request.sudo && !self.capabilities.contains(&Capability::Sudo) {
            return Reason::NeedsSudo;
        }
        Reason::Granted
    }

    fn wrapping(&self, ttl: Option<Duration>) -> Option<Reason> {
        let (min, max) = (self.min_wrapping, self.max_wrapping);
        if min.is_none() && max.is_none() {
            return None;
        }
        let Some(ttl) = ttl else { return Some(Reason::WrappingRequired) };
        if let (Some(min), Some(max)) = (min, max)
            && max < min
        {
            return Some(Reason::WrappingImpossible);
        }
        if let Some(max) = max.filter(|max| ttl > *max) {
            return Some(Reason::WrappingTooLong(max));
        }
        min.filter(|min| ttl < *min).map(Reason::WrappingTooShort)
    }

    fn deciding(&self, reason: &Reason, wanted: &Capability) -> DecidingRule {
        let decides = |capabilities: &BTreeSet<Capability>| match reason {
            Reason::Denied => capabilities.contains(&Capability::Deny),
            Reason::MissingCapability(_) | Reason::NeedsSudo => true,
            _ => capabilities.contains(wanted),
        };
        let mut policies = Vec::new();
        for (policy, _) in self.sources.iter().filter(|(_, capabilities)| decides(capabilities)) {
            if !policies.contains(policy) {
                policies.push(policy.clone());
            }
        }
        DecidingRule { path: self.path.clone(), policies }
    }
}
