//! `export`: the state of a directory, read from a private copy because opening changes the files.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::args::ExportArgs;
use crate::config::ConfigTable;
use crate::failure::{Failure, Outcome};
use crate::host::Host;
use crate::state::{self, Detail, GroupState};

pub fn run(args: &ExportArgs) -> Outcome<()> {
    let table = ConfigTable::from_settings(&args.settings)?;
    let detail = Detail { entries: args.entries, empty_groups: args.empty_groups };
    let states = read_directory(&args.path, table, detail)?;
    let mut out = BufWriter::new(io::stdout().lock());
    state::print(&states, &mut out)?;
    out.flush()?;
    Ok(())
}

pub fn read_directory(path: &Path, table: ConfigTable, detail: Detail) -> Outcome<Vec<GroupState>> {
    let copy = PrivateCopy::new()?;
    let main = copy.take("main", path)?;
    let mut table = table.recover_faithfully()?;
    let original = table.clone().build(path)?;
    if let Some(spill) = &original.spill_dir {
        let spill = copy.take("spill", Path::new(spill))?;
        table.set("spill-dir", spill.display().to_string())?;
    }
    let host = Host::open(table.build(&main)?)?;
    let states = host.run(move |engine| state::read(engine, detail));
    let left = host.abandon();
    let states = states?;
    left.map(|()| states)
}

/// A directory that lives as long as this value.
struct PrivateCopy(PathBuf);

impl PrivateCopy {
    fn new() -> Outcome<PrivateCopy> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("reference-driver-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).map_err(|e| Failure::from(e).at(path.display()))?;
        Ok(PrivateCopy(path))
    }

    /// Copies the files of a directory, all but its lock; symbolic links are followed.
    fn take(&self, name: &str, source: &Path) -> Outcome<PathBuf> {
        let at_source = |e: io::Error| Failure::from(e).at(source.display());
        let target = self.0.join(name);
        fs::create_dir(&target).map_err(|e| Failure::from(e).at(target.display()))?;
        for item in fs::read_dir(source).map_err(at_source)? {
            let item = item.map_err(at_source)?;
            if item.path().is_file() && item.file_name() != "LOCK" {
                let from = item.path();
                fs::copy(&from, target.join(item.file_name()))
                    .map_err(|e| Failure::from(e).at(from.display()))?;
            }
        }
        Ok(target)
    }
}

impl Drop for PrivateCopy {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
