//! The commands as a script or a program would use them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

const TWO_ENTRIES: &str = r#"{"op":"write","sync":true,"items":[{"group":7,"append":{"first":1,"data":["YQ==","Yg=="]}}]}"#;
const HOLE: &str = r#"{"op":"write","items":[{"group":7,"append":{"first":9,"data":["YQ=="]}}]}"#;
const STATE: &str = r#"{"group":7,"first":1,"last":2,"entries_crc32":"1b3afd60","entries":["GAEiAWE=","GAIiAWI="],"kvs":[]}"#;

struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("reference-driver-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).expect("a fresh directory");
        Directory(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().expect("UTF-8")
    }

    /// Sizes of the log segments, by name.
    fn segments(&self) -> Vec<(String, u64)> {
        let mut sizes: Vec<_> = fs::read_dir(&self.0)
            .expect("readable")
            .map(|item| item.expect("readable"))
            .map(|item| (item.file_name(), item.metadata().expect("readable").len()))
            .map(|(name, size)| (name.to_string_lossy().into_owned(), size))
            .filter(|(name, _)| Path::new(name).extension().is_some_and(|e| e == "raftlog"))
            .collect();
        sizes.sort();
        sizes
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn driver(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-driver"));
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(args: &[&str], input: &[&str]) -> Output {
    let mut child = driver(args).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let text = input.join("\n");
    // A child that refuses its arguments does not read.
    let _ = stdin.write_all(text.as_bytes());
    drop(stdin);
    child.wait_with_output().expect("ended")
}

fn lines(output: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(output).lines().map(str::to_owned).collect()
}

#[test]
fn a_script_is_applied_and_its_state_exported() {
    let directory = Directory::new();
    let applied = run(&["apply", "--path", directory.path(), "--script", "-"], &[TWO_ENTRIES]);
    assert_eq!(lines(&applied.stdout), [r#"{"lines":1,"errors":0}"#]);
    assert_eq!(applied.status.code(), Some(0));
    let before = directory.segments();
    let exported = run(&["export", "--entries", "--path", directory.path()], &[]);
    assert_eq!(lines(&exported.stdout), [STATE]);
    assert_eq!(directory.segments(), before, "an export changes nothing");
}

#[test]
fn failed_operations_are_reported_by_line_and_class_and_the_script_goes_on() {
    let directory = Directory::new();
    let wrong = STATE.replace("1b3afd60", "00000000");
    let right = format!(r#"{{"op":"expect","state":[{STATE}]}}"#);
    let wrong = format!(r#"{{"op":"expect","state":[{wrong}]}}"#);
    let args = ["apply", "--ack", "--path", directory.path(), "--script", "-"];
    let script = ["# comment", TWO_ENTRIES, "", HOLE, &right, &wrong, r#"{"op":"no such"}"#];
    let applied = run(&args, &script);
    let told = lines(&applied.stdout);
    assert_eq!(told[0], r#"{"line":2,"ok":true}"#);
    assert!(told[1].starts_with(r#"{"line":4,"error":"Panic","message":"memtable 7 has a hole"#));
    assert_eq!(told[2], r#"{"line":5,"ok":true}"#);
    assert!(told[3].starts_with(r#"{"line":6,"error":"Mismatch","#));
    assert!(told[4].starts_with(r#"{"line":7,"error":"InvalidArgument","#));
    assert_eq!(told[5], r#"{"lines":7,"errors":3}"#);
    assert_eq!(applied.status.code(), Some(1));

    // The hole is in the log by now, and would fail the next open: the rest needs a fresh directory.
    let directory = Directory::new();
    let args = ["apply", "--stop-on-error", "--path", directory.path(), "--script", "-"];
    let stopped = run(&args, &[&wrong, TWO_ENTRIES]);
    assert_eq!(lines(&stopped.stdout).last().expect("a line"), r#"{"lines":1,"errors":1}"#);
}

#[test]
fn an_operation_is_acknowledged_before_the_next_arrives_and_the_lock_is_held_until_the_end() {
    let directory = Directory::new();
    let args = ["apply", "--ack", "--path", directory.path(), "--script", "-"];
    let mut child = driver(&args).spawn().expect("started");
    let mut stdin = child.stdin.take().expect("piped");
    let mut answers = BufReader::new(child.stdout.take().expect("piped")).lines();
    for number in 1..=3 {
        writeln!(stdin, "{TWO_ENTRIES}").expect("read by the child");
        let answer = answers.next().expect("an answer").expect("readable");
        assert_eq!(answer, format!("{{\"line\":{number},\"ok\":true}}"));
    }
    let second = run(&["info", "--path", directory.path()], &[]);
    assert!(String::from_utf8_lossy(&second.stderr).starts_with("reference-driver: Locked: "));
    child.kill().expect("killed");
    child.wait().expect("ended");
    let exported = run(&["export", "--entries", "--path", directory.path()], &[]);
    assert_eq!(lines(&exported.stdout), [STATE]);
}

#[test]
fn an_abandoned_engine_leaves_its_tail_and_frees_its_lock_and_a_closed_one_cuts_it() {
    let directory = Directory::new();
    let open = format!(r#"{{"cmd":"open","path":"{}"}}"#, directory.path());
    let line = format!(r#"{{"cmd":"line","line":{TWO_ENTRIES}}}"#);
    let export = format!(r#"{{"cmd":"export","entries":true,"path":"{}"}}"#, directory.path());
    let ok = r#"{"ok":true}"#;
    let state = format!(r#"{{"state":[{STATE}]}}"#);

    let served = run(&["serve"], &[&open, &line, r#"{"cmd":"abandon"}"#, &export]);
    let told = lines(&served.stdout);
    assert!(told[1].starts_with(r#"{"ok":true,"result":{"bytes":"#));
    assert_eq!([&told[0], &told[2], &told[3]], [ok, ok, &state]);
    assert!(directory.segments()[0].1 > 1 << 20, "allocated ahead: {:?}", directory.segments());

    let live = r#"{"cmd":"state","entries":true}"#;
    let served = run(&["serve"], &[&open, live, &export, r#"{"cmd":"close"}"#, live]);
    let told = lines(&served.stdout);
    assert_eq!([&told[0], &told[1], &told[2], &told[3]], [ok, &state, &state, ok]);
    assert!(told[4].starts_with(r#"{"error":"InvalidArgument","#));
    assert!(directory.segments()[0].1 < 1 << 10, "cut: {:?}", directory.segments());
}

#[test]
fn stress_content_is_verified_and_every_group_ends_where_it_was_acknowledged() {
    let directory = Directory::new();
    let args = [
        "stress",
        "--path",
        directory.path(),
        "--time",
        "0.3",
        "--regions",
        "4",
        "--write-threads",
        "2",
        "--write-region-count",
        "2",
        "--write-entry-count",
        "3",
        "--entry-size",
        "100",
        "--read-threads",
        "1",
        "--verify",
        "--ack",
        "--purge-interval",
        "0",
    ];
    let stressed = run(&args, &[]);
    assert_eq!(stressed.status.code(), Some(0), "{:?}", lines(&stressed.stderr));
    let mut last = [0u64; 4];
    for line in lines(&stressed.stdout) {
        let (group, index) = line.split_once(' ').expect("two numbers");
        last[group.parse::<usize>().expect("group")] = index.parse().expect("index");
    }
    let exported = run(&["export", "--path", directory.path()], &[]);
    let state = lines(&exported.stdout);
    assert_eq!(state.len(), 4);
    for (group, line) in state.iter().enumerate() {
        let expected = format!(r#"{{"group":{group},"first":1,"last":{},"#, last[group]);
        assert!(line.starts_with(&expected), "{line} is not {expected}");
    }
}

/// The pace makes known what is counted: the operations due within `--time`.
#[test]
fn the_warm_up_is_written_and_acknowledged_but_counted_in_no_figure() {
    let directory = Directory::new();
    let figures = directory.0.join("figures.json");
    let data = directory.0.join("data");
    let mut args = vec!["stress", "--path", data.to_str().expect("UTF-8")];
    args.extend("--time 0.4 --warm-up 1 --write-ops-per-thread 50 --purge-interval 0".split(' '));
    args.extend("--regions 1 --write-region-count 1 --write-entry-count 1 --ack".split(' '));
    args.extend(["--json", figures.to_str().expect("UTF-8")]);
    let stressed = run(&args, &[]);
    assert_eq!(stressed.status.code(), Some(0), "{:?}", lines(&stressed.stderr));
    assert!(lines(&stressed.stderr).contains(&"Seconds = 1.0, counted in no figure".to_owned()));

    let json = fs::read_to_string(figures).expect("figures");
    let acknowledged = lines(&stressed.stdout).len();
    let counted = number(&json, "ops");
    assert!(counted <= 20 && counted < acknowledged, "{counted} of {acknowledged}");
    assert_eq!(number(&json, "live_entries"), acknowledged);
    assert_eq!(number(&json, "warm_up"), 1);
}

/// The first number of that name.
fn number(json: &str, name: &str) -> usize {
    let name = format!("\"{name}\":");
    let rest = json.split_once(&name).expect("a figure of that name").1;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

#[test]
fn bad_usage_is_one_line_and_exit_code_2() {
    let directory = Directory::new();
    fs::write(directory.0.join("precious.txt"), "kept").expect("written");
    let path = directory.path();
    let wrong: [&[&str]; 7] = [
        &["export"],
        &["no-such-command"],
        &["export", "--path", path, "--set", "purge-treshold=1MB"],
        &["stress", "--path", path, "--regions", "1", "--write-threads", "2"],
        &["stress", "--path", path, "--warm-up", "-1"],
        &["raw", "--path", path, "--warm-up", "NaN"],
        &["stress", "--path", path],
    ];
    for args in wrong {
        let output = run(args, &[]);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert_eq!(lines(&output.stderr).len(), 1, "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    assert!(directory.0.join("precious.txt").exists());
}
