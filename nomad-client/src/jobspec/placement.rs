//! Where a job may and should run.

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::wire::enums;

client_core::open_enum! {
    /// How a [`Constraint`] or an [`Affinity`] compares.
    pub enum Operator {
        /// Equal.
        Equal = "=",
        /// Not equal.
        NotEqual = "!=",
        /// Greater, as numbers or else as texts.
        Greater = ">",
        /// Greater or equal.
        GreaterOrEqual = ">=",
        /// Less.
        Less = "<",
        /// Less or equal.
        LessOrEqual = "<=",
        /// Every allocation on another client.
        DistinctHosts = "distinct_hosts",
        /// At most so many allocations per value of an attribute.
        DistinctProperty = "distinct_property",
        /// A regular expression matches.
        Regexp = "regexp",
        /// A comma-separated set contains all of these values.
        SetContains = "set_contains",
        /// The same.
        SetContainsAll = "set_contains_all",
        /// A comma-separated set contains one of these values.
        SetContainsAny = "set_contains_any",
        /// A version constraint such as `>= 1.2, < 2`.
        Version = "version",
        /// A constraint by the rules of Semver 2.0.
        Semver = "semver",
        /// The attribute exists.
        IsSet = "is_set",
        /// The attribute does not exist.
        IsNotSet = "is_not_set",
    }
}

enums!(Operator);

/// Clients that may be used at all.
/// [constraint](https://developer.hashicorp.com/nomad/docs/job-specification/constraint)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Constraint {
    /// What is compared, such as `${attr.kernel.name}`.
    #[wire(name = "LTarget")]
    #[hcl(zero)]
    pub attribute: Option<String>,
    /// How it is compared; `=` if unset.
    #[wire(name = "Operand")]
    #[hcl(zero)]
    pub operator: Option<Operator>,
    /// What it is compared with.
    #[wire(name = "RTarget")]
    #[hcl(zero)]
    pub value: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Clients that are preferred, or avoided if the weight is negative.
/// [affinity](https://developer.hashicorp.com/nomad/docs/job-specification/affinity)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Affinity {
    /// What is compared, such as `${node.datacenter}`.
    #[wire(name = "LTarget")]
    #[hcl(zero)]
    pub attribute: Option<String>,
    /// How it is compared; `=` if unset.
    #[wire(name = "Operand")]
    #[hcl(zero)]
    pub operator: Option<Operator>,
    /// What it is compared with.
    #[wire(name = "RTarget")]
    #[hcl(zero)]
    pub value: Option<String>,
    /// From -100 (avoid) to 100 (prefer); 50 if unset.
    pub weight: Option<i64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Distributes allocations over the values of an attribute.
/// [spread](https://developer.hashicorp.com/nomad/docs/job-specification/spread)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Spread {
    /// The attribute, such as `${node.datacenter}`.
    #[hcl(zero)]
    pub attribute: Option<String>,
    /// How much this spread counts against others, from 0 to 100; 50 if unset.
    pub weight: Option<i64>,
    /// How many percent each value should get; evenly if there are none.
    #[wire(name = "SpreadTarget")]
    #[hcl(block = "target")]
    pub targets: Vec<SpreadTarget>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The share of one value of a [`Spread`].
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct SpreadTarget {
    /// The value.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub value: String,
    /// How many percent of the allocations.
    #[hcl(zero)]
    pub percent: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Constraint {
    /// `attribute operator value`.
    #[must_use]
    pub fn new(
        attribute: impl Into<String>,
        operator: impl Into<Operator>,
        value: impl Into<String>,
    ) -> Self {
        Self::default().attribute(attribute).operator(operator).value(value)
    }

    /// Every allocation on another client.
    #[must_use]
    pub fn distinct_hosts() -> Self {
        Self::default().operator(Operator::DistinctHosts).value("true")
    }

    /// At most one allocation per value of this attribute; [`value`](Self::value) allows more.
    #[must_use]
    pub fn distinct_property(attribute: impl Into<String>) -> Self {
        Self::default().operator(Operator::DistinctProperty).attribute(attribute)
    }
}

impl Affinity {
    /// Prefers clients for which `attribute operator value`.
    #[must_use]
    pub fn new(
        attribute: impl Into<String>,
        operator: impl Into<Operator>,
        value: impl Into<String>,
    ) -> Self {
        Self::default().attribute(attribute).operator(operator).value(value)
    }
}

impl Spread {
    /// Spreads evenly over the values of `attribute`.
    #[must_use]
    pub fn over(attribute: impl Into<String>) -> Self {
        Self::default().attribute(attribute)
    }

    /// Gives one value its share in percent.
    #[must_use]
    pub fn target(mut self, value: impl Into<String>, percent: u64) -> Self {
        self.targets.push(SpreadTarget {
            value: value.into(),
            percent: Some(percent),
            ..SpreadTarget::default()
        });
        self
    }
}
