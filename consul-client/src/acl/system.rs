//! Access control as a whole.

use client_core::caps::Plain;
use client_core::{Op, Verb, operations};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;

use super::{Acl, Token};
use crate::Call;
use crate::record::record;

operations! {
    BOOTSTRAP: Token, Bootstrap = Op::new(Verb::Put, "acl.bootstrap", "/v1/acl/bootstrap");
    REPLICATION: ReplicationStatus, Plain = Op::new(Verb::Get, "acl.replication", "/v1/acl/replication");
    AUTHORIZE: Vec<Access>, Plain =
        Op::new(Verb::Post, "acl.authorize", "/v1/internal/acl/authorize").idempotent();
}

client_core::capabilities! {
    /// Makes the first token.
    pub struct Bootstrap;
}

impl Call<Token, Bootstrap> {
    /// Chooses the token's secret, a UUID.
    pub fn secret(self, secret: impl Into<SecretString>) -> Self {
        self.json(&BootstrapBody { bootstrap_secret: secret.into() })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct BootstrapBody {
    #[serde(serialize_with = "client_core::wire::secret::expose")]
    bootstrap_secret: SecretString,
}

impl Acl<'_> {
    /// Makes the first token, which is allowed everything. It works once.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](crate::Error::PermissionDenied) where that was done already.
    pub fn bootstrap(&self) -> Call<Token, Bootstrap> {
        self.0.call(&BOOTSTRAP, &[])
    }

    /// How copying access control from the primary datacenter goes.
    pub fn replication(&self) -> Call<ReplicationStatus> {
        self.0.call(&REPLICATION, &[])
    }

    /// Whether the token of this call is allowed these things, at most 64 of them.
    ///
    /// Consul's own user interface asks this; it is not part of the documented API.
    pub fn authorize(&self, requests: &[AccessRequest]) -> Call<Vec<Access>> {
        self.0.call(&AUTHORIZE, &[]).json(requests)
    }
}

record! {
    /// Something to be allowed.
    pub struct AccessRequest {
        /// The kind of resource, such as `key` or `service`.
        resource: String,
        /// Its name.
        segment: Option<String>,
        /// `read`, `write` or `list`.
        access: String,
    }

    /// Whether something is allowed.
    pub struct Access {
        /// The kind of resource.
        resource: String,
        /// Its name.
        segment: Option<String>,
        /// `read`, `write` or `list`.
        access: String,
        /// Whether it is allowed.
        allow: bool,
    }

    /// How copying access control goes.
    pub struct ReplicationStatus {
        /// Whether it is to be done.
        enabled: bool,
        /// Whether it is being done.
        running: bool,
        /// Where from.
        source_datacenter: String,
        /// What is copied: `policies`, `roles` or `tokens`.
        replication_type: String,
        /// Up to which index policies are copied.
        replicated_index: u64,
        /// Up to which index roles are.
        replicated_role_index: u64,
        /// Up to which index tokens are.
        replicated_token_index: u64,
        /// When it went well last.
        last_success: Option<Timestamp> => "client_core::time::rfc3339",
        /// When it failed last.
        last_error: Option<Timestamp> => "client_core::time::rfc3339",
        /// Why it failed.
        last_error_message: Option<String>,
        ..extra
    }
}

impl AccessRequest {
    /// An access to a resource.
    #[must_use]
    pub fn new(resource: impl Into<String>, segment: impl Into<String>, access: impl Into<String>) -> Self {
        Self { resource: resource.into(), segment: Some(segment.into()), access: access.into() }
    }
}
