//! Operation scripts: one JSON object per line, run in order against one directory.

use base64::engine::general_purpose::STANDARD as BASE64;
use base64::Engine as _;
use raft_engine::internals::{LogQueue, PurgeManager};
use raft_engine::{Command, Config, LogBatch};
use serde::Deserialize;
use serde_json::{json, Value};

use crate::entry::{Entry, EntryExt};
use crate::failure::{Failure, Outcome};
use crate::host::{self, Host, HostedEngine};
use crate::state::{self, Detail, GroupState};

/// Stops a forced rewrite right after it has rotated the append queue.
const AFTER_ROTATION: Option<u64> = Some(1);

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    Write {
        #[serde(default)]
        sync: bool,
        items: Vec<Item>,
    },
    Sync {},
    CompactTo {
        group: u64,
        index: u64,
    },
    Purge {},
    Reopen {},
    RewriteAppend {
        through: Option<u64>,
    },
    RewriteRewrite {},
    Rotate {
        queue: Queue,
    },
    Expect {
        state: Vec<GroupState>,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    Append,
    Rewrite,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    group: u64,
    append: Option<Append>,
    put: Option<Put>,
    delete: Option<Delete>,
    compact: Option<u64>,
    clean: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Append {
    first: u64,
    #[serde(default)]
    term: u64,
    data: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Put {
    key: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delete {
    key: String,
}

impl Operation {
    pub fn parse(line: &[u8]) -> Outcome<Operation> {
        serde_json::from_slice(line).map_err(|e| Failure::invalid(e).at("not an operation"))
    }
}

/// Whether a line of a script says nothing.
pub fn is_blank(line: &[u8]) -> bool {
    let text = line.trim_ascii();
    text.is_empty() || text[0] == b'#'
}

/// One directory and the engine open on it. After a failed reopen every operation tries again.
pub struct Runner {
    config: Config,
    host: Option<Host>,
}

impl Runner {
    pub fn open(config: Config) -> Outcome<Runner> {
        let host = Some(Host::open(config.clone())?);
        Ok(Runner { config, host })
    }

    /// Runs one operation; the answer is what the engine returned, or null.
    pub fn run(&mut self, operation: Operation) -> Outcome<Value> {
        match operation {
            Operation::Reopen {} => self.reopen(|_| Ok(())),
            Operation::Rotate { queue: Queue::Rewrite } => self.reopen(host::rotate_rewrite_queue),
            other => self.engine()?.run(move |engine| run_on(engine, other)),
        }
    }

    pub fn state(&mut self, detail: Detail) -> Outcome<Vec<GroupState>> {
        self.engine()?.run(move |engine| state::read(engine, detail))
    }

    pub fn close(self) -> Outcome<()> {
        self.host.map_or(Ok(()), Host::close)
    }

    /// Leaves the directory as a kill would.
    pub fn abandon(self) -> Outcome<()> {
        self.host.map_or(Ok(()), Host::abandon)
    }

    fn engine(&mut self) -> Outcome<&Host> {
        let host = match self.host.take() {
            Some(host) => host,
            None => Host::open(self.config.clone())?,
        };
        Ok(self.host.insert(host))
    }

    fn reopen(&mut self, between: impl FnOnce(Config) -> Outcome<()>) -> Outcome<Value> {
        if let Some(host) = self.host.take() {
            host.close()?;
        }
        between(self.config.clone())?;
        self.engine()?;
        Ok(Value::Null)
    }
}

fn run_on(engine: &HostedEngine, operation: Operation) -> Outcome<Value> {
    let manager: &PurgeManager<_> = engine.purge_manager();
    match operation {
        Operation::Write { sync, items } => {
            let mut batch = build_batch(&items)?;
            Ok(json!({ "bytes": engine.write(&mut batch, sync)? }))
        }
        Operation::Sync {} => {
            engine.sync()?;
            Ok(Value::Null)
        }
        Operation::CompactTo { group, index } => {
            Ok(json!({ "removed": engine.compact_to(group, index) }))
        }
        Operation::Purge {} => {
            let mut groups = engine.purge_expired_files()?;
            groups.sort_unstable();
            Ok(json!({ "groups": groups }))
        }
        Operation::RewriteAppend { through } => {
            manager.must_rewrite_append_queue(through, None);
            Ok(Value::Null)
        }
        Operation::RewriteRewrite {} => {
            manager.must_rewrite_rewrite_queue();
            Ok(Value::Null)
        }
        Operation::Rotate { .. } => {
            let (_, active) = engine.file_span(LogQueue::Append);
            manager.must_rewrite_append_queue(Some(active), AFTER_ROTATION);
            Ok(Value::Null)
        }
        Operation::Expect { state: expected } => {
            let entries = expected.iter().any(|group| group.entries.is_some());
            let empty_groups =
                expected.iter().any(|group| group.first.is_none() && group.kvs.is_empty());
            let actual = state::read(engine, Detail { entries, empty_groups })?;
            state::compare(expected, &actual)?;
            Ok(Value::Null)
        }
        Operation::Reopen {} => Err(Failure::invalid("reopen is not for an open engine")),
    }
}

fn build_batch(items: &[Item]) -> Outcome<LogBatch> {
    let mut batch = LogBatch::default();
    for item in items {
        let group = item.group;
        match item {
            Item {
                append: Some(a), put: None, delete: None, compact: None, clean: None, ..
            } => {
                let mut entries = Vec::with_capacity(a.data.len());
                for (offset, data) in a.data.iter().enumerate() {
                    let index = a.first.checked_add(offset as u64);
                    let index = index.ok_or_else(|| Failure::invalid("index above 2^64-1"))?;
                    entries.push(Entry::encode(a.term, index, &decode(data)?));
                }
                batch.add_entries::<EntryExt>(group, &entries)?;
            }
            Item {
                put: Some(p), append: None, delete: None, compact: None, clean: None, ..
            } => {
                batch.put(group, decode(&p.key)?, decode(&p.value)?)?;
            }
            Item {
                delete: Some(d), append: None, put: None, compact: None, clean: None, ..
            } => {
                batch.delete(group, decode(&d.key)?);
            }
            Item {
                compact: Some(i), append: None, put: None, delete: None, clean: None, ..
            } => {
                batch.add_command(group, Command::Compact { index: *i });
            }
            Item {
                clean: Some(true),
                append: None,
                put: None,
                delete: None,
                compact: None,
                ..
            } => {
                batch.add_command(group, Command::Clean);
            }
            _ => return Err(Failure::invalid(format!("group {group}: not exactly one action"))),
        }
    }
    Ok(batch)
}

fn decode(text: &str) -> Outcome<Vec<u8>> {
    BASE64.decode(text).map_err(|e| Failure::invalid(e).at("base64"))
}
