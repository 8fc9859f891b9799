//! Small areas: status, operator, coordinates, the mesh's CA.

use serde_json::json;

use super::Call;
use super::acl::rules::Access;
use super::agent::VERSION;
use super::reply::{Outcome, Refusal, Reply};
use super::state::State;

const COORDINATES: &[&str] = &["nodes"];

impl State {
    pub(crate) fn misc_api(&mut self, call: &Call<'_>, parts: &[&str]) -> Outcome {
        let method = call.req.method.as_str();
        match (method, parts) {
            ("GET", ["status", "leader"]) => Ok(Reply::json(json!(self.options.rpc_address()))),
            ("GET", ["status", "peers"]) => Ok(Reply::json(json!([self.options.rpc_address()]))),
            ("GET", ["operator", "raft", "configuration"]) => {
                call.auth.require("operator", "", Access::Read)?;
                Ok(Reply::json(json!({ "Servers": [{
                    "ID": self.node_id, "Node": self.options.node, "Address": self.options.rpc_address(),
                    "Leader": true, "ProtocolVersion": "3", "Voter": true, "LastIndex": self.indexes.global(),
                }], "Index": 0 })))
            }
            ("GET", ["operator", "autopilot", "health"]) => {
                call.auth.require("operator", "", Access::Read)?;
                Ok(Reply::json(json!({ "Healthy": true, "FailureTolerance": 0, "Servers": [{
                    "ID": self.node_id, "Name": self.options.node, "Address": self.options.rpc_address(),
                    "SerfStatus": "alive", "Version": VERSION, "Leader": true, "LastContact": "0s", "LastTerm": 2,
                    "LastIndex": self.indexes.global(), "Healthy": true, "Voter": true,
                    "StableSince": self.started.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
                }] })))
            }
            ("GET", ["operator", "autopilot", "configuration"]) => {
                call.auth.require("operator", "", Access::Read)?;
                Ok(Reply::json(json!({
                    "CleanupDeadServers": true, "LastContactThreshold": "200ms", "MaxTrailingLogs": 250, "MinQuorum": 0,
                    "ServerStabilizationTime": "10s", "RedundancyZoneTag": "", "DisableUpgradeMigration": false,
                    "UpgradeVersionTag": "", "CreateIndex": 1, "ModifyIndex": 1,
                })))
            }
            ("GET", ["coordinate", "nodes"]) => self.coordinates(call, None),
            ("GET", ["coordinate", "node", node]) => self.coordinates(call, Some(node)),
            ("GET", ["coordinate", "datacenters"]) => Ok(Reply::json(json!([{
                "Datacenter": self.options.datacenter, "AreaID": "wan", "Coordinates": [{
                    "Node": format!("{}.{}", self.options.node, self.options.datacenter), "Segment": "", "Coord": coordinate(),
                }],
            }]))),
            ("GET", ["connect", "ca", "roots"]) => ca_roots(self),
            ("GET", ["peerings"]) => Ok(Reply::json(json!([])).watch(1, COORDINATES)),
            ("GET", ["peering", name]) => Err(Refusal::new(404, format!("Peering not found for {name:?}"))),
            (_, ["status" | "coordinate" | "operator", _, ..]) if method != "GET" => {
                Err(Refusal::method(method))
            }
            _ => Err(super::unknown_path()),
        }
    }

    fn coordinates(&self, call: &Call<'_>, only: Option<&str>) -> Outcome {
        let nodes: Vec<_> =
            self.catalog.nodes.values().filter(|n| only.is_none_or(|o| n.name == o)).collect();
        let seen: Vec<_> = nodes
            .iter()
            .filter(|n| call.auth.allows("node", &n.name, Access::Read))
            .map(|n| json!({ "Node": n.name, "Segment": "", "Coord": coordinate() }))
            .collect();
        if seen.is_empty() && only.is_some() {
            return Ok(Reply::done().status(404).watch(self.index(COORDINATES), COORDINATES));
        }
        let hidden = seen.len() < nodes.len();
        Ok(Reply::json(json!(seen)).watch(self.index(COORDINATES), COORDINATES).filtered(hidden))
    }
}

fn coordinate() -> serde_json::Value {
    json!({ "Vec": [0, 0, 0, 0, 0, 0, 0, 0], "Error": 1.5, "Adjustment": 0, "Height": 1e-5 })
}

/// No certificate authority runs here: the trust domain is there, the list of roots is empty.
pub(crate) fn ca_roots(state: &State) -> Outcome {
    let body = json!({ "ActiveRootID": "", "TrustDomain": state.trust_domain, "Roots": [] });
    Ok(Reply::json(body).watch(1, COORDINATES))
}
