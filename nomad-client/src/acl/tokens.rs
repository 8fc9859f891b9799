//! Tokens.

use std::time::Duration;

use client_core::Extra;
use client_core::time::{go, rfc3339};
use client_core::wire::{ToWire, Wire};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::record::enums;

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
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AclToken {
    /// Its public id.
    #[wire(name = "AccessorID")]
    pub accessor_id: String,
    /// Its secret.
    #[wire(name = "SecretID")]
    pub secret_id: SecretString,
    /// Its name.
    pub name: String,
    /// What it may do.
    #[wire(name = "Type")]
    pub token_type: TokenType,
    /// Its policies.
    pub policies: Vec<String>,
    /// Its roles.
    pub roles: Vec<RoleLink>,
    /// Whether it is known in all regions.
    pub global: bool,
    /// A hash of it.
    #[wire(omit_null)]
    pub hash: Option<String>,
    /// When it was made.
    #[wire(with = rfc3339)]
    pub create_time: Option<Timestamp>,
    /// When it ends.
    #[wire(with = rfc3339::nullable)]
    pub expiration_time: Option<Timestamp>,
    /// How long it was to be valid.
    #[wire(name = "ExpirationTTL", with = go::option)]
    pub expiration_ttl: Option<Duration>,
    /// The index at which it was made.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A token as it is listed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AclTokenListStub {
    /// Its public id.
    #[wire(name = "AccessorID")]
    pub accessor_id: String,
    /// Its name.
    pub name: String,
    /// What it may do.
    #[wire(name = "Type")]
    pub token_type: TokenType,
    /// Its policies.
    pub policies: Vec<String>,
    /// Its roles.
    pub roles: Vec<RoleLink>,
    /// Whether it is known in all regions.
    pub global: bool,
    /// A hash of it.
    pub hash: Option<String>,
    /// When it was made.
    #[wire(with = rfc3339)]
    pub create_time: Option<Timestamp>,
    /// When it ends.
    #[wire(with = rfc3339::nullable)]
    pub expiration_time: Option<Timestamp>,
    /// The index at which it was made.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// Names a role.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct RoleLink {
    /// By id.
    #[wire(name = "ID")]
    pub id: String,
    /// By name.
    pub name: String,
    /// What this version does not know.
    pub extra: Extra,
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
#[derive(Debug, Clone, ToWire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NewToken {
    name: String,
    #[wire(name = "Type")]
    token_type: TokenType,
    #[wire(omit)]
    policies: Vec<String>,
    #[wire(omit)]
    roles: Vec<RoleLink>,
    #[wire(omit)]
    global: bool,
    #[wire(name = "ExpirationTTL", omit_null, with = go::option)]
    expiration_ttl: Option<Duration>,
    #[wire(name = "SecretID", omit_null)]
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
#[derive(ToWire)]
pub(super) struct Update<'a> {
    #[wire(name = "AccessorID")]
    pub(super) accessor_id: &'a str,
    #[wire(flatten)]
    pub(super) token: NewToken,
}

/// A one-time token.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct OneTimeToken {
    /// Its secret.
    #[wire(name = "OneTimeSecretID")]
    pub secret_id: SecretString,
    /// The token it stands for.
    #[wire(name = "AccessorID")]
    pub accessor_id: String,
    /// When it ends.
    #[wire(with = rfc3339)]
    pub expires_at: Option<Timestamp>,
    /// The index at which it was made.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// A one-time token that was made.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct OneTimeTokenReply {
    /// The token.
    pub one_time_token: OneTimeToken,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a one-time token was exchanged for.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ExchangedToken {
    /// The token.
    pub token: AclToken,
    /// The index of the write.
    pub index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// With what a client agent introduces itself.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct ClientIntroduction {
    /// The token.
    #[wire(name = "JWT")]
    pub jwt: SecretString,
    /// What this version does not know.
    pub extra: Extra,
}
