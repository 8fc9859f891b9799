//! Prepared queries: kept, shown, and executed against the catalog without failover.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Call;
use super::acl::rules::Access;
use super::decode::fields;
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::vault::ids;
use crate::embedded::vault::value::{Object, text};

const TABLES: &[&str] = &["queries"];

/// All prepared queries, by id.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    all: BTreeMap<String, Object>,
}

/// `defaults`, overlaid with what was given.
fn overlay(defaults: Value, given: &Value) -> Value {
    match (defaults, given) {
        (Value::Object(mut defaults), Value::Object(given)) => {
            for (key, value) in given {
                let known = defaults.remove(key).unwrap_or_default();
                defaults.insert(key.clone(), overlay(known, value));
            }
            defaults.into()
        }
        (defaults, Value::Null) => defaults,
        (_, given) => given.clone(),
    }
}

fn complete(id: &str, body: Object) -> Object {
    let defaults = json!({
        "ID": id, "Name": "", "Session": "", "Token": "",
        "Template": { "Type": "", "Regexp": "", "RemoveEmptyTags": false },
        "Service": {
            "Service": "", "SamenessGroup": "",
            "Failover": { "SkipLocalDatacenter": false, "NearestN": 0, "Datacenters": null, "Targets": null },
            "IncludeAll": false, "OnlyPassing": false, "IgnoreCheckIDs": null, "Near": "", "Tags": null,
            "NodeMeta": null, "ServiceMeta": null, "Connect": false, "Peer": "",
        },
        "DNS": { "TTL": "" },
    });
    let mut query = super::acl::store::object(overlay(defaults, &body.into()));
    query.insert("ID".into(), json!(id));
    query
}

impl State {
    pub(crate) fn query_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        const KNOWN: &[&str] =
            &["ID", "Name", "Session", "Token", "Template", "Service", "DNS", "CreateIndex", "ModifyIndex"];
        let name_of = |q: &Object| q.get("Name").map(text).unwrap_or_default();
        let find = |all: &BTreeMap<String, Object>, key: &str| {
            all.get(key).or_else(|| all.values().find(|q| name_of(q) == key)).cloned()
        };
        let missing = || Refusal::new(404, "Query not found");
        match (call.req.method.as_str(), parts) {
            ("GET", []) => {
                let all = self.queries.all.values();
                let seen: Vec<&Object> =
                    all.filter(|q| call.auth.allows("query", &name_of(q), Access::Read)).collect();
                let hidden = seen.len() < self.queries.all.len();
                Ok(Reply::json(json!(seen)).watch(self.index(TABLES), TABLES).consistent().filtered(hidden))
            }
            ("POST", []) => {
                let body = fields(&call.json()?, KNOWN)?;
                call.auth.require("query", &name_of(&body), Access::Write)?;
                if body.get("Service").and_then(|s| s.get("Service")).map(text).unwrap_or_default().is_empty()
                {
                    return Err(Refusal::server("Must provide a Service name to query"));
                }
                if !name_of(&body).is_empty() && find(&self.queries.all, &name_of(&body)).is_some() {
                    return Err(Refusal::server(format!(
                        "name '{}' aliases an existing query name",
                        name_of(&body)
                    )));
                }
                let id = ids::uuid();
                let mut query = complete(&id, body);
                let index = self.bump(TABLES);
                query.insert("CreateIndex".into(), json!(index));
                query.insert("ModifyIndex".into(), json!(index));
                self.queries.all.insert(id.clone(), query);
                Ok(Reply::json(json!({ "ID": id })))
            }
            ("GET", [id]) => {
                let query = self.queries.all.get(*id).ok_or_else(missing)?;
                call.auth.require("query", &name_of(query), Access::Read)?;
                Ok(Reply::json(json!([query])).watch(self.index(TABLES), TABLES).consistent())
            }
            ("PUT", [id]) => {
                let body = fields(&call.json()?, KNOWN)?;
                call.auth.require("query", &name_of(&body), Access::Write)?;
                let created = self
                    .queries
                    .all
                    .get(*id)
                    .and_then(|q| q.get("CreateIndex").cloned())
                    .ok_or_else(missing)?;
                let mut query = complete(id, body);
                let index = self.bump(TABLES);
                query.insert("CreateIndex".into(), created);
                query.insert("ModifyIndex".into(), json!(index));
                self.queries.all.insert((*id).to_owned(), query);
                Ok(Reply::done())
            }
            ("DELETE", [id]) => {
                let query = self.queries.all.get(*id).ok_or_else(missing)?;
                call.auth.require("query", &name_of(query), Access::Write)?;
                self.queries.all.remove(*id);
                self.bump(TABLES);
                Ok(Reply::done())
            }
            ("GET", [key, "execute"]) => {
                let query = find(&self.queries.all, key).ok_or_else(missing)?;
                Ok(self.execute(call, &query))
            }
            ("GET", [key, "explain"]) => {
                let query = find(&self.queries.all, key).ok_or_else(missing)?;
                Ok(Reply::json(json!({
                    "Query": query, "Index": 1, "LastContact": 0, "KnownLeader": true, "ConsistencyLevel": "leader",
                    "NotModified": false, "Backend": 0, "ResultsFilteredByACLs": false,
                }))
                .watch(1, TABLES)
                .consistent())
            }
            (method, [] | [_] | [_, "execute" | "explain"]) => Err(Refusal::method(method)),
            _ => Err(super::unknown_path()),
        }
    }

    fn execute(&self, call: &Call<'_>, query: &Object) -> Reply {
        let service = query.get("Service").cloned().unwrap_or_default();
        let field = |name: &str| service.get(name).cloned().unwrap_or_default();
        let name = text(&field("Service"));
        let passing = field("OnlyPassing") == json!(true);
        let tags = crate::embedded::vault::value::strings(&field("Tags"));
        let mut nodes = Vec::new();
        for (node, instance) in self.catalog.named(&name) {
            let checks: Vec<_> = self.catalog.checks_of(&node.name, &instance.id).collect();
            let bad = checks.iter().any(|c| c.status == "critical" || (passing && c.status != "passing"));
            let tagged = tags.iter().all(|t| match t.strip_prefix('!') {
                Some(t) => !instance.tags.iter().any(|have| have == t),
                None => instance.tags.contains(t),
            });
            if !bad && tagged && call.auth.allows("service", &instance.name, Access::Read) {
                let checks: Vec<Value> = checks.iter().map(|c| c.show(&node.name)).collect();
                nodes.push(json!({ "Node": node.show(), "Service": instance.show(), "Checks": checks }));
            }
        }
        let limit = call.req.q("limit").and_then(|l| l.parse().ok()).unwrap_or(usize::MAX);
        nodes.truncate(limit);
        Reply::json(json!({
            "Service": name, "Namespace": "", "Nodes": nodes, "DNS": query.get("DNS"),
            "Datacenter": self.options.datacenter, "Failovers": 0, "Index": 0, "LastContact": 0,
            "KnownLeader": true, "ConsistencyLevel": "leader", "NotModified": false, "Backend": 0,
            "ResultsFilteredByACLs": false,
        }))
        .watch(1, TABLES)
        .consistent()
    }
}
