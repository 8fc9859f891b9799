//! Nodes, services and checks: the tables, and how each API shows them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::embedded::vault::value::{Object, text};

/// The tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct Catalog {
    pub(crate) nodes: BTreeMap<String, Node>,
    /// By node and id.
    pub(crate) services: BTreeMap<(String, String), Service>,
    /// By node and check id.
    pub(crate) checks: BTreeMap<(String, String), Check>,
    /// When anything about a service's instances last changed.
    touched: HashMap<String, u64>,
    /// When a service last lost its only instance.
    extinct: u64,
}

/// A node.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) datacenter: String,
    pub(crate) tagged: Value,
    pub(crate) meta: Value,
    pub(crate) create: u64,
    pub(crate) modify: u64,
}

/// An instance of a service.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Service {
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) tags: Vec<String>,
    pub(crate) address: String,
    pub(crate) tagged: Value,
    pub(crate) meta: Value,
    pub(crate) port: u64,
    pub(crate) socket_path: String,
    pub(crate) weights: Value,
    pub(crate) enable_tag_override: bool,
    pub(crate) proxy: Value,
    pub(crate) connect: Value,
    /// Registered through the agent, so that the agent's endpoints show it.
    pub(crate) local: bool,
    pub(crate) create: u64,
    pub(crate) modify: u64,
}

/// A health check.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Check {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) notes: String,
    pub(crate) output: String,
    pub(crate) service_id: String,
    pub(crate) service_name: String,
    pub(crate) service_tags: Vec<String>,
    /// `ttl`, `http`, `tcp`, …, `maintenance`, or empty.
    pub(crate) kind: String,
    pub(crate) interval: String,
    pub(crate) timeout: String,
    /// As the catalog's API gave it; the agent's checks have none.
    pub(crate) definition: Value,
    pub(crate) local: bool,
    /// What the agent runs.
    pub(crate) probe: Option<super::checks::Probe>,
    pub(crate) ttl: Option<std::time::Duration>,
    /// When a TTL check becomes critical.
    pub(crate) ttl_ends: Option<Timestamp>,
    pub(crate) deregister_after: Option<std::time::Duration>,
    pub(crate) critical_since: Option<Timestamp>,
    pub(crate) create: u64,
    pub(crate) modify: u64,
}

impl Node {
    pub(crate) fn show(&self) -> Value {
        json!({
            "ID": self.id, "Node": self.name, "Address": self.address, "Datacenter": self.datacenter,
            "TaggedAddresses": self.tagged, "Meta": self.meta, "CreateIndex": self.create, "ModifyIndex": self.modify,
        })
    }
}

/// A map as Go shows a nil one in these places.
fn or_empty(value: &Value) -> Value {
    if value.is_null() { json!({}) } else { value.clone() }
}

fn proxy(value: &Value) -> Value {
    if value.is_null() { json!({ "Mode": "", "MeshGateway": {}, "Expose": {} }) } else { value.clone() }
}

impl Service {
    /// As health and `catalog/node` show it.
    pub(crate) fn show(&self) -> Value {
        let mut out = json!({
            "ID": self.id, "Service": self.name, "Tags": self.tags, "Address": self.address, "Port": self.port,
            "Meta": if self.meta.is_null() { Value::Null } else { self.meta.clone() }, "Weights": self.weights,
            "EnableTagOverride": self.enable_tag_override, "Proxy": proxy(&self.proxy),
            "Connect": or_empty(&self.connect), "PeerName": "", "CreateIndex": self.create,
            "ModifyIndex": self.modify,
        });
        if let Some(out) = out.as_object_mut() {
            if !self.kind.is_empty() {
                out.insert("Kind".into(), json!(self.kind));
            }
            if !self.tagged.is_null() {
                out.insert("TaggedAddresses".into(), self.tagged.clone());
            }
            if !self.socket_path.is_empty() {
                out.insert("SocketPath".into(), json!(self.socket_path));
            }
        }
        out
    }

    /// As `catalog/service` shows it, with its node.
    pub(crate) fn show_with_node(&self, node: &Node) -> Value {
        json!({
            "ID": node.id, "Node": node.name, "Address": node.address, "Datacenter": node.datacenter,
            "TaggedAddresses": node.tagged, "NodeMeta": node.meta, "ServiceKind": self.kind, "ServiceID": self.id,
            "ServiceName": self.name, "ServiceTags": self.tags, "ServiceAddress": self.address,
            "ServiceTaggedAddresses": or_empty(&self.tagged), "ServiceWeights": self.weights,
            "ServiceMeta": or_empty(&self.meta), "ServicePort": self.port, "ServiceSocketPath": self.socket_path,
            "ServiceEnableTagOverride": self.enable_tag_override, "ServiceProxy": proxy(&self.proxy),
            "ServiceConnect": or_empty(&self.connect), "ServiceLocality": null, "CreateIndex": self.create,
            "ModifyIndex": self.modify,
        })
    }

    /// As the agent shows it.
    pub(crate) fn show_local(&self, datacenter: &str) -> Value {
        let mut out = json!({
            "ID": self.id, "Service": self.name, "Tags": self.tags, "Meta": or_empty(&self.meta), "Port": self.port,
            "Address": self.address, "Weights": self.weights, "EnableTagOverride": self.enable_tag_override,
            "Datacenter": datacenter,
        });
        if let Some(out) = out.as_object_mut() {
            if !self.kind.is_empty() {
                out.insert("Kind".into(), json!(self.kind));
            }
            if !self.tagged.is_null() {
                out.insert("TaggedAddresses".into(), self.tagged.clone());
            }
            if !self.socket_path.is_empty() {
                out.insert("SocketPath".into(), json!(self.socket_path));
            }
            if !self.proxy.is_null() && !self.kind.is_empty() {
                out.insert("Proxy".into(), self.proxy.clone());
            }
        }
        out
    }
}

impl Check {
    /// As the health endpoints show it.
    pub(crate) fn show(&self, node: &str) -> Value {
        json!({
            "Node": node, "CheckID": self.id, "Name": self.name, "Status": self.status, "Notes": self.notes,
            "Output": self.output, "ServiceID": self.service_id, "ServiceName": self.service_name,
            "ServiceTags": self.service_tags, "Type": self.kind, "Interval": self.interval, "Timeout": self.timeout,
            "ExposedPort": 0, "Definition": or_empty(&self.definition), "CreateIndex": self.create,
            "ModifyIndex": self.modify,
        })
    }

    /// As the agent shows it: without indexes, with a definition of zero values.
    pub(crate) fn show_local(&self, node: &str) -> Value {
        let mut out = self.show(node);
        if let Some(out) = out.as_object_mut() {
            for name in ["CreateIndex", "ModifyIndex"] {
                out.insert(name.into(), json!(0));
            }
        }
        out
    }

    /// As `agent/health/service` shows it.
    pub(crate) fn show_in_health(&self, node: &str) -> Value {
        let mut out = self.show_local(node);
        if let Some(out) = out.as_object_mut() {
            out.remove("Interval");
            out.remove("Timeout");
            out.insert("Type".into(), json!(""));
            out.insert("Definition".into(), json!({
                "Interval": "0s", "Timeout": "0s", "DeregisterCriticalServiceAfter": "0s", "HTTP": "", "Header": null,
                "Method": "", "Body": "", "TLSServerName": "", "TLSSkipVerify": false, "TCP": "",
                "TCPUseTLS": false, "UDP": "", "GRPC": "", "OSService": "", "GRPCUseTLS": false,
            }));
        }
        out
    }
}

/// The worst of some states, as Consul ranks them; maintenance is worse than critical.
pub(crate) fn aggregate<'a>(checks: impl Iterator<Item = &'a Check>) -> &'static str {
    let rank = |check: &Check| {
        if check.id == "_node_maintenance" || check.id.starts_with("_service_maintenance:") {
            return 3;
        }
        match check.status.as_str() {
            "critical" => 2,
            "warning" => 1,
            _ => 0,
        }
    };
    match checks.map(rank).max().unwrap_or(0) {
        3 => "maintenance",
        2 => "critical",
        1 => "warning",
        _ => "passing",
    }
}

impl Catalog {
    pub(crate) fn has_node(&self, node: &str) -> bool {
        self.nodes.contains_key(node)
    }

    pub(crate) fn check_status(&self, node: &str, check: &str) -> Option<&str> {
        self.checks.get(&(node.to_owned(), check.to_owned())).map(|c| c.status.as_str())
    }

    /// The earliest moment a check or a registration runs out.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.checks
            .values()
            .flat_map(|c| {
                let removal = c
                    .critical_since
                    .zip(c.deregister_after)
                    .map(|(since, after)| crate::embedded::clock::add(since, after));
                [c.ttl_ends, removal.filter(|_| !c.service_id.is_empty())]
            })
            .flatten()
            .min()
    }

    /// Services of one name.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a Node, &'a Service)> {
        self.services
            .iter()
            .filter(move |(_, s)| s.name.eq_ignore_ascii_case(name))
            .filter_map(|((node, _), s)| self.nodes.get(node).map(|n| (n, s)))
    }

    /// The checks that decide over an instance: its own and its node's.
    pub(crate) fn checks_of<'a>(
        &'a self,
        node: &'a str,
        service: &'a str,
    ) -> impl Iterator<Item = &'a Check> {
        self.checks
            .range((node.to_owned(), String::new())..)
            .take_while(move |((n, _), _)| n == node)
            .map(|(_, c)| c)
            .filter(move |c| c.service_id.is_empty() || c.service_id == service)
    }

    /// The index of what a name resolves to; `table` for a name nobody has had.
    pub(crate) fn service_index(&self, name: &str, table: u64) -> u64 {
        let key = name.to_lowercase();
        match self.touched.get(&key) {
            Some(index) => *index,
            None if self.extinct > 0 => self.extinct,
            None => table,
        }
    }

    fn touch(&mut self, name: &str, index: u64) {
        self.touched.insert(name.to_lowercase(), index);
    }

    /// All services of a node, because something about the node changed.
    fn touch_node(&mut self, node: &str, index: u64) {
        let names: Vec<String> =
            self.services.iter().filter(|((n, _), _)| n == node).map(|(_, s)| s.name.clone()).collect();
        names.iter().for_each(|name| self.touch(name, index));
    }

    /// Adds or changes a node; whether anything changed.
    pub(crate) fn put_node(&mut self, mut node: Node, index: u64) -> bool {
        match self.nodes.get(&node.name) {
            Some(known) => {
                if known.id == node.id
                    && known.address == node.address
                    && known.tagged == node.tagged
                    && known.meta == node.meta
                {
                    return false;
                }
                node.create = known.create;
            }
            None => node.create = index,
        }
        node.modify = index;
        let name = node.name.clone();
        self.nodes.insert(name.clone(), node);
        self.touch_node(&name, index);
        true
    }

    /// Adds or changes an instance; whether anything changed.
    pub(crate) fn put_service(&mut self, node: &str, mut service: Service, index: u64) -> bool {
        let key = (node.to_owned(), service.id.clone());
        service.create = index;
        service.modify = index;
        if let Some(known) = self.services.get(&key) {
            service.create = known.create;
            service.modify = known.modify;
            if *known == service {
                return false;
            }
            service.modify = index;
            let old = known.name.clone();
            if old != service.name {
                self.lose(&old, index);
            }
        }
        self.touch(&service.name.clone(), index);
        for check in self
            .checks
            .iter_mut()
            .filter(|((n, _), c)| *n == node && c.service_id == service.id)
            .map(|(_, c)| c)
        {
            check.service_name.clone_from(&service.name);
            check.service_tags.clone_from(&service.tags);
        }
        self.services.insert(key, service);
        true
    }

    /// Whether storing this check changes anything others can see.
    pub(crate) fn check_changes(&self, node: &str, check: &Check) -> bool {
        self.checks.get(&(node.to_owned(), check.id.clone())).is_none_or(|known| {
            let named = self.services.get(&(node.to_owned(), check.service_id.clone()));
            let mut new = check.clone();
            (new.create, new.modify) = (known.create, known.modify);
            new.service_name = named.map(|s| s.name.clone()).unwrap_or_default();
            new.service_tags = named.map(|s| s.tags.clone()).unwrap_or_default();
            known.show(node) != new.show(node)
        })
    }

    /// Adds or changes a check; an index of 0 keeps the one it has.
    pub(crate) fn put_check(&mut self, node: &str, mut check: Check, index: u64) {
        let key = (node.to_owned(), check.id.clone());
        if let Some(service) = self.services.get(&(node.to_owned(), check.service_id.clone())) {
            check.service_name.clone_from(&service.name);
            check.service_tags.clone_from(&service.tags);
        }
        let known = self.checks.get(&key);
        check.create = known.map_or(index, |k| k.create);
        check.modify = if index == 0 { known.map_or(0, |k| k.modify) } else { index };
        if index > 0 {
            match check.service_name.as_str() {
                "" => self.touch_node(node, index),
                name => self.touch(name, index),
            }
        }
        self.checks.insert(key, check);
    }

    pub(crate) fn remove_service(&mut self, node: &str, id: &str, index: u64) -> bool {
        let Some(gone) = self.services.remove(&(node.to_owned(), id.to_owned())) else { return false };
        self.checks.retain(|(n, _), c| n != node || c.service_id != id);
        self.lose(&gone.name, index);
        true
    }

    /// Records that a name has lost an instance.
    fn lose(&mut self, name: &str, index: u64) {
        if self.named(name).next().is_some() {
            self.touch(name, index);
        } else {
            self.touched.remove(&name.to_lowercase());
            self.extinct = index;
        }
    }

    pub(crate) fn remove_check(&mut self, node: &str, id: &str, index: u64) -> bool {
        let Some(gone) = self.checks.remove(&(node.to_owned(), id.to_owned())) else { return false };
        match gone.service_name.as_str() {
            "" => self.touch_node(node, index),
            name => self.touch(name, index),
        }
        true
    }

    pub(crate) fn remove_node(&mut self, node: &str, index: u64) -> bool {
        let ids: Vec<String> =
            self.services.keys().filter(|(n, _)| n == node).map(|(_, id)| id.clone()).collect();
        for id in ids {
            self.remove_service(node, &id, index);
        }
        self.checks.retain(|(n, _), _| n != node);
        self.nodes.remove(node).is_some()
    }
}

/// A registration under the names the catalog uses, read from canonical fields.
pub(crate) fn service_from(body: &Object, name_field: &str) -> Service {
    let get = |name: &str| body.get(name).map(text).unwrap_or_default();
    let name = get(name_field);
    let id = get("ID");
    let weights = match body.get("Weights") {
        Some(Value::Object(w)) => json!({
            "Passing": w.get("Passing").cloned().unwrap_or_else(|| json!(1)),
            "Warning": w.get("Warning").cloned().unwrap_or_else(|| json!(1)),
        }),
        _ => json!({ "Passing": 1, "Warning": 1 }),
    };
    let kept = |name: &str| body.get(name).cloned().unwrap_or_default();
    Service {
        kind: get("Kind"),
        id: if id.is_empty() { name.clone() } else { id },
        name,
        tags: body.get("Tags").map(crate::embedded::vault::value::strings).unwrap_or_default(),
        address: get("Address"),
        tagged: kept("TaggedAddresses"),
        meta: kept("Meta"),
        port: body.get("Port").and_then(Value::as_u64).unwrap_or(0),
        socket_path: get("SocketPath"),
        weights,
        enable_tag_override: body.get("EnableTagOverride").and_then(Value::as_bool).unwrap_or(false),
        proxy: kept("Proxy"),
        connect: match kept("Connect") {
            Value::Object(mut connect) => {
                connect.remove("SidecarService");
                if connect.is_empty() { Value::Null } else { connect.into() }
            }
            other => other,
        },
        ..Service::default()
    }
}
