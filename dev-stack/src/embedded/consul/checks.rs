//! Checks the agent keeps: their definitions, TTLs, and what follows from a check being critical.

use std::time::Duration;

use serde_json::{Value, json};

use super::catalog::Check;
use super::decode::{duration_ns, fields};
use super::reply::Refusal;
use super::state::State;
use crate::embedded::clock::add;
use crate::embedded::vault::value::{Object, strings, text};

/// What the agent does to find out the state of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    /// A request to an `http://` URL; 2xx is passing, 429 is a warning.
    Http {
        url: String,
        method: String,
        headers: Vec<(String, String)>,
        body: String,
        interval: Duration,
        timeout: Duration,
    },
    /// A connection.
    Tcp { address: String, interval: Duration, timeout: Duration },
}

const KNOWN: &[&str] = &[
    "ID",
    "CheckID",
    "Name",
    "Notes",
    "Status",
    "ServiceID",
    "Token",
    "Args",
    "ScriptArgs",
    "HTTP",
    "H2PING",
    "H2PingUseTLS",
    "Header",
    "Method",
    "Body",
    "DisableRedirects",
    "TCP",
    "TCPUseTLS",
    "UDP",
    "GRPC",
    "GRPCUseTLS",
    "OSService",
    "Interval",
    "DockerContainerID",
    "Shell",
    "AliasNode",
    "AliasService",
    "Timeout",
    "TTL",
    "TLSServerName",
    "TLSSkipVerify",
    "SuccessBeforePassing",
    "FailuresBeforeWarning",
    "FailuresBeforeCritical",
    "DeregisterCriticalServiceAfter",
    "OutputMaxSize",
];

/// Refuses a check that an agent would run in a way that is not simulated: its state would never be true.
pub(crate) fn refuse_unsimulated(body: &Value) -> Result<(), Refusal> {
    const UNSIMULATED: [&str; 18] = [
        "H2PING",
        "H2PingUseTLS",
        "DisableRedirects",
        "TCPUseTLS",
        "UDP",
        "GRPC",
        "GRPCUseTLS",
        "OSService",
        "DockerContainerID",
        "Shell",
        "AliasNode",
        "AliasService",
        "TLSServerName",
        "TLSSkipVerify",
        "SuccessBeforePassing",
        "FailuresBeforeWarning",
        "FailuresBeforeCritical",
        "OutputMaxSize",
    ];
    let body = fields(body, KNOWN)?;
    let asks = |name: &&&str| match body.get(**name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Number(n)) => n.as_f64() != Some(0.0),
        Some(Value::String(text)) => !text.is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(Value::Object(map)) => !map.is_empty(),
        Some(Value::Bool(true)) => true,
    };
    match UNSIMULATED.iter().find(asks) {
        Some(name) => {
            Err(Refusal::new(501, format!("Invalid check: {name:?} is not simulated by the embedded Consul")))
        }
        None => Ok(()),
    }
}

/// Reads a check definition; `service` is what it belongs to.
pub(crate) fn check_from(body: &Value, service: Option<&str>, at: usize) -> Result<Check, Refusal> {
    let body = fields(body, KNOWN)?;
    let get = |name: &str| body.get(name).map(text).unwrap_or_default();
    let first = |a: &str, b: &str| if get(a).is_empty() { get(b) } else { get(a) };
    let time = |name: &str| -> Result<Duration, Refusal> {
        body.get(name)
            .map_or(Ok(Duration::ZERO), duration_ns)
            .map_err(|e| Refusal::bad(format!("Request decode failed: {e}")))
    };
    let invalid = |why: &str| Refusal::bad(format!("Invalid check: {why}"));
    let (interval, ttl, timeout) = (time("Interval")?, time("TTL")?, time("Timeout")?);
    let kinds = [
        ("HTTP", "http"),
        ("TCP", "tcp"),
        ("UDP", "udp"),
        ("GRPC", "grpc"),
        ("H2PING", "h2ping"),
        ("DockerContainerID", "docker"),
        ("OSService", "os_service"),
        ("ScriptArgs", "script"),
        ("Args", "script"),
    ];
    let found: Vec<&str> = kinds.iter().filter(|(f, _)| is_set(&body, f)).map(|(_, k)| *k).collect();
    let alias = is_set(&body, "AliasNode") || is_set(&body, "AliasService");
    let kind = match (found.first(), ttl.is_zero(), alias) {
        (Some(_), false, _) => return Err(invalid("Interval and TTL cannot both be specified")),
        (Some(_), true, _) if interval.is_zero() => {
            return Err(invalid(
                "Interval must be > 0 for Script, HTTP, H2PING, TCP, UDP or OSService checks",
            ));
        }
        (Some(&"script"), ..) => {
            return Err(invalid(
                "Scripts are disabled on this agent; to enable, configure 'enable_script_checks' or 'enable_local_script_checks' to true",
            ));
        }
        (Some(kind), ..) => *kind,
        (None, false, _) => "ttl",
        (None, true, true) => "alias",
        (None, true, false) => return Err(invalid("TTL must be > 0 for TTL checks")),
    };
    let id = first("CheckID", "ID");
    let service_id =
        if get("ServiceID").is_empty() { service.unwrap_or_default().to_owned() } else { get("ServiceID") };
    let name = match (get("Name"), service) {
        (name, _) if !name.is_empty() => name,
        (_, Some(service)) => format!("Service '{service}' check"),
        (_, None) => return Err(Refusal::bad("Missing check name")),
    };
    let id = match (id, service) {
        (id, _) if !id.is_empty() => id,
        (_, Some(service)) if at == 0 => format!("service:{service}"),
        (_, Some(service)) => format!("service:{service}:{}", at + 1),
        (_, None) => name.clone(),
    };
    let status = match get("Status").as_str() {
        "" => "critical".to_owned(),
        s @ ("passing" | "warning" | "critical") => s.to_owned(),
        _ => return Err(Refusal::bad("Bad check status")),
    };
    let timeout = if timeout.is_zero() { Duration::from_secs(10) } else { timeout };
    let probe = match kind {
        "http" => {
            let method = if get("Method").is_empty() { "GET".to_owned() } else { get("Method") };
            let lists = body.get("Header").and_then(Value::as_object).into_iter().flatten();
            let headers = lists
                .flat_map(|(name, list)| strings(list).into_iter().map(move |value| (name.clone(), value)))
                .collect();
            Some(Probe::Http { url: get("HTTP"), method, headers, body: get("Body"), interval, timeout })
        }
        "tcp" => Some(Probe::Tcp { address: get("TCP"), interval, timeout }),
        _ => None,
    };
    let after = time("DeregisterCriticalServiceAfter")?;
    Ok(Check {
        id,
        name,
        status,
        notes: get("Notes"),
        service_id,
        kind: kind.to_owned(),
        interval: get("Interval"),
        timeout: get("Timeout"),
        local: true,
        probe,
        ttl: (!ttl.is_zero()).then_some(ttl),
        // Shorter times are raised to a minute, as the agent does.
        deregister_after: (!after.is_zero()).then(|| after.max(Duration::from_secs(60))),
        definition: Value::Null,
        ..Check::default()
    })
}

fn is_set(body: &Object, name: &str) -> bool {
    match body.get(name) {
        Some(Value::String(s)) => !s.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        _ => false,
    }
}

impl State {
    /// Stores a check, starts its clocks, and lets sessions go that depend on it.
    pub(crate) fn store_check(&mut self, node: &str, mut check: Check) {
        check.ttl_ends = match (check.ttl, check.status.as_str()) {
            (Some(ttl), "passing" | "warning") => Some(add(self.now, ttl)),
            _ => None,
        };
        let critical = check.status == "critical";
        let known = self.catalog.checks.get(&(node.to_owned(), check.id.clone()));
        check.critical_since = match (critical, known.and_then(|k| k.critical_since)) {
            (false, _) => None,
            (true, since) => since.or(Some(self.now)),
        };
        let id = check.id.clone();
        if self.catalog.check_changes(node, &check) {
            let index = self.bump(&["checks"]);
            self.catalog.put_check(node, check, index);
        } else {
            self.catalog.put_check(node, check, 0);
        }
        if critical {
            self.check_failed(node, Some(&id));
        }
    }

    /// Sets the state of a check; false if there is no such check.
    pub(crate) fn update_check(&mut self, node: &str, id: &str, status: &str, output: &str) -> bool {
        let Some(check) = self.catalog.checks.get(&(node.to_owned(), id.to_owned())) else { return false };
        let mut check = check.clone();
        check.status = status.to_owned();
        check.output = output.to_owned();
        self.store_check(node, check);
        true
    }

    pub(crate) fn expire_checks(&mut self) {
        let now = self.now;
        let due: Vec<(String, String)> = self
            .catalog
            .checks
            .iter()
            .filter(|(_, c)| c.ttl_ends.is_some_and(|at| at <= now))
            .map(|(key, _)| key.clone())
            .collect();
        for (node, id) in due {
            self.update_check(&node, &id, "critical", "TTL expired");
        }
        let gone: Vec<(String, String)> = self
            .catalog
            .checks
            .iter()
            .filter(|(_, c)| !c.service_id.is_empty())
            .filter(|(_, c)| {
                c.critical_since
                    .zip(c.deregister_after)
                    .is_some_and(|(since, after)| add(since, after) <= now)
            })
            .map(|((node, _), c)| (node.clone(), c.service_id.clone()))
            .collect();
        for (node, service) in gone {
            self.remove_service(&node, &service);
        }
    }

    pub(crate) fn remove_service(&mut self, node: &str, id: &str) -> bool {
        if !self.catalog.services.contains_key(&(node.to_owned(), id.to_owned())) {
            return false;
        }
        let index = self.bump(&["services", "checks"]);
        self.catalog.remove_service(node, id, index)
    }

    /// A check that keeps a service or a node out of service on purpose.
    pub(crate) fn maintenance(&mut self, node: &str, service: Option<&str>, enable: bool, reason: &str) {
        let id = service.map_or("_node_maintenance".to_owned(), |s| format!("_service_maintenance:{s}"));
        if !enable {
            if self.catalog.checks.contains_key(&(node.to_owned(), id.clone())) {
                let index = self.bump(&["checks"]);
                self.catalog.remove_check(node, &id, index);
            }
            return;
        }
        let what = if service.is_some() { "Service" } else { "Node" };
        let default = format!(
            "Maintenance mode is enabled for this {}, but no reason was provided. This is a default message.",
            what.to_lowercase()
        );
        self.store_check(
            node,
            Check {
                id,
                name: format!("{what} Maintenance Mode"),
                status: "critical".into(),
                notes: if reason.is_empty() { default } else { reason.to_owned() },
                service_id: service.unwrap_or_default().to_owned(),
                kind: "maintenance".into(),
                definition: json!({}),
                local: true,
                ..Check::default()
            },
        );
    }
}
