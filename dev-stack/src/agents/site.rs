//! Where one stack lives and what it must remember to start again: folder, ports, tokens, Vault's unseal key.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use super::error::AgentsError;
use super::http::Api;
use super::ports::Block;

/// The environment variable that marks every process of a stack.
const MARK: &str = "DEV_STACK_ID";

/// A stack's folder and memory.
#[derive(Debug)]
pub(super) struct Site {
    folder: PathBuf,
    temporary: bool,
    pub(super) ports: Block,
    memory: Memory,
}

/// What is written to `stack.json`, readable by its owner only.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Memory {
    id: String,
    port: u16,
    acl: bool,
    vault_program: String,
    nomad_token: String,
    consul_token: String,
    #[serde(default, with = "once")]
    vault: OnceLock<VaultKeys>,
}

/// What Vault gives out once, when it is initialised.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct VaultKeys {
    pub(super) unseal_key: String,
    pub(super) root_token: String,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Memory").field("id", &self.id).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Site {
    /// Opens the given folder, or makes a temporary one; takes its ports.
    pub(super) fn open(folder: Option<&Path>, acl: bool, vault_program: &str) -> Result<Self, AgentsError> {
        let temporary = folder.is_none();
        let folder = match folder {
            Some(folder) => folder.to_owned(),
            None => std::env::temp_dir()
                .join(format!("dev-stack-{}", &uuid()?.replace('-', "").get(..12).unwrap_or("0"))),
        };
        let doing = format!("create the data folder {}", folder.display());
        // Tasks may run as other users, so the folder can be passed through; its secrets have their own modes.
        DirBuilder::new().recursive(true).mode(0o711).create(&folder).map_err(AgentsError::io(&doing))?;
        let folder = folder.canonicalize().map_err(AgentsError::io(&doing))?;

        let path = folder.join("stack.json");
        let (memory, ports) = match fs::read(&path) {
            Ok(text) => Self::remember(&folder, &text, acl, vault_program)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::invent(acl, vault_program)?,
            Err(error) => return Err(AgentsError::io(format!("read {}", path.display()))(error)),
        };
        let site = Self { folder, temporary, ports, memory };
        site.save()?;
        Ok(site)
    }

    fn invent(acl: bool, vault_program: &str) -> Result<(Memory, Block), AgentsError> {
        let id = uuid()?;
        let seed = id.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok()).unwrap_or_default();
        let ports = Block::find(seed).map_err(AgentsError::io("find free ports"))?;
        let memory = Memory {
            id,
            port: ports.base(),
            acl,
            vault_program: vault_program.to_owned(),
            nomad_token: uuid()?,
            consul_token: uuid()?,
            vault: OnceLock::new(),
        };
        Ok((memory, ports))
    }

    fn remember(folder: &Path, text: &[u8], acl: bool, vault: &str) -> Result<(Memory, Block), AgentsError> {
        let unusable =
            |reason: &str| AgentsError::DataFolder { folder: folder.to_owned(), reason: reason.to_owned() };
        // Its text would show tokens, so serde's message, which quotes, is left out.
        let memory: Memory =
            serde_json::from_slice(text).map_err(|_| unusable("stack.json is not readable"))?;
        if memory.acl != acl {
            return Err(unusable(if acl { "it was set up without ACLs" } else { "it was set up with ACLs" }));
        }
        if memory.vault_program != vault {
            return Err(unusable(&format!("it was set up with {}, not {vault}", memory.vault_program)));
        }
        let port = memory.port;
        let ports = Block::at(port).map_err(|_| AgentsError::InUse { folder: folder.to_owned(), port })?;
        Ok((memory, ports))
    }

    fn save(&self) -> Result<(), AgentsError> {
        let text = serde_json::to_vec_pretty(&self.memory).unwrap_or_default();
        self.write_private("stack.json", &text)
    }

    /// Writes a file that only its owner may read, whole or not at all.
    pub(super) fn write_private(&self, name: &str, content: &[u8]) -> Result<(), AgentsError> {
        let path = self.folder.join(name);
        let beside = self.folder.join(format!("{name}.new"));
        let write = || {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&beside, &path)
        };
        write().map_err(AgentsError::io(format!("write {}", path.display())))
    }

    /// The folder, absolute.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether the folder goes away with the stack.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary
    }

    /// Makes a folder that only its owner may enter.
    pub(super) fn make_private_folder(&self, name: &str) -> Result<PathBuf, AgentsError> {
        let path = self.folder.join(name);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&path);
        made.map_err(AgentsError::io(format!("create {}", path.display())))?;
        Ok(path)
    }

    /// A place below the folder.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Name and value of the variable in the environment of every process of this stack.
    pub(super) fn mark(&self) -> (&'static str, &str) {
        (MARK, &self.memory.id)
    }

    /// Whether Nomad and Consul ask for tokens.
    pub(super) fn acl(&self) -> bool {
        self.memory.acl
    }

    /// Nomad's management token.
    pub(super) fn nomad_token(&self) -> Option<&str> {
        self.memory.acl.then_some(self.memory.nomad_token.as_str())
    }

    /// Consul's management token.
    pub(super) fn consul_token(&self) -> Option<&str> {
        self.memory.acl.then_some(self.memory.consul_token.as_str())
    }

    /// Vault's keys, once it is initialised.
    pub(super) fn vault_keys(&self) -> Option<&VaultKeys> {
        self.memory.vault.get()
    }

    /// Keeps Vault's keys. Without them its data could never be read again.
    pub(super) fn keep_vault_keys(&self, keys: VaultKeys) -> Result<(), AgentsError> {
        // Set once: a Vault that is initialised stays so.
        let _ = self.memory.vault.set(keys);
        self.save()
    }

    pub(super) fn nomad(&self) -> Api {
        Api::new(loopback(self.ports.nomad_http()), "x-nomad-token", self.nomad_token().map(str::to_owned))
    }

    pub(super) fn vault(&self) -> Api {
        let token = self.vault_keys().map(|keys| keys.root_token.clone());
        Api::new(loopback(self.ports.vault_http()), "x-vault-token", token)
    }

    pub(super) fn consul(&self) -> Api {
        Api::new(loopback(self.ports.consul_http()), "x-consul-token", self.consul_token().map(str::to_owned))
    }
}

/// Vault's keys in `stack.json`: absent until there are any.
mod once {
    use std::sync::OnceLock;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::VaultKeys;

    pub(super) fn serialize<S: Serializer>(
        cell: &OnceLock<VaultKeys>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        cell.get().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<OnceLock<VaultKeys>, D::Error> {
        let keys = Option::<VaultKeys>::deserialize(deserializer)?;
        Ok(keys.map(OnceLock::from).unwrap_or_default())
    }
}

/// A port on this machine only.
pub(super) fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// A random version 4 UUID, the form of Nomad's and Consul's tokens.
fn uuid() -> Result<String, AgentsError> {
    let mut bytes = [0_u8; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| AgentsError::io("read random bytes")(std::io::ErrorKind::Unsupported.into()))?;
    let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | (0x4 << 76) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |range: std::ops::Range<usize>| hex.get(range).unwrap_or_default();
    Ok(format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_version_4_and_new_each_time() {
        let one = uuid().unwrap();
        assert_eq!(one.len(), 36);
        assert_eq!(one.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert_eq!(one.get(14..15), Some("4"));
        assert!(one.get(19..20).is_some_and(|digit| "89ab".contains(digit)));
        assert_ne!(one, uuid().unwrap());
    }

    #[test]
    fn a_kept_folder_remembers_and_refuses_other_options_and_a_second_owner() {
        let folder = std::env::temp_dir().join(format!("dev-stack-site-{}", uuid().unwrap()));
        let first = Site::open(Some(&folder), true, "vault").unwrap();
        first.keep_vault_keys(VaultKeys { unseal_key: "u".into(), root_token: "r".into() }).unwrap();
        let (port, token) = (first.ports.base(), first.nomad_token().unwrap().to_owned());

        assert!(matches!(Site::open(Some(&folder), true, "vault"), Err(AgentsError::InUse { .. })));
        drop(first);
        assert!(matches!(Site::open(Some(&folder), false, "vault"), Err(AgentsError::DataFolder { .. })));
        assert!(matches!(Site::open(Some(&folder), true, "bao"), Err(AgentsError::DataFolder { .. })));

        let again = Site::open(Some(&folder), true, "vault").unwrap();
        assert_eq!((again.ports.base(), again.nomad_token()), (port, Some(token.as_str())));
        assert_eq!(again.vault_keys().unwrap().root_token, "r");
        assert!(!format!("{again:?}").contains(&token), "no token in Debug");
        fs::remove_dir_all(&folder).unwrap();
    }
}
