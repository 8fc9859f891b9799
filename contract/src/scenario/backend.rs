//! Where scenarios run.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dev_stack::{DevStack, Endpoint};

use super::{Result, Stop};

/// The three products of a stack, with a client for each that may do everything.
#[derive(Debug)]
pub struct Backend {
    /// Nomad, with a management token.
    pub nomad: nomad_client::Client,
    /// Vault, with the root token.
    pub vault: vault_client::Client,
    /// Consul, with a management token.
    pub consul: consul_client::Client,
    stack: DevStack,
    run: String,
    names: AtomicU32,
}

macro_rules! client {
    ($client:ident, $endpoint:expr) => {{
        let endpoint: &Endpoint = $endpoint;
        let mut builder = $client::Client::builder().address(&endpoint.address);
        if let Some(token) = &endpoint.token {
            builder = builder.token(token.as_str());
        }
        builder.build()?
    }};
}

impl Backend {
    /// Connects to a stack.
    ///
    /// # Errors
    ///
    /// An address of the stack cannot be used.
    pub fn of(stack: DevStack) -> Result<Self> {
        // Servers found through the environment keep what an earlier run left, so names differ by run.
        let run = format!("{:x}", jiff::Timestamp::now().as_millisecond() & 0xff_ffff);
        Ok(Self {
            nomad: client!(nomad_client, stack.nomad()),
            vault: client!(vault_client, stack.vault()),
            consul: client!(consul_client, stack.consul()),
            stack,
            run,
            names: AtomicU32::new(0),
        })
    }

    /// What it is called in records: `embedded`, `agents` or `env`.
    #[must_use]
    pub fn name(&self) -> String {
        self.stack.kind().to_string()
    }

    /// The stack.
    #[must_use]
    pub fn stack(&self) -> &DevStack {
        &self.stack
    }

    /// The stack, to stop it.
    #[must_use]
    pub fn into_stack(self) -> DevStack {
        self.stack
    }

    /// Whether it is the simulation in this process.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.stack.kind() == dev_stack::Kind::Embedded
    }

    /// A name that nothing else on this backend has.
    #[must_use]
    pub fn unique(&self, name: &str) -> String {
        format!("{name}-{}-{}", self.run, self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// How long something may take that is there in a moment.
    #[must_use]
    pub fn patience(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// A Nomad client with another token; `None` for no token.
    ///
    /// # Errors
    ///
    /// The address cannot be used.
    pub fn nomad_as(&self, token: Option<&str>) -> Result<nomad_client::Client> {
        let endpoint = Endpoint::new(&self.stack.nomad().address, token.map(str::to_owned));
        Ok::<_, Stop>(client!(nomad_client, &endpoint))
    }

    /// A Vault client with another token; `None` for no token.
    ///
    /// # Errors
    ///
    /// The address cannot be used.
    pub fn vault_as(&self, token: Option<&str>) -> Result<vault_client::Client> {
        let endpoint = Endpoint::new(&self.stack.vault().address, token.map(str::to_owned));
        Ok::<_, Stop>(client!(vault_client, &endpoint))
    }

    /// A Consul client with another token; `None` for no token.
    ///
    /// # Errors
    ///
    /// The address cannot be used.
    pub fn consul_as(&self, token: Option<&str>) -> Result<consul_client::Client> {
        let endpoint = Endpoint::new(&self.stack.consul().address, token.map(str::to_owned));
        Ok::<_, Stop>(client!(consul_client, &endpoint))
    }
}
