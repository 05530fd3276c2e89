//! Which of a writer's groups a batch is for.

use rand::rngs::StdRng;
use rand::Rng;

/// Neighbouring groups from a random one on: all alike, or a few hot ones that get most of the
/// writes, and idle ones that are written to once, by the first batches, and never again.
pub struct Activity {
    count: usize,
    hot: usize,
    hot_writes: f64,
    ordinary_end: usize,
    idle_next: usize,
    low: usize,
    width: usize,
    from: usize,
}

impl Activity {
    pub fn new(count: usize, hot_share: f64, hot_writes: f64, idle_share: f64) -> Activity {
        let idle = ((count as f64 * idle_share) as usize).min(count - 1);
        let ordinary_end = count - idle;
        let hot = ((count as f64 * hot_share) as usize).max(1).min(ordinary_end);
        let hot = if hot_share == 0.0 { 0 } else { hot };
        Activity {
            count,
            hot,
            hot_writes,
            ordinary_end,
            idle_next: ordinary_end,
            low: 0,
            width: 0,
            from: 0,
        }
    }

    /// Chooses the groups of the next batch.
    pub fn next(&mut self, random: &mut StdRng, groups_per_batch: usize) {
        if self.idle_next < self.count {
            self.low = self.ordinary_end;
            self.width = self.count - self.ordinary_end;
            self.from = self.idle_next - self.ordinary_end;
            self.idle_next += groups_per_batch;
            return;
        }
        let hot =
            self.hot == self.ordinary_end || self.hot > 0 && random.gen::<f64>() < self.hot_writes;
        self.low = if hot { 0 } else { self.hot };
        self.width = if hot { self.hot } else { self.ordinary_end - self.hot };
        self.from = random.gen_range(0..self.width);
    }

    /// The n-th group of the batch.
    pub fn place(&self, step: usize) -> usize {
        self.low + (self.from + step) % self.width
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn hot_groups_get_their_share_and_idle_ones_one_batch() {
        let mut random = StdRng::seed_from_u64(3);
        let mut activity = Activity::new(100, 0.1, 0.9, 0.2);
        let mut writes = [0; 100];
        for _ in 0..20_000 {
            activity.next(&mut random, 1);
            writes[activity.place(0)] += 1;
        }
        let hot: i32 = writes[..10].iter().sum();
        assert!((17_700..18_300).contains(&hot), "{hot}");
        assert!(writes[80..].iter().all(|&count| count == 1));
        assert!(writes[10..80].iter().all(|&count| count > 0));
    }

    #[test]
    fn without_skew_all_groups_are_alike() {
        let mut random = StdRng::seed_from_u64(3);
        let mut activity = Activity::new(7, 0.0, 0.9, 0.0);
        let mut writes = [0; 7];
        for _ in 0..7_000 {
            activity.next(&mut random, 1);
            writes[activity.place(0)] += 1;
        }
        assert!(writes.iter().all(|&count| count > 850));
    }
}
