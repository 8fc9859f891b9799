//! The canonical form of a job: what the server's client library fills in on request.

use serde_json::{Value, json};

use crate::embedded::nomad::canonical::{reschedule_default, restart_default};
use crate::embedded::nomad::json::Json as _;

const SECOND: u64 = 1_000_000_000;

/// Sets what is null.
fn fill(v: &mut Value, defaults: Value) {
    if let (true, Value::Object(defaults)) = (v.is_object(), defaults) {
        for (key, value) in defaults {
            if !v.has(&key) {
                v.put(&key, value);
            }
        }
    }
}

/// Sets what is an empty text.
fn fill_empty(v: &mut Value, key: &str, text: &str) {
    if v.is_object() && v.s(key).is_empty() {
        v.put(key, text);
    }
}

/// Makes empty lists and maps null.
fn no_empty(v: &mut Value, keys: &[&str]) {
    for key in keys {
        let empty = match v.at(key) {
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.is_empty(),
            _ => false,
        };
        if empty {
            v.put(key, Value::Null);
        }
    }
}

fn at(v: &mut Value, key: &str, f: impl FnOnce(&mut Value)) {
    if let Some(inner) = v.get_mut(key).filter(|inner| !inner.is_null()) {
        f(inner);
    }
}

fn each(v: &mut Value, key: &str, mut f: impl FnMut(&mut Value)) {
    if let Some(items) = v.get_mut(key).and_then(Value::as_array_mut) {
        items.iter_mut().for_each(&mut f);
    }
}

/// The first with what is set in the second.
fn merged(base: &Value, over: &Value) -> Value {
    if base.is_null() {
        return over.clone();
    }
    let mut out = base.clone();
    for (key, value) in over.as_object().into_iter().flatten() {
        if !value.is_null() {
            out.put(key, value.clone());
        }
    }
    out
}

fn update_default() -> Value {
    json!({"Stagger": 30 * SECOND, "MaxParallel": 1, "HealthCheck": "checks", "MinHealthyTime": 10 * SECOND,
        "HealthyDeadline": 300 * SECOND, "ProgressDeadline": 600 * SECOND, "AutoRevert": false, "Canary": 0,
        "AutoPromote": false})
}

fn migrate_default() -> Value {
    json!({"MaxParallel": 1, "HealthCheck": "checks", "MinHealthyTime": 10 * SECOND, "HealthyDeadline": 300 * SECOND})
}

fn logs_default() -> Value {
    json!({"MaxFiles": 10, "MaxFileSizeMB": 10, "Disabled": false})
}

/// An update that says nothing: nothing is set, or everything to zero.
fn says_nothing(update: &Value) -> bool {
    update.as_object().is_none_or(|map| {
        map.values().all(|v| v.is_null() || *v == json!(0) || *v == json!("") || *v == json!(false))
    })
}

pub(super) fn canonical(mut job: Value) -> Value {
    fill(
        &mut job,
        json!({"ParentID": "", "Namespace": "default", "Priority": 50, "Stop": false, "Region": "global",
            "NodePool": "", "Type": "service", "AllAtOnce": false, "ConsulNamespace": "", "VaultNamespace": "",
            "NomadTokenID": "", "Status": "", "StatusDescription": "", "Stable": false, "Version": 0,
            "CreateIndex": 0, "ModifyIndex": 0, "JobModifyIndex": 0}),
    );
    at(&mut job, "Periodic", |p| {
        fill(
            p,
            json!({"Enabled": true, "Spec": "", "Specs": [], "SpecType": "cron", "ProhibitOverlap": false}),
        );
        fill_empty(p, "TimeZone", "UTC");
    });
    if !job.has("Update") && matches!(job.s("Type"), "service" | "system") {
        job.put("Update", update_default());
    }
    at(&mut job, "Update", |u| fill(u, update_default()));
    at(&mut job, "Multiregion", |m| {
        fill(m, json!({"Strategy": {}, "Regions": []}));
        at(m, "Strategy", |s| fill(s, json!({"MaxParallel": 0, "OnFailure": ""})));
        each(m, "Regions", |r| fill(r, json!({"Count": 1, "Datacenters": [], "Meta": {}})));
    });
    at(&mut job, "UI", |ui| no_empty(ui, &["Links"]));
    weights(&mut job);
    let whole = job.clone();
    each(&mut job, "TaskGroups", |g| group(g, &whole));
    job
}

fn weights(v: &mut Value) {
    for key in ["Spreads", "Affinities"] {
        each(v, key, |w| fill(w, json!({"Weight": 50})));
    }
}

fn group(g: &mut Value, job: &Value) {
    let kind = job.s("Type");
    let least = g.at("Scaling").at("Min").clone();
    fill(g, json!({"Count": if least.is_null() { json!(1) } else { least }, "EphemeralDisk": {}}));
    let count = g.at("Count").clone();
    at(g, "Scaling", |s| fill(s, json!({"Enabled": true, "Min": count})));
    at(g, "EphemeralDisk", |d| fill(d, json!({"Sticky": false, "Migrate": false, "SizeMB": 300})));
    at(g, "Consul", |c| fill_empty(c, "Cluster", "default"));
    if g.has("Update") {
        g.put("Update", merged(job.at("Update"), g.at("Update")));
    } else if !says_nothing(job.at("Update")) {
        g.put("Update", job.at("Update").clone());
    }
    at(g, "Update", |u| fill(u, update_default()));
    for (key, of_job) in [("ReschedulePolicy", "Reschedule"), ("Migrate", "Migrate")] {
        if job.has(of_job) {
            g.put(key, merged(job.at(of_job), g.at(key)));
        }
    }
    if !g.has("ReschedulePolicy") && !matches!(kind, "sysbatch" | "system") {
        g.put("ReschedulePolicy", json!({}));
    }
    at(g, "ReschedulePolicy", |r| {
        fill(r, reschedule_default(kind));
        fill(
            r,
            json!({"Attempts": 0, "Interval": 0, "Delay": 0, "DelayFunction": "", "MaxDelay": 0, "Unlimited": false}),
        );
    });
    if !g.has("Migrate") && kind == "service" {
        g.put("Migrate", json!({}));
    }
    at(g, "Migrate", |m| fill(m, migrate_default()));
    // Of a type that there is not, the client library takes a batch job.
    let default = restart_default(if matches!(kind, "service" | "system") { kind } else { "batch" });
    g.put("RestartPolicy", merged(&default, g.at("RestartPolicy")));
    weights(g);
    let restart = g.at("RestartPolicy").clone();
    let name = format!("{}-{}", job.s("Name"), g.s("Name"));
    each(g, "Tasks", |t| task(t, &restart, &name));
    each(g, "Services", |s| service(s, &name));
    at(g, "Disconnect", |d| fill(d, json!({"Replace": true, "Reconcile": "best_score"})));
}

fn task(t: &mut Value, restart: &Value, group: &str) {
    fill(t, json!({"Resources": {}, "KillTimeout": 5 * SECOND, "LogConfig": {}}));
    at(t, "Resources", resources);
    at(t, "LogConfig", |l| fill(l, merged(&json!({"Enabled": null}), &logs_default())));
    each(t, "Artifacts", artifact);
    at(t, "Vault", |v| {
        fill(
            v,
            json!({"Env": true, "DisableFile": false, "Namespace": "", "ChangeMode": "restart",
                "ChangeSignal": "SIGHUP", "AllowTokenExpiration": false}),
        );
        fill_empty(v, "Cluster", "default");
    });
    at(t, "Consul", |c| fill_empty(c, "Cluster", "default"));
    each(t, "Templates", template);
    each(t, "Secrets", |s| no_empty(s, &["Config", "Env"]));
    let name = format!("{group}-{}", t.s("Name"));
    each(t, "Services", |s| service(s, &name));
    weights(t);
    each(t, "VolumeMounts", volume_mount);
    at(t, "CSIPluginConfig", |c| {
        fill_empty(c, "MountDir", "/csi");
        fill_empty(c, "StagePublishBaseDir", "/local/csi");
        if c.i("HealthTimeout") == 0 {
            c.put("HealthTimeout", 30 * SECOND);
        }
    });
    t.put("RestartPolicy", merged(restart, t.at("RestartPolicy")));
}

fn volume_mount(m: &mut Value) {
    fill(m, json!({"PropagationMode": "private", "ReadOnly": false, "SELinuxLabel": ""}));
}

fn resources(r: &mut Value) {
    let all = json!({"CPU": null, "Cores": null, "MemoryMB": null, "MemoryMaxMB": null, "DiskMB": null,
        "Networks": null, "Devices": null, "NUMA": null, "SecretsMB": null, "IOPS": null});
    *r = merged(&all, r);
    let cpu = if r.has("Cores") { 0 } else { 100 };
    fill(r, json!({"CPU": cpu, "Cores": 0, "MemoryMB": 300}));
    each(r, "Devices", |d| {
        fill(d, json!({"Count": 1}));
        weights(d);
    });
    at(r, "NUMA", |n| {
        fill_empty(n, "Affinity", "none");
        no_empty(n, &["Devices"]);
    });
}

fn artifact(a: &mut Value) {
    fill(a, json!({"GetterMode": "any", "GetterInsecure": false, "GetterSource": ""}));
    no_empty(a, &["GetterOptions", "GetterHeaders"]);
    let file = a.s("GetterSource").trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let place = if a.s("GetterMode") == "file" { format!("local/{file}") } else { "local/".to_owned() };
    fill(a, json!({"RelativeDest": place}));
}

fn template(t: &mut Value) {
    let signal = if t.s("ChangeMode") == "signal" { "SIGHUP" } else { "" };
    let signal = if t.has("ChangeSignal") { t.s("ChangeSignal").to_uppercase() } else { signal.to_owned() };
    t.put("ChangeSignal", signal);
    fill(
        t,
        json!({"SourcePath": "", "DestPath": "", "EmbeddedTmpl": "", "Once": false, "LeftDelim": "{{",
            "RightDelim": "}}", "Envvars": false, "VaultGrace": 0}),
    );
    at(t, "ChangeScript", |s| fill(s, json!({"Command": ""})));
}

fn service(s: &mut Value, name: &str) {
    for (key, text) in [
        ("Name", name),
        ("AddressMode", "auto"),
        ("OnUpdate", "require_healthy"),
        ("Provider", "consul"),
        ("Cluster", "default"),
    ] {
        fill_empty(s, key, text);
    }
    no_empty(s, &["Meta", "CanaryMeta", "TaggedAddresses"]);
    at(s, "Connect", connect);
    at(s, "Weights", |w| {
        for key in ["Passing", "Warning"] {
            if w.i(key) <= 0 {
                w.put(key, 1);
            }
        }
    });
    let (restart, on_update) = (s.at("CheckRestart").clone(), s.s("OnUpdate").to_owned());
    each(s, "Checks", |c| {
        c.put("CheckRestart", merged_restart(&restart, c.at("CheckRestart")));
        at(c, "CheckRestart", |r| fill(r, json!({"Grace": SECOND})));
        for key in ["SuccessBeforePassing", "FailuresBeforeCritical", "FailuresBeforeWarning"] {
            if c.i(key) < 0 {
                c.put(key, 0);
            }
        }
        fill_empty(c, "OnUpdate", &on_update);
    });
}

/// What a check says about restarts, and the service where it says nothing.
fn merged_restart(service: &Value, check: &Value) -> Value {
    match (service.is_null(), check.is_null()) {
        (true, _) => check.clone(),
        (_, true) => service.clone(),
        _ => {
            let mut out = service.clone();
            if check.i("Limit") > 0 {
                out.put("Limit", check.i("Limit"));
            }
            if check.has("Grace") {
                out.put("Grace", check.at("Grace").clone());
            }
            if check.b("IgnoreWarnings") {
                out.put("IgnoreWarnings", true);
            }
            out
        }
    }
}

fn connect(c: &mut Value) {
    at(c, "SidecarService", |s| {
        no_empty(s, &["Tags", "Meta"]);
        at(s, "Proxy", |p| {
            at(p, "Expose", |e| no_empty(e, &["Paths", "Path"]));
            no_empty(p, &["Upstreams", "Config"]);
            at(p, "TransparentProxy", |t| {
                no_empty(
                    t,
                    &["ExcludeInboundPorts", "ExcludeOutboundCIDRs", "ExcludeOutboundPorts", "ExcludeUIDs"],
                );
            });
            each(p, "Upstreams", |u| no_empty(u, &["Config"]));
        });
    });
    at(c, "SidecarTask", |t| {
        no_empty(t, &["Config", "Env", "Meta"]);
        fill(t, json!({"Resources": {}, "LogConfig": {}, "KillTimeout": 5 * SECOND, "ShutdownDelay": 0}));
        at(t, "Resources", resources);
        at(t, "LogConfig", |l| fill(l, merged(&json!({"Enabled": null}), &logs_default())));
        each(t, "VolumeMounts", volume_mount);
    });
    at(c, "Gateway", |g| {
        at(g, "Proxy", |p| {
            fill(p, json!({"ConnectTimeout": 5 * SECOND}));
            no_empty(p, &["EnvoyGatewayBindAddresses", "Config"]);
        });
        at(g, "Ingress", |i| {
            no_empty(i, &["Listeners"]);
            each(i, "Listeners", |l| {
                fill_empty(l, "Protocol", "tcp");
                no_empty(l, &["Services"]);
            });
        });
        at(g, "Terminating", |t| no_empty(t, &["Services"]));
    });
}
