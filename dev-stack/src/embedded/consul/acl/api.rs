//! `/v1/acl/*`.

use serde_json::{Value, json};

use super::super::Call;
use super::super::decode::{duration_ns, fields};
use super::super::reply::{Outcome, Refusal, Reply};
use super::super::state::State;
use super::rules::{ANONYMOUS, Access, read};
use super::store::{GLOBAL_MANAGEMENT, Store, get, hash, links, object};
use crate::embedded::clock::add;
use crate::embedded::vault::ids;
use crate::embedded::vault::value::{Object, go_duration};

/// The kinds that are plain records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Policy,
    Role,
    AuthMethod,
    BindingRule,
}

impl Kind {
    fn named(part: &str) -> Option<(Self, bool)> {
        Some(match part {
            "policy" => (Self::Policy, false),
            "policies" => (Self::Policy, true),
            "role" => (Self::Role, false),
            "roles" => (Self::Role, true),
            "auth-method" => (Self::AuthMethod, false),
            "auth-methods" => (Self::AuthMethod, true),
            "binding-rule" => (Self::BindingRule, false),
            "binding-rules" => (Self::BindingRule, true),
            _ => return None,
        })
    }

    fn label(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Role => "role",
            Self::AuthMethod => "auth method",
            Self::BindingRule => "binding rule",
        }
    }

    fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Policy => &["acl-policies"],
            Self::Role => &["acl-roles"],
            Self::AuthMethod => &["acl-auth-methods"],
            Self::BindingRule => &["acl-binding-rules"],
        }
    }

    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Policy => {
                &["ID", "Name", "Description", "Rules", "Datacenters", "Hash", "CreateIndex", "ModifyIndex"]
            }
            Self::Role => &[
                "ID",
                "Name",
                "Description",
                "Policies",
                "ServiceIdentities",
                "NodeIdentities",
                "TemplatedPolicies",
                "Hash",
                "CreateIndex",
                "ModifyIndex",
            ],
            Self::AuthMethod => &[
                "Name",
                "Type",
                "DisplayName",
                "Description",
                "MaxTokenTTL",
                "TokenLocality",
                "Config",
                "CreateIndex",
                "ModifyIndex",
            ],
            Self::BindingRule => &[
                "ID",
                "Description",
                "AuthMethod",
                "Selector",
                "BindType",
                "BindName",
                "BindVars",
                "CreateIndex",
                "ModifyIndex",
            ],
        }
    }

    /// What an id is called.
    fn key(self) -> &'static str {
        if self == Self::AuthMethod { "Name" } else { "ID" }
    }

    fn table(self, store: &mut Store) -> &mut std::collections::BTreeMap<String, Object> {
        match self {
            Self::Policy => &mut store.policies,
            Self::Role => &mut store.roles,
            Self::AuthMethod => &mut store.auth_methods,
            Self::BindingRule => &mut store.binding_rules,
        }
    }
}

const TOKENS: &[&str] = &["acl-tokens"];
const TOKEN_FIELDS: &[&str] = &[
    "AccessorID",
    "SecretID",
    "Description",
    "Policies",
    "Roles",
    "ServiceIdentities",
    "NodeIdentities",
    "TemplatedPolicies",
    "Local",
    "AuthMethod",
    "ExpirationTime",
    "ExpirationTTL",
    "CreateTime",
    "Hash",
    "CreateIndex",
    "ModifyIndex",
];

impl State {
    pub(crate) fn acl_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        let method = call.req.method.as_str();
        match (method, parts) {
            ("GET", ["token", "self"]) => {
                let unknown = || Refusal::new(403, "token does not exist: ACL not found");
                let token = self.acl.by_secret(&call.secret).cloned().ok_or_else(unknown)?;
                Ok(Reply::json(token.into()).watch(self.index(TOKENS), TOKENS))
            }
            ("POST" | "PUT", ["login"]) => self.acl_login(call),
            ("POST" | "PUT", ["logout"]) => {
                let token = self.acl.by_secret(&call.secret).cloned().unwrap_or_default();
                if get(&token, "AuthMethod").is_empty() {
                    return Err(Refusal::new(
                        403,
                        "Permission denied: token was not created with an auth method",
                    ));
                }
                self.acl.tokens.remove(&get(&token, "AccessorID"));
                self.bump(TOKENS);
                Ok(Reply::done())
            }
            ("PUT", ["bootstrap"]) => {
                Err(Refusal::new(403, "Permission denied: ACL bootstrap no longer allowed (reset index: 6)"))
            }
            ("GET", ["replication"]) => Ok(Reply::json(json!({
                "Enabled": false, "Running": false, "SourceDatacenter": "", "ReplicationType": "",
                "ReplicatedIndex": 0, "ReplicatedRoleIndex": 0, "ReplicatedTokenIndex": 0,
                "LastSuccess": "0001-01-01T00:00:00Z", "LastError": "0001-01-01T00:00:00Z", "LastErrorMessage": "",
            }))),
            (_, ["token" | "tokens", ..]) => self.token_api(call, parts),
            (_, [kind, rest @ ..]) => match (Kind::named(kind), method) {
                (Some((kind, true)), "GET") if rest.is_empty() => self.list_records(call, kind),
                (Some((kind, false)), _) => self.record_api(call, kind, rest),
                (Some(_), _) => Err(Refusal::method(method)),
                (None, _) => Err(super::super::unknown_path()),
            },
            _ => Err(super::super::unknown_path()),
        }
    }

    fn list_records(&mut self, call: &Call<'_>, kind: Kind) -> Outcome {
        call.auth.require("acl", "", Access::Read)?;
        let method = call.req.q("authmethod").map(str::to_owned);
        let mut items: Vec<Object> = kind.table(&mut self.acl).values().cloned().collect();
        items.sort_by_key(|i| get(i, "Name"));
        if let Some(method) = method {
            items.retain(|i| get(i, "AuthMethod") == method);
        }
        for item in &mut items {
            match kind {
                Kind::Policy => {
                    item.remove("Rules");
                    item.entry("Datacenters").or_insert(Value::Null);
                }
                Kind::AuthMethod => {
                    item.remove("Config");
                }
                _ => {}
            }
        }
        Ok(Reply::json(json!(items)).watch(self.index(kind.tables()), kind.tables()))
    }

    fn record_api(&mut self, call: &Call<'_>, kind: Kind, rest: &[&str]) -> Outcome {
        let missing =
            || Refusal::new(404, format!("Requested {} does not exist: ACL not found", kind.label()));
        match (call.req.method.as_str(), rest) {
            ("GET", ["name", name @ ..]) if !name.is_empty() => {
                call.auth.require("acl", "", Access::Read)?;
                let name = name.join("/");
                let found = kind.table(&mut self.acl).values().find(|r| get(r, "Name") == name).cloned();
                let found = found.ok_or_else(missing)?;
                Ok(Reply::json(found.into()).watch(self.index(kind.tables()), kind.tables()))
            }
            ("GET", [id]) => {
                call.auth.require("acl", "", Access::Read)?;
                let found = kind.table(&mut self.acl).get(*id).cloned().ok_or_else(missing)?;
                Ok(Reply::json(found.into()).watch(self.index(kind.tables()), kind.tables()))
            }
            ("PUT", []) => {
                call.auth.require("acl", "", Access::Write)?;
                self.write_record(call, kind, None)
            }
            ("PUT", [id]) => {
                call.auth.require("acl", "", Access::Write)?;
                if !kind.table(&mut self.acl).contains_key(*id) {
                    return Err(missing());
                }
                self.write_record(call, kind, Some(id))
            }
            ("DELETE", [id]) => {
                call.auth.require("acl", "", Access::Write)?;
                if *id == GLOBAL_MANAGEMENT {
                    return Err(Refusal::new(
                        403,
                        "Delete operation not permitted on the builtin global-management policy",
                    ));
                }
                kind.table(&mut self.acl).remove(*id).ok_or_else(missing)?;
                self.bump(kind.tables());
                Ok(Reply::json(json!(true)))
            }
            (method, _) => Err(Refusal::method(method)),
        }
    }

    fn write_record(&mut self, call: &Call<'_>, kind: Kind, id: Option<&str>) -> Outcome {
        let mut record = fields(&call.json()?, kind.known())?;
        let invalid = |why: String| Refusal::server(why);
        let name = get(&record, "Name");
        match kind {
            Kind::Policy => {
                read(&get(&record, "Rules")).map_err(Refusal::server)?;
                let datacenters =
                    record.get("Datacenters").is_none_or(|d| d.as_array().is_none_or(Vec::is_empty));
                if datacenters {
                    record.remove("Datacenters");
                }
                record.entry("Rules").or_insert_with(|| json!(""));
            }
            Kind::Role => {
                self.resolve_links(&mut record, "Policies")?;
            }
            Kind::AuthMethod => {
                if !matches!(get(&record, "Type").as_str(), "jwt" | "oidc" | "kubernetes") {
                    return Err(invalid(format!(
                        "Invalid Auth Method: no auth method type: {:?}",
                        get(&record, "Type")
                    )));
                }
                one_source_of_keys(&record)
                    .map_err(|text| invalid(format!("Invalid Auth Method: {text}")))?;
                if let Some(ttl) = record.get("MaxTokenTTL").cloned() {
                    let ttl =
                        duration_ns(&ttl).map_err(|e| Refusal::bad(format!("Request decode failed: {e}")))?;
                    let nanos = i128::try_from(ttl.as_nanos()).unwrap_or(0);
                    record.insert("MaxTokenTTL".into(), json!(go_duration(nanos)));
                }
                record.entry("TokenLocality").or_insert_with(|| json!("local"));
            }
            Kind::BindingRule => {
                if !self.acl.auth_methods.contains_key(&get(&record, "AuthMethod")) {
                    return Err(invalid(
                        "cannot find auth method with name ".to_owned()
                            + &format!("{:?}", get(&record, "AuthMethod")),
                    ));
                }
                if !matches!(
                    get(&record, "BindType").as_str(),
                    "service" | "role" | "node" | "policy" | "templated-policy"
                ) {
                    return Err(invalid(format!(
                        "Invalid Binding Rule: unknown BindType {:?}",
                        get(&record, "BindType")
                    )));
                }
                if !get(&record, "Selector").is_empty() {
                    super::super::filter::parse(&get(&record, "Selector"))
                        .map_err(|e| invalid(format!("invalid Binding Rule: Selector is invalid: {e}")))?;
                }
                record.entry("Selector").or_insert_with(|| json!(""));
            }
        }
        if kind != Kind::BindingRule {
            if name.is_empty() {
                return Err(Refusal::server(format!("Invalid {}: no Name is set", title(kind.label()))));
            }
            let own = id.unwrap_or_default();
            if id.is_none() || kind != Kind::AuthMethod {
                let taken =
                    kind.table(&mut self.acl).iter().any(|(key, r)| get(r, "Name") == name && key != own);
                if taken {
                    return Err(Refusal::server(format!(
                        "Invalid {}: A {} with Name {name:?} already exists",
                        title(kind.label()),
                        title(kind.label())
                    )));
                }
            }
        }
        if kind != Kind::AuthMethod {
            record.entry("Description").or_insert_with(|| json!(""));
        }
        let key = id.map_or_else(|| if kind == Kind::AuthMethod { name } else { ids::uuid() }, str::to_owned);
        record.insert(kind.key().into(), json!(key));
        let index = self.bump(kind.tables());
        let table = kind.table(&mut self.acl);
        let created =
            table.get(&key).and_then(|r| r.get("CreateIndex").cloned()).unwrap_or_else(|| json!(index));
        record.retain(|_, v| !v.is_null());
        record.insert("CreateIndex".into(), created);
        record.insert("ModifyIndex".into(), json!(index));
        if matches!(kind, Kind::Policy | Kind::Role) {
            record.insert("Hash".into(), json!(hash(&Value::Object(record.clone()).to_string())));
        }
        table.insert(key, record.clone());
        Ok(Reply::json(record.into()))
    }

    /// Fills in what a link lacks: the id behind a name, or the name behind an id.
    fn resolve_links(&self, record: &mut Object, field: &str) -> Result<(), Refusal> {
        let mut resolved = Vec::new();
        for link in links(record, field) {
            let (id, name) = (get(&link, "ID"), get(&link, "Name"));
            let wanted = if id.is_empty() { &name } else { &id };
            let found = if field == "Roles" { self.acl.role(wanted) } else { self.acl.policy(wanted) };
            let what = if field == "Roles" { "role" } else { "policy" };
            let found = found
                .ok_or_else(|| Refusal::server(format!("No such ACL {what} with name or ID {wanted:?}")))?;
            resolved.push(json!({ "ID": get(found, "ID"), "Name": get(found, "Name") }));
        }
        if resolved.is_empty() {
            record.remove(field);
        } else {
            record.insert(field.into(), json!(resolved));
        }
        Ok(())
    }

    fn token_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        let missing = || Refusal::new(404, "Requested token does not exist: ACL not found");
        match (call.req.method.as_str(), parts) {
            ("GET", ["tokens"]) => {
                call.auth.require("acl", "", Access::Read)?;
                let q = |name: &str| call.req.q(name).unwrap_or_default().to_owned();
                let (policy, role, method) = (q("policy"), q("role"), q("authmethod"));
                let linked = |t: &Object, field: &str, id: &str| {
                    id.is_empty() || links(t, field).iter().any(|l| get(l, "ID") == id)
                };
                let tokens: Vec<&Object> = self
                    .acl
                    .tokens
                    .values()
                    .filter(|t| linked(t, "Policies", &policy) && linked(t, "Roles", &role))
                    .filter(|t| method.is_empty() || get(t, "AuthMethod") == method)
                    .collect();
                Ok(Reply::json(json!(tokens)).watch(self.index(TOKENS), TOKENS))
            }
            ("GET", ["token", id]) => {
                call.auth.require("acl", "", Access::Read)?;
                let token = self.acl.tokens.get(*id).cloned().ok_or_else(missing)?;
                Ok(Reply::json(token.into()).watch(self.index(TOKENS), TOKENS))
            }
            ("PUT", ["token"]) => {
                call.auth.require("acl", "", Access::Write)?;
                let body = fields(&call.json()?, TOKEN_FIELDS)?;
                self.create_token(body).map(|t| Reply::json(t.into()))
            }
            ("PUT", ["token", id]) => {
                call.auth.require("acl", "", Access::Write)?;
                let known = self.acl.tokens.get(*id).cloned().ok_or_else(missing)?;
                let mut token = fields(&call.json()?, TOKEN_FIELDS)?;
                if token
                    .get("SecretID")
                    .is_some_and(|s| !s.is_null() && *s != json!("") && Some(s) != known.get("SecretID"))
                {
                    return Err(Refusal::server("Changing a token's SecretID is not permitted"));
                }
                for field in [
                    "AccessorID",
                    "SecretID",
                    "CreateTime",
                    "CreateIndex",
                    "Local",
                    "ExpirationTime",
                    "AuthMethod",
                ] {
                    match known.get(field) {
                        Some(value) => token.insert(field.into(), value.clone()),
                        None => token.remove(field),
                    };
                }
                self.store_token(token).map(|t| Reply::json(t.into()))
            }
            ("PUT", ["token", id, "clone"]) => {
                call.auth.require("acl", "", Access::Write)?;
                let mut token = self.acl.tokens.get(*id).cloned().ok_or_else(missing)?;
                let body = if call.req.body.is_empty() {
                    Object::new()
                } else {
                    fields(&call.json()?, TOKEN_FIELDS)?
                };
                for field in ["AccessorID", "SecretID", "CreateTime", "CreateIndex", "ModifyIndex", "Hash"] {
                    token.remove(field);
                }
                let description = get(&body, "Description");
                if !description.is_empty() {
                    token.insert("Description".into(), json!(description));
                }
                self.create_token(token).map(|t| Reply::json(t.into()))
            }
            ("DELETE", ["token", id]) => {
                call.auth.require("acl", "", Access::Write)?;
                if *id == ANONYMOUS {
                    return Err(Refusal::server("Delete operation not permitted on the anonymous token"));
                }
                let own = self.acl.by_secret(&call.secret).is_some_and(|t| get(t, "AccessorID") == *id);
                if own {
                    return Err(Refusal::server(
                        "Deletion of the request's authorization token is not permitted",
                    ));
                }
                self.acl.tokens.remove(*id).ok_or_else(missing)?;
                self.bump(TOKENS);
                Ok(Reply::json(json!(true)))
            }
            (method, _) => Err(Refusal::method(method)),
        }
    }

    /// Gives a token its ids and times, and stores it.
    pub(crate) fn create_token(&mut self, mut token: Object) -> Result<Object, Refusal> {
        for field in ["AccessorID", "SecretID"] {
            let given = get(&token, field);
            if given.is_empty() {
                token.insert(field.into(), json!(ids::uuid()));
                continue;
            }
            let taken = self
                .acl
                .tokens
                .values()
                .any(|t| get(t, "AccessorID") == given || get(t, "SecretID") == given);
            if taken {
                return Err(Refusal::server(format!("Invalid Token: {field} is already in use")));
            }
        }
        if let Some(ttl) = token.remove("ExpirationTTL").filter(|t| !t.is_null()) {
            let ttl = duration_ns(&ttl).map_err(|e| Refusal::bad(format!("Request decode failed: {e}")))?;
            if !ttl.is_zero() {
                if ttl < std::time::Duration::from_secs(60) {
                    return Err(Refusal::server("ExpirationTime cannot be less than 1m0s in the future"));
                }
                token.insert("ExpirationTime".into(), json!(add(self.now, ttl).to_string()));
            }
        }
        token.entry("Local").or_insert_with(|| json!(false));
        token.insert("CreateTime".into(), json!(self.now.to_string()));
        token.remove("CreateIndex");
        self.store_token(token)
    }

    fn store_token(&mut self, mut token: Object) -> Result<Object, Refusal> {
        self.resolve_links(&mut token, "Policies")?;
        self.resolve_links(&mut token, "Roles")?;
        token.retain(|_, v| !v.is_null() && !v.as_array().is_some_and(Vec::is_empty));
        token.entry("Description").or_insert_with(|| json!(""));
        let index = self.bump(TOKENS);
        token.entry("CreateIndex").or_insert_with(|| json!(index));
        token.insert("ModifyIndex".into(), json!(index));
        let digest = hash(&Value::Object(token.clone()).to_string());
        token.insert("Hash".into(), json!(digest));
        self.acl.tokens.insert(get(&token, "AccessorID"), token.clone());
        Ok(object(token.into()))
    }
}

fn title(label: &str) -> String {
    label
        .split(' ')
        .map(|w| w.chars().take(1).flat_map(char::to_uppercase).chain(w.chars().skip(1)).collect::<String>())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A method that checks tokens by itself has its keys from exactly one place.
fn one_source_of_keys(method: &Object) -> Result<(), String> {
    if get(method, "Type") != "jwt" {
        return Ok(());
    }
    let config = method.get("Config").and_then(Value::as_object);
    let given = |name: &str| {
        config.and_then(|config| config.get(name)).is_some_and(|value| match value {
            Value::String(text) => !text.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => false,
        })
    };
    let sources = ["JWTValidationPubKeys", "JWKSURL", "OIDCDiscoveryURL"];
    if sources.into_iter().filter(|name| given(name)).count() == 1 {
        return Ok(());
    }
    Err("exactly one of 'JWTValidationPubKeys', 'JWKSURL', or 'OIDCDiscoveryURL' must be set for type \"jwt\""
        .to_owned())
}
