//! [Configuration entries](https://developer.hashicorp.com/consul/api-docs/config): settings that count
//! for a whole datacenter, above all of the mesh.

mod mesh;
mod services;
mod traffic;

use std::collections::BTreeMap;

use client_core::wire::Wire;
use client_core::{Extra, endpoints, handle, open_enum, wire};
use serde_json::Value;

use crate::answers::{checked, list};
use crate::caps::BlockingLookup;
use crate::{Call, Client};

pub use mesh::{
    ExportedServiceEntry, ExportedServicesSettings, JsonWebKeySet, JwtCache, JwtForwarding,
    JwtHeaderLocation, JwtLocation, JwtNamedLocation, JwtProviderSettings, LinkedService, LocalJwks,
    MeshHttp, MeshIncomingHttp, MeshPeering, MeshSettings, MeshTls, MeshTransparentProxy, RemoteJwks,
    RequestNormalization, ServiceConsumer, TerminatingGatewaySettings, TlsVersions,
};
pub use services::{
    Destination, InstanceRateLimits, MutualTlsMode, PassiveHealthCheck, ProxyDefaults, RateLimits,
    RouteRateLimits, ServiceDefaults, ServiceIntentions, SourceIntention, UpstreamConfig,
    UpstreamConfiguration, UpstreamLimits,
};
pub use traffic::{
    CookieConfig, FailoverPolicy, FailoverTarget, HashPolicy, HeaderModifiers, HttpRouteMatch,
    LeastRequestConfig, LoadBalancer, PrioritizeByLocality, ResolverFailover, ResolverRedirect,
    ResolverSubset, RingHashConfig, RouteDestination, RouteHeader, RouteMatch, RouteQueryParam,
    ServiceResolver, ServiceRoute, ServiceRouter, ServiceSplit, ServiceSplitter,
};

/// Configuration entries.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use consul_client::config::{ConfigEntry, ConfigKind, ServiceDefaults};
/// let wanted = ConfigEntry::new(ConfigKind::ServiceDefaults, "web").setting("Protocol", "http");
/// consul.config().apply(&wanted).await?;
/// let entry = consul.config().get(&ConfigKind::ServiceDefaults, "web").await?;
/// let index = entry.modify_index.unwrap_or_default();
/// let mut settings: ServiceDefaults = entry.settings()?;
/// settings.max_inbound_connections = Some(5);
/// consul.config().apply(&entry.with(&settings)?).cas(index).await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::config)]
pub struct ConfigEntries;

#[endpoints("config")]
impl ConfigEntries {
    /// Writes an entry.
    #[put("/v1/config", CheckAndSet, idempotent, with = checked)]
    pub fn apply(&self, entry: &ConfigEntry) -> Call<(), Apply> {
        call.json(&entry.to_send())
    }

    /// Lists the entries of a kind.
    #[get(
        "/v1/config/{kind}",
        Stale, Blocking, Listed, Filtered,
        kind = kind.as_str(), with = list,
    )]
    pub fn list(&self, kind: &ConfigKind) -> Call<Vec<ConfigEntry>, ConfigList> {}

    /// Reads an entry. The only one of the kind `proxy-defaults` is called `global`, that of the
    /// kind `mesh` is `mesh`.
    #[get("/v1/config/{kind}/{name}", kind = kind.as_str())]
    pub fn get(&self, kind: &ConfigKind, name: &str) -> Call<ConfigEntry, BlockingLookup> {}

    /// Deletes an entry, which need not exist.
    #[delete(
        "/v1/config/{kind}/{name}",
        CheckAndSet, idempotent, kind = kind.as_str(), with = checked,
    )]
    pub fn delete(&self, kind: &ConfigKind, name: &str) -> Call<(), DeleteEntry> {}
}

open_enum! {
    /// What an entry is about.
    pub enum ConfigKind {
        /// A service.
        ServiceDefaults = "service-defaults",
        /// All proxies.
        ProxyDefaults = "proxy-defaults",
        /// Where requests to a service go.
        ServiceRouter = "service-router",
        /// How requests to a service are divided.
        ServiceSplitter = "service-splitter",
        /// How a service is found.
        ServiceResolver = "service-resolver",
        /// An ingress gateway.
        IngressGateway = "ingress-gateway",
        /// A terminating gateway.
        TerminatingGateway = "terminating-gateway",
        /// Who may connect to a service.
        ServiceIntentions = "service-intentions",
        /// The mesh.
        Mesh = "mesh",
        /// Services for peers and partitions.
        ExportedServices = "exported-services",
        /// Clusters that stand in for each other (Enterprise).
        SamenessGroup = "sameness-group",
        /// An API gateway.
        ApiGateway = "api-gateway",
        /// What an API gateway is bound to; written by servers.
        BoundApiGateway = "bound-api-gateway",
        /// A certificate and key for gateways.
        InlineCertificate = "inline-certificate",
        /// A certificate and key in files of gateways.
        FileSystemCertificate = "file-system-certificate",
        /// An HTTP route of an API gateway.
        HttpRoute = "http-route",
        /// A TCP route of an API gateway.
        TcpRoute = "tcp-route",
        /// An issuer of tokens.
        JwtProvider = "jwt-provider",
        /// Limits on requests to the servers (Enterprise).
        ControlPlaneRequestLimit = "control-plane-request-limit",
    }
}

impl Default for ConfigKind {
    fn default() -> Self {
        Self::Unknown(String::new())
    }
}
/// An entry. What its kind has for settings is in `extra`, under the names of the API.
#[derive(Clone, Default, PartialEq, Wire)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct ConfigEntry {
    /// What it is about.
    pub kind: ConfigKind,
    /// Its name; `None` for the kind `mesh`.
    pub name: Option<String>,
    /// Its admin partition (Enterprise).
    pub partition: Option<String>,
    /// Its namespace (Enterprise).
    pub namespace: Option<String>,
    /// Free key-value pairs.
    pub meta: BTreeMap<String, String>,
    /// A hash of its content.
    pub hash: Option<u64>,
    /// The index at which it was created.
    pub create_index: Option<u64>,
    /// The index of its last change.
    pub modify_index: Option<u64>,
    /// What this version does not know.
    pub extra: Extra,
}

impl std::fmt::Debug for ConfigEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfigEntry").finish_non_exhaustive()
    }
}

impl ConfigEntry {
    /// An entry without settings.
    #[must_use]
    pub fn new(kind: ConfigKind, name: impl Into<String>) -> Self {
        let name = Some(name.into()).filter(|_| kind != ConfigKind::Mesh);
        Self { kind, name, ..Self::default() }
    }

    /// Replaces one setting, under the API's name for it.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(name.into(), value.into());
        self
    }

    /// An entry with settings of a kind that this crate has a type for.
    ///
    /// # Errors
    ///
    /// The settings have no JSON form.
    pub fn of<S: Settings>(name: impl Into<String>, settings: &S) -> crate::Result<Self> {
        Self::new(S::KIND, name).with(settings)
    }

    /// The entry with all its settings replaced.
    ///
    /// # Errors
    ///
    /// The settings have no JSON form, or are of another kind.
    pub fn with<S: Settings>(mut self, settings: &S) -> crate::Result<Self> {
        self.check_kind::<S>()?;
        self.extra = match wire::rewrite(settings)? {
            Value::Object(settings) => settings.into_iter().collect(),
            _ => client_core::Extra::default(),
        };
        Ok(self)
    }

    /// The settings, as the type for the entry's kind. Those it does not know are in its `extra`.
    ///
    /// # Errors
    ///
    /// The entry is of another kind, or its settings have another shape.
    pub fn settings<S: Settings>(&self) -> crate::Result<S> {
        self.check_kind::<S>()?;
        let text = wire::rewrite(&self.extra)?.to_string();
        Ok(wire::from_slice(text.as_bytes())?)
    }

    fn check_kind<S: Settings>(&self) -> crate::Result<()> {
        if self.kind == S::KIND {
            return Ok(());
        }
        let text = format!("the entry is of the kind `{}`, not `{}`", self.kind, S::KIND);
        Err(client_core::Error::request(text).into())
    }

    /// The entry without what servers alone write, and older ones refuse.
    fn to_send(&self) -> Self {
        Self { hash: None, ..self.clone() }
    }
}

/// The settings of entries of one kind.
pub trait Settings: Wire {
    /// The kind.
    const KIND: ConfigKind;
}
