//! What Nomad and the autoscaler have against a policy, in their words.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::form::Stored;
use super::meaning::{meaning, read_checks};
use crate::jobspec::{Scaling, ScalingType};

/// Who refuses a policy, in the order in which they see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Nomad does not register the job.
    Register,
    /// The autoscaler does not read the policy.
    Form,
    /// The autoscaler reads the policy and does not take it.
    Meaning,
    /// The autoscaler lacks a plugin that the policy needs.
    Plugins,
}

/// Something that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Who refuses it.
    pub by: Refusal,
    /// Why, in the words of Nomad or the autoscaler.
    pub text: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What an autoscaler has: by default, what it has without any settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AutoscalerPlugins {
    apms: BTreeSet<String>,
    strategies: BTreeSet<String>,
}

impl Default for AutoscalerPlugins {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Self {
            apms: names(&["nomad-apm"]),
            strategies: names(&["fixed-value", "pass-through", "target-value", "threshold"]),
        }
    }
}

impl AutoscalerPlugins {
    /// With a source of metrics, such as `prometheus`.
    #[must_use]
    pub fn apm(mut self, name: impl Into<String>) -> Self {
        self.apms.insert(name.into());
        self
    }

    /// With a strategy.
    #[must_use]
    pub fn strategy(mut self, name: impl Into<String>) -> Self {
        self.strategies.insert(name.into());
        self
    }

    pub(super) fn has_apm(&self, name: &str) -> bool {
        self.apms.contains(name)
    }
}

/// Everything that would be refused on the way of a group's policy, which has `count` instances.
///
/// The autoscaler's rules are asked one after the other as it does: those on the meaning where the
/// form is right, those on plugins where the meaning is.
#[must_use]
pub fn validate(scaling: &Scaling, count: Option<u64>, plugins: &AutoscalerPlugins) -> Vec<Violation> {
    let mut found = at_register(scaling, count);
    found.extend(at_autoscaler(&Stored::from(scaling), plugins));
    found
}

/// Everything that the autoscaler would refuse of a policy as Nomad has it: what
/// [`GET /v1/scaling/policy/:policy_id`](https://developer.hashicorp.com/nomad/api-docs/scaling-policies#read-scaling-policy)
/// answers. Rules are asked as [`validate`] does.
#[must_use]
pub fn validate_stored(policy: &Value, plugins: &AutoscalerPlugins) -> Vec<Violation> {
    match policy {
        Value::Object(policy) => at_autoscaler(&Stored::read(policy), plugins),
        _ => vec![Violation { by: Refusal::Form, text: NO_POLICY.to_owned() }],
    }
}

const NO_POLICY: &str = "ScalingPolicy is empty, this policy won't execute any verification or scaling and should have enabled set to false";

fn at_autoscaler(policy: &Stored, plugins: &AutoscalerPlugins) -> Vec<Violation> {
    refusals(policy).err().unwrap_or_else(|| lacking(policy, plugins))
}

/// What the autoscaler says before it looks for plugins.
pub(super) fn refusals(policy: &Stored) -> Result<(), Vec<Violation>> {
    for violations in [policy.form(), meaning(policy)] {
        if !violations.is_empty() {
            return Err(violations);
        }
    }
    Ok(())
}

/// Collects texts of one stage.
pub(super) struct Found(pub(super) Refusal, pub(super) Vec<Violation>);

impl Found {
    pub(super) fn say(&mut self, text: impl Into<String>) {
        self.1.push(Violation { by: self.0, text: text.into() });
    }
}

/// What Nomad says when the job is registered.
fn at_register(scaling: &Scaling, count: Option<u64>) -> Vec<Violation> {
    let mut found = Found(Refusal::Register, Vec::new());
    match &scaling.kind {
        None | Some(ScalingType::Horizontal) => {}
        Some(kind) if kind.as_str().is_empty() => found.say("missing scaling policy type"),
        Some(kind) => found.say(format!("scaling policy type \"{kind}\" is not valid")),
    }
    let Some(max) = scaling.most() else {
        found.say("maximum count must be specified and non-negative");
        return found.1;
    };
    // Nomad fills in what is unset.
    let count = count.unwrap_or(scaling.min.unwrap_or(1));
    let min = scaling.min.unwrap_or(count);
    if min > max {
        found.say("maximum count must not be less than minimum count");
    }
    if count > max {
        found.say("task group count must not be greater than maximum count in scaling policy");
    }
    if count < min {
        found.say("task group count must not be less than minimum count in scaling policy");
    }
    found.1
}

/// What the autoscaler says where it lacks a plugin.
fn lacking(policy: &Stored, plugins: &AutoscalerPlugins) -> Vec<Violation> {
    let mut found = Found(Refusal::Plugins, Vec::new());
    for check in read_checks(policy) {
        let strategy = check.strategy.unwrap_or_default();
        if !plugins.strategies.contains(strategy) {
            found.say(format!(
                "failed to get strategy {strategy}: strategy plugin \"{strategy}\" not initialized"
            ));
        } else if strategy != "fixed-value" {
            let source = check.body.get("source").and_then(Value::as_str).filter(|text| !text.is_empty());
            let source = source.unwrap_or("nomad-apm");
            if !plugins.has_apm(source) {
                found.say(format!(
                    "failed to get APM for strategy {strategy}: apm plugin \"{source}\" not initialized"
                ));
            }
        }
    }
    found.1
}
