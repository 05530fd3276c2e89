//! `stress`: the load generator, with the options and figures of our own.

mod activity;
mod beat;
mod content;
mod purger;
mod reader;
mod report;
mod samples;
mod writer;

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Condvar, Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use raft_engine::{Config, Engine};

use crate::args::StressArgs;
use crate::config::ConfigTable;
use crate::failure::{catch, Failure, Outcome};
use crate::latency::{Figures, Schedule, ThreadFigures};
use crate::metrics::{cpu_seconds, written_bytes, EngineCounters};

use purger::Window;
use report::{Extent, Report};

/// What the threads of one run share.
pub struct Run<'a> {
    pub args: &'a StressArgs,
    pub engine: &'a Engine,
    pub stop: Stop,
    pub ready: Barrier,
    pub schedule: Schedule,
    pub window: Window,
    pub control: Window,
}

impl Run<'_> {
    /// Whether what begins then is behind the warm-up.
    pub fn counts(&self, begin: Instant) -> bool {
        begin >= self.schedule.counted_from()
    }

    /// Sleeps until the warm-up is over or the run is; answers when the former is or was due.
    pub fn await_counting(&self) -> Instant {
        let from = self.schedule.counted_from();
        self.stop.sleep(from.saturating_duration_since(Instant::now()));
        from
    }
}

/// Ends a run early: the first failure stops everybody, and sleepers wake up.
#[derive(Default)]
pub struct Stop {
    stopped: AtomicBool,
    asleep: Mutex<()>,
    wake: Condvar,
}

impl Stop {
    pub fn is_set(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    pub fn set(&self) {
        let guard = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        self.stopped.store(true, Ordering::Relaxed);
        drop(guard);
        self.wake.notify_all();
    }

    /// Sleeps, unless stopped before. Answers whether to go on.
    pub fn sleep(&self, time: Duration) -> bool {
        let guard = self.asleep.lock().unwrap_or_else(PoisonError::into_inner);
        let result = self.wake.wait_timeout_while(guard, time, |()| !self.is_set());
        drop(result);
        !self.is_set()
    }
}

/// Answers whether the run went without a failure.
pub fn run(args: &StressArgs) -> Outcome<bool> {
    check(args)?;
    let config = configure(args)?;
    if !args.reuse_data {
        empty(&args.path)?;
    }
    let report = catch(|| measure(args, config))?;
    report.print(args)?;
    Ok(true)
}

fn check(args: &StressArgs) -> Outcome<()> {
    let complaint = if args.write_threads == 0 && args.read_threads == 0 {
        "no thread has anything to do"
    } else if args.regions < args.write_threads {
        "--regions must be at least --write-threads"
    } else if args.regions < args.read_threads {
        "--regions must be at least --read-threads"
    } else if args.write_threads > 0 && args.write_region_count > args.regions / args.write_threads
    {
        "--write-region-count must be at most --regions / --write-threads"
    } else if args.write_threads > 0 && args.write_region_count * args.write_entry_count == 0 {
        "--write-region-count and --write-entry-count must be at least 1"
    } else {
        return Ok(());
    };
    Err(Failure::new("Usage", complaint))
}

fn configure(args: &StressArgs) -> Outcome<Config> {
    let options = vec![
        ("target-file-size", args.target_file_size.clone().map(Into::into)),
        ("purge-threshold", args.purge_threshold.clone().map(Into::into)),
        ("purge-rewrite-threshold", args.purge_rewrite_threshold.clone().map(Into::into)),
        ("purge-rewrite-garbage-ratio", args.purge_rewrite_garbage_ratio.map(Into::into)),
        ("batch-compression-threshold", args.compression_threshold.clone().map(Into::into)),
        ("format-version", args.format_version.map(Into::into)),
        ("enable-log-recycle", args.enable_log_recycle.map(Into::into)),
    ];
    let mut table = ConfigTable::from_settings_and_options(&args.settings, options)?;
    // The one default that is not the engine's own.
    table.set_default("purge-rewrite-threshold", "1GB")?;
    table.build(&args.path)
}

/// Removes a directory's content, provided an engine wrote all of it.
fn empty(path: &Path) -> Outcome<()> {
    if !path.exists() {
        return Ok(());
    }
    let at = |e: std::io::Error| Failure::from(e).at(path.display());
    let items = fs::read_dir(path).map_err(at)?.collect::<Result<Vec<_>, _>>().map_err(at)?;
    let foreign = items.iter().find(|item| {
        let name = item.file_name();
        let name = name.to_string_lossy();
        let engine = [".raftlog", ".rewrite", ".reserved", ".tmp"];
        name != "LOCK" && !engine.iter().any(|ending| name.ends_with(ending))
    });
    if let Some(foreign) = foreign {
        let message = format!("{} is no engine's file", foreign.path().display());
        return Err(Failure::new("Usage", message).at("refusing to empty the directory"));
    }
    for item in items {
        fs::remove_file(item.path()).map_err(at)?;
    }
    Ok(())
}

fn measure(args: &StressArgs, config: Config) -> Outcome<Report> {
    let effective = config.clone();
    let engine = Engine::open(config)?;
    let run = Run {
        args,
        engine: &engine,
        stop: Stop::default(),
        // The threads that write and read, and this one.
        ready: Barrier::new((args.write_threads + args.read_threads + 1) as usize),
        schedule: Schedule::new(args.warm_up, args.time),
        window: Window::new(),
        control: Window::new(),
    };
    let mut before = Counters::read();
    let shared = &run;
    let (writes, reads, purges, samples) = thread::scope(|scope| {
        let writers: Vec<_> = (0..args.write_threads)
            .map(|number| scope.spawn(move || guarded(shared, || writer::run(shared, number))))
            .collect();
        let readers: Vec<_> = (0..args.read_threads)
            .map(|_| scope.spawn(|| guarded(shared, || reader::run(shared))))
            .collect();
        run.ready.wait();
        let purger = (args.purge_interval > 0.0)
            .then(|| scope.spawn(|| guarded(shared, || purger::run(shared))));
        let sampler = (args.sample_interval > 0.0)
            .then(|| scope.spawn(|| guarded(shared, || samples::run(shared))));
        if args.warm_up > 0.0 {
            run.await_counting();
            before = Counters::read();
        }
        let writes = join_all(writers);
        let reads = join_all(readers);
        run.stop.set();
        let purged = purger.map(join).transpose();
        let sampled = sampler.map(join).transpose();
        Ok::<_, Failure>((writes?, reads?, purged?, sampled?))
    })?;
    let after = Counters::read();
    let report = Report::new(
        &effective,
        if writes.is_empty() { None } else { Some(Figures::join(&writes)?) },
        if reads.is_empty() { None } else { Some(Figures::join(&reads)?) },
        after.engine.since(&before.engine),
        (after.cpu.0 - before.cpu.0, after.cpu.1 - before.cpu.1),
        Extent {
            written_bytes: after.written_bytes - before.written_bytes,
            live_entries: live_entries(&engine),
            purges,
            samples,
        },
    );
    drop(engine);
    Ok(report)
}

/// What is counted from the end of the warm-up on.
struct Counters {
    engine: EngineCounters,
    cpu: (f64, f64),
    written_bytes: u64,
}

impl Counters {
    fn read() -> Counters {
        Counters {
            engine: EngineCounters::read(),
            cpu: cpu_seconds(),
            written_bytes: written_bytes(),
        }
    }
}

fn live_entries(engine: &Engine) -> u64 {
    let count = |group| Some(engine.last_index(group)? - engine.first_index(group)? + 1);
    engine.raft_groups().into_iter().filter_map(count).sum()
}

fn guarded<T>(run: &Run<'_>, body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let outcome = catch(body);
    if outcome.is_err() {
        run.stop.set();
    }
    outcome
}

fn join_all(
    threads: Vec<ScopedJoinHandle<'_, Outcome<ThreadFigures>>>,
) -> Outcome<Vec<ThreadFigures>> {
    // All are joined before the first failure is returned.
    let outcomes: Vec<_> = threads.into_iter().map(join).collect();
    outcomes.into_iter().collect()
}

fn join<T>(thread: ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    thread.join().unwrap_or_else(|_| Err(Failure::new("Panic", "a thread died")))
}
