//! [PKI](https://developer.hashicorp.com/vault/api-docs/secret/pki): certificates.

use std::collections::BTreeMap;

use client_core::bytes::Bytes;
use client_core::wire::{bytes, recode_raw, text};
use client_core::{Op, Verb, operations};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::caps::{Action, List, Plain, Read, Write};
use crate::client::trimmed;
use crate::secret::{data, key_info, keys, written};
use crate::shape::{record, settings};
use crate::{Call, Client};

operations! {
    ROOT: Certificate, Action = data(Verb::Post, "pki.generate_root", "/v1/{mount*}/root/generate/{type}");
    INTERMEDIATE: Csr, Action =
        data(Verb::Post, "pki.generate_intermediate", "/v1/{mount*}/intermediate/generate/{type}");
    SET_SIGNED: Imported, Action =
        data(Verb::Post, "pki.set_signed_intermediate", "/v1/{mount*}/intermediate/set-signed");
    SIGN_INTERMEDIATE: Certificate, Action =
        data(Verb::Post, "pki.sign_intermediate", "/v1/{mount*}/root/sign-intermediate");
    ISSUE: Certificate, Action = data(Verb::Post, "pki.issue", "/v1/{mount*}/issue/{role}");
    SIGN: Certificate, Action = data(Verb::Post, "pki.sign", "/v1/{mount*}/sign/{role}");
    REVOKE: Revocation, Action = data(Verb::Post, "pki.revoke", "/v1/{mount*}/revoke").idempotent();
    CERTS: Vec<String>, List = keys("pki.list_certs", "/v1/{mount*}/certs");
    CERT: CertificateInfo, Read = data(Verb::Get, "pki.read_cert", "/v1/{mount*}/cert/{serial}");
    CA: Bytes, Plain = Op::decoded_by(Verb::Get, "pki.read_ca_der", "/v1/{mount*}/ca", bytes, recode_raw);
    CA_PEM: String, Plain = Op::decoded_by(Verb::Get, "pki.read_ca_pem", "/v1/{mount*}/ca/pem", text, recode_raw);
    CA_CHAIN: String, Plain =
        Op::decoded_by(Verb::Get, "pki.read_ca_chain_pem", "/v1/{mount*}/ca_chain", text, recode_raw);
    CRL: Bytes, Plain = Op::decoded_by(Verb::Get, "pki.read_crl_der", "/v1/{mount*}/crl", bytes, recode_raw);
    CRL_PEM: String, Plain = Op::decoded_by(Verb::Get, "pki.read_crl_pem", "/v1/{mount*}/crl/pem", text, recode_raw);
    ROTATE_CRL: Rotated, Action = data(Verb::Get, "pki.rotate_crl", "/v1/{mount*}/crl/rotate");
    ISSUERS: BTreeMap<String, IssuerSummary>, List = key_info("pki.list_issuers", "/v1/{mount*}/issuers");
    ISSUER: Issuer, Read = data(Verb::Get, "pki.read_issuer", "/v1/{mount*}/issuer/{issuer_ref}");
    ROLES: Vec<String>, List = keys("pki.list_roles", "/v1/{mount*}/roles");
    ROLE: PkiRole, Read = data(Verb::Get, "pki.read_role", "/v1/{mount*}/roles/{name}");
    PUT_ROLE: PkiRole, Action = data(Verb::Post, "pki.write_role", "/v1/{mount*}/roles/{name}").idempotent();
    PATCH_ROLE: PkiRole, Action = data(Verb::Patch, "pki.patch_role", "/v1/{mount*}/roles/{name}").idempotent();
    DELETE_ROLE: (), Write = written(Verb::Delete, "pki.delete_role", "/v1/{mount*}/roles/{name}").idempotent();
    URLS: PkiUrls, Read = data(Verb::Get, "pki.read_urls", "/v1/{mount*}/config/urls");
    PUT_URLS: PkiUrls, Action = data(Verb::Post, "pki.write_urls", "/v1/{mount*}/config/urls").idempotent();
    SIGN_VERBATIM: Certificate, Action =
        data(Verb::Post, "pki.sign_verbatim", "/v1/{mount*}/sign-verbatim");
    SIGN_VERBATIM_WITH_ROLE: Certificate, Action =
        data(Verb::Post, "pki.sign_verbatim_with_role", "/v1/{mount*}/sign-verbatim/{role}");
    REVOKED: Vec<String>, List = keys("pki.list_revoked_certs", "/v1/{mount*}/certs/revoked");
    IMPORT: Imported, Action = data(Verb::Post, "pki.import_bundle", "/v1/{mount*}/issuers/import/bundle");
    PUT_ISSUER: Issuer, Action =
        data(Verb::Post, "pki.write_issuer", "/v1/{mount*}/issuer/{issuer_ref}").idempotent();
    PATCH_ISSUER: Issuer, Action =
        data(Verb::Patch, "pki.patch_issuer", "/v1/{mount*}/issuer/{issuer_ref}").idempotent();
    DELETE_ISSUER: (), Write =
        written(Verb::Delete, "pki.delete_issuer", "/v1/{mount*}/issuer/{issuer_ref}").idempotent();
    REVOKE_ISSUER: Issuer, Action =
        data(Verb::Post, "pki.revoke_issuer", "/v1/{mount*}/issuer/{issuer_ref}/revoke").idempotent();
    DEFAULTS: IssuersConfig, Read = data(Verb::Get, "pki.read_issuers_config", "/v1/{mount*}/config/issuers");
    PUT_DEFAULTS: IssuersConfig, Action =
        data(Verb::Post, "pki.write_issuers_config", "/v1/{mount*}/config/issuers").idempotent();
    TIDY_CANCEL: TidyStatus, Action = data(Verb::Post, "pki.tidy_cancel", "/v1/{mount*}/tidy-cancel").idempotent();
    TIDY: (), Write = written(Verb::Post, "pki.tidy", "/v1/{mount*}/tidy").idempotent();
    TIDY_STATUS: TidyStatus, Read = data(Verb::Get, "pki.tidy_status", "/v1/{mount*}/tidy-status");
}

settings! {
    /// A certificate to make, or a request to sign.
    pub struct CertificateRequest {
        /// Whom it is for.
        common_name: text,
        /// Further names, separated by commas.
        alt_names: text,
        /// Addresses, separated by commas.
        ip_sans: text,
        /// URIs, separated by commas.
        uri_sans: text,
        /// Other names, as `oid;type:value`.
        other_sans: text,
        /// The serial number in the subject.
        serial_number: text,
        /// How long it is valid.
        ttl: go,
        /// When it ends, instead of `ttl`: `2026-12-31T23:59:59Z`.
        not_after: text,
        /// `pem`, `der` or `pem_bundle`.
        format: text,
        /// `der` or `pkcs8`.
        private_key_format: text,
        /// Whether the common name is left out of the alternative names.
        exclude_cn_from_sans: flag,
        /// The request to sign, in PEM.
        csr: text,
        /// Whether names of the request are used as they are.
        use_csr_values: flag,
        /// How many certificate authorities may follow; -1 for any number.
        max_path_length: signed,
        /// Domains that authorities below may issue for.
        permitted_dns_domains: list,
        /// `rsa`, `ec` or `ed25519`.
        key_type: text,
        /// The size of the key.
        key_bits: number,
        /// The name for the new issuer.
        issuer_name: text,
        /// The name for the new key.
        key_name: text,
        /// The key to use, instead of a new one.
        key_ref: text,
        /// The issuer to use, where the role allows it.
        issuer_ref: text,
        /// The subject's organization.
        organization: list,
        /// The subject's unit.
        ou: list,
        /// The subject's country.
        country: list,
        /// The subject's place.
        locality: list,
        /// The subject's province.
        province: list,
        /// Whether root certificates are left out of the chain.
        remove_roots_from_chain: flag,
        /// User ids in the subject.
        user_ids: text,
    }
}

record! {
    /// A certificate that was made.
    pub struct Certificate {
        /// The certificate.
        certificate: text,
        /// The certificate of its issuer.
        issuing_ca: text,
        /// The certificates up to the root.
        ca_chain: list,
        /// Its private key. It is shown only now.
        private_key: maybe_secret,
        /// The type of its private key.
        private_key_type: maybe(String),
        /// Its serial number.
        serial_number: text,
        /// When it ends, in seconds since 1970.
        expiration: signed,
        /// The new issuer's id.
        issuer_id: maybe(String),
        /// The new issuer's name.
        issuer_name: maybe(String),
        /// The new key's id.
        key_id: maybe(String),
        /// The new key's name.
        key_name: maybe(String),
    }
}

record! {
    /// A request that another authority has to sign.
    pub struct Csr {
        /// The request, in PEM.
        csr: text,
        /// The private key, where it was asked for. It is shown only now.
        private_key: maybe_secret,
        /// The type of the private key.
        private_key_type: maybe(String),
        /// The key's id.
        key_id: text,
    }
}

record! {
    /// Issuers and keys that were taken in.
    pub struct Imported {
        /// New issuers.
        imported_issuers: list,
        /// New keys.
        imported_keys: list,
        /// Issuers that were there.
        existing_issuers: list,
        /// Keys that were there.
        existing_keys: list,
        /// Which key belongs to which issuer.
        mapping: map,
    }
}

record! {
    /// A certificate that was revoked.
    pub struct Revocation {
        /// When, in seconds since 1970.
        revocation_time: signed,
        /// When.
        revocation_time_rfc3339: time,
        /// `revoked` or `pending`.
        state: text,
    }
}

record! {
    /// A certificate, and whether it was revoked.
    pub struct CertificateInfo {
        /// The certificate, in PEM.
        certificate: text,
        /// When it was revoked, in seconds since 1970; 0 if it was not.
        revocation_time: signed,
        /// When it was revoked.
        revocation_time_rfc3339: time,
        /// Who issued it.
        issuer_id: maybe(String),
    }
}

record! {
    /// An issuer in a list.
    pub struct IssuerSummary {
        /// Its name.
        issuer_name: text,
        /// Its key.
        key_id: text,
        /// Its certificate's serial number.
        serial_number: text,
        /// Whether it issues where none is named.
        is_default: flag,
    }
}

record! {
    /// An issuer.
    pub struct Issuer {
        /// Its id.
        issuer_id: text,
        /// Its name.
        issuer_name: text,
        /// Its key.
        key_id: text,
        /// Its certificate, in PEM.
        certificate: text,
        /// The certificates up to the root.
        ca_chain: list,
        /// Issuers of the chain, where they are set by hand.
        manual_chain: list,
        /// What to do with certificates that would outlive it: `err`, `truncate` or `permit`.
        leaf_not_after_behavior: text,
        /// What it may be used for.
        usage: text,
        /// Whether it is revoked.
        revoked: flag,
        /// Where its certificate is.
        issuing_certificates: list,
        /// Where its revocation list is.
        crl_distribution_points: list,
        /// Where its OCSP responder is.
        ocsp_servers: list,
    }
}

settings! {
    /// What an issuer is called and does.
    pub struct IssuerSettings {
        /// Its name.
        issuer_name: text,
        /// What to do with certificates that would outlive it: `err`, `truncate` or `permit`.
        leaf_not_after_behavior: text,
        /// Issuers of the chain, set by hand.
        manual_chain: list,
        /// What it may be used for: `read-only`, `issuing-certificates`, `crl-signing` and
        /// `ocsp-signing`, separated by commas.
        usage: text,
        /// How revocation lists are signed.
        revocation_signature_algorithm: text,
        /// Where its certificate is.
        issuing_certificates: list,
        /// Where its revocation list is.
        crl_distribution_points: list,
        /// Where its OCSP responder is.
        ocsp_servers: list,
        /// Whether the URLs have templates.
        enable_aia_url_templating: flag,
    }
}

settings! {
    /// Which issuer is meant where none is named.
    pub struct IssuersConfig {
        /// The issuer, by id or name.
        default: text,
        /// Whether the newest issuer becomes it.
        default_follows_latest_issuer: flag,
    }
}

settings! {
    /// What to remove.
    pub struct PkiTidy {
        /// Whether certificates that have expired go.
        tidy_cert_store: flag,
        /// Whether revoked ones that have expired go.
        tidy_revoked_certs: flag,
        /// Whether revoked certificates are told their issuers.
        tidy_revoked_cert_issuer_associations: flag,
        /// Whether issuers that have expired go.
        tidy_expired_issuers: flag,
        /// Whether ACME accounts, orders and authorizations that have expired go.
        tidy_acme: flag,
        /// How long after its end a certificate stays.
        safety_buffer: go,
        /// How long after its end an issuer stays.
        issuer_safety_buffer: go,
        /// How long to wait between certificates.
        pause_duration: go,
    }
}

settings! {
    /// Where certificates say that things are.
    pub struct PkiUrls {
        /// Where the issuer's certificate is.
        issuing_certificates: list,
        /// Where the revocation list is.
        crl_distribution_points: list,
        /// Where the list of changes to it is.
        delta_crl_distribution_points: list,
        /// Where the OCSP responder is.
        ocsp_servers: list,
        /// Whether the URLs have templates.
        enable_templating: flag,
    }
}

settings! {
    /// What may be issued with a role. Also what a role is, when it is read.
    pub struct PkiRole {
        /// The issuer.
        issuer_ref: text,
        /// How long certificates are valid unless they say otherwise.
        ttl: seconds,
        /// How long certificates may be valid.
        max_ttl: seconds,
        /// Whether `localhost` may be asked for.
        allow_localhost: flag,
        /// Domains that may be asked for.
        allowed_domains: list,
        /// Whether the domains have templates.
        allowed_domains_template: flag,
        /// Whether the domains themselves may be asked for.
        allow_bare_domains: flag,
        /// Whether names below the domains may be asked for.
        allow_subdomains: flag,
        /// Whether the domains are patterns.
        allow_glob_domains: flag,
        /// Whether wildcards may be asked for.
        allow_wildcard_certificates: flag,
        /// Whether any name may be asked for.
        allow_any_name: flag,
        /// Whether the token's name may be asked for.
        allow_token_displayname: flag,
        /// Whether names have to be host names.
        enforce_hostnames: flag,
        /// Whether addresses may be asked for.
        allow_ip_sans: flag,
        /// Addresses that may be asked for (OpenBao).
        allowed_ip_sans_cidr: list,
        /// URIs that may be asked for.
        allowed_uri_sans: list,
        /// Whether the URIs have templates.
        allowed_uri_sans_template: flag,
        /// Other names that may be asked for.
        allowed_other_sans: list,
        /// Serial numbers that may be asked for.
        allowed_serial_numbers: list,
        /// User ids that may be asked for.
        allowed_user_ids: list,
        /// Whether servers may use the certificates.
        server_flag: flag,
        /// Whether clients may use the certificates.
        client_flag: flag,
        /// Whether code may be signed with them.
        code_signing_flag: flag,
        /// Whether mail may be signed with them.
        email_protection_flag: flag,
        /// `rsa`, `ec`, `ed25519` or `any`.
        key_type: text,
        /// The size of the key.
        key_bits: number,
        /// The size of the signature's hash.
        signature_bits: number,
        /// Whether RSA signatures are PSS.
        use_pss: flag,
        /// What the keys may be used for.
        key_usage: list,
        /// What else the keys may be used for.
        ext_key_usage: list,
        /// The same as object identifiers.
        ext_key_usage_oids: list,
        /// Whether the common name of a request is used.
        use_csr_common_name: flag,
        /// Whether the alternative names of a request are used.
        use_csr_sans: flag,
        /// The subject's unit.
        ou: list,
        /// The subject's organization.
        organization: list,
        /// The subject's country.
        country: list,
        /// The subject's place.
        locality: list,
        /// The subject's province.
        province: list,
        /// The subject's street.
        street_address: list,
        /// The subject's postal code.
        postal_code: list,
        /// Whether certificates come with a lease, by which they can be revoked.
        generate_lease: flag,
        /// Whether certificates are not kept, so that they cannot be revoked.
        no_store: flag,
        /// Whether nothing about certificates is kept (Enterprise).
        no_store_metadata: flag,
        /// Whether a common name is needed.
        require_cn: flag,
        /// How common names are checked.
        cn_validations: list,
        /// Policies in the certificates.
        policy_identifiers: of(Value),
        /// Whether certificates say that they are no authority's.
        basic_constraints_valid_for_non_ca: flag,
        /// How long before now certificates begin.
        not_before_duration: seconds,
        /// When certificates end, instead of `ttl`.
        not_after: text,
        /// When certificates begin (OpenBao).
        not_before: text,
        /// What to do with a later end than the issuer's (OpenBao).
        not_after_bound: text,
        /// What to do with an earlier begin than the issuer's (OpenBao).
        not_before_bound: text,
    }
}

record! {
    /// How far tidying up is.
    pub struct TidyStatus {
        /// `Inactive`, `Running`, `Finished`, `Error`, …
        state: text,
        /// What went wrong.
        error: maybe(String),
        /// What it is at.
        message: maybe(String),
        /// When it began.
        time_started: time,
        /// When it ended.
        time_finished: time,
        /// How many certificates were removed.
        cert_store_deleted_count: maybe(u64),
        /// How many revoked certificates were removed.
        revoked_cert_deleted_count: maybe(u64),
    }
}

record! {
    /// Whether a new list was written.
    pub struct Rotated {
        /// Whether it was.
        success: flag,
    }
}

/// A PKI mount.
#[derive(Debug, Clone)]
pub struct Pki {
    client: Client,
    mount: String,
}

impl Client {
    /// The PKI engine at `mount`.
    ///
    /// ```no_run
    /// # async fn example(vault: vault_client::Client) -> vault_client::Result<()> {
    /// use vault_client::engines::CertificateRequest;
    /// let request = CertificateRequest::new().common_name("api.example.test");
    /// let issued = vault.pki("pki").issue("web", &request).await?;
    /// println!("{} until {}", issued.serial_number, issued.expiration);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn pki(&self, mount: impl AsRef<str>) -> Pki {
        Pki { client: self.clone(), mount: trimmed(mount) }
    }
}

impl Pki {
    fn at<T, C>(&self, op: &'static Op<T, C>) -> Call<T, C> {
        self.client.call(op, &[&self.mount])
    }

    fn of<T, C>(&self, op: &'static Op<T, C>, name: &str) -> Call<T, C> {
        self.client.call(op, &[&self.mount, name])
    }

    /// Makes a root certificate. `kind` is `internal`, `exported`, `existing` or `kms`.
    pub fn generate_root(&self, kind: &str, request: &CertificateRequest) -> Call<Certificate, Action> {
        self.of(&ROOT, kind).json(request)
    }

    /// Makes a request for another authority to sign. `kind` is as for a root.
    pub fn generate_intermediate(&self, kind: &str, request: &CertificateRequest) -> Call<Csr, Action> {
        self.of(&INTERMEDIATE, kind).json(request)
    }

    /// Takes in the certificate that another authority signed.
    pub fn set_signed_intermediate(&self, certificate: &str) -> Call<Imported, Action> {
        self.at(&SET_SIGNED).field("certificate", certificate)
    }

    /// Signs the request of another authority.
    pub fn sign_intermediate(&self, request: &CertificateRequest) -> Call<Certificate, Action> {
        self.at(&SIGN_INTERMEDIATE).json(request)
    }

    /// Makes a certificate and its private key.
    pub fn issue(&self, role: &str, request: &CertificateRequest) -> Call<Certificate, Action> {
        self.of(&ISSUE, role).json(request)
    }

    /// Signs a request, whose maker keeps the private key.
    pub fn sign(&self, role: &str, request: &CertificateRequest) -> Call<Certificate, Action> {
        self.of(&SIGN, role).json(request)
    }

    /// Revokes a certificate.
    pub fn revoke(&self, serial_number: &str) -> Call<Revocation, Action> {
        self.at(&REVOKE).field("serial_number", serial_number)
    }

    /// Lists certificates by serial number.
    pub fn certs(&self) -> Call<Vec<String>, List> {
        self.at(&CERTS)
    }

    /// Reads a certificate, or, as `ca`, the issuer's.
    pub fn cert(&self, serial: &str) -> Call<CertificateInfo, Read> {
        self.of(&CERT, serial)
    }

    /// The default issuer's certificate in DER; empty where there is none.
    pub fn ca_der(&self) -> Call<Bytes> {
        self.at(&CA)
    }

    /// The default issuer's certificate in PEM; empty where there is none.
    pub fn ca_pem(&self) -> Call<String> {
        self.at(&CA_PEM)
    }

    /// The default issuer's certificate and those up to the root, in PEM.
    pub fn ca_chain_pem(&self) -> Call<String> {
        self.at(&CA_CHAIN)
    }

    /// The default issuer's revocation list, in DER.
    pub fn crl_der(&self) -> Call<Bytes> {
        self.at(&CRL)
    }

    /// The default issuer's revocation list, in PEM.
    pub fn crl_pem(&self) -> Call<String> {
        self.at(&CRL_PEM)
    }

    /// Writes the revocation lists anew. The server has this as a GET.
    pub fn rotate_crl(&self) -> Call<Rotated, Action> {
        self.at(&ROTATE_CRL)
    }

    /// Lists issuers by id.
    pub fn issuers(&self) -> Call<BTreeMap<String, IssuerSummary>, List> {
        self.at(&ISSUERS)
    }

    /// Reads an issuer by id, name or `default`.
    pub fn issuer(&self, issuer_ref: &str) -> Call<Issuer, Read> {
        self.of(&ISSUER, issuer_ref)
    }

    /// Lists roles.
    pub fn roles(&self) -> Call<Vec<String>, List> {
        self.at(&ROLES)
    }

    /// Reads a role.
    pub fn role(&self, name: &str) -> Call<PkiRole, Read> {
        self.of(&ROLE, name)
    }

    /// Creates or replaces a role: what is not set falls back to its default.
    pub fn put_role(&self, name: &str, role: &PkiRole) -> Call<PkiRole, Action> {
        self.of(&PUT_ROLE, name).json(role)
    }

    /// Changes a role; what is not set stays as it is.
    pub fn patch_role(&self, name: &str, role: &PkiRole) -> Call<PkiRole, Action> {
        self.of(&PATCH_ROLE, name).json(role).merge_patch()
    }

    /// Deletes a role. Certificates stay.
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {
        self.of(&DELETE_ROLE, name)
    }

    /// Reads where certificates say that things are.
    pub fn urls(&self) -> Call<PkiUrls, Read> {
        self.at(&URLS)
    }

    /// Sets where certificates say that things are.
    pub fn put_urls(&self, urls: &PkiUrls) -> Call<PkiUrls, Action> {
        self.at(&PUT_URLS).json(urls)
    }

    /// Signs a request as it is, whatever names it has. Whoever may do this may be anybody: prefer
    /// [`sign`](Self::sign).
    pub fn sign_verbatim(&self, request: &CertificateRequest) -> Call<Certificate, Action> {
        self.at(&SIGN_VERBATIM).json(request)
    }

    /// Signs a request as it is, for as long and with the issuer that a role says.
    pub fn sign_verbatim_with_role(
        &self,
        role: &str,
        request: &CertificateRequest,
    ) -> Call<Certificate, Action> {
        self.of(&SIGN_VERBATIM_WITH_ROLE, role).json(request)
    }

    /// Lists certificates that were revoked, by serial number.
    pub fn revoked_certs(&self) -> Call<Vec<String>, List> {
        self.at(&REVOKED)
    }

    /// Takes in certificates and private keys, in PEM one after the other.
    pub fn import_bundle(&self, pem: &SecretString) -> Call<Imported, Action> {
        self.at(&IMPORT).field("pem_bundle", pem.expose_secret())
    }

    /// Sets what an issuer is called and does; what is not given falls back to its default.
    pub fn put_issuer(&self, issuer_ref: &str, settings: &IssuerSettings) -> Call<Issuer, Action> {
        self.of(&PUT_ISSUER, issuer_ref).json(settings)
    }

    /// Changes an issuer; what is not given stays.
    pub fn patch_issuer(&self, issuer_ref: &str, settings: &IssuerSettings) -> Call<Issuer, Action> {
        self.of(&PATCH_ISSUER, issuer_ref).json(settings).merge_patch()
    }

    /// Deletes an issuer. Its key and the certificates it issued stay.
    pub fn delete_issuer(&self, issuer_ref: &str) -> Call<(), Write> {
        self.of(&DELETE_ISSUER, issuer_ref)
    }

    /// Revokes an issuer, for good. It issues nothing any more, and still signs its own list.
    pub fn revoke_issuer(&self, issuer_ref: &str) -> Call<Issuer, Action> {
        self.of(&REVOKE_ISSUER, issuer_ref)
    }

    /// Reads which issuer is the default.
    pub fn issuers_config(&self) -> Call<IssuersConfig, Read> {
        self.at(&DEFAULTS)
    }

    /// Sets which issuer is the default.
    pub fn put_issuers_config(&self, config: &IssuersConfig) -> Call<IssuersConfig, Action> {
        self.at(&PUT_DEFAULTS).json(config)
    }

    /// Starts removing what the settings say, in the background of the server.
    pub fn tidy_with(&self, settings: &PkiTidy) -> Call<(), Write> {
        self.at(&TIDY).json(settings)
    }

    /// Stops tidying up.
    pub fn cancel_tidy(&self) -> Call<TidyStatus, Action> {
        self.at(&TIDY_CANCEL)
    }

    /// Starts removing expired certificates, in the background of the server.
    pub fn tidy(&self) -> Call<(), Write> {
        self.at(&TIDY).field("tidy_cert_store", &true).field("tidy_revoked_certs", &true)
    }

    /// How far tidying up is.
    pub fn tidy_status(&self) -> Call<TidyStatus, Read> {
        self.at(&TIDY_STATUS)
    }
}
