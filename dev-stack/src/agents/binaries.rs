//! Finding the agents' programs, and the Docker engine.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::{TcpStream, UnixStream};

use super::error::AgentsError;
use super::options::{AgentsOptions, VaultProgram};

/// The three programs of a stack.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) nomad: PathBuf,
    pub(super) vault: PathBuf,
    /// `vault` or `bao`.
    pub(super) vault_name: &'static str,
    pub(super) consul: PathBuf,
}

impl Binaries {
    /// Finds all three, or names every one that is missing.
    pub(super) fn find(options: &AgentsOptions) -> Result<Self, AgentsError> {
        let path = options.search_path.clone().or_else(|| std::env::var_os("PATH")).unwrap_or_default();
        let (candidates, missing): (&[&'static str], _) = match options.vault {
            VaultProgram::Any => (&["vault", "bao"], "vault or bao"),
            VaultProgram::Vault => (&["vault"], "vault"),
            VaultProgram::Bao => (&["bao"], "bao"),
        };
        let nomad = look_up(&path, "nomad");
        let vault = candidates.iter().find_map(|name| Some((look_up(&path, name)?, *name)));
        let consul = look_up(&path, "consul");
        if let (Some(nomad), Some((vault, vault_name)), Some(consul)) = (&nomad, &vault, &consul) {
            return Ok(Self {
                nomad: nomad.clone(),
                vault: vault.clone(),
                vault_name,
                consul: consul.clone(),
            });
        }
        let found = [("nomad", nomad.is_some()), (missing, vault.is_some()), ("consul", consul.is_some())];
        let names = found.iter().filter(|(_, found)| !found).map(|(name, _)| (*name).to_owned()).collect();
        Err(AgentsError::MissingBinaries { names })
    }
}

fn look_up(path: &OsStr, name: &str) -> Option<PathBuf> {
    std::env::split_paths(path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Where the Docker engine is expected, as its own CLI finds it.
pub(super) fn docker_endpoint() -> OsString {
    std::env::var_os("DOCKER_HOST").unwrap_or_else(|| "unix:///var/run/docker.sock".into())
}

/// Whether something listens at the Docker engine's address.
pub(super) async fn docker_answers(endpoint: &OsStr) -> bool {
    match endpoint.to_str().and_then(|endpoint| endpoint.split_once("://")) {
        Some(("unix", path)) => UnixStream::connect(path).await.is_ok(),
        Some(("tcp", address)) => TcpStream::connect(address).await.is_ok(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn folder_with(programs: &[&str], name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("dev-stack-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for program in programs {
            let file = folder.join(program);
            fs::write(&file, "#!/bin/sh\n").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn every_missing_program_is_named() {
        let folder = folder_with(&[], "missing-all");
        let error = Binaries::find(&AgentsOptions::new().search_path(&folder)).unwrap_err();
        assert_eq!(error.to_string(), "not found on PATH: nomad, vault or bao, consul");
        fs::remove_dir_all(folder).unwrap();

        let folder = folder_with(&["nomad", "vault"], "missing-some");
        let options = AgentsOptions::new().search_path(&folder).vault(VaultProgram::Bao);
        assert_eq!(Binaries::find(&options).unwrap_err().to_string(), "not found on PATH: bao, consul");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn openbao_stands_in_for_vault() {
        let folder = folder_with(&["nomad", "bao", "consul"], "bao");
        let found = Binaries::find(&AgentsOptions::new().search_path(&folder)).unwrap();
        assert_eq!((found.vault_name, found.vault), ("bao", folder.join("bao")));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_run_is_not_a_program() {
        let folder = folder_with(&["nomad", "vault", "consul"], "not-runnable");
        fs::set_permissions(folder.join("consul"), fs::Permissions::from_mode(0o644)).unwrap();
        let error = Binaries::find(&AgentsOptions::new().search_path(&folder)).unwrap_err();
        assert_eq!(error.to_string(), "not found on PATH: consul");
        fs::remove_dir_all(folder).unwrap();
    }
}
