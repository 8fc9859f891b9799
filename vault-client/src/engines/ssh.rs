//! [SSH](https://developer.hashicorp.com/vault/api-docs/secret/ssh): signed keys and one-time
//! passwords.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints, handle};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::caps::{Action, List, Read, Write};
use crate::client::MountPath;
use crate::secret::{Secret, leased};
use crate::{Call, Client};

/// What may be signed with a role.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct SshRole {
    /// `ca` or `otp`.
    pub key_type: Option<String>,
    /// The user where none is asked for.
    pub default_user: Option<String>,
    /// Whether that has templates.
    pub default_user_template: Option<bool>,
    /// Users that may be asked for, separated by commas; `*` for any.
    pub allowed_users: Option<String>,
    /// Whether those have templates.
    pub allowed_users_template: Option<bool>,
    /// Domains that may be asked for, separated by commas.
    pub allowed_domains: Option<String>,
    /// Whether those have templates.
    pub allowed_domains_template: Option<bool>,
    /// How long certificates are valid unless they say otherwise.
    #[wire(with = client_core::time::seconds::option)]
    pub ttl: Option<Duration>,
    /// How long certificates may be valid.
    #[wire(with = client_core::time::seconds::option)]
    pub max_ttl: Option<Duration>,
    /// Critical options that may be asked for, separated by commas.
    pub allowed_critical_options: Option<String>,
    /// Extensions that may be asked for, separated by commas.
    pub allowed_extensions: Option<String>,
    /// Critical options where none are asked for.
    pub default_critical_options: Option<BTreeMap<String, String>>,
    /// Extensions where none are asked for.
    pub default_extensions: Option<BTreeMap<String, String>>,
    /// Whether those have templates.
    pub default_extensions_template: Option<bool>,
    /// Whether users' keys may be signed.
    pub allow_user_certificates: Option<bool>,
    /// Whether hosts' keys may be signed.
    pub allow_host_certificates: Option<bool>,
    /// Whether the domains themselves may be asked for.
    pub allow_bare_domains: Option<bool>,
    /// Whether names below the domains may be asked for.
    pub allow_subdomains: Option<bool>,
    /// Whether a key id may be asked for.
    pub allow_user_key_ids: Option<bool>,
    /// Whether certificates may be for nobody in particular, and so for everybody.
    pub allow_empty_principals: Option<bool>,
    /// What key ids look like.
    pub key_id_format: Option<String>,
    /// Lengths that keys may have, by type.
    pub allowed_user_key_lengths: Option<Value>,
    /// The signature's algorithm.
    pub algorithm_signer: Option<String>,
    /// How long before now certificates begin.
    #[wire(with = client_core::time::seconds::option)]
    pub not_before_duration: Option<Duration>,
    /// The issuer (OpenBao).
    pub issuer_ref: Option<String>,
    /// Address ranges of the hosts, for one-time passwords.
    pub cidr_list: Option<String>,
    /// Addresses that are not meant, for one-time passwords.
    pub exclude_cidr_list: Option<String>,
    /// The hosts' port, for one-time passwords.
    pub port: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl SshRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A key to sign, or to make.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct SshSign {
    /// The key to sign.
    pub public_key: Option<String>,
    /// How long the certificate is valid.
    #[wire(with = client_core::time::go::option)]
    pub ttl: Option<Duration>,
    /// Users or hosts it is for, separated by commas.
    pub valid_principals: Option<String>,
    /// `user` or `host`.
    pub cert_type: Option<String>,
    /// Its id.
    pub key_id: Option<String>,
    /// Its critical options.
    pub critical_options: Option<BTreeMap<String, String>>,
    /// Its extensions.
    pub extensions: Option<BTreeMap<String, String>>,
    /// The type of a key to make.
    pub key_type: Option<String>,
    /// The size of a key to make.
    pub key_bits: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl SshSign {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A certificate.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct SshCertificate {
    /// Its serial number.
    pub serial_number: String,
    /// The signed key.
    pub signed_key: String,
    /// The private key, where it was made. It is shown only now.
    #[wire(omit_null)]
    pub private_key: Option<SecretString>,
    /// The type of the private key.
    #[wire(omit_null)]
    pub private_key_type: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A one-time password.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct SshOtp {
    /// The password; empty where one was verified.
    pub key: SecretString,
    /// `otp`.
    pub key_type: String,
    /// The host it is for.
    pub ip: String,
    /// The user it is for.
    pub username: String,
    /// The host's port.
    #[wire(omit_null)]
    pub port: Option<u64>,
    /// The role it was made with.
    #[wire(omit_null)]
    pub role_name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The authority that signs.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct SshCa {
    /// Its public key.
    pub public_key: String,
    /// Its id (OpenBao).
    #[wire(omit_null)]
    pub issuer_id: Option<String>,
    /// Its name (OpenBao).
    #[wire(omit_null)]
    pub issuer_name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// The SSH engine at `mount`.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// use vault_client::engines::SshSign;
/// let request = SshSign::new().public_key("ssh-ed25519 AAAA…").valid_principals("ubuntu");
/// println!("{}", vault.ssh("ssh").sign("ops", &request).await?.signed_key);
/// # Ok(())
/// # }
/// ```
#[handle(Client::ssh)]
pub struct Ssh {
    mount: MountPath,
}

#[endpoints("ssh", mount)]
impl Ssh {
    /// Lists roles.
    #[list("/v1/{mount*}/roles", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/{mount*}/roles/{name}", name = "read_role")]
    pub fn role(&self, name: &str) -> Call<SshRole, Read> {}

    /// Creates or replaces a role.
    #[post("/v1/{mount*}/roles/{name}", idempotent, name = "write_role")]
    pub fn put_role(&self, name: &str, role: &SshRole) -> Call<(), Write> {
        call.json(role)
    }

    /// Deletes a role. Certificates stay valid.
    #[delete("/v1/{mount*}/roles/{name}", idempotent)]
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {}

    /// Signs a key.
    #[post("/v1/{mount*}/sign/{name}", name = role)]
    pub fn sign(&self, role: &str, request: &SshSign) -> Call<SshCertificate, Action> {
        call.json(request)
    }

    /// Makes a key and signs it.
    #[post("/v1/{mount*}/issue/{name}", name = role)]
    pub fn issue(&self, role: &str, request: &SshSign) -> Call<SshCertificate, Action> {
        call.json(request)
    }

    /// Makes a one-time password for a host.
    #[post("/v1/{mount*}/creds/{name}", name = role, with = leased)]
    pub fn generate_otp(&self, role: &str, ip: &str, username: &str) -> Call<Secret<SshOtp>> {
        call.field("ip", ip).field_if("username", Some(username).filter(|name| !name.is_empty()))
    }

    /// Whom a one-time password is for; using it up.
    #[post("/v1/{mount*}/verify")]
    pub fn verify_otp(&self, otp: &SecretString) -> Call<SshOtp, Action> {
        call.field("otp", otp.expose_secret())
    }

    /// Reads the authority that signs.
    #[get("/v1/{mount*}/config/ca", name = "read_ca")]
    pub fn ca(&self) -> Call<SshCa, Read> {}

    /// Makes a key to sign with, of this type: `ssh-rsa`, `ed25519`, …
    #[post("/v1/{mount*}/config/ca", name = "write_ca")]
    pub fn generate_ca(&self, key_type: &str) -> Call<Option<SshCa>, Action> {
        call.field("generate_signing_key", &true).field("key_type", key_type)
    }

    /// Takes in a key to sign with.
    pub fn put_ca(&self, private_key: &SecretString, public_key: &str) -> Call<Option<SshCa>, Action> {
        let body = BTreeMap::from([("private_key", private_key.expose_secret()), ("public_key", public_key)]);
        let call = self.client.call(&Self::GENERATE_CA, &[&self.mount]).field("generate_signing_key", &false);
        body.into_iter().fold(call, |call, (name, value)| call.field(name, value))
    }

    /// Deletes the key to sign with.
    #[delete("/v1/{mount*}/config/ca", idempotent)]
    pub fn delete_ca(&self) -> Call<(), Write> {}

    /// The public key that hosts have to trust. Needs no token.
    #[get("/v1/{mount*}/public_key", with = crate::answers::text)]
    pub fn public_key(&self) -> Call<String> {}
}
