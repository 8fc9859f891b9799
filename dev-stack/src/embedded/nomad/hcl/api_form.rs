//! The job as the API's clients have it: every field there, defaults on request.

use serde_json::{Value, json};

use crate::embedded::nomad::canonical;
use crate::embedded::nomad::json::Json as _;

/// `template`'s fields with what `v` has of them.
fn over(v: &Value, template: Value) -> Value {
    let Value::Object(mut out) = template else { return template };
    for (k, slot) in &mut out {
        if v.has(k) {
            *slot = v.at(k).clone();
        }
    }
    Value::Object(out)
}

fn each(v: &Value, f: impl Fn(&Value) -> Value) -> Value {
    match v.as_array() {
        Some(items) => items.iter().map(f).collect(),
        None => Value::Null,
    }
}

/// The job with every field of the Go client's types; `full` fills in the client's defaults.
pub(super) fn api_form(job: &Value, full: bool) -> Value {
    let d = |v: Value| if full { v } else { Value::Null };
    let mut out = over(
        job,
        json!({
            "Affinities": null, "AllAtOnce": d(false.into()), "Constraints": null, "ConsulNamespace": d("".into()), "CreateIndex": d(0.into()), "Datacenters": null,
            "DispatchIdempotencyToken": null, "Dispatched": false, "ID": null, "JobModifyIndex": d(0.into()), "Meta": null, "Migrate": null, "ModifyIndex": d(0.into()),
            "Multiregion": null, "Name": null, "Namespace": d("default".into()), "NodePool": d("".into()), "NomadTokenID": d("".into()), "ParameterizedJob": null, "ParentID": d("".into()),
            "Payload": null, "Periodic": null, "Priority": d(50.into()), "Region": d("global".into()), "Reschedule": null, "Spreads": null, "Stable": d(false.into()),
            "Status": d("".into()), "StatusDescription": d("".into()), "Stop": d(false.into()), "SubmitTime": null, "TaskGroups": null, "Type": d("service".into()), "UI": null,
            "Update": null, "VaultNamespace": d("".into()), "Version": d(0.into()), "VersionTag": null,
        }),
    );
    let kind = if job.s("Type").is_empty() { "service" } else { job.s("Type") };
    for key in ["Constraints", "Affinities"] {
        let v = each(job.at(key), |c| targets(c, key == "Affinities"));
        out.put(key, v);
    }
    let update = |u: &Value| {
        over(
            u,
            json!({"AutoPromote": null, "AutoRevert": null, "Canary": null, "HealthCheck": null, "HealthyDeadline": null, "MaxParallel": null,
        "MinHealthyTime": null, "ProgressDeadline": null, "Stagger": null}),
        )
    };
    if job.has("Update") {
        out.put("Update", update(job.at("Update")));
    }
    if job.has("Periodic") {
        out.put("Periodic", over(job.at("Periodic"), json!({"Enabled": d(true.into()), "ProhibitOverlap": d(false.into()), "Spec": d("".into()), "SpecType": "cron", "Specs": d(json!([])), "TimeZone": d("UTC".into())})));
    }
    if job.has("ParameterizedJob") {
        out.put(
            "ParameterizedJob",
            over(
                job.at("ParameterizedJob"),
                json!({"MetaOptional": null, "MetaRequired": null, "Payload": d("optional".into())}),
            ),
        );
    }
    let groups = each(job.at("TaskGroups"), |tg| group(tg, job, kind, full, &update));
    out.put("TaskGroups", groups);
    out
}

fn targets(c: &Value, weight: bool) -> Value {
    let mut out = json!({"LTarget": c.s("LTarget"), "RTarget": c.s("RTarget"), "Operand": if c.s("Operand").is_empty() { "=" } else { c.s("Operand") }});
    if weight {
        out.put("Weight", c.at("Weight").clone());
    }
    out
}

fn group(tg: &Value, job: &Value, kind: &str, full: bool, update: &dyn Fn(&Value) -> Value) -> Value {
    let d = |v: Value| if full { v } else { Value::Null };
    let mut out = over(
        tg,
        json!({
            "Affinities": null, "Constraints": null, "Consul": null, "Count": d(1.into()), "Disconnect": null, "EphemeralDisk": null, "MaxClientDisconnect": null,
            "MaxRunDuration": null, "Meta": null, "Migrate": null, "Name": null, "Networks": null, "PreventRescheduleOnLost": null, "ReschedulePolicy": null,
            "RestartPolicy": null, "Scaling": null, "Services": null, "ShutdownDelay": null, "Spreads": null, "StopAfterClientDisconnect": null, "Tasks": null,
            "Update": null, "Volumes": null,
        }),
    );
    for key in ["Constraints", "Affinities"] {
        let v = each(tg.at(key), |c| targets(c, key == "Affinities"));
        out.put(key, v);
    }
    if full || tg.has("EphemeralDisk") {
        out.put(
            "EphemeralDisk",
            over(
                tg.at("EphemeralDisk"),
                json!({"Migrate": d(false.into()), "SizeMB": d(300.into()), "Sticky": d(false.into())}),
            ),
        );
    }
    let restart_default = canonical::restart_default(kind);
    if full {
        out.put("RestartPolicy", over(tg.at("RestartPolicy"), restart_default.clone()));
        let from = if tg.has("ReschedulePolicy") { tg.at("ReschedulePolicy") } else { job.at("Reschedule") };
        out.put("ReschedulePolicy", over(from, canonical::reschedule_default(kind)));
        if kind == "service" {
            let from = if tg.has("Migrate") { tg.at("Migrate") } else { job.at("Migrate") };
            out.put("Migrate", over(from, json!({"HealthCheck": "checks", "HealthyDeadline": 300_000_000_000_u64, "MaxParallel": 1, "MinHealthyTime": 10_000_000_000_u64})));
        }
        if tg.has("Update") || job.has("Update") {
            let mut u = json!({"AutoPromote": false, "AutoRevert": false, "Canary": 0, "HealthCheck": "checks", "HealthyDeadline": 300_000_000_000_u64, "MaxParallel": 1,
                "MinHealthyTime": 10_000_000_000_u64, "ProgressDeadline": 600_000_000_000_u64, "Stagger": 30_000_000_000_u64});
            u = over(job.at("Update"), u);
            out.put("Update", over(tg.at("Update"), u));
        }
    } else if tg.has("Update") {
        out.put("Update", update(tg.at("Update")));
    }
    if tg.has("Scaling") {
        out.put("Scaling", over(tg.at("Scaling"), json!({"CreateIndex": 0, "Enabled": d(true.into()), "ID": "", "Max": null, "Min": d(tg.at("Count").clone()), "ModifyIndex": 0, "Namespace": "", "Policy": null, "Target": null, "Type": d("horizontal".into())})));
    }
    let services = each(tg.at("Services"), service);
    out.put("Services", services);
    let restart = out.at("RestartPolicy").clone();
    let tasks = each(tg.at("Tasks"), |t| task(t, full, &restart));
    out.put("Tasks", tasks);
    out
}

fn service(s: &Value) -> Value {
    let mut out = over(
        s,
        json!({"Address": "", "AddressMode": "", "CanaryMeta": null, "CanaryTags": null, "CheckRestart": null, "Checks": null, "Cluster": "", "Connect": null,
        "EnableTagOverride": false, "Identity": null, "Kind": "", "Meta": null, "Name": "", "OnUpdate": "", "PortLabel": "", "Provider": "", "TaggedAddresses": null,
        "Tags": null, "TaskName": "", "Weights": null}),
    );
    let checks = each(s.at("Checks"), |c| {
        over(
            c,
            json!({"AddressMode": "", "Advertise": "", "Args": null, "Body": "", "CheckRestart": null, "Command": "", "Expose": false,
        "FailuresBeforeCritical": 0, "FailuresBeforeWarning": 0, "GRPCService": "", "GRPCUseTLS": false, "Header": null, "InitialStatus": "", "Interval": 0, "Method": "",
        "Name": "", "Notes": "", "OnUpdate": "", "Path": "", "PortLabel": "", "Protocol": "", "SuccessBeforePassing": 0, "TLSServerName": "", "TLSSkipVerify": false,
        "TaskName": "", "Timeout": 0, "Type": ""}),
        )
    });
    out.put("Checks", checks);
    out
}

fn identity(i: &Value) -> Value {
    over(
        i,
        json!({"Audience": null, "ChangeMode": "", "ChangeSignal": "", "Env": false, "ExtraClaims": null, "File": false, "Filepath": "", "Name": "", "ServiceName": "", "TTL": 0}),
    )
}

fn task(t: &Value, full: bool, restart: &Value) -> Value {
    let d = |v: Value| if full { v } else { Value::Null };
    let mut out = over(
        t,
        json!({
            "Actions": null, "Affinities": null, "Artifacts": null, "Config": null, "Constraints": null, "Consul": null, "DispatchPayload": null, "Driver": "", "Env": null,
            "Identities": null, "Identity": null, "KillSignal": "", "KillTimeout": d(5_000_000_000_u64.into()), "Kind": "", "Leader": false, "Lifecycle": null, "LogConfig": null,
            "Meta": null, "Name": "", "Resources": null, "RestartPolicy": null, "ScalingPolicies": null, "Schedule": null, "Secrets": null, "Services": null, "ShutdownDelay": 0,
            "Templates": null, "User": "", "Vault": null, "VolumeMounts": null,
        }),
    );
    for key in ["Constraints", "Affinities"] {
        let v = each(t.at(key), |c| targets(c, key == "Affinities"));
        out.put(key, v);
    }
    if full || t.has("LogConfig") {
        out.put("LogConfig", over(t.at("LogConfig"), json!({"Disabled": d(false.into()), "Enabled": null, "MaxFileSizeMB": d(10.into()), "MaxFiles": d(10.into())})));
    }
    if full || t.has("Resources") {
        let cpu = if t.at("Resources").has("Cores") { 0 } else { 100 };
        out.put("Resources", over(t.at("Resources"), json!({"CPU": d(cpu.into()), "Cores": d(0.into()), "Devices": null, "DiskMB": null, "IOPS": null, "MemoryMB": d(300.into()),
            "MemoryMaxMB": null, "NUMA": null, "Networks": null, "SecretsMB": null})));
    }
    if full {
        out.put("RestartPolicy", over(t.at("RestartPolicy"), restart.clone()));
    }
    let services = each(t.at("Services"), service);
    out.put("Services", services);
    let templates = each(t.at("Templates"), |t| {
        over(
            t,
            json!({"ChangeMode": d("restart".into()), "ChangeScript": null, "ChangeSignal": d("".into()), "DestPath": null, "EmbeddedTmpl": d("".into()),
        "Envvars": d(false.into()), "ErrMissingKey": d(false.into()), "Gid": null, "LeftDelim": d("{{".into()), "Once": d(false.into()), "Perms": d("0644".into()), "RightDelim": d("}}".into()),
        "SourcePath": d("".into()), "Splay": d(5_000_000_000_u64.into()), "Uid": null, "VaultGrace": d(0.into()), "Wait": null}),
        )
    });
    out.put("Templates", templates);
    if t.has("Vault") {
        out.put("Vault", over(t.at("Vault"), json!({"AllowTokenExpiration": d(false.into()), "ChangeMode": d("restart".into()), "ChangeSignal": d("SIGHUP".into()), "Cluster": d("default".into()),
            "DisableFile": d(false.into()), "Env": d(true.into()), "Namespace": d("".into()), "Policies": null, "Role": ""})));
    }
    let default = t.a("Identities").iter().find(|i| matches!(i.s("Name"), "" | "default")).map(identity);
    let named: Vec<Value> =
        t.a("Identities").iter().filter(|i| !matches!(i.s("Name"), "" | "default")).map(identity).collect();
    out.put("Identity", default);
    out.put("Identities", if named.is_empty() { Value::Null } else { named.into() });
    let artifacts = each(t.at("Artifacts"), |a| {
        over(
            a,
            json!({"Chown": false, "GetterHeaders": null, "GetterInsecure": d(false.into()), "GetterMode": d("any".into()), "GetterOptions": null, "GetterSource": null, "RelativeDest": null}),
        )
    });
    out.put("Artifacts", artifacts);
    out
}
