//! [PKI](https://developer.hashicorp.com/vault/api-docs/secret/pki): certificates.

mod types;

use std::collections::BTreeMap;

use client_core::bytes::Bytes;
use client_core::wire::{bytes, recode_raw, text};
use client_core::{Op, Verb, operations};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{Action, List, Plain, Read, Write};
use crate::client::trimmed;
use crate::secret::{data, key_info, keys, written};
use crate::{Call, Client};

pub use types::{
    Certificate, CertificateInfo, CertificateRequest, Csr, Imported, Issuer, IssuerSettings, IssuerSummary,
    IssuersConfig, PkiRole, PkiTidy, PkiUrls, Revocation, Rotated, TidyStatus,
};

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
