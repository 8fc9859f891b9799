//! [Plugins](https://developer.hashicorp.com/vault/api-docs/system/plugins-catalog).

use std::collections::BTreeMap;

use client_core::{Verb, operations};
use serde_json::Value;

use super::Sys;
use crate::Call;
use crate::caps::{Action, List, Write, markers};
use crate::secret::{data, keys, written};
use crate::shape::{record, settings};

operations! {
    CATALOG: PluginCatalog, Action = data(Verb::Get, "sys.list_plugins", "/v1/sys/plugins/catalog");
    CATALOG_OF: Vec<String>, List = keys("sys.list_plugins_of", "/v1/sys/plugins/catalog/{type}");
    GET: Plugin, ReadPlugin = data(Verb::Get, "sys.read_plugin", "/v1/sys/plugins/catalog/{type}/{name}");
    REGISTER: (), Write = written(Verb::Post, "sys.register_plugin", "/v1/sys/plugins/catalog/{type}/{name}").idempotent();
    DEREGISTER: (), ReadPlugin =
        written(Verb::Delete, "sys.deregister_plugin", "/v1/sys/plugins/catalog/{type}/{name}").idempotent();
    RELOAD: Option<BTreeMap<String, Value>>, Action =
        data(Verb::Post, "sys.reload_plugin_backend", "/v1/sys/plugins/reload/backend").idempotent();
}

markers! {
    /// Names a plugin: `.version(..)`.
    ReadPlugin: read;
}
client_core::options! { ReadPlugin {
    /// This version of it.
    text version() = "version";
} }

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

record! {
    /// All plugins.
    pub struct PluginCatalog {
        /// Those for logging in, by name.
        auth: list,
        /// Those for databases, by name.
        database: list,
        /// Those for secrets, by name.
        secret: list,
        /// All of them.
        detailed: of(Vec<Plugin>),
    }
}

record! {
    /// A plugin.
    pub struct Plugin {
        /// Its name.
        name: text,
        /// What it is for, where the answer does not go without saying.
        r#type: maybe(PluginKind),
        /// Its version.
        version: text,
        /// Whether it is part of the server.
        builtin: flag,
        /// Whether it is still supported.
        deprecation_status: maybe(String),
        /// The program to run.
        command: maybe(String),
        /// Arguments of the program.
        args: maybe(Vec<String>),
        /// The hash of the program.
        sha256: maybe(String),
        /// The container image to run.
        oci_image: maybe(String),
        /// What runs the container.
        runtime: maybe(String),
    }
}

settings! {
    /// A plugin to register.
    pub struct PluginRegistration {
        /// The hash of the program or image.
        sha256: text,
        /// The program to run, in the server's plugin folder.
        command: text,
        /// Arguments of the program.
        args: list,
        /// Environment of the program, `NAME=value` each.
        env: list,
        /// Its version.
        version: text,
        /// The container image to run.
        oci_image: text,
        /// What runs the container.
        runtime: text,
    }
}

impl Sys {
    /// Lists all plugins.
    pub fn plugins(&self) -> Call<PluginCatalog, Action> {
        self.0.call(&CATALOG, &[])
    }

    /// Lists the plugins of a kind by name.
    pub fn plugins_of(&self, kind: &PluginKind) -> Call<Vec<String>, List> {
        self.0.call(&CATALOG_OF, &[kind.as_str()])
    }

    /// Reads a plugin.
    pub fn plugin(&self, kind: &PluginKind, name: &str) -> Call<Plugin, ReadPlugin> {
        self.0.call(&GET, &[kind.as_str(), name])
    }

    /// Registers a plugin.
    pub fn register_plugin(
        &self,
        kind: &PluginKind,
        name: &str,
        plugin: &PluginRegistration,
    ) -> Call<(), Write> {
        self.0.call(&REGISTER, &[kind.as_str(), name]).json(plugin)
    }

    /// Removes a plugin from the catalog.
    pub fn deregister_plugin(&self, kind: &PluginKind, name: &str) -> Call<(), ReadPlugin> {
        self.0.call(&DEREGISTER, &[kind.as_str(), name])
    }

    /// Restarts a plugin at all its mounts.
    pub fn reload_plugin(&self, plugin: &str) -> Call<Option<BTreeMap<String, Value>>, Action> {
        self.0.call(&RELOAD, &[]).field("plugin", plugin)
    }
}
