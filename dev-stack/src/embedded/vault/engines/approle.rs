//! AppRole: roles, secret ids with uses and lifetimes, login.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::ids;
use super::super::request::{Failure, Login, Operation, Outcome, Reply, Request, TokenSettings};
use super::super::value::{Object, after, in_any_cidr, text};
use super::Context;

/// An AppRole mount.
#[derive(Debug, Default)]
pub(crate) struct AppRole {
    roles: BTreeMap<String, Role>,
}

#[derive(Clone, Debug, Default)]
struct Role {
    role_id: String,
    bind_secret_id: bool,
    local_secret_ids: bool,
    secret_id_bound_cidrs: Vec<String>,
    secret_id_num_uses: i64,
    secret_id_ttl: i64,
    token: TokenSettings,
    secrets: BTreeMap<String, SecretId>,
}

#[derive(Clone, Debug)]
struct SecretId {
    accessor: String,
    cidrs: Vec<String>,
    token_cidrs: Vec<String>,
    metadata: Object,
    /// 0 is unlimited.
    uses: i64,
    ttl: i64,
    created: Timestamp,
    updated: Timestamp,
}

impl SecretId {
    fn expires(&self) -> Option<Timestamp> {
        (self.ttl > 0).then(|| after(self.created, self.ttl))
    }

    fn show(&self) -> Value {
        let never = "0001-01-01T00:00:00Z".to_owned();
        json!({
            "cidr_list": self.cidrs, "creation_time": self.created.to_string(),
            "expiration_time": self.expires().map_or(never, |t| t.to_string()),
            "last_updated_time": self.updated.to_string(), "metadata": self.metadata,
            "secret_id_accessor": self.accessor, "secret_id_num_uses": self.uses, "secret_id_ttl": self.ttl,
            "token_bound_cidrs": self.token_cidrs,
        })
    }
}

/// The fields of a role that have a path of their own, and what the token settings call them.
const FIELDS: [&str; 15] = [
    "bind-secret-id",
    "bound-cidr-list",
    "secret-id-bound-cidrs",
    "secret-id-num-uses",
    "secret-id-ttl",
    "token-bound-cidrs",
    "token-max-ttl",
    "token-num-uses",
    "token-ttl",
    "token-type",
    "token-policies",
    "token-period",
    "policies",
    "period",
    "local-secret-ids",
];

impl AppRole {
    pub(crate) fn exists(&self, rest: &str) -> Option<bool> {
        match rest.strip_prefix("role/") {
            Some(name) if !name.contains('/') => Some(self.roles.contains_key(&name.to_lowercase())),
            _ => None,
        }
    }

    pub(crate) fn handle(&mut self, context: &Context, request: &Request, rest: &str) -> Outcome {
        for role in self.roles.values_mut() {
            role.secrets.retain(|_, s| s.expires().is_none_or(|at| at > context.now));
        }
        let segments: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        match segments.as_slice() {
            ["login"] if request.operation.writes() => self.login(context, request),
            ["tidy", "secret-id"] if request.operation.writes() => {
                Ok(Some(Reply::warning("Tidy operation successfully started. Any information from the operation will be printed to Vault's server logs.").status(202)))
            }
            ["role"] => match request.operation {
                Operation::List => Reply::keys(self.roles.keys().cloned().collect()),
                _ => Err(Failure::unsupported_operation()),
            },
            ["role", name] => self.role(request, &name.to_lowercase()),
            ["role", name, below @ ..] => {
                let name = name.to_lowercase();
                let writes = request.operation.writes();
                match self.roles.get_mut(&name) {
                    Some(role) => role.handle(context, request, below),
                    None if writes && below.first().is_some_and(|b| b.ends_with("secret-id")) => {
                        Err(Failure::bad(format!("role {name:?} does not exist")))
                    }
                    None => Ok(None),
                }
            }
            _ => Err(Failure::unsupported_path()),
        }
    }

    fn role(&mut self, request: &Request, name: &str) -> Outcome {
        match request.operation {
            Operation::Read => Ok(self.roles.get(name).map(|r| Reply::data(r.show().into()))),
            Operation::Create | Operation::Update => {
                let fresh = Role { role_id: ids::uuid(), bind_secret_id: true, ..Role::default() };
                let known = self.roles.get(name);
                if known.is_some() && request.has("local_secret_ids") {
                    return Err(Failure::bad("local_secret_ids can only be modified during role creation"));
                }
                let mut role = known.cloned().unwrap_or(fresh);
                role.update(request)?;
                if request.has("role_id") {
                    role.role_id = request.text("role_id");
                }
                let bound = role.bind_secret_id
                    || !role.secret_id_bound_cidrs.is_empty()
                    || !role.token.bound_cidrs.is_empty();
                if !bound {
                    return Err(Failure::listed(
                        500,
                        "at least one constraint should be enabled on the role",
                    ));
                }
                self.roles.insert(name.to_owned(), role);
                Ok(None)
            }
            Operation::Delete => {
                self.roles.remove(name);
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn login(&mut self, context: &Context, request: &Request) -> Outcome {
        let role_id = request.text("role_id");
        if role_id.is_empty() {
            return Err(Failure::bad("missing role_id"));
        }
        let invalid = || Failure::bad("invalid role or secret ID");
        let (name, role) = self.roles.iter_mut().find(|(_, r)| r.role_id == role_id).ok_or_else(invalid)?;
        let mut metadata = Object::new();
        let mut token = role.token.clone();
        if role.bind_secret_id {
            let given = request.text("secret_id");
            if given.is_empty() {
                return Err(Failure::bad("missing secret_id"));
            }
            let secret = role.secrets.get_mut(&given).ok_or_else(invalid)?;
            if !secret.cidrs.is_empty() && !request.peer.is_some_and(|p| in_any_cidr(p, &secret.cidrs)) {
                let peer = request.peer.map(|p| p.to_string()).unwrap_or_default();
                return Err(Failure::bad(format!(
                    "source address {peer:?} unauthorized through CIDR restrictions on the secret ID"
                )));
            }
            metadata.extend(secret.metadata.clone());
            if !secret.token_cidrs.is_empty() {
                token.bound_cidrs.clone_from(&secret.token_cidrs);
            }
            secret.updated = context.now;
            if secret.uses > 0 {
                secret.uses -= 1;
                if secret.uses == 0 {
                    role.secrets.remove(&given);
                }
            }
        }
        if !role.secret_id_bound_cidrs.is_empty()
            && !request.peer.is_some_and(|p| in_any_cidr(p, &role.secret_id_bound_cidrs))
        {
            let peer = request.peer.map(|p| p.to_string()).unwrap_or_default();
            return Err(Failure::bad(format!(
                "source address {peer:?} unauthorized by CIDR restrictions on the role"
            )));
        }
        metadata.insert("role_name".into(), json!(name));
        Ok(Some(Reply::login(Login {
            policies: token.policies.clone(),
            display_name: "approle".into(),
            alias: Some(role.role_id.clone()),
            alias_metadata: Object::new(),
            group_aliases: Vec::new(),
            metadata,
            settings: token,
        })))
    }
}

impl Role {
    fn update(&mut self, request: &Request) -> Result<(), Failure> {
        self.bind_secret_id = request.bool("bind_secret_id", self.bind_secret_id)?;
        self.local_secret_ids = request.bool("local_secret_ids", self.local_secret_ids)?;
        for name in ["bound_cidr_list", "secret_id_bound_cidrs"] {
            if let Some(cidrs) = request.strings(name) {
                self.secret_id_bound_cidrs = cidrs;
            }
        }
        if let Some(n) = request.integer("secret_id_num_uses")? {
            if n < 0 {
                return Err(Failure::bad("secret_id_num_uses cannot be negative"));
            }
            self.secret_id_num_uses = n;
        }
        if let Some(ttl) = request.seconds("secret_id_ttl")? {
            self.secret_id_ttl = ttl;
        }
        self.token.update(request)
    }

    fn show(&self) -> Object {
        let mut data = Object::new();
        let cidrs = if self.secret_id_bound_cidrs.is_empty() {
            Value::Null
        } else {
            json!(self.secret_id_bound_cidrs)
        };
        let fields = [
            ("bind_secret_id", json!(self.bind_secret_id)),
            ("local_secret_ids", json!(self.local_secret_ids)),
            ("secret_id_bound_cidrs", cidrs),
            ("secret_id_num_uses", json!(self.secret_id_num_uses)),
            ("secret_id_ttl", json!(self.secret_id_ttl)),
        ];
        data.extend(fields.map(|(k, v)| (k.to_owned(), v)));
        self.token.show(&mut data);
        data
    }

    fn handle(&mut self, context: &Context, request: &Request, below: &[&str]) -> Outcome {
        let writes = request.operation.writes();
        match below {
            ["role-id"] if writes => {
                let id = request.text("role_id");
                if id.is_empty() {
                    return Err(Failure::bad("missing role_id"));
                }
                self.role_id = id;
                Ok(None)
            }
            ["role-id"] => Ok(Some(Reply::data(json!({ "role_id": self.role_id })))),
            ["secret-id"] if writes => self.new_secret(context, request, ids::uuid()),
            ["secret-id"] if request.operation == Operation::List => {
                Reply::keys(self.secrets.values().map(|s| s.accessor.clone()).collect())
            }
            ["custom-secret-id"] if writes => {
                let id = request.text("secret_id");
                if id.is_empty() {
                    return Err(Failure::bad("missing secret_id"));
                }
                if self.secrets.contains_key(&id) {
                    return Err(Failure::bad("failed to store secret_id: SecretID is already registered"));
                }
                self.new_secret(context, request, id)
            }
            ["secret-id", "lookup"] if writes => {
                Ok(self.secrets.get(&request.text("secret_id")).map(|s| Reply::data(s.show())))
            }
            ["secret-id", "destroy"] => match self.secrets.remove(&request.text("secret_id")) {
                Some(_) => Ok(None),
                None => Err(Failure::bad("invalid secret id")),
            },
            ["secret-id-accessor", what @ ("lookup" | "destroy")] => {
                let accessor = request.text("secret_id_accessor");
                let id = self.secrets.iter().find(|(_, s)| s.accessor == accessor).map(|(id, _)| id.clone());
                let Some(id) = id else {
                    return Err(Failure::new(
                        404,
                        format!("failed to find accessor entry for secret_id_accessor: {accessor:?}"),
                    ));
                };
                if *what == "lookup" {
                    return Ok(self.secrets.get(&id).map(|s| Reply::data(s.show())));
                }
                self.secrets.remove(&id);
                Ok(None)
            }
            [field] if FIELDS.contains(field) => self.field(request, &field.replace('-', "_")),
            _ => Err(Failure::unsupported_path()),
        }
    }

    /// One field of the role by its own path.
    fn field(&mut self, request: &Request, field: &str) -> Outcome {
        let shown = match field {
            "bound_cidr_list" => "secret_id_bound_cidrs",
            "policies" => "token_policies",
            "period" => "token_period",
            other => other,
        };
        match request.operation {
            Operation::Read => {
                let value = self.show().get(shown).cloned().unwrap_or_default();
                let mut data = Object::new();
                data.insert(field.to_owned(), value);
                Ok(Some(Reply::data(data.into())))
            }
            Operation::Delete => {
                let default = match field {
                    "bind_secret_id" => json!(true),
                    name if name.contains("cidr") || name.contains("policies") => json!([]),
                    "token_type" => json!("default"),
                    _ => json!(0),
                };
                let mut reset = request.clone();
                reset.data = Object::from_iter([(field.to_owned(), default)]);
                self.update(&reset)?;
                Ok(None)
            }
            _ => {
                if !request.has(field) && !request.has(shown) {
                    return Err(Failure::bad(format!("missing {field}")));
                }
                self.update(request)?;
                Ok(None)
            }
        }
    }

    fn new_secret(&mut self, context: &Context, request: &Request, id: String) -> Outcome {
        if !self.bind_secret_id {
            return Err(Failure::bad("bind_secret_id is not set on the role"));
        }
        let metadata = match request.data.get("metadata") {
            None | Some(Value::Null) => Object::new(),
            Some(Value::Object(map)) => map.clone(),
            Some(value) => serde_json::from_str(&text(value))
                .map_err(|e| Failure::bad(format!("failed to parse metadata: {e}")))?,
        };
        let uses = match request.integer("num_uses")? {
            Some(n) if n < 0 => return Err(Failure::bad("num_uses cannot be negative")),
            Some(n) if self.secret_id_num_uses > 0 && (n == 0 || n > self.secret_id_num_uses) => {
                return Err(Failure::bad("num_uses cannot be higher than the role's secret_id_num_uses"));
            }
            Some(n) => n,
            None => self.secret_id_num_uses,
        };
        let ttl = match request.seconds("ttl")? {
            Some(n) if self.secret_id_ttl > 0 && (n == 0 || n > self.secret_id_ttl) => {
                return Err(Failure::bad("ttl cannot be longer than the role's secret_id_ttl"));
            }
            Some(n) => n,
            None => self.secret_id_ttl,
        };
        let secret = SecretId {
            accessor: ids::uuid(),
            cidrs: request.strings("cidr_list").unwrap_or_default(),
            token_cidrs: request.strings("token_bound_cidrs").unwrap_or_default(),
            metadata,
            uses,
            ttl,
            created: context.now,
            updated: context.now,
        };
        let reply = Reply::data(json!({
            "secret_id": id, "secret_id_accessor": secret.accessor,
            "secret_id_num_uses": uses, "secret_id_ttl": ttl,
        }));
        self.secrets.insert(id, secret);
        Ok(Some(reply))
    }
}
