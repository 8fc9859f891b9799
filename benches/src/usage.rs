//! How much memory and processor time this process has used, as Linux counts it.

/// Resident memory now, in KiB.
pub fn resident() -> u64 {
    field("VmRSS:")
}

/// The most resident memory so far, in KiB.
pub fn peak() -> u64 {
    field("VmHWM:")
}

/// Starts counting the peak anew, where the kernel lets a process do that.
pub fn reset_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn field(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

/// The time that the threads there are now were running, in microseconds.
pub fn cpu_micros() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e3
}
