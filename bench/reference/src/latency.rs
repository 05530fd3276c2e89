//! Operations with their latencies, and how they are paced and reported.

use std::path::Path;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use base64::engine::general_purpose::STANDARD as BASE64;
use base64::Engine as _;
use hdrhistogram::serialization::{Serializer, V2Serializer};
use hdrhistogram::Histogram;
use serde_json::{json, Value};

use crate::failure::{Failure, Outcome};

const NANOS_PER_MICRO: f64 = 1e3;
const LONGEST_NANOS: u64 = 3_600_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// Nanoseconds from 1 to one hour, three digits.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    pub fn new() -> Outcome<Latencies> {
        Histogram::new_with_bounds(1, LONGEST_NANOS, SIGNIFICANT_DIGITS)
            .map(Latencies)
            .map_err(|e| Failure::new("Other", e))
    }

    pub fn record(&mut self, duration: Duration) {
        self.0.saturating_record(duration.as_nanos().clamp(1, u128::from(LONGEST_NANOS)) as u64);
    }

    pub fn count(&self) -> u64 {
        self.0.len()
    }

    fn subtract(&mut self, other: &Latencies) -> Outcome<()> {
        self.0.subtract(&other.0).map_err(|e| Failure::new("Other", format!("{e:?}")))
    }

    fn json(&self) -> Outcome<Value> {
        Ok(json!({
            "ops": self.count(),
            "latency_us": self.micros(),
            "histogram": self.base64()?,
        }))
    }

    fn add(&mut self, other: &Latencies) -> Outcome<()> {
        self.0.add(&other.0).map_err(|e| Failure::new("Other", e))
    }

    fn micros(&self) -> Value {
        let at = |quantile: f64| self.0.value_at_quantile(quantile) as f64 / NANOS_PER_MICRO;
        json!({
            "min": self.0.min() as f64 / NANOS_PER_MICRO,
            "avg": self.0.mean() / NANOS_PER_MICRO,
            "p50": at(0.5),
            "p90": at(0.9),
            "p95": at(0.95),
            "p99": at(0.99),
            "p99_9": at(0.999),
            "max": self.0.max() as f64 / NANOS_PER_MICRO,
        })
    }

    fn base64(&self) -> Outcome<String> {
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(&self.0, &mut bytes)
            .map_err(|e| Failure::new("Other", format!("{e:?}")))?;
        Ok(BASE64.encode(bytes))
    }
}

/// Starts operations at a fixed rate, or at once without one. Latency counts from the time an
/// operation should have started: one that had to wait for a slow predecessor was slow too.
pub struct Pace {
    interval: Option<Duration>,
    started: u32,
    stretch: Instant,
}

impl Pace {
    /// The first operation is due at `start`.
    pub fn new(ops_per_second: u64, start: Instant) -> Pace {
        let interval =
            (ops_per_second > 0).then(|| Duration::from_secs_f64(1.0 / ops_per_second as f64));
        Pace { interval, started: 0, stretch: start }
    }

    /// Waits for the next start. Answers when it should have been (none without pacing) and when it
    /// is, or nothing at all if the deadline comes first.
    pub fn wait(&mut self, deadline: Instant) -> Option<(Option<Instant>, Instant)> {
        let due = match self.interval {
            Some(interval) => Some(self.wait_until_due(interval, deadline)?),
            None => None,
        };
        let start = Instant::now();
        (start < deadline).then_some((due, start))
    }

    fn wait_until_due(&mut self, interval: Duration, deadline: Instant) -> Option<Instant> {
        // Counted from a base that moves, so that neither rounding nor a long run adds up.
        if self.started == 1_000_000 {
            self.stretch += interval * self.started;
            self.started = 0;
        }
        let due = self.stretch + interval * self.started;
        if due >= deadline {
            return None;
        }
        self.started += 1;
        sleep_until(due);
        Some(due)
    }
}

fn sleep_until(due: Instant) {
    const SPIN: Duration = Duration::from_micros(10);
    let left = due.saturating_duration_since(Instant::now());
    if left > SPIN {
        thread::sleep(left - SPIN);
    }
    while Instant::now() < due {
        std::hint::spin_loop();
    }
}

/// When the operations of threads that begin together count: behind a warm-up, for some time.
pub struct Schedule {
    start: OnceLock<Instant>,
    warm_up: Duration,
    time: Duration,
}

impl Schedule {
    pub fn new(warm_up: f64, time: f64) -> Schedule {
        Schedule {
            start: OnceLock::new(),
            warm_up: Duration::from_secs_f64(warm_up),
            time: Duration::from_secs_f64(time),
        }
    }

    /// When the run began, its warm-up included: with the first thread that asks.
    pub fn began(&self) -> Instant {
        *self.start.get_or_init(Instant::now)
    }

    /// When the warm-up is over.
    pub fn counted_from(&self) -> Instant {
        self.began() + self.warm_up
    }

    /// Works through both, each at a pace of its own: a paced operation that is late at the end of
    /// the warm-up is left out, or the counted ones would wait for what a cold start has left behind.
    ///
    /// `work` begins operations at a pace until a deadline, records them, and answers when the last
    /// one ended.
    pub fn work(
        &self,
        ops_per_second: u64,
        mut work: impl FnMut(&mut Pace, Instant, &mut ThreadFigures) -> Outcome<Option<Instant>>,
    ) -> Outcome<ThreadFigures> {
        let paced = ops_per_second > 0;
        let mut uncounted = ThreadFigures::new(paced)?;
        let mut figures = ThreadFigures::new(paced)?;
        let counted_from = self.counted_from();
        let mut begin = Instant::now();
        if begin < counted_from {
            work(&mut Pace::new(ops_per_second, begin), counted_from, &mut uncounted)?;
            begin = counted_from;
        }
        let end = work(&mut Pace::new(ops_per_second, begin), begin + self.time, &mut figures)?;
        figures.elapsed = end.map_or(Duration::ZERO, |end| end - begin);
        Ok(figures)
    }
}

/// What an operation met.
#[derive(Clone, Copy, Default)]
pub struct Met {
    pub purge: bool,
    /// A window in which nothing was done.
    pub control: bool,
}

/// What one thread did.
pub struct ThreadFigures {
    pub latency: Latencies,
    /// From the real start of each operation; kept with pacing only.
    pub service: Option<Latencies>,
    /// Of `latency` those operations that met a purge.
    pub during_purge: Latencies,
    /// And those that met a window in which nothing was done.
    pub during_control: Latencies,
    /// The longest rotation its operations had part in, as far as known.
    pub rotation_max: Duration,
    pub bytes: u64,
    pub elapsed: Duration,
}

impl ThreadFigures {
    pub fn new(paced: bool) -> Outcome<ThreadFigures> {
        Ok(ThreadFigures {
            latency: Latencies::new()?,
            service: if paced { Some(Latencies::new()?) } else { None },
            during_purge: Latencies::new()?,
            during_control: Latencies::new()?,
            rotation_max: Duration::ZERO,
            bytes: 0,
            elapsed: Duration::ZERO,
        })
    }

    pub fn record(&mut self, due: Option<Instant>, start: Instant, end: Instant, met: Met) {
        self.latency.record(end - due.unwrap_or(start));
        if met.purge {
            self.during_purge.record(end - due.unwrap_or(start));
        }
        if met.control {
            self.during_control.record(end - due.unwrap_or(start));
        }
        if let Some(service) = &mut self.service {
            service.record(end - start);
        }
    }

    fn ops_per_second(&self) -> f64 {
        ratio(self.latency.count() as f64, self.elapsed.as_secs_f64())
    }
}

/// What all threads of a kind did together.
pub struct Figures {
    latency: Latencies,
    service: Option<Latencies>,
    during_purge: Latencies,
    during_control: Latencies,
    rotation_max: Duration,
    bytes: u64,
    seconds: f64,
    fairness: f64,
}

impl Figures {
    pub fn join(threads: &[ThreadFigures]) -> Outcome<Figures> {
        let paced = threads.iter().any(|thread| thread.service.is_some());
        let mut sum = Figures {
            latency: Latencies::new()?,
            service: if paced { Some(Latencies::new()?) } else { None },
            during_purge: Latencies::new()?,
            during_control: Latencies::new()?,
            rotation_max: Duration::ZERO,
            bytes: 0,
            seconds: 0.0,
            fairness: fairness(threads.iter().map(ThreadFigures::ops_per_second).collect()),
        };
        for thread in threads {
            sum.latency.add(&thread.latency)?;
            if let (Some(all), Some(one)) = (&mut sum.service, &thread.service) {
                all.add(one)?;
            }
            sum.during_purge.add(&thread.during_purge)?;
            sum.during_control.add(&thread.during_control)?;
            sum.rotation_max = sum.rotation_max.max(thread.rotation_max);
            sum.bytes += thread.bytes;
            sum.seconds = sum.seconds.max(thread.elapsed.as_secs_f64());
        }
        Ok(sum)
    }

    pub fn rotation_max(&self) -> Duration {
        self.rotation_max
    }

    pub fn ops(&self) -> u64 {
        self.latency.count()
    }

    pub fn json(&self) -> Outcome<Value> {
        let mut object = json!({
            "ops": self.ops(),
            "seconds": self.seconds,
            "ops_per_s": ratio(self.ops() as f64, self.seconds),
            "bytes_per_s": ratio(self.bytes as f64, self.seconds),
            "fairness": self.fairness,
            "latency_us": self.latency.micros(),
            "histogram": self.latency.base64()?,
            "histogram_unit": "ns",
        });
        if let Some(service) = &self.service {
            object["service_us"] = service.micros();
            object["service_histogram"] = service.base64()?.into();
        }
        Ok(object)
    }

    /// Writes apart: those that met a purge, or the compactions after it, and those that met none.
    pub fn add_purge_parts(&self, object: &mut Value) -> Outcome<()> {
        let mut outside = Latencies(self.latency.0.clone());
        outside.subtract(&self.during_purge)?;
        let at = |part: &Latencies| part.0.value_at_quantile(0.99) as f64;
        object["purge_p99_ratio"] = ratio(at(&self.during_purge), at(&outside)).into();
        object["control_p99_ratio"] = ratio(at(&self.during_control), at(&outside)).into();
        object["during_control"] = self.during_control.json()?;
        object["during_purge"] = self.during_purge.json()?;
        object["outside_purge"] = outside.json()?;
        Ok(())
    }
}

/// 1 when all threads got the same throughput: one minus the deviation in shares of the median, and
/// for one or two threads minus their difference in shares of their sum.
fn fairness(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (rates.first(), rates.last()) else {
        return 1.0;
    };
    if rates.len() <= 2 {
        return 1.0 - ratio(high - low, high + low);
    }
    let count = rates.len() as f64;
    let mean = rates.iter().sum::<f64>() / count;
    let variance = rates.iter().map(|r| (r - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let middle = rates.len() / 2;
    let median = if rates.len() % 2 == 1 {
        rates[middle]
    } else {
        f64::midpoint(rates[middle - 1], rates[middle])
    };
    1.0 - ratio(variance.sqrt(), median)
}

pub fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        part / whole
    } else {
        0.0
    }
}

/// What people read above the figures; nothing where everything was counted.
pub fn describe_warm_up(seconds: f64) -> String {
    if seconds > 0.0 {
        format!("[warm-up]\nSeconds = {seconds:?}, counted in no figure\n")
    } else {
        String::new()
    }
}

/// The lines people read.
pub fn describe(name: &str, figures: &Value) -> String {
    let mut text = format!(
        "[{name}]\nThroughput(QPS) = {:.2}\n",
        figures["ops_per_s"].as_f64().unwrap_or(0.0)
    );
    for (title, key) in [("Latency", "latency_us"), ("Service", "service_us")] {
        if let Some(values) = figures.get(key) {
            let at = |field: &str| values[field].as_f64().unwrap_or(0.0);
            text += &format!(
                "{title}(us) min = {:.1}, avg = {:.1}, p50 = {:.1}, p90 = {:.1}, p95 = {:.1}, \
                 p99 = {:.1}, p99.9 = {:.1}, max = {:.1}\n",
                at("min"),
                at("avg"),
                at("p50"),
                at("p90"),
                at("p95"),
                at("p99"),
                at("p99_9"),
                at("max"),
            );
        }
    }
    if let Some(value) = figures.get("purge_p99_ratio") {
        text += &format!("p99 during / outside purge = {:.2}\n", value.as_f64().unwrap_or(0.0));
    }
    let mib = figures["bytes_per_s"].as_f64().unwrap_or(0.0) / (1 << 20) as f64;
    let fairness = figures["fairness"].as_f64().unwrap_or(0.0) * 100.0;
    text + &format!("Bandwidth = {mib:.2} MiB/s\nFairness = {fairness:.1}%\n")
}

/// Writes the figures for machines; "-" is standard output.
pub fn write_json(file: &Path, figures: &Value) -> Outcome<()> {
    if file.as_os_str() == "-" {
        println!("{figures}");
        return Ok(());
    }
    std::fs::write(file, format!("{figures}\n")).map_err(|e| Failure::from(e).at(file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rates_are_fair_and_one_idle_thread_of_two_is_not() {
        assert_eq!(fairness(vec![5.0, 5.0, 5.0]), 1.0);
        assert_eq!(fairness(vec![7.0]), 1.0);
        assert_eq!(fairness(vec![7.0, 0.0]), 0.0);
        assert!(fairness(vec![1.0, 2.0, 3.0]) < 0.6);
    }

    /// Operations that take no time: each phase gets those that are due in it.
    fn count(begun: &mut Vec<Instant>, pace: &mut Pace, until: Instant) -> Option<Instant> {
        let mut last = None;
        while let Some((due, start)) = pace.wait(until) {
            begun.push(due.unwrap_or(start));
            last = Some(start);
        }
        last
    }

    #[test]
    fn only_what_begins_behind_the_warm_up_is_counted() {
        for ops_per_second in [0, 1000] {
            let schedule = Schedule::new(0.02, 0.02);
            let from = schedule.counted_from();
            let mut phases = Vec::new();
            let figures = schedule.work(ops_per_second, |pace, until, figures| {
                let mut begun = Vec::new();
                let last = count(&mut begun, pace, until);
                figures.bytes = begun.len() as u64;
                phases.push(begun);
                Ok(last)
            });
            let figures = figures.expect("histograms");
            let counted = phases.pop().expect("a phase");
            assert!(counted.iter().all(|&begin| begin >= from));
            assert!(phases.iter().flatten().all(|&begin| begin < from));
            assert_eq!(figures.bytes, counted.len() as u64);
        }
    }

    #[test]
    fn without_a_warm_up_everything_is_counted() {
        let mut calls = 0;
        let figures = Schedule::new(0.0, 1.0).work(0, |_, _, figures| {
            calls += 1;
            figures.bytes = 7;
            Ok(None)
        });
        let figures = figures.expect("histograms");
        assert_eq!((calls, figures.bytes, figures.elapsed), (1, 7, Duration::ZERO));
    }

    #[test]
    fn a_pace_gives_up_what_is_late_at_the_deadline() {
        let begin = Instant::now();
        thread::sleep(Duration::from_millis(2));
        let late = begin + Duration::from_millis(1);
        assert_eq!(Pace::new(1_000_000, begin).wait(late), None);
        assert_eq!(Pace::new(0, begin).wait(late), None);
        let never = begin + Duration::from_secs(3600);
        let (due, start) = Pace::new(1_000_000, begin).wait(never).expect("due");
        assert_eq!(due, Some(begin));
        assert!(start > late);
    }

    #[test]
    fn a_late_operation_counts_from_when_it_was_due() {
        let mut figures = ThreadFigures::new(true).expect("histogram");
        let due = Instant::now();
        let start = due + Duration::from_millis(9);
        figures.record(Some(due), start, start + Duration::from_millis(1), Met::default());
        assert!(figures.latency.0.max() >= 9_900_000);
        assert!(figures.service.expect("paced").0.max() < 1_100_000);
    }
}
