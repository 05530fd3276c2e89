//! The purge thread: purges at an interval and compacts the groups the engine asks for.

use std::time::Duration;

use super::Run;
use crate::failure::Outcome;

pub fn run(run: &Run<'_>) -> Outcome<()> {
    let interval = Duration::from_secs_f64(run.args.purge_interval);
    while run.stop.sleep(interval) {
        for group in run.engine.purge_expired_files()? {
            let (first, last) = (run.engine.first_index(group), run.engine.last_index(group));
            if let (Some(first), Some(last)) = (first, last) {
                run.engine
                    .compact_to(group, compact_index(run.args.force_compact_factor, first, last));
            }
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
