//! `fill`: many small batches, quickly, for directories whose recovery is to be measured.

use std::time::Instant;

use raft_engine::{Engine, LogBatch};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use serde_json::json;

use crate::args::FillArgs;
use crate::config::ConfigTable;
use crate::entry::{Entry, EntryExt};
use crate::failure::{catch, Failure, Outcome};

const SEED: u64 = 42;

/// Batch n goes to group `n mod regions + 1`, behind what the group holds already.
pub fn run(args: &FillArgs) -> Outcome<()> {
    let config = ConfigTable::from_settings(&args.settings)?.build(&args.path)?;
    if args.entries_per_batch == 0 {
        return Err(Failure::new("Usage", "--entries-per-batch must be at least 1"));
    }
    let mut payload = vec![0; args.entry_size as usize];
    StdRng::seed_from_u64(SEED).fill_bytes(&mut payload);
    let start = Instant::now();
    let bytes = catch(|| {
        let engine = Engine::open(config)?;
        let mut next: Vec<u64> =
            (1..=args.regions).map(|g| engine.last_index(g).map_or(1, |last| last + 1)).collect();
        let mut batch = LogBatch::default();
        let mut entries = vec![Entry::default(); args.entries_per_batch as usize];
        let mut bytes = 0;
        for number in 0..args.batches {
            let slot = (number % args.regions) as usize;
            for entry in &mut entries {
                entry.set(1, next[slot], &payload);
                next[slot] += 1;
            }
            batch.add_entries::<EntryExt>(slot as u64 + 1, &entries)?;
            bytes += engine.write(&mut batch, false)? as u64;
        }
        Ok(bytes)
    })?;
    let entries = args.batches * args.entries_per_batch;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{}",
        json!({ "batches": args.batches, "entries": entries, "bytes": bytes, "seconds": seconds })
    );
    Ok(())
}
