//! A file system that can be switched off: an engine dropped afterwards leaves its directory as a
//! killed process would.
//!
//! A clean close cuts the last segment of each queue and renames what it kept for recycling. Leaking
//! the engine would prevent that, but also keep its lock, memory and file descriptors. So the close
//! runs, and changes nothing.

use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

use raft_engine::env::{DefaultFileSystem, FileSystem, Handle, Permission, WriteExt};

type Inner = DefaultFileSystem;

#[derive(Clone, Default)]
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn killed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn refuse_if_killed(&self) -> Result<()> {
        if self.killed() {
            Err(Error::other("the engine was abandoned"))
        } else {
            Ok(())
        }
    }
}

#[derive(Default)]
pub struct KillableFileSystem {
    switch: Switch,
}

impl KillableFileSystem {
    /// From now on nothing reaches the directory any more.
    pub fn kill(&self) {
        self.switch.0.store(true, Ordering::Release);
    }
}

pub struct KillableHandle {
    inner: Arc<<Inner as FileSystem>::Handle>,
    switch: Switch,
}

pub struct KillableWriter {
    inner: <Inner as FileSystem>::Writer,
    switch: Switch,
}

impl FileSystem for KillableFileSystem {
    type Handle = KillableHandle;
    type Reader = <Inner as FileSystem>::Reader;
    type Writer = KillableWriter;

    fn create<P: AsRef<Path>>(&self, path: P) -> Result<Self::Handle> {
        self.switch.refuse_if_killed()?;
        let inner = Arc::new(Inner {}.create(path)?);
        Ok(KillableHandle { inner, switch: self.switch.clone() })
    }

    fn open<P: AsRef<Path>>(&self, path: P, permission: Permission) -> Result<Self::Handle> {
        let inner = Arc::new(Inner {}.open(path, permission)?);
        Ok(KillableHandle { inner, switch: self.switch.clone() })
    }

    fn delete<P: AsRef<Path>>(&self, path: P) -> Result<()> {
        self.switch.refuse_if_killed()?;
        Inner {}.delete(path)
    }

    fn rename<P: AsRef<Path>>(&self, source: P, target: P) -> Result<()> {
        if self.switch.killed() {
            return Ok(());
        }
        Inner {}.rename(source, target)
    }

    fn new_reader(&self, handle: Arc<Self::Handle>) -> Result<Self::Reader> {
        Inner {}.new_reader(handle.inner.clone())
    }

    fn new_writer(&self, handle: Arc<Self::Handle>) -> Result<Self::Writer> {
        let inner = Inner {}.new_writer(handle.inner.clone())?;
        Ok(KillableWriter { inner, switch: self.switch.clone() })
    }
}

impl Handle for KillableHandle {
    fn truncate(&self, offset: usize) -> Result<()> {
        if self.switch.killed() {
            return Ok(());
        }
        self.inner.truncate(offset)
    }

    fn file_size(&self) -> Result<usize> {
        self.inner.file_size()
    }

    fn sync(&self) -> Result<()> {
        if self.switch.killed() {
            return Ok(());
        }
        Handle::sync(self.inner.as_ref())
    }
}

impl Write for KillableWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.switch.refuse_if_killed()?;
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.inner.flush()
    }
}

impl Seek for KillableWriter {
    fn seek(&mut self, position: SeekFrom) -> Result<u64> {
        self.inner.seek(position)
    }
}

impl Read for KillableWriter {
    fn read(&mut self, bytes: &mut [u8]) -> Result<usize> {
        self.inner.read(bytes)
    }
}

impl WriteExt for KillableWriter {
    fn truncate(&mut self, offset: usize) -> Result<()> {
        if self.switch.killed() {
            return Ok(());
        }
        self.inner.truncate(offset)
    }

    fn allocate(&mut self, offset: usize, size: usize) -> Result<()> {
        self.switch.refuse_if_killed()?;
        self.inner.allocate(offset, size)
    }
}
