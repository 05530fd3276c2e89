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
    run.ready.wait();
    run.schedule.work(args.read_ops_per_thread, |pace, until, figures| {
        work(run, &mut random, pace, until, figures)
    })
}

fn work(
    run: &Run<'_>,
    random: &mut StdRng,
    pace: &mut Pace,
    until: Instant,
    figures: &mut ThreadFigures,
) -> Outcome<Option<Instant>> {
    let args = run.args;
    let mut ended = None;
    while let Some((due, start)) = pace.wait(until) {
        if run.stop.is_set() {
            break;
        }
        let group = random.gen_range(0..args.regions);
        let last = run.engine.last_index(group);
        let entry = match last {
            Some(last) => run.engine.get_entry::<EntryExt>(group, last)?,
            None => None,
        };
        let end = Instant::now();
        ended = Some(end);
        // A group nobody has written to yet is no read.
        let (Some(last), Some(entry)) = (last, entry) else {
            continue;
        };
        figures.record(due, start, end, Met::default());
        figures.bytes += entry.bytes().len() as u64;
        if args.verify {
            let data = entry.data().map_err(|e| Failure::new("Protobuf", e))?;
            content::check(&data, args.entry_size as usize, group, last)?;
        }
    }
    Ok(ended)
}
