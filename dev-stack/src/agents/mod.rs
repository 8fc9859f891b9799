//! Real agents: `nomad`, `vault` or `bao`, and `consul`, started from PATH and wired to each other.

mod binaries;
mod consul;
mod error;
pub(crate) mod http;
mod nomad;
mod options;
mod ports;
mod process;
mod reaper;
mod site;
mod vault;
mod wiring;

use std::ffi::OsString;
use std::path::Path;
use std::sync::{Arc, Mutex as SyncMutex, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex;
use tracing::info;

pub use error::AgentsError;
pub use options::{AgentsOptions, Docker, VaultProgram};

use binaries::Binaries;
use process::{Agent, SharedReaper};
use reaper::Reaper;
use site::Site;

/// How long Nomad may take to stop its tasks, and the others to close their files.
const STOP_LIMIT: Duration = Duration::from_secs(15);
/// How long Nomad's client may take to register once the server leads.
const REGISTER_LIMIT: Duration = Duration::from_secs(1);
/// How often Nomad is started until its client has registered in that time; the last one gets all the time there is.
const REGISTER_ATTEMPTS: u32 = 4;

/// Three running agents on loopback ports.
///
/// Nomad is server and client in one, with `raw_exec` (and Docker, see [`Docker`]); it trusts nobody without a token,
/// gives its tasks identities for Vault (auth method `jwt-nomad`, audience `vault.io`) and Consul (auth method
/// `nomad-workloads`, audience `consul.io`), and registers services in Consul. Vault is unsealed and has a KV version 2
/// engine at `secret/`; a job that names no role reads `secret/data/<namespace>/<job>/…` (role `nomad-workloads`), other
/// policies and roles are up to the caller.
///
/// Dropping it kills the agents and every task they run, and waits for that, which takes well under a second; so does
/// the death of this process, however it comes. [`Agents::stop`] lets tasks end in order first.
///
/// ```no_run
/// # async fn run() -> Result<(), dev_stack::agents::AgentsError> {
/// use dev_stack::agents::{Agents, AgentsOptions};
///
/// let agents = Agents::start(AgentsOptions::new().data_dir("target/stack")).await?;
/// println!("export NOMAD_ADDR={}", agents.nomad_addr());
/// agents.restart_nomad().await?; // its tasks go on meanwhile
/// agents.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Agents {
    nomad: Mutex<Agent>,
    vault: Mutex<Agent>,
    consul: Mutex<Agent>,
    site: Site,
    docker: bool,
    limit: Duration,
    vault_program: VaultProgram,
    // The last field: what it watches is ended after nothing else can start anything.
    reaper: SharedReaper,
}

impl Agents {
    /// Starts all three and waits until they are ready and wired: leaders elected, Vault unsealed, Nomad's node ready
    /// with its drivers and in sight of Vault and Consul.
    ///
    /// # Errors
    /// [`AgentsError::MissingBinaries`] names what is not on PATH; [`AgentsError::NotReady`] shows the end of the log
    /// of an agent that ended or took too long; nothing is left running in either case.
    pub async fn start(options: AgentsOptions) -> Result<Self, AgentsError> {
        let binaries = Binaries::find(&options)?;
        let docker = docker_wanted(options.docker).await?;
        let site = Site::open(options.data_dir.as_deref(), options.acl, binaries.vault_name)?;

        let (mark, id) = site.mark();
        let reaper = Reaper::spawn(&format!("{mark}={id}"), site.folder(), site.is_temporary(), docker)
            .map_err(AgentsError::io("start the shell that ends the agents"))?;
        let reaper = Arc::new(SyncMutex::new(reaper));
        let agent = |name, program: &Path, arguments: Vec<OsString>| {
            let log = site.at(&format!("{name}.log"));
            Mutex::new(Agent::new(name, program, arguments, log, site.mark(), Arc::clone(&reaper)))
        };
        let file = |flag: &str, name: &str, text: String| {
            site.write_private(name, text.as_bytes())?;
            let mut argument = OsString::from(flag);
            argument.push(site.at(name));
            Ok::<_, AgentsError>(argument)
        };
        let consul_file = file("-config-file=", "consul.json", consul::config(&site).to_string())?;
        let consul = agent("consul", &binaries.consul, vec!["agent".into(), consul_file]);
        let vault_file = file("-config=", "vault.json", vault::config(&site)?.to_string())?;
        let vault = agent("vault", &binaries.vault, vec!["server".into(), vault_file]);
        let nomad_file = file("-config=", "nomad.json", nomad::config(&site).to_string())?;
        let mut arguments = vec!["agent".into(), nomad_file];
        if docker {
            arguments.push(file("-config=", "nomad-docker.hcl", nomad::DOCKER_PLUGIN.to_owned())?);
        }
        let nomad = agent("nomad", &binaries.nomad, arguments);

        let vault_program =
            if binaries.vault_name == "bao" { VaultProgram::Bao } else { VaultProgram::Vault };
        let limit = options.start_timeout;
        let agents = Self { nomad, vault, consul, site, docker, limit, vault_program, reaper };
        // Nomad looks for the other two once when it starts, and then not again for a while.
        tokio::try_join!(agents.start_consul(), agents.start_vault())?;
        agents.start_nomad().await?;
        nomad::end_drain(&agents.site).await?;
        tokio::try_join!(vault::trust_nomad(&agents.site), consul::trust_nomad(&agents.site))?;
        info!(folder = %agents.data_dir().display(), "agents are ready");
        Ok(agents)
    }

    async fn start_consul(&self) -> Result<(), AgentsError> {
        let mut agent = self.consul.lock().await;
        agent.spawn()?;
        agent.wait_until("it leads and answers", self.limit, || consul::is_ready(&self.site)).await
    }

    async fn start_vault(&self) -> Result<(), AgentsError> {
        let (mut agent, site) = (self.vault.lock().await, &self.site);
        agent.spawn()?;
        agent.wait_until("it answers", self.limit, || vault::answers(site)).await?;
        vault::unseal(site).await?;
        agent.wait_until("it is active", self.limit, || vault::is_active(site)).await?;
        vault::mount_secrets(site).await?;
        agent.wait_until("secret/ takes writes", self.limit, || vault::has_secrets(site)).await
    }

    async fn start_nomad(&self) -> Result<(), AgentsError> {
        let (mut agent, site) = (self.nomad.lock().await, &self.site);
        for attempt in 1..=REGISTER_ATTEMPTS {
            agent.spawn()?;
            agent.wait_until("it leads and signs identities", self.limit, || nomad::has_leader(site)).await?;
            nomad::bootstrap(site).await?;
            // The client may ask to be registered before the server can sign its identity, and asks again only after
            // up to half a minute; a restart is faster.
            let limit = if attempt < REGISTER_ATTEMPTS { REGISTER_LIMIT } else { self.limit };
            match agent.wait_until("its node is registered", limit, || nomad::has_node(site)).await {
                Ok(()) => break,
                Err(error) if attempt == REGISTER_ATTEMPTS => return Err(error),
                Err(_) => agent.kill().await?,
            }
        }
        agent.wait_until("its node takes work", self.limit, || nomad::is_ready(site, self.docker)).await
    }

    /// Kills Nomad and starts it again on the same ports and data; its tasks go on meanwhile.
    ///
    /// # Errors
    /// [`AgentsError::NotReady`] if it does not come back.
    pub async fn restart_nomad(&self) -> Result<(), AgentsError> {
        self.nomad.lock().await.kill().await?;
        self.start_nomad().await
    }

    /// Kills Vault, starts it again on the same ports and data, and unseals it.
    ///
    /// # Errors
    /// [`AgentsError::NotReady`] if it does not come back.
    pub async fn restart_vault(&self) -> Result<(), AgentsError> {
        self.vault.lock().await.kill().await?;
        self.start_vault().await
    }

    /// Kills Consul and starts it again on the same ports and data.
    ///
    /// # Errors
    /// [`AgentsError::NotReady`] if it does not come back.
    pub async fn restart_consul(&self) -> Result<(), AgentsError> {
        self.consul.lock().await.kill().await?;
        self.start_consul().await
    }

    /// Interrupts Nomad, which stops its tasks in their own order (signal, kill timeout) for up to 15 s, then the
    /// others; then kills what is left, tasks and containers too. A kept data folder can be started again: its jobs
    /// are placed anew.
    pub async fn stop(self) {
        self.nomad.lock().await.interrupt(STOP_LIMIT).await;
        let others = async { tokio::join!(self.vault.lock(), self.consul.lock()) };
        let (mut vault, mut consul) = others.await;
        tokio::join!(vault.interrupt(STOP_LIMIT), consul.interrupt(STOP_LIMIT));
        drop((vault, consul));
        let reaper = Arc::clone(&self.reaper);
        let finish = move || reaper.lock().unwrap_or_else(PoisonError::into_inner).finish();
        // If the runtime is going down this does not run, and dropping does the same.
        let _ = tokio::task::spawn_blocking(finish).await;
    }

    /// Nomad's address, `http://127.0.0.1:PORT`.
    pub fn nomad_addr(&self) -> String {
        format!("http://{}", site::loopback(self.site.ports.nomad_http()))
    }

    /// Nomad's management token, if ACLs are on.
    pub fn nomad_token(&self) -> Option<&str> {
        self.site.nomad_token()
    }

    /// Vault's address, `http://127.0.0.1:PORT`.
    pub fn vault_addr(&self) -> String {
        format!("http://{}", site::loopback(self.site.ports.vault_http()))
    }

    /// Vault's root token.
    pub fn vault_token(&self) -> Option<&str> {
        self.site.vault_keys().map(|keys| keys.root_token.as_str())
    }

    /// Consul's address, `http://127.0.0.1:PORT`.
    pub fn consul_addr(&self) -> String {
        format!("http://{}", site::loopback(self.site.ports.consul_http()))
    }

    /// Consul's management token, if ACLs are on.
    pub fn consul_token(&self) -> Option<&str> {
        self.site.consul_token()
    }

    /// The folder with the agents' configuration, data and logs (`nomad.log`, `vault.log`, `consul.log`).
    pub fn data_dir(&self) -> &Path {
        self.site.folder()
    }

    /// Whether Nomad has its Docker driver.
    pub fn has_docker(&self) -> bool {
        self.docker
    }

    /// Which program serves Vault's API; never [`VaultProgram::Any`].
    pub fn vault_program(&self) -> VaultProgram {
        self.vault_program
    }
}

async fn docker_wanted(docker: Docker) -> Result<bool, AgentsError> {
    if docker == Docker::Off {
        return Ok(false);
    }
    let endpoint = binaries::docker_endpoint();
    let answers = binaries::docker_answers(&endpoint).await;
    if docker == Docker::On && !answers {
        return Err(AgentsError::NoDocker { endpoint: endpoint.to_string_lossy().into_owned() });
    }
    Ok(answers)
}
