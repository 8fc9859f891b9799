//! What is asked of the PKI engine, and what it answers.

use std::collections::BTreeMap;
use std::time::Duration;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::Value;

/// A certificate to make, or a request to sign.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct CertificateRequest {
    /// Whom it is for.
    pub common_name: Option<String>,
    /// Further names, separated by commas.
    pub alt_names: Option<String>,
    /// Addresses, separated by commas.
    pub ip_sans: Option<String>,
    /// URIs, separated by commas.
    pub uri_sans: Option<String>,
    /// Other names, as `oid;type:value`.
    pub other_sans: Option<String>,
    /// The serial number in the subject.
    pub serial_number: Option<String>,
    /// How long it is valid.
    #[wire(with = client_core::time::go::option)]
    pub ttl: Option<Duration>,
    /// When it ends, instead of `ttl`: `2026-12-31T23:59:59Z`.
    pub not_after: Option<String>,
    /// `pem`, `der` or `pem_bundle`.
    pub format: Option<String>,
    /// `der` or `pkcs8`.
    pub private_key_format: Option<String>,
    /// Whether the common name is left out of the alternative names.
    pub exclude_cn_from_sans: Option<bool>,
    /// The request to sign, in PEM.
    pub csr: Option<String>,
    /// Whether names of the request are used as they are.
    pub use_csr_values: Option<bool>,
    /// How many certificate authorities may follow; -1 for any number.
    pub max_path_length: Option<i64>,
    /// Domains that authorities below may issue for.
    #[wire(with = crate::shape::list)]
    pub permitted_dns_domains: Option<Vec<String>>,
    /// `rsa`, `ec` or `ed25519`.
    pub key_type: Option<String>,
    /// The size of the key.
    pub key_bits: Option<u64>,
    /// The name for the new issuer.
    pub issuer_name: Option<String>,
    /// The name for the new key.
    pub key_name: Option<String>,
    /// The key to use, instead of a new one.
    pub key_ref: Option<String>,
    /// The issuer to use, where the role allows it.
    pub issuer_ref: Option<String>,
    /// The subject's organization.
    #[wire(with = crate::shape::list)]
    pub organization: Option<Vec<String>>,
    /// The subject's unit.
    #[wire(with = crate::shape::list)]
    pub ou: Option<Vec<String>>,
    /// The subject's country.
    #[wire(with = crate::shape::list)]
    pub country: Option<Vec<String>>,
    /// The subject's place.
    #[wire(with = crate::shape::list)]
    pub locality: Option<Vec<String>>,
    /// The subject's province.
    #[wire(with = crate::shape::list)]
    pub province: Option<Vec<String>>,
    /// Whether root certificates are left out of the chain.
    pub remove_roots_from_chain: Option<bool>,
    /// User ids in the subject.
    pub user_ids: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl CertificateRequest {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A certificate that was made.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// The certificate of its issuer.
    pub issuing_ca: String,
    /// The certificates up to the root.
    pub ca_chain: Vec<String>,
    /// Its private key. It is shown only now.
    #[wire(omit_null)]
    pub private_key: Option<SecretString>,
    /// The type of its private key.
    #[wire(omit_null)]
    pub private_key_type: Option<String>,
    /// Its serial number.
    pub serial_number: String,
    /// When it ends, in seconds since 1970.
    pub expiration: i64,
    /// The new issuer's id.
    #[wire(omit_null)]
    pub issuer_id: Option<String>,
    /// The new issuer's name.
    #[wire(omit_null)]
    pub issuer_name: Option<String>,
    /// The new key's id.
    #[wire(omit_null)]
    pub key_id: Option<String>,
    /// The new key's name.
    #[wire(omit_null)]
    pub key_name: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A request that another authority has to sign.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Csr {
    /// The request, in PEM.
    pub csr: String,
    /// The private key, where it was asked for. It is shown only now.
    #[wire(omit_null)]
    pub private_key: Option<SecretString>,
    /// The type of the private key.
    #[wire(omit_null)]
    pub private_key_type: Option<String>,
    /// The key's id.
    pub key_id: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// Issuers and keys that were taken in.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Imported {
    /// New issuers.
    pub imported_issuers: Vec<String>,
    /// New keys.
    pub imported_keys: Vec<String>,
    /// Issuers that were there.
    pub existing_issuers: Vec<String>,
    /// Keys that were there.
    pub existing_keys: Vec<String>,
    /// Which key belongs to which issuer.
    pub mapping: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A certificate that was revoked.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Revocation {
    /// When, in seconds since 1970.
    pub revocation_time: i64,
    /// When.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub revocation_time_rfc3339: Option<Timestamp>,
    /// `revoked` or `pending`.
    pub state: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// A certificate, and whether it was revoked.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct CertificateInfo {
    /// The certificate, in PEM.
    pub certificate: String,
    /// When it was revoked, in seconds since 1970; 0 if it was not.
    pub revocation_time: i64,
    /// When it was revoked.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub revocation_time_rfc3339: Option<Timestamp>,
    /// Who issued it.
    #[wire(omit_null)]
    pub issuer_id: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An issuer in a list.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct IssuerSummary {
    /// Its name.
    pub issuer_name: String,
    /// Its key.
    pub key_id: String,
    /// Its certificate's serial number.
    pub serial_number: String,
    /// Whether it issues where none is named.
    pub is_default: bool,
    /// What this version does not know.
    pub extra: Extra,
}

/// An issuer.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Issuer {
    /// Its id.
    pub issuer_id: String,
    /// Its name.
    pub issuer_name: String,
    /// Its key.
    pub key_id: String,
    /// Its certificate, in PEM.
    pub certificate: String,
    /// The certificates up to the root.
    pub ca_chain: Vec<String>,
    /// Issuers of the chain, where they are set by hand.
    pub manual_chain: Vec<String>,
    /// What to do with certificates that would outlive it: `err`, `truncate` or `permit`.
    pub leaf_not_after_behavior: String,
    /// What it may be used for.
    pub usage: String,
    /// Whether it is revoked.
    pub revoked: bool,
    /// Where its certificate is.
    pub issuing_certificates: Vec<String>,
    /// Where its revocation list is.
    pub crl_distribution_points: Vec<String>,
    /// Where its OCSP responder is.
    pub ocsp_servers: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What an issuer is called and does.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct IssuerSettings {
    /// Its name.
    pub issuer_name: Option<String>,
    /// What to do with certificates that would outlive it: `err`, `truncate` or `permit`.
    pub leaf_not_after_behavior: Option<String>,
    /// Issuers of the chain, set by hand.
    #[wire(with = crate::shape::list)]
    pub manual_chain: Option<Vec<String>>,
    /// What it may be used for: `read-only`, `issuing-certificates`, `crl-signing` and
    /// `ocsp-signing`, separated by commas.
    pub usage: Option<String>,
    /// How revocation lists are signed.
    pub revocation_signature_algorithm: Option<String>,
    /// Where its certificate is.
    #[wire(with = crate::shape::list)]
    pub issuing_certificates: Option<Vec<String>>,
    /// Where its revocation list is.
    #[wire(with = crate::shape::list)]
    pub crl_distribution_points: Option<Vec<String>>,
    /// Where its OCSP responder is.
    #[wire(with = crate::shape::list)]
    pub ocsp_servers: Option<Vec<String>>,
    /// Whether the URLs have templates.
    pub enable_aia_url_templating: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl IssuerSettings {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Which issuer is meant where none is named.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct IssuersConfig {
    /// The issuer, by id or name.
    pub default: Option<String>,
    /// Whether the newest issuer becomes it.
    pub default_follows_latest_issuer: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl IssuersConfig {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        <Self as Default>::default()
    }
}

/// What to remove.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct PkiTidy {
    /// Whether certificates that have expired go.
    pub tidy_cert_store: Option<bool>,
    /// Whether revoked ones that have expired go.
    pub tidy_revoked_certs: Option<bool>,
    /// Whether revoked certificates are told their issuers.
    pub tidy_revoked_cert_issuer_associations: Option<bool>,
    /// Whether issuers that have expired go.
    pub tidy_expired_issuers: Option<bool>,
    /// Whether ACME accounts, orders and authorizations that have expired go.
    pub tidy_acme: Option<bool>,
    /// How long after its end a certificate stays.
    #[wire(with = client_core::time::go::option)]
    pub safety_buffer: Option<Duration>,
    /// How long after its end an issuer stays.
    #[wire(with = client_core::time::go::option)]
    pub issuer_safety_buffer: Option<Duration>,
    /// How long to wait between certificates.
    #[wire(with = client_core::time::go::option)]
    pub pause_duration: Option<Duration>,
    /// What this version does not know.
    pub extra: Extra,
}

impl PkiTidy {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// Where certificates say that things are.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct PkiUrls {
    /// Where the issuer's certificate is.
    #[wire(with = crate::shape::list)]
    pub issuing_certificates: Option<Vec<String>>,
    /// Where the revocation list is.
    #[wire(with = crate::shape::list)]
    pub crl_distribution_points: Option<Vec<String>>,
    /// Where the list of changes to it is.
    #[wire(with = crate::shape::list)]
    pub delta_crl_distribution_points: Option<Vec<String>>,
    /// Where the OCSP responder is.
    #[wire(with = crate::shape::list)]
    pub ocsp_servers: Option<Vec<String>>,
    /// Whether the URLs have templates.
    pub enable_templating: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

impl PkiUrls {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// What may be issued with a role. Also what a role is, when it is read.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct PkiRole {
    /// The issuer.
    pub issuer_ref: Option<String>,
    /// How long certificates are valid unless they say otherwise.
    #[wire(with = client_core::time::seconds::option)]
    pub ttl: Option<Duration>,
    /// How long certificates may be valid.
    #[wire(with = client_core::time::seconds::option)]
    pub max_ttl: Option<Duration>,
    /// Whether `localhost` may be asked for.
    pub allow_localhost: Option<bool>,
    /// Domains that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_domains: Option<Vec<String>>,
    /// Whether the domains have templates.
    pub allowed_domains_template: Option<bool>,
    /// Whether the domains themselves may be asked for.
    pub allow_bare_domains: Option<bool>,
    /// Whether names below the domains may be asked for.
    pub allow_subdomains: Option<bool>,
    /// Whether the domains are patterns.
    pub allow_glob_domains: Option<bool>,
    /// Whether wildcards may be asked for.
    pub allow_wildcard_certificates: Option<bool>,
    /// Whether any name may be asked for.
    pub allow_any_name: Option<bool>,
    /// Whether the token's name may be asked for.
    pub allow_token_displayname: Option<bool>,
    /// Whether names have to be host names.
    pub enforce_hostnames: Option<bool>,
    /// Whether addresses may be asked for.
    pub allow_ip_sans: Option<bool>,
    /// Addresses that may be asked for (OpenBao).
    #[wire(with = crate::shape::list)]
    pub allowed_ip_sans_cidr: Option<Vec<String>>,
    /// URIs that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_uri_sans: Option<Vec<String>>,
    /// Whether the URIs have templates.
    pub allowed_uri_sans_template: Option<bool>,
    /// Other names that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_other_sans: Option<Vec<String>>,
    /// Serial numbers that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_serial_numbers: Option<Vec<String>>,
    /// User ids that may be asked for.
    #[wire(with = crate::shape::list)]
    pub allowed_user_ids: Option<Vec<String>>,
    /// Whether servers may use the certificates.
    pub server_flag: Option<bool>,
    /// Whether clients may use the certificates.
    pub client_flag: Option<bool>,
    /// Whether code may be signed with them.
    pub code_signing_flag: Option<bool>,
    /// Whether mail may be signed with them.
    pub email_protection_flag: Option<bool>,
    /// `rsa`, `ec`, `ed25519` or `any`.
    pub key_type: Option<String>,
    /// The size of the key.
    pub key_bits: Option<u64>,
    /// The size of the signature's hash.
    pub signature_bits: Option<u64>,
    /// Whether RSA signatures are PSS.
    pub use_pss: Option<bool>,
    /// What the keys may be used for.
    #[wire(with = crate::shape::list)]
    pub key_usage: Option<Vec<String>>,
    /// What else the keys may be used for.
    #[wire(with = crate::shape::list)]
    pub ext_key_usage: Option<Vec<String>>,
    /// The same as object identifiers.
    #[wire(with = crate::shape::list)]
    pub ext_key_usage_oids: Option<Vec<String>>,
    /// Whether the common name of a request is used.
    pub use_csr_common_name: Option<bool>,
    /// Whether the alternative names of a request are used.
    pub use_csr_sans: Option<bool>,
    /// The subject's unit.
    #[wire(with = crate::shape::list)]
    pub ou: Option<Vec<String>>,
    /// The subject's organization.
    #[wire(with = crate::shape::list)]
    pub organization: Option<Vec<String>>,
    /// The subject's country.
    #[wire(with = crate::shape::list)]
    pub country: Option<Vec<String>>,
    /// The subject's place.
    #[wire(with = crate::shape::list)]
    pub locality: Option<Vec<String>>,
    /// The subject's province.
    #[wire(with = crate::shape::list)]
    pub province: Option<Vec<String>>,
    /// The subject's street.
    #[wire(with = crate::shape::list)]
    pub street_address: Option<Vec<String>>,
    /// The subject's postal code.
    #[wire(with = crate::shape::list)]
    pub postal_code: Option<Vec<String>>,
    /// Whether certificates come with a lease, by which they can be revoked.
    pub generate_lease: Option<bool>,
    /// Whether certificates are not kept, so that they cannot be revoked.
    pub no_store: Option<bool>,
    /// Whether nothing about certificates is kept (Enterprise).
    pub no_store_metadata: Option<bool>,
    /// Whether a common name is needed.
    pub require_cn: Option<bool>,
    /// How common names are checked.
    #[wire(with = crate::shape::list)]
    pub cn_validations: Option<Vec<String>>,
    /// Policies in the certificates.
    pub policy_identifiers: Option<Value>,
    /// Whether certificates say that they are no authority's.
    pub basic_constraints_valid_for_non_ca: Option<bool>,
    /// How long before now certificates begin.
    #[wire(with = client_core::time::seconds::option)]
    pub not_before_duration: Option<Duration>,
    /// When certificates end, instead of `ttl`.
    pub not_after: Option<String>,
    /// When certificates begin (OpenBao).
    pub not_before: Option<String>,
    /// What to do with a later end than the issuer's (OpenBao).
    pub not_after_bound: Option<String>,
    /// What to do with an earlier begin than the issuer's (OpenBao).
    pub not_before_bound: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl PkiRole {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// How far tidying up is.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct TidyStatus {
    /// `Inactive`, `Running`, `Finished`, `Error`, …
    pub state: String,
    /// What went wrong.
    #[wire(omit_null)]
    pub error: Option<String>,
    /// What it is at.
    #[wire(omit_null)]
    pub message: Option<String>,
    /// When it began.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub time_started: Option<Timestamp>,
    /// When it ended.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub time_finished: Option<Timestamp>,
    /// How many certificates were removed.
    #[wire(omit_null)]
    pub cert_store_deleted_count: Option<u64>,
    /// How many revoked certificates were removed.
    #[wire(omit_null)]
    pub revoked_cert_deleted_count: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Whether a new list was written.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Rotated {
    /// Whether it was.
    pub success: bool,
    /// What this version does not know.
    pub extra: Extra,
}
