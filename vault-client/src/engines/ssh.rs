//! [SSH](https://developer.hashicorp.com/vault/api-docs/secret/ssh): signed keys and one-time
//! passwords.

use std::collections::BTreeMap;

use client_core::wire::{recode_raw, text};
use client_core::{Op, Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{Action, List, Plain, Read, Write};
use crate::client::trimmed;
use crate::secret::{Secret, data, keys, leased, written};
use crate::shape::{record, settings};
use crate::{Call, Client};

operations! {
    ROLES: Vec<String>, List = keys("ssh.list_roles", "/v1/{mount*}/roles");
    ROLE: SshRole, Read = data(Verb::Get, "ssh.read_role", "/v1/{mount*}/roles/{name}");
    PUT_ROLE: (), Write = written(Verb::Post, "ssh.write_role", "/v1/{mount*}/roles/{name}").idempotent();
    DELETE_ROLE: (), Write = written(Verb::Delete, "ssh.delete_role", "/v1/{mount*}/roles/{name}").idempotent();
    SIGN: SshCertificate, Action = data(Verb::Post, "ssh.sign", "/v1/{mount*}/sign/{name}");
    ISSUE: SshCertificate, Action = data(Verb::Post, "ssh.issue", "/v1/{mount*}/issue/{name}");
    OTP: Secret<SshOtp>, Plain = leased(Verb::Post, "ssh.generate_otp", "/v1/{mount*}/creds/{name}");
    VERIFY: SshOtp, Action = data(Verb::Post, "ssh.verify_otp", "/v1/{mount*}/verify");
    CA: SshCa, Read = data(Verb::Get, "ssh.read_ca", "/v1/{mount*}/config/ca");
    PUT_CA: Option<SshCa>, Action = data(Verb::Post, "ssh.write_ca", "/v1/{mount*}/config/ca");
    DELETE_CA: (), Write = written(Verb::Delete, "ssh.delete_ca", "/v1/{mount*}/config/ca").idempotent();
    PUBLIC_KEY: String, Plain = Op::decoded_by(Verb::Get, "ssh.public_key", "/v1/{mount*}/public_key", text, recode_raw);
}

settings! {
    /// What may be signed with a role.
    pub struct SshRole {
        /// `ca` or `otp`.
        key_type: text,
        /// The user where none is asked for.
        default_user: text,
        /// Whether that has templates.
        default_user_template: flag,
        /// Users that may be asked for, separated by commas; `*` for any.
        allowed_users: text,
        /// Whether those have templates.
        allowed_users_template: flag,
        /// Domains that may be asked for, separated by commas.
        allowed_domains: text,
        /// Whether those have templates.
        allowed_domains_template: flag,
        /// How long certificates are valid unless they say otherwise.
        ttl: seconds,
        /// How long certificates may be valid.
        max_ttl: seconds,
        /// Critical options that may be asked for, separated by commas.
        allowed_critical_options: text,
        /// Extensions that may be asked for, separated by commas.
        allowed_extensions: text,
        /// Critical options where none are asked for.
        default_critical_options: map,
        /// Extensions where none are asked for.
        default_extensions: map,
        /// Whether those have templates.
        default_extensions_template: flag,
        /// Whether users' keys may be signed.
        allow_user_certificates: flag,
        /// Whether hosts' keys may be signed.
        allow_host_certificates: flag,
        /// Whether the domains themselves may be asked for.
        allow_bare_domains: flag,
        /// Whether names below the domains may be asked for.
        allow_subdomains: flag,
        /// Whether a key id may be asked for.
        allow_user_key_ids: flag,
        /// Whether certificates may be for nobody in particular, and so for everybody.
        allow_empty_principals: flag,
        /// What key ids look like.
        key_id_format: text,
        /// Lengths that keys may have, by type.
        allowed_user_key_lengths: json,
        /// The signature's algorithm.
        algorithm_signer: text,
        /// How long before now certificates begin.
        not_before_duration: seconds,
        /// The issuer (OpenBao).
        issuer_ref: text,
        /// Address ranges of the hosts, for one-time passwords.
        cidr_list: text,
        /// Addresses that are not meant, for one-time passwords.
        exclude_cidr_list: text,
        /// The hosts' port, for one-time passwords.
        port: number,
    }
}

settings! {
    /// A key to sign, or to make.
    pub struct SshSign {
        /// The key to sign.
        public_key: text,
        /// How long the certificate is valid.
        ttl: go,
        /// Users or hosts it is for, separated by commas.
        valid_principals: text,
        /// `user` or `host`.
        cert_type: text,
        /// Its id.
        key_id: text,
        /// Its critical options.
        critical_options: map,
        /// Its extensions.
        extensions: map,
        /// The type of a key to make.
        key_type: text,
        /// The size of a key to make.
        key_bits: number,
    }
}

record! {
    /// A certificate.
    pub struct SshCertificate {
        /// Its serial number.
        serial_number: text,
        /// The signed key.
        signed_key: text,
        /// The private key, where it was made. It is shown only now.
        private_key: maybe_secret,
        /// The type of the private key.
        private_key_type: maybe(String),
    }
}

record! {
    /// A one-time password.
    pub struct SshOtp {
        /// The password; empty where one was verified.
        key: secret,
        /// `otp`.
        key_type: text,
        /// The host it is for.
        ip: text,
        /// The user it is for.
        username: text,
        /// The host's port.
        port: maybe(u64),
        /// The role it was made with.
        role_name: maybe(String),
    }
}

record! {
    /// The authority that signs.
    pub struct SshCa {
        /// Its public key.
        public_key: text,
        /// Its id (OpenBao).
        issuer_id: maybe(String),
        /// Its name (OpenBao).
        issuer_name: maybe(String),
    }
}

/// An SSH mount.
#[derive(Debug, Clone)]
pub struct Ssh {
    client: Client,
    mount: String,
}

impl Client {
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
    #[must_use]
    pub fn ssh(&self, mount: impl AsRef<str>) -> Ssh {
        Ssh { client: self.clone(), mount: trimmed(mount) }
    }
}

impl Ssh {
    fn at<T, C>(&self, op: &'static Op<T, C>) -> Call<T, C> {
        self.client.call(op, &[&self.mount])
    }

    fn of<T, C>(&self, op: &'static Op<T, C>, name: &str) -> Call<T, C> {
        self.client.call(op, &[&self.mount, name])
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<String>, List> {
        self.at(&ROLES)
    }

    /// Reads a role.
    pub fn role(&self, name: &str) -> Call<SshRole, Read> {
        self.of(&ROLE, name)
    }

    /// Creates or replaces a role.
    pub fn put_role(&self, name: &str, role: &SshRole) -> Call<(), Write> {
        self.of(&PUT_ROLE, name).json(role)
    }

    /// Deletes a role. Certificates stay valid.
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {
        self.of(&DELETE_ROLE, name)
    }

    /// Signs a key.
    pub fn sign(&self, role: &str, request: &SshSign) -> Call<SshCertificate, Action> {
        self.of(&SIGN, role).json(request)
    }

    /// Makes a key and signs it.
    pub fn issue(&self, role: &str, request: &SshSign) -> Call<SshCertificate, Action> {
        self.of(&ISSUE, role).json(request)
    }

    /// Makes a one-time password for a host.
    pub fn generate_otp(&self, role: &str, ip: &str, username: &str) -> Call<Secret<SshOtp>> {
        self.of(&OTP, role)
            .field("ip", ip)
            .field_if("username", Some(username).filter(|name| !name.is_empty()))
    }

    /// Whom a one-time password is for; using it up.
    pub fn verify_otp(&self, otp: &SecretString) -> Call<SshOtp, Action> {
        self.at(&VERIFY).field("otp", otp.expose_secret())
    }

    /// Reads the authority that signs.
    pub fn ca(&self) -> Call<SshCa, Read> {
        self.at(&CA)
    }

    /// Makes a key to sign with, of this type: `ssh-rsa`, `ed25519`, …
    pub fn generate_ca(&self, key_type: &str) -> Call<Option<SshCa>, Action> {
        self.at(&PUT_CA).field("generate_signing_key", &true).field("key_type", key_type)
    }

    /// Takes in a key to sign with.
    pub fn put_ca(&self, private_key: &SecretString, public_key: &str) -> Call<Option<SshCa>, Action> {
        let body = BTreeMap::from([("private_key", private_key.expose_secret()), ("public_key", public_key)]);
        let call = self.at(&PUT_CA).field("generate_signing_key", &false);
        body.into_iter().fold(call, |call, (name, value)| call.field(name, value))
    }

    /// Deletes the key to sign with.
    pub fn delete_ca(&self) -> Call<(), Write> {
        self.at(&DELETE_CA)
    }

    /// The public key that hosts have to trust. Needs no token.
    pub fn public_key(&self) -> Call<String> {
        self.at(&PUBLIC_KEY)
    }
}
