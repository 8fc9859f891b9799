//! Certificates and verdicts that the agent has for services in the mesh.

use client_core::wire::Wire;
use client_core::{Extra, endpoints};
use jiff::Timestamp;
use secrecy::SecretString;

use super::Agent;
use crate::Call;
use crate::caps::BlockingRead;
use crate::connect::CaRoots;

#[endpoints("agent")]
impl Agent {
    /// Whether the client with this certificate may connect to the service `target`. Intentions
    /// about HTTP requests count as a no.
    #[post("/v1/agent/connect/authorize", idempotent)]
    pub fn connect_authorize(
        &self,
        target: &str,
        client_cert_uri: &str,
        client_cert_serial: &str,
    ) -> Call<Authorization> {
        call.field("Target", target)
            .field("ClientCertURI", client_cert_uri)
            .field("ClientCertSerial", client_cert_serial)
    }

    /// The certificates that services in the mesh are verified with.
    #[get("/v1/agent/connect/ca/roots")]
    pub fn connect_ca_roots(&self) -> Call<CaRoots, BlockingRead> {}

    /// The certificate of a service, by name, which the agent renews in time; `watch()` yields
    /// each new one.
    #[get("/v1/agent/connect/ca/leaf/{service}")]
    pub fn connect_ca_leaf(&self, service: &str) -> Call<LeafCertificate, BlockingRead> {}
}

/// Whether a connection is allowed.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Authorization {
    /// Whether it is.
    pub authorized: bool,
    /// Why.
    pub reason: String,
    /// What this version does not know.
    pub extra: Extra,
}

/// The certificate and key of a service.
#[derive(Debug, Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct LeafCertificate {
    /// Its serial number, in hexadecimal.
    pub serial_number: String,
    /// The certificate.
    #[wire(name = "CertPEM")]
    pub cert_pem: String,
    /// Its private key.
    #[wire(name = "PrivateKeyPEM")]
    pub private_key_pem: SecretString,
    /// The service.
    pub service: String,
    /// Its SPIFFE id.
    #[wire(name = "ServiceURI")]
    pub service_uri: String,
    /// The kind of gateway, for a gateway's certificate.
    #[wire(omit_null)]
    pub kind: Option<String>,
    /// The SPIFFE id of a gateway.
    #[wire(name = "KindURI", omit_null)]
    pub kind_uri: Option<String>,
    /// The SPIFFE id of a server.
    #[wire(name = "ServerURI", omit_null)]
    pub server_uri: Option<String>,
    /// When it begins to be valid.
    #[wire(with = client_core::time::rfc3339)]
    pub valid_after: Option<Timestamp>,
    /// When it ends.
    #[wire(with = client_core::time::rfc3339)]
    pub valid_before: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}
