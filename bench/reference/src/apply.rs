//! `apply`: runs a script, line by line as it arrives.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};

use serde_json::json;

use crate::args::ApplyArgs;
use crate::config::ConfigTable;
use crate::failure::{Failure, Outcome};
use crate::script::{is_blank, Operation, Runner};

/// Answers whether every line succeeded.
pub fn run(args: &ApplyArgs) -> Outcome<bool> {
    let config = ConfigTable::from_settings(&args.settings)?.recover_faithfully()?;
    let mut input: Box<dyn BufRead> = if args.script.as_os_str() == "-" {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(&args.script)
            .map_err(|e| Failure::new("Usage", e).at(args.script.display()))?;
        Box::new(BufReader::new(file))
    };
    let mut runner = Runner::open(config.build(&args.path)?)?;
    let mut out = io::stdout().lock();
    let (mut lines, mut errors) = (0u64, 0u64);
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        lines += 1;
        if is_blank(&line) {
            continue;
        }
        let outcome = Operation::parse(&line).and_then(|operation| runner.run(operation));
        let failed = outcome.is_err();
        match outcome {
            Ok(_) if !args.ack => {}
            Ok(_) => writeln!(out, "{{\"line\":{lines},\"ok\":true}}")?,
            Err(e) => {
                errors += 1;
                let message = json!(e.message);
                let class = e.class;
                writeln!(out, "{{\"line\":{lines},\"error\":\"{class}\",\"message\":{message}}}")?;
            }
        }
        out.flush()?;
        if failed && args.stop_on_error {
            break;
        }
    }
    if args.abandon {
        runner.abandon()?;
    } else {
        runner.close()?;
    }
    writeln!(out, "{{\"lines\":{lines},\"errors\":{errors}}}")?;
    Ok(errors == 0)
}
