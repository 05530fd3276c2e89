//! The purge thread: purges at an interval and compacts the groups the engine asks for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{json, Value};

use super::beat::Beat;
use super::Run;
use crate::failure::Outcome;

const NEVER: u64 = 0;
const STILL_OPEN: u64 = u64::MAX;

/// When the purger was at work, so that writes that met a purge can be told from the others.
/// Nanoseconds since the run began.
pub struct Window {
    zero: Instant,
    begin: AtomicU64,
    end: AtomicU64,
}

impl Window {
    pub fn new() -> Window {
        Window { zero: Instant::now(), begin: AtomicU64::new(NEVER), end: AtomicU64::new(NEVER) }
    }

    fn nanos(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.zero).as_nanos() as u64
    }

    fn open(&self) {
        self.begin.store(self.nanos(Instant::now()).max(1), Ordering::SeqCst);
        self.end.store(STILL_OPEN, Ordering::SeqCst);
    }

    /// Answers how long it was open, in nanoseconds.
    fn close(&self) -> u64 {
        let now = self.nanos(Instant::now());
        self.end.store(now, Ordering::SeqCst);
        now - self.begin.load(Ordering::SeqCst).min(now)
    }

    /// Opens it for so long, beginning now.
    fn open_for(&self, nanos: u64) {
        let now = self.nanos(Instant::now()).max(1);
        self.begin.store(now, Ordering::SeqCst);
        self.end.store(now + nanos, Ordering::SeqCst);
    }

    /// Whether an operation that has just returned met the newest window.
    pub fn touches(&self, due: Instant, returned: Instant) -> bool {
        let end = self.end.load(Ordering::SeqCst);
        let begin = self.begin.load(Ordering::SeqCst);
        begin != NEVER && end >= self.nanos(due) && self.nanos(returned) >= begin
    }
}

/// What all purges did.
#[derive(Default)]
pub struct PurgeFigures {
    purges: u64,
    nanos: u128,
    longest: u128,
    reported: u64,
    compacted: u64,
}

impl PurgeFigures {
    pub fn purges(&self) -> u64 {
        self.purges
    }

    pub fn json(&self) -> Value {
        json!({
            "purges": self.purges,
            "duration_ms": self.nanos as f64 / 1e6,
            "duration_max_ms": self.longest as f64 / 1e6,
            "reported_groups": self.reported,
            "compacted_entries": self.compacted,
        })
    }
}

pub fn run(run: &Run<'_>) -> Outcome<PurgeFigures> {
    let interval = Duration::from_secs_f64(run.args.purge_interval);
    let mut figures = PurgeFigures::default();
    let mut beat = Beat::new(run.schedule.began() + interval, interval);
    let mut lasted = Duration::ZERO;
    loop {
        // The control window is as long as the last purge, half an interval later, and nothing happens in it. A purge that
        // took longer has none: there is no time in which nothing is done, or what it left to the disk is still there.
        if let Some(half) = beat.wait().checked_sub(interval / 2).filter(|half| *half >= lasted) {
            if !run.stop.sleep(half) {
                break;
            }
            if !lasted.is_zero() && run.counts(Instant::now()) {
                run.control.open_for(lasted.as_nanos() as u64);
            }
        }
        if !run.stop.sleep(beat.wait()) {
            break;
        }
        let begin = Instant::now();
        if run.counts(begin) {
            run.window.open();
            let outcome = purge(run, &mut figures);
            lasted = Duration::from_nanos(run.window.close());
            outcome?;
        } else {
            // One that begins in the warm-up is no window, and nobody counts it.
            purge(run, &mut PurgeFigures::default())?;
            lasted = begin.elapsed();
        }
        beat.done(Instant::now());
    }
    Ok(figures)
}

fn purge(run: &Run<'_>, figures: &mut PurgeFigures) -> Outcome<()> {
    let start = Instant::now();
    let groups = run.engine.purge_expired_files()?;
    let took = start.elapsed().as_nanos();
    figures.purges += 1;
    figures.nanos += took;
    figures.longest = figures.longest.max(took);
    figures.reported += groups.len() as u64;
    for group in groups {
        let (first, last) = (run.engine.first_index(group), run.engine.last_index(group));
        if let (Some(first), Some(last)) = (first, last) {
            let index = compact_index(run.args.force_compact_factor, first, last);
            figures.compacted += run.engine.compact_to(group, index);
        }
    }
    Ok(())
}

/// The first index to keep when a share of first..=last is to go.
fn compact_index(share: f64, first: u64, last: u64) -> u64 {
    let count = last - first + 1;
    first + (count as f64 * share) as u64
}

#[cfg(test)]
mod tests {
    use super::compact_index;

    #[test]
    fn the_share_given_is_dropped_and_something_always_stays() {
        assert_eq!(compact_index(0.5, 11, 20), 16);
        assert_eq!(compact_index(0.25, 1, 4), 2);
        assert_eq!(compact_index(0.999, 5, 5), 5);
    }
}
