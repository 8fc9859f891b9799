//! [Services](https://developer.hashicorp.com/nomad/api-docs/services) that are registered with Nomad.

use client_core::caps::{BlockingList, Plain};
use client_core::wire::{self, Wire};
use client_core::{Extra, Op, Verb, capabilities, operations};

use crate::Call;
use crate::record::handle;

capabilities! {
    /// Reads where a service is.
    pub struct ReadService: Stale + Listed + Blocking + Paged + Filtered;
}

operations! {
    LIST: Vec<NamespaceServices>, BlockingList = Op::new(Verb::Get, "services.list", "/v1/services").blocking();
    GET: Vec<ServiceRegistration>, ReadService =
        Op::new(Verb::Get, "services.get", "/v1/service/{service_name}").blocking().paged();
    DELETE: (), Plain = Op::decoded_by(
        Verb::Delete, "services.delete", "/v1/service/{service_name}/{service_id}", wire::empty, wire::recode_empty,
    );
}

handle! {
    /// The services of a namespace.
    Services,
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
    services
}

impl Services<'_> {
    /// The names and tags of services, by namespace.
    pub fn list(&self) -> Call<Vec<NamespaceServices>, BlockingList> {
        self.0.call(&LIST, &[])
    }

    /// The instances of a service; none where there is no such service.
    pub fn get(&self, service_name: &str) -> Call<Vec<ServiceRegistration>, ReadService> {
        self.0.call(&GET, &[service_name])
    }

    /// Removes an instance of a service.
    pub fn delete(&self, service_name: &str, service_id: &str) -> Call<()> {
        self.0.call(&DELETE, &[service_name, service_id])
    }
}

impl<T> Call<T, ReadService> {
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
