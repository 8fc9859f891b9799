//! Certificates and verdicts that the agent has for services in the mesh.

use client_core::caps::Plain;
use client_core::{Op, Verb, operations};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::Agent;
use crate::Call;
use crate::caps::BlockingRead;
use crate::connect::CaRoots;
use crate::record::record;

operations! {
    AUTHORIZE: Authorization, Plain =
        Op::new(Verb::Post, "agent.connect_authorize", "/v1/agent/connect/authorize").idempotent();
    ROOTS: CaRoots, BlockingRead =
        Op::new(Verb::Get, "agent.connect_ca_roots", "/v1/agent/connect/ca/roots").blocking();
    LEAF: LeafCertificate, BlockingRead =
        Op::new(Verb::Get, "agent.connect_ca_leaf", "/v1/agent/connect/ca/leaf/{service}").blocking();
}

impl Agent<'_> {
    /// Whether the client with this certificate may connect to the service `target`. Intentions
    /// about HTTP requests count as a no.
    pub fn connect_authorize(
        &self,
        target: &str,
        client_cert_uri: &str,
        client_cert_serial: &str,
    ) -> Call<Authorization> {
        self.0
            .call(&AUTHORIZE, &[])
            .field("Target", target)
            .field("ClientCertURI", client_cert_uri)
            .field("ClientCertSerial", client_cert_serial)
    }

    /// The certificates that services in the mesh are verified with.
    pub fn connect_ca_roots(&self) -> Call<CaRoots, BlockingRead> {
        self.0.call(&ROOTS, &[])
    }

    /// The certificate of a service, by name, which the agent renews in time; `watch()` yields
    /// each new one.
    pub fn connect_ca_leaf(&self, service: &str) -> Call<LeafCertificate, BlockingRead> {
        self.0.call(&LEAF, &[service])
    }
}

record! {
    /// Whether a connection is allowed.
    pub struct Authorization {
        /// Whether it is.
        authorized: bool,
        /// Why.
        reason: String,
    }
}

/// The certificate and key of a service.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct LeafCertificate {
    /// Its serial number, in hexadecimal.
    pub serial_number: String,
    /// The certificate.
    #[serde(rename = "CertPEM")]
    pub cert_pem: String,
    /// Its private key.
    #[serde(rename = "PrivateKeyPEM", with = "client_core::wire::secret")]
    pub private_key_pem: SecretString,
    /// The service.
    pub service: String,
    /// Its SPIFFE id.
    #[serde(rename = "ServiceURI")]
    pub service_uri: String,
    /// The kind of gateway, for a gateway's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The SPIFFE id of a gateway.
    #[serde(rename = "KindURI", skip_serializing_if = "Option::is_none")]
    pub kind_uri: Option<String>,
    /// The SPIFFE id of a server.
    #[serde(rename = "ServerURI", skip_serializing_if = "Option::is_none")]
    pub server_uri: Option<String>,
    /// When it begins to be valid.
    #[serde(with = "client_core::time::rfc3339")]
    pub valid_after: Option<Timestamp>,
    /// When it ends.
    #[serde(with = "client_core::time::rfc3339")]
    pub valid_before: Option<Timestamp>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
}
