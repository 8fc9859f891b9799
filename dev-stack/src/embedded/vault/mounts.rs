//! The tables of secrets engines and auth methods, and what their API shows of them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::engines::Engine;
use super::ids;
use super::request::{Failure, Request};
use super::tokens::SYSTEM_TTL;
use super::value::{Object, seconds, strings, text};

pub(crate) const VERSION: &str = "1.18.3";

/// One mount.
#[derive(Debug)]
pub(crate) struct Mount {
    pub(crate) kind: String,
    pub(crate) accessor: String,
    uuid: String,
    pub(crate) description: String,
    pub(crate) options: Option<Object>,
    local: bool,
    seal_wrap: bool,
    external_entropy_access: bool,
    default_lease_ttl: i64,
    max_lease_ttl: i64,
    force_no_cache: bool,
    token_type: Option<String>,
    listing_visibility: String,
    passthrough: Vec<String>,
    /// Fields of `config` that are kept and shown but change nothing here.
    other: Object,
    pub(crate) engine: Engine,
}

impl Mount {
    pub(crate) fn new(kind: &str, description: &str, engine: Engine, auth: bool) -> Self {
        let prefix = if auth { format!("auth_{kind}") } else { kind.to_owned() };
        Self {
            kind: kind.to_owned(),
            accessor: format!("{prefix}_{}", ids::hex(&ids::bytes(4))),
            uuid: ids::uuid(),
            description: description.to_owned(),
            options: None,
            local: false,
            seal_wrap: false,
            external_entropy_access: false,
            default_lease_ttl: 0,
            max_lease_ttl: 0,
            force_no_cache: false,
            token_type: auth.then(|| "default-service".to_owned()),
            listing_visibility: String::new(),
            passthrough: Vec::new(),
            other: Object::new(),
            engine,
        }
    }

    /// One of the mounts that are always there.
    pub(crate) fn built_in(kind: &str, description: &str) -> Self {
        let prefix = if kind == "token" { "auth_token" } else { kind };
        let mut mount = Self::new(kind, description, Engine::BuiltIn, kind == "token");
        mount.accessor = format!("{prefix}_{}", ids::hex(&ids::bytes(4)));
        match kind {
            "identity" => mount.passthrough = vec!["Authorization".into()],
            "system" => {
                mount.passthrough = vec!["Accept".into()];
                mount.seal_wrap = true;
            }
            "cubbyhole" => {
                mount.local = true;
                mount.engine = Engine::Cubbyhole(std::collections::HashMap::new());
            }
            _ => {}
        }
        mount
    }

    /// Lease time of what it hands out, in seconds.
    pub(crate) fn lease_ttl(&self) -> i64 {
        if self.default_lease_ttl > 0 { self.default_lease_ttl } else { SYSTEM_TTL }
    }

    /// The longest tokens of an auth mount may live; 0 is the system's limit.
    pub(crate) fn max_ttl(&self) -> i64 {
        self.max_lease_ttl
    }

    pub(crate) fn default_ttl(&self) -> i64 {
        self.default_lease_ttl
    }

    fn is_built_in(&self) -> bool {
        matches!(self.kind.as_str(), "identity" | "system" | "cubbyhole" | "token")
    }

    fn config(&self, effective: bool) -> Object {
        let ttl = |set: i64| if effective && set == 0 { SYSTEM_TTL } else { set };
        let mut config = Object::new();
        config.insert("default_lease_ttl".into(), json!(ttl(self.default_lease_ttl)));
        config.insert("force_no_cache".into(), json!(self.force_no_cache));
        config.insert("max_lease_ttl".into(), json!(ttl(self.max_lease_ttl)));
        if let Some(kind) = &self.token_type {
            config.insert("token_type".into(), json!(kind));
        }
        if !self.listing_visibility.is_empty() {
            config.insert("listing_visibility".into(), json!(self.listing_visibility));
        }
        if !self.passthrough.is_empty() {
            config.insert("passthrough_request_headers".into(), json!(self.passthrough));
        }
        config.extend(self.other.clone());
        config
    }

    /// As `sys/mounts` lists it; `effective` fills in the system's lease times.
    pub(crate) fn show(&self, effective: bool) -> Object {
        let plugin = match self.kind.as_str() {
            _ if self.is_built_in() => format!("v{VERSION}+builtin.vault"),
            "kv" => "v0.20.0+builtin".to_owned(),
            "jwt" | "oidc" => "v0.22.0+builtin".to_owned(),
            _ => format!("v{VERSION}+builtin.vault"),
        };
        let options = match (&self.options, self.is_built_in()) {
            (Some(options), _) => json!(options),
            (None, true) => Value::Null,
            (None, false) if self.token_type.is_some() => json!({}),
            (None, false) => Value::Null,
        };
        let mut out = Object::new();
        let fields = [
            ("accessor", json!(self.accessor)),
            ("config", self.config(effective).into()),
            ("description", json!(self.description)),
            ("external_entropy_access", json!(self.external_entropy_access)),
            ("local", json!(self.local)),
            ("options", options),
            ("plugin_version", json!("")),
            ("running_plugin_version", json!(plugin)),
            ("running_sha256", json!("")),
            ("seal_wrap", json!(self.seal_wrap)),
            ("type", json!(self.kind)),
            ("uuid", json!(self.uuid)),
        ];
        out.extend(fields.map(|(k, v)| (k.to_owned(), v)));
        if !self.is_built_in() {
            out.insert("deprecation_status".into(), json!("supported"));
        }
        out
    }

    /// As its `tune` shows it.
    pub(crate) fn show_tune(&self) -> Object {
        let mut out = self.config(true);
        out.insert("description".into(), json!(self.description));
        if self.options.is_some() {
            out.insert("options".into(), json!(self.options));
        }
        out
    }

    /// Takes over the settings in an enable's `config` or a tune.
    pub(crate) fn tune(&mut self, fields: &Object) -> Result<(), Failure> {
        for (name, value) in fields {
            match name.as_str() {
                "default_lease_ttl" | "max_lease_ttl" => {
                    let ttl =
                        if text(value) == "system" { 0 } else { seconds(value).map_err(Failure::bad)? };
                    if name == "max_lease_ttl" {
                        self.max_lease_ttl = ttl
                    } else {
                        self.default_lease_ttl = ttl
                    }
                }
                "force_no_cache" => self.force_no_cache = value.as_bool().unwrap_or(false),
                "listing_visibility" => match text(value).as_str() {
                    v @ ("" | "unauth" | "hidden") => self.listing_visibility = v.to_owned(),
                    other => return Err(Failure::bad(format!("invalid listing visibility type: {other}"))),
                },
                "passthrough_request_headers" => self.passthrough = strings(value),
                "token_type" if self.token_type.is_some() => self.token_type = Some(text(value)),
                "description" => self.description = text(value),
                "options" => {
                    let options = self.options.get_or_insert_default();
                    options.extend(
                        value.as_object().into_iter().flatten().map(|(k, v)| (k.clone(), json!(text(v)))),
                    );
                    let upgrade = options.get("version").is_some_and(|v| v == "2");
                    if upgrade && matches!(self.engine, Engine::Kv1(_)) {
                        return Err(Failure::bad(
                            "upgrading a version 1 mount in place is not supported by the embedded server",
                        ));
                    }
                }
                "audit_non_hmac_request_keys"
                | "audit_non_hmac_response_keys"
                | "allowed_response_headers"
                | "allowed_managed_keys"
                | "plugin_version"
                | "user_lockout_config"
                | "plugin_name"
                | "delegated_auth_accessors"
                | "identity_token_key"
                    if !text(value).is_empty() =>
                {
                    self.other.insert(name.clone(), value.clone());
                }
                _ => {}
            }
        }
        if self.max_lease_ttl > 0 && self.default_lease_ttl > self.max_lease_ttl {
            return Err(Failure::bad(format!(
                "backend max lease TTL of {} less than backend default lease TTL of {}",
                self.max_lease_ttl, self.default_lease_ttl
            )));
        }
        Ok(())
    }
}

/// A table of mounts; the keys end in `/`.
#[derive(Debug, Default)]
pub(crate) struct Mounts {
    table: BTreeMap<String, Mount>,
}

impl Mounts {
    pub(crate) fn insert(&mut self, path: &str, mount: Mount) {
        self.table.insert(path.to_owned(), mount);
    }

    pub(crate) fn get(&self, path: &str) -> Option<&Mount> {
        self.table.get(path)
    }

    pub(crate) fn get_mut(&mut self, path: &str) -> Option<&mut Mount> {
        self.table.get_mut(path)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Mount)> {
        self.table.iter().map(|(k, v)| (k.as_str(), v))
    }

    /// The mount a path belongs to, and the rest of the path.
    pub(crate) fn find<'a>(&self, path: &'a str) -> Option<(String, &'a str)> {
        self.table
            .keys()
            .filter_map(|mount| {
                let rest = path
                    .strip_prefix(mount.as_str())
                    .or_else(|| (path == mount.trim_end_matches('/')).then_some(""))?;
                Some((mount.clone(), rest))
            })
            .max_by_key(|(mount, _)| mount.len())
    }

    /// Enables an engine.
    pub(crate) fn enable(&mut self, path: &str, request: &Request, auth: bool) -> Result<(), Failure> {
        let path = format!("{}/", path.trim_matches('/'));
        super::fields::check_mount(request)?;
        let mut kind = request.text("type");
        if kind.is_empty() {
            return Err(Failure::bad("backend type must be specified as a string"));
        }
        if kind == "plugin" {
            kind = request.text("plugin_name");
        }
        if !auth && ["sys/", "auth/", "identity/", "cubbyhole/"].iter().any(|p| path.starts_with(p)) {
            return Err(Failure::bad(format!("cannot mount {path:?}")));
        }
        let full = if auth { format!("auth/{path}") } else { path.clone() };
        if let Some(used) = self.table.keys().find(|k| path.starts_with(k.as_str()) || k.starts_with(&path)) {
            let used = if auth { format!("auth/{used}") } else { used.clone() };
            let exact = if used == full { "path is already in use at" } else { "existing mount at" };
            return Err(Failure::bad(format!("{exact} {used}")));
        }
        let mut options: Object = request
            .data
            .get("options")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), json!(text(v))))
            .collect();
        if kind == "kv-v2" {
            kind = "kv".into();
            options.insert("version".into(), json!("2"));
        }
        let version = options.get("version").map(text).unwrap_or_default();
        let engine = if auth { Engine::auth(&kind) } else { Engine::secrets(&kind, &version) };
        let engine =
            engine.ok_or_else(|| Failure::bad(format!("plugin not found in the catalog: {kind}")))?;
        let mut mount = Mount::new(&kind, &request.text("description"), engine, auth);
        mount.options = (!options.is_empty()).then_some(options);
        mount.local = request.bool("local", false)?;
        mount.seal_wrap = request.bool("seal_wrap", false)?;
        mount.external_entropy_access = request.bool("external_entropy_access", false)?;
        if let Some(Value::Object(config)) = request.data.get("config") {
            mount.tune(config)?;
        }
        self.table.insert(path, mount);
        Ok(())
    }

    /// Disables an engine and forgets what it held; the mount that is gone.
    pub(crate) fn disable(&mut self, path: &str) -> Result<Option<String>, Failure> {
        let path = format!("{}/", path.trim_matches('/'));
        match self.table.get(&path) {
            Some(mount) if mount.is_built_in() => Err(Failure::bad(format!("cannot unmount {path:?}"))),
            Some(_) => {
                self.table.remove(&path);
                Ok(Some(path))
            }
            None => Ok(None),
        }
    }

    /// Moves a mount.
    pub(crate) fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure> {
        let key = |path: &str| format!("{}/", path.trim_matches('/'));
        let (from, to) = (key(from), key(to));
        if !self.table.contains_key(&from) {
            return Err(Failure::bad(format!("no matching mount at {from:?}")));
        }
        if self.table.keys().any(|k| to.starts_with(k.as_str()) || k.starts_with(&to)) {
            return Err(Failure::bad(format!("path in use at {to:?}")));
        }
        if let Some(mount) = self.table.remove(&from) {
            self.table.insert(to, mount);
        }
        Ok(())
    }
}
