//! `serve`: one process for many scripts, one JSON request per line and one JSON answer per line.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{json, Map, Value};

use crate::config::ConfigTable;
use crate::export;
use crate::failure::{Failure, Outcome};
use crate::script::{is_blank, Operation, Runner};
use crate::state::{Detail, GroupState};

const OK: &str = r#"{"ok":true}"#;

#[derive(Deserialize)]
#[serde(tag = "cmd", rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    Open {
        path: PathBuf,
        #[serde(default)]
        set: Map<String, Value>,
    },
    Line {
        line: Value,
    },
    State {
        #[serde(default)]
        entries: bool,
        #[serde(default)]
        empty_groups: bool,
    },
    Close {},
    Abandon {},
    Export {
        path: PathBuf,
        #[serde(default)]
        set: Map<String, Value>,
        #[serde(default)]
        entries: bool,
        #[serde(default)]
        empty_groups: bool,
    },
}

pub fn run() -> Outcome<()> {
    let mut server = Server::default();
    let mut out = io::stdout().lock();
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        if is_blank(&line) {
            continue;
        }
        let answer = server
            .answer(&line)
            .unwrap_or_else(|e| json!({ "error": e.class, "message": e.message }).to_string());
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    server.runner.map_or(Ok(()), Runner::close)
}

#[derive(Default)]
struct Server {
    runner: Option<Runner>,
}

impl Server {
    fn answer(&mut self, line: &[u8]) -> Outcome<String> {
        let request: Request =
            serde_json::from_slice(line).map_err(|e| Failure::invalid(e).at("not a request"))?;
        match request {
            Request::Open { path, set } => {
                if self.runner.is_some() {
                    return Err(Failure::invalid("an engine is open already"));
                }
                let config = table(set)?.recover_faithfully()?.build(&path)?;
                self.runner = Some(Runner::open(config)?);
                Ok(OK.to_owned())
            }
            Request::Line { line } => {
                let operation: Operation = serde_json::from_value(line)
                    .map_err(|e| Failure::invalid(e).at("not an operation"))?;
                match self.open_runner()?.run(operation)? {
                    Value::Null => Ok(OK.to_owned()),
                    result => Ok(json!({ "ok": true, "result": result }).to_string()),
                }
            }
            Request::State { entries, empty_groups } => {
                let detail = Detail { entries, empty_groups };
                state_answer(&self.open_runner()?.state(detail)?)
            }
            Request::Close {} => {
                self.take_runner()?.close()?;
                Ok(OK.to_owned())
            }
            Request::Abandon {} => {
                self.take_runner()?.abandon()?;
                Ok(OK.to_owned())
            }
            Request::Export { path, set, entries, empty_groups } => {
                let detail = Detail { entries, empty_groups };
                state_answer(&export::read_directory(&path, table(set)?, detail)?)
            }
        }
    }

    fn open_runner(&mut self) -> Outcome<&mut Runner> {
        self.runner.as_mut().ok_or_else(no_engine)
    }

    fn take_runner(&mut self) -> Outcome<Runner> {
        self.runner.take().ok_or_else(no_engine)
    }
}

fn no_engine() -> Failure {
    Failure::invalid("no engine is open")
}

/// Written from the structure, not from a JSON tree: the export's field order is part of it.
fn state_answer(states: &[GroupState]) -> Outcome<String> {
    let list = serde_json::to_string(states).map_err(|e| Failure::new("Other", e))?;
    Ok(format!("{{\"state\":{list}}}"))
}

fn table(set: Map<String, Value>) -> Outcome<ConfigTable> {
    let mut table = ConfigTable::default();
    for (key, value) in set {
        match value {
            Value::String(text) => table.set_text(&key, &text)?,
            other => table.set_text(&key, &other.to_string())?,
        }
    }
    Ok(table)
}
