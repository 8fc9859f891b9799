//! Networks and ports.

use super::macros::blocks;

blocks! {
    /// The network of a group.
    /// [network](https://developer.hashicorp.com/nomad/docs/job-specification/network)
    pub struct Network {
        /// `host`, `bridge`, `none` or `cni/` and a name; `host` if unset.
        into mode: String = "Mode" => zero "mode";
        /// The host name inside a bridge network.
        into hostname: String = "Hostname" => zero "hostname";
        /// The host's device.
        into device: String = "Device" => zero "device";
        /// The host's address range.
        into cidr: String = "CIDR" => zero "cidr";
        /// The host's address.
        into ip: String = "IP" => zero "ip";
        /// A bandwidth, which is not used any more.
        opt mbits: u64 = "MBits" => attr "mbits";
        /// Ports whose number is fixed; [`port`](Self::port) puts them here.
        list reserved_ports: Port = "ReservedPorts" => block "port";
        /// Ports whose number is chosen; [`port`](Self::port) puts them here.
        list dynamic_ports: Port = "DynamicPorts" => block "port";
        /// Name servers.
        opt dns: Dns = "DNS" => block "dns";
        /// Arguments of a CNI plugin.
        opt cni: Cni = "CNI" => block "cni";
    }

    /// A port with a label that services, templates and drivers refer to.
    pub struct Port {
        /// The label.
        name label: String = "Label" => label;
        /// The number on the host, if it is fixed.
        opt value: u64 = "Value" => zero "static";
        /// The number inside the network; -1 for the same as outside, unset for the driver's choice.
        opt to: i64 = "To" => zero "to";
        /// The host network it is opened on.
        into host_network: String = "HostNetwork" => zero "host_network";
        /// Whether several allocations of a client may have the same fixed port.
        opt ignore_collision: bool = "IgnoreCollision" => zero "ignore_collision";
    }

    /// Name servers of a network.
    pub struct Dns {
        /// Their addresses.
        list servers: String = "Servers" => attr "servers";
        /// Domains that are tried.
        list searches: String = "Searches" => attr "searches";
        /// Resolver options.
        list options: String = "Options" => attr "options";
    }

    /// Arguments of a CNI plugin.
    pub struct Cni {
        /// `CNI_ARGS`.
        map args: String = "Args" => attr "args", add arg;
    }
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
