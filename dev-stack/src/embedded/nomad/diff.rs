//! Structured differences between two job specifications, with the scheduler's annotations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::json::Json as _;
use super::reconcile::Plan;

/// Fields that belong to a version, not to a specification.
const IGNORED: [&str; 16] = [
    "ID",
    "Status",
    "StatusDescription",
    "Version",
    "Stable",
    "CreateIndex",
    "ModifyIndex",
    "JobModifyIndex",
    "Update",
    "SubmitTime",
    "NomadTokenID",
    "VersionTag",
    "TaskGroups",
    "Payload",
    "DispatchIdempotencyToken",
    "Multiregion",
];

/// `old` against `new`; with `context`, unchanged siblings of changed fields are shown in objects.
pub(crate) fn job(old: Option<&Value>, new: Option<&Value>, context: bool, plan: Option<&Plan>) -> Value {
    let empty = Value::Null;
    let (a, b) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let (mut fields, mut objects) = (Vec::new(), Vec::new());
    contents(a, b, &IGNORED, false, &mut fields, &mut objects);
    let names: BTreeSet<&str> =
        a.a("TaskGroups").iter().chain(b.a("TaskGroups")).map(|tg| tg.s("Name")).collect();
    let find = |j: &Value, name: &str| j.a("TaskGroups").iter().find(|tg| tg.s("Name") == name).cloned();
    let groups: Vec<Value> = names
        .into_iter()
        .map(|name| group(name, find(a, name).as_ref(), find(b, name).as_ref(), context, plan))
        .collect();
    let changed = !fields.is_empty() || !objects.is_empty() || groups.iter().any(|g| g.s("Type") != "None");
    let kind = kind(old.is_some(), new.is_some(), changed);
    json!({"Type": kind, "ID": new.or(old).map_or("", |j| j.s("ID")), "Fields": list(fields), "Objects": list(objects), "TaskGroups": list(groups)})
}

fn kind(old: bool, new: bool, changed: bool) -> &'static str {
    match (old, new) {
        (false, true) => "Added",
        (true, false) => "Deleted",
        _ if changed => "Edited",
        _ => "None",
    }
}

fn list(v: Vec<Value>) -> Value {
    if v.is_empty() { Value::Null } else { v.into() }
}

fn group(name: &str, old: Option<&Value>, new: Option<&Value>, context: bool, plan: Option<&Plan>) -> Value {
    let empty = Value::Null;
    let (a, b) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let (mut fields, mut objects) = (Vec::new(), Vec::new());
    contents(a, b, &["Name", "Tasks"], context, &mut fields, &mut objects);
    for f in &mut fields {
        if plan.is_some() && f.s("Name") == "Count" {
            let (before, after): (i64, i64) =
                (f.s("Old").parse().unwrap_or(0), f.s("New").parse().unwrap_or(0));
            if after > before {
                f.put("Annotations", json!(["forces create"]));
            } else if after < before {
                f.put("Annotations", json!(["forces destroy"]));
            }
        }
    }
    let names: BTreeSet<&str> = a.a("Tasks").iter().chain(b.a("Tasks")).map(|t| t.s("Name")).collect();
    let find = |g: &Value, name: &str| g.a("Tasks").iter().find(|t| t.s("Name") == name).cloned();
    let tasks: Vec<Value> = names
        .into_iter()
        .map(|t| {
            task(
                t,
                find(a, t).as_ref(),
                find(b, t).as_ref(),
                context,
                plan.is_some(),
                old.is_some() && new.is_some(),
            )
        })
        .collect();
    // Order and repetition make a difference too, one without a line of its own.
    let repeated = a.a("Constraints") != b.a("Constraints");
    let changed =
        !fields.is_empty() || !objects.is_empty() || repeated || tasks.iter().any(|t| t.s("Type") != "None");
    let updates = plan.and_then(|p| p.annotations.get(name)).map_or(Value::Null, |u| {
        let mut out = json!({});
        for (key, n) in [
            ("ignore", u.ignore),
            ("create", u.place),
            ("migrate", u.migrate),
            ("destroy", u.stop),
            ("in-place update", u.inplace),
            ("create/destroy update", u.destructive),
            ("canary", u.canary),
        ] {
            if n > 0 {
                out.put(key, n);
            }
        }
        out
    });
    json!({"Type": kind(old.is_some(), new.is_some(), changed), "Name": name, "Fields": list(fields), "Objects": list(objects), "Tasks": list(tasks), "Updates": updates})
}

/// Changes of these alone are made without replacing the allocation.
const IN_PLACE: [&str; 6] =
    ["KillTimeout", "ShutdownDelay", "RestartPolicy", "Constraint", "Service", "LogConfig"];

fn task(
    name: &str,
    old: Option<&Value>,
    new: Option<&Value>,
    context: bool,
    annotate: bool,
    group_stays: bool,
) -> Value {
    let empty = Value::Null;
    let (a, b) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
    let (mut fields, mut objects) = (Vec::new(), Vec::new());
    let ignored = ["Name", "RestartPolicy"];
    contents(a, b, &ignored, context, &mut fields, &mut objects);
    let changed = !fields.is_empty() || !objects.is_empty();
    let kind = kind(old.is_some(), new.is_some(), changed);
    let annotations = match kind {
        _ if !annotate => Value::Null,
        "None" => Value::Null,
        "Added" if !group_stays => json!(["forces create"]),
        "Deleted" if !group_stays => json!(["forces destroy"]),
        "Edited" => {
            let soft = fields.iter().chain(&objects).all(|v| IN_PLACE.contains(&v.s("Name")));
            json!([if soft { "forces in-place update" } else { "forces create/destroy update" }])
        }
        _ => json!(["forces create/destroy update"]),
    };
    json!({"Type": kind, "Name": name, "Annotations": annotations, "Fields": list(fields), "Objects": list(objects)})
}

/// What an object is called in a diff: lists of things by the thing.
fn singular(name: &str) -> &str {
    match name {
        "Constraints" => "Constraint",
        "Affinities" => "Affinity",
        "Spreads" => "Spread",
        "SpreadTarget" => "SpreadTarget",
        "Networks" => "Network",
        "Services" => "Service",
        "Checks" => "Check",
        "Templates" => "Template",
        "Artifacts" => "Artifact",
        "Identities" => "Identity",
        "VolumeMounts" => "VolumeMount",
        "Volumes" => "Volume",
        "DynamicPorts" => "Dynamic Port",
        "ReservedPorts" => "Static Port",
        "Devices" => "Device",
        "Actions" => "Action",
        "Periodic" => "Periodic",
        other => other,
    }
}

/// Free-form sections are shown flat, with paths as names.
const FLAT: [&str; 5] = ["Config", "Policy", "Meta", "Env", "Header"];

/// The differing fields and objects of two values.
fn contents(
    a: &Value,
    b: &Value,
    ignored: &[&str],
    context: bool,
    fields: &mut Vec<Value>,
    objects: &mut Vec<Value>,
) {
    let empty = serde_json::Map::new();
    let (x, y) = (a.as_object().unwrap_or(&empty), b.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = x.keys().chain(y.keys()).collect();
    for name in names {
        if ignored.contains(&name.as_str()) {
            continue;
        }
        let (u, v) = (a.at(name), b.at(name));
        if u == v {
            continue;
        }
        match name.as_str() {
            // Maps of strings are fields of their owner, except where the section is an object of its own.
            "Meta" | "Env" | "CanaryMeta" => {
                let (from, to) = (flat(u, name), flat(v, name));
                push_fields(&from, &to, false, fields);
            }
            n if FLAT.contains(&n) => {
                let (from, to) = (flat_top(u), flat_top(v));
                let mut inner = Vec::new();
                push_fields(&from, &to, context, &mut inner);
                objects.push(json!({"Type": kind(!u.is_null(), !v.is_null(), true), "Name": n, "Fields": list(inner), "Objects": null}));
            }
            _ => match (u, v) {
                (Value::Array(_), _) | (_, Value::Array(_)) => lists(name, u, v, context, objects),
                (Value::Object(_), _) | (_, Value::Object(_)) => {
                    let section = object(singular(name), u, v, context);
                    // Sections that differ in what the server keeps for itself are the same.
                    if changed(&section) {
                        objects.push(section);
                    }
                }
                _ => {
                    if let Some(f) = field(name, u, v, false) {
                        fields.push(f);
                    }
                }
            },
        }
    }
}

fn object(name: &str, a: &Value, b: &Value, context: bool) -> Value {
    let (mut fields, mut objects) = (Vec::new(), Vec::new());
    contents(a, b, &["CreateIndex", "ModifyIndex", "ID", "Target"], context, &mut fields, &mut objects);
    if context {
        // The unchanged fields around the changed ones.
        let empty = serde_json::Map::new();
        let (x, y) = (a.as_object().unwrap_or(&empty), b.as_object().unwrap_or(&empty));
        for (k, v) in y.iter().chain(x.iter().filter(|(k, _)| !y.contains_key(*k))) {
            if a.at(k) == b.at(k)
                && !v.is_object()
                && !v.is_array()
                && !v.is_null()
                && !a.is_null()
                && !b.is_null()
            {
                fields.push(json!({"Type": "None", "Name": k, "Old": scalar(v), "New": scalar(v), "Annotations": null}));
            }
        }
        fields.sort_by(|l, r| l.s("Name").cmp(r.s("Name")));
    }
    json!({"Type": kind(!a.is_null(), !b.is_null(), true), "Name": name, "Fields": list(fields), "Objects": list(objects)})
}

/// Whether a section is new, gone, or has a field or section that is not what it was.
fn changed(section: &Value) -> bool {
    section.s("Type") != "Edited"
        || !section.a("Objects").is_empty()
        || section.a("Fields").iter().any(|field| field.s("Type") != "None")
}

/// Lists of words as sets; lists of things matched by name, else by equality.
fn lists(name: &str, a: &Value, b: &Value, context: bool, objects: &mut Vec<Value>) {
    let none: Vec<Value> = Vec::new();
    let (x, y) = (a.as_array().unwrap_or(&none), b.as_array().unwrap_or(&none));
    if x.iter().chain(y).all(|v| !v.is_object()) {
        let (from, to): (BTreeSet<String>, BTreeSet<String>) =
            (x.iter().map(scalar).collect(), y.iter().map(scalar).collect());
        let mut fields = Vec::new();
        for w in from.union(&to) {
            let (old, new) = (from.contains(w), to.contains(w));
            if old && new && !context {
                continue;
            }
            let kind = match (old, new) {
                (true, true) => "None",
                (true, false) => "Deleted",
                _ => "Added",
            };
            fields.push(json!({"Type": kind, "Name": name, "Old": if old { w } else { "" }, "New": if new { w } else { "" }, "Annotations": null}));
        }
        if from != to {
            objects.push(json!({"Type": kind(!from.is_empty(), !to.is_empty(), true), "Name": name, "Fields": list(fields), "Objects": null}));
        }
        return;
    }
    let id = |v: &Value| match name {
        "DynamicPorts" | "ReservedPorts" => v.s("Label").to_owned(),
        "Templates" => v.s("DestPath").to_owned(),
        "Constraints" | "Affinities" | "Networks" | "Artifacts" => String::new(),
        _ => v.s("Name").to_owned(),
    };
    let mut left: Vec<&Value> = x.iter().filter(|v| !y.contains(v)).collect();
    let mut right: Vec<&Value> = y.iter().filter(|v| !x.contains(v)).collect();
    let pair_blank = name == "Networks";
    left.retain(|l| {
        let key = id(l);
        let twin = right.iter().position(|r| (pair_blank || !key.is_empty()) && id(r) == key);
        if let Some(i) = twin {
            let r = right.remove(i);
            objects.push(object(singular(name), l, r, context));
        }
        twin.is_none()
    });
    objects.extend(left.into_iter().map(|l| object(singular(name), l, &Value::Null, context)));
    objects.extend(right.into_iter().map(|r| object(singular(name), &Value::Null, r, context)));
}

fn scalar(v: &Value) -> String {
    match v {
        Value::Null => String::new(),
        Value::String(s) => s.clone(),
        Value::Number(n) => n
            .as_f64()
            .filter(|f| f.fract() == 0.0 && n.is_f64())
            .map_or_else(|| n.to_string(), |f| format!("{f:.0}")),
        v => v.to_string(),
    }
}

fn field(name: &str, a: &Value, b: &Value, context: bool) -> Option<Value> {
    let (old, new) = (scalar(a), scalar(b));
    let kind = match (old.is_empty(), new.is_empty()) {
        _ if old == new => "None",
        (true, _) => "Added",
        (_, true) => "Deleted",
        _ => "Edited",
    };
    (kind != "None" || context)
        .then(|| json!({"Type": kind, "Name": name, "Old": old, "New": new, "Annotations": null}))
}

fn push_fields(
    a: &BTreeMap<String, String>,
    b: &BTreeMap<String, String>,
    context: bool,
    out: &mut Vec<Value>,
) {
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    for name in names {
        let (u, v) = (a.get(name), b.get(name));
        let kind = match (u, v) {
            (Some(u), Some(v)) if u == v => "None",
            (None, _) => "Added",
            (_, None) => "Deleted",
            _ => "Edited",
        };
        if kind != "None" || context {
            out.push(json!({"Type": kind, "Name": name, "Old": u.map_or("", |s| s), "New": v.map_or("", |s| s), "Annotations": null}));
        }
    }
}

fn flat_top(v: &Value) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    for (k, v) in v.as_object().into_iter().flatten() {
        out.extend(flat(v, k));
    }
    out
}

fn flat(v: &Value, prefix: &str) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    match v {
        Value::Object(map) => {
            for (k, v) in map {
                out.extend(flat(v, &format!("{prefix}[{k}]")));
            }
        }
        Value::Array(items) => {
            for (i, v) in items.iter().enumerate() {
                out.extend(flat(v, &format!("{prefix}[{i}]")));
            }
        }
        Value::Null => {}
        v => {
            out.insert(prefix.to_owned(), scalar(v));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(image: &str, count: u64) -> Value {
        json!({"ID": "j", "Name": "j", "Meta": {"a": "1"}, "TaskGroups": [{"Name": "g", "Count": count, "Tasks": [
            {"Name": "t", "Driver": "docker", "Config": {"image": image, "args": ["a", "b"]}}]}]})
    }

    #[test]
    fn what_the_server_keeps_for_itself_is_no_difference() {
        let with = |index: u64| json!({"ID": "j", "TaskGroups": [{"Name": "g", "Scaling": {"Min": 1, "Max": 3, "ModifyIndex": index}}]});
        assert_eq!(job(Some(&with(1)), Some(&with(2)), false, None).s("Type"), "None");
        assert_eq!(job(Some(&with(1)), Some(&with(2)), true, None).s("Type"), "None");
    }

    #[test]
    fn the_same_specification_has_no_difference() {
        assert_eq!(job(Some(&with("x:1", 1)), Some(&with("x:1", 1)), true, None)["Type"], "None");
    }

    #[test]
    fn an_image_and_a_count_change_are_found_where_they_are() {
        let d = job(Some(&with("x:1", 1)), Some(&with("x:2", 3)), false, None);
        assert_eq!(d["Type"], "Edited");
        let g = &d["TaskGroups"][0];
        assert_eq!(
            g["Fields"][0],
            json!({"Type": "Edited", "Name": "Count", "Old": "1", "New": "3", "Annotations": null})
        );
        let config = &g["Tasks"][0]["Objects"][0];
        assert_eq!(
            (&config["Name"], &config["Fields"][0]["Name"], &config["Fields"][0]["New"]),
            (&json!("Config"), &json!("image"), &json!("x:2"))
        );
    }

    #[test]
    fn a_new_job_is_all_added() {
        let d = job(None, Some(&with("x:1", 2)), true, None);
        assert_eq!(
            (&d["Type"], &d["TaskGroups"][0]["Type"], &d["TaskGroups"][0]["Tasks"][0]["Type"]),
            (&json!("Added"), &json!("Added"), &json!("Added"))
        );
        assert!(d["Fields"].as_array().unwrap().iter().any(|f| f["Name"] == "Meta[a]" && f["New"] == "1"));
    }
}
