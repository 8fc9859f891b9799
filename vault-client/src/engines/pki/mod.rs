//! [PKI](https://developer.hashicorp.com/vault/api-docs/secret/pki): certificates.

mod types;

use std::collections::BTreeMap;

use client_core::bytes::Bytes;
use client_core::{endpoints, handle};
use secrecy::{ExposeSecret, SecretString};

use crate::caps::{Action, List, Read, Write};
use crate::client::MountPath;
use crate::secret::key_info;
use crate::{Call, Client};

pub use types::{
    Certificate, CertificateInfo, CertificateRequest, Csr, Imported, Issuer, IssuerSettings, IssuerSummary,
    IssuersConfig, PkiRole, PkiTidy, PkiUrls, Revocation, Rotated, TidyStatus,
};

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
#[handle(Client::pki)]
pub struct Pki {
    mount: MountPath,
}

#[endpoints("pki", mount)]
impl Pki {
    /// Makes a root certificate. `kind` is `internal`, `exported`, `existing` or `kms`.
    #[post("/v1/{mount*}/root/generate/{type}", type = kind)]
    pub fn generate_root(&self, kind: &str, request: &CertificateRequest) -> Call<Certificate, Action> {
        call.json(request)
    }

    /// Makes a request for another authority to sign. `kind` is as for a root.
    #[post("/v1/{mount*}/intermediate/generate/{type}", type = kind)]
    pub fn generate_intermediate(&self, kind: &str, request: &CertificateRequest) -> Call<Csr, Action> {
        call.json(request)
    }

    /// Takes in the certificate that another authority signed.
    #[post("/v1/{mount*}/intermediate/set-signed")]
    pub fn set_signed_intermediate(&self, certificate: &str) -> Call<Imported, Action> {
        call.field("certificate", certificate)
    }

    /// Signs the request of another authority.
    #[post("/v1/{mount*}/root/sign-intermediate")]
    pub fn sign_intermediate(&self, request: &CertificateRequest) -> Call<Certificate, Action> {
        call.json(request)
    }

    /// Makes a certificate and its private key.
    #[post("/v1/{mount*}/issue/{role}")]
    pub fn issue(&self, role: &str, request: &CertificateRequest) -> Call<Certificate, Action> {
        call.json(request)
    }

    /// Signs a request, whose maker keeps the private key.
    #[post("/v1/{mount*}/sign/{role}")]
    pub fn sign(&self, role: &str, request: &CertificateRequest) -> Call<Certificate, Action> {
        call.json(request)
    }

    /// Revokes a certificate.
    #[post("/v1/{mount*}/revoke", idempotent)]
    pub fn revoke(&self, serial_number: &str) -> Call<Revocation, Action> {
        call.field("serial_number", serial_number)
    }

    /// Lists certificates by serial number.
    #[list("/v1/{mount*}/certs", name = "list_certs")]
    pub fn certs(&self) -> Call<Vec<String>, List> {}

    /// Reads a certificate, or, as `ca`, the issuer's.
    #[get("/v1/{mount*}/cert/{serial}", name = "read_cert")]
    pub fn cert(&self, serial: &str) -> Call<CertificateInfo, Read> {}

    /// The default issuer's certificate in DER; empty where there is none.
    #[get("/v1/{mount*}/ca", name = "read_ca_der")]
    pub fn ca_der(&self) -> Call<Bytes> {}

    /// The default issuer's certificate in PEM; empty where there is none.
    #[get("/v1/{mount*}/ca/pem", name = "read_ca_pem", with = crate::answers::text)]
    pub fn ca_pem(&self) -> Call<String> {}

    /// The default issuer's certificate and those up to the root, in PEM.
    #[get("/v1/{mount*}/ca_chain", name = "read_ca_chain_pem", with = crate::answers::text)]
    pub fn ca_chain_pem(&self) -> Call<String> {}

    /// The default issuer's revocation list, in DER.
    #[get("/v1/{mount*}/crl", name = "read_crl_der")]
    pub fn crl_der(&self) -> Call<Bytes> {}

    /// The default issuer's revocation list, in PEM.
    #[get("/v1/{mount*}/crl/pem", name = "read_crl_pem", with = crate::answers::text)]
    pub fn crl_pem(&self) -> Call<String> {}

    /// Writes the revocation lists anew. The server has this as a GET.
    #[get("/v1/{mount*}/crl/rotate")]
    pub fn rotate_crl(&self) -> Call<Rotated, Action> {}

    /// Lists issuers by id.
    #[list("/v1/{mount*}/issuers", name = "list_issuers", with = key_info)]
    pub fn issuers(&self) -> Call<BTreeMap<String, IssuerSummary>, List> {}

    /// Reads an issuer by id, name or `default`.
    #[get("/v1/{mount*}/issuer/{issuer_ref}", name = "read_issuer")]
    pub fn issuer(&self, issuer_ref: &str) -> Call<Issuer, Read> {}

    /// Lists roles.
    #[list("/v1/{mount*}/roles", name = "list_roles")]
    pub fn roles(&self) -> Call<Vec<String>, List> {}

    /// Reads a role.
    #[get("/v1/{mount*}/roles/{name}", name = "read_role")]
    pub fn role(&self, name: &str) -> Call<PkiRole, Read> {}

    /// Creates or replaces a role: what is not set falls back to its default.
    #[post("/v1/{mount*}/roles/{name}", idempotent, name = "write_role")]
    pub fn put_role(&self, name: &str, role: &PkiRole) -> Call<PkiRole, Action> {
        call.json(role)
    }

    /// Changes a role; what is not set stays as it is.
    #[patch("/v1/{mount*}/roles/{name}", idempotent)]
    pub fn patch_role(&self, name: &str, role: &PkiRole) -> Call<PkiRole, Action> {
        call.json(role).merge_patch()
    }

    /// Deletes a role. Certificates stay.
    #[delete("/v1/{mount*}/roles/{name}", idempotent)]
    pub fn delete_role(&self, name: &str) -> Call<(), Write> {}

    /// Reads where certificates say that things are.
    #[get("/v1/{mount*}/config/urls", name = "read_urls")]
    pub fn urls(&self) -> Call<PkiUrls, Read> {}

    /// Sets where certificates say that things are.
    #[post("/v1/{mount*}/config/urls", idempotent, name = "write_urls")]
    pub fn put_urls(&self, urls: &PkiUrls) -> Call<PkiUrls, Action> {
        call.json(urls)
    }

    /// Signs a request as it is, whatever names it has. Whoever may do this may be anybody: prefer
    /// [`sign`](Self::sign).
    #[post("/v1/{mount*}/sign-verbatim")]
    pub fn sign_verbatim(&self, request: &CertificateRequest) -> Call<Certificate, Action> {
        call.json(request)
    }

    /// Signs a request as it is, for as long and with the issuer that a role says.
    #[post("/v1/{mount*}/sign-verbatim/{role}")]
    pub fn sign_verbatim_with_role(
        &self,
        role: &str,
        request: &CertificateRequest,
    ) -> Call<Certificate, Action> {
        call.json(request)
    }

    /// Lists certificates that were revoked, by serial number.
    #[list("/v1/{mount*}/certs/revoked", name = "list_revoked_certs")]
    pub fn revoked_certs(&self) -> Call<Vec<String>, List> {}

    /// Takes in certificates and private keys, in PEM one after the other.
    #[post("/v1/{mount*}/issuers/import/bundle")]
    pub fn import_bundle(&self, pem: &SecretString) -> Call<Imported, Action> {
        call.field("pem_bundle", pem.expose_secret())
    }

    /// Sets what an issuer is called and does; what is not given falls back to its default.
    #[post("/v1/{mount*}/issuer/{issuer_ref}", idempotent, name = "write_issuer")]
    pub fn put_issuer(&self, issuer_ref: &str, settings: &IssuerSettings) -> Call<Issuer, Action> {
        call.json(settings)
    }

    /// Changes an issuer; what is not given stays.
    #[patch("/v1/{mount*}/issuer/{issuer_ref}", idempotent)]
    pub fn patch_issuer(&self, issuer_ref: &str, settings: &IssuerSettings) -> Call<Issuer, Action> {
        call.json(settings).merge_patch()
    }

    /// Deletes an issuer. Its key and the certificates it issued stay.
    #[delete("/v1/{mount*}/issuer/{issuer_ref}", idempotent)]
    pub fn delete_issuer(&self, issuer_ref: &str) -> Call<(), Write> {}

    /// Revokes an issuer, for good. It issues nothing any more, and still signs its own list.
    #[post("/v1/{mount*}/issuer/{issuer_ref}/revoke", idempotent)]
    pub fn revoke_issuer(&self, issuer_ref: &str) -> Call<Issuer, Action> {}

    /// Reads which issuer is the default.
    #[get("/v1/{mount*}/config/issuers", name = "read_issuers_config")]
    pub fn issuers_config(&self) -> Call<IssuersConfig, Read> {}

    /// Sets which issuer is the default.
    #[post("/v1/{mount*}/config/issuers", idempotent, name = "write_issuers_config")]
    pub fn put_issuers_config(&self, config: &IssuersConfig) -> Call<IssuersConfig, Action> {
        call.json(config)
    }

    /// Starts removing what the settings say, in the background of the server.
    #[post("/v1/{mount*}/tidy", idempotent, name = "tidy")]
    pub fn tidy_with(&self, settings: &PkiTidy) -> Call<(), Write> {
        call.json(settings)
    }

    /// Stops tidying up.
    #[post("/v1/{mount*}/tidy-cancel", idempotent, name = "tidy_cancel")]
    pub fn cancel_tidy(&self) -> Call<TidyStatus, Action> {}

    /// Starts removing expired certificates, in the background of the server.
    pub fn tidy(&self) -> Call<(), Write> {
        self.client
            .call(&Self::TIDY_WITH, &[&self.mount])
            .field("tidy_cert_store", &true)
            .field("tidy_revoked_certs", &true)
    }

    /// How far tidying up is.
    #[get("/v1/{mount*}/tidy-status")]
    pub fn tidy_status(&self) -> Call<TidyStatus, Read> {}
}
