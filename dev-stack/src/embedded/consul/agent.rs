//! `/v1/agent/*`: this agent, its services and checks.

use serde_json::{Value, json};

use super::Call;
use super::acl::rules::Access;
use super::catalog::{Node, Service, aggregate, service_from};
use super::checks::{check_from, refuse_unsimulated};
use super::decode::fields;
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;
use crate::embedded::http::HttpReq;
use crate::embedded::vault::ids;
use crate::embedded::vault::value::{Object, text};

pub(crate) const VERSION: &str = "1.21.4";

const SERVICE_FIELDS: &[&str] = &[
    "Kind",
    "ID",
    "Name",
    "Tags",
    "Address",
    "TaggedAddresses",
    "Meta",
    "Port",
    "SocketPath",
    "EnableTagOverride",
    "Weights",
    "Check",
    "Checks",
    "Proxy",
    "Connect",
    "Token",
    "Locality",
    "Ports",
];

impl State {
    pub(crate) fn register_agent_node(&mut self) {
        let index = self.bump(&["nodes", "services", "checks"]);
        let name = self.options.node.clone();
        let address = self.options.address.clone();
        self.catalog.put_node(
            Node {
                id: self.node_id.clone(),
                name: name.clone(),
                address: address.clone(),
                datacenter: self.options.datacenter.clone(),
                tagged: json!({ "lan": address, "lan_ipv4": address, "wan": address, "wan_ipv4": address }),
                meta: json!({ "consul-network-segment": "", "consul-version": VERSION }),
                create: index,
                modify: index,
            },
            index,
        );
        let consul = Service {
            id: "consul".into(),
            name: "consul".into(),
            port: 8300,
            meta: json!({ "non_voter": "false", "raft_version": "3", "serf_protocol_current": "2", "version": VERSION }),
            weights: json!({ "Passing": 1, "Warning": 1 }),
            ..Service::default()
        };
        self.catalog.put_service(&name, consul, index);
        self.store_check(
            &name,
            super::catalog::Check {
                id: "serfHealth".into(),
                name: "Serf Health Status".into(),
                status: "passing".into(),
                output: "Agent alive and reachable".into(),
                definition: json!({}),
                ..Default::default()
            },
        );
    }

    /// Registers a service on a node; `body` is an agent registration.
    pub(crate) fn register(
        &mut self,
        node: &str,
        body: &Value,
        replace_checks: bool,
    ) -> Result<String, Refusal> {
        let body = fields(body, SERVICE_FIELDS)?;
        let mut service = service_from(&body, "Name");
        if service.name.is_empty() {
            return Err(Refusal::bad("Missing service name"));
        }
        if body.get("Tags").is_some_and(|t| !t.is_array() && !t.is_null()) {
            return Err(Refusal::bad(
                "Request decode failed: json: cannot unmarshal string into Go struct field .Tags of type []string",
            ));
        }
        if body.get("Port").is_some_and(|p| p.as_u64().is_none() && !p.is_null()) {
            return Err(Refusal::bad(
                "Request decode failed: json: cannot unmarshal value into Go struct field .Port of type int",
            ));
        }
        service.local = true;
        service.meta = if service.meta.is_null() { json!({}) } else { service.meta };
        if service.tagged.is_null() && !service.address.is_empty() {
            let tag = json!({ "Address": service.address, "Port": service.port });
            service.tagged = json!({ "lan_ipv4": tag, "wan_ipv4": tag });
        }
        let mut definitions: Vec<Value> = Vec::new();
        definitions.extend(body.get("Check").filter(|c| !c.is_null()).cloned());
        definitions.extend(body.get("Checks").and_then(Value::as_array).into_iter().flatten().cloned());
        let id = service.id.clone();
        let mut checks = Vec::new();
        for (at, definition) in definitions.iter().enumerate() {
            checks.push(check_from(definition, Some(&id), at)?);
        }
        if !self.catalog.has_node(node) {
            self.add_node(node);
        }
        let known = self.catalog.services.get(&(node.to_owned(), id.clone()));
        let same = known.is_some_and(|k| {
            let mut new = service.clone();
            (new.create, new.modify) = (k.create, k.modify);
            *k == new
        });
        if !same {
            let index = self.bump(&["services"]);
            self.catalog.put_service(node, service, index);
        }
        if replace_checks {
            let old: Vec<String> = self
                .catalog
                .checks
                .iter()
                .filter(|((n, _), c)| {
                    n == node && c.service_id == id && !checks.iter().any(|new| new.id == c.id)
                })
                .map(|((_, c), _)| c.clone())
                .collect();
            for check in old {
                let index = self.bump(&["checks"]);
                self.catalog.remove_check(node, &check, index);
            }
        }
        for mut check in checks {
            // A re-registration keeps the state a check already has, unless it says one.
            let key = (node.to_owned(), check.id.clone());
            if let Some(known) = self.catalog.checks.get(&key)
                && !definitions.iter().any(|d| d.get("Status").is_some_and(|s| !text(s).is_empty()))
            {
                check.status.clone_from(&known.status);
                check.output.clone_from(&known.output);
            }
            self.store_check(node, check);
        }
        Ok(id)
    }

    /// A bare node for services that name one the catalog does not know.
    fn add_node(&mut self, name: &str) {
        let index = self.bump(&["nodes", "checks"]);
        let address = self.options.address.clone();
        self.catalog.put_node(
            Node {
                id: ids::uuid(),
                name: name.to_owned(),
                address: address.clone(),
                datacenter: self.options.datacenter.clone(),
                tagged: json!({ "lan": address, "lan_ipv4": address, "wan": address, "wan_ipv4": address }),
                meta: json!({ "consul-network-segment": "", "consul-version": VERSION }),
                create: index,
                modify: index,
            },
            index,
        );
        self.store_check(
            name,
            super::catalog::Check {
                id: "serfHealth".into(),
                name: "Serf Health Status".into(),
                status: "passing".into(),
                output: "Agent alive and reachable".into(),
                definition: json!({}),
                ..Default::default()
            },
        );
    }

    /// `/v1/agent/*`.
    pub(crate) fn agent_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        let (auth, req) = (&call.auth, call.req);
        let node = self.options.node.clone();
        match (req.method.as_str(), parts) {
            ("GET", ["self"]) => {
                auth.require("agent", &node, Access::Read)?;
                Ok(Reply::json(self.agent_self()))
            }
            ("GET", ["host"]) => {
                auth.require("operator", "", Access::Read)?;
                Ok(Reply::json(json!({
                    "Memory": {}, "CPU": [], "Host": { "hostname": node, "os": std::env::consts::OS }, "Disk": {},
                    "CollectionTime": self.now.as_nanosecond().to_string().parse::<u64>().unwrap_or(0), "Errors": null,
                })))
            }
            ("GET", ["version"]) => Ok(Reply::json(json!({
                "SHA": "", "BuildDate": "1970-01-01T00:00:01Z", "HumanVersion": VERSION, "FIPS": "",
            }))),
            ("GET", ["members"]) => {
                let members =
                    if auth.allows("node", &node, Access::Read) { vec![self.member()] } else { Vec::new() };
                Ok(filtered(call, members, 1)?)
            }
            ("GET", ["metrics"]) => {
                auth.require("agent", &node, Access::Read)?;
                if req.q("format") == Some("prometheus") {
                    let reason = "Prometheus is not enabled since its retention time is not positive";
                    return Ok(Reply::done().header("X-Consul-Reason", reason));
                }
                let gauge = |name: &str, value: u64| json!({ "Name": format!("consul.{name}"), "Value": value, "Labels": {} });
                Ok(Reply::json(json!({
                    "Timestamp": self.now.strftime("%Y-%m-%d %H:%M:%S +0000 UTC").to_string(),
                    "Gauges": [gauge("raft.applied_index", self.indexes.global()), gauge("autopilot.healthy", 1)],
                    "Points": [], "Counters": [], "Samples": [],
                })))
            }
            ("PUT", ["reload" | "leave" | "token" | "join" | "force-leave", ..]) => {
                auth.require("agent", &node, Access::Write)?;
                Ok(Reply::done())
            }
            ("PUT", ["maintenance"]) => {
                auth.require("node", &node, Access::Write)?;
                self.maintenance(&node, None, enable(req)?, req.q("reason").unwrap_or(""));
                Ok(Reply::done())
            }
            ("GET", ["connect", "ca", "roots"]) => super::misc::ca_roots(self),
            ("GET", ["services"]) => self.agent_services(call),
            ("GET", ["checks"]) => self.agent_checks(call),
            ("GET", ["service", id]) => self.agent_service(call, id),
            ("PUT", ["service", "register"]) => self.agent_register(call),
            ("PUT", ["service", "deregister", id]) => {
                let unknown = || {
                    Refusal::new(
                        404,
                        format!(
                            "Unknown service ID {id:?}. Ensure that the service ID is passed, not the service name."
                        ),
                    )
                };
                let service =
                    self.catalog.services.get(&(node.clone(), (*id).to_owned())).ok_or_else(unknown)?;
                auth.require("service", &service.name, Access::Write)?;
                self.remove_service(&node, id);
                Ok(Reply::done())
            }
            ("PUT", ["service", "maintenance", id]) => {
                let unknown = || {
                    Refusal::new(
                        404,
                        format!(
                            "Unknown service ID {id:?}. Ensure that the service ID is passed, not the service name."
                        ),
                    )
                };
                let enable = enable(req)?;
                let service =
                    self.catalog.services.get(&(node.clone(), (*id).to_owned())).ok_or_else(unknown)?;
                auth.require("service", &service.name, Access::Write)?;
                self.maintenance(&node, Some(id), enable, req.q("reason").unwrap_or(""));
                Ok(Reply::done())
            }
            ("GET", ["health", "service", "id", id]) => self.service_health(call, |s| s.id == *id, true, id),
            ("GET", ["health", "service", "name", name]) => {
                self.service_health(call, |s| s.name == *name, false, name)
            }
            ("PUT", ["check", rest @ ..]) => self.agent_check(call, rest),
            (
                _,
                [
                    "self" | "host" | "version" | "members" | "services" | "checks" | "metrics"
                    | "maintenance",
                ],
            )
            | (_, ["service" | "check" | "health", _, ..]) => Err(Refusal::method(req.method.as_str())),
            _ => Err(super::unknown_path()),
        }
    }

    fn agent_self(&self) -> Value {
        let o = &self.options;
        let applied = self.indexes.global().to_string();
        json!({
            "Config": {
                "Datacenter": o.datacenter, "PrimaryDatacenter": o.datacenter, "NodeName": o.node,
                "NodeID": self.node_id, "Revision": "", "Server": true, "Version": VERSION,
                "BuildDate": "1970-01-01T00:00:01Z",
            },
            "DebugConfig": {
                "ACLsEnabled": o.acl, "Bootstrap": false, "Datacenter": o.datacenter, "DevMode": true,
                "KVMaxValueSize": super::kv::MAX_VALUE, "NodeName": o.node, "ServerMode": true,
                "SessionTTLMin": "0s", "TxnMaxReqLen": super::kv::MAX_VALUE, "Version": VERSION,
                "ACLResolverSettings": { "ACLDefaultPolicy": o.default_policy(), "ACLsEnabled": o.acl },
            },
            "Coord": { "Vec": [0, 0, 0, 0, 0, 0, 0, 0], "Error": 1.5, "Adjustment": 0, "Height": 1e-5 },
            "Member": self.member(),
            "Stats": {
                "agent": { "checks": self.catalog.checks.len().to_string(), "services": self.catalog.services.len().to_string() },
                "build": { "prerelease": "", "revision": "", "version": VERSION, "version_metadata": "" },
                "consul": { "acl": if o.acl { "enabled" } else { "disabled" }, "bootstrap": "false", "known_datacenters": "1", "leader": "true",
                            "leader_addr": o.rpc_address(), "server": "true" },
                "raft": { "applied_index": applied, "commit_index": applied, "last_log_index": applied, "state": "Leader" },
                "runtime": { "arch": std::env::consts::ARCH, "os": std::env::consts::OS },
                "serf_lan": { "members": "1" }, "serf_wan": { "members": "1" },
            },
            "Meta": { "consul-network-segment": "", "consul-version": VERSION },
            "xDS": { "SupportedProxies": {}, "Port": -1, "Ports": { "Plaintext": -1, "TLS": -1 } },
        })
    }

    fn member(&self) -> Value {
        let o = &self.options;
        json!({
            "Name": o.node, "Addr": o.address, "Port": 8301, "Status": 1, "ProtocolMin": 1, "ProtocolMax": 5,
            "ProtocolCur": 2, "DelegateMin": 2, "DelegateMax": 5, "DelegateCur": 4,
            "Tags": {
                "acls": if o.acl { "1" } else { "0" }, "build": format!("{VERSION}:"), "dc": o.datacenter, "ft_fs": "1", "ft_si": "1",
                "grpc_port": "8502", "id": self.node_id, "port": "8300", "raft_vsn": "3", "role": "consul",
                "segment": "", "vsn": "2", "vsn_max": "3", "vsn_min": "2", "wan_join_port": "8302",
            },
        })
    }

    fn local_services(&self) -> impl Iterator<Item = &Service> {
        self.catalog.services.iter().filter(|((n, _), s)| *n == self.options.node && s.local).map(|(_, s)| s)
    }

    fn agent_services(&self, call: &Call<'_>) -> Outcome {
        let filter = call.filter()?;
        let (mut out, mut hidden) = (Object::new(), false);
        for service in self.local_services() {
            let shown = service.show_local(&self.options.datacenter);
            if !call.auth.allows("service", &service.name, Access::Read) {
                hidden = true;
            } else if filter.as_ref().is_none_or(|f| f.matches(&shown)) {
                out.insert(service.id.clone(), shown);
            }
        }
        Ok(Reply::json(out.into()).filtered(hidden))
    }

    fn agent_checks(&self, call: &Call<'_>) -> Outcome {
        let filter = call.filter()?;
        let node = &self.options.node;
        let (mut out, mut hidden) = (Object::new(), false);
        for check in self.catalog.checks.iter().filter(|((n, _), c)| n == node && c.local).map(|(_, c)| c) {
            let shown = check.show_local(node);
            let allowed = match check.service_name.as_str() {
                "" => call.auth.allows("node", node, Access::Read),
                name => call.auth.allows("service", name, Access::Read),
            };
            if !allowed {
                hidden = true;
            } else if filter.as_ref().is_none_or(|f| f.matches(&shown)) {
                out.insert(check.id.clone(), shown);
            }
        }
        Ok(Reply::json(out.into()).filtered(hidden))
    }

    fn agent_service(&self, call: &Call<'_>, id: &str) -> Outcome {
        let unknown = || Refusal::new(404, format!("unknown service ID: {id}"));
        let service = self.local_services().find(|s| s.id == id).ok_or_else(unknown)?;
        call.auth.require("service", &service.name, Access::Read)?;
        let mut shown = service.show_local(&self.options.datacenter);
        let hash: String = ids::sha256_hex(shown.to_string().as_bytes()).chars().take(16).collect();
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("ContentHash".into(), json!(hash));
        }
        Ok(Reply::json(shown).watch_content(&hash, &["services"]))
    }

    fn agent_register(&mut self, call: &Call<'_>) -> Outcome {
        let body = call.json()?;
        let name = fields(&body, SERVICE_FIELDS)?.get("Name").map(text).unwrap_or_default();
        if name.is_empty() {
            return Err(Refusal::bad("Missing service name"));
        }
        call.auth.require("service", &name, Access::Write)?;
        let known = fields(&body, SERVICE_FIELDS)?;
        let one = known.get("Check").filter(|c| !c.is_null());
        let many = known.get("Checks").and_then(Value::as_array);
        one.into_iter().chain(many.into_iter().flatten()).try_for_each(refuse_unsimulated)?;
        for name in ["Connect", "Proxy", "Ports"] {
            let asks = match known.get(name) {
                Some(Value::Object(map)) => map.values().any(|v| !v.is_null() && *v != json!(false)),
                Some(Value::Array(list)) => !list.is_empty(),
                _ => false,
            };
            if asks {
                return Err(Refusal::new(501, format!("{name:?} is not simulated by the embedded Consul")));
            }
        }
        let node = self.options.node.clone();
        let id = self.register(&node, &body, call.req.has("replace-existing-checks"))?;
        let own = self
            .catalog
            .checks
            .iter()
            .filter(|((n, _), c)| *n == node && c.service_id == id && c.probe.is_some());
        let own: Vec<String> = own.map(|((_, check), _)| check.clone()).collect();
        self.unprobed.extend(own.into_iter().map(|check| (node.clone(), check)));
        Ok(Reply::done())
    }

    fn service_health(
        &self,
        call: &Call<'_>,
        wanted: impl Fn(&Service) -> bool,
        single: bool,
        what: &str,
    ) -> Outcome {
        let node = &self.options.node;
        let mut entries = Vec::new();
        for service in self.local_services().filter(|s| wanted(s)) {
            call.auth.require("service", &service.name, Access::Read)?;
            let checks: Vec<_> = self.catalog.checks_of(node, &service.id).filter(|c| c.local).collect();
            let status = aggregate(checks.iter().copied());
            let own: Vec<Value> = checks
                .iter()
                .filter(|c| c.service_id == service.id)
                .map(|c| c.show_in_health(node))
                .collect();
            entries.push((status, json!({
                "AggregatedStatus": status, "Service": service.show_local(&self.options.datacenter), "Checks": own,
            })));
        }
        let text_wanted = call.req.q("format") == Some("text");
        let order = ["passing", "warning", "critical", "maintenance"];
        let worst = entries.iter().filter_map(|(s, _)| order.iter().position(|o| o == s)).max();
        let Some(status) = worst.and_then(|at| order.get(at).copied()) else {
            let reason = format!("{} {what} not found", if single { "ServiceId" } else { "ServiceName" });
            if text_wanted {
                return Ok(Reply::text(404, "critical"));
            }
            let body = if single {
                json!({ "AggregatedStatus": "critical", "Service": null, "Checks": null })
            } else {
                json!([])
            };
            return Ok(Reply::json(body).status(404).header("X-Consul-Reason", reason));
        };
        let code = match status {
            "passing" => 200,
            "warning" => 429,
            _ => 503,
        };
        if text_wanted {
            return Ok(Reply::text(code, status));
        }
        let mut bodies: Vec<Value> = entries.into_iter().map(|(_, body)| body).collect();
        let body = if single { bodies.swap_remove(0) } else { json!(bodies) };
        Ok(Reply::json(body).status(code).header("X-Consul-Reason", status))
    }

    fn agent_check(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        let node = self.options.node.clone();
        if let ["register"] = parts {
            let body = call.json()?;
            refuse_unsimulated(&body)?;
            let check = check_from(&body, None, 0)?;
            let service = self.catalog.services.get(&(node.clone(), check.service_id.clone()));
            match service {
                Some(service) => call.auth.require("service", &service.name, Access::Write)?,
                None if check.service_id.is_empty() => call.auth.require("node", &node, Access::Write)?,
                None => {
                    return Err(Refusal::server(format!("ServiceID {:?} does not exist", check.service_id)));
                }
            }
            if check.probe.is_some() {
                self.unprobed.push((node.clone(), check.id.clone()));
            }
            self.store_check(&node, check);
            return Ok(Reply::done());
        }
        let (what, id) = match parts {
            [what @ ("deregister" | "pass" | "warn" | "fail" | "update"), id @ ..] => (*what, id.join("/")),
            _ => return Err(super::unknown_path()),
        };
        let unknown = || {
            Refusal::new(
                404,
                format!("Unknown check ID {id:?}. Ensure that the check ID is passed, not the check name."),
            )
        };
        let check =
            self.catalog.checks.get(&(node.clone(), id.clone())).filter(|c| c.local).ok_or_else(unknown)?;
        match check.service_name.as_str() {
            "" => call.auth.require("node", &node, Access::Write)?,
            name => call.auth.require("service", name, Access::Write)?,
        }
        if what == "deregister" {
            let index = self.bump(&["checks"]);
            self.catalog.remove_check(&node, &id, index);
            return Ok(Reply::done());
        }
        if check.kind != "ttl" {
            return Err(Refusal::server(format!("CheckID {id:?} does not have associated TTL")));
        }
        let (status, output) = match what {
            "update" => {
                let body = fields(&call.json()?, &["Status", "Output"])?;
                let get = |name: &str| body.get(name).map(text).unwrap_or_default();
                let status = get("Status");
                if !matches!(status.as_str(), "passing" | "warning" | "critical") {
                    return Err(Refusal::bad(format!("Invalid check status: '{status}'")));
                }
                (status, get("Output"))
            }
            "pass" => ("passing".to_owned(), call.req.q("note").unwrap_or("").to_owned()),
            "warn" => ("warning".to_owned(), call.req.q("note").unwrap_or("").to_owned()),
            _ => ("critical".to_owned(), call.req.q("note").unwrap_or("").to_owned()),
        };
        self.update_check(&node, &id, &status, &output);
        Ok(Reply::done())
    }
}

/// A list through the request's filter, saying whether ACLs hid something.
fn filtered(call: &Call<'_>, items: Vec<Value>, total: usize) -> Outcome {
    let hidden = items.len() < total;
    let filter = call.filter()?;
    let kept: Vec<Value> =
        items.into_iter().filter(|i| filter.as_ref().is_none_or(|f| f.matches(i))).collect();
    Ok(Reply::json(json!(kept)).filtered(hidden))
}

fn enable(req: &HttpReq) -> Result<bool, Refusal> {
    match req.q("enable") {
        None => Err(Refusal::bad("Missing value for enable")),
        Some("true" | "1" | "t") => Ok(true),
        Some("false" | "0" | "f") => Ok(false),
        Some(other) => Err(Refusal::bad(format!("Invalid value for enable: {other:?}"))),
    }
}
