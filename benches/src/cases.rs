//! What is measured.

/// How much of everything there is.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Small reads, one after the other.
    pub reads: u32,
    /// Small reads, 64 at a time.
    pub concurrent_reads: u32,
    /// Allocations in the list.
    pub allocations: usize,
    /// KV entries in the list.
    pub entries: usize,
    /// Instances of the service.
    pub instances: usize,
    /// Events in the stream.
    pub events: usize,
}

/// What a measurement takes.
pub const FULL: Sizes = Sizes {
    reads: 4_000,
    concurrent_reads: 20_000,
    allocations: 10_000,
    entries: 50_000,
    instances: 5_000,
    events: 5_000,
};

/// A case and who takes part in it.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub about: &'static str,
    /// The subject that others are compared with.
    pub baseline: &'static str,
    /// The others.
    pub subjects: &'static [&'static str],
    /// The peers, behind the feature.
    pub peers: &'static [&'static str],
}

/// All cases.
pub const CASES: &[Case] = &[
    Case {
        name: "small-read",
        about: "one secret, read 4,000 times one after the other",
        baseline: "raw",
        subjects: &["vault-client", "nomad-client", "consul-client"],
        peers: &["vaultrs", "vault-client-rs", "nomad-client-rs", "rs-consul"],
    },
    Case {
        name: "throughput",
        about: "one secret, read 20,000 times, 64 at a time",
        baseline: "raw",
        subjects: &["vault-client", "nomad-client", "consul-client"],
        peers: &["vaultrs", "vault-client-rs", "nomad-client-rs", "rs-consul"],
    },
    Case {
        name: "allocations",
        about: "10,000 allocations with task states, 35 MB; raw receives and skips them",
        baseline: "raw",
        subjects: &["nomad-client", "nomad-client items"],
        peers: &["nomad-client-rs"],
    },
    Case {
        name: "kv",
        about: "50,000 KV entries with binary values; raw receives and skips them",
        baseline: "raw",
        subjects: &["consul-client", "consul-client items"],
        peers: &["rs-consul"],
    },
    Case {
        name: "services",
        about: "5,000 service instances with their checks; raw receives and skips them",
        baseline: "raw",
        subjects: &["consul-client", "consul-client items"],
        peers: &["rs-consul"],
    },
    Case {
        name: "events",
        about: "5,000 events with allocation payloads",
        baseline: "raw",
        subjects: &["nomad-client"],
        peers: &["nomad-client-rs"],
    },
];
