//! Who may do what: tokens, policies and the decisions made from them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::hcl::eval::Scope;
use super::hcl::parse;
use super::json::{Json as _, glob, time};
use super::state::State;

/// A content hash in the form the API shows it.
pub(crate) fn hash(v: &Value) -> String {
    STANDARD.encode(digest(&SHA256, v.to_string().as_bytes()))
}

/// What a request's token allows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Acl {
    pub(crate) management: bool,
    rules: Vec<Rules>,
    /// Namespace, job, group and task of a workload identity, which may read its own variables.
    workload: Option<[String; 4]>,
    /// Accessor of the token, for what is recorded with writes.
    pub(crate) accessor: String,
}

/// One policy, parsed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    namespaces: Vec<NamespaceRule>,
    /// `node`, `agent`, `operator`, `quota`, `plugin`: read, write or deny.
    areas: Vec<(String, String)>,
    pools: Vec<(String, Vec<String>)>,
    host_volumes: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug, Default)]
struct NamespaceRule {
    pattern: String,
    policy: String,
    capabilities: Vec<String>,
    variables: Vec<(String, Vec<String>)>,
}

const READ: [&str; 9] = [
    "list-jobs",
    "parse-job",
    "read-job",
    "csi-list-volume",
    "csi-read-volume",
    "read-job-scaling",
    "list-scaling-policies",
    "read-scaling-policy",
    "host-volume-read",
];
const SCALE: [&str; 4] = ["list-scaling-policies", "read-scaling-policy", "read-job-scaling", "scale-job"];
const WRITE: [&str; 13] = [
    "scale-job",
    "submit-job",
    "dispatch-job",
    "read-logs",
    "read-fs",
    "alloc-exec",
    "alloc-lifecycle",
    "csi-mount-volume",
    "csi-write-volume",
    "submit-recommendation",
    "host-volume-create",
    "host-volume-write",
    "host-volume-delete",
];

fn expand(policy: &str) -> Vec<String> {
    let words: Vec<&str> = match policy {
        "read" => READ.to_vec(),
        "scale" => SCALE.to_vec(),
        "write" => READ.iter().chain(&WRITE).copied().collect(),
        "deny" => vec!["deny"],
        _ => Vec::new(),
    };
    words.into_iter().map(str::to_owned).collect()
}

/// Parses a policy's rules.
pub(crate) fn parse_rules(text: &str) -> Result<(Rules, Value), String> {
    let body =
        parse::parse_hcl1(text).map_err(|e| format!("Failed to parse ACL Policy: {}", e.text("policy")))?;
    let scope = Scope::default();
    let mut rules = Rules::default();
    let mut view = json!({"Agent": null, "ExtraKeysHCL": null, "HostVolumes": null, "Namespaces": null, "Node": null, "NodePools": null,
        "Operator": null, "Plugin": null, "Quota": null, "Raw": text, "Sentinel": null});
    for b in &body.blocks {
        let v = scope.plain(&b.body).map_err(|e| e.text("policy"))?;
        let words = |v: &Value| -> Vec<String> {
            v.as_array().into_iter().flatten().filter_map(|c| c.as_str().map(str::to_owned)).collect()
        };
        let label = b.labels.first().map(|(label, _)| label.clone()).unwrap_or_default();
        let policy = v.s("policy").to_owned();
        match b.kind.as_str() {
            "namespace" => {
                if !matches!(policy.as_str(), "" | "read" | "write" | "deny" | "scale") {
                    return Err(format!(
                        "Invalid namespace policy: namespace {label:?} has invalid policy {policy:?}"
                    ));
                }
                let mut capabilities = words(v.at("capabilities"));
                capabilities.extend(expand(&policy));
                let mut variables = Vec::new();
                for block in v.a("variables").iter().flat_map(|vs| vs.a("path")) {
                    for (path, rules) in block.as_object().into_iter().flatten() {
                        for r in rules.as_array().into_iter().flatten() {
                            let mut caps = words(r.at("capabilities"));
                            if caps.iter().any(|c| c == "write") {
                                caps.extend(["list", "read", "destroy"].map(str::to_owned));
                            }
                            if caps.iter().any(|c| c == "read") {
                                caps.push("list".into());
                            }
                            variables.push((path.clone(), caps));
                        }
                    }
                }
                let shown: Value = if variables.is_empty() {
                    Value::Null
                } else {
                    json!({"Paths": variables.iter().map(|(p, c)| json!({"PathSpec": p, "Capabilities": c})).collect::<Vec<_>>()})
                };
                view.list_mut("Namespaces").push(json!({"Name": label, "Policy": policy, "Capabilities": capabilities, "Variables": shown}));
                rules.namespaces.push(NamespaceRule { pattern: label, policy, capabilities, variables });
            }
            "node_pool" | "host_volume" => {
                let mut caps = words(v.at("capabilities"));
                match policy.as_str() {
                    "read" => caps.push("read".into()),
                    "write" => caps.extend(
                        ["read", "write", "delete", "mount-readonly", "mount-readwrite"].map(str::to_owned),
                    ),
                    "deny" => caps.push("deny".into()),
                    _ => {}
                }
                let (list, field) = if b.kind == "node_pool" {
                    (&mut rules.pools, "NodePools")
                } else {
                    (&mut rules.host_volumes, "HostVolumes")
                };
                view.list_mut(field).push(json!({"Name": label, "Policy": policy, "Capabilities": caps}));
                list.push((label, caps));
            }
            "agent" | "node" | "operator" | "quota" | "plugin" => {
                let mut name = b.kind.clone();
                if let Some(first) = name.get_mut(0..1) {
                    first.make_ascii_uppercase();
                }
                view.put(&name, json!({"Policy": policy}));
                rules.areas.push((b.kind.clone(), policy));
            }
            other => return Err(format!("Failed to parse ACL Policy: invalid key {other:?}")),
        }
    }
    if body.blocks.is_empty() {
        return Err("Invalid policy: policy is empty".into());
    }
    Ok((rules, view))
}

impl Acl {
    pub(crate) fn management() -> Self {
        Self { management: true, ..Self::default() }
    }

    /// Whether a namespace capability is granted: the longest matching pattern decides, a denial wins.
    pub(crate) fn namespace(&self, ns: &str, capability: &str) -> bool {
        if self.management {
            return true;
        }
        if ns == "*" {
            return self
                .rules
                .iter()
                .flat_map(|r| &r.namespaces)
                .any(|n| n.capabilities.iter().any(|c| c == capability));
        }
        let matching: Vec<&NamespaceRule> = self.matching(ns);
        if matching.iter().any(|n| n.policy == "deny" || n.capabilities.iter().any(|c| c == "deny")) {
            return false;
        }
        matching.iter().any(|n| n.capabilities.iter().any(|c| c == capability))
    }

    fn matching(&self, ns: &str) -> Vec<&NamespaceRule> {
        let all = self.rules.iter().flat_map(|r| &r.namespaces);
        let hits: Vec<&NamespaceRule> = all.filter(|n| glob(&n.pattern, ns)).collect();
        let exact = hits.iter().any(|n| n.pattern == ns);
        let longest = hits.iter().map(|n| n.pattern.len()).max().unwrap_or(0);
        hits.into_iter()
            .filter(|n| if exact { n.pattern == ns } else { n.pattern.len() == longest })
            .collect()
    }

    /// Whether anything at all is granted in a namespace.
    pub(crate) fn any(&self, ns: &str) -> bool {
        self.management
            || self
                .matching(ns)
                .iter()
                .any(|n| !n.capabilities.is_empty() && !n.capabilities.iter().any(|c| c == "deny"))
    }

    pub(crate) fn variable(&self, ns: &str, path: &str, capability: &str) -> bool {
        if self.management {
            return true;
        }
        if let Some([own_ns, job, group, task]) = &self.workload {
            let own = [
                "nomad/jobs".to_owned(),
                format!("nomad/jobs/{job}"),
                format!("nomad/jobs/{job}/{group}"),
                format!("nomad/jobs/{job}/{group}/{task}"),
            ];
            if own_ns == ns && matches!(capability, "read" | "list") && own.iter().any(|p| p == path) {
                return true;
            }
        }
        let rules: Vec<&(String, Vec<String>)> =
            self.matching(ns).into_iter().flat_map(|n| &n.variables).filter(|(p, _)| glob(p, path)).collect();
        let longest = rules.iter().map(|(p, _)| p.len()).max().unwrap_or(0);
        let best = rules.into_iter().filter(|(p, _)| p.len() == longest);
        let caps: Vec<&String> = best.flat_map(|(_, c)| c).collect();
        !caps.iter().any(|c| *c == "deny") && caps.iter().any(|c| *c == capability)
    }

    fn area(&self, name: &str, write: bool) -> bool {
        if self.management {
            return true;
        }
        let levels: Vec<&str> = self
            .rules
            .iter()
            .flat_map(|r| &r.areas)
            .filter(|(a, _)| a == name)
            .map(|(_, p)| p.as_str())
            .collect();
        !levels.contains(&"deny") && (levels.contains(&"write") || (!write && levels.contains(&"read")))
    }

    pub(crate) fn node_read(&self) -> bool {
        self.area("node", false) || self.workload.is_some()
    }
    pub(crate) fn node_write(&self) -> bool {
        self.area("node", true)
    }
    pub(crate) fn agent(&self, write: bool) -> bool {
        self.area("agent", write)
    }
    pub(crate) fn operator(&self, write: bool) -> bool {
        self.area("operator", write)
    }
    pub(crate) fn pool(&self, pool: &str, capability: &str) -> bool {
        self.management
            || self
                .rules
                .iter()
                .flat_map(|r| &r.pools)
                .any(|(p, caps)| glob(p, pool) && caps.iter().any(|c| c == capability))
    }
}

/// Finds out what a token allows.
pub(crate) fn resolve(s: &State, secret: &str, workload: Option<&Value>) -> Result<Acl, (u16, String)> {
    if let Some(claims) = workload {
        let workload = [
            claims.s("nomad_namespace"),
            claims.s("nomad_job_id"),
            claims.s("group"),
            claims.s("nomad_task"),
        ]
        .map(str::to_owned);
        let rules = s
            .policies
            .values()
            .filter(|p| {
                let j = p.at("JobACL");
                !j.s("JobID").is_empty()
                    && j.s("JobID") == workload[1]
                    && (j.s("Namespace").is_empty() && workload[0] == "default"
                        || j.s("Namespace") == workload[0])
                    && (j.s("Group").is_empty() || j.s("Group") == workload[2])
                    && (j.s("Task").is_empty() || j.s("Task") == workload[3])
            })
            .filter_map(|p| parse_rules(p.s("Rules")).ok())
            .map(|(r, _)| r)
            .collect();
        return Ok(Acl { management: false, rules, workload: Some(workload), accessor: String::new() });
    }
    if secret.is_empty() {
        let rules = s.policies.get("anonymous").and_then(|p| parse_rules(p.s("Rules")).ok()).map(|(r, _)| r);
        return Ok(Acl { rules: rules.into_iter().collect(), ..Acl::default() });
    }
    let Some(token) = s.tokens.values().find(|t| t.s("SecretID") == secret) else {
        return Err((403, "ACL token not found".into()));
    };
    if time(token.at("ExpirationTime")).is_some_and(|t| t <= s.now()) {
        return Err((403, "ACL token expired".into()));
    }
    if token.s("Type") == "management" {
        return Ok(Acl { management: true, accessor: token.s("AccessorID").into(), ..Acl::default() });
    }
    let own = token.a("Policies").iter().filter_map(Value::as_str);
    let roles = token.a("Roles").iter().filter_map(|r| s.roles.get(r.s("ID")));
    let by_role = roles.flat_map(|r| r.a("Policies")).map(|p| p.s("Name"));
    let rules = own
        .chain(by_role)
        .filter_map(|name| s.policies.get(name))
        .filter_map(|p| parse_rules(p.s("Rules")).ok())
        .map(|(r, _)| r)
        .collect();
    Ok(Acl { management: false, rules, workload: None, accessor: token.s("AccessorID").into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acl(rules: &str) -> Acl {
        Acl { rules: vec![parse_rules(rules).unwrap().0], ..Acl::default() }
    }

    #[test]
    fn the_closest_namespace_rule_decides() {
        let a = acl(
            "namespace \"*\" { policy = \"read\" }\nnamespace \"prod-*\" { policy = \"deny\" }\nnamespace \"default\" { capabilities = [\"submit-job\"] }",
        );
        assert!(a.namespace("dev", "read-job") && !a.namespace("dev", "submit-job"));
        assert!(!a.namespace("prod-eu", "read-job"));
        assert!(a.namespace("default", "submit-job") && !a.namespace("default", "read-job"));
    }

    #[test]
    fn variables_have_rules_of_their_own() {
        let a = acl(
            "namespace \"default\" { variables { path \"deploy/*\" { capabilities = [\"write\"] } path \"deploy/secret\" { capabilities = [\"deny\"] } } }",
        );
        assert!(
            a.variable("default", "deploy/lock", "write") && a.variable("default", "deploy/lock", "read")
        );
        assert!(!a.variable("default", "deploy/secret", "read") && !a.variable("default", "other", "list"));
    }

    #[test]
    fn broken_rules_are_refused() {
        assert!(parse_rules("namespace \"x\" { policy = \"nope\" }").is_err());
        assert!(parse_rules("nonsense \"x\" {}").is_err());
        assert!(parse_rules("namespace {").is_err());
    }
}
