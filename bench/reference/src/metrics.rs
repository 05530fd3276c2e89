//! Figures from the operating system and from the engine's own counters.

use std::fs;

use prometheus::proto::MetricFamily;

/// Bytes of this process in memory now, and at most so far.
pub fn resident_bytes() -> u64 {
    status_kib("VmRSS:") << 10
}

pub fn peak_resident_bytes() -> u64 {
    status_kib("VmHWM:") << 10
}

/// Bytes that this process has caused to be sent to storage so far: pages it made dirty.
pub fn written_bytes() -> u64 {
    let io = fs::read_to_string("/proc/self/io").unwrap_or_default();
    let line = io.lines().find(|line| line.starts_with("write_bytes:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

pub fn open_descriptors() -> u64 {
    // The listing has one itself.
    fs::read_dir("/proc/self/fd").map_or(0, |listing| listing.count() as u64 - 1)
}

pub fn mappings() -> u64 {
    fs::read_to_string("/proc/self/maps").map_or(0, |maps| maps.lines().count() as u64)
}

fn status_kib(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Seconds of processor time used so far, in user and system mode.
pub fn cpu_seconds() -> (f64, f64) {
    const TICKS_PER_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field, a name in parentheses, may contain spaces.
    let fields: Vec<&str> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) / TICKS_PER_SECOND, ticks(12) / TICKS_PER_SECOND)
}

/// How often the engine did something, and how long it took altogether.
#[derive(Clone, Copy, Default)]
pub struct Tally {
    pub count: u64,
    pub seconds: f64,
}

impl Tally {
    pub fn since(self, earlier: Tally) -> Tally {
        Tally { count: self.count - earlier.count, seconds: self.seconds - earlier.seconds }
    }
}

/// The engine's counters, which live for the process, not for one engine.
#[derive(Clone, Copy, Default)]
pub struct EngineCounters {
    pub rotations: Tally,
    pub file_syncs: Tally,
}

impl EngineCounters {
    pub fn read() -> EngineCounters {
        let families = prometheus::gather();
        EngineCounters {
            rotations: tally(&families, "raft_engine_rotate_log_duration_seconds"),
            file_syncs: tally(&families, "raft_engine_sync_log_duration_seconds"),
        }
    }

    pub fn since(&self, earlier: &EngineCounters) -> EngineCounters {
        EngineCounters {
            rotations: self.rotations.since(earlier.rotations),
            file_syncs: self.file_syncs.since(earlier.file_syncs),
        }
    }

    /// Syncs asked for by writes: each rotation adds two, of the old file and of the new.
    pub fn write_syncs(&self) -> u64 {
        self.file_syncs.count.saturating_sub(2 * self.rotations.count)
    }
}

fn tally(families: &[MetricFamily], name: &str) -> Tally {
    let mut sum = Tally::default();
    for family in families.iter().filter(|family| family.get_name() == name) {
        for metric in family.get_metric() {
            sum.count += metric.get_histogram().get_sample_count();
            sum.seconds += metric.get_histogram().get_sample_sum();
        }
    }
    sum
}
