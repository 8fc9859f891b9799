//! Tokens.

use std::time::Duration;

use client_core::time::{go, rfc3339};
use client_core::wire::{null_default, secret};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::record::{enums, records};

enums! {
    /// What a token may do.
    pub enum TokenType {
        /// What its policies say.
        Client = "client",
        /// Everything.
        Management = "management",
    }
}

/// A token and its secret.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AclToken {
    /// Its public id.
    #[serde(rename = "AccessorID", default)]
    pub accessor_id: String,
    /// Its secret.
    #[serde(rename = "SecretID", default, with = "secret")]
    pub secret_id: SecretString,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it may do.
    #[serde(rename = "Type", default)]
    pub token_type: TokenType,
    /// Its policies.
    #[serde(default, deserialize_with = "null_default")]
    pub policies: Vec<String>,
    /// Its roles.
    #[serde(default, deserialize_with = "null_default")]
    pub roles: Vec<RoleLink>,
    /// Whether it is known in all regions.
    #[serde(default)]
    pub global: bool,
    /// A hash of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// When it was made.
    #[serde(default, with = "rfc3339")]
    pub create_time: Option<Timestamp>,
    /// When it ends.
    #[serde(default, with = "rfc3339::nullable")]
    pub expiration_time: Option<Timestamp>,
    /// How long it was to be valid.
    #[serde(rename = "ExpirationTTL", default, with = "go::option")]
    pub expiration_ttl: Option<Duration>,
    /// The index at which it was made.
    #[serde(default)]
    pub create_index: u64,
    /// The index of its last change.
    #[serde(default)]
    pub modify_index: u64,
}

records! {
    /// A token as it is listed.
    pub struct AclTokenListStub {
        /// Its public id.
        accessor_id: String = "AccessorID",
        /// Its name.
        name: String,
        /// What it may do.
        token_type: TokenType = "Type",
        /// Its policies.
        policies: Vec<String>,
        /// Its roles.
        roles: Vec<RoleLink>,
        /// Whether it is known in all regions.
        global: bool,
        /// A hash of it.
        hash: Option<String>,
        /// When it was made.
        create_time: Option<Timestamp> as "rfc3339",
        /// When it ends.
        expiration_time: Option<Timestamp> as "rfc3339::nullable",
        /// The index at which it was made.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }

    /// Names a role.
    pub struct RoleLink {
        /// By id.
        id: String = "ID",
        /// By name.
        name: String,
    }
}

impl RoleLink {
    /// The role of this name.
    #[must_use]
    pub fn name(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The role of this id.
    #[must_use]
    pub fn id(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }
}

/// The settings of a token to be made or changed.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewToken {
    name: String,
    #[serde(rename = "Type")]
    token_type: TokenType,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<RoleLink>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    global: bool,
    #[serde(rename = "ExpirationTTL", skip_serializing_if = "Option::is_none", with = "go::option")]
    expiration_ttl: Option<Duration>,
    #[serde(
        rename = "SecretID",
        skip_serializing_if = "Option::is_none",
        serialize_with = "secret::option::expose"
    )]
    secret_id: Option<SecretString>,
}

impl NewToken {
    /// A token that may do what its policies and roles say.
    #[must_use]
    pub fn client(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            token_type: TokenType::Client,
            policies: Vec::new(),
            roles: Vec::new(),
            global: false,
            expiration_ttl: None,
            secret_id: None,
        }
    }

    /// A token that may do everything.
    #[must_use]
    pub fn management(name: impl Into<String>) -> Self {
        Self { token_type: TokenType::Management, ..Self::client(name) }
    }

    /// Adds a policy.
    #[must_use]
    pub fn policy(mut self, name: impl Into<String>) -> Self {
        self.policies.push(name.into());
        self
    }

    /// Adds a role.
    #[must_use]
    pub fn role(mut self, role: RoleLink) -> Self {
        self.roles.push(role);
        self
    }
}

client_core::setters! { NewToken {
    /// Makes it known in all regions.
    global: bool;
    /// How long it is valid.
    expiration_ttl: Duration = Some;
    /// Gives it this secret, a UUID, instead of one the server makes: for a token that was made elsewhere.
    secret_id: SecretString = Some;
} }

/// A changed token: the server wants to read in the body which.
#[derive(Serialize)]
pub(super) struct Update<'a> {
    #[serde(rename = "AccessorID")]
    pub(super) accessor_id: &'a str,
    #[serde(flatten)]
    pub(super) token: &'a NewToken,
}

/// A one-time token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct OneTimeToken {
    /// Its secret.
    #[serde(rename = "OneTimeSecretID", default, with = "secret")]
    pub secret_id: SecretString,
    /// The token it stands for.
    #[serde(rename = "AccessorID", default)]
    pub accessor_id: String,
    /// When it ends.
    #[serde(default, with = "rfc3339")]
    pub expires_at: Option<Timestamp>,
    /// The index at which it was made.
    #[serde(default)]
    pub create_index: u64,
    /// The index of its last change.
    #[serde(default)]
    pub modify_index: u64,
}

/// A one-time token that was made.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct OneTimeTokenReply {
    /// The token.
    pub one_time_token: OneTimeToken,
    /// The index of the write.
    #[serde(default)]
    pub index: u64,
}

/// What a one-time token was exchanged for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ExchangedToken {
    /// The token.
    pub token: AclToken,
    /// The index of the write.
    #[serde(default)]
    pub index: u64,
}

/// With what a client agent introduces itself.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClientIntroduction {
    /// The token.
    #[serde(rename = "JWT", default, with = "secret")]
    pub jwt: SecretString,
}
