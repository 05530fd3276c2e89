//! What the run takes, looked at again and again.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::beat::Beat;
use super::Run;
use crate::failure::Outcome;
use crate::metrics::{mappings, open_descriptors, resident_bytes};

pub fn run(run: &Run<'_>) -> Outcome<Vec<Value>> {
    let interval = Duration::from_secs_f64(run.args.sample_interval);
    let begin = run.await_counting();
    let mut samples = Vec::new();
    // A look takes some of a processor, for which neither a purge nor its control, half an interval later, is to be blamed.
    let purges = Duration::from_secs_f64(run.args.purge_interval);
    let phase = if purges.is_zero() { interval } else { interval.min(purges) } / 4;
    let mut beat = Beat::new(run.schedule.began() + phase, interval).not_before(begin);
    loop {
        let on = run.stop.sleep(beat.wait());
        samples.push(look(&run.args.path, begin));
        if !on {
            return Ok(samples);
        }
        beat.done(Instant::now());
    }
}

fn look(dir: &Path, begin: Instant) -> Value {
    let (mut files, mut directory_bytes, mut log_bytes) = (0, 0, 0);
    for item in fs::read_dir(dir).into_iter().flatten().flatten() {
        // One that went away between the listing and here counts nothing.
        let Ok(metadata) = item.metadata() else { continue };
        files += 1;
        directory_bytes += metadata.len();
        let name = item.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(".raftlog") || name.ends_with(".rewrite") {
            log_bytes += metadata.len();
        }
    }
    json!({
        "s": begin.elapsed().as_secs_f64(),
        "files": files,
        "directory_bytes": directory_bytes,
        "log_bytes": log_bytes,
        "descriptors": open_descriptors(),
        "mappings": mappings(),
        "resident_bytes": resident_bytes(),
    })
}
