//! The programs of this crate, as people run them.

use std::process::{Command, Output};

use dev_stack::{DevStack, Endpoint, Kind};
use http::Method;
use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

fn run(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).env_remove("NOMAD_PORT_http").output().unwrap()
}

/// The stand-in, listening on a port of the system's choice, and that port.
fn standin(arguments: &[&str]) -> (Running, u16) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wuffchat-standin"));
    let mut running =
        Running::start(command.args(arguments).args(["--port", "0"]).env("REDIS_URL", "marker-value"));
    let port = running.line().trim().rsplit_once(':').unwrap().1.parse().unwrap();
    (running, port)
}

#[test]
fn help_says_what_it_does_and_lists_every_flag_with_its_default() {
    let help = run(env!("CARGO_BIN_EXE_dev-stack"), &["--help"]);
    let text = String::from_utf8(help.stdout).unwrap();
    assert!(help.status.success());
    assert!(text.starts_with("Runs Nomad, Vault and Consul for development"), "{text}");
    for part in [
        "--agents",
        "--docker",
        "--no-docker",
        "--data-dir",
        "--no-acl",
        "--token-file",
        "[default: auto]",
        "[default: any]",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn wrong_usage_exits_with_1() {
    for arguments in
        [&["--nonsense"][..], &["--docker"], &["--agents", "--docker", "--no-docker"], &["--output", "xml"]]
    {
        let output = run(env!("CARGO_BIN_EXE_dev-stack"), arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[tokio::test]
async fn the_embedded_stack_by_itself_prints_how_to_reach_it_and_stops_when_told_to() {
    let mut running =
        Running::start(Command::new(env!("CARGO_BIN_EXE_dev-stack")).args(["--output", "json"]));
    let line = running.line();
    let printed: Value = serde_json::from_str(&line).unwrap();
    for (product, header, path) in [
        ("nomad", "x-nomad-token", "/v1/jobs"),
        ("vault", "x-vault-token", "/v1/auth/token/lookup-self"),
        ("consul", "x-consul-token", "/v1/acl/tokens"),
    ] {
        let address = printed[product]["address"].as_str().unwrap();
        let token = printed[product]["token"].as_str().unwrap();
        let endpoint = Endpoint::new(address, Some(token.to_owned()));
        Wire::new(&endpoint, header).ok(Method::GET, path, Value::Null).await;
        let (status, _) = Wire::anonymous(&endpoint).call(Method::GET, path, None).await.unwrap();
        assert_eq!(status, 403, "{product} without its token");
    }
    assert!(running.end_with("INT").0.success());
}

#[tokio::test]
async fn a_busy_stack_ends_when_told_to() {
    let program = env!("CARGO_BIN_EXE_dev-stack");
    let mut running =
        Running::start(Command::new(program).args(["--output", "json", "--speed", "10000", "--no-acl"]));
    let printed: Value = serde_json::from_str(&running.line()).unwrap();
    assert_eq!(printed["nomad"]["token"], Value::Null, "there are no tokens without ACLs");
    let nomad = Wire::anonymous(&Endpoint::new(printed["nomad"]["address"].as_str().unwrap(), None));
    for n in 0..30 {
        let id = format!("crash-{n}");
        let task = json!({"Name": "t", "Driver": "docker", "Config": {"image": "app:crash"}});
        let job = json!({"ID": id, "Name": id, "Type": "service", "Datacenters": ["dc1"],
            "TaskGroups": [{"Name": "g", "Count": 1, "Tasks": [task]}]});
        nomad.ok(Method::PUT, "/v1/jobs", json!({"Job": job})).await;
    }
    assert!(running.end_with("TERM").0.success());
}

#[tokio::test]
async fn tokens_of_ones_own_come_from_variables_and_files() {
    let program = env!("CARGO_BIN_EXE_dev-stack");
    let own = "9f3c0e52-5d0f-4b64-8f43-0b8f3f9b8a11";
    let file = std::env::temp_dir().join(format!("dev-stack-token-{}", std::process::id()));
    std::fs::write(&file, format!("{own}\n")).unwrap();
    let mut command = Command::new(program);
    command
        .args(["--output", "json"])
        .env("DEV_STACK_TOKEN_FILE", &file)
        .env("DEV_STACK_VAULT_TOKEN", "root");
    let mut running = Running::start(&mut command);
    let printed: Value = serde_json::from_str(&running.line()).unwrap();
    std::fs::remove_file(&file).unwrap();
    for (product, header, path, token) in [
        ("nomad", "x-nomad-token", "/v1/jobs", own),
        ("vault", "x-vault-token", "/v1/auth/token/lookup-self", "root"),
        ("consul", "x-consul-token", "/v1/acl/tokens", own),
    ] {
        let address = printed[product]["address"].as_str().unwrap();
        let endpoint = Endpoint::new(address, Some(token.to_owned()));
        Wire::new(&endpoint, header).ok(Method::GET, path, Value::Null).await;
    }
    assert!(running.end_with("TERM").0.success());
    let refused = Command::new(program).env("DEV_STACK_NOMAD_TOKEN", "secret-word").output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(said.contains("no UUID") && !said.contains("secret-word"), "{said}");
}

#[tokio::test]
async fn the_facade_over_the_embedded_stack_answers_and_tells_versions() {
    let stack = DevStack::embedded().await.unwrap();
    assert_eq!(stack.kind(), Kind::Embedded);
    assert!(stack.as_embedded().is_some() && stack.as_agents().is_none());
    let versions = stack.versions();
    assert!(
        versions.nomad.is_some() && versions.vault.is_some() && versions.consul.is_some(),
        "{versions:?}"
    );
    let wire = Wire::new(stack.nomad(), "x-nomad-token");
    stack.stop().await;
    assert!(wire.call(Method::GET, "/v1/jobs", None).await.is_err(), "it is gone");
}

#[test]
fn a_version_that_crashes_exits_with_1_and_says_so() {
    let output = run(env!("CARGO_BIN_EXE_wuffchat-standin"), &["api", "crash-1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        "wuffchat-api crash-1: this version crashes on start\n"
    );
}

#[tokio::test]
async fn the_standin_serves_both_roles_and_stops_when_told_to() {
    for (role, health) in [("api", 200), ("ui", 200)] {
        let (running, port) = standin(&[role, "v1"]);
        let wire = Wire::at(port);
        for path in ["/health", "/v2/health", "/", "/metrics"] {
            assert_eq!(wire.call(Method::GET, path, None).await.unwrap().0, health, "{role} {path}");
        }
        let (_, env) = wire.call(Method::GET, "/env", None).await.unwrap();
        let expected = if role == "api" { json!({"names": ["REDIS_URL"]}) } else { json!({"names": []}) };
        assert_eq!(env, expected);

        let (status, rest) = running.end_with("TERM");
        assert!(status.success(), "SIGTERM is an orderly end");
        assert!(rest.ends_with("stopping\n"), "{rest}");
        assert!(!rest.contains("marker-value"));
    }
}

#[tokio::test]
async fn a_bad_version_fails_its_health_checks_and_serves_the_rest() {
    let (_running, port) = standin(&["api", "bad-1"]);
    let wire = Wire::at(port);
    assert_eq!(wire.call(Method::GET, "/health", None).await.unwrap().0, 500);
    assert_eq!(wire.call(Method::GET, "/", None).await.unwrap().0, 200);
}
