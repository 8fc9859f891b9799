//! Nomad, Vault and Consul in this process: stateful, on loopback sockets.

pub mod clock;
pub mod consul;
pub mod faults;
pub mod http;
pub mod index;
pub mod nomad;
pub mod vault;
mod websocket;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use self::clock::Clock;
use self::consul::{Consul, ConsulOptions};
use self::faults::Faults;
use self::http::Server;
use self::nomad::Nomad;
use self::vault::{Vault, VaultOptions};
use self::world::{Around, World};

/// What a simulated task does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Behaviour {
    /// Runs, and its checks pass at once. Batch tasks end with exit code 0.
    Healthy,
    /// Runs, but its checks fail for ever.
    Unhealthy,
    /// Runs, and its checks pass after this long.
    SlowStart {
        /// From the task's start.
        after: Duration,
    },
    /// Ends with an exit code other than 0 after each start.
    Crash {
        /// The exit code.
        exit_code: i32,
        /// From the task's start.
        after: Duration,
    },
    /// Is killed by the kernel for using too much memory, after each start.
    OutOfMemory {
        /// From the task's start.
        after: Duration,
    },
    /// Its image cannot be pulled.
    PullFailure {
        /// What the driver reports.
        message: String,
    },
    /// Its driver cannot start it, such as for a port that is taken.
    StartFailure {
        /// What the driver reports.
        message: String,
    },
    /// Is healthy, then ends by itself.
    Exits {
        /// The exit code.
        exit_code: i32,
        /// From the task's start.
        after: Duration,
    },
    /// Is healthy and writes this once it runs.
    Prints {
        /// To standard output.
        stdout: String,
        /// To standard error.
        stderr: String,
    },
}

/// A simulated client node.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Its name.
    pub name: String,
    /// Its datacenter.
    pub datacenter: String,
    /// Its node pool.
    pub pool: String,
    /// Its class, empty for none.
    pub class: String,
    /// MHz it has for tasks.
    pub cpu: u64,
    /// MiB it has for tasks.
    pub memory: u64,
    /// Its task drivers.
    pub drivers: Vec<String>,
    /// Names of its host volumes.
    pub host_volumes: Vec<String>,
    /// Its metadata.
    pub meta: BTreeMap<String, String>,
}

impl NodeOptions {
    /// A node in `dc1` and pool `default` with 8000 MHz, 16 GiB and the drivers docker, exec, raw_exec and java.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            datacenter: "dc1".into(),
            pool: "default".into(),
            class: String::new(),
            cpu: 8000,
            memory: 16 * 1024,
            drivers: ["docker", "exec", "raw_exec", "java"].map(str::to_owned).to_vec(),
            host_volumes: Vec::new(),
            meta: BTreeMap::new(),
        }
    }
}

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Product {
    /// Nomad.
    Nomad,
    /// Vault.
    Vault,
    /// Consul.
    Consul,
}

/// How an embedded stack is set up.
#[derive(Clone)]
#[non_exhaustive]
pub struct EmbeddedOptions {
    /// The clock of what the cluster does by itself: scheduling, starting, checking. Default: real time times 15.
    /// What is agreed with clients, such as TTLs and waits, counts in real time; see [`Clock::outside`].
    pub clock: Clock,
    /// Ports on 127.0.0.1 of Nomad, Vault and Consul; 0 (the default) takes a free one.
    pub ports: [u16; 3],
    /// Nomad's client nodes. Default: three.
    pub nodes: Vec<NodeOptions>,
    /// Whether Nomad enforces ACLs. Default: yes.
    pub nomad_acl: bool,
    /// Whether Consul enforces ACLs. Default: yes.
    pub consul_acl: bool,
    /// The secret of Nomad's first management token.
    pub nomad_token: String,
    /// Vault's root token.
    pub vault_token: String,
    /// The secret of Consul's management token.
    pub consul_token: String,
    /// Whether Vault starts with the `jwt-nomad` auth method that trusts Nomad's workload identities, a role
    /// `nomad-workloads` and its policy, and Nomad gives tasks with a `vault` block that have no identity the default
    /// one. Default: yes.
    pub wire_identity: bool,
}

impl fmt::Debug for EmbeddedOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedOptions")
            .field("clock", &self.clock)
            .field("ports", &self.ports)
            .field("nodes", &self.nodes)
            .field("nomad_acl", &self.nomad_acl)
            .field("consul_acl", &self.consul_acl)
            .field("wire_identity", &self.wire_identity)
            .finish_non_exhaustive()
    }
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            clock: Clock::scaled(15.0),
            ports: [0; 3],
            nodes: (1..=3).map(|i| NodeOptions::new(format!("node-{i}"))).collect(),
            nomad_acl: true,
            consul_acl: true,
            nomad_token: nomad::random_id(),
            vault_token: format!("hvs.{}", nomad::random_id().replace('-', "")),
            consul_token: nomad::random_id(),
            wire_identity: true,
        }
    }
}

/// Why the embedded stack did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A socket could not be opened.
    #[error("no socket on {address}")]
    Bind {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Vault refused its set-up for workload identities.
    #[error("the embedded Vault refused its set-up: {}", .messages.join("; "))]
    Wiring {
        /// Vault's words.
        messages: Vec<String>,
    },
}

/// A running embedded stack. Dropping it ends it.
#[derive(Debug)]
pub struct Embedded {
    world: World,
    servers: [Server; 3],
    acls: [bool; 3],
    tokens: [String; 3],
}

impl Embedded {
    /// Starts all three.
    ///
    /// # Errors
    /// [`StartError::Bind`] if a port cannot be used.
    pub async fn start(options: EmbeddedOptions) -> Result<Self, StartError> {
        let EmbeddedOptions {
            clock,
            ports,
            nodes,
            nomad_acl,
            consul_acl,
            nomad_token,
            vault_token,
            consul_token,
            wire_identity,
        } = options;
        let identity = if wire_identity {
            json!({"Audience": ["vault.io"], "TTL": 3_600_000_000_000_u64})
        } else {
            Value::Null
        };
        let nomad_options = nomad::Options {
            nodes,
            acl: nomad_acl,
            token: nomad_token.clone(),
            vault_mount: "jwt-nomad".into(),
            vault_identity: identity,
        };
        let nomad_faults = Faults::new();
        let world = World {
            nomad: Nomad::new(clock.clone(), nomad_faults.clone(), nomad_options),
            vault: Vault::new(
                clock.outside(),
                VaultOptions { root_token: vault_token.clone(), ..VaultOptions::default() },
            ),
            consul: Consul::new(
                clock.outside(),
                ConsulOptions {
                    management_token: consul_token.clone(),
                    acl: consul_acl,
                    ..ConsulOptions::default()
                },
            ),
            clock,
            nomad_faults,
            vault_faults: Faults::new(),
            consul_faults: Faults::new(),
        };
        let [nomad_port, vault_port, consul_port] = ports;
        let servers = [
            serve(nomad_port, Arc::new(world.nomad.clone()), &world.nomad_faults).await?,
            serve(vault_port, world.vault.clone(), &world.vault_faults).await?,
            serve(consul_port, world.consul.clone(), &world.consul_faults).await?,
        ];
        let around = Around {
            vault: world.vault.clone(),
            consul: world.consul.clone(),
            consul_token: consul_token.clone(),
        };
        let [nomad_server, ..] = &servers;
        world.nomad.run(nomad_server.addr, Arc::new(around));
        if wire_identity {
            wire(&world.vault, &vault_token, nomad_server.addr)
                .map_err(|messages| StartError::Wiring { messages })?;
        }
        Ok(Self {
            world,
            servers,
            acls: [nomad_acl, true, consul_acl],
            tokens: [nomad_token, vault_token, consul_token],
        })
    }

    fn address(&self, product: Product) -> String {
        let [nomad, vault, consul] = &self.servers;
        let server = match product {
            Product::Nomad => nomad,
            Product::Vault => vault,
            Product::Consul => consul,
        };
        format!("http://{}", server.addr)
    }

    /// Nomad's address, as `NOMAD_ADDR` wants it.
    pub fn nomad_addr(&self) -> String {
        self.address(Product::Nomad)
    }

    /// Whether a product asks for a token.
    pub fn has_acl(&self, product: Product) -> bool {
        let [nomad, vault, consul] = self.acls;
        match product {
            Product::Nomad => nomad,
            Product::Vault => vault,
            Product::Consul => consul,
        }
    }

    /// The secret of Nomad's management token, which counts for nothing where it has no ACLs.
    pub fn nomad_token(&self) -> String {
        let [token, ..] = &self.tokens;
        token.clone()
    }

    /// Vault's address, as `VAULT_ADDR` wants it.
    pub fn vault_addr(&self) -> String {
        self.address(Product::Vault)
    }

    /// Vault's root token.
    pub fn vault_token(&self) -> String {
        let [_, token, _] = &self.tokens;
        token.clone()
    }

    /// Consul's address, as `CONSUL_HTTP_ADDR` takes it.
    pub fn consul_addr(&self) -> String {
        self.address(Product::Consul)
    }

    /// The secret of Consul's management token, which counts for nothing where it has no ACLs.
    pub fn consul_token(&self) -> String {
        let [.., token] = &self.tokens;
        token.clone()
    }

    /// The clock of this world.
    pub fn clock(&self) -> &Clock {
        &self.world.clock
    }

    /// The faults of a product.
    pub fn faults(&self, product: Product) -> &Faults {
        match product {
            Product::Nomad => &self.world.nomad_faults,
            Product::Vault => &self.world.vault_faults,
            Product::Consul => &self.world.consul_faults,
        }
    }

    /// Makes tasks behave: those whose image, command, argument or name contains `pattern`, or matches it where it has
    /// a `*`. The last matching rule counts; it holds from a task's next start.
    pub fn behave(&self, pattern: &str, behaviour: Behaviour) {
        self.world.nomad.behave(pattern, behaviour);
    }

    /// A file that a task of an allocation has, such as `secrets/app.env`: also one in its secrets
    /// folder, which no API shows.
    pub fn file(&self, allocation: &str, task: &str, path: &str) -> Option<String> {
        self.world.nomad.file(allocation, task, path)
    }

    /// Lets a node, by name or id, stop or resume its heartbeats. False if there is no such node.
    pub fn set_node_up(&self, node: &str, up: bool) -> bool {
        self.world.nomad.set_node_up(node, up)
    }

    /// Lets another node join.
    pub fn add_node(&self, node: &NodeOptions) {
        self.world.nomad.add_node(node);
    }

    /// Brings every deployment, lease and TTL forward by `d` at once.
    pub fn advance(&self, d: Duration) {
        self.world.clock.advance(d);
    }
}

async fn serve(port: u16, service: Arc<dyn http::Service>, faults: &Faults) -> Result<Server, StartError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    Server::start(address, service, faults.clone())
        .await
        .map_err(|source| StartError::Bind { address, source })
}

/// What `nomad setup vault` does, with one entity per workload instead of one per job id.
fn wire(vault: &Vault, root: &str, nomad: SocketAddr) -> Result<(), Vec<String>> {
    let policy = "path \"secret/data/{{identity.entity.aliases.AUTH_METHOD_ACCESSOR.metadata.nomad_namespace}}/{{identity.entity.aliases.AUTH_METHOD_ACCESSOR.metadata.nomad_job_id}}/*\" { capabilities = [\"read\"] }\npath \"secret/data/{{identity.entity.aliases.AUTH_METHOD_ACCESSOR.metadata.nomad_namespace}}/{{identity.entity.aliases.AUTH_METHOD_ACCESSOR.metadata.nomad_job_id}}\" { capabilities = [\"read\"] }\n";
    let write = |path: &str, body: Value| vault.write(root, path, &body).map_err(|(_, messages)| messages);
    write("sys/auth/jwt-nomad", json!({"type": "jwt"}))?;
    let mount = vault.read(root, "sys/auth/jwt-nomad").map_err(|(_, messages)| messages)?;
    let accessor =
        mount.as_ref().and_then(|m| m.get("accessor")).and_then(Value::as_str).unwrap_or("").to_owned();
    write(
        "auth/jwt-nomad/config",
        json!({"jwks_url": format!("http://{nomad}/.well-known/jwks.json"),
        "jwt_supported_algs": ["RS256", "EdDSA"], "default_role": "nomad-workloads"}),
    )?;
    write(
        "sys/policies/acl/nomad-workloads",
        json!({"policy": policy.replace("AUTH_METHOD_ACCESSOR", &accessor)}),
    )?;
    write(
        "auth/jwt-nomad/role/nomad-workloads",
        json!({"role_type": "jwt", "bound_audiences": ["vault.io"], "user_claim": "sub",
        "claim_mappings": {"nomad_namespace": "nomad_namespace", "nomad_job_id": "nomad_job_id", "nomad_task": "nomad_task"},
        "token_type": "service", "token_period": "30m", "token_explicit_max_ttl": 0, "token_policies": ["nomad-workloads"]}),
    )?;
    Ok(())
}
