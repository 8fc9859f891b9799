//! [Services](https://developer.hashicorp.com/nomad/api-docs/services) that are registered with Nomad.

use client_core::caps::BlockingList;
use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle};

use crate::{Call, Client};

/// The services of a namespace.
///
/// ```no_run
/// # async fn example(nomad: nomad_client::Client) -> nomad_client::Result<()> {
/// for instance in nomad.services().get("api").await? {
///     println!("{}:{}", instance.address, instance.port);
/// }
/// # Ok(())
/// # }
/// ```
#[handle(Client::services)]
pub struct Services;

#[endpoints("services")]
impl Services {
    /// The names and tags of services, by namespace.
    #[get("/v1/services")]
    pub fn list(&self) -> Call<Vec<NamespaceServices>, BlockingList> {}

    /// The instances of a service; none where there is no such service.
    #[get("/v1/service/{service_name}", Stale, Listed, Blocking, Paged, Filtered)]
    pub fn get(&self, service_name: &str) -> Call<Vec<ServiceRegistration>, ReadService> {}

    /// Removes an instance of a service.
    #[delete("/v1/service/{service_name}/{service_id}")]
    pub fn delete(&self, service_name: &str, service_id: &str) -> Call<()> {}
}

impl<T, S> Call<T, ReadService<S>> {
    /// Answers `count` instances, the same ones for the same `key` as long as they are there.
    pub fn choose(self, count: u32, key: &str) -> Self {
        self.set_query("choose", format!("{count}|{key}"))
    }
}

/// The services of a namespace.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct NamespaceServices {
    /// The namespace.
    pub namespace: String,
    /// Its services.
    pub services: Vec<ServiceTags>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A service and its tags.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ServiceTags {
    /// Its name.
    pub service_name: String,
    /// The tags of all its instances.
    pub tags: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// An instance of a service.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ServiceRegistration {
    /// Its id.
    #[wire(name = "ID")]
    pub id: String,
    /// The service's name.
    pub service_name: String,
    /// Its namespace.
    pub namespace: String,
    /// The node it is on.
    #[wire(name = "NodeID")]
    pub node_id: String,
    /// That node's datacenter.
    pub datacenter: String,
    /// Its job.
    #[wire(name = "JobID")]
    pub job_id: String,
    /// Its allocation.
    #[wire(name = "AllocID")]
    pub alloc_id: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Where it is.
    pub address: String,
    /// Its port.
    pub port: u16,
    /// The index at which it was created.
    pub create_index: u64,
    /// The index of its last change.
    pub modify_index: u64,
    /// What this version does not know.
    pub extra: Extra,
}
