//! What cargo says of this workspace.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// The root, where commands of the documents are run.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `target`, and the name of the folder in it that this test was built into.
pub fn target() -> (PathBuf, String) {
    let test = std::env::current_exe().unwrap();
    // target/debug/deps/it-…
    let profile = test.ancestors().nth(2).unwrap();
    let name = profile.file_name().unwrap().to_str().unwrap().to_owned();
    (profile.parent().unwrap().to_owned(), name)
}

/// Cargo, with the profile and the folder of this test, so that nothing is built twice.
pub fn cargo(command: &str) -> Command {
    let (target, profile) = target();
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    xtest::without_cargo(&mut cargo).arg(command).current_dir(root()).env("CARGO_TARGET_DIR", target);
    if command != "metadata" && profile != "debug" {
        cargo.args(["--profile", &profile]);
    }
    cargo
}

/// What a command prints on stdout, of which each line is a document.
pub fn documents(mut command: Command) -> Vec<Value> {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    let printed = String::from_utf8(output.stdout).unwrap();
    printed.lines().filter(|line| line.starts_with('{')).map(|it| serde_json::from_str(it).unwrap()).collect()
}

/// Packages, targets and dependencies.
pub fn metadata() -> Value {
    let mut cargo = cargo("metadata");
    cargo.args(["--format-version", "1"]);
    documents(cargo).remove(0)
}

/// The packages of the workspace, with what cargo says of each.
pub fn members(metadata: &Value) -> Vec<&Value> {
    let members: Vec<&str> =
        metadata["workspace_members"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let packages = metadata["packages"].as_array().unwrap();
    packages.iter().filter(|package| members.contains(&package["id"].as_str().unwrap())).collect()
}
