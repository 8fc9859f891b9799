//! Logging in for a token, and out again.

use std::collections::BTreeMap;
use std::fmt;

use client_core::wire::{ToWire, Wire};
use client_core::{Extra, endpoints};
use secrecy::SecretString;

use super::{Acl, Token};
use crate::Call;

#[endpoints("acl")]
impl Acl {
    /// Logs in by an auth method, for a token that ends by itself or by [`logout`](Self::logout).
    /// The client's own token is not sent.
    #[post("/v1/acl/login")]
    pub fn login(&self, login: &Login) -> Call<Token> {
        call.json(login).edit(client_core::Request::anonymous)
    }

    /// Ends the token that this call is made with, which a login must have made.
    #[post("/v1/acl/logout")]
    pub fn logout(&self) -> Call<()> {}

    /// The address at which people log in by an auth method of the type `oidc` (Enterprise).
    #[post("/v1/acl/oidc/auth-url", enterprise)]
    pub fn oidc_auth_url(&self, auth_method: &str, redirect_uri: &str, client_nonce: &str) -> Call<OidcUrl> {
        call.edit(client_core::Request::anonymous)
            .field("AuthMethod", auth_method)
            .field("RedirectURI", redirect_uri)
            .field("ClientNonce", client_nonce)
    }

    /// Ends such a login with what the issuer answered (Enterprise).
    #[post("/v1/acl/oidc/callback", enterprise)]
    pub fn oidc_callback(
        &self,
        auth_method: &str,
        state: &str,
        code: &str,
        client_nonce: &str,
    ) -> Call<Token> {
        call.edit(client_core::Request::anonymous)
            .field("AuthMethod", auth_method)
            .field("State", state)
            .field("Code", code)
            .field("ClientNonce", client_nonce)
    }
}

/// Where people log in.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct OidcUrl {
    /// The address.
    #[wire(name = "AuthURL")]
    pub auth_url: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A login.
#[derive(Clone, ToWire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct Login {
    /// The auth method.
    pub auth_method: String,
    /// What somebody else vouches by, such as a JWT.
    pub bearer_token: SecretString,
    /// Free key-value pairs for the token's description.
    #[wire(omit)]
    pub meta: BTreeMap<String, String>,
}

impl Login {
    /// A login by an auth method.
    #[must_use]
    pub fn new(auth_method: impl Into<String>, bearer_token: impl Into<SecretString>) -> Self {
        Self { auth_method: auth_method.into(), bearer_token: bearer_token.into(), meta: BTreeMap::new() }
    }

    /// Adds a key-value pair.
    #[must_use]
    pub fn meta(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.meta.insert(key.into(), value.into());
        self
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("auth_method", &self.auth_method).finish_non_exhaustive()
    }
}
