//! `sys/*` behind the token check: mounts, auth methods, policies, capabilities, leases, tools.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::core::{Caller, Core};
use super::engines::transit;
use super::mounts::{Mounts, VERSION};
use super::policy::Policy;
use super::request::{Failure, Operation, Outcome, Reply, Request};
use super::value::{Object, glob};

/// Paths that answer without a token.
pub(crate) fn is_unauthenticated(path: &str) -> bool {
    const PATHS: [&str; 5] = [
        "sys/wrapping/pubkey",
        "sys/replication/status",
        "sys/internal/ui/mounts",
        "sys/internal/ui/mounts/*",
        "sys/internal/ui/namespaces",
    ];
    PATHS.iter().any(|p| glob(p, path))
}

/// Paths that need `sudo` besides the capability.
pub(crate) fn needs_sudo(path: &str) -> bool {
    const PATHS: [&str; 20] = [
        "sys/auth/*",
        "sys/remount",
        "sys/audit",
        "sys/audit/*",
        "sys/raw",
        "sys/raw/*",
        "sys/rotate",
        "sys/seal",
        "sys/step-down",
        "sys/config/cors",
        "sys/config/auditing/*",
        "sys/config/ui/headers/*",
        "sys/plugins/catalog/*",
        "sys/revoke-prefix/*",
        "sys/revoke-force/*",
        "sys/leases/revoke-prefix/*",
        "sys/leases/revoke-force/*",
        "sys/leases/lookup/*",
        "auth/token/accessors*",
        "auth/token/revoke-orphan",
    ];
    PATHS.iter().any(|p| glob(p, path)) || path == "auth/token/create-orphan"
}

impl Core {
    /// `caller` is there for every path that needs a token.
    pub(crate) fn system(&mut self, caller: Option<&Caller>, request: &Request, rest: &str) -> Outcome {
        let writes = request.operation.writes();
        let rest = rest.trim_end_matches('/');
        let parts: Vec<&str> = rest.split('/').collect();
        match parts.as_slice() {
            ["internal", "ui", "mounts", path @ ..] => self.ui_mounts(request, &path.join("/")),
            ["internal", "ui", "namespaces"] => Ok(Some(Reply::data(json!({ "keys": [""] })))),
            ["replication", "status"] => Ok(Some(Reply::data(json!({ "mode": "disabled" })))),
            ["internal", "ui", "resultant-acl"] => {
                Ok(caller.map(|c| Reply::data(json!({ "root": c.acl.is_root() }))))
            }
            ["mounts" | "auth", ..] => self.mount_api(request, &parts),
            ["remount"] if writes => {
                let (from, to) = (request.text("from"), request.text("to"));
                match (from.strip_prefix("auth/"), to.strip_prefix("auth/")) {
                    (Some(from), Some(to)) => self.auths.rename(from, to)?,
                    _ => self.secrets.rename(&from, &to)?,
                }
                let id = super::ids::uuid();
                self.migrations.insert(id.clone(), (from, to));
                Ok(Some(Reply::data(json!({ "migration_id": id }))))
            }
            // A move is over when it is answered.
            ["remount", "status", id] if request.operation == Operation::Read => {
                Ok(self.migrations.get(*id).map(|(from, to)| {
                    let info = json!({ "source_mount": from, "target_mount": to, "status": "success" });
                    Reply::data(json!({ "migration_id": id, "migration_info": info }))
                }))
            }
            ["policies", "acl", ..] | ["policy", ..] => self.policy_api(request, &parts),
            ["policies", "password", ..] => self.password_policy(request, &parts),
            ["capabilities" | "capabilities-self" | "capabilities-accessor"] if writes => {
                self.capabilities(caller, request, rest)
            }
            ["wrapping", "wrap"] if writes => {
                if request.wrap_ttl.is_none_or(|t| t <= 0) {
                    return Err(Failure::bad("endpoint requires response wrapping to be used"));
                }
                Ok(Some(Reply::data(request.data.clone().into())))
            }
            ["leases", ..] | ["renew" | "revoke" | "revoke-prefix", ..] => self.lease_api(request, &parts),
            ["tools", "random", ..] if writes => transit::random(request, rest).map(Some),
            ["tools", "hash"] if writes => transit::hash(request, "sha2-256").map(Some),
            ["tools", "hash", algorithm] if writes => transit::hash(request, algorithm).map(Some),
            ["audit", ..] => self.audit(request, &parts),
            ["ha-status"] => Ok(Some(Reply::repeated(json!({ "nodes": [{
                "hostname": "localhost", "api_address": format!("http://{}", request.host), "cluster_address": "",
                "active_node": true, "last_echo": null, "version": VERSION, "echo_duration_ms": 0,
                "clock_skew_ms": 0, "replication_primary_canary_age_ms": 0,
            }] })))),
            ["version-history"] if request.operation == Operation::List => {
                let info = json!({ VERSION: {
                    "build_date": "2025-01-01T00:00:00Z", "previous_version": null,
                    "timestamp_installed": self.started.to_string(),
                } });
                Reply::keys_with_info(vec![VERSION.into()], info.as_object().cloned().unwrap_or_default())
            }
            ["seal"] if writes => {
                self.sealed = true;
                Ok(None)
            }
            ["key-status"] => Ok(Some(Reply::repeated(json!({
                "encryptions": 0, "install_time": self.started.to_string(), "term": 1,
            })))),
            ["license", ..] | ["namespaces", ..] | ["control-group", ..] | ["managed-keys", ..] => {
                Err(Failure::new(404, "enterprise-only feature"))
            }
            ["capabilities" | "capabilities-self" | "capabilities-accessor" | "remount" | "seal"] => {
                Err(Failure::unsupported_operation())
            }
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn ui_mounts(&mut self, request: &Request, path: &str) -> Outcome {
        let token = self.tokens.get(self.now, &request.token).cloned();
        let acl = token.map(|t| self.acl(&t)).unwrap_or_default();
        if path.is_empty() {
            let visible = |prefix: &str, mounts: &Mounts| -> Object {
                let seen = mounts.iter().filter(|(path, _)| acl.reaches(&format!("{prefix}{path}")));
                seen.map(|(path, mount)| (path.to_owned(), mount.show(true).into())).collect()
            };
            let data = json!({ "auth": visible("auth/", &self.auths), "secret": visible("", &self.secrets) });
            return Ok(Some(Reply::data(data)));
        }
        let denied = || {
            Failure::new(
                403,
                format!(
                    "preflight capability check returned 403, please ensure client's policies grant access to path \"{}/\"",
                    path.trim_end_matches('/')
                ),
            )
        };
        let (prefix, table, below) = match path.strip_prefix("auth/") {
            Some(below) => ("auth/", &self.auths, below),
            None => ("", &self.secrets, path),
        };
        let (name, _) = table.find(below).ok_or_else(denied)?;
        let mount =
            table.get(&name).filter(|_| acl.reaches(&format!("{prefix}{name}"))).ok_or_else(denied)?;
        let mut data = mount.show(true);
        data.insert("path".into(), json!(format!("{prefix}{name}")));
        Ok(Some(Reply::data(data.into())))
    }

    fn mount_api(&mut self, request: &Request, parts: &[&str]) -> Outcome {
        // Auth methods can be tuned by either path.
        if let ["mounts", "auth", path @ ..] = parts
            && path.last() == Some(&"tune")
        {
            return self.mount_api(request, &[&["auth"], path].concat());
        }
        let auth = parts.first() == Some(&"auth");
        let table = if auth { &mut self.auths } else { &mut self.secrets };
        let writes = request.operation.writes();
        match parts {
            [_] if request.operation == Operation::Read => {
                let all: Object =
                    table.iter().map(|(path, m)| (path.to_owned(), m.show(false).into())).collect();
                Ok(Some(Reply::repeated(all.into())))
            }
            [_, path @ .., "tune"] if !path.is_empty() => {
                let path = format!("{}/", path.join("/"));
                let unknown = || Failure::bad(format!("cannot fetch sysview for path {path:?}"));
                let mount = table.get_mut(&path).ok_or_else(unknown)?;
                if writes {
                    mount.tune(&request.data)?;
                    return Ok(None);
                }
                Ok(Some(Reply::repeated(mount.show_tune().into())))
            }
            [_, path @ ..] if !path.is_empty() => {
                let path = path.join("/");
                match request.operation {
                    Operation::Create | Operation::Update => {
                        table.enable(&path, request, auth).map(|()| None)
                    }
                    Operation::Delete => {
                        if let Some(gone) = table.disable(&path)?
                            && auth
                        {
                            self.revoke_under(&format!("auth/{gone}"));
                        }
                        Ok(None)
                    }
                    Operation::Read => match table.get(&format!("{path}/")) {
                        Some(mount) => Ok(Some(Reply::repeated(mount.show(false).into()))),
                        None => Err(Failure::bad(format!(
                            "No {} at {path}/",
                            if auth { "auth engine" } else { "secret engine mount" }
                        ))),
                    },
                    _ => Err(Failure::unsupported_operation()),
                }
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    /// Revokes the tokens that were created below a path.
    fn revoke_under(&mut self, prefix: &str) {
        let ids: Vec<String> =
            self.tokens.iter().filter(|t| t.path.starts_with(prefix)).map(|t| t.id.clone()).collect();
        for id in ids {
            self.revoke(&id);
        }
    }

    fn policy_api(&mut self, request: &Request, parts: &[&str]) -> Outcome {
        let legacy = parts.first() == Some(&"policy");
        let name =
            if legacy { parts.get(1..) } else { parts.get(2..) }.unwrap_or_default().join("/").to_lowercase();
        if name.is_empty() {
            let mut keys: Vec<String> =
                self.policies.keys().filter(|n| *n != "response-wrapping").cloned().collect();
            keys.push("root".into());
            return match request.operation {
                Operation::Read | Operation::List if legacy => {
                    Ok(Some(Reply::repeated(json!({ "keys": keys, "policies": keys }))))
                }
                Operation::List => Reply::keys(keys),
                _ => Err(Failure::unsupported_operation()),
            };
        }
        match request.operation {
            Operation::Read => {
                let text = if name == "root" {
                    Some(String::new())
                } else {
                    self.policies.get(&name).map(|p| p.text.clone())
                };
                Ok(text.map(|text| {
                    if legacy {
                        Reply::repeated(json!({ "name": name, "rules": text }))
                    } else {
                        Reply::data(json!({ "name": name, "policy": text }))
                    }
                }))
            }
            Operation::Create | Operation::Update => {
                if name == "root" || name == "response-wrapping" {
                    return Err(Failure::bad(format!("cannot update {name:?} policy")));
                }
                let mut text = request.text("policy");
                if text.is_empty() && legacy {
                    text = request.text("rules");
                }
                if text.is_empty() {
                    return Err(Failure::bad("'policy' parameter not supplied or empty"));
                }
                if let Some(plain) = STANDARD.decode(&text).ok().and_then(|b| String::from_utf8(b).ok()) {
                    text = plain;
                }
                let policy = Policy::parse(&text).map_err(Failure::bad)?;
                self.policies.insert(name, policy);
                Ok(None)
            }
            Operation::Delete => {
                if matches!(name.as_str(), "root" | "default" | "response-wrapping") {
                    let which =
                        if name == "default" { "default policy".into() } else { format!("{name:?} policy") };
                    return Err(Failure::bad(format!("cannot delete {which}")));
                }
                self.policies.remove(&name);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    /// Password policies are kept; generating understands `length` and the character sets.
    fn password_policy(&mut self, request: &Request, parts: &[&str]) -> Outcome {
        match (parts.get(2..).unwrap_or_default(), request.operation) {
            ([], Operation::List) => Reply::keys(self.password_policies.keys().cloned().collect()),
            ([name, "generate"], Operation::Read) => {
                let Some(text) = self.password_policies.get(*name) else { return Ok(None) };
                let (length, charset) = password_rules(text)?;
                let password: String = super::ids::bytes(length)
                    .into_iter()
                    .filter_map(|b| charset.get(usize::from(b) % charset.len().max(1)))
                    .collect();
                Ok(Some(Reply::data(json!({ "password": password }))))
            }
            ([name], Operation::Read) => {
                Ok(self.password_policies.get(*name).map(|text| Reply::data(json!({ "policy": text }))))
            }
            ([name], Operation::Create | Operation::Update) => {
                let text = request.text("policy");
                password_rules(&text)?;
                self.password_policies.insert((*name).to_owned(), text);
                Ok(None)
            }
            ([name], Operation::Delete) => {
                self.password_policies.remove(*name);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn capabilities(&self, caller: Option<&Caller>, request: &Request, which: &str) -> Outcome {
        let own = caller.map(|c| c.token.id.clone()).unwrap_or_default();
        let id = match which {
            "capabilities" => request.text("token"),
            "capabilities-accessor" => self
                .tokens
                .id_of(&request.text("accessor"))
                .ok_or_else(|| Failure::new(403, "1 error occurred:\n\t* invalid accessor\n\n"))?,
            _ => own,
        };
        let token = self.tokens.get(self.now, &id).ok_or_else(|| Failure::bad("invalid token"))?;
        let acl = self.acl(token);
        let paths = request.strings("paths").or_else(|| request.strings("path")).unwrap_or_default();
        if paths.is_empty() {
            return Err(Failure::bad("paths must be supplied"));
        }
        let mut data: Object =
            paths.iter().map(|p| (p.clone(), json!(acl.capabilities(p.trim_start_matches('/'))))).collect();
        if let [only] = paths.as_slice() {
            data.insert("capabilities".into(), json!(acl.capabilities(only.trim_start_matches('/'))));
        }
        Ok(Some(Reply::repeated(data.into())))
    }

    fn lease_api(&mut self, request: &Request, parts: &[&str]) -> Outcome {
        let parts = if parts.first() == Some(&"leases") { parts.get(1..).unwrap_or_default() } else { parts };
        let writes = request.operation.writes();
        let in_path = parts.get(1..).unwrap_or_default().join("/");
        let lease = if request.has("lease_id") { request.text("lease_id") } else { in_path.clone() };
        match parts {
            ["lookup", ..] if request.operation == Operation::List => {
                let prefix = super::engines::folder(&in_path);
                let ids: Vec<String> = self.tokens.iter().filter(|t| t.expires.is_some()).map(|t| t.lease_id()).collect();
                Reply::keys(super::engines::children(ids.iter().map(String::as_str), &prefix))
            }
            ["lookup"] if writes => {
                let token = self.tokens.iter().find(|t| t.lease_id() == lease).ok_or_else(|| Failure::bad("invalid lease"))?;
                Ok(Some(Reply::data(json!({
                    "expire_time": token.expires.map(|t| t.to_string()), "id": lease,
                    "issue_time": token.created.to_string(), "last_renewal": token.renewed.map(|t| t.to_string()),
                    "renewable": token.renewable, "ttl": token.ttl(self.now),
                }))))
            }
            ["renew", ..] if writes => match self.tokens.iter().any(|t| t.lease_id() == lease) {
                true => Err(Failure::bad("tokens cannot be renewed through this endpoint")),
                false => Err(Failure::bad("lease not found")),
            },
            ["revoke", ..] if writes => {
                let id = self.tokens.iter().find(|t| t.lease_id() == lease).map(|t| t.id.clone());
                if let Some(id) = id {
                    self.revoke(&id);
                }
                Ok(None)
            }
            ["revoke-prefix" | "revoke-force", ..] if writes => {
                let under: Vec<String> = self
                    .tokens
                    .iter()
                    .filter(|t| t.expires.is_some() && t.lease_id().starts_with(&in_path))
                    .map(|t| t.id.clone())
                    .collect();
                under.iter().for_each(|id| self.revoke(id));
                Ok(None)
            }
            ["tidy"] if writes => Ok(Some(Reply::warning("Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.").status(202))),
            _ => Err(Failure::unsupported_path()),
        }
    }

    /// Audit devices are listed, but nothing is written to them.
    fn audit(&mut self, request: &Request, parts: &[&str]) -> Outcome {
        let path = format!("{}/", parts.get(1..).unwrap_or_default().join("/"));
        match request.operation {
            Operation::Read if path == "/" => {
                let all: Object = self.audits.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
                Ok(Some(Reply::repeated(all.into())))
            }
            Operation::Create | Operation::Update if path != "/" => {
                if self.audits.contains_key(&path) {
                    return Err(Failure::bad(format!("path already in use at {path}")));
                }
                let device = json!({
                    "description": request.text("description"), "local": request.bool("local", false)?,
                    "options": request.data.get("options").cloned().unwrap_or_else(|| json!({})),
                    "path": path, "type": request.text("type"),
                });
                self.audits.insert(path, device);
                Ok(None)
            }
            Operation::Delete => {
                self.audits.remove(&path);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }
}

/// The length and all characters of a password policy.
fn password_rules(text: &str) -> Result<(usize, Vec<char>), Failure> {
    use super::policy::hcl::{Item, object, parse};
    let bad = |e: String| Failure::bad(format!("failed to parse policy: {e}"));
    let mut length = 0;
    let mut charset = Vec::new();
    for item in parse(text).map_err(bad)? {
        match item {
            Item::Attribute(key, value) if key == "length" => {
                length = value.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
            }
            Item::Block { key, body, .. } if key == "rule" => {
                let body = object(&body);
                charset.extend(body.get("charset").and_then(Value::as_str).unwrap_or_default().chars());
            }
            Item::Attribute(key, _) | Item::Block { key, .. } => {
                return Err(bad(format!("unknown key {key:?}")));
            }
        }
    }
    if length < 4 || charset.is_empty() {
        return Err(bad("passwords must be at least 4 characters, from at least one charset rule".into()));
    }
    Ok((length, charset))
}
