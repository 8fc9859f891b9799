//! KV version 2: versions, check-and-set, soft deletion, destruction, metadata.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::request::{Failure, Operation, Outcome, Reply, Request};
use super::super::value::{Object, boolean, go_duration, integer, parse_go_duration, text};
use super::{Context, children, folder};

const DEFAULT_MAX_VERSIONS: u64 = 10;

/// A version 2 mount.
#[derive(Debug, Default)]
pub(crate) struct Kv2 {
    settings: Settings,
    entries: BTreeMap<String, Entry>,
}

/// What both the mount and each key can set.
#[derive(Clone, Debug, Default)]
struct Settings {
    cas_required: bool,
    /// In nanoseconds; 0 is never, negative is off even if the mount says otherwise.
    delete_version_after: i128,
    max_versions: u64,
}

#[derive(Clone, Debug)]
struct Entry {
    settings: Settings,
    created: Timestamp,
    updated: Timestamp,
    current: u64,
    oldest: u64,
    custom: Option<Object>,
    versions: BTreeMap<u64, Version>,
}

#[derive(Clone, Debug)]
struct Version {
    created: Timestamp,
    deletion: Option<Timestamp>,
    destroyed: bool,
    data: Option<Object>,
}

impl Version {
    fn deleted(&self, now: Timestamp) -> bool {
        self.deletion.is_some_and(|at| at <= now)
    }

    fn show(&self) -> Object {
        let mut out = Object::new();
        out.insert("created_time".into(), json!(self.created.to_string()));
        out.insert("deletion_time".into(), json!(self.deletion.map(|t| t.to_string()).unwrap_or_default()));
        out.insert("destroyed".into(), json!(self.destroyed));
        out
    }
}

impl Entry {
    fn new(now: Timestamp) -> Self {
        Self {
            settings: Settings::default(),
            created: now,
            updated: now,
            current: 0,
            oldest: 0,
            custom: None,
            versions: BTreeMap::new(),
        }
    }

    fn version_metadata(&self, number: u64, version: &Version) -> Value {
        let mut out = version.show();
        out.insert("custom_metadata".into(), json!(self.custom));
        out.insert("version".into(), json!(number));
        Value::Object(out)
    }

    /// The version asked for; 0 is the current one.
    fn version(&self, number: u64) -> Option<(u64, &Version)> {
        let number = if number == 0 { self.current } else { number };
        self.versions.get(&number).map(|v| (number, v))
    }

    fn add(&mut self, now: Timestamp, mount: &Settings, data: Option<Object>) -> Value {
        self.current += 1;
        self.updated = now;
        let version = Version {
            created: now,
            deletion: deletion_time(now, mount, &self.settings),
            destroyed: false,
            data,
        };
        let shown = self.version_metadata(self.current, &version);
        self.versions.insert(self.current, version);
        let limit = match mount.max_versions.max(self.settings.max_versions) {
            0 => DEFAULT_MAX_VERSIONS,
            n => n,
        };
        if let Some(last_gone) = self.current.checked_sub(limit).filter(|n| *n > 0) {
            self.versions.retain(|number, _| *number > last_gone);
            self.oldest = last_gone + 1;
        }
        shown
    }
}

/// When a version written now deletes itself.
fn deletion_time(now: Timestamp, mount: &Settings, entry: &Settings) -> Option<Timestamp> {
    if mount.delete_version_after < 0 || entry.delete_version_after < 0 {
        return None;
    }
    let after =
        [mount.delete_version_after, entry.delete_version_after].into_iter().filter(|n| *n > 0).min()?;
    Timestamp::from_nanosecond(now.as_nanosecond().saturating_add(after)).ok()
}

impl Settings {
    fn update(&mut self, request: &Request) -> Result<(), Failure> {
        // A null in a patch puts the default back.
        if let Some(value) = request.data.get("cas_required") {
            self.cas_required = boolean(value).unwrap_or(false);
        }
        if let Some(value) = request.data.get("max_versions") {
            let n = if value.is_null() { Some(0) } else { integer(value) };
            self.max_versions = n
                .and_then(|n| u64::try_from(n).ok())
                .ok_or_else(|| Failure::bad("max_versions must not be negative"))?;
        }
        if let Some(value) = request.data.get("delete_version_after") {
            self.delete_version_after = match value {
                Value::Null => 0,
                Value::Number(n) => i128::from(n.as_i64().unwrap_or(0)) * 1_000_000_000,
                other => {
                    let text = text(other);
                    parse_go_duration(&text)
                        .or_else(|| text.parse::<i64>().ok().map(|n| i128::from(n) * 1_000_000_000))
                        .ok_or_else(|| Failure::bad(format!("time: invalid duration {text:?}")))?
                }
            };
        }
        Ok(())
    }

    fn show(&self, out: &mut Object) {
        out.insert("cas_required".into(), json!(self.cas_required));
        out.insert("delete_version_after".into(), json!(go_duration(self.delete_version_after)));
        out.insert("max_versions".into(), json!(self.max_versions));
    }
}

impl Kv2 {
    pub(crate) fn exists(&self, rest: &str) -> Option<bool> {
        match rest.split_once('/') {
            Some(("data" | "metadata", path)) => Some(self.entries.contains_key(path)),
            _ => None,
        }
    }

    pub(crate) fn handle(&mut self, context: &Context, request: &Request, rest: &str) -> Outcome {
        if rest == "config" {
            return self.config(request);
        }
        let (area, path) = rest.split_once('/').unwrap_or((rest, ""));
        let now = context.now;
        match (area, request.operation) {
            ("data", Operation::Read | Operation::Header) => self.read(now, request, path),
            ("data", Operation::Create | Operation::Update) => self.write(now, request, path),
            ("data", Operation::Patch) => self.patch(now, request, path),
            ("data", Operation::Delete) => {
                if let Some(entry) = self.entries.get_mut(path) {
                    let current = entry.current;
                    delete(entry, &[current], now);
                }
                Ok(None)
            }
            ("delete" | "undelete" | "destroy", Operation::Create | Operation::Update) => {
                self.change_versions(now, request, area, path)
            }
            ("metadata", operation) => self.metadata(now, request, operation, path),
            ("subkeys", Operation::Read) => self.subkeys(now, request, path),
            ("data" | "delete" | "undelete" | "destroy" | "subkeys", _) => {
                Err(Failure::unsupported_operation())
            }
            (_, operation) => {
                let verb = match operation {
                    Operation::Read | Operation::Header => "get",
                    Operation::List => "list",
                    Operation::Delete => "delete",
                    _ => "put",
                };
                let advice = format!(
                    "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API \
                     endpoints to use. If using the Vault CLI, use 'vault kv {verb}' for this operation."
                );
                Ok(Some(Reply::warning(advice).status(404)))
            }
        }
    }

    fn config(&mut self, request: &Request) -> Outcome {
        match request.operation {
            Operation::Read => {
                let mut data = Object::new();
                self.settings.show(&mut data);
                Ok(Some(Reply::data(data.into())))
            }
            Operation::Create | Operation::Update => {
                self.settings.update(request)?;
                Ok(None)
            }
            _ => Err(Failure::unsupported_operation()),
        }
    }

    fn read(&self, now: Timestamp, request: &Request, path: &str) -> Outcome {
        let Some((entry, number, version)) = self.find(request, path)? else { return Ok(None) };
        let metadata = entry.version_metadata(number, version);
        if version.destroyed || version.deleted(now) {
            return Ok(Some(Reply::data(json!({ "data": null, "metadata": metadata })).status(404)));
        }
        Ok(Some(Reply::data(json!({ "data": version.data, "metadata": metadata }))))
    }

    fn find(&self, request: &Request, path: &str) -> Result<Option<(&Entry, u64, &Version)>, Failure> {
        let number = request.integer("version")?.and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
        Ok(self.entries.get(path).and_then(|entry| entry.version(number).map(|(n, v)| (entry, n, v))))
    }

    fn check_cas(&self, request: &Request, path: &str) -> Result<(), Failure> {
        let entry = self.entries.get(path);
        let options = match request.data.get("options") {
            None | Some(Value::Null) => None,
            Some(Value::Object(options)) => Some(options),
            Some(_) => return Err(Failure::bad("error parsing options: expected a map")),
        };
        match options.and_then(|o| o.get("cas")) {
            Some(cas) => {
                let cas = integer(cas)
                    .and_then(|n| u64::try_from(n).ok())
                    .ok_or_else(|| Failure::bad("error parsing check-and-set parameter"))?;
                if cas == entry.map_or(0, |e| e.current) {
                    Ok(())
                } else {
                    Err(Failure::bad("check-and-set parameter did not match the current version"))
                }
            }
            None if self.settings.cas_required || entry.is_some_and(|e| e.settings.cas_required) => {
                Err(Failure::bad("check-and-set parameter required for this call"))
            }
            None => Ok(()),
        }
    }

    fn write(&mut self, now: Timestamp, request: &Request, path: &str) -> Outcome {
        if path.is_empty() {
            return Err(Failure::unsupported_path());
        }
        let data = match request.data.get("data") {
            Some(Value::Object(data)) => Some(data.clone()),
            // A version without data.
            Some(Value::Null) => None,
            None => return Err(Failure::bad("no data provided")),
            Some(_) => {
                return Err(Failure::bad(
                    "Field validation failed: error converting input for field \"data\": expected a map",
                ));
            }
        };
        self.check_cas(request, path)?;
        let entry = self.entries.entry(path.to_owned()).or_insert_with(|| Entry::new(now));
        Ok(Some(Reply::data(entry.add(now, &self.settings, data))))
    }

    fn patch(&mut self, now: Timestamp, request: &Request, path: &str) -> Outcome {
        let Some(Value::Object(changes)) = request.data.get("data") else {
            return Err(Failure::bad("no data provided"));
        };
        let Some(entry) = self.entries.get(path) else {
            return Ok(Some(Reply::data(Value::Null).status(404)));
        };
        let Some((number, version)) = entry.version(0) else {
            return Ok(Some(Reply::data(Value::Null).status(404)));
        };
        if version.destroyed || version.deleted(now) {
            let metadata = entry.version_metadata(number, version);
            return Ok(Some(Reply::data(json!({ "data": null, "metadata": metadata })).status(404)));
        }
        let mut data = Value::Object(version.data.clone().unwrap_or_default());
        self.check_cas(request, path)?;
        merge_patch(&mut data, &Value::Object(changes.clone()));
        let Value::Object(data) = data else { return Ok(None) };
        let settings = self.settings.clone();
        Ok(self.entries.get_mut(path).map(|entry| Reply::data(entry.add(now, &settings, Some(data)))))
    }

    fn change_versions(&mut self, now: Timestamp, request: &Request, what: &str, path: &str) -> Outcome {
        let numbers: Vec<u64> = request
            .strings("versions")
            .or_else(|| request.data.get("versions").map(|v| vec![text(v)]))
            .unwrap_or_default()
            .iter()
            .filter_map(|n| n.parse().ok())
            .collect();
        if numbers.is_empty() {
            return Err(Failure::bad("No version number provided"));
        }
        let settings = self.settings.clone();
        let Some(entry) = self.entries.get_mut(path) else {
            return if what == "delete" { Ok(None) } else { Ok(Some(Reply::data(Value::Null).status(404))) };
        };
        match what {
            "delete" => delete(entry, &numbers, now),
            "undelete" => {
                let again = deletion_time(now, &settings, &entry.settings);
                for (number, version) in &mut entry.versions {
                    if numbers.contains(number) && !version.destroyed {
                        version.deletion = again;
                    }
                }
            }
            _ => {
                for number in &numbers {
                    if let Some(version) = entry.versions.get_mut(number) {
                        version.destroyed = true;
                        version.data = None;
                    }
                }
            }
        }
        Ok(None)
    }

    fn metadata(&mut self, now: Timestamp, request: &Request, operation: Operation, path: &str) -> Outcome {
        match operation {
            Operation::List => Reply::keys(children(self.entries.keys().map(String::as_str), &folder(path))),
            Operation::Read | Operation::Header => Ok(self.entries.get(path).map(|entry| {
                let mut data = Object::new();
                entry.settings.show(&mut data);
                let versions: Object =
                    entry.versions.iter().map(|(n, v)| (n.to_string(), v.show().into())).collect();
                let fields = [
                    ("created_time", json!(entry.created.to_string())),
                    ("current_version", json!(entry.current)),
                    ("custom_metadata", json!(entry.custom)),
                    ("oldest_version", json!(entry.oldest)),
                    ("updated_time", json!(entry.updated.to_string())),
                    ("versions", versions.into()),
                ];
                data.extend(fields.map(|(k, v)| (k.to_owned(), v)));
                Reply::data(data.into())
            })),
            Operation::Create | Operation::Update => {
                if path.is_empty() {
                    return Err(Failure::unsupported_path());
                }
                let custom = custom_metadata(request.data.get("custom_metadata"))?;
                let entry = self.entries.entry(path.to_owned()).or_insert_with(|| Entry::new(now));
                entry.settings.update(request)?;
                if request.has("custom_metadata") {
                    entry.custom = custom;
                }
                entry.updated = if entry.current == 0 { now } else { entry.updated };
                Ok(None)
            }
            Operation::Patch => {
                let Some(entry) = self.entries.get_mut(path) else {
                    return Ok(Some(Reply::data(Value::Null).status(404)));
                };
                match request.data.get("custom_metadata") {
                    Some(Value::Null) => entry.custom = None,
                    Some(changes) => {
                        let mut merged = json!(entry.custom);
                        merge_patch(&mut merged, changes);
                        entry.custom = custom_metadata(Some(&merged))?;
                    }
                    None => {}
                }
                entry.settings.update(request)?;
                Ok(None)
            }
            Operation::Delete => {
                self.entries.remove(path);
                Ok(None)
            }
        }
    }

    fn subkeys(&self, now: Timestamp, request: &Request, path: &str) -> Outcome {
        let Some((entry, number, version)) = self.find(request, path)? else { return Ok(None) };
        let metadata = entry.version_metadata(number, version);
        if version.destroyed || version.deleted(now) {
            return Ok(Some(Reply::data(json!({ "subkeys": null, "metadata": metadata })).status(404)));
        }
        let depth = request.integer("depth")?.unwrap_or(0);
        let data = Value::Object(version.data.clone().unwrap_or_default());
        Ok(Some(Reply::data(json!({ "subkeys": subkeys(&data, depth, 1), "metadata": metadata }))))
    }
}

/// Keys without values; a depth of 0 is unlimited.
fn subkeys(value: &Value, depth: i64, level: i64) -> Value {
    match value {
        Value::Object(object) if !object.is_empty() && (depth == 0 || level <= depth) => {
            object.iter().map(|(k, v)| (k.clone(), subkeys(v, depth, level + 1))).collect::<Object>().into()
        }
        _ => Value::Null,
    }
}

fn delete(entry: &mut Entry, numbers: &[u64], now: Timestamp) {
    for number in numbers {
        if let Some(version) = entry.versions.get_mut(number)
            && !version.destroyed
            && !version.deleted(now)
        {
            version.deletion = Some(now);
        }
    }
}

fn custom_metadata(value: Option<&Value>) -> Result<Option<Object>, Failure> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(None) };
    let fail = |why: &str| Failure::bad(format!("custom_metadata validation failed: {why}"));
    let object = value.as_object().ok_or_else(|| fail("expected a map of strings"))?;
    if object.len() > 64 {
        return Err(fail("payload must contain at most 64 keys"));
    }
    let mut out = Object::new();
    for (key, value) in object {
        if key.len() > 128 || text(value).len() > 512 {
            return Err(fail("length of key must be 0 < len(key) <= 128 and of value 0 < len(value) <= 512"));
        }
        if matches!(value, Value::Object(_) | Value::Array(_)) {
            return Err(fail("expected a map of strings"));
        }
        out.insert(key.clone(), json!(text(value)));
    }
    Ok(Some(out))
}

/// RFC 7396.
pub(crate) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Object::new());
    }
    if let Value::Object(target) = target {
        for (key, change) in changes {
            if change.is_null() {
                target.remove(key);
            } else {
                merge_patch(target.entry(key.clone()).or_insert(Value::Null), change);
            }
        }
    }
}
