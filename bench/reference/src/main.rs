//! A driver for the published `raft-engine` with the commands of our own tools; see README.md.

mod apply;
mod args;
mod config;
mod entry;
mod export;
mod failure;
mod fill;
mod host;
mod info;
mod killable;
mod latency;
mod metrics;
mod raw;
mod script;
mod serve;
mod state;
mod stress;

use std::process::ExitCode;

use clap::Parser;

use args::{Command, CommandLine};
use failure::Outcome;

const FAILED: u8 = 1;
const BAD_USAGE: u8 = 2;

fn main() -> ExitCode {
    let command = match CommandLine::try_parse() {
        Ok(line) => line.command,
        Err(error) => return explain(&error),
    };
    failure::record_panics();
    match run(command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        Err(failure) => {
            eprintln!("reference-driver: {failure}");
            ExitCode::from(if failure.is_usage() { BAD_USAGE } else { FAILED })
        }
    }
}

fn run(command: Command) -> Outcome<bool> {
    match command {
        Command::Apply(args) => return apply::run(&args),
        Command::Serve => serve::run()?,
        Command::Export(args) => export::run(&args)?,
        Command::Info(args) => info::run(&args)?,
        Command::Fill(args) => fill::run(&args)?,
        Command::Stress(args) => return stress::run(&args),
        Command::Raw(args) => raw::run(&args)?,
    }
    Ok(true)
}

/// Help goes out as it is, bad usage as one line.
fn explain(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let text = text.trim_start_matches("error: ").lines().take_while(|line| !line.is_empty());
    let line = text.map(str::trim).collect::<Vec<_>>().join(" ");
    eprintln!("reference-driver: {line} (see --help)");
    ExitCode::from(BAD_USAGE)
}
