//! Access control as a whole.

use client_core::wire::{ToWire, Wire};
use client_core::{Extra, endpoints};
use jiff::Timestamp;
use secrecy::SecretString;

use super::{Acl, Token};
use crate::Call;

impl Call<Token, Bootstrap> {
    /// Chooses the token's secret, a UUID.
    pub fn secret(self, secret: impl Into<SecretString>) -> Self {
        self.json(&BootstrapBody { bootstrap_secret: secret.into() })
    }
}

#[derive(ToWire)]
#[wire(pascal)]
struct BootstrapBody {
    bootstrap_secret: SecretString,
}

#[endpoints("acl")]
impl Acl {
    /// Makes the first token, which is allowed everything. It works once.
    ///
    /// # Errors
    ///
    /// [`PermissionDenied`](crate::Error::PermissionDenied) where that was done already.
    #[put("/v1/acl/bootstrap", own)]
    pub fn bootstrap(&self) -> Call<Token, Bootstrap> {}

    /// How copying access control from the primary datacenter goes.
    #[get("/v1/acl/replication")]
    pub fn replication(&self) -> Call<ReplicationStatus> {}

    /// Whether the token of this call is allowed these things, at most 64 of them.
    ///
    /// Consul's own user interface asks this; it is not part of the documented API.
    #[post("/v1/internal/acl/authorize", idempotent)]
    pub fn authorize(&self, requests: &[AccessRequest]) -> Call<Vec<Access>> {
        call.json(requests)
    }
}

/// Something to be allowed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct AccessRequest {
    /// The kind of resource, such as `key` or `service`.
    pub resource: String,
    /// Its name.
    pub segment: Option<String>,
    /// `read`, `write` or `list`.
    pub access: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether something is allowed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Access {
    /// The kind of resource.
    pub resource: String,
    /// Its name.
    pub segment: Option<String>,
    /// `read`, `write` or `list`.
    pub access: String,
    /// Whether it is allowed.
    pub allow: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// How copying access control goes.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ReplicationStatus {
    /// Whether it is to be done.
    pub enabled: bool,
    /// Whether it is being done.
    pub running: bool,
    /// Where from.
    pub source_datacenter: String,
    /// What is copied: `policies`, `roles` or `tokens`.
    pub replication_type: String,
    /// Up to which index policies are copied.
    pub replicated_index: u64,
    /// Up to which index roles are.
    pub replicated_role_index: u64,
    /// Up to which index tokens are.
    pub replicated_token_index: u64,
    /// When it went well last.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub last_success: Option<Timestamp>,
    /// When it failed last.
    #[wire(with = client_core::time::rfc3339, keep)]
    pub last_error: Option<Timestamp>,
    /// Why it failed.
    pub last_error_message: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl AccessRequest {
    /// An access to a resource.
    #[must_use]
    pub fn new(resource: impl Into<String>, segment: impl Into<String>, access: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            segment: Some(segment.into()),
            access: access.into(),
            ..Self::default()
        }
    }
}
