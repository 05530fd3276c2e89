//! A write thread: batches for its own groups, one after the other.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use raft_engine::{get_perf_context, Command, LogBatch};
use rand::rngs::StdRng;
use rand::SeedableRng;

use super::activity::Activity;
use super::content::Content;
use super::Run;
use crate::entry::{Entry, EntryExt};
use crate::failure::{Failure, Outcome};
use crate::latency::{Met, Pace, ThreadFigures};

const BATCH_ITEMS: usize = 4096;

/// What this thread knows about one of its groups; nobody else appends to it.
struct Group {
    id: u64,
    first: u64,
    next: u64,
}

pub fn run(run: &Run<'_>, thread: u64) -> Outcome<ThreadFigures> {
    let args = run.args;
    let groups: Vec<Group> = (thread..args.regions)
        .step_by(args.write_threads as usize)
        .map(|id| Group {
            id,
            first: run.engine.first_index(id).unwrap_or(1),
            next: run.engine.last_index(id).map_or(1, |last| last + 1),
        })
        .collect();
    let mut writer = Writer {
        run,
        content: Content::new(args.verify, args.entry_size as usize, args.write_entry_count),
        entries: vec![Entry::default(); args.write_entry_count as usize],
        batch: LogBatch::with_capacity(BATCH_ITEMS),
        random: StdRng::from_entropy(),
        activity: Activity::new(groups.len(), args.hot_regions, args.hot_writes, args.idle_regions),
        groups,
        written: Vec::new(),
        rotation: Duration::ZERO,
    };
    run.ready.wait();
    writer.prepare()?;
    run.schedule
        .work(args.write_ops_per_thread, |pace, until, figures| writer.work(pace, until, figures))
}

struct Writer<'a> {
    run: &'a Run<'a>,
    content: Content,
    entries: Vec<Entry>,
    batch: LogBatch,
    random: StdRng,
    activity: Activity,
    groups: Vec<Group>,
    /// Places, in `groups`, of the batch's groups.
    written: Vec<usize>,
    /// Time this thread's writes spent in rotations, as far as known.
    rotation: Duration,
}

impl Writer<'_> {
    /// Finds the next batch prepared, and leaves one so. Answers when the last write ended.
    fn work(
        &mut self,
        pace: &mut Pace,
        until: Instant,
        figures: &mut ThreadFigures,
    ) -> Outcome<Option<Instant>> {
        let Run { args, engine, stop, window, control, .. } = self.run;
        let mut ended = None;
        while let Some((due, start)) = pace.wait(until) {
            if stop.is_set() {
                break;
            }
            let bytes = engine.write(&mut self.batch, !args.write_without_sync)?;
            let end = Instant::now();
            ended = Some(end);
            let from = due.unwrap_or(start);
            let purge = window.touches(from, end);
            let met = Met { purge, control: !purge && control.touches(from, end) };
            figures.record(due, start, end, met);
            figures.bytes += bytes as u64;
            self.note_rotation(figures);
            if args.ack {
                self.acknowledge()?;
            }
            self.prepare()?;
        }
        Ok(ended)
    }

    /// Chooses groups and fills the batch for them.
    fn prepare(&mut self) -> Outcome<()> {
        let args = self.run.args;
        self.activity.next(&mut self.random, args.write_region_count as usize);
        self.written.clear();
        for step in 0..args.write_region_count as usize {
            let place = self.activity.place(step);
            let group = &mut self.groups[place];
            for (position, entry) in self.entries.iter_mut().enumerate() {
                let payload = self.content.payload(position as u64, group.id, group.next);
                entry.set(0, group.next, payload);
                group.next += 1;
            }
            self.batch.add_entries::<EntryExt>(group.id, &self.entries)?;
            if args.compact_count > 0 && group.next - group.first > args.compact_count {
                group.first = group.next - args.compact_count;
                self.batch.add_command(group.id, Command::Compact { index: group.first });
            }
            self.written.push(place);
        }
        Ok(())
    }

    /// The engine credits a rotation to every write of the group that met it.
    fn note_rotation(&mut self, figures: &mut ThreadFigures) {
        let total = get_perf_context().log_rotate_duration;
        if total > self.rotation {
            figures.rotation_max = figures.rotation_max.max(total - self.rotation);
            self.rotation = total;
        }
    }

    fn acknowledge(&self) -> Outcome<()> {
        let mut text = String::new();
        for place in &self.written {
            let group = &self.groups[*place];
            text += &format!("{} {}\n", group.id, group.next - 1);
        }
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::from)
    }
}
