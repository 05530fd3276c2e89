//! An open engine in a thread of its own.
//!
//! The engine keeps the last block it read in a thread-local cache, whose key says nothing about the
//! engine: a thread that reads from two engines, or from one directory opened twice, may get the
//! other's bytes.

use std::sync::mpsc::{self, Sender};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use raft_engine::internals::{
    FilePipeLogBuilder, LogQueue, MemTableRecoverContextFactory, PipeLog,
};
use raft_engine::{Config, Engine};

use crate::failure::{catch, Failure, Outcome};
use crate::killable::KillableFileSystem;

pub type HostedEngine = Engine<KillableFileSystem>;
type Job = Box<dyn FnOnce(&HostedEngine) + Send>;

pub struct Host {
    jobs: Sender<Job>,
    thread: JoinHandle<Outcome<()>>,
    files: Arc<KillableFileSystem>,
}

impl Host {
    pub fn open(config: Config) -> Outcome<Host> {
        let files = Arc::new(KillableFileSystem::default());
        let (jobs, inbox) = mpsc::channel::<Job>();
        let (opened, answer) = mpsc::channel();
        let engine_files = files.clone();
        let thread = spawn(move || {
            let open = || Ok(Engine::open_with_file_system(config, engine_files)?);
            let engine = match catch(open) {
                Ok(engine) => engine,
                Err(failure) => {
                    let _ = opened.send(Err(failure));
                    return Ok(());
                }
            };
            let _ = opened.send(Ok(()));
            while let Ok(job) = inbox.recv() {
                job(&engine);
            }
            catch(move || {
                drop(engine);
                Ok(())
            })
        })?;
        match answer.recv() {
            Ok(Ok(())) => Ok(Host { jobs, thread, files }),
            Ok(Err(failure)) => Err(failure),
            Err(_) => Err(Failure::new("Panic", "the engine's thread died while opening")),
        }
    }

    /// Runs an action in the engine's thread and waits for its answer.
    pub fn run<T, A>(&self, action: A) -> Outcome<T>
    where
        T: Send + 'static,
        A: FnOnce(&HostedEngine) -> Outcome<T> + Send + 'static,
    {
        let (answer, result) = mpsc::channel();
        let job: Job = Box::new(move |engine| {
            let _ = answer.send(catch(|| action(engine)));
        });
        let gone = || Failure::new("Panic", "the engine's thread is gone");
        self.jobs.send(job).map_err(|_| gone())?;
        result.recv().map_err(|_| gone())?
    }

    pub fn close(self) -> Outcome<()> {
        drop(self.jobs);
        self.thread.join().unwrap_or_else(|_| Err(Failure::new("Panic", "while closing")))
    }

    /// Leaves the directory as a kill would; lock, memory and descriptors are given back.
    pub fn abandon(self) -> Outcome<()> {
        self.files.kill();
        self.close()
    }
}

/// Starts a new segment of the rewrite queue. The engine has no such call, so its pipe log is opened
/// alone; nobody else may have the directory open.
pub fn rotate_rewrite_queue(config: Config) -> Outcome<()> {
    let rotate = move || {
        catch(|| {
            let mut config = config;
            config.sanitize()?;
            let files = Arc::new(KillableFileSystem::default());
            let mut builder = FilePipeLogBuilder::new(config.clone(), files, Vec::new());
            builder.scan()?;
            builder.recover(&MemTableRecoverContextFactory::new(&config))?;
            builder.finish()?.rotate(LogQueue::Rewrite)?;
            Ok(())
        })
    };
    spawn(rotate)?.join().unwrap_or_else(|_| Err(Failure::new("Panic", "while rotating")))
}

fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Outcome<JoinHandle<T>> {
    Ok(thread::Builder::new().name("engine".to_owned()).spawn(body)?)
}
