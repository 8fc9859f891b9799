//! The examples in the documentation of every library.
//!
//! Cargo runs doc tests after everything else, so that the end of a run would be theirs, not that of
//! what was skipped. They are switched off in the manifests and run here, with the libraries that
//! cargo has built for the other tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::workspace::{cargo, documents, members, metadata, target};

/// A library, and what its examples are compiled with.
struct Library<'a> {
    package: &'a Value,
    target: &'a Value,
    /// Its name and those of its dependencies, as code names them, with the packages they are of.
    names: Vec<(String, &'a str)>,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// What kind of library a target is; nothing where it is none.
fn kind(target: &Value) -> Option<&str> {
    let kinds = target["kind"].as_array()?;
    kinds.iter().filter_map(Value::as_str).find(|kind| ["lib", "proc-macro"].contains(kind))
}

fn libraries(metadata: &Value) -> Vec<Library<'_>> {
    let nodes = metadata["resolve"]["nodes"].as_array().unwrap();
    let mut libraries = Vec::new();
    for package in members(metadata) {
        let targets = package["targets"].as_array().unwrap();
        let is_library = |it: &&Value| kind(it).is_some();
        let Some(target) = targets.iter().find(is_library) else { continue };
        let node = nodes.iter().find(|node| node["id"] == package["id"]).unwrap();
        let mut names = vec![(text(&target["name"]).to_owned(), text(&package["id"]))];
        for dependency in node["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "build") {
                names.push((text(&dependency["name"]).to_owned(), text(&dependency["pkg"])));
            }
        }
        libraries.push(Library { package, target, names });
    }
    libraries
}

/// What cargo has built of each package for code to be linked with, and the features of the library.
struct Built {
    files: BTreeMap<String, Vec<(usize, PathBuf)>>,
    features: BTreeMap<String, Vec<String>>,
}

impl Built {
    fn by_cargo() -> Self {
        let mut cargo = cargo("test");
        cargo.args(["--workspace", "--no-run", "--message-format", "json"]);
        let mut built = Self { files: BTreeMap::new(), features: BTreeMap::new() };
        for message in documents(cargo) {
            let kinds = message["target"]["kind"].as_array();
            let is_linked = kinds.is_some_and(|kinds| {
                kinds.iter().any(|kind| ["lib", "rlib", "proc-macro"].map(Value::from).contains(kind))
            });
            if message["reason"] != "compiler-artifact" || !is_linked || message["profile"]["test"] == true {
                continue;
            }
            let package = text(&message["package_id"]).to_owned();
            let files = message["filenames"].as_array().unwrap().iter().map(|it| PathBuf::from(text(it)));
            let linked = files.filter(|file| file.extension().is_some_and(|ending| ending != "rmeta"));
            let features: Vec<_> =
                message["features"].as_array().unwrap().iter().map(|it| text(it).to_owned()).collect();
            let linked = linked.map(|file| (features.len(), file));
            built.files.entry(package.clone()).or_default().extend(linked);
            built.features.insert(package, features);
        }
        built
    }

    /// The file of a package. Where it was built more than once, for crates that want less of it and
    /// for those that want more, the one with the most features.
    fn file(&self, package: &str) -> Result<&Path, String> {
        let built = self.files.get(package).into_iter().flatten();
        let most = built.max_by_key(|(features, _)| *features).map(|(_, file)| file.as_path());
        most.ok_or_else(|| format!("{package} was not built"))
    }
}

/// Runs the examples of a library as `cargo test --doc` does.
fn run(library: &Library<'_>, built: &Built) -> Result<Output, String> {
    let Library { package, target: of, names } = library;
    let folder = Path::new(text(&package["manifest_path"])).parent().unwrap();
    let rustdoc = Path::new(&std::env::var_os("CARGO").unwrap_or_default()).with_file_name("rustdoc");
    let rustdoc = std::env::var_os("RUSTDOC").map_or(rustdoc, PathBuf::from);
    let mut command = Command::new(if rustdoc.is_file() { rustdoc } else { "rustdoc".into() });
    let (target, profile) = target();
    command.arg("--test").arg(text(&of["src_path"])).args(["--color", "never"]);
    command.args(["--crate-type", kind(of).unwrap_or("lib")]);
    command.args(["--crate-name", &text(&of["name"]).replace('-', "_")]);
    command.arg(format!("--edition={}", text(&of["edition"])));
    command.arg("--test-run-directory").arg(folder).current_dir(folder);
    command.arg("-L").arg(format!("dependency={}", target.join(profile).join("deps").display()));
    for feature in built.features.get(text(&package["id"])).into_iter().flatten() {
        command.arg("--cfg").arg(format!("feature=\"{feature}\""));
    }
    if kind(of) == Some("proc-macro") {
        command.args(["--extern", "proc_macro"]);
    }
    for (name, of) in names {
        command.arg("--extern").arg(format!("{}={}", name.replace('-', "_"), built.file(of)?.display()));
    }
    command.output().map_err(|error| format!("{command:?}: {error}"))
}

#[test]
fn no_library_has_cargo_run_them() {
    let metadata = metadata();
    let others: Vec<&str> = members(&metadata)
        .into_iter()
        .flat_map(|package| package["targets"].as_array().unwrap())
        .filter(|target| target["doctest"] == true)
        .map(|target| text(&target["name"]))
        .collect();
    assert_eq!(others, [""; 0], "`doctest = false` is missing: their output would be the end of a run");
}

#[test]
fn the_examples_of_every_library_hold() {
    let metadata = metadata();
    let built = Built::by_cargo();
    let (mut wrong, mut with_examples) = (Vec::new(), BTreeSet::new());
    for library in libraries(&metadata) {
        let name = text(&library.package["name"]);
        match run(&library, &built) {
            Ok(output) => {
                let printed = String::from_utf8_lossy(&output.stdout);
                let result =
                    printed.lines().rfind(|line| line.starts_with("test result: ")).unwrap_or("no result");
                println!("{name}: {result}");
                if !output.status.success() || result == "no result" {
                    wrong.push(format!("{name}: {printed}\n{}", String::from_utf8_lossy(&output.stderr)));
                }
                if !result.contains(" 0 passed") {
                    with_examples.insert(name);
                }
            }
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(with_examples.len() >= 5, "only {with_examples:?} have examples");
}
