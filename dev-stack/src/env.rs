//! The stack that the vendors' environment variables point to.

use std::path::PathBuf;

use crate::endpoint::Endpoint;

/// A variable that cannot be used, or a server that does not answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EnvError {
    /// A variable's value makes no sense.
    #[error("{variable}: {reason}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// What is wrong with the value.
        reason: String,
    },
    /// Nothing answers at an address.
    #[error("{product} cannot be reached through {variable}: {reason}")]
    Unreachable {
        /// `nomad`, `vault` or `consul`.
        product: &'static str,
        /// The variable that holds the address.
        variable: &'static str,
        /// What happened.
        reason: String,
    },
}

impl EnvError {
    /// For a product that does not answer.
    pub(crate) fn unreachable(product: &'static str, reason: String) -> Self {
        let variable = match product {
            "nomad" => "NOMAD_ADDR",
            "vault" => "VAULT_ADDR",
            _ => "CONSUL_HTTP_ADDR",
        };
        Self::Unreachable { product, variable, reason }
    }
}

/// Reads the variables through `variable`, which gives a variable's value if it is set.
pub(crate) fn endpoints(
    variable: impl Fn(&str) -> Option<String>,
) -> Result<(Endpoint, Endpoint, Endpoint), EnvError> {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    let nomad = address("NOMAD_ADDR", set("NOMAD_ADDR"), "http://127.0.0.1:4646", "http")?;
    let vault = address("VAULT_ADDR", set("VAULT_ADDR"), "https://127.0.0.1:8200", "http")?;
    let tls = match set("CONSUL_HTTP_SSL").as_deref() {
        None | Some("false" | "0") => "http",
        Some("true" | "1") => "https",
        Some(_) => {
            return Err(EnvError::Variable {
                variable: "CONSUL_HTTP_SSL",
                reason: "neither true nor false".into(),
            });
        }
    };
    let consul = address("CONSUL_HTTP_ADDR", set("CONSUL_HTTP_ADDR"), "127.0.0.1:8500", tls)?;

    let vault_token = match set("VAULT_TOKEN") {
        Some(token) => Some(token),
        // Where `vault login` leaves it.
        None => set("HOME").and_then(|home| token_file(&PathBuf::from(home).join(".vault-token"))),
    };
    let consul_token = match (set("CONSUL_HTTP_TOKEN"), set("CONSUL_HTTP_TOKEN_FILE")) {
        (Some(token), _) => Some(token),
        (None, Some(path)) => Some(token_file(&PathBuf::from(&path)).ok_or_else(|| EnvError::Variable {
            variable: "CONSUL_HTTP_TOKEN_FILE",
            reason: format!("cannot read {path}"),
        })?),
        (None, None) => None,
    };
    Ok((
        Endpoint::new(nomad, set("NOMAD_TOKEN")),
        Endpoint::new(vault, vault_token),
        Endpoint::new(consul, consul_token),
    ))
}

fn token_file(path: &PathBuf) -> Option<String> {
    Some(std::fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Gives an address its scheme and refuses those no client could use.
fn address(
    variable: &'static str,
    value: Option<String>,
    default: &str,
    scheme: &str,
) -> Result<String, EnvError> {
    let value = value.unwrap_or_else(|| default.to_owned());
    let value = match value.split_once("://") {
        Some(("http" | "https" | "unix", rest)) if !rest.is_empty() => value,
        Some((other, _)) => {
            return Err(EnvError::Variable {
                variable,
                reason: format!("`{other}://` is not http, https or unix"),
            });
        }
        None => format!("{scheme}://{value}"),
    };
    Ok(value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<(Endpoint, Endpoint, Endpoint), EnvError> {
        endpoints(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn the_defaults_are_those_of_the_vendors_programs() {
        let (nomad, vault, consul) = read(&[]).unwrap();
        assert_eq!(nomad, Endpoint::new("http://127.0.0.1:4646", None));
        assert_eq!(vault, Endpoint::new("https://127.0.0.1:8200", None));
        assert_eq!(consul, Endpoint::new("http://127.0.0.1:8500", None));
    }

    #[test]
    fn every_variable_counts() {
        let (nomad, vault, consul) = read(&[
            ("NOMAD_ADDR", "http://n:4646/"),
            ("NOMAD_TOKEN", "nt"),
            ("VAULT_ADDR", "http://v:8200"),
            ("VAULT_TOKEN", "vt"),
            ("CONSUL_HTTP_ADDR", "c:8501"),
            ("CONSUL_HTTP_SSL", "true"),
            ("CONSUL_HTTP_TOKEN", "ct"),
        ])
        .unwrap();
        assert_eq!(nomad, Endpoint::new("http://n:4646", Some("nt".into())));
        assert_eq!(vault, Endpoint::new("http://v:8200", Some("vt".into())));
        assert_eq!(consul, Endpoint::new("https://c:8501", Some("ct".into())));
    }

    #[test]
    fn a_bad_value_is_an_error_naming_the_variable() {
        for (variable, value) in [
            ("NOMAD_ADDR", "ftp://n"),
            ("VAULT_ADDR", "http://"),
            ("CONSUL_HTTP_ADDR", "tcp://c"),
            ("CONSUL_HTTP_SSL", "maybe"),
            ("CONSUL_HTTP_TOKEN_FILE", "/nonexistent/token"),
        ] {
            let error = read(&[(variable, value)]).unwrap_err().to_string();
            assert!(error.starts_with(variable), "{error}");
        }
    }

    #[test]
    fn tokens_are_read_from_the_files_the_programs_use() {
        let home = std::env::temp_dir().join(format!("dev-stack-env-{}", std::process::id()));
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join(".vault-token"), "from-login\n").unwrap();
        let file = home.join(".vault-token");
        let (home_text, file_text) = (home.to_str().unwrap(), file.to_str().unwrap());

        let (_, vault, consul) = read(&[("HOME", home_text), ("CONSUL_HTTP_TOKEN_FILE", file_text)]).unwrap();
        assert_eq!(vault.token.as_deref(), Some("from-login"));
        assert_eq!(consul.token.as_deref(), Some("from-login"));
        let (_, vault, _) = read(&[("HOME", home_text), ("VAULT_TOKEN", "set")]).unwrap();
        assert_eq!(vault.token.as_deref(), Some("set"));
        std::fs::remove_dir_all(home).unwrap();
    }
}
