//! A real Nomad that wants a certificate of whoever connects: nobody can fetch its keys, so they are given.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nomad_client::jobspec::{Consul, Identity, Job, Task, TaskGroup, Template, Vault};
use nomad_client::{ClientIdentity, RootCertificates};
use serde_json::json;
use wuffchat_deploy::{Environment, Level, Stage, identity, secrets};

use crate::stack::Stack;

const HOUR: Duration = Duration::from_secs(3600);

/// An agent with certificates of its own authority; its tasks end by themselves.
struct Secured {
    agent: Child,
    folder: PathBuf,
    address: String,
}

impl Drop for Secured {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Secured {
    fn start(stack: &Stack) -> Self {
        let folder = std::env::temp_dir().join(format!("wuffchat-mtls-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let tls = |arguments: &[&str]| {
            let made =
                Command::new("nomad").arg("tls").args(arguments).current_dir(&folder).output().unwrap();
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        };
        tls(&["ca", "create"]);
        tls(&["cert", "create", "-server", "-region", "global"]);
        tls(&["cert", "create", "-cli", "-region", "global"]);
        let ports: Vec<u16> = {
            let sockets: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
            sockets.iter().map(|socket| socket.local_addr().unwrap().port()).collect()
        };
        let config = config(stack, &folder, &ports);
        std::fs::write(folder.join("nomad.json"), config.to_string()).unwrap();
        let log = std::fs::File::create(folder.join("nomad.log")).unwrap();
        let agent = Command::new("nomad")
            .args(["agent", "-config=nomad.json"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Self { agent, folder, address: format!("https://127.0.0.1:{}", ports[0]) }
    }

    fn client(&self, certificate: bool) -> nomad_client::Client {
        let roots = RootCertificates::File(self.folder.join("nomad-agent-ca.pem"));
        let builder = nomad_client::Client::builder().address(&self.address).root_certificates(roots);
        let builder = if certificate {
            builder.client_identity(ClientIdentity::Files {
                certificate: self.folder.join("global-cli-nomad.pem"),
                key: self.folder.join("global-cli-nomad-key.pem"),
            })
        } else {
            builder.retry(nomad_client::RetryPolicy::never())
        };
        builder.build().unwrap()
    }

    /// Waits for a node that is ready and a key that signs.
    async fn ready(&self, nomad: &nomad_client::Client) {
        for _ in 0..600 {
            let nodes = nomad.nodes().list().await.unwrap_or_default();
            let keys = nomad.oidc_discovery().jwks().await.map(|jwks| jwks.keys).unwrap_or_default();
            if nodes.iter().any(|node| node.status.as_str() == "ready") && !keys.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{}", std::fs::read_to_string(self.folder.join("nomad.log")).unwrap());
    }
}

fn config(stack: &Stack, folder: &Path, ports: &[u16]) -> serde_json::Value {
    let consul = stack.stack.consul();
    let token = consul.token.as_deref().unwrap();
    json!({
        "name": "secured", "region": "global", "data_dir": folder.join("data"), "bind_addr": "127.0.0.1",
        "ports": {"http": ports[0], "rpc": ports[1], "serf": ports[2]},
        "advertise": {"http": "127.0.0.1", "rpc": "127.0.0.1", "serf": "127.0.0.1"},
        "disable_update_check": true,
        "server": {"enabled": true, "bootstrap_expect": 1, "raft_multiplier": 1},
        "client": {
            "enabled": true, "servers": [format!("127.0.0.1:{}", ports[1])], "network_interface": "lo",
            "no_host_uuid": true, "cpu_total_compute": 4000, "memory_total_mb": 4096,
            "options": {"fingerprint.denylist": "env_aws,env_gce,env_azure,env_digitalocean",
                        "driver.allowlist": "raw_exec"},
        },
        "plugin": {"raw_exec": {"config": {"enabled": true}}},
        "tls": {
            "http": true, "rpc": true, "verify_server_hostname": true, "verify_https_client": true,
            "ca_file": folder.join("nomad-agent-ca.pem"),
            "cert_file": folder.join("global-server-nomad.pem"),
            "key_file": folder.join("global-server-nomad-key.pem"),
        },
        "vault": {"enabled": true, "address": stack.stack.vault().address, "jwt_auth_backend_path": "jwt-mtls",
                  "default_identity": {"aud": ["vault.io"], "ttl": "1h"}},
        "consul": {
            "address": consul.address.trim_start_matches("http://"), "token": token,
            "service_auth_method": "nomad-mtls", "task_auth_method": "nomad-mtls",
            "server_service_name": "nomad-mtls", "client_service_name": "nomad-mtls-client",
            "service_identity": {"aud": ["consul.io"], "ttl": "1h"},
            "task_identity": {"aud": ["consul.io"], "ttl": "1h"},
        },
    })
}

/// Says what it reads from Vault and Consul, and ends.
fn reader(environment: &Environment) -> Job {
    let text = "{{ with secret \"secret/data/dev/wuffchat-api/redis\" }}{{ .Data.data.url }}{{ end }} {{ key \"greeting\" }}\n";
    let task = Task::new("wuffchat-api", "raw_exec")
        .config("command", "/bin/cat")
        .config("args", json!(["${NOMAD_TASK_DIR}/read.txt"]))
        .vault(Vault::with_role(environment.vault.role.as_str()))
        .with_identity(Identity::new("vault_default").aud("vault.io").ttl(HOUR))
        .consul(Consul::default())
        .with_identity(Identity::new("consul_default").aud("consul.io").ttl(HOUR))
        .template(Template::new(text, "local/read.txt"));
    Job::batch("wuffchat-api").group(TaskGroup::new("api").task(task))
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_of_a_cluster_with_mtls_get_their_tokens_by_given_keys() {
    let Some(mut stack) = Stack::agents().await else { return };
    let secured = Secured::start(&stack);
    let nomad = secured.client(true);
    secured.ready(&nomad).await;
    assert!(secured.client(false).nodes().list().await.is_err(), "a certificate is wanted");
    stack.clients.nomad = nomad;
    stack.environment = Environment::new(Stage::Dev);
    stack.environment.vault.auth_mount = "jwt-mtls".to_owned();
    stack.environment.consul.auth_method = "nomad-mtls".to_owned();
    let (clients, environment) = (&stack.clients, &stack.environment);
    let values = secrets::Values::throw_away();
    secrets::seed(&clients.vault, environment, &values, secrets::Existing::Keep).await.unwrap();
    clients.consul.kv().put("greeting", "hello").await.unwrap();

    // Vault cannot fetch the keys, and says so instead of trusting nobody silently.
    let refused = identity::ensure(&clients.nomad, &clients.vault, environment).await.unwrap_err();
    assert!(refused.to_string().contains("jwks"), "{refused}");

    identity::sync_keys(clients, environment, HOUR).await.unwrap();
    identity::ensure(&clients.nomad, &clients.vault, environment).await.unwrap();
    identity::ensure_consul(&clients.nomad, &clients.consul, environment).await.unwrap();
    let job = reader(environment);
    let found = identity::doctor(clients, environment, &job).await;
    let problems: Vec<_> = found.iter().filter(|one| one.level == Level::Problem).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    assert!(found.iter().any(|one| one.check == "identity.vault.keys" && one.message.contains("all keys")));

    clients.nomad.jobs().register(&job).await.unwrap();
    let mut done = None;
    for _ in 0..600 {
        let stubs = clients.nomad.jobs().allocations("wuffchat-api").await.unwrap();
        done = stubs.into_iter().find(|stub| ["complete", "failed"].contains(&stub.client_status.as_str()));
        if done.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let done = done.expect("the task ends");
    assert_eq!(done.client_status.as_str(), "complete", "{:#?}", done.task_states);
    let said =
        clients.nomad.allocations().cat_file(&done.id, "alloc/logs/wuffchat-api.stdout.0").await.unwrap();
    assert_eq!(String::from_utf8_lossy(&said).trim(), "http://127.0.0.1:9/wuffchat-redis-url hello");
}
