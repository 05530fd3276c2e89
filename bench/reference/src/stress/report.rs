//! The figures of a run, for people and as the JSON object our own tool writes.

use raft_engine::Config;
use serde_json::{json, Value};

use super::purger::PurgeFigures;
use crate::args::StressArgs;
use crate::failure::{Failure, Outcome};
use crate::latency::{describe, describe_warm_up, ratio, write_json, Figures};
use crate::metrics::{peak_resident_bytes, resident_bytes, EngineCounters};

/// How much the run wrote, held and took.
pub struct Extent {
    pub written_bytes: u64,
    pub live_entries: u64,
    pub purges: Option<PurgeFigures>,
    pub samples: Option<Vec<Value>>,
}

pub struct Report {
    config: Outcome<Value>,
    write: Option<Figures>,
    read: Option<Figures>,
    process: Value,
    engine: Value,
    purges: Option<PurgeFigures>,
    samples: Option<Vec<Value>>,
}

impl Report {
    pub fn new(
        config: &Config,
        write: Option<Figures>,
        read: Option<Figures>,
        counters: EngineCounters,
        cpu: (f64, f64),
        extent: Extent,
    ) -> Report {
        let batches = write.as_ref().map_or(0, Figures::ops);
        let rotation_max = write.as_ref().map(Figures::rotation_max).unwrap_or_default();
        let syncs = counters.write_syncs();
        Report {
            config: serde_json::to_value(config).map_err(|e| Failure::new("Other", e)),
            process: json!({
                "resident_bytes": resident_bytes(),
                "peak_resident_bytes": peak_resident_bytes(),
                "cpu_user_s": cpu.0,
                "cpu_system_s": cpu.1,
                "written_bytes": extent.written_bytes,
            }),
            engine: json!({
                "rotations": counters.rotations.count,
                "rotation_max_us": rotation_max.as_nanos() as f64 / 1e3,
                "rotation_total_us": counters.rotations.seconds * 1e6,
                "syncs": syncs,
                "file_syncs": counters.file_syncs.count,
                "file_sync_avg_us":
                    ratio(counters.file_syncs.seconds, counters.file_syncs.count as f64) * 1e6,
                "batches_per_sync": ratio(batches as f64, syncs as f64),
                "purges": extent.purges.as_ref().map_or(0, PurgeFigures::purges),
                "live_entries": extent.live_entries,
            }),
            purges: extent.purges,
            samples: extent.samples,
            write,
            read,
        }
    }

    pub fn print(self, args: &StressArgs) -> Outcome<()> {
        let mut object = json!({
            "settings": settings(args, self.config?),
            "process": self.process,
            "engine": self.engine,
        });
        let mut text = describe_warm_up(args.warm_up);
        for (name, figures) in [("write", self.write), ("read", self.read)] {
            if let Some(figures) = figures {
                object[name] = figures.json()?;
                if name == "write" && self.purges.is_some() {
                    figures.add_purge_parts(&mut object[name])?;
                }
                text += &describe(name, &object[name]);
            }
        }
        if let Some(purges) = self.purges {
            object["purge"] = purges.json();
        }
        if let Some(samples) = self.samples {
            object["samples"] = samples.into();
        }
        let engine = &object["engine"];
        text += &format!(
            "[engine]\nRotations = {}, longest = {:.1} us; Syncs = {}, batches per sync = {:.2}\n",
            engine["rotations"],
            engine["rotation_max_us"].as_f64().unwrap_or(0.0),
            engine["syncs"],
            engine["batches_per_sync"].as_f64().unwrap_or(0.0),
        );
        text += &format!("[process]\nResident = {} B\n", object["process"]["resident_bytes"]);
        // Standard output belongs to whoever reads acknowledgements or JSON there.
        let json_on_stdout = args.json.as_ref().is_some_and(|file| file.as_os_str() == "-");
        if args.ack || json_on_stdout {
            eprint!("{text}");
        } else {
            print!("{text}");
        }
        args.json.as_ref().map_or(Ok(()), |file| write_json(file, &object))
    }
}

fn settings(args: &StressArgs, config: Value) -> Value {
    json!({
        "command": "stress",
        "implementation": "raft-engine 0.4.2",
        "path": args.path.display().to_string(),
        "time": args.time,
        "warm_up": args.warm_up,
        "regions": args.regions,
        "purge_interval": args.purge_interval,
        "compact_count": args.compact_count,
        "force_compact_factor": args.force_compact_factor,
        "write_threads": args.write_threads,
        "write_ops_per_thread": args.write_ops_per_thread,
        "read_threads": args.read_threads,
        "read_ops_per_thread": args.read_ops_per_thread,
        "entry_size": args.entry_size,
        "write_entry_count": args.write_entry_count,
        "write_region_count": args.write_region_count,
        "hot_regions": args.hot_regions,
        "hot_writes": args.hot_writes,
        "idle_regions": args.idle_regions,
        "write_without_sync": args.write_without_sync,
        "reuse_data": args.reuse_data,
        "verify": args.verify,
        "engine": config,
    })
}
