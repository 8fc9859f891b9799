//! [Plugins](https://developer.hashicorp.com/vault/api-docs/system/plugins-catalog).

use std::collections::BTreeMap;

use client_core::wire::{Setters, Wire};
use client_core::{Extra, endpoints};
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Write};

client_core::open_enum! {
    /// What a plugin is for.
    pub enum PluginKind {
        /// Logging in.
        Auth = "auth",
        /// Databases.
        Database = "database",
        /// Secrets.
        Secret = "secret",
    }
}

/// All plugins.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct PluginCatalog {
    /// Those for logging in, by name.
    pub auth: Vec<String>,
    /// Those for databases, by name.
    pub database: Vec<String>,
    /// Those for secrets, by name.
    pub secret: Vec<String>,
    /// All of them.
    pub detailed: Vec<Plugin>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A plugin.
#[derive(Debug, Clone, Default, Wire)]
#[non_exhaustive]
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// What it is for, where the answer does not go without saying.
    #[wire(omit_null)]
    pub r#type: Option<PluginKind>,
    /// Its version.
    pub version: String,
    /// Whether it is part of the server.
    pub builtin: bool,
    /// Whether it is still supported.
    #[wire(omit_null)]
    pub deprecation_status: Option<String>,
    /// The program to run.
    #[wire(omit_null)]
    pub command: Option<String>,
    /// Arguments of the program.
    #[wire(omit_null)]
    pub args: Option<Vec<String>>,
    /// The hash of the program.
    #[wire(omit_null)]
    pub sha256: Option<String>,
    /// The container image to run.
    #[wire(omit_null)]
    pub oci_image: Option<String>,
    /// What runs the container.
    #[wire(omit_null)]
    pub runtime: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A plugin to register.
#[derive(Debug, Clone, Default, Wire, Setters)]
#[wire(omit)]
#[non_exhaustive]
pub struct PluginRegistration {
    /// The hash of the program or image.
    pub sha256: Option<String>,
    /// The program to run, in the server's plugin folder.
    pub command: Option<String>,
    /// Arguments of the program.
    #[wire(with = crate::shape::list)]
    pub args: Option<Vec<String>>,
    /// Environment of the program, `NAME=value` each.
    #[wire(with = crate::shape::list)]
    pub env: Option<Vec<String>>,
    /// Its version.
    pub version: Option<String>,
    /// The container image to run.
    pub oci_image: Option<String>,
    /// What runs the container.
    pub runtime: Option<String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl PluginRegistration {
    /// Nothing set yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

#[endpoints("sys")]
impl Sys {
    /// Lists all plugins.
    #[get("/v1/sys/plugins/catalog", root, name = "list_plugins")]
    pub fn plugins(&self) -> Call<PluginCatalog, Action> {}

    /// Lists the plugins of a kind by name.
    #[list("/v1/sys/plugins/catalog/{type}", root, name = "list_plugins_of", type = kind.as_str())]
    pub fn plugins_of(&self, kind: &PluginKind) -> Call<Vec<String>, List> {}

    /// Reads a plugin.
    #[get(
        "/v1/sys/plugins/catalog/{type}/{name}", root,
        Optional, Enveloped,
        name = "read_plugin", type = kind.as_str(),
    )]
    #[query(
        /// This version of it.
        version: String,
    )]
    pub fn plugin(&self, kind: &PluginKind, name: &str) -> Call<Plugin, ReadPlugin> {}

    /// Registers a plugin.
    #[post("/v1/sys/plugins/catalog/{type}/{name}", root, idempotent, type = kind.as_str())]
    pub fn register_plugin(
        &self,
        kind: &PluginKind,
        name: &str,
        plugin: &PluginRegistration,
    ) -> Call<(), Write> {
        call.json(plugin)
    }

    /// Removes a plugin from the catalog.
    #[delete("/v1/sys/plugins/catalog/{type}/{name}", root, idempotent, type = kind.as_str())]
    pub fn deregister_plugin(&self, kind: &PluginKind, name: &str) -> Call<(), ReadPlugin> {}

    /// Restarts a plugin at all its mounts.
    #[post("/v1/sys/plugins/reload/backend", idempotent, name = "reload_plugin_backend")]
    pub fn reload_plugin(&self, plugin: &str) -> Call<Option<BTreeMap<String, Value>>, Action> {
        call.field("plugin", plugin)
    }
}
