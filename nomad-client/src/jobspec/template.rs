//! Files that a task finds when it starts.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

use super::ChangeMode;
use super::wire::enums;

client_core::open_enum! {
    /// What an artifact is unpacked to.
    pub enum ArtifactMode {
        /// A file or a directory, whatever it is.
        Any = "any",
        /// A file.
        File = "file",
        /// A directory.
        Dir = "dir",
    }
}

enums!(ArtifactMode);

/// A file that is rendered from Vault, Consul and Nomad, again whenever something changes.
/// [template](https://developer.hashicorp.com/nomad/docs/job-specification/template)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Template {
    /// Where the file goes, relative to the task's directory.
    #[wire(name = "DestPath")]
    pub destination: Option<String>,
    /// The template itself.
    #[wire(name = "EmbeddedTmpl")]
    pub data: Option<String>,
    /// The template's path on the client; instead of `data`.
    #[wire(name = "SourcePath")]
    pub source: Option<String>,
    /// Whether the lines `KEY=value` become environment variables.
    #[wire(name = "Envvars")]
    pub env: Option<bool>,
    /// What happens on a change; restart if unset.
    pub change_mode: Option<ChangeMode>,
    /// The signal for [`ChangeMode::Signal`].
    pub change_signal: Option<String>,
    /// The script for [`ChangeMode::Script`].
    #[hcl(block)]
    pub change_script: Option<ChangeScript>,
    /// Whether it is rendered once and not watched.
    pub once: Option<bool>,
    /// A random pause up to this before a change takes effect; 5 s if unset.
    #[wire(with = client_core::time::nanos::option)]
    pub splay: Option<Duration>,
    /// Octal permissions; `0644` if unset.
    pub perms: Option<String>,
    /// The file's owner.
    pub uid: Option<i64>,
    /// The file's group.
    pub gid: Option<i64>,
    /// What opens an action; `{{` if unset.
    #[wire(name = "LeftDelim")]
    pub left_delimiter: Option<String>,
    /// What closes an action; `}}` if unset.
    #[wire(name = "RightDelim")]
    pub right_delimiter: Option<String>,
    /// Not used any more.
    #[wire(with = client_core::time::nanos::option)]
    pub vault_grace: Option<Duration>,
    /// How long changes are collected.
    #[hcl(block)]
    pub wait: Option<Wait>,
    /// Whether a missing key is an error.
    #[wire(name = "ErrMissingKey")]
    pub error_on_missing_key: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// How long the changes of a template are collected.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Wait {
    /// A change waits at least this long for more.
    #[wire(with = client_core::time::nanos::option)]
    #[hcl(required)]
    pub min: Option<Duration>,
    /// And at most this long.
    #[wire(with = client_core::time::nanos::option)]
    #[hcl(required)]
    pub max: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What runs in the task when a template has changed.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ChangeScript {
    /// The program.
    #[hcl(required)]
    pub command: Option<String>,
    /// Its arguments.
    #[set(one = "arg")]
    pub args: Vec<String>,
    /// How long it may take; 5 s if unset.
    #[wire(with = client_core::time::nanos::option)]
    pub timeout: Option<Duration>,
    /// Whether the task is killed if it fails.
    #[hcl(or_false)]
    pub fail_on_error: Option<bool>,
    /// Whether it also runs after the first rendering.
    pub run_on_first_render: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A file or archive that is fetched before the task starts.
/// [artifact](https://developer.hashicorp.com/nomad/docs/job-specification/artifact)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Artifact {
    /// Its address, as go-getter understands it.
    #[wire(name = "GetterSource")]
    pub source: Option<String>,
    /// Where it goes, relative to the task's directory; `local/` if unset.
    #[wire(name = "RelativeDest")]
    pub destination: Option<String>,
    /// What it is unpacked to.
    #[wire(name = "GetterMode")]
    pub mode: Option<ArtifactMode>,
    /// Options of go-getter, such as `checksum`.
    #[wire(name = "GetterOptions")]
    #[set(one = "option")]
    #[hcl(strings)]
    pub options: BTreeMap<String, String>,
    /// Headers of the request.
    #[wire(name = "GetterHeaders")]
    #[set(one = "header")]
    #[hcl(strings)]
    pub headers: BTreeMap<String, String>,
    /// Whether certificates are not checked.
    #[wire(name = "GetterInsecure")]
    pub insecure: Option<bool>,
    /// Whether the task's user becomes the owner.
    #[hcl(zero)]
    pub chown: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Template {
    /// Renders this text to a file.
    #[must_use]
    pub fn new(data: impl Into<String>, destination: impl Into<String>) -> Self {
        Self::default().data(data).destination(destination)
    }

    /// Renders a file of the task's directory, such as an artifact, to another one.
    #[must_use]
    pub fn from_file(source: impl Into<String>, destination: impl Into<String>) -> Self {
        Self::default().source(source).destination(destination)
    }
}

impl Wait {
    /// Collects changes for at least and at most this long.
    #[must_use]
    pub fn new(min: Duration, max: Duration) -> Self {
        Self::default().min(min).max(max)
    }
}

impl ChangeScript {
    /// Runs this program.
    #[must_use]
    pub fn new(command: impl Into<String>) -> Self {
        Self::default().command(command)
    }
}

impl Artifact {
    /// Fetches this.
    #[must_use]
    pub fn new(source: impl Into<String>) -> Self {
        Self::default().source(source)
    }
}
