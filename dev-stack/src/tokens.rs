//! Management tokens the user chose.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use clap::Args;
use dev_stack::embedded::EmbeddedOptions;

/// A token that nothing shows by accident.
#[derive(Clone)]
struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

fn token(text: &str) -> Result<Token, String> {
    match text.trim() {
        "" => Err("an empty token".to_owned()),
        text if text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Err("a token holds no spaces".to_owned())
        }
        text => Ok(Token(text.to_owned())),
    }
}

/// The embedded stack's management tokens, instead of random ones. Arguments are seen by everybody on the machine:
/// better give them as variables or as a file.
#[derive(Debug, Args)]
pub struct Tokens {
    /// The management token of all three products, a UUID as Nomad wants it
    #[arg(long, conflicts_with = "agents", env = "DEV_STACK_TOKEN", hide_env_values = true, value_parser = token)]
    token: Option<Token>,

    /// A file that holds the management token of all three products
    #[arg(long, conflicts_with_all = ["agents", "token"], env = "DEV_STACK_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Nomad's management token, a UUID
    #[arg(long, conflicts_with = "agents", env = "DEV_STACK_NOMAD_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = token)]
    nomad_token: Option<Token>,

    /// Vault's root token
    #[arg(long, conflicts_with = "agents", env = "DEV_STACK_VAULT_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = token)]
    vault_token: Option<Token>,

    /// Consul's management token
    #[arg(long, conflicts_with = "agents", env = "DEV_STACK_CONSUL_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = token)]
    consul_token: Option<Token>,
}

impl Tokens {
    /// Puts the chosen tokens into the options. A product's own token goes before the common one.
    pub fn put(&self, options: &mut EmbeddedOptions) -> Result<(), String> {
        let common = match &self.token_file {
            Some(path) => {
                let text = fs::read_to_string(path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                Some(token(&text).map_err(|error| format!("{} holds {error}", path.display()))?)
            }
            None => self.token.clone(),
        };
        let chosen = |own: &Option<Token>| own.clone().or_else(|| common.clone());
        if let Some(Token(token)) = chosen(&self.nomad_token) {
            if !is_uuid(&token) {
                return Err("the token for nomad is no UUID".to_owned());
            }
            options.nomad_token = token;
        }
        if let Some(Token(token)) = chosen(&self.vault_token) {
            options.vault_token = token;
        }
        if let Some(Token(token)) = chosen(&self.consul_token) {
            options.consul_token = token;
        }
        Ok(())
    }
}

/// Nomad takes what has another form for a workload's identity, and refuses it.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|g| g.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|g| g.chars().all(|c| c.is_ascii_hexdigit()))
}
