//! From `--config FILE` and `--set key=value` to the engine's configuration.

use std::path::Path;

use raft_engine::Config;
use toml::{Table, Value};

use crate::args::Settings;
use crate::failure::{Failure, Outcome};

/// The engine ignores keys it does not know; a misspelt one would silently measure something else.
const KEYS: [&str; 16] = [
    "spill-dir",
    "recovery-mode",
    "recovery-read-block-size",
    "recovery-threads",
    "batch-compression-threshold",
    "compression-level",
    "bytes-per-sync",
    "format-version",
    "target-file-size",
    "purge-threshold",
    "purge-rewrite-threshold",
    "purge-rewrite-garbage-ratio",
    "memory-limit",
    "enable-log-recycle",
    "prefill-for-recycle",
    "prefill-limit",
];

/// A configuration in the making: later entries win over earlier ones.
#[derive(Clone, Default)]
pub struct ConfigTable(Table);

impl ConfigTable {
    /// `--config` first, `--set` on top.
    pub fn from_settings(settings: &Settings) -> Outcome<ConfigTable> {
        ConfigTable::from_settings_and_options(settings, Vec::new())
    }

    /// As above, with a command's own options, where given, in between.
    pub fn from_settings_and_options(
        settings: &Settings,
        options: Vec<(&str, Option<Value>)>,
    ) -> Outcome<ConfigTable> {
        let mut table = match &settings.config {
            Some(file) => ConfigTable::from_file(file)?,
            None => ConfigTable::default(),
        };
        for (key, value) in options {
            if let Some(value) = value {
                table.set(key, value)?;
            }
        }
        for assignment in &settings.set {
            table.assign(assignment)?;
        }
        Ok(table)
    }

    fn from_file(file: &Path) -> Outcome<ConfigTable> {
        let place = file.display();
        let text = std::fs::read_to_string(file).map_err(|e| Failure::config(e).at(place))?;
        let place = file.display();
        let table: Table = toml::from_str(&text).map_err(|e| Failure::config(e).at(place))?;
        for key in table.keys().filter(|key| *key != "dir") {
            check_key(key).map_err(|e| e.at(file.display()))?;
        }
        Ok(ConfigTable(table))
    }

    fn assign(&mut self, assignment: &str) -> Outcome<()> {
        let (key, value) = assignment
            .split_once('=')
            .ok_or_else(|| Failure::config(format!("\"{assignment}\" is not key=value")))?;
        self.set_text(key.trim(), value.trim())
    }

    /// Sets a value written as on the command line.
    pub fn set_text(&mut self, key: &str, text: &str) -> Outcome<()> {
        self.set(key, parse_value(text))
    }

    pub fn set(&mut self, key: &str, value: impl Into<Value>) -> Outcome<()> {
        check_key(key)?;
        self.0.insert(key.to_owned(), value.into());
        Ok(())
    }

    pub fn set_default(&mut self, key: &str, value: impl Into<Value>) -> Outcome<()> {
        if self.0.contains_key(key) {
            return Ok(());
        }
        self.set(key, value)
    }

    /// Recovery with several threads loses overwritten tails: one thread wherever the answer is
    /// taken as truth, unless asked for more.
    pub fn recover_faithfully(mut self) -> Outcome<ConfigTable> {
        self.set_default("recovery-threads", 1)?;
        Ok(self)
    }

    /// The engine's configuration for a directory, checked by the engine's own rules.
    pub fn build(self, path: &Path) -> Outcome<Config> {
        let mut table = self.0;
        table.insert("dir".to_owned(), utf8(path)?.into());
        let config: Config =
            Value::Table(table).try_into().map_err(|e: toml::de::Error| Failure::config(e))?;
        config.clone().sanitize().map_err(Failure::config)?;
        Ok(config)
    }
}

fn check_key(key: &str) -> Outcome<()> {
    if KEYS.contains(&key) {
        return Ok(());
    }
    Err(Failure::config(format!("unknown key \"{key}\" (the directory is given by --path)")))
}

/// TOML where it is TOML (`4`, `true`, `0.6`), else the text itself (`128MB`).
fn parse_value(text: &str) -> Value {
    let line = format!("v = {text}");
    match toml::from_str::<Table>(&line) {
        Ok(mut table) if table.len() == 1 => {
            table.remove("v").unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

fn utf8(path: &Path) -> Outcome<String> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Failure::config(format!("{} is not UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(assignments: &[&str]) -> Outcome<Config> {
        let mut table = ConfigTable::default();
        for assignment in assignments {
            table.assign(assignment)?;
        }
        table.build(Path::new("/nowhere"))
    }

    #[test]
    fn sizes_numbers_flags_and_names_are_understood() {
        let config = build(&[
            "target-file-size=1MB",
            "purge-threshold=4MiB",
            "format-version=2",
            "enable-log-recycle=true",
            "purge-rewrite-garbage-ratio=1",
            "recovery-mode=absolute-consistency",
        ])
        .expect("valid");
        assert_eq!(config.target_file_size.0, 1 << 20);
        assert_eq!(config.purge_rewrite_garbage_ratio, 1.0);
        assert_eq!(config.dir, "/nowhere");
    }

    #[test]
    fn unknown_keys_and_impossible_values_are_config_failures() {
        for wrong in ["purge-treshold=1", "dir=/x", "format-version=3", "nonsense"] {
            assert_eq!(build(&[wrong]).expect_err(wrong).class, "Config");
        }
        let crossed = build(&["format-version=1"]).expect_err("recycling needs version 2");
        assert_eq!(crossed.class, "Config");
    }
}
