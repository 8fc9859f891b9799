//! Real agents from PATH: they are wired to each other, keep their state, and leave nothing behind.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use dev_stack::agents::{AgentsOptions, Docker};
use dev_stack::{DevStack, Kind};
use http::Method;
use serde_json::{Value, json};

use crate::running::Running;
use crate::wire::Wire;

/// How long anything here may take before it counts as never happening.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whether agents can be started; the test is skipped where they cannot. With `DEV_STACK_REQUIRE_AGENTS`
/// set, missing agents are a failure.
#[track_caller]
fn agents_present() -> bool {
    let Err(missing) = AgentsOptions::new().check_binaries() else { return true };
    assert!(std::env::var_os("DEV_STACK_REQUIRE_AGENTS").is_none(), "{missing}");
    xtest::skip(missing);
    false
}

/// A folder of its own, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dev-stack-it-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Repeats until there is an answer.
async fn eventually<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "still waiting until {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn seed_vault(vault: &Wire) {
    vault
        .ok(Method::POST, "/v1/secret/data/dev/openai", json!({"data": {"api_key": "marker \"quoted\""}}))
        .await;
    let policy = json!({"policy": "path \"secret/data/dev/*\" { capabilities = [\"read\"] }"});
    vault.ok(Method::PUT, "/v1/sys/policies/acl/wuffchat-api", policy).await;
    let role = json!({
        "role_type": "jwt",
        "bound_audiences": ["vault.io"],
        "bound_claims": {"nomad_job_id": "wuffchat-api"},
        "user_claim": "sub",
        "token_type": "service",
        "token_period": "30m",
        "token_policies": ["wuffchat-api"],
    });
    vault.ok(Method::POST, "/v1/auth/jwt-nomad/role/wuffchat-api", role).await;
}

fn job() -> Value {
    let second = 1_000_000_000_u64;
    let template = r#"OPENAI_API_KEY={{ with secret "secret/data/dev/openai" }}{{ .Data.data.api_key | toJSON }}{{ end }}"#;
    json!({"Job": {
        "ID": "wuffchat-api",
        "Datacenters": ["dc1"],
        "TaskGroups": [{
            "Name": "api",
            "Count": 1,
            "Networks": [{"DynamicPorts": [{"Label": "http"}]}],
            "Services": [{
                "Name": "wuffchat-api",
                "PortLabel": "http",
                "Provider": "consul",
                "Checks": [{
                    "Name": "health", "Type": "http", "Path": "/health", "Interval": second, "Timeout": second,
                }],
            }],
            "Tasks": [{
                "Name": "wuffchat-api",
                "Driver": "raw_exec",
                "Config": {"command": env!("CARGO_BIN_EXE_wuffchat-standin"), "args": ["api", "v1"]},
                "Vault": {"Role": "wuffchat-api"},
                "Templates": [{"EmbeddedTmpl": template, "DestPath": "secrets/app.env", "Envvars": true}],
                "Resources": {"CPU": 100, "MemoryMB": 64},
            }],
        }],
    }})
}

/// The port of the only passing instance, once Consul has one.
async fn passing_instance(consul: &Wire) -> u16 {
    eventually("the service passes its check", async || {
        let (_, found) =
            consul.call(Method::GET, "/v1/health/service/wuffchat-api?passing=true", None).await.ok()?;
        let [instance] = found.as_array()?.as_slice() else { return None };
        u16::try_from(instance.pointer("/Service/Port")?.as_u64()?).ok()
    })
    .await
}

/// When the instance's process was started, in its own words.
async fn started(instance: &Wire) -> String {
    let (_, metrics) = instance.call(Method::GET, "/metrics", None).await.unwrap();
    let text = metrics.as_str().unwrap().to_owned();
    text.lines().find(|line| line.starts_with("process_start_time_seconds ")).unwrap().to_owned()
}

fn wires(stack: &DevStack) -> (Wire, Wire, Wire) {
    (
        Wire::new(stack.nomad(), "x-nomad-token"),
        Wire::new(stack.vault(), "x-vault-token"),
        Wire::new(stack.consul(), "x-consul-token"),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_gets_its_secret_and_its_service_and_state_survives_restarts() {
    if !agents_present() {
        return;
    }
    let folder = Folder::new("state");
    let options = || AgentsOptions::new().docker(Docker::Off).data_dir(&folder.0);
    let stack = DevStack::agents_with(options()).await.unwrap();
    assert_eq!(stack.kind(), Kind::Agents);
    let versions = stack.versions();
    assert!(
        versions.nomad.is_some() && versions.vault.is_some() && versions.consul.is_some(),
        "{versions:?}"
    );
    let (nomad, vault, consul) = wires(&stack);

    // Nobody without a token.
    let anonymous = Wire::anonymous(stack.nomad());
    assert_eq!(anonymous.call(Method::GET, "/v1/jobs", None).await.unwrap().0, 403);
    let anonymous = Wire::anonymous(stack.consul());
    assert_eq!(anonymous.call(Method::GET, "/v1/kv/x", None).await.unwrap().0, 403);

    // The job reads Vault through its identity and is registered in Consul through another.
    seed_vault(&vault).await;
    consul.ok(Method::PUT, "/v1/kv/marker", json!("kept")).await;
    nomad.ok(Method::POST, "/v1/jobs", job()).await;
    let port = passing_instance(&consul).await;
    let instance = Wire::at(port);
    let (_, names) = instance.call(Method::GET, "/env", None).await.unwrap();
    assert_eq!(names, json!({"names": ["OPENAI_API_KEY"]}));
    let first_start = started(&instance).await;

    // Each agent is killed and comes back with what it knew; the task does not notice.
    let agents = stack.as_agents().unwrap();
    agents.restart_nomad().await.unwrap();
    let (status, allocations) =
        nomad.call(Method::GET, "/v1/job/wuffchat-api/allocations", None).await.unwrap();
    assert_eq!((status, allocations.as_array().unwrap().len()), (200, 1), "{allocations}");
    agents.restart_vault().await.unwrap();
    let secret = vault.ok(Method::GET, "/v1/secret/data/dev/openai", Value::Null).await;
    assert_eq!(secret.pointer("/data/data/api_key"), Some(&json!("marker \"quoted\"")));
    agents.restart_consul().await.unwrap();
    let value = consul.ok(Method::GET, "/v1/kv/marker?raw=true", Value::Null).await;
    assert_eq!(value, json!("kept"));
    assert_eq!(passing_instance(&consul).await, port);
    assert_eq!(started(&instance).await, first_start, "the process went on through all three restarts");

    // Stopped in order, nothing runs; started from the same folder, all of it is back.
    let (address, token) = (stack.nomad().address.clone(), stack.nomad().token.clone());
    stack.stop().await;
    assert!(instance.call(Method::GET, "/health", None).await.is_err(), "a task outlived the stack");
    assert_nothing_runs(&folder.0);
    let again = DevStack::agents_with(options()).await.unwrap();
    assert_eq!((&again.nomad().address, &again.nomad().token), (&address, &token));
    let (_, vault, consul) = wires(&again);
    vault.ok(Method::GET, "/v1/secret/data/dev/openai", Value::Null).await;
    let port = passing_instance(&consul).await;

    // Dropped, it is gone as well, without the order.
    drop(again);
    let instance = Wire::at(port);
    assert!(instance.call(Method::GET, "/health", None).await.is_err(), "a task outlived the drop");
    assert_nothing_runs(&folder.0);
}

/// Fails if a process still has something in this folder in its command line.
fn assert_nothing_runs(folder: &Path) {
    let folder = folder.to_str().unwrap();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(line) = std::fs::read(process.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        assert!(!line.contains(folder), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_do_not_outlive_an_owner_that_is_killed() {
    if !agents_present() {
        return;
    }
    let folder = Folder::new("killed");
    let mut command = Command::new(env!("CARGO_BIN_EXE_dev-stack"));
    command.args(["--agents", "--no-docker", "--output", "json", "--data-dir"]).arg(&folder.0);
    let mut owner = Running::start(&mut command);
    let line = owner.line();
    let printed: Value = serde_json::from_str(&line).unwrap();
    let mut ports = Vec::new();
    for product in ["nomad", "vault", "consul"] {
        assert!(printed[product]["token"].as_str().is_some_and(|token| !token.is_empty()), "{product}");
        let address = printed[product]["address"].as_str().unwrap();
        ports.push(address.rsplit_once(':').unwrap().1.parse::<u16>().unwrap());
    }
    assert!(ports.iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_err()), "{ports:?}");

    let (status, _) = owner.end_with("KILL");
    assert!(!status.success());
    eventually("every port is free again", async || {
        ports.iter().all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).then_some(())
    })
    .await;
    eventually("the shell that ended them has ended", async || {
        std::panic::catch_unwind(|| assert_nothing_runs(&folder.0)).ok()
    })
    .await;
}

#[tokio::test]
async fn without_the_programs_the_error_names_each_of_them() {
    let folder = Folder::new("no-programs");
    std::fs::create_dir_all(&folder.0).unwrap();
    let error = DevStack::agents_with(AgentsOptions::new().search_path(&folder.0)).await.unwrap_err();
    let source = std::error::Error::source(&error).unwrap();
    assert_eq!(source.to_string(), "not found on PATH: nomad, vault or bao, consul");
}
