//! What a process costs, as Linux counts it in `/proc`.

use std::{fs, io, time::Duration};

/// Ticks of the kernel's process clock in a second; 100 on every Linux that we build for.
const TICKS_A_SECOND: u64 = 100;

/// Memory of a process.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// Resident now.
    pub resident_bytes: u64,
    /// Resident at most so far (`VmHWM`).
    pub most_bytes: u64,
}

/// The memory of this process.
///
/// # Errors
/// There is no `/proc` to ask.
pub fn memory() -> io::Result<Memory> {
    memory_of(std::process::id())
}

/// The memory of a process.
///
/// # Errors
/// There is no such process, or no `/proc` to ask.
pub fn memory_of(process: u32) -> io::Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
    };
    Ok(Memory { resident_bytes: of("VmRSS:"), most_bytes: of("VmHWM:") })
}

/// Processor time that this process has spent, all threads together.
///
/// # Errors
/// There is no `/proc` to ask.
pub fn processor() -> io::Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field is a name in brackets that may hold anything; utime and stime are the 14th and 15th.
    let behind = stat.rsplit(')').next().unwrap_or("");
    let ticks: u64 = behind.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS_A_SECOND))
}

/// Processor time of each thread that is there now, by its name; the greatest first.
///
/// # Errors
/// There is no `/proc` to ask.
pub fn threads() -> io::Result<Vec<(String, Duration)>> {
    let mut all: Vec<(String, Duration)> = Vec::new();
    for entry in fs::read_dir("/proc/self/task")? {
        let folder = entry?.path();
        let name = fs::read_to_string(folder.join("comm"))?.trim_end().to_owned();
        let spent = fs::read_to_string(folder.join("schedstat"))?;
        let nanoseconds = spent.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(0);
        all.push((name, Duration::from_nanos(nanoseconds)));
    }
    all.sort_by_key(|(_, spent)| std::cmp::Reverse(*spent));
    Ok(all)
}

/// The counts that were given; where there are fewer, these.
pub fn given<const N: usize>(counts: &[u64], defaults: [u64; N]) -> [u64; N] {
    std::array::from_fn(|n| counts.get(n).copied().unwrap_or(defaults[n]))
}

/// Bytes as whole megabytes of 10^6.
pub fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}
