//! [Configuration entries](https://developer.hashicorp.com/consul/api-docs/config): settings that count
//! for a whole datacenter, above all of the mesh.

use std::collections::BTreeMap;

use client_core::wire::{self, Parts, recode_raw};
use client_core::{Extra, Op, Verb, open_enum, operations};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::caps::{BlockingLookup, Cas};
use crate::record::{Unset, record};
use crate::{Call, Client};

operations! {
    APPLY: bool, Apply = Op::new(Verb::Put, "config.apply", "/v1/config").idempotent();
    LIST: Vec<ConfigEntry>, ConfigList =
        Op::decoded_by(Verb::Get, "config.list", "/v1/config/{kind}", list, wire::recode::<Vec<ConfigEntry>>)
            .blocking();
    GET: ConfigEntry, BlockingLookup = Op::new(Verb::Get, "config.get", "/v1/config/{kind}/{name}").blocking();
    DELETE: bool, DeleteEntry =
        Op::decoded_by(Verb::Delete, "config.delete", "/v1/config/{kind}/{name}", deleted, recode_raw)
            .idempotent();
}

client_core::capabilities! {
    /// Writes an entry whatever is there.
    pub struct Apply;
    /// Writes an entry if it is unchanged.
    pub struct ApplyCas;
    /// Deletes an entry whatever it is.
    pub struct DeleteEntry;
    /// Deletes an entry if it is unchanged.
    pub struct DeleteEntryCas;
    /// Lists entries; the filter works for `service-defaults` only.
    pub struct ConfigList: Stale + Blocking + Listed + Filtered;
}
impl Cas for ApplyCas {}
impl Cas for DeleteEntryCas {}

impl Call<bool, Apply> {
    /// Writes only if the entry's `modify_index` is still `index`; 0 only if there is none.
    pub fn cas(self, index: u64) -> Call<bool, ApplyCas> {
        self.conditional("cas", index.to_string())
    }
}

impl Call<bool, DeleteEntry> {
    /// Deletes only if the entry's `modify_index` is still `index`.
    pub fn cas(self, index: u64) -> Call<bool, DeleteEntryCas> {
        self.conditional("cas", index.to_string())
    }
}

/// Configuration entries.
#[derive(Debug, Clone)]
pub struct ConfigEntries<'a>(&'a Client);

impl Client {
    /// Configuration entries.
    ///
    /// ```no_run
    /// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
    /// use consul_client::config::{ConfigEntry, ConfigKind};
    /// let wanted = ConfigEntry::new(ConfigKind::ServiceDefaults, "web").setting("Protocol", "http");
    /// consul.config().apply(&wanted).await?;
    /// let entry = consul.config().get(&ConfigKind::ServiceDefaults, "web").await?;
    /// let changed = entry.clone().setting("MaxInboundConnections", 5);
    /// consul.config().apply(&changed).cas(entry.modify_index.unwrap_or_default()).checked().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn config(&self) -> ConfigEntries<'_> {
        ConfigEntries(self)
    }
}

impl ConfigEntries<'_> {
    /// Writes an entry.
    pub fn apply(&self, entry: &ConfigEntry) -> Call<bool, Apply> {
        self.0.call(&APPLY, &[]).json(&entry.to_send())
    }

    /// Lists the entries of a kind.
    pub fn list(&self, kind: &ConfigKind) -> Call<Vec<ConfigEntry>, ConfigList> {
        self.0.call(&LIST, &[kind.as_str()])
    }

    /// Reads an entry. The only one of the kind `proxy-defaults` is called `global`, that of the
    /// kind `mesh` is `mesh`.
    pub fn get(&self, kind: &ConfigKind, name: &str) -> Call<ConfigEntry, BlockingLookup> {
        self.0.call(&GET, &[kind.as_str(), name])
    }

    /// Deletes an entry, which need not exist.
    pub fn delete(&self, kind: &ConfigKind, name: &str) -> Call<bool, DeleteEntry> {
        self.0.call(&DELETE, &[kind.as_str(), name])
    }
}

fn list(answer: &Parts) -> Result<Vec<ConfigEntry>, client_core::Error> {
    Ok(wire::json::<Option<_>>(answer)?.unwrap_or_default())
}

/// A plain delete answers `{}`, a conditional one a truth value.
fn deleted(answer: &Parts) -> Result<bool, client_core::Error> {
    Ok(wire::json::<Value>(answer)?.as_bool().unwrap_or(true))
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
impl Unset for ConfigKind {}

record! {
    /// An entry. What its kind has for settings is in `extra`, under the names of the API.
    pub opaque struct ConfigEntry {
        /// What it is about.
        kind: ConfigKind,
        /// Its name; `None` for the kind `mesh`.
        name: Option<String>,
        /// Its admin partition (Enterprise).
        partition: Option<String>,
        /// Its namespace (Enterprise).
        namespace: Option<String>,
        /// Free key-value pairs.
        meta: BTreeMap<String, String>,
        /// A hash of its content.
        hash: Option<u64>,
        /// The index at which it was created.
        create_index: Option<u64>,
        /// The index of its last change.
        modify_index: Option<u64>,
        ..extra
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

    /// Replaces all settings by those of `settings`.
    ///
    /// # Errors
    ///
    /// They are not an object in JSON.
    pub fn with_settings<S: Serialize>(mut self, settings: &S) -> crate::Result<Self> {
        match wire::rewrite(settings)? {
            Value::Object(settings) => {
                self.extra = settings.into_iter().collect();
                Ok(self)
            }
            _ => Err(client_core::Error::request("the settings are not a JSON object").into()),
        }
    }

    /// The settings as a type of the caller's or of this crate's.
    ///
    /// # Errors
    ///
    /// They have another shape.
    pub fn settings<S: DeserializeOwned>(&self) -> crate::Result<S> {
        let text = wire::rewrite(&self.extra)?.to_string();
        Ok(wire::from_slice(text.as_bytes())?)
    }

    /// The entry without what servers alone write, and older ones refuse.
    fn to_send(&self) -> Self {
        Self { hash: None, ..self.clone() }
    }
}

/// The settings of an entry, by the API's names.
pub type Settings = Extra;
