//! When something that is done again and again is due: at multiples of an interval, however long it takes each time.
//!
//! Two that beat at the same interval keep out of each other's way for the whole run, if they begin so. Each time a little
//! later or earlier, by up to a hundredth of the interval in even steps: else what is done by paced threads would meet it at
//! the same moment every time, or never.

use std::time::{Duration, Instant};

const SPREAD_PART: f64 = 100.0;

/// Multiples of it, without their whole part, lie evenly between 0 and 1.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_895;

pub struct Beat {
    interval: Duration,
    due: Instant,
    count: u32,
}

impl Beat {
    pub fn new(first: Instant, interval: Duration) -> Self {
        Self { interval, due: first, count: 0 }
    }

    pub fn due(&self) -> Instant {
        self.due
            + self.interval.mul_f64((f64::from(self.count) * GOLDEN_RATIO).fract() / SPREAD_PART)
    }

    /// It was done; what became due meanwhile is left out.
    pub fn done(&mut self, now: Instant) {
        self.due += self.interval;
        self.count += 1;
        while self.due <= now {
            self.due += self.interval;
            self.count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_keeps_its_place_however_long_things_take() {
        let begin = Instant::now();
        let second = Duration::from_secs(1);
        let mut beat = Beat::new(begin + second, second);
        for k in 1..1000 {
            let late = beat.due() - (begin + k * second);
            assert!(late < second / 100);
            beat.done(beat.due() + second / 3);
        }
        beat.done(begin + 5000 * second + second / 2);
        assert!(beat.due() - (begin + 5001 * second) < second / 100);
    }
}
