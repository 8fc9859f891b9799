//! What allocations use.

use client_core::Extra;
use client_core::time::unix_nanos;
use client_core::wire::Wire;
use jiff::Timestamp;

use crate::ByName;

/// What an allocation uses.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct AllocationStats {
    /// All tasks together.
    pub resource_usage: Option<ResourceUsage>,
    /// Each task.
    pub tasks: ByName<TaskStats>,
    /// When it was measured.
    #[wire(with = unix_nanos)]
    pub timestamp: Option<Timestamp>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What a task uses.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct TaskStats {
    /// All its processes together.
    pub resource_usage: Option<ResourceUsage>,
    /// When it was measured.
    #[wire(with = unix_nanos)]
    pub timestamp: Option<Timestamp>,
    /// Each process, by its id.
    pub pids: ByName<ResourceUsage>,
    /// What this version does not know.
    pub extra: Extra,
}

/// What something uses.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct ResourceUsage {
    /// Of memory.
    pub memory_stats: Option<MemoryStats>,
    /// Of processors.
    pub cpu_stats: Option<CpuStats>,
    /// Of devices.
    pub device_stats: Vec<serde_json::Value>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Memory in use, in bytes.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct MemoryStats {
    /// Resident.
    #[wire(name = "RSS")]
    pub rss: u64,
    /// Cached files.
    pub cache: u64,
    /// Swapped out.
    pub swap: u64,
    /// Mapped files.
    pub mapped_file: u64,
    /// All of it.
    pub usage: u64,
    /// The most it ever was.
    pub max_usage: u64,
    /// Of the kernel.
    pub kernel_usage: u64,
    /// The most that ever was.
    pub kernel_max_usage: u64,
    /// Which of these the driver measures.
    pub measured: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}

/// Processors in use.
#[derive(Debug, Clone, Default, PartialEq, Wire)]
#[wire(pascal)]
#[non_exhaustive]
pub struct CpuStats {
    /// In the kernel, in percent.
    pub system_mode: f64,
    /// In programs, in percent.
    pub user_mode: f64,
    /// In MHz.
    pub total_ticks: f64,
    /// How often it was held back.
    pub throttled_periods: u64,
    /// For how long, in nanoseconds.
    pub throttled_time: u64,
    /// Of one core.
    pub percent: f64,
    /// Which of these the driver measures.
    pub measured: Vec<String>,
    /// What this version does not know.
    pub extra: Extra,
}
