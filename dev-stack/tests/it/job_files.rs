//! Job files, and what Nomad's own parser makes of them: the job, its canonical form, or its words.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::nomad::{Api, world};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nomad/job-files")
}

fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let hcl = entries.filter(|path| path.extension().is_some_and(|end| end == "hcl"));
    let mut names: Vec<String> =
        hcl.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Where two values differ.
fn differences(at: &str, wanted: &Value, found: &Value, out: &mut Vec<String>) {
    match (wanted, found) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                match (a.get(key), b.get(key)) {
                    (Some(a), Some(b)) => differences(&format!("{at}.{key}"), a, b, out),
                    (a, b) => out.push(format!("{at}.{key}: wanted {a:?}, found {b:?}")),
                }
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{at}[{i}]"), a, b, out);
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{at}: wanted {a}, found {b}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn job_files_are_read_as_nomads_parser_reads_them() {
    let world = world().await;
    let nomad = Api::nomad(&world);
    let mut out = Vec::new();
    let names = names();
    assert!(names.len() > 20);
    for name in names {
        let path = folder().join(&name);
        let hcl = read(&path.with_extension("hcl"));
        let recorded: Value = serde_json::from_str(&read(&path.with_extension("json"))).unwrap();
        for (form, canonicalize) in [("plain", false), ("canonical", true)] {
            let request = json!({"JobHCL": hcl, "Canonicalize": canonicalize});
            let answer = nomad.call("POST", "/v1/jobs/parse", request).await;
            match recorded["error"].as_str() {
                None => differences(&format!("{name} {form}"), &recorded[form], &answer.body(), &mut out),
                Some(error) => {
                    let wanted = json!(format!("Failed to parse job: {error}"));
                    differences(
                        &name,
                        &json!([400, wanted]),
                        &json!([answer.status, answer.body()]),
                        &mut out,
                    );
                }
            }
        }
    }
    assert!(out.is_empty(), "{}", out.join("\n"));
}
