//! The other Rust clients, each used as its documentation shows.

use std::any::Any;
use std::collections::HashMap;

use nomad_client_rs::allocation::ListAllocationsOptions;
use nomad_client_rs::event::SubscribeToEventsOptions;
use nomad_client_rs::{Connection, Credential, NomadClient};
use rs_consul::{Consul, GetServiceNodesRequest, ReadKeyRequest};
use serde::Deserialize;
use vault_client_rs::{Kv2Operations as _, KvReadResponse};
use vaultrs::client::VaultClientSettingsBuilder;

use crate::Outcome;
use crate::raw::check;
use crate::subjects::{all, nothing};

/// A client of somebody else.
pub enum Peer {
    /// Vault, by `vaultrs`.
    Vaultrs(Box<vaultrs::client::VaultClient>),
    /// Vault, by `vault-client-rs`.
    VaultClientRs(vault_client_rs::VaultClient),
    /// Nomad, by `nomad-client-rs`.
    NomadClientRs(NomadClient),
    /// Consul, by `rs-consul`.
    RsConsul(Consul),
}

/// The secret as a program would type it.
#[derive(Deserialize)]
struct Secret {
    api_key: String,
    #[serde(flatten)]
    others: HashMap<String, String>,
}

impl Secret {
    fn check(&self) -> Outcome {
        check(!self.api_key.is_empty() && self.others.len() == 1)
    }
}

impl Peer {
    /// The client by the name of its crate.
    pub fn new(name: &str, address: &str) -> Outcome<Self> {
        // With two providers among the dependencies, rustls asks for a choice.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(match name {
            "vaultrs" => {
                let settings = VaultClientSettingsBuilder::default().address(address).token("t").build()?;
                Self::Vaultrs(Box::new(vaultrs::client::VaultClient::new(settings)?))
            }
            "vault-client-rs" => Self::VaultClientRs(vault_client_rs::VaultClient::new(address, "t")?),
            "nomad-client-rs" => {
                let credential = Some(Credential::AclToken("t".to_owned()));
                let connection = Connection::HttpApi { address: address.to_owned(), credential };
                let config = nomad_client_rs::Config { connection, ..nomad_client_rs::Config::default() };
                Self::NomadClientRs(NomadClient::new(config)?)
            }
            "rs-consul" => Self::RsConsul(Consul::new(rs_consul::Config {
                address: address.to_owned(),
                token: Some("t".to_owned()),
                ..rs_consul::Config::default()
            })),
            other => return Err(format!("there is no subject `{other}`").into()),
        })
    }

    /// Reads something small.
    pub async fn small(&self) -> Outcome {
        match self {
            Self::Vaultrs(client) => {
                vaultrs::kv2::read::<Secret>(&**client, "secret", "wuffchat/openai").await?.check()
            }
            Self::VaultClientRs(client) => {
                let secret: KvReadResponse<Secret> = client.kv2("secret").read("wuffchat/openai").await?;
                secret.data.check()?;
                check(secret.metadata.version == 3)
            }
            Self::NomadClientRs(client) => {
                check(client.read_namespace("default").await?.name.as_deref() == Some("default"))
            }
            Self::RsConsul(client) => {
                let request = ReadKeyRequest { key: "app/config", ..ReadKeyRequest::default() };
                check(client.read_key(request).await?.response.first().is_some_and(|pair| pair.flags == 42))
            }
        }
    }

    /// Lists allocations.
    pub async fn allocations(&self, wanted: usize) -> Outcome<Box<dyn Any>> {
        let Self::NomadClientRs(client) = self else {
            return Err(nothing());
        };
        let options = ListAllocationsOptions { task_states: Some(true), ..ListAllocationsOptions::default() };
        all(client.list_allocations(&options).await?, wanted)
    }

    /// Lists KV entries.
    pub async fn kv(&self, wanted: usize) -> Outcome<Box<dyn Any>> {
        let Self::RsConsul(client) = self else {
            return Err(nothing());
        };
        let request = ReadKeyRequest { key: "app/config/", recurse: true, ..ReadKeyRequest::default() };
        all(client.read_key(request).await?.response, wanted)
    }

    /// Lists instances.
    pub async fn services(&self, wanted: usize) -> Outcome<Box<dyn Any>> {
        let Self::RsConsul(client) = self else {
            return Err(nothing());
        };
        let request = GetServiceNodesRequest { service: "wuffchat-api", ..GetServiceNodesRequest::default() };
        all(client.get_service_nodes(request, None).await?.response, wanted)
    }

    /// Reads as many events as are wanted, with their allocations.
    pub async fn events(&self, wanted: usize) -> Outcome<usize> {
        let Self::NomadClientRs(client) = self else {
            return Err(nothing());
        };
        let (task, mut events) = client.subscribe_to_events(&SubscribeToEventsOptions::default());
        let mut count = 0;
        while count < wanted {
            let Some(event) = events.recv().await else {
                // The stream is over before its time; the task knows why.
                task.await??;
                break;
            };
            check(event.payload.is_some_and(|payload| payload.allocation.is_some()))?;
            count += 1;
        }
        Ok(count)
    }
}
