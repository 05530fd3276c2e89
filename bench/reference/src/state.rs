//! The logical state of an engine: what a directory means, whatever its bytes look like.

use std::io::Write;

use base64::engine::general_purpose::STANDARD as BASE64;
use base64::Engine as _;
use crc32fast::Hasher;
use raft_engine::env::FileSystem;
use raft_engine::Engine;
use serde::{Deserialize, Serialize};

use crate::entry::{Entry, EntryExt};
use crate::failure::{Failure, Outcome};

const FETCH_ENTRIES: u64 = 1024;
const FETCH_BYTES: usize = 8 << 20;

/// One group, in the field order of the export format.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GroupState {
    pub group: u64,
    pub first: Option<u64>,
    pub last: Option<u64>,
    pub entries_crc32: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<String>>,
    pub kvs: Vec<KeyValue>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KeyValue {
    pub key: String,
    pub value: String,
}

#[derive(Clone, Copy, Default)]
pub struct Detail {
    /// Show each entry, not only their checksum.
    pub entries: bool,
    /// Show groups that hold neither entries nor keys.
    pub empty_groups: bool,
}

pub fn read<F: FileSystem>(engine: &Engine<F>, detail: Detail) -> Outcome<Vec<GroupState>> {
    let mut groups = engine.raft_groups();
    groups.sort_unstable();
    groups.dedup();
    let mut states = Vec::with_capacity(groups.len());
    for group in groups {
        let state = read_group(engine, group, detail)?;
        if detail.empty_groups || state.first.is_some() || !state.kvs.is_empty() {
            states.push(state);
        }
    }
    Ok(states)
}

fn read_group<F: FileSystem>(
    engine: &Engine<F>,
    group: u64,
    detail: Detail,
) -> Outcome<GroupState> {
    let first = engine.first_index(group);
    let last = engine.last_index(group);
    let mut crc = Hasher::new();
    let mut entries = detail.entries.then(Vec::new);
    if let (Some(first), Some(last)) = (first, last) {
        visit_entries(engine, group, first, last, |index, bytes| {
            crc.update(&index.to_be_bytes());
            crc.update(&(bytes.len() as u32).to_be_bytes());
            crc.update(bytes);
            if let Some(entries) = &mut entries {
                entries.push(BASE64.encode(bytes));
            }
        })?;
    }
    let mut kvs = Vec::new();
    engine.scan_raw_messages(group, None, None, false, |key, value| {
        kvs.push(KeyValue { key: BASE64.encode(key), value: BASE64.encode(value) });
        true
    })?;
    let entries_crc32 = format!("{:08x}", crc.finalize());
    Ok(GroupState { group, first, last, entries_crc32, entries, kvs })
}

fn visit_entries<F: FileSystem>(
    engine: &Engine<F>,
    group: u64,
    first: u64,
    last: u64,
    mut visit: impl FnMut(u64, &[u8]),
) -> Outcome<()> {
    let mut chunk: Vec<Entry> = Vec::new();
    let mut next = first;
    while next <= last {
        let end = next + (last - next + 1).min(FETCH_ENTRIES);
        chunk.clear();
        engine.fetch_entries_to::<EntryExt>(group, next, end, Some(FETCH_BYTES), &mut chunk)?;
        if chunk.is_empty() {
            return Err(Failure::new("EntryNotFound", format!("group {group}, index {next}")));
        }
        for entry in &chunk {
            visit(next, entry.bytes());
            next += 1;
        }
    }
    Ok(())
}

/// One JSON object per line, no spaces.
pub fn print(states: &[GroupState], out: &mut impl Write) -> Outcome<()> {
    for state in states {
        serde_json::to_writer(&mut *out, state).map_err(|e| Failure::new("Io", e))?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Fails with the first difference. Expected groups without an `entries` field compare by checksum.
pub fn compare(mut expected: Vec<GroupState>, actual: &[GroupState]) -> Outcome<()> {
    expected.sort_by_key(|state| state.group);
    let groups = |states: &[GroupState]| states.iter().map(|s| s.group).collect::<Vec<_>>();
    if groups(&expected) != groups(actual) {
        let (expected, actual) = (groups(&expected), groups(actual));
        return Err(mismatch(format!("expected groups {expected:?}, found {actual:?}")));
    }
    for (expected, actual) in expected.iter().zip(actual) {
        let mut actual = actual.clone();
        if expected.entries.is_none() {
            actual.entries = None;
        }
        if *expected != actual {
            return Err(mismatch(format!("expected {}, found {}", json(expected), json(&actual))));
        }
    }
    Ok(())
}

fn mismatch(message: String) -> Failure {
    Failure::new("Mismatch", message)
}

fn json(state: &GroupState) -> String {
    serde_json::to_string(state).unwrap_or_else(|e| e.to_string())
}
