//! What can go wrong, as a class and a message: the shape every command reports errors in.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Mutex, MutexGuard, PoisonError};

use raft_engine::Error;

/// An error class (a word programs compare) and a message on one line (for people).
#[derive(Clone, Debug)]
pub struct Failure {
    pub class: &'static str,
    pub message: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(class: &'static str, message: impl fmt::Display) -> Self {
        let message = message.to_string();
        let message = message.split_whitespace().map(shorten).collect::<Vec<_>>().join(" ");
        Failure { class, message }
    }

    pub fn invalid(message: impl fmt::Display) -> Self {
        Failure::new("InvalidArgument", message)
    }

    pub fn config(message: impl fmt::Display) -> Self {
        Failure::new("Config", message)
    }

    /// Whether the caller asked for something senseless (exit code 2) rather than ran into trouble.
    pub fn is_usage(&self) -> bool {
        self.class == "Config" || self.class == "Usage"
    }

    pub fn at(self, place: impl fmt::Display) -> Self {
        Failure { class: self.class, message: format!("{place}: {}", self.message) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let class = match &error {
            Error::InvalidArgument(_) => "InvalidArgument",
            Error::Corruption(_) => "Corruption",
            Error::Io(_) => "Io",
            Error::Codec(_) => "Codec",
            Error::Protobuf(_) => "Protobuf",
            Error::TryAgain(_) => "TryAgain",
            Error::EntryCompacted => "EntryCompacted",
            Error::EntryNotFound => "EntryNotFound",
            Error::Full => "Full",
            // The engine has no class of its own for a directory in use.
            Error::Other(cause) if cause.to_string().contains("Failed to lock file") => "Locked",
            Error::Other(_) => "Other",
        };
        Failure::new(class, error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Failure::new("Io", error)
    }
}

/// Cuts the place where crates are unpacked out of a source location.
fn shorten(word: &str) -> String {
    match word.find("/raft-engine-") {
        Some(at) => {
            let before = word.split('/').next().unwrap_or_default();
            format!("{before}{}", &word[at + 1..])
        }
        None => word.to_owned(),
    }
}

/// Messages of all panics since they were last taken, of whatever thread.
static PANICS: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn panics() -> MutexGuard<'static, Vec<String>> {
    PANICS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The engine panics where we answer with typed errors, also in threads of its own, whose panics
/// nobody joins. From here on every panic is noted instead of printed.
pub fn record_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(String::new, |at| format!(" ({at})"));
        panics().push(format!("{}{place}", text_of(info.payload())));
    }));
}

/// Runs an action on the engine; a panic of this or any other thread becomes its failure.
pub fn catch<T>(action: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    let result = panic::catch_unwind(AssertUnwindSafe(action));
    let noted = std::mem::take(&mut *panics());
    match result {
        Err(payload) => {
            let own = text_of(payload.as_ref());
            Err(Failure::new("Panic", noted.into_iter().next().unwrap_or(own)))
        }
        Ok(Ok(_)) if !noted.is_empty() => Err(Failure::new("Panic", noted.join("; "))),
        Ok(outcome) => outcome,
    }
}

fn text_of(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "panic without a message".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_line_without_the_path_of_the_crate() {
        let failure =
            Failure::new("Panic", "a\n hole (/crates/raft-engine-0.4.2/src/memtable.rs:6:1)");
        assert_eq!(failure.to_string(), "Panic: a hole (raft-engine-0.4.2/src/memtable.rs:6:1)");
    }

    #[test]
    fn a_panic_of_another_thread_fails_the_operation_that_ran_meanwhile() {
        record_panics();
        let other = || {
            let _ = std::thread::spawn(|| panic!("in the background")).join();
            Ok(())
        };
        let failure = catch(other).expect_err("noted");
        assert_eq!(failure.class, "Panic");
        assert!(failure.message.starts_with("in the background"));
        assert!(catch(|| Ok(())).is_ok(), "noted once only");
    }
}
