//! The command line: the options of our own tools, and a few commands of this driver alone.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use raft_engine::ReadableSize;

/// Drives the published raft-engine for comparison with ours.
#[derive(Parser)]
#[command(name = "reference-driver", version)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run an operation script against a directory
    Apply(ApplyArgs),
    /// Answer JSON requests on standard input, one line each
    Serve,
    /// Print the logical state of a directory, read from a private copy
    Export(ExportArgs),
    /// Open, print figures as one JSON object, close
    Info(InfoArgs),
    /// Write unsynced one-group batches and close, to make directories for recovery benchmarks
    Fill(FillArgs),
    /// Generate load and measure it
    Stress(Box<StressArgs>),
    /// Measure the device alone: write and fdatasync on prefilled files
    Raw(RawArgs),
}

#[derive(Args)]
pub struct Settings {
    /// TOML file with the engine's keys
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// One key of the engine; repeatable, wins over the file
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

#[derive(Args)]
pub struct ApplyArgs {
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,
    /// The script; "-" reads standard input
    #[arg(long, value_name = "FILE")]
    pub script: PathBuf,
    /// Print a line for each operation that succeeded, as soon as it has returned
    #[arg(long)]
    pub ack: bool,
    /// Stop at the first failed operation
    #[arg(long)]
    pub stop_on_error: bool,
    /// At the end leave the directory as a kill would
    #[arg(long)]
    pub abandon: bool,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Args)]
pub struct ExportArgs {
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,
    /// Print each entry
    #[arg(long)]
    pub entries: bool,
    /// Print groups that hold nothing
    #[arg(long)]
    pub empty_groups: bool,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Args)]
pub struct InfoArgs {
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Args)]
pub struct FillArgs {
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,
    /// Batches to write
    #[arg(long, value_name = "N")]
    pub batches: u64,
    /// Groups to spread them over
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub regions: u64,
    /// Bytes of payload per entry
    #[arg(long, value_name = "B", value_parser = size)]
    pub entry_size: u64,
    /// Entries per batch
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub entries_per_batch: u64,
    #[command(flatten)]
    pub settings: Settings,
}

#[derive(Args)]
pub struct RawArgs {
    /// Directory for the files; they are removed at the end
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,
    /// Seconds to run
    #[arg(long, value_name = "S", default_value_t = 60.0, value_parser = seconds)]
    pub time: f64,
    /// Seconds of the same load before --time begins, counted in no figure
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = pause)]
    pub warm_up: f64,
    #[arg(long, value_name = "N", default_value_t = 1,
          value_parser = clap::value_parser!(u64).range(1..))]
    pub write_threads: u64,
    /// Bytes per write
    #[arg(long, value_name = "B", default_value = "128", value_parser = size)]
    pub bytes: u64,
    /// Bytes of each prefilled file; writing wraps around at its end
    #[arg(long, value_name = "SIZE", default_value = "128MB", value_parser = size)]
    pub file_size: u64,
    /// Write the figures as JSON ("-" = standard output)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

#[derive(Args)]
pub struct StressArgs {
    /// Data directory; emptied first unless --reuse-data
    #[arg(long, value_name = "DIR")]
    pub path: PathBuf,
    /// Seconds to run
    #[arg(long, value_name = "S", default_value_t = 60.0, value_parser = seconds)]
    pub time: f64,
    /// Seconds of the same load before --time begins, counted in no figure
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = pause)]
    pub warm_up: f64,
    /// Raft groups; each belongs to the write thread "group modulo threads"
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub regions: u64,
    /// Seconds between purges; 0 = never
    #[arg(long, value_name = "S", default_value_t = 10.0, value_parser = pause)]
    pub purge_interval: f64,
    /// Keep at most so many entries per group; 0 = all
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub compact_count: u64,
    /// Share of a reported group's entries to drop
    #[arg(long, value_name = "F", default_value_t = 0.5, value_parser = factor)]
    pub force_compact_factor: f64,
    /// Share of each writer's groups that is hot; 0 = all alike
    #[arg(long, value_name = "F", default_value_t = 0.0, value_parser = share)]
    pub hot_regions: f64,
    /// Share of the batches that go to hot groups
    #[arg(long, value_name = "F", default_value_t = 0.9, value_parser = probability)]
    pub hot_writes: f64,
    /// Share of the groups that get one batch at the beginning and nothing after
    #[arg(long, value_name = "F", default_value_t = 0.0, value_parser = share)]
    pub idle_regions: f64,
    /// Seconds between looks at what the run takes, listed in the JSON; 0 = none
    #[arg(long, value_name = "S", default_value_t = 0.0, value_parser = pause)]
    pub sample_interval: f64,
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub write_threads: u64,
    /// Pace each writer; 0 = unlimited
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub write_ops_per_thread: u64,
    /// Readers of a random group's newest entry
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub read_threads: u64,
    /// Pace each reader; 0 = unlimited
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub read_ops_per_thread: u64,
    /// Bytes of random payload per entry
    #[arg(long, value_name = "B", default_value = "1024", value_parser = size)]
    pub entry_size: u64,
    /// Entries per group in a batch
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub write_entry_count: u64,
    /// Groups per batch
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub write_region_count: u64,
    /// Do not sync
    #[arg(long)]
    pub write_without_sync: bool,
    /// Keep what is in the directory and continue behind it
    #[arg(long)]
    pub reuse_data: bool,
    /// Engine setting [default: 128MB]
    #[arg(long, value_name = "SIZE")]
    pub target_file_size: Option<String>,
    /// Engine setting [default: 10GB]
    #[arg(long, value_name = "SIZE")]
    pub purge_threshold: Option<String>,
    /// Engine setting [default: 1GB]
    #[arg(long, value_name = "SIZE")]
    pub purge_rewrite_threshold: Option<String>,
    /// Engine setting [default: 0.6]
    #[arg(long, value_name = "RATIO")]
    pub purge_rewrite_garbage_ratio: Option<f64>,
    /// Engine setting, of batches [default: 8KB]
    #[arg(long, value_name = "SIZE")]
    pub compression_threshold: Option<String>,
    /// Engine setting [default: 2]
    #[arg(long, value_name = "V")]
    pub format_version: Option<i64>,
    /// Engine setting [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub enable_log_recycle: Option<bool>,
    /// Entries with self-checking content; every read is checked
    #[arg(long)]
    pub verify: bool,
    /// Print "group last-index" for each acknowledged batch
    #[arg(long)]
    pub ack: bool,
    /// Write the figures as JSON ("-" = standard output)
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Settings,
}

/// A size as the engine writes it (`4KB`); none is larger than an entry or file may be.
fn size(text: &str) -> Result<u64, String> {
    match text.parse::<ReadableSize>()?.0 {
        bytes if bytes <= 1 << 40 => Ok(bytes),
        _ => Err("more than 1TB".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, |s| s > 0.0 && s < 1e7, "more than 0 seconds")
}

fn pause(text: &str) -> Result<f64, String> {
    number(text, |s| (0.0..1e7).contains(&s), "0 or more seconds")
}

fn factor(text: &str) -> Result<f64, String> {
    number(text, |f| f > 0.0 && f < 1.0, "between 0 and 1")
}

fn share(text: &str) -> Result<f64, String> {
    number(text, |f| (0.0..1.0).contains(&f), "at least 0 and less than 1")
}

fn probability(text: &str) -> Result<f64, String> {
    number(text, |f| (0.0..=1.0).contains(&f), "between 0 and 1")
}

fn number(text: &str, fits: impl Fn(f64) -> bool, wanted: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if fits(number) => Ok(number),
        _ => Err(format!("not {wanted}")),
    }
}
