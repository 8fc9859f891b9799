//! [Cluster peering](https://developer.hashicorp.com/consul/api-docs/peering), and which
//! [services](https://developer.hashicorp.com/consul/api-docs/exported-services) cross it.

use std::collections::BTreeMap;
use std::fmt;

use client_core::wire::{self, Parts, ToWire, Wire, recode_raw};
use client_core::{Extra, endpoints, handle, open_enum};
use jiff::Timestamp;
use secrecy::SecretString;

use crate::caps::{BlockingList, BlockingLookup, Change};
use crate::service::Locality;
use crate::{Call, Client};

/// Cluster peering.
///
/// ```no_run
/// # async fn example(here: consul_client::Client, there: consul_client::Client) -> consul_client::Result<()> {
/// let token = here.peering().generate_token("there").await?.peering_token;
/// there.peering().establish("here", token).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::peering)]
pub struct Peerings;

/// Services that are exported to peers and partitions (1.17.3 and later).
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// for service in consul.exported_services().list().await? {
///     println!("{} to {:?}", service.service, service.consumers.peers);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::exported_services)]
pub struct ExportedServices;

/// Services that are imported from peers and partitions (1.22 and later).
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// for service in consul.imported_services().list().await? {
///     println!("{}", service.service);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::imported_services)]
pub struct ImportedServices;

#[endpoints("peering")]
impl Peerings {
    /// Makes a token with which another cluster can peer with this one. It is a secret.
    #[post("/v1/peering/token")]
    pub fn generate_token(&self, peer_name: &str) -> Call<PeeringToken> {
        call.field("PeerName", peer_name)
    }

    /// Peers with the cluster that made the token.
    #[post("/v1/peering/establish")]
    pub fn establish(&self, peer_name: &str, token: impl Into<SecretString>) -> Call<()> {
        let body = Establish { peer_name, peering_token: token.into() };
        call.json(&body)
    }

    /// Reads a peering.
    #[get("/v1/peering/{name}")]
    pub fn get(&self, name: &str) -> Call<Peering, BlockingLookup> {}

    /// Deletes a peering, which goes on after the answer.
    #[delete("/v1/peering/{name}", idempotent)]
    pub fn delete(&self, name: &str) -> Call<(), Change> {}

    /// Lists the peerings. Their index does not follow the state of their connections.
    #[get("/v1/peerings")]
    pub fn list(&self) -> Call<Vec<Peering>, BlockingList> {}
}

impl Call<PeeringToken> {
    /// Has the other cluster connect to these addresses instead of the servers' own.
    pub fn server_external_addresses(self, addresses: &[&str]) -> Self {
        self.field("ServerExternalAddresses", addresses)
    }
}

#[endpoints("exported_services", operations = EXPORTED)]
impl ExportedServices {
    /// Lists the services that others may use, and who they are.
    #[get("/v1/exported-services")]
    pub fn list(&self) -> Call<Vec<ExportedService>, BlockingList> {}
}

#[endpoints("imported_services", operations = IMPORTED)]
impl ImportedServices {
    /// Lists the services of others that can be used here.
    ///
    /// # Errors
    ///
    /// [`NoSuchEndpoint`](crate::Error::NoSuchEndpoint) from servers before 1.22.
    #[get("/v1/imported-services", decode = imported, recode = recode_raw)]
    pub fn list(&self) -> Call<Vec<ImportedService>> {}
}

#[derive(ToWire)]
#[wire(pascal)]
struct Establish<'a> {
    peer_name: &'a str,
    peering_token: SecretString,
}

/// Community servers answer a list, Enterprise ones an object around it.
fn imported(answer: &Parts) -> Result<Vec<ImportedService>, client_core::Error> {
    #[derive(Default, Wire)]
    #[wire(pascal, closed)]
    struct Around {
        imported_services: Vec<ImportedService>,
    }
    match wire::json::<Vec<ImportedService>>(answer) {
        Ok(services) => Ok(services),
        Err(error) => match wire::json::<Around>(answer) {
            Ok(around) => Ok(around.imported_services),
            Err(_) => Err(error),
        },
    }
}

/// A token to peer with.
#[derive(Clone, Default, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct PeeringToken {
    /// The token.
    pub peering_token: SecretString,
    /// What this version does not know.
    pub extra: Extra,
}

impl fmt::Debug for PeeringToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PeeringToken(…)")
    }
}

open_enum! {
    /// How far a peering is.
    #[derive(Default)]
    pub enum PeeringState {
        /// Not known.
        #[default]
        Undefined = "UNDEFINED",
        /// A token was made.
        Pending = "PENDING",
        /// It is being established.
        Establishing = "ESTABLISHING",
        /// It works.
        Active = "ACTIVE",
        /// It does not work.
        Failing = "FAILING",
        /// It is being deleted.
        Deleting = "DELETING",
        /// The other side has ended it.
        Terminated = "TERMINATED",
    }
}

/// A peering with another cluster.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Peering {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// The admin partition (Enterprise).
    pub partition: Option<String>,
    /// When it is to be deleted.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub deleted_at: Option<Timestamp>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// How far it is.
    pub state: PeeringState,
    /// Its id on the other side.
    #[wire(name = "PeerID")]
    pub peer_id: Option<String>,
    /// The CA certificates of the other side.
    #[wire(name = "PeerCAPems")]
    pub peer_ca_pems: Vec<String>,
    /// The other side's name in TLS.
    pub peer_server_name: Option<String>,
    /// The other side's servers.
    pub peer_server_addresses: Vec<String>,
    /// The state of the connection.
    pub stream_status: Option<PeeringStream>,
    /// What is known of the other side.
    pub remote: Option<PeeringRemote>,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}

/// The state of a peering's connection.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PeeringStream {
    /// Services that come in.
    pub imported_services: Vec<String>,
    /// Services that go out.
    pub exported_services: Vec<String>,
    /// When the other side gave a sign of life.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_heartbeat: Option<Timestamp>,
    /// When something was received.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_receive: Option<Timestamp>,
    /// When something was sent.
    #[wire(with = client_core::time::rfc3339::nullable)]
    pub last_send: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What is known of the other side.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct PeeringRemote {
    /// Its admin partition (Enterprise).
    pub partition: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Where it runs.
    pub locality: Option<Locality>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service that others may use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ExportedService {
    /// The service.
    pub service: String,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Who may.
    pub consumers: Consumers,
    /// What this version does not know.
    pub extra: Extra,
}

/// Who may use a service.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Consumers {
    /// These peers.
    pub peers: Vec<String>,
    /// These admin partitions (Enterprise).
    pub partitions: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service of others.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ImportedService {
    /// The service.
    pub service: String,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// The peer that has it.
    pub source_peer: Option<String>,
    /// The admin partition that has it (Enterprise).
    pub source_partition: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}
