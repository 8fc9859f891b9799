//! What is stored for ACLs, and the rules a token stands for.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::rules::{ANONYMOUS, Access, Authorizer, Rule, node_identity, read, service_identity};
use crate::embedded::vault::ids;
use crate::embedded::vault::value::{Object, text};

pub(crate) const GLOBAL_MANAGEMENT: &str = "00000000-0000-0000-0000-000000000001";
const GLOBAL_READ_ONLY: &str = "00000000-0000-0000-0000-000000000002";

/// Tables of JSON objects, by id (tokens by accessor, auth methods by name).
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) tokens: BTreeMap<String, Object>,
    pub(crate) policies: BTreeMap<String, Object>,
    pub(crate) roles: BTreeMap<String, Object>,
    pub(crate) auth_methods: BTreeMap<String, Object>,
    pub(crate) binding_rules: BTreeMap<String, Object>,
}

pub(crate) fn object(value: Value) -> Object {
    match value {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

/// A field as text.
pub(crate) fn get(object: &Object, name: &str) -> String {
    object.get(name).map(text).unwrap_or_default()
}

impl Store {
    /// The policies every server has, the management token and the anonymous one.
    pub(crate) fn bootstrap(&mut self, now: Timestamp, management: &str, index: u64) {
        let resources = ["agent", "event", "key", "node", "query", "service", "session"];
        let all = |access: &str| -> String {
            let plain = ["acl", "keyring", "operator", "mesh", "peering"];
            let named =
                resources.map(|r| format!("{r}_prefix \"\" {{\n\tpolicy = \"{access}\"\n}}\n")).concat();
            plain.map(|r| format!("{r} = \"{access}\"\n")).concat() + &named
        };
        for (id, name, description, access) in [
            (GLOBAL_MANAGEMENT, "global-management", "read and write", "write"),
            (GLOBAL_READ_ONLY, "builtin/global-read-only", "read-only", "read"),
        ] {
            let rules = all(access);
            let description =
                format!("A built-in policy that grants {description} access to all Consul features");
            self.policies.insert(
                id.into(),
                object(json!({
                    "ID": id, "Name": name, "Description": description, "Rules": rules,
                    "Hash": hash(&rules), "CreateIndex": index, "ModifyIndex": index,
                })),
            );
        }
        let accessor = ids::uuid();
        self.tokens.insert(accessor.clone(), object(json!({
            "AccessorID": accessor, "SecretID": management, "Description": "Initial Management Token",
            "Policies": [{ "ID": GLOBAL_MANAGEMENT, "Name": "global-management" }], "Local": false,
            "CreateTime": now.to_string(), "Hash": hash(management), "CreateIndex": index, "ModifyIndex": index,
        })));
        self.tokens.insert(ANONYMOUS.into(), object(json!({
            "AccessorID": ANONYMOUS, "SecretID": "anonymous", "Description": "Anonymous Token", "Local": false,
            "CreateTime": now.to_string(), "Hash": hash("anonymous"), "CreateIndex": index, "ModifyIndex": index,
        })));
    }

    /// The token with a secret; none for an unknown one.
    pub(crate) fn by_secret(&self, secret: &str) -> Option<&Object> {
        if secret.is_empty() {
            return self.tokens.get(ANONYMOUS);
        }
        self.tokens.values().find(|t| get(t, "SecretID") == secret)
    }

    /// Drops expired tokens; whether there were any.
    pub(crate) fn expire(&mut self, now: Timestamp) -> bool {
        let before = self.tokens.len();
        self.tokens.retain(|_, t| expiration(t).is_none_or(|at| at > now));
        self.tokens.len() < before
    }

    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.tokens.values().filter_map(expiration).min()
    }

    /// The policy with an id or a name.
    pub(crate) fn policy(&self, id_or_name: &str) -> Option<&Object> {
        self.policies
            .get(id_or_name)
            .or_else(|| self.policies.values().find(|p| get(p, "Name") == id_or_name))
    }

    /// The role with an id or a name.
    pub(crate) fn role(&self, id_or_name: &str) -> Option<&Object> {
        self.roles.get(id_or_name).or_else(|| self.roles.values().find(|r| get(r, "Name") == id_or_name))
    }

    /// What a secret may do; none for an unknown one.
    pub(crate) fn authorizer(&self, secret: &str, default: Access) -> Option<Authorizer> {
        let token = self.by_secret(secret)?;
        let mut rules = Vec::new();
        let mut management = self.collect(token, &mut rules);
        for link in links(token, "Roles") {
            if let Some(role) = self.role(&get(&link, "ID")) {
                management |= self.collect(role, &mut rules);
            }
        }
        Some(Authorizer { accessor: get(token, "AccessorID"), management, default, rules })
    }

    /// The rules of one token or role; true if it is allowed everything.
    fn collect(&self, holder: &Object, rules: &mut Vec<Rule>) -> bool {
        let mut management = false;
        for link in links(holder, "Policies") {
            let id = get(&link, "ID");
            management |= id == GLOBAL_MANAGEMENT;
            if let Some(policy) = self.policies.get(&id) {
                rules.extend(read(&get(policy, "Rules")).unwrap_or_default());
            }
        }
        rules.extend(
            links(holder, "ServiceIdentities").iter().flat_map(|i| service_identity(&get(i, "ServiceName"))),
        );
        rules.extend(links(holder, "NodeIdentities").iter().flat_map(|i| node_identity(&get(i, "NodeName"))));
        for template in links(holder, "TemplatedPolicies") {
            let name = template
                .get("TemplateVariables")
                .and_then(|v| v.get("Name").or_else(|| v.get("name")))
                .map(text)
                .unwrap_or_default();
            match get(&template, "TemplateName").as_str() {
                "builtin/service" => rules.extend(service_identity(&name)),
                "builtin/node" => rules.extend(node_identity(&name)),
                "builtin/dns" => rules.extend(read("node_prefix \"\" { policy = \"read\" }\nservice_prefix \"\" { policy = \"read\" }\nquery_prefix \"\" { policy = \"read\" }").unwrap_or_default()),
                _ => {}
            }
        }
        management
    }
}

/// A list of objects in a field.
pub(crate) fn links(holder: &Object, field: &str) -> Vec<Object> {
    holder
        .get(field)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|v| v.as_object().cloned())
        .collect()
}

fn expiration(token: &Object) -> Option<Timestamp> {
    token.get("ExpirationTime").and_then(Value::as_str).and_then(|t| t.parse().ok())
}

/// A stable hash in the form Consul shows.
pub(crate) fn hash(text: &str) -> String {
    use base64::Engine as _;
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    base64::engine::general_purpose::STANDARD.encode(digest.as_ref())
}
