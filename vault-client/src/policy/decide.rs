//! Decisions and their reasons.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::Capability;

/// What is done at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// A write where nothing is yet, at paths that tell (`secret/data/…` does); at others writes
    /// are updates.
    Create,
    /// `GET`.
    Read,
    /// `POST` or `PUT`.
    Update,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// `LIST`; the path gets a slash at its end, as servers give it one.
    List,
}

impl Operation {
    /// The capability it needs.
    #[must_use]
    pub fn capability(self) -> Capability {
        match self {
            Self::Create => Capability::Create,
            Self::Read => Capability::Read,
            Self::Update => Capability::Update,
            Self::Patch => Capability::Patch,
            Self::Delete => Capability::Delete,
            Self::List => Capability::List,
        }
    }

    /// Whether servers look at its parameters.
    pub(super) fn has_parameters(self) -> bool {
        !matches!(self, Self::Delete | Self::List)
    }
}

/// A request to decide about.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AccessRequest<'a> {
    /// What is done.
    pub operation: Operation,
    /// Where, without `/v1/`.
    pub path: &'a str,
    /// The fields of the body, or of the query for a read.
    pub parameters: Option<&'a Map<String, Value>>,
    /// For how long the answer is to be wrapped.
    pub wrap_ttl: Option<Duration>,
    /// Whether the path is one that only root and `sudo` may use. From [`needs_sudo`] unless set.
    ///
    /// [`needs_sudo`]: super::needs_sudo
    pub sudo: bool,
}

impl<'a> AccessRequest<'a> {
    /// A request without parameters.
    #[must_use]
    pub fn new(operation: Operation, path: &'a str) -> Self {
        let request = Self { operation, path, parameters: None, wrap_ttl: None, sudo: false };
        let sudo = super::needs_sudo(&request.full_path());
        request.sudo(sudo)
    }

    /// The path as servers see it: that of a list ends in a slash.
    pub(super) fn full_path(&self) -> Cow<'a, str> {
        if self.operation == Operation::List && !self.path.ends_with('/') {
            return Cow::Owned(format!("{}/", self.path));
        }
        Cow::Borrowed(self.path)
    }

    /// Sets the fields of the body.
    #[must_use]
    pub fn parameters(mut self, parameters: &'a Map<String, Value>) -> Self {
        self.parameters = Some(parameters);
        self
    }

    /// Asks for a wrapped answer.
    #[must_use]
    pub fn wrap(mut self, ttl: Duration) -> Self {
        self.wrap_ttl = Some(ttl);
        self
    }

    /// Says whether only root and `sudo` may use the path.
    #[must_use]
    pub fn sudo(mut self, needed: bool) -> Self {
        self.sudo = needed;
        self
    }
}

/// Whether a request is allowed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Decision {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why.
    pub reason: Reason,
    /// The rule that decided; `None` for root and where none matches.
    pub rule: Option<DecidingRule>,
}

/// The rule that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecidingRule {
    /// Its path, as the policy has it.
    pub path: String,
    /// The policies that decided: those that give the capability, that deny, or, where it is
    /// missing, all that have a rule for this path.
    pub policies: Vec<String>,
}

/// Why a request is allowed or not.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A rule has the capability.
    Granted,
    /// Root may do everything.
    Root,
    /// No rule's path matches.
    NoRule,
    /// A rule denies.
    Denied,
    /// The rule lacks a capability.
    MissingCapability(Capability),
    /// The path needs `sudo`, and the rule lacks it.
    NeedsSudo,
    /// The answer has to be wrapped.
    WrappingRequired,
    /// The answer has to be wrapped for at least this long.
    WrappingTooShort(Duration),
    /// The answer must not be wrapped for longer than this.
    WrappingTooLong(Duration),
    /// Rules that were merged leave no life that a wrapping token could have.
    WrappingImpossible,
    /// A parameter has to be given.
    MissingParameter(String),
    /// A parameter, or its value, is denied.
    DeniedParameter(String),
    /// A parameter, or its value, is not among those that are allowed.
    ParameterNotAllowed(String),
}

impl Reason {
    pub(super) fn allows(&self) -> bool {
        matches!(self, Self::Granted | Self::Root)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Granted => f.write_str("allowed"),
            Self::Root => f.write_str("allowed: root may do everything"),
            Self::NoRule => f.write_str("no rule matches"),
            Self::Denied => f.write_str("denied"),
            Self::MissingCapability(capability) => write!(f, "`{capability}` is not given"),
            Self::NeedsSudo => f.write_str("`sudo` is needed and not given"),
            Self::WrappingRequired => f.write_str("the answer has to be wrapped"),
            Self::WrappingTooShort(min) => write!(f, "the answer has to be wrapped for at least {min:?}"),
            Self::WrappingTooLong(max) => write!(f, "the answer may be wrapped for at most {max:?}"),
            Self::WrappingImpossible => f.write_str("no wrapping is both long and short enough"),
            Self::MissingParameter(name) => write!(f, "the parameter `{name}` is required"),
            Self::DeniedParameter(name) => write!(f, "the parameter `{name}` is denied"),
            Self::ParameterNotAllowed(name) => write!(f, "the parameter `{name}` is not allowed"),
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        let Some(rule) = &self.rule else { return Ok(()) };
        let policies: Vec<String> = rule.policies.iter().map(|name| format!("`{name}`")).collect();
        let word = if policies.len() == 1 { "policy" } else { "policies" };
        write!(f, " by `{}` of {word} {}", rule.path, policies.join(", "))
    }
}
