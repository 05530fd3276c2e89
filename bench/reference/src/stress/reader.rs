//! A read thread: the newest entry of a random group, again and again.

use std::time::Instant;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::{content, Run};
use crate::entry::EntryExt;
use crate::failure::{Failure, Outcome};
use crate::latency::{Met, Pace, ThreadFigures};

pub fn run(run: &Run<'_>) -> Outcome<ThreadFigures> {
    let args = run.args;
    let mut random = StdRng::from_entropy();
    let mut figures = ThreadFigures::new(args.read_ops_per_thread > 0)?;
    run.ready.wait();
    let deadline = run.deadline();
    let mut pace = Pace::new(args.read_ops_per_thread);
    let begin = pace.started_at();
    let mut now = begin;
    while now < deadline && !run.stop.is_set() {
        let Some(due) = pace.wait(deadline) else {
            break;
        };
        let start = Instant::now();
        let group = random.gen_range(0..args.regions);
        let last = run.engine.last_index(group);
        let entry = match last {
            Some(last) => run.engine.get_entry::<EntryExt>(group, last)?,
            None => None,
        };
        now = Instant::now();
        // A group nobody has written to yet is no read.
        let (Some(last), Some(entry)) = (last, entry) else {
            continue;
        };
        figures.record(due, start, now, Met::default());
        figures.bytes += entry.bytes().len() as u64;
        if args.verify {
            let data = entry.data().map_err(|e| Failure::new("Protobuf", e))?;
            content::check(&data, args.entry_size as usize, group, last)?;
        }
    }
    figures.elapsed = now - begin;
    Ok(figures)
}
