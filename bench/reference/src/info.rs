//! `info`: how long a normal open takes and what it costs.

use std::time::Instant;

use raft_engine::internals::LogQueue;
use raft_engine::Engine;
use serde_json::{json, Value};

use crate::args::InfoArgs;
use crate::config::ConfigTable;
use crate::failure::{catch, Failure, Outcome};
use crate::metrics::{peak_resident_bytes, resident_bytes};

pub fn run(args: &InfoArgs) -> Outcome<()> {
    let config = ConfigTable::from_settings(&args.settings)?.build(&args.path)?;
    if !args.path.is_dir() {
        let missing = format!("{} is not a directory", args.path.display());
        return Err(Failure::invalid(missing));
    }
    let report = catch(|| {
        let recovery_threads = config.recovery_threads;
        let before = resident_bytes();
        let start = Instant::now();
        let engine = Engine::open(config)?;
        let open_ms = start.elapsed().as_secs_f64() * 1e3;
        let resident = resident_bytes();
        let groups = engine.raft_groups();
        let entries: u64 = groups.iter().map(|group| count_entries(&engine, *group)).sum();
        Ok(json!({
            "open_ms": open_ms,
            "recovery_threads": recovery_threads,
            "groups": groups.len(),
            "entries": entries,
            "resident_bytes": resident,
            "resident_before_open_bytes": before,
            "peak_resident_bytes": peak_resident_bytes(),
            "append": span(&engine, LogQueue::Append),
            "rewrite": span(&engine, LogQueue::Rewrite),
        }))
    })?;
    println!("{report}");
    Ok(())
}

fn count_entries(engine: &Engine, group: u64) -> u64 {
    match (engine.first_index(group), engine.last_index(group)) {
        (Some(first), Some(last)) => last - first + 1,
        _ => 0,
    }
}

fn span(engine: &Engine, queue: LogQueue) -> Value {
    let (first, last) = engine.file_span(queue);
    json!({ "first_segment": first, "last_segment": last, "segments": last - first + 1 })
}
