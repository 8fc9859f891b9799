//! The three products.

use std::fmt;
use std::path::{Path, PathBuf};

use client_core::Entry;

/// One of the three products, and with it one of the three clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    /// Nomad.
    Nomad,
    /// Vault, and OpenBao.
    Vault,
    /// Consul.
    Consul,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Nomad, Self::Vault, Self::Consul];

    /// The name in lower case, as spans, folders and reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nomad => "nomad",
            Self::Vault => "vault",
            Self::Consul => "consul",
        }
    }

    /// The product of a name or of a folder of recorded exchanges; OpenBao speaks Vault's API.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "nomad" => Some(Self::Nomad),
            "vault" | "openbao" => Some(Self::Vault),
            "consul" => Some(Self::Consul),
            _ => None,
        }
    }

    /// Every operation of the product's client.
    #[must_use]
    pub fn operations(self) -> Vec<Entry> {
        match self {
            Self::Nomad => nomad_client::operations(),
            Self::Vault => vault_client::operations(),
            Self::Consul => consul_client::operations(),
        }
    }

    /// Whether the server takes PUT where POST is documented, and the other way round.
    #[must_use]
    pub const fn mixes_put_and_post(self) -> bool {
        !matches!(self, Self::Consul)
    }

    /// The folder of the product's client in this workspace.
    #[must_use]
    pub fn client_folder(self) -> PathBuf {
        workspace().join(format!("{}-client", self.name()))
    }

    /// The folders of recorded exchanges that the product's client was tested with.
    #[must_use]
    pub fn fixture_folders(self) -> Vec<PathBuf> {
        let fixtures = self.client_folder().join("tests/fixtures");
        // One product a client, so the files may lie in the folder itself or one below it.
        let below = ["nomad", "vault", "openbao", "consul"].map(|name| fixtures.join(name));
        let mut folders = vec![fixtures];
        folders.extend(below.into_iter().filter(|folder| folder.is_dir()));
        folders
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The root of this workspace, from which tests and the coverage program read their files.
#[must_use]
pub fn workspace() -> &'static Path {
    let contract = Path::new(env!("CARGO_MANIFEST_DIR"));
    contract.parent().unwrap_or(contract)
}
