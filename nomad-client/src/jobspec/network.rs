//! Networks and ports.

use std::collections::BTreeMap;

use client_core::Extra;
use client_core::wire::{Setters, Wire};
use client_derive::Block;

/// The network of a group.
/// [network](https://developer.hashicorp.com/nomad/docs/job-specification/network)
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Network {
    /// `host`, `bridge`, `none` or `cni/` and a name; `host` if unset.
    #[hcl(zero)]
    pub mode: Option<String>,
    /// The host name inside a bridge network.
    #[hcl(zero)]
    pub hostname: Option<String>,
    /// The host's device.
    #[hcl(zero)]
    pub device: Option<String>,
    /// The host's address range.
    #[wire(name = "CIDR")]
    #[hcl(zero)]
    pub cidr: Option<String>,
    /// The host's address.
    #[wire(name = "IP")]
    #[hcl(zero)]
    pub ip: Option<String>,
    /// A bandwidth, which is not used any more.
    #[wire(name = "MBits")]
    pub mbits: Option<u64>,
    /// Ports whose number is fixed; [`port`](Self::port) puts them here.
    #[hcl(block = "port")]
    pub reserved_ports: Vec<Port>,
    /// Ports whose number is chosen; [`port`](Self::port) puts them here.
    #[hcl(block = "port")]
    pub dynamic_ports: Vec<Port>,
    /// Name servers.
    #[wire(name = "DNS")]
    #[hcl(block)]
    pub dns: Option<Dns>,
    /// Arguments of a CNI plugin.
    #[wire(name = "CNI")]
    #[hcl(block)]
    pub cni: Option<Cni>,
    /// What this version does not know.
    pub extra: Extra,
}

/// A port with a label that services, templates and drivers refer to.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Port {
    /// The label.
    #[wire(omit)]
    #[set(skip)]
    #[hcl(label)]
    pub label: String,
    /// The number on the host, if it is fixed.
    #[hcl(zero = "static")]
    pub value: Option<u64>,
    /// The number inside the network; -1 for the same as outside, unset for the driver's choice.
    #[hcl(zero)]
    pub to: Option<i64>,
    /// The host network it is opened on.
    #[hcl(zero)]
    pub host_network: Option<String>,
    /// Whether several allocations of a client may have the same fixed port.
    #[hcl(zero)]
    pub ignore_collision: Option<bool>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Name servers of a network.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Dns {
    /// Their addresses.
    pub servers: Vec<String>,
    /// Domains that are tried.
    pub searches: Vec<String>,
    /// Resolver options.
    pub options: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Arguments of a CNI plugin.
#[derive(Debug, Clone, Default, PartialEq, Wire, Setters, Block)]
#[wire(pascal, omit)]
#[non_exhaustive]
pub struct Cni {
    /// `CNI_ARGS`.
    #[set(one = "arg")]
    pub args: BTreeMap<String, String>,
    /// What this version does not know.
    pub extra: Extra,
}

impl Network {
    /// The host's own network.
    #[must_use]
    pub fn host() -> Self {
        Self::default().mode("host")
    }

    /// A network namespace that is bridged to the host.
    #[must_use]
    pub fn bridge() -> Self {
        Self::default().mode("bridge")
    }

    /// Adds a port.
    #[must_use]
    pub fn port(mut self, port: Port) -> Self {
        let ports = match port.value {
            Some(1..) => &mut self.reserved_ports,
            _ => &mut self.dynamic_ports,
        };
        ports.push(port);
        self
    }
}

impl Port {
    /// A port whose number the scheduler chooses.
    #[must_use]
    pub fn dynamic(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// A port with this number on every host.
    #[must_use]
    pub fn fixed(label: impl Into<String>, number: u16) -> Self {
        Self { label: label.into(), value: Some(number.into()), ..Self::default() }
    }
}
