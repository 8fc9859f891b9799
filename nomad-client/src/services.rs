//! [Services](https://developer.hashicorp.com/nomad/api-docs/services) that are registered with Nomad.

use client_core::caps::{BlockingList, Plain};
use client_core::{Op, Verb, capabilities, operations, wire};

use crate::Call;
use crate::record::{handle, records};

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

records! {
    /// The services of a namespace.
    pub struct NamespaceServices {
        /// The namespace.
        namespace: String,
        /// Its services.
        services: Vec<ServiceTags>,
        ..
    }

    /// A service and its tags.
    pub struct ServiceTags {
        /// Its name.
        service_name: String,
        /// The tags of all its instances.
        tags: Vec<String>,
        ..
    }

    /// An instance of a service.
    pub struct ServiceRegistration {
        /// Its id.
        id: String = "ID",
        /// The service's name.
        service_name: String,
        /// Its namespace.
        namespace: String,
        /// The node it is on.
        node_id: String = "NodeID",
        /// That node's datacenter.
        datacenter: String,
        /// Its job.
        job_id: String = "JobID",
        /// Its allocation.
        alloc_id: String = "AllocID",
        /// Its tags.
        tags: Vec<String>,
        /// Where it is.
        address: String,
        /// Its port.
        port: u16,
        /// The index at which it was created.
        create_index: u64,
        /// The index of its last change.
        modify_index: u64,
        ..
    }
}
