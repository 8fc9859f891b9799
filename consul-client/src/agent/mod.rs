//! The local [agent](https://developer.hashicorp.com/consul/api-docs/agent): what runs on its node, and itself.

mod checks;
mod connect;
mod info;
mod metrics;
mod monitor;
mod services;

use client_core::Entry;
use client_core::handle;

use crate::Client;

pub use checks::{CheckRegistration, TtlUpdate};
pub use connect::{Authorization, LeafCertificate};
pub use info::{AgentConfig, AgentSelf, AgentToken, AgentVersion, HostInfo, Member, MemberStatus};
pub use metrics::{GaugeValue, Metrics, PointValue, SampledValue};
pub use monitor::{LogLines, MetricsStream};
pub use services::{AgentServiceHealth, ServiceRegistration};

/// Markers of this area's calls.
pub mod caps {
    pub use super::info::{ForceLeave, Join, Maintenance, Members};
    pub use super::monitor::Monitor;
    pub use super::services::{HashLookup, RegisterService};
}

/// The operations of this area.
pub(crate) fn operations() -> Vec<Entry> {
    [
        services::OPERATIONS,
        checks::OPERATIONS,
        info::OPERATIONS,
        metrics::OPERATIONS,
        monitor::OPERATIONS,
        connect::OPERATIONS,
    ]
    .concat()
}

/// The agent at this client's address: what it runs, and itself.
///
/// ```no_run
/// # async fn example(consul: consul_client::Client) -> consul_client::Result<()> {
/// use std::time::Duration;
/// use consul_client::{CheckRegistration, ServiceRegistration};
/// let check = CheckRegistration::http("http://127.0.0.1:8000/health", Duration::from_secs(10));
/// let web = ServiceRegistration::new("web").port(8000).check(check);
/// consul.agent().register_service(&web).replace_existing_checks().await?;
/// # Ok(())
/// # }
/// ```
#[handle(Client::agent)]
pub struct Agent;
