//! Where the servers are.

use nomad_client::Address;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Where the servers of an environment are. What is `None` comes from the variables that the
/// vendors' command lines read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Addresses {
    /// Nomad's API, such as `https://nomad.example.com:4646`; else `NOMAD_ADDR`.
    pub nomad: Option<String>,
    /// Vault's API; else `VAULT_ADDR`.
    pub vault: Option<String>,
    /// Consul's API; else `CONSUL_HTTP_ADDR`.
    pub consul: Option<String>,
    /// Prometheus, for the gates of a release.
    pub prometheus: Option<String>,
    /// Traefik's entry point, for probes by host name that do not depend on DNS.
    pub traefik: Option<String>,
}

/// A server that a release talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// Nomad.
    Nomad,
    /// Vault.
    Vault,
    /// Consul.
    Consul,
}

impl Server {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Nomad, Self::Vault, Self::Consul];

    /// The setting below `[addresses]`.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Nomad => "nomad",
            Self::Vault => "vault",
            Self::Consul => "consul",
        }
    }

    /// The variable that people set.
    #[must_use]
    pub const fn variable(self) -> &'static str {
        match self {
            Self::Nomad => "NOMAD_ADDR",
            Self::Vault => "VAULT_ADDR",
            Self::Consul => "CONSUL_HTTP_ADDR",
        }
    }

    /// The variable that counts, as the server's client reads them, and its value.
    fn named(self, variable: &dyn Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
        let text = |name: &'static str| {
            let value = variable(name).filter(|value| !value.trim().is_empty())?;
            Some((name, value.trim().to_owned()))
        };
        // OpenBao's name counts where it is set, even to nothing.
        let either = |bao: &'static str, vault| text(if variable(bao).is_some() { bao } else { vault });
        match self {
            Self::Nomad => text("NOMAD_ADDR").or_else(|| text("NOMAD_UNIX_ADDR")),
            Self::Vault => {
                either("BAO_AGENT_ADDR", "VAULT_AGENT_ADDR").or_else(|| either("BAO_ADDR", "VAULT_ADDR"))
            }
            Self::Consul => text("CONSUL_HTTP_ADDR"),
        }
    }

    const fn scheme(self) -> &'static str {
        match self {
            Self::Vault => "https",
            Self::Nomad | Self::Consul => "http",
        }
    }

    fn parsed(self, text: &str, said_by: &str) -> Result<Address> {
        Address::parse(text, self.scheme()).map_err(|error| Error::settings(format!("{said_by}: {error}")))
    }
}

impl Addresses {
    /// What the settings say.
    #[must_use]
    pub fn of(&self, server: Server) -> Option<&str> {
        let text = match server {
            Server::Nomad => &self.nomad,
            Server::Vault => &self.vault,
            Server::Consul => &self.consul,
        };
        text.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }

    /// Where a server is: where the settings say, else where the variables do; `None` where neither
    /// says anything. `file` is what the settings were read from.
    ///
    /// ```
    /// use wuffchat_deploy::app::Server;
    /// use wuffchat_deploy::{Environment, Stage};
    /// let text = "[addresses]\nnomad = \"https://nomad.example.com:4646\"\n";
    /// let production = Environment::from_toml(text, Some(Stage::Production))?;
    /// let elsewhere = |name: &str| (name == "NOMAD_ADDR").then(|| "http://127.0.0.1:4646".to_owned());
    /// let error = production.addresses.locate(Server::Nomad, "prod.toml", &elsewhere).unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "`addresses.nomad` in prod.toml is https://nomad.example.com:4646, and NOMAD_ADDR is \
    ///      http://127.0.0.1:4646: one of them is wrong"
    /// );
    /// # Ok::<(), wuffchat_deploy::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Settings and variables contradict each other, or an address cannot be used.
    pub fn locate(
        &self,
        server: Server,
        file: &str,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Option<String>> {
        let setting = format!("`addresses.{}` in {file}", server.setting());
        let Some(wanted) = self.of(server) else {
            return Ok(server.named(variable).map(|(_, value)| value));
        };
        let address = server.parsed(wanted, &setting)?;
        // Nomad sets the socket's in every task, whatever the task is about to talk to.
        let named = server.named(variable).filter(|(name, _)| *name != "NOMAD_UNIX_ADDR");
        if let Some((name, value)) = named {
            let other = server.parsed(&value, name)?;
            if address.to_string() != other.to_string() {
                // As addresses are shown: without user and password.
                return Err(Error::settings(format!(
                    "{setting} is {address}, and {name} is {other}: one of them is wrong"
                )));
            }
        }
        Ok(Some(wanted.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(nomad: Option<&str>, vault: Option<&str>, consul: Option<&str>) -> Addresses {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Addresses { nomad: own(nomad), vault: own(vault), consul: own(consul), ..Addresses::default() }
    }

    #[test]
    fn settings_count_and_variables_fill_what_they_leave_out() {
        type Case<'a> = (Server, Option<&'a str>, &'a [(&'a str, &'a str)], Option<&'a str>);
        let cases: [Case<'_>; 12] = [
            (Server::Nomad, None, &[], None),
            (Server::Nomad, None, &[("NOMAD_ADDR", " ")], None),
            (Server::Nomad, Some("https://n"), &[], Some("https://n")),
            (Server::Nomad, None, &[("NOMAD_ADDR", "http://m")], Some("http://m")),
            (Server::Nomad, Some("n:4646"), &[("NOMAD_ADDR", "http://n:4646/")], Some("n:4646")),
            (Server::Nomad, Some("https://n"), &[("NOMAD_UNIX_ADDR", "unix:///s")], Some("https://n")),
            (Server::Nomad, None, &[("NOMAD_UNIX_ADDR", "unix:///s")], Some("unix:///s")),
            (Server::Vault, Some("v"), &[("VAULT_ADDR", "https://v")], Some("v")),
            (Server::Vault, None, &[("BAO_ADDR", "https://b"), ("VAULT_ADDR", "x")], Some("https://b")),
            (Server::Vault, None, &[("BAO_ADDR", ""), ("VAULT_ADDR", "x")], None),
            (Server::Vault, None, &[("VAULT_AGENT_ADDR", "a"), ("VAULT_ADDR", "x")], Some("a")),
            (Server::Consul, Some(""), &[("CONSUL_HTTP_ADDR", "c:8500")], Some("c:8500")),
        ];
        for (server, setting, variables, wanted) in cases {
            let variable = |name: &str| {
                variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            };
            let found = addresses(setting, setting, setting).locate(server, "x.toml", &variable).unwrap();
            assert_eq!(found.as_deref(), wanted, "{server:?} {setting:?} {variables:?}");
        }
    }

    #[test]
    fn a_contradiction_names_both_and_no_password() {
        let settings = addresses(Some("https://user:hunter2@n"), Some("https://v"), Some("http://c:8500"));
        for (server, name) in [
            (Server::Nomad, "NOMAD_ADDR"),
            (Server::Vault, "VAULT_ADDR"),
            (Server::Vault, "VAULT_AGENT_ADDR"),
            (Server::Vault, "BAO_ADDR"),
            (Server::Consul, "CONSUL_HTTP_ADDR"),
        ] {
            let variable = |asked: &str| (asked == name).then(|| "http://me:hunter2@other:1".to_owned());
            let error = settings.locate(server, "prod.toml", &variable).unwrap_err().to_string();
            for said in [name, "http://other:1", "prod.toml", server.setting()] {
                assert!(error.contains(said), "{said}: {error}");
            }
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
