//! `/v1/catalog/*` and `/v1/health/*`.

use serde_json::{Value, json};

use super::Call;
use super::acl::rules::Access;
use super::catalog::{Check, Node, Service, service_from};
use super::decode::fields;
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::vault::value::{Object, text};

const NODES: &[&str] = &["nodes"];
const SERVICES: &[&str] = &["services"];
const CHECKS: &[&str] = &["checks"];
const ALL: &[&str] = &["nodes", "services", "checks"];

/// A list with what ACLs left out noted, through the request's filter.
struct Listing<'c, 'r> {
    call: &'c Call<'r>,
    items: Vec<Value>,
    hidden: bool,
}

impl<'c, 'r> Listing<'c, 'r> {
    fn new(call: &'c Call<'r>) -> Self {
        Self { call, items: Vec::new(), hidden: false }
    }

    fn push(&mut self, allowed: bool, item: impl FnOnce() -> Value) {
        if allowed { self.items.push(item()) } else { self.hidden = true }
    }

    fn reply(self, index: u64, tables: &'static [&'static str]) -> Outcome {
        let filter = self.call.filter()?;
        let mut items = self.items;
        if let Some(filter) = filter {
            items.retain(|i| filter.matches(i));
        }
        Ok(Reply::json(json!(items)).watch(index, tables).consistent().filtered(self.hidden))
    }
}

impl State {
    pub(crate) fn catalog_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        match (call.req.method.as_str(), parts) {
            ("GET", ["datacenters"]) => Ok(Reply::json(json!([self.options.datacenter]))),
            ("GET", ["nodes"]) => {
                let mut list = Listing::new(call);
                for node in self.catalog.nodes.values().filter(|n| meta_matches(call, &n.meta)) {
                    list.push(call.auth.allows("node", &node.name, Access::Read), || node.show());
                }
                list.reply(self.index(NODES), NODES)
            }
            ("GET", ["services"]) => self.catalog_services(call),
            ("GET", ["service" | "connect", name]) => {
                self.catalog_service(call, name, parts.first() == Some(&"connect"))
            }
            ("GET", ["node", name]) => self.catalog_node(call, name, false),
            ("GET", ["node-services", name]) => self.catalog_node(call, name, true),
            ("GET", ["gateway-services", _]) => Ok(Reply::json(json!([])).watch(1, SERVICES).consistent()),
            ("PUT", ["register"]) => {
                let body = call.json()?;
                self.catalog_register(call, &body)
            }
            ("PUT", ["deregister"]) => self.catalog_deregister(call),
            (_, ["datacenters" | "nodes" | "services" | "register" | "deregister"]) | (_, [_, _]) => {
                Err(Refusal::method(call.req.method.as_str()))
            }
            _ => Err(super::unknown_path()),
        }
    }

    fn catalog_services(&self, call: &Call<'_>) -> Outcome {
        let filter = call.filter()?;
        let mut out = Object::new();
        let mut hidden = false;
        for ((node, _), service) in &self.catalog.services {
            let Some(node) = self.catalog.nodes.get(node).filter(|n| meta_matches(call, &n.meta)) else {
                continue;
            };
            if !call.auth.allows("service", &service.name, Access::Read) {
                hidden = true;
                continue;
            }
            if filter.as_ref().is_some_and(|f| !f.matches(&service.show_with_node(node))) {
                continue;
            }
            let tags = out.entry(service.name.clone()).or_insert_with(|| json!([]));
            if let Value::Array(tags) = tags {
                for tag in &service.tags {
                    if !tags.iter().any(|t| t == tag) {
                        tags.push(json!(tag));
                    }
                }
            }
        }
        Ok(Reply::json(out.into()).watch(self.index(SERVICES), SERVICES).consistent().filtered(hidden))
    }

    fn catalog_service(&self, call: &Call<'_>, name: &str, connect: bool) -> Outcome {
        let mut list = Listing::new(call);
        for (node, service) in self.instances(name, connect) {
            if has_tags(call, service) && meta_matches(call, &node.meta) {
                let allowed = call.auth.allows("service", &service.name, Access::Read);
                list.push(allowed && call.auth.allows("node", &node.name, Access::Read), || {
                    service.show_with_node(node)
                });
            }
        }
        list.reply(self.catalog.service_index(name, self.index(SERVICES)), ALL)
    }

    /// Instances by name, or the proxies in front of them.
    fn instances<'a>(&'a self, name: &'a str, connect: bool) -> Vec<(&'a Node, &'a Service)> {
        if !connect {
            return self.catalog.named(name).collect();
        }
        let proxied = |s: &Service| {
            let target = s.proxy.get("DestinationServiceName").and_then(Value::as_str);
            let native = s.connect.get("Native").and_then(Value::as_bool).unwrap_or(false);
            (s.kind == "connect-proxy" && target == Some(name)) || (native && s.name == name)
        };
        let all = self.catalog.services.iter().filter(|(_, s)| proxied(s));
        all.filter_map(|((n, _), s)| self.catalog.nodes.get(n).map(|n| (n, s))).collect()
    }

    fn catalog_node(&self, call: &Call<'_>, name: &str, as_list: bool) -> Outcome {
        let index = self.index(ALL);
        let found =
            self.catalog.nodes.values().find(|n| n.name == name || (!n.id.is_empty() && n.id == name));
        let Some(node) = found.filter(|n| call.auth.allows("node", &n.name, Access::Read)) else {
            return Ok(Reply::json(Value::Null).watch(1, ALL).consistent().filtered(found.is_some()));
        };
        let filter = call.filter()?;
        let mut hidden = false;
        let mut shown = Vec::new();
        for (_, service) in self.catalog.services.iter().filter(|((n, _), _)| *n == node.name) {
            if !call.auth.allows("service", &service.name, Access::Read) {
                hidden = true;
            } else if filter.as_ref().is_none_or(|f| f.matches(&service.show())) {
                shown.push((service.id.clone(), service.show()));
            }
        }
        let services: Value = if as_list {
            shown.into_iter().map(|(_, s)| s).collect()
        } else {
            shown.into_iter().collect::<Object>().into()
        };
        let body = json!({ "Node": node.show(), "Services": services });
        Ok(Reply::json(body).watch(index, ALL).consistent().filtered(hidden))
    }

    /// Registers a node with a service and checks, as `PUT /v1/catalog/register` does.
    fn catalog_register(&mut self, call: &Call<'_>, body: &Value) -> Outcome {
        const KNOWN: &[&str] = &[
            "ID",
            "Node",
            "Address",
            "TaggedAddresses",
            "NodeMeta",
            "Datacenter",
            "Service",
            "Check",
            "Checks",
            "SkipNodeUpdate",
            "Locality",
            "WriteRequest",
        ];
        let body = fields(body, KNOWN)?;
        let get = |name: &str| body.get(name).map(text).unwrap_or_default();
        let node = get("Node");
        if node.is_empty() || get("Address").is_empty() {
            return Err(Refusal::server("Must provide node and address"));
        }
        call.auth.require("node", &node, Access::Write)?;
        let skip = body.get("SkipNodeUpdate").and_then(Value::as_bool).unwrap_or(false);
        if !skip || !self.catalog.has_node(&node) {
            let kept = |name: &str| body.get(name).cloned().unwrap_or_default();
            let new = Node {
                id: get("ID"),
                name: node.clone(),
                address: get("Address"),
                datacenter: self.options.datacenter.clone(),
                tagged: kept("TaggedAddresses"),
                meta: kept("NodeMeta"),
                create: 0,
                modify: 0,
            };
            let index = self.bump(NODES);
            self.catalog.put_node(new, index);
        }
        if let Some(service) = body.get("Service").filter(|s| !s.is_null()) {
            let service = catalog_service(service)?;
            call.auth.require("service", &service.name, Access::Write)?;
            let index = self.bump(SERVICES);
            self.catalog.put_service(&node, service, index);
        }
        let mut checks: Vec<&Value> = body.get("Check").filter(|c| !c.is_null()).into_iter().collect();
        checks.extend(body.get("Checks").and_then(Value::as_array).into_iter().flatten());
        for check in checks {
            let check = catalog_check(check)?;
            self.store_check(&node, check);
        }
        Ok(Reply::json(json!(true)))
    }

    fn catalog_deregister(&mut self, call: &Call<'_>) -> Outcome {
        const KNOWN: &[&str] = &["Node", "Datacenter", "CheckID", "ServiceID", "Address", "WriteRequest"];
        let body = fields(&call.json()?, KNOWN)?;
        let get = |name: &str| body.get(name).map(text).unwrap_or_default();
        let node = get("Node");
        if node.is_empty() {
            return Err(Refusal::server("Must provide node"));
        }
        let (service, check) = (get("ServiceID"), get("CheckID"));
        if !service.is_empty() {
            let name = self.catalog.services.get(&(node.clone(), service.clone())).map(|s| s.name.clone());
            call.auth.require("service", &name.unwrap_or_default(), Access::Write)?;
            self.remove_service(&node, &service);
        } else {
            call.auth.require("node", &node, Access::Write)?;
            let index = self.bump(if check.is_empty() { ALL } else { CHECKS });
            if check.is_empty() {
                self.catalog.remove_node(&node, index);
                self.check_failed(&node, None);
            } else {
                self.catalog.remove_check(&node, &check, index);
            }
        }
        Ok(Reply::json(json!(true)))
    }

    /// `Node`, `Service` and `Check` operations of a transaction.
    pub(crate) fn catalog_op(
        &mut self,
        auth: &super::acl::rules::Authorizer,
        kind: &str,
        op: &Object,
    ) -> Result<Vec<Value>, String> {
        let verb = op.get("Verb").and_then(Value::as_str).unwrap_or_default();
        let item = op.get(kind).cloned().unwrap_or_default();
        let name = |field: &str| item.get(field).map(text).unwrap_or_default();
        let node = match kind {
            "Service" => op.get("Node").map(text).unwrap_or_default(),
            _ => name("Node"),
        };
        let write = !verb.eq("get");
        let access = if write { Access::Write } else { Access::Read };
        if kind == "Service" {
            auth.require("service", &name("Service"), access).map_err(|r| r.text)?;
        } else {
            auth.require("node", &node, access).map_err(|r| r.text)?;
        }
        let key = match kind {
            "Service" => (node.clone(), if name("ID").is_empty() { name("Service") } else { name("ID") }),
            _ => (node.clone(), name("CheckID")),
        };
        let current = match kind {
            "Node" => self.catalog.nodes.get(&node).map(|n| (n.show(), n.modify)),
            "Service" => self.catalog.services.get(&key).map(|s| (s.show(), s.modify)),
            _ => self.catalog.checks.get(&key).map(|c| (c.show(&node), c.modify)),
        };
        let expected = item.get("ModifyIndex").and_then(Value::as_u64).unwrap_or(0);
        let stale = current.as_ref().map_or(0, |(_, modify)| *modify) != expected;
        match verb {
            "get" => {
                let missing = format!("{} {:?} doesn't exist", kind.to_lowercase(), key.1);
                return current.map(|(shown, _)| vec![json!({ kind: shown })]).ok_or(missing);
            }
            "cas" | "delete-cas" if stale => {
                return Err(format!(
                    "failed to {} {} {:?}, index is stale",
                    if verb == "cas" { "set" } else { "delete" },
                    kind.to_lowercase(),
                    key.1
                ));
            }
            "delete" | "delete-cas" => {
                let index = self.bump(ALL);
                match kind {
                    "Node" => self.catalog.remove_node(&node, index),
                    "Service" => self.catalog.remove_service(&node, &key.1, index),
                    _ => self.catalog.remove_check(&node, &key.1, index),
                };
                return Ok(Vec::new());
            }
            "set" | "cas" => {}
            other => return Err(format!("unknown {kind} verb {other:?}")),
        }
        let index = self.bump(ALL);
        match kind {
            "Node" => {
                let kept = |field: &str| item.get(field).cloned().unwrap_or_default();
                self.catalog.put_node(
                    Node {
                        id: name("ID"),
                        name: node.clone(),
                        address: name("Address"),
                        datacenter: self.options.datacenter.clone(),
                        tagged: kept("TaggedAddresses"),
                        meta: kept("Meta"),
                        create: 0,
                        modify: 0,
                    },
                    index,
                );
            }
            "Service" => {
                if !self.catalog.has_node(&node) {
                    return Err("Missing node registration".into());
                }
                self.catalog.put_service(&node, catalog_service(&item).map_err(|r| r.text)?, index);
            }
            _ => {
                if !self.catalog.has_node(&node) {
                    return Err("Missing node registration".into());
                }
                self.store_check(&node, catalog_check(&item).map_err(|r| r.text)?);
            }
        }
        let shown = match kind {
            "Node" => self.catalog.nodes.get(&node).map(Node::show),
            "Service" => self.catalog.services.get(&key).map(Service::show),
            _ => self.catalog.checks.get(&key).map(|c| c.show(&node)),
        };
        Ok(vec![json!({ kind: shown })])
    }

    pub(crate) fn health_api(&self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        if call.req.method != "GET" {
            return Err(Refusal::method(call.req.method.as_str()));
        }
        match parts {
            ["service", name] => self.health_service(call, name, false),
            ["connect", name] | ["ingress", name] => self.health_service(call, name, true),
            ["checks", name] => {
                self.health_checks(call, self.catalog.service_index(name, self.index(CHECKS)), |_, c| {
                    c.service_name.eq_ignore_ascii_case(name)
                })
            }
            ["node", node] => self.health_checks(call, self.index(CHECKS), |n, _| n == *node),
            ["state", state] => {
                if !matches!(*state, "any" | "passing" | "warning" | "critical" | "unknown") {
                    return Err(Refusal::bad(format!("Invalid state {state:?}")));
                }
                self.health_checks(call, self.index(CHECKS), |_, c| *state == "any" || c.status == *state)
            }
            _ => Err(super::unknown_path()),
        }
    }

    fn health_service(&self, call: &Call<'_>, name: &str, connect: bool) -> Outcome {
        let passing = match call.req.q("passing") {
            None | Some("false" | "0" | "f" | "F" | "FALSE" | "False") => false,
            Some("" | "true" | "1" | "t" | "T" | "TRUE" | "True") => true,
            Some(_) => return Err(Refusal::bad("Invalid value for ?passing")),
        };
        let mut list = Listing::new(call);
        let mut instances = self.instances(name, connect);
        if let Some(near) = call.req.q("near") {
            let near = if near == "_agent" { self.options.node.as_str() } else { near };
            // All coordinates are equal here, so only the node itself can be nearer.
            instances.sort_by_key(|(node, _)| node.name != near);
        }
        for (node, service) in instances {
            if !has_tags(call, service) || !meta_matches(call, &node.meta) {
                continue;
            }
            let checks: Vec<&Check> = self.catalog.checks_of(&node.name, &service.id).collect();
            if passing && checks.iter().any(|c| c.status != "passing") {
                continue;
            }
            let allowed = call.auth.allows("service", &service.name, Access::Read)
                && call.auth.allows("node", &node.name, Access::Read);
            list.push(allowed, || {
                // The node's own checks come first.
                let (own, of_node): (Vec<&Check>, Vec<&Check>) =
                    checks.iter().partition(|c| !c.service_id.is_empty());
                let shown: Vec<Value> = of_node.into_iter().chain(own).map(|c| c.show(&node.name)).collect();
                json!({ "Node": node.show(), "Service": service.show(), "Checks": shown })
            });
        }
        list.reply(self.catalog.service_index(name, self.index(ALL)), ALL)
    }

    fn health_checks(&self, call: &Call<'_>, index: u64, wanted: impl Fn(&str, &Check) -> bool) -> Outcome {
        let mut list = Listing::new(call);
        for ((node, _), check) in self.catalog.checks.iter().filter(|((n, _), c)| wanted(n, c)) {
            let meta = self.catalog.nodes.get(node).map(|n| n.meta.clone()).unwrap_or_default();
            if meta_matches(call, &meta) {
                let allowed = call.auth.allows("node", node, Access::Read)
                    && (check.service_name.is_empty()
                        || call.auth.allows("service", &check.service_name, Access::Read));
                list.push(allowed, || check.show(node));
            }
        }
        list.reply(index, ALL)
    }
}

/// All `tag` parameters, with letters of either case, must be there.
fn has_tags(call: &Call<'_>, service: &Service) -> bool {
    call.req
        .q_all("tag")
        .filter(|t| !t.is_empty())
        .all(|tag| service.tags.iter().any(|t| t.eq_ignore_ascii_case(tag)))
}

fn meta_matches(call: &Call<'_>, meta: &Value) -> bool {
    call.req.q_all("node-meta").all(|pair| {
        let (key, wanted) = pair.split_once(':').unwrap_or((pair, ""));
        meta.get(key).and_then(Value::as_str) == Some(wanted)
    })
}

fn catalog_service(body: &Value) -> Result<Service, Refusal> {
    const KNOWN: &[&str] = &[
        "Kind",
        "ID",
        "Service",
        "Tags",
        "Address",
        "TaggedAddresses",
        "Meta",
        "Port",
        "SocketPath",
        "Weights",
        "EnableTagOverride",
        "Proxy",
        "Connect",
        "Locality",
        "LocallyRegisteredAsSidecar",
        "CreateIndex",
        "ModifyIndex",
        "PeerName",
        "Ports",
    ];
    let mut body = fields(body, KNOWN)?;
    if let Some(name) = body.get("Service").cloned()
        && body.get("ID").map(text).unwrap_or_default().is_empty()
    {
        body.insert("ID".into(), name);
    }
    let service = service_from(&body, "Service");
    if service.name.is_empty() {
        return Err(Refusal::server("Must provide service name with ID"));
    }
    Ok(service)
}

fn catalog_check(body: &Value) -> Result<Check, Refusal> {
    const KNOWN: &[&str] = &[
        "Node",
        "CheckID",
        "Name",
        "Status",
        "Notes",
        "Output",
        "ServiceID",
        "ServiceName",
        "ServiceTags",
        "Type",
        "Definition",
        "Interval",
        "Timeout",
        "ExposedPort",
        "CreateIndex",
        "ModifyIndex",
        "PeerName",
    ];
    let body = fields(body, KNOWN)?;
    let get = |name: &str| body.get(name).map(text).unwrap_or_default();
    let status = if get("Status").is_empty() { "critical".to_owned() } else { get("Status") };
    if !matches!(status.as_str(), "passing" | "warning" | "critical") {
        return Err(Refusal::server(format!("Invalid check status: {status:?}")));
    }
    Ok(Check {
        id: if get("CheckID").is_empty() { get("Name") } else { get("CheckID") },
        name: get("Name"),
        status,
        notes: get("Notes"),
        output: get("Output"),
        service_id: get("ServiceID"),
        kind: get("Type"),
        interval: get("Interval"),
        timeout: get("Timeout"),
        definition: body.get("Definition").cloned().unwrap_or_default(),
        ..Check::default()
    })
}
