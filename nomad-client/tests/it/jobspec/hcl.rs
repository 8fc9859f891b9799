//! Job files: what Nomad's own parser makes of them.

use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use dev_stack::embedded::{Embedded, EmbeddedOptions};
use nomad_client::hcl;
use nomad_client::jobspec::*;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{everything, recorded_jobs};

/// A file that is removed again.
struct JobFile(PathBuf);

impl JobFile {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("{name}-{}.nomad.hcl", std::process::id()));
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for JobFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Whether there is a `nomad` to ask; tests that need it say so and are done if there is not.
#[track_caller]
fn nomad_is_missing() -> bool {
    let missing = Command::new("nomad").arg("version").output().is_err();
    if missing {
        xtest::skip("no `nomad` on PATH");
    }
    missing
}

/// What the embedded server's parser makes of a job file.
fn embedded(text: &str) -> Value {
    static SERVER: LazyLock<(tokio::runtime::Runtime, Embedded, nomad_client::Client)> =
        LazyLock::new(|| {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            let server = runtime.block_on(Embedded::start(EmbeddedOptions::default())).unwrap();
            let client =
                nomad_client::Client::builder().address(server.nomad_addr()).token(server.nomad_token());
            let client = client.build().unwrap();
            (runtime, server, client)
        });
    let (runtime, _, client) = &*SERVER;
    let job = runtime.block_on(async { client.jobs().parse(text).await });
    serde_json::to_value(job.unwrap_or_else(|error| panic!("{error}\n{text}"))).unwrap()
}

/// What the parsers make of a job file: the embedded server's, and Nomad's where there is one.
fn parsed_by_all(name: &str, text: &str) -> Vec<Value> {
    // Noted once, and not for every text.
    static MISSING: LazyLock<bool> = LazyLock::new(nomad_is_missing);
    let mut answers = vec![embedded(text)];
    if !*MISSING {
        answers.push(parsed(name, text));
    }
    answers
}

/// What Nomad's parser makes of a job file; needs no server.
fn parsed(name: &str, text: &str) -> Value {
    let file = JobFile::new(name, text);
    let output = Command::new("nomad").args(["job", "run", "-output"]).arg(&file.0).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{}\n{text}", String::from_utf8_lossy(&output.stdout));
    let mut answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    answer["Job"].take()
}

/// Every setting of `job` is in `parsed`, which has nothing else but zeros and defaults.
fn assert_same(job: &Job, parsed: &Value, text: &str) {
    // Read by the same types, so that the comparison is about meaning.
    let parsed: Job = serde_json::from_value(parsed.clone()).unwrap();
    let mut differences = Vec::new();
    compare(
        "job",
        &normal(&serde_json::to_value(job).unwrap()),
        &normal(&serde_json::to_value(parsed).unwrap()),
        &mut differences,
    );
    assert!(differences.is_empty(), "{}\n{text}", differences.join("\n"));
}

fn compare(place: &str, wanted: &Value, found: &Value, differences: &mut Vec<String>) {
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys()).collect::<std::collections::BTreeSet<_>>() {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                compare(&format!("{place}.{key}"), a, b, differences);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{place}[{index}]"), a, b, differences);
            }
        }
        (a, b) if a == b => {}
        // What is no pointer in Go cannot be unset.
        (Value::Null, zero) if [json!(""), json!(false), json!(0.0)].contains(zero) => {}
        (a, b) => differences.push(format!("{place}: wanted {a}, found {b}")),
    }
}

/// What servers set, and what the parser adds by itself.
fn normal(job: &Value) -> Value {
    const SERVER: [&str; 17] = [
        "Status",
        "StatusDescription",
        "Version",
        "SubmitTime",
        "CreateIndex",
        "ModifyIndex",
        "JobModifyIndex",
        "Stable",
        "Stop",
        "Dispatched",
        "ParentID",
        "NomadTokenID",
        "DispatchIdempotencyToken",
        "ConsulNamespace",
        "VaultNamespace",
        "Payload",
        "VersionTag",
    ];
    const SCALING: [&str; 5] = ["ID", "Target", "Namespace", "CreateIndex", "ModifyIndex"];
    fn walk(value: &Value, place: &str) -> Value {
        match value {
            Value::Object(object) => {
                let mut object = object.clone();
                match place {
                    "Scaling" | "ScalingPolicies" => {
                        object.retain(|key, _| !SCALING.contains(&key.as_str()));
                        if place == "Scaling" {
                            object.entry("Type").or_insert_with(|| json!("horizontal"));
                        }
                    }
                    "Vault" => {
                        object.entry("Env").or_insert(json!(true));
                        object.entry("DisableFile").or_insert(json!(false));
                        object.entry("ChangeMode").or_insert(json!("restart"));
                    }
                    "Templates" => {
                        object.entry("ChangeMode").or_insert(json!("restart"));
                        object.entry("Perms").or_insert(json!("0644"));
                        object.entry("Splay").or_insert(json!(5_000_000_000_u64));
                        object.entry("ErrMissingKey").or_insert(json!(false));
                    }
                    "Services" => drop(object.remove("Namespace")),
                    "Volumes" | "EnvoyGatewayBindAddresses" => {
                        for value in object.values_mut() {
                            value.as_object_mut().unwrap().remove("Name");
                        }
                    }
                    _ => {}
                }
                let opaque = matches!(place, "Config" | "Policy");
                let place = |key| if opaque { place } else { key };
                let walked = object.iter().map(|(key, value)| (key.clone(), walk(value, place(key))));
                walked.collect::<serde_json::Map<_, _>>().into()
            }
            Value::Array(items) => items.iter().map(|item| walk(item, place)).collect::<Vec<_>>().into(),
            // One number type: the parser makes integers of what is whole.
            Value::Number(number) => json!(number.as_f64()),
            other => other.clone(),
        }
    }
    let mut job = walk(job, "job");
    let object = job.as_object_mut().unwrap();
    object.retain(|key, _| !SERVER.contains(&key.as_str()));
    job
}

#[test]
fn the_parsers_read_the_job_with_everything() {
    let job = everything::job();
    let text = job.to_hcl().unwrap();
    for parsed in parsed_by_all("everything", &text) {
        assert_same(&job, &parsed, &text);
        // Nomad writes all fields it has, in each block: none of them may be unknown.
        let parsed = format!("{:?}", serde_json::from_value::<Job>(parsed).unwrap());
        let unknown: std::collections::BTreeSet<_> =
            parsed.split("extra: {\"").skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        // Old names of `Expose` and `Paths`, which nothing reads any more.
        assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["ExposeConfig\"", "Path\""]);
    }
}

/// Texts made of what HCL trips over.
fn nasty_text() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "$",
        "$$",
        "%",
        "%%",
        "{",
        "}",
        "${",
        "%{",
        "$${",
        "%%{",
        "~",
        "${~",
        "~}",
        "\"",
        "\\",
        "\\n",
        "\n",
        "\t",
        "\r",
        " ",
        "a",
        "1",
        "é",
        "ß→",
        "#",
        "//",
        "/*",
        "NOMAD_PORT_http",
        "${NOMAD_DC}",
        "${attr.kernel.name}",
        "${meta.a-b}",
        "${env[\"A\"]}",
        "node.unique",
        ".",
        "(",
        ")",
        "[",
        "]",
        "EOT",
        "\nEOT\n",
        "<<EOT",
        "if true",
        "endif",
        "\u{1}",
        "{{ key }}",
        "`",
    ]);
    prop::collection::vec(token, 0..10).prop_map(|tokens| tokens.concat())
}

/// Settings of any shape, under keys that HCL could mistake for something else.
fn any_settings() -> impl Strategy<Value = Value> {
    let key = prop::sample::select(vec![
        "a",
        "a-b",
        "_x",
        "for",
        "in",
        "if",
        "null",
        "true",
        "dynamic",
        "content",
        "check",
        "strategy",
        "target",
        "job",
        "a.b",
        "9a",
        "",
        "with space",
        "${NOMAD_DC}",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9).prop_map(|number: f64| Value::from((number * 8.0).round() / 8.0)),
        nasty_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let object = prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner.clone(), 0..4)
            .prop_map(|map| Value::Object(map.into_iter().collect()));
        let objects = prop::collection::vec(object.clone(), 0..3).prop_map(Value::from);
        prop_oneof![object, objects, prop::collection::vec(inner, 0..4).prop_map(Value::from)]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_parsers_read_any_text(texts in prop::collection::vec(nasty_text(), 1..24)) {
        let mut task = Task::new("t", "docker").config("args", texts.clone());
        for (index, text) in texts.iter().enumerate() {
            task = task
                .env(format!("E{index}"), text)
                .meta(format!("{index}{text}"), text)
                .config(format!("c{index}"), json!({text: text}))
                .config(format!("l{index}"), json!([{text: {text: [text]}}]))
                .template(Template::new(text, "x"));
        }
        let mut group = TaskGroup::new("g").task(task);
        // Labels are the one place where not every text can be written.
        for text in &texts {
            let labeled = TaskGroup::new("g").task(Task::new(text, "docker"));
            if Job::service("any").group(labeled.clone()).to_hcl().is_ok() {
                group = group.tasks(labeled.tasks);
            }
        }
        let job = Job::service("any").group(group);
        let hcl = job.to_hcl().unwrap();
        for parsed in parsed_by_all("texts", &hcl) {
            assert_same(&job, &parsed, &hcl);
        }
    }

    #[test]
    fn the_parsers_read_any_settings(settings in prop::collection::vec(any_settings(), 1..16)) {
        // A setting that is null is none to the parser.
        let settings: Vec<_> = settings.into_iter().filter(|value| !value.is_null()).collect();
        let mut task = Task::new("t", "docker");
        let mut scaling = Scaling::between(0, 1);
        for (index, value) in settings.iter().enumerate() {
            task = task.config(format!("c{index}"), value.clone());
            scaling = scaling.policy(*["check", "target", "for", "null"].get(index).unwrap_or(&"x"), value.clone());
        }
        let job = Job::service("any").group(TaskGroup::new("g").scaling(scaling).task(task));
        let hcl = job.to_hcl().unwrap();
        for parsed in parsed_by_all("settings", &hcl) {
            assert_same(&job, &parsed, &hcl);
        }
    }
}

#[test]
fn the_parsers_read_every_recorded_job() {
    for (number, (place, job)) in recorded_jobs().into_iter().enumerate() {
        let job: Job = serde_json::from_value(job).unwrap();
        let text = job.to_hcl().unwrap_or_else(|error| panic!("{place}: {error}"));
        for parsed in parsed_by_all(&format!("recorded{number}"), &text) {
            assert_same(&job, &parsed, &text);
        }
    }
}

#[test]
fn the_text_is_the_one_the_parser_has_seen() {
    // Where there is no `nomad` to ask, this is what keeps the text right.
    let text = everything::job().to_hcl().unwrap();
    let wanted = include_str!("../../fixtures/everything.nomad.hcl");
    let different = wanted.lines().zip(text.lines()).find(|(wanted, written)| wanted != written);
    assert_eq!(different, None, "wanted, written");
    assert_eq!(wanted.len(), text.len());
}

#[test]
fn the_text_is_formatted() {
    if nomad_is_missing() {
        return;
    }
    let text = everything::job().to_hcl().unwrap();
    let file = JobFile::new("formatted", &text);
    let output =
        Command::new("nomad").args(["fmt", "-write=false", "-list=false"]).arg(&file.0).output().unwrap();
    assert!(output.status.success());
    let wanted = String::from_utf8_lossy(&output.stdout);
    let different = wanted.lines().zip(text.lines()).find(|(wanted, written)| wanted != written);
    assert_eq!(different, None, "wanted, written");
    assert_eq!(wanted.len(), text.len());
}

#[test]
fn what_has_no_words_is_an_error() {
    let task = |task: Task| Job::service("a").group(TaskGroup::new("b").task(task));
    let error = task(Task::new("c", "docker").config("a.b", 1)).to_hcl().unwrap_err();
    assert_eq!(error.place(), "group \"b\" > task \"c\" > config > a.b");
    let endless = Template::new("", "x").wait(Wait::default());
    let error = hcl::render(&task(Task::new("c", "docker").template(endless))).unwrap_err();
    assert!(error.to_string().contains("template > wait > min"), "{error}");
}
