//! What allocations use.

use client_core::time::unix_nanos;
use jiff::Timestamp;

use crate::ByName;
use crate::record::records;

records! {
    /// What an allocation uses.
    pub struct AllocationStats {
        /// All tasks together.
        resource_usage: Option<ResourceUsage>,
        /// Each task.
        tasks: ByName<TaskStats>,
        /// When it was measured.
        timestamp: Option<Timestamp> as "unix_nanos",
        ..
    }

    /// What a task uses.
    pub struct TaskStats {
        /// All its processes together.
        resource_usage: Option<ResourceUsage>,
        /// When it was measured.
        timestamp: Option<Timestamp> as "unix_nanos",
        /// Each process, by its id.
        pids: ByName<ResourceUsage>,
        ..
    }

    /// What something uses.
    pub struct ResourceUsage {
        /// Of memory.
        memory_stats: Option<MemoryStats>,
        /// Of processors.
        cpu_stats: Option<CpuStats>,
        /// Of devices.
        device_stats: Vec<serde_json::Value>,
        ..
    }

    /// Memory in use, in bytes.
    pub struct MemoryStats {
        /// Resident.
        rss: u64 = "RSS",
        /// Cached files.
        cache: u64,
        /// Swapped out.
        swap: u64,
        /// Mapped files.
        mapped_file: u64,
        /// All of it.
        usage: u64,
        /// The most it ever was.
        max_usage: u64,
        /// Of the kernel.
        kernel_usage: u64,
        /// The most that ever was.
        kernel_max_usage: u64,
        /// Which of these the driver measures.
        measured: Vec<String>,
        ..
    }

    /// Processors in use.
    pub struct CpuStats {
        /// In the kernel, in percent.
        system_mode: f64,
        /// In programs, in percent.
        user_mode: f64,
        /// In MHz.
        total_ticks: f64,
        /// How often it was held back.
        throttled_periods: u64,
        /// For how long, in nanoseconds.
        throttled_time: u64,
        /// Of one core.
        percent: f64,
        /// Which of these the driver measures.
        measured: Vec<String>,
        ..
    }
}
