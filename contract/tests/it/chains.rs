//! What must not compile: one run of the compiler over a file whose lines say so themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/chains/illegal.rs");

/// The library of a crate that this test is built with, the newest where there are several.
fn library(folder: &Path, name: &str) -> PathBuf {
    let prefix = format!("lib{name}-");
    let mut found: Vec<(SystemTime, PathBuf)> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            file.starts_with(&prefix) && file.ends_with(".rlib")
        })
        .map(|path| (std::fs::metadata(&path).and_then(|data| data.modified()).unwrap(), path))
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| panic!("no library of {name} in {}", folder.display())).1
}

#[test]
fn illegal_chains_do_not_compile() {
    let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = std::env::temp_dir().join(format!("illegal-chains-{}.rmeta", std::process::id()));
    let mut command = Command::new(rustc);
    command.args([
        "--edition",
        "2024",
        "--crate-type",
        "lib",
        "--emit",
        "metadata",
        "--error-format",
        "json",
    ]);
    command.arg("-L").arg(format!("dependency={}", folder.display())).arg("-o").arg(&out).arg(FILE);
    for name in ["nomad_client", "vault_client", "consul_client"] {
        command.arg("--extern").arg(format!("{name}={}", library(&folder, name).display()));
    }
    let output = command.output().unwrap();
    let _ = std::fs::remove_file(out);

    let mut said: BTreeMap<usize, String> = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stderr).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        if message["level"] != "error" {
            continue;
        }
        let spans = message["spans"].as_array().into_iter().flatten();
        for span in spans.filter(|span| span["is_primary"] == true && span["file_name"] == FILE) {
            let at = usize::try_from(span["line_start"].as_u64().unwrap()).unwrap();
            said.entry(at).or_default().push_str(message["rendered"].as_str().unwrap());
        }
    }
    let source = std::fs::read_to_string(FILE).unwrap();
    let wanted: BTreeMap<usize, &str> = source
        .lines()
        .enumerate()
        .filter_map(|(at, line)| Some((at + 1, line.split_once("//~")?.1.trim())))
        .collect();
    assert!(wanted.len() > 20, "the file has lost its lines");
    let (refused, marked): (BTreeSet<_>, BTreeSet<_>) =
        (said.keys().copied().collect(), wanted.keys().copied().collect());
    assert_eq!(refused, marked, "lines that do not compile; the compiler said:\n{:#?}", said);
    for (at, words) in wanted {
        assert!(said[&at].contains(words), "line {at} fails for another reason:\n{}", said[&at]);
    }
}
