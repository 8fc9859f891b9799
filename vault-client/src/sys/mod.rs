//! The [system backend](https://developer.hashicorp.com/vault/api-docs/system).

mod audit;
mod capabilities;
mod health;
mod leases;
mod mounts;
mod namespaces;
mod plugins;
mod policies;
mod quotas;
mod seal;
mod status;
mod tools;
mod wrapping;

pub use audit::{AuditDevice, AuditSettings};
pub use capabilities::{Capabilities, MfaValidation};
pub use health::{HaNode, HaStatus, Health, HealthState, Leader, ReadHealth};
pub use leases::{LeaseInfo, RenewLease, RevokeLease};
pub use mounts::{Mount, MountConfig, MountSettings, Mounts, Remount, RemountStatus, Tuning};
pub use namespaces::{Namespace, NamespaceSettings};
pub use plugins::{Plugin, PluginCatalog, PluginKind, PluginRegistration, ReadPlugin};
pub use policies::{PasswordPolicy, Policy};
pub use quotas::{QuotaConfig, RateLimitQuota};
pub use seal::{GenerateRootStatus, Init, InitRequest, RekeyStatus, SealStatus, UnsealOptions};
pub use status::{InFlightRequest, KeyStatus, LicenseStatus, ReplicationStatus, ServerVersion};
pub use tools::HashAlgorithm;

pub use wrapping::WrappingLookup;

use client_core::handle;

use crate::Client;

pub(crate) const OPERATIONS: [&[client_core::Entry]; 13] = [
    audit::OPERATIONS,
    capabilities::OPERATIONS,
    health::OPERATIONS,
    leases::OPERATIONS,
    mounts::OPERATIONS,
    namespaces::OPERATIONS,
    plugins::OPERATIONS,
    policies::OPERATIONS,
    quotas::OPERATIONS,
    seal::OPERATIONS,
    status::OPERATIONS,
    tools::OPERATIONS,
    wrapping::OPERATIONS,
];

/// The system backend.
///
/// ```no_run
/// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
/// use vault_client::sys::MountSettings;
/// if vault.sys().health().await?.is_active() {
///     vault.sys().enable_mount("secret", &MountSettings::kv2()).await?;
///     vault.sys().put_policy("reader", "path \"secret/data/*\" { capabilities = [\"read\"] }").await?;
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::sys)]
pub struct Sys;
