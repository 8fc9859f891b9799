//! From the job a client sends to the job the servers store: defaults filled in, empty forms made equal.

mod service;
mod shape;

use serde_json::{Value, json};

use self::service::{identity, network, service};
use self::shape::{durations, fill, list, nanos, optional, or_null, text_map};
use super::json::Json as _;

const SECOND: u64 = 1_000_000_000;

/// The stored form of `job` in `namespace`. Indexes, version, status and submit time are for the caller.
pub(crate) fn job(input: &Value, namespace: &str) -> Value {
    let kind = if input.s("Type").is_empty() { "service" } else { input.s("Type") }.to_owned();
    let mut out = fill(
        input,
        json!({
            "Affinities": null, "AllAtOnce": false, "Constraints": null, "ConsulNamespace": "", "CreateIndex": 0,
            "Datacenters": ["*"], "DispatchIdempotencyToken": "", "Dispatched": false, "ID": "", "JobModifyIndex": 0,
            "Meta": null, "ModifyIndex": 0, "Multiregion": null, "Name": "", "Namespace": "default",
            "NodePool": "", "NomadTokenID": "", "ParameterizedJob": null, "ParentID": "", "Payload": null,
            "Periodic": null, "Priority": 50, "Region": "global", "Spreads": null, "Stable": false, "Status": "pending",
            "StatusDescription": "", "Stop": false, "SubmitTime": 0, "TaskGroups": null, "Type": "service", "UI": null,
            "Update": null, "VaultNamespace": "", "Version": 0, "VersionTag": null,
        }),
    );
    out.put("Type", kind.as_str());
    out.put("Namespace", namespace);
    if out.s("Name").is_empty() {
        let id = out.s("ID").to_owned();
        out.put("Name", id);
    }
    if out.s("NodePool").is_empty() {
        out.put("NodePool", "default");
    }
    if out.s("Region").is_empty() {
        out.put("Region", "global");
    }
    if out.u("Priority") == 0 {
        out.put("Priority", 50);
    }
    if out.a("Datacenters").is_empty() {
        out.put("Datacenters", json!(["*"]));
    }
    let meta = text_map(out.at("Meta"));
    out.put("Meta", meta);
    out.put("Constraints", list(input.at("Constraints"), constraint));
    out.put("Affinities", list(input.at("Affinities"), affinity));
    out.put("Spreads", list(input.at("Spreads"), spread));
    out.put("Periodic", optional(input.at("Periodic"), |p| {
        let mut p = fill(p, json!({"Enabled": true, "Spec": "", "Specs": null, "SpecType": "cron", "ProhibitOverlap": false, "TimeZone": "UTC"}));
        let specs = or_null(p.at("Specs"));
        p.put("Specs", specs);
        p
    }));
    out.put(
        "ParameterizedJob",
        optional(input.at("ParameterizedJob"), |p| {
            let mut p = fill(p, json!({"MetaOptional": [], "MetaRequired": [], "Payload": "optional"}));
            if p.s("Payload").is_empty() {
                p.put("Payload", "optional");
            }
            p
        }),
    );
    out.put("UI", optional(input.at("UI"), |u| fill(u, json!({"Description": "", "Links": null}))));
    let deploys = matches!(kind.as_str(), "service" | "system");
    let job_update = input.at("Update");
    out.put("Update", stored_job_update(job_update, deploys));
    let groups: Vec<Value> =
        input.a("TaskGroups").iter().map(|tg| group(tg, &out, job_update, input)).collect();
    out.put("TaskGroups", if groups.is_empty() { Value::Null } else { groups.into() });
    out
}

fn stored_job_update(update: &Value, deploys: bool) -> Value {
    let zero = json!({"AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "", "HealthyDeadline": 0,
        "MaxParallel": 0, "MinHealthyTime": 0, "ProgressDeadline": 0, "Stagger": 0});
    if !deploys {
        return zero;
    }
    let mut out = zero;
    out.put("MaxParallel", 1);
    out.put("Stagger", 30 * SECOND);
    if update.is_null() {
        return out;
    }
    for key in ["MaxParallel", "Stagger"] {
        if update.has(key) {
            out.put(key, nanos(update.at(key), 0));
        }
    }
    out
}

fn update(job: &Value, group: &Value, deploys: bool) -> Value {
    if !deploys {
        return Value::Null;
    }
    let pick = |key: &str, default: Value| {
        [group, job].into_iter().map(|u| u.at(key)).find(|v| !v.is_null()).map_or(default, |v| nanos(v, 0))
    };
    json!({"AutoPromote": pick("AutoPromote", false.into()), "AutoRevert": pick("AutoRevert", false.into()),
        "Canary": pick("Canary", 0.into()), "HealthCheck": pick("HealthCheck", "checks".into()),
        "HealthyDeadline": pick("HealthyDeadline", (300 * SECOND).into()), "MaxParallel": pick("MaxParallel", 1.into()),
        "MinHealthyTime": pick("MinHealthyTime", (10 * SECOND).into()),
        "ProgressDeadline": pick("ProgressDeadline", (600 * SECOND).into()),
        "Stagger": pick("Stagger", (30 * SECOND).into())})
}

pub(crate) fn restart_default(kind: &str) -> Value {
    match kind {
        "batch" | "sysbatch" => {
            json!({"Attempts": 3, "Delay": 15 * SECOND, "Interval": 86_400 * SECOND, "Mode": "fail", "RenderTemplates": false})
        }
        _ => {
            json!({"Attempts": 2, "Delay": 15 * SECOND, "Interval": 1800 * SECOND, "Mode": "fail", "RenderTemplates": false})
        }
    }
}

pub(crate) fn reschedule_default(kind: &str) -> Value {
    match kind {
        "service" => {
            json!({"Attempts": 0, "Delay": 30 * SECOND, "DelayFunction": "exponential", "Interval": 0, "MaxDelay": 3600 * SECOND, "Unlimited": true})
        }
        "batch" => {
            json!({"Attempts": 1, "Delay": 5 * SECOND, "DelayFunction": "constant", "Interval": 86_400 * SECOND, "MaxDelay": 0, "Unlimited": false})
        }
        _ => Value::Null,
    }
}

fn group(tg: &Value, job: &Value, job_update: &Value, input: &Value) -> Value {
    let kind = job.s("Type");
    let mut out = fill(
        tg,
        json!({
            "Affinities": null, "Constraints": null, "Consul": null, "Count": 1, "Disconnect": null, "EphemeralDisk": null,
            "MaxClientDisconnect": null, "MaxRunDuration": null, "Meta": null, "Migrate": null, "Name": "",
            "Networks": null, "PreventRescheduleOnLost": false, "ReschedulePolicy": null, "RestartPolicy": null,
            "Scaling": null, "Services": null, "ShutdownDelay": null, "Spreads": null, "StopAfterClientDisconnect": null,
            "Tasks": null, "Update": null, "Volumes": null,
        }),
    );
    if !tg.has("Count") && tg.at("Scaling").has("Min") {
        let min = tg.at("Scaling").u("Min");
        out.put("Count", min);
    }
    out.put("Meta", text_map(tg.at("Meta")));
    out.put(
        "EphemeralDisk",
        fill(tg.at("EphemeralDisk"), json!({"Migrate": false, "SizeMB": 300, "Sticky": false})),
    );
    let restart = durations(fill(tg.at("RestartPolicy"), restart_default(kind)), &["Delay", "Interval"]);
    out.put("RestartPolicy", restart.clone());
    let reschedule =
        if tg.has("ReschedulePolicy") { tg.at("ReschedulePolicy") } else { input.at("Reschedule") };
    out.put(
        "ReschedulePolicy",
        durations(fill(reschedule, reschedule_default(kind)), &["Delay", "Interval", "MaxDelay"]),
    );
    let migrate = if tg.has("Migrate") { tg.at("Migrate") } else { input.at("Migrate") };
    out.put(
        "Migrate",
        match kind {
            "service" => durations(
                fill(
                    migrate,
                    json!({"HealthCheck": "checks", "HealthyDeadline": 300 * SECOND, "MaxParallel": 1,
            "MinHealthyTime": 10 * SECOND}),
                ),
                &["HealthyDeadline", "MinHealthyTime"],
            ),
            _ => Value::Null,
        },
    );
    out.put("Update", update(job_update, tg.at("Update"), matches!(kind, "service" | "system")));
    out.put("Networks", list(tg.at("Networks"), network));
    out.put("Spreads", list(tg.at("Spreads"), spread));
    out.put("Affinities", list(tg.at("Affinities"), affinity));
    out.put("Volumes", or_null(tg.at("Volumes")));
    for key in ["ShutdownDelay", "StopAfterClientDisconnect", "MaxClientDisconnect", "MaxRunDuration"] {
        if out.has(key) {
            let d = nanos(out.at(key), 0);
            out.put(key, d);
        }
    }
    let name = out.s("Name").to_owned();
    let job_name = job.s("Name").to_owned();
    out.put(
        "Services",
        list(tg.at("Services"), |s| service(s, &job_name, &name, "group", job.s("Namespace"))),
    );
    let target = json!({"Namespace": job.s("Namespace"), "Job": job.s("ID"), "Group": name});
    out.put(
        "Scaling",
        optional(tg.at("Scaling"), |s| {
            let mut s = fill(
                s,
                json!({"CreateIndex": 0, "Enabled": true, "ID": "", "Max": 0, "Min": 0, "ModifyIndex": 0,
            "Policy": null, "Target": null, "Type": "horizontal"}),
            );
            if s.s("Type").is_empty() {
                s.put("Type", "horizontal");
            }
            if !tg.at("Scaling").has("Min") {
                let count = tg.u("Count");
                s.put("Min", count);
            }
            s.put("Target", target.clone());
            s
        }),
    );
    let tasks: Vec<Value> = tg.a("Tasks").iter().map(|t| task(t, job, &name, &restart)).collect();
    let constraints = implied_constraints(tg, &tasks);
    out.put("Constraints", or_null(&Value::Array(constraints)));
    out.put("Tasks", if tasks.is_empty() { Value::Null } else { tasks.into() });
    out
}

/// The constraints the servers add so that a group lands only where its services, templates and secrets work.
fn implied_constraints(tg: &Value, tasks: &[Value]) -> Vec<Value> {
    let mut out: Vec<Value> = tg.a("Constraints").iter().map(constraint).collect();
    let mut add = |l: &str, r: &str| {
        if !out.iter().any(|c| c.s("LTarget") == l && c.s("Operand") == "semver") {
            out.push(json!({"LTarget": l, "Operand": "semver", "RTarget": r}));
        }
    };
    if tasks.iter().any(|t| t.has("Vault")) {
        add("${attr.vault.version}", ">= 0.6.1");
    }
    let services = || tg.a("Services").iter().chain(tasks.iter().flat_map(|t| t.a("Services")));
    if services().any(|s| s.s("Provider") != "nomad") {
        add("${attr.consul.version}", ">= 1.8.0");
    } else if services().next().is_some() {
        add("${attr.nomad.service_discovery}", "= true");
    }
    if tasks.iter().any(|t| t.has("Vault") || !t.a("Identities").is_empty()) {
        // The servers append this one without a look at what is there.
        out.push(json!({"LTarget": "${attr.nomad.version}", "Operand": "semver", "RTarget": ">= 1.7.0-a"}));
    }
    for c in &mut out {
        if c.s("LTarget") == "${attr.nomad.service_discovery}" {
            *c = json!({"LTarget": "${attr.nomad.service_discovery}", "Operand": "=", "RTarget": "true"});
        }
    }
    out
}

fn constraint(c: &Value) -> Value {
    let mut c = fill(c, json!({"LTarget": "", "RTarget": "", "Operand": "="}));
    if c.s("Operand").is_empty() {
        c.put("Operand", "=");
    }
    c
}

fn affinity(a: &Value) -> Value {
    fill(a, json!({"LTarget": "", "RTarget": "", "Operand": "=", "Weight": 50}))
}

fn spread(s: &Value) -> Value {
    let mut s = fill(s, json!({"Attribute": "", "SpreadTarget": null, "Weight": 50}));
    let targets = list(s.at("SpreadTarget"), |t| fill(t, json!({"Percent": 0, "Value": ""})));
    s.put("SpreadTarget", targets);
    s
}

fn task(t: &Value, job: &Value, group: &str, restart: &Value) -> Value {
    let mut out = fill(
        t,
        json!({
            "Actions": null, "Affinities": null, "Artifacts": null, "CSIPluginConfig": null, "Config": null, "Constraints": null,
            "Consul": null, "DispatchPayload": null, "Driver": "", "Env": null, "Identities": null, "Identity": null,
            "KillSignal": "", "KillTimeout": 5 * SECOND, "Kind": "", "Leader": false, "Lifecycle": null, "LogConfig": null,
            "Meta": null, "Name": "", "Resources": null, "RestartPolicy": null, "ScalingPolicies": null, "Schedule": null,
            "Secrets": null, "Services": null, "ShutdownDelay": 0, "Templates": null, "User": "", "Vault": null, "VolumeMounts": null,
        }),
    );
    for key in ["Meta", "Env"] {
        let v = text_map(out.at(key));
        out.put(key, v);
    }
    for key in ["Config", "Artifacts", "VolumeMounts", "ScalingPolicies", "Secrets", "Actions"] {
        let v = or_null(out.at(key));
        out.put(key, v);
    }
    out.put("Actions", list(t.at("Actions"), |a| fill(a, json!({"Args": null, "Command": "", "Name": ""}))));
    out.put("Constraints", list(t.at("Constraints"), constraint));
    out.put("Affinities", list(t.at("Affinities"), affinity));
    out.put(
        "LogConfig",
        fill(t.at("LogConfig"), json!({"Disabled": false, "MaxFileSizeMB": 10, "MaxFiles": 10})),
    );
    out.put("Resources", resources(t.at("Resources")));
    out.put("RestartPolicy", durations(fill(t.at("RestartPolicy"), restart.clone()), &["Delay", "Interval"]));
    let name = out.s("Name").to_owned();
    out.put(
        "Services",
        list(t.at("Services"), |s| service(s, job.s("Name"), group, &name, job.s("Namespace"))),
    );
    out.put("Templates", list(t.at("Templates"), template));
    out.put("Vault", optional(t.at("Vault"), |v| {
        let mut v = fill(v, json!({"AllowTokenExpiration": false, "ChangeMode": "restart", "ChangeSignal": "", "Cluster": "default",
            "DisableFile": false, "Env": true, "Namespace": "", "Role": ""}));
        for (key, default) in [("Cluster", "default"), ("ChangeMode", "restart"), ("ChangeSignal", "SIGHUP")] {
            if v.s(key).is_empty() {
                v.put(key, default);
            }
        }
        v
    }));
    let mut default_identity = fill(
        t.at("Identity"),
        json!({"Audience": ["nomadproject.io"], "ChangeMode": "", "ChangeSignal": "",
        "Env": false, "ExtraClaims": null, "File": false, "Filepath": "", "Name": "default", "ServiceName": "", "TTL": 0}),
    );
    default_identity.put("Name", "default");
    default_identity.put("Audience", json!(["nomadproject.io"]));
    let mut identities: Vec<Value> = Vec::new();
    for i in t.a("Identities") {
        if matches!(i.s("Name"), "" | "default") {
            default_identity = identity(i, "default");
            default_identity.put("Name", "default");
            default_identity.put("Audience", json!(["nomadproject.io"]));
        } else {
            identities.push(identity(i, ""));
        }
    }
    out.put("Identity", default_identity);
    out.put("Identities", if identities.is_empty() { Value::Null } else { identities.into() });
    durations(out, &["KillTimeout", "ShutdownDelay"])
}

fn resources(r: &Value) -> Value {
    let mut out = fill(
        r,
        json!({"CPU": 100, "Cores": 0, "Devices": null, "DiskMB": 0, "IOPS": 0, "MemoryMB": 300, "MemoryMaxMB": 0,
        "NUMA": null, "Networks": null, "SecretsMB": 0}),
    );
    if r.u("Cores") > 0 && !r.has("CPU") {
        out.put("CPU", 0);
    }
    let devices = or_null(out.at("Devices"));
    out.put("Devices", devices);
    out.put("Networks", list(r.at("Networks"), network));
    out
}

fn template(t: &Value) -> Value {
    let mut out = fill(
        t,
        json!({"ChangeMode": "restart", "ChangeScript": null, "ChangeSignal": "", "DestPath": "", "EmbeddedTmpl": "",
        "Envvars": false, "ErrMissingKey": false, "Gid": null, "LeftDelim": "{{", "Once": false, "Perms": "0644",
        "RightDelim": "}}", "SourcePath": "", "Splay": 5 * SECOND, "Uid": null, "VaultGrace": 0, "Wait": null}),
    );
    for (key, default) in
        [("LeftDelim", "{{"), ("RightDelim", "}}"), ("Perms", "0644"), ("ChangeMode", "restart")]
    {
        if out.s(key).is_empty() {
            out.put(key, default);
        }
    }
    durations(out, &["Splay", "VaultGrace"])
}

/// The identity the servers add to tasks that use Vault, if the operator configured one.
pub(crate) fn add_default_vault_identity(job: &mut Value, default: &Value) {
    if default.is_null() {
        return;
    }
    for tg in job.list_mut("TaskGroups") {
        for task in tg.list_mut("Tasks") {
            let named = |i: &Value| i.s("Name") == "vault_default";
            if task.has("Vault") && !task.a("Identities").iter().any(named) {
                let mut i = identity(default, "vault_default");
                i.put("Name", "vault_default");
                task.list_mut("Identities").push(i);
            }
        }
    }
}

/// Whether two stored jobs are the same specification, whatever their indexes, versions and states.
pub(crate) fn same_spec(a: &Value, b: &Value) -> bool {
    spec_only(a) == spec_only(b)
}

fn spec_only(job: &Value) -> Value {
    let mut out = job.clone();
    if let Value::Object(map) = &mut out {
        for key in [
            "CreateIndex",
            "ModifyIndex",
            "JobModifyIndex",
            "Version",
            "Status",
            "StatusDescription",
            "SubmitTime",
            "Stable",
            "NomadTokenID",
            "VersionTag",
            "Stop",
        ] {
            map.remove(key);
        }
    }
    for tg in out.list_mut("TaskGroups") {
        if let Some(Value::Object(scaling)) = tg.get_mut("Scaling") {
            for key in ["CreateIndex", "ModifyIndex", "ID"] {
                scaling.remove(key);
            }
        }
    }
    out
}
