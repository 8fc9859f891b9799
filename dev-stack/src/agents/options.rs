//! How agents are started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::binaries::Binaries;
use super::error::AgentsError;

/// Options of [`Agents::start`](super::Agents::start).
///
/// The default: a temporary data folder, ACLs on, `vault` or else `bao`, Docker if its engine answers.
#[derive(Clone, Debug)]
pub struct AgentsOptions {
    pub(super) docker: Docker,
    pub(super) vault: VaultProgram,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) acl: bool,
    pub(super) start_timeout: Duration,
    pub(super) search_path: Option<OsString>,
}

/// Whether Nomad gets its Docker driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Docker {
    /// If an engine answers.
    #[default]
    Auto,
    /// Yes; it is an error if no engine answers.
    On,
    /// No.
    Off,
}

/// Which program serves Vault's API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VaultProgram {
    /// `vault` if there is one, else `bao`.
    #[default]
    Any,
    /// HashiCorp Vault, `vault`.
    Vault,
    /// OpenBao, `bao`.
    Bao,
}

impl Default for AgentsOptions {
    fn default() -> Self {
        Self {
            docker: Docker::default(),
            vault: VaultProgram::default(),
            data_dir: None,
            acl: true,
            start_timeout: Duration::from_secs(60),
            search_path: None,
        }
    }
}

impl AgentsOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether Nomad gets its Docker driver. Default: if an engine answers.
    #[must_use]
    pub fn docker(mut self, docker: Docker) -> Self {
        self.docker = docker;
        self
    }

    /// Which program serves Vault's API. Default: `vault` if there is one, else `bao`.
    #[must_use]
    pub fn vault(mut self, vault: VaultProgram) -> Self {
        self.vault = vault;
        self
    }

    /// Keeps state, ports, tokens and logs in this folder, and goes on from what is in it. Without one, a temporary
    /// folder goes away with the stack.
    #[must_use]
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// Whether Nomad and Consul ask for tokens. Default: yes. Vault always does.
    #[must_use]
    pub fn acl(mut self, acl: bool) -> Self {
        self.acl = acl;
        self
    }

    /// How long each agent may take for each step until it is ready. Default: 60 s.
    #[must_use]
    pub fn start_timeout(mut self, limit: Duration) -> Self {
        self.start_timeout = limit;
        self
    }

    /// Where programs are looked for, in the form of `PATH`. Default: `PATH`.
    #[must_use]
    pub fn search_path(mut self, path: impl Into<OsString>) -> Self {
        self.search_path = Some(path.into());
        self
    }

    /// Fails, without starting anything, if a program is missing; a test that cannot run without agents asks here.
    ///
    /// # Errors
    /// [`AgentsError::MissingBinaries`] names each.
    pub fn check_binaries(&self) -> Result<(), AgentsError> {
        Binaries::find(self).map(drop)
    }
}
