//! When something that is done again and again is due: at multiples of an interval, however long it takes each time.
//!
//! Two that beat at the same interval keep out of each other's way for the whole run, if they begin so. Each time a little
//! later than that, by up to a hundredth of the interval, all delays alike often: else what is done by paced threads would meet it at
//! the same moment every time, or never.

use std::time::{Duration, Instant};

const SPREAD_PART: f64 = 100.0;

/// Multiples of it, without their whole part, lie evenly between 0 and 1.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;

/// Whoever wants less means "all the time".
const INTERVAL_MIN: Duration = Duration::from_micros(1);

pub struct Beat {
    interval: Duration,
    first: Instant,
    count: u64,
}

impl Beat {
    pub fn new(first: Instant, interval: Duration) -> Self {
        Self { interval: interval.max(INTERVAL_MIN), first, count: 0 }
    }

    /// What becomes due before is left out.
    pub fn not_before(mut self, begin: Instant) -> Self {
        if self.first < begin {
            let behind = (begin - self.first).as_nanos();
            self.count = behind.div_ceil(self.interval.as_nanos()) as u64;
        }
        self
    }

    /// How long until it is due; nothing if it is.
    pub fn wait(&self) -> Duration {
        self.due().saturating_duration_since(Instant::now())
    }

    fn due(&self) -> Instant {
        let nanos = u128::from(self.count) * self.interval.as_nanos();
        let spread = (self.count as f64 * GOLDEN_RATIO).fract() / SPREAD_PART;
        self.first + Duration::from_nanos(nanos as u64) + self.interval.mul_f64(spread)
    }

    /// It was done; what became due meanwhile is left out.
    pub fn done(&mut self, now: Instant) {
        let since = now.saturating_duration_since(self.first).as_nanos() / self.interval.as_nanos();
        self.count = (self.count + 1).max(since as u64 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_beat_keeps_its_place_however_long_things_take() {
        let begin = Instant::now();
        let mut beat = Beat::new(begin + SECOND, SECOND);
        for k in 1..1000 {
            assert!(beat.due() >= begin + k * SECOND);
            assert!(beat.due() < begin + k * SECOND + SECOND / 100);
            beat.done(beat.due() + SECOND / 3);
        }
        beat.done(begin + 5000 * SECOND + SECOND / 2);
        assert!(beat.due() >= begin + 5001 * SECOND);
        assert!(beat.due() < begin + 5001 * SECOND + SECOND / 100);
    }

    #[test]
    fn a_beat_that_begins_later_keeps_its_place() {
        let begin = Instant::now();
        let beat = Beat::new(begin + SECOND / 4, SECOND).not_before(begin + 3 * SECOND);
        assert!(beat.due() >= begin + 3 * SECOND + SECOND / 4);
        assert!(beat.due() < begin + 3 * SECOND + SECOND / 3);
        assert_eq!(Beat::new(begin, SECOND).not_before(begin).due(), begin);
    }

    #[test]
    fn a_beat_of_no_time_at_all_ends() {
        let begin = Instant::now();
        let mut beat = Beat::new(begin, Duration::ZERO);
        beat.done(begin + SECOND);
        assert!(beat.due() > begin + SECOND);
    }
}
