//! `raw`: what the device can do without any engine, the limit the other figures are read against.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use serde_json::json;

use crate::args::RawArgs;
use crate::failure::{Failure, Outcome};
use crate::latency::{
    describe, describe_warm_up, write_json, Figures, Met, Schedule, ThreadFigures,
};

const FILL_BYTES: usize = 1 << 20;

pub fn run(args: &RawArgs) -> Outcome<()> {
    let size = args.file_size;
    if args.bytes == 0 || size < args.bytes {
        return Err(Failure::new("Usage", "--bytes must be at least 1 and at most --file-size"));
    }
    fs::create_dir_all(&args.path).map_err(|e| Failure::from(e).at(args.path.display()))?;
    let files = (0..args.write_threads)
        .map(|number| PrefilledFile::new(args.path.join(format!("raw-{number}.tmp")), size))
        .collect::<Outcome<Vec<_>>>()?;

    let schedule = Schedule::new(args.warm_up, args.time);
    let barrier = Barrier::new(files.len());
    let threads = thread::scope(|scope| {
        let spawned: Vec<_> = files
            .iter()
            .map(|file| scope.spawn(|| file.hammer(args.bytes, &schedule, &barrier)))
            .collect();
        spawned.into_iter().map(join).collect::<Outcome<Vec<_>>>()
    })?;

    let write = Figures::join(&threads)?.json()?;
    print!("{}{}", describe_warm_up(args.warm_up), describe("write", &write));
    if let Some(file) = &args.json {
        let settings = json!({
            "command": "raw",
            "path": args.path.display().to_string(),
            "time": args.time,
            "warm_up": args.warm_up,
            "write_threads": args.write_threads,
            "bytes": args.bytes,
            "file_size": size,
        });
        write_json(file, &json!({ "settings": settings, "write": write }))?;
    }
    Ok(())
}

fn join<T>(thread: thread::ScopedJoinHandle<'_, Outcome<T>>) -> Outcome<T> {
    thread.join().unwrap_or_else(|_| Err(Failure::new("Panic", "a thread died")))
}

/// Zeros written and synced, so that a later sync of a write has no size or extent to record.
struct PrefilledFile {
    file: File,
    path: PathBuf,
    size: u64,
}

impl PrefilledFile {
    fn new(path: PathBuf, size: u64) -> Outcome<PrefilledFile> {
        let open = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = open.map_err(|e| Failure::from(e).at(path.display()))?;
        let prefilled = PrefilledFile { file, path, size };
        let zeros = vec![0; FILL_BYTES];
        let mut offset = 0;
        while offset < size {
            let length = (size - offset).min(FILL_BYTES as u64);
            prefilled.file.write_all_at(&zeros[..length as usize], offset)?;
            offset += length;
        }
        prefilled.file.sync_all()?;
        Ok(prefilled)
    }

    /// Writes and syncs one record behind the other until the time is up.
    fn hammer(&self, bytes: u64, schedule: &Schedule, barrier: &Barrier) -> Outcome<ThreadFigures> {
        let record = vec![0xa5; bytes as usize];
        let mut offset = 0;
        barrier.wait();
        schedule.work(0, |pace, until, figures| {
            let mut ended = None;
            while let Some((due, start)) = pace.wait(until) {
                if offset + bytes > self.size {
                    offset = 0;
                }
                self.file.write_all_at(&record, offset)?;
                self.file.sync_data()?;
                let end = Instant::now();
                ended = Some(end);
                figures.record(due, start, end, Met::default());
                figures.bytes += bytes;
                offset += bytes;
            }
            Ok(ended)
        })
    }
}

impl Drop for PrefilledFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
