//! The log at work: three threads over what they share, and the one way in which it ends for ever.

use std::{
    sync::{
        Arc, Condvar, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread::{Builder, JoinHandle},
};

use exchange::ports::record_log::LogUnavailable;
use tokio::sync::watch;

use super::{
    held,
    keeper::Keeper,
    options::{LogOptions, OpenError},
    publish::Publisher,
    queue::Queue,
    signer::{Signed, Signer},
    store::Store,
    writer::Writer,
};

/// What the threads share.
pub(super) struct Shared {
    pub options: LogOptions,
    pub store: Arc<Store>,
    pub queue: Queue,
    pub keeper: Arc<Keeper>,
    pub signer: Signer,
    publisher: Publisher,
    failure: OnceLock<String>,
    failed: watch::Sender<Option<String>>,
    stopping: AtomicBool,
    stop: (Mutex<()>, Condvar),
}

/// Starts the threads, the writer's first.
pub(super) fn start(shared: &Arc<Shared>, writer: Writer) -> Result<Vec<JoinHandle<()>>, OpenError> {
    let (first, second, third) = (shared.clone(), shared.clone(), shared.clone());
    let run = |name: &str, work: Box<dyn FnOnce() + Send>| Builder::new().name(name.to_owned()).spawn(work);
    Ok(vec![
        run("log-writer", Box::new(move || first.write(writer)))?,
        run("log-keeper", Box::new(move || second.keep()))?,
        run("log-signer", Box::new(move || third.tick()))?,
    ])
}

/// Fails the log if its thread ends by a panic.
struct Alarm<'a>(&'a Shared);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("a thread of the log panicked");
        }
    }
}

impl Shared {
    /// What the threads share, before any runs.
    pub fn new(options: LogOptions, store: Arc<Store>, keeper: Arc<Keeper>, signer: Signer) -> Self {
        Self {
            options,
            store,
            queue: Queue::default(),
            keeper,
            signer,
            publisher: Publisher::default(),
            failure: OnceLock::new(),
            failed: watch::Sender::new(None),
            stopping: AtomicBool::new(false),
            stop: (Mutex::new(()), Condvar::new()),
        }
    }

    /// Why the log failed for ever, if it did.
    pub fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }

    /// Told when the log fails for ever.
    pub fn subscribe(&self) -> watch::Receiver<Option<String>> {
        self.failed.subscribe()
    }

    fn write(&self, writer: Writer) {
        let _alarm = Alarm(self);
        writer.run(&self.queue, |failure| match failure {
            LogUnavailable::Failed(why) => self.fail(why),
            other => self.fail(&other.to_string()),
        });
    }

    fn keep(&self) {
        let _alarm = Alarm(self);
        if let Err(error) = self.keeper.run(&*self.store.disk) {
            self.fail(&error.to_string());
        }
    }

    pub fn look_at_room(&self) {
        if let Err(error) = self.keeper.look(&*self.store.disk) {
            self.fail(&error.to_string());
        }
    }

    /// Signs each second while there is something new, and a last time at the end.
    fn tick(&self) {
        let _alarm = Alarm(self);
        let (lock, stop) = &self.stop;
        loop {
            let stopping = {
                let waiting = held(lock);
                let every = self.options.checkpoint_every;
                let go_on = |(): &mut ()| !self.stopping.load(Ordering::Acquire);
                let woken = stop.wait_timeout_while(waiting, every, go_on);
                drop(woken.unwrap_or_else(PoisonError::into_inner));
                self.stopping.load(Ordering::Acquire)
            };
            if stopping {
                return;
            }
            // A failure is already known to everyone; a full disk is tried again at the next turn.
            if self.sign().is_ok() && self.options.tiles {
                self.publish();
            }
        }
    }

    /// Derived files are nobody's proof: what cannot be written now is written at the next turn.
    pub fn publish(&self) {
        if let Err(error) = self.write_tiles() {
            tracing::warn!(error = %error, "tiles of the access log could not be written");
        }
    }

    pub fn write_tiles(&self) -> Result<bool, LogUnavailable> {
        let written = self.publisher.pass(&self.store, &self.signer.last());
        written.map_err(|error| LogUnavailable::Failed(error.to_string()))
    }

    pub fn stop_ticking(&self) {
        let (lock, stop) = &self.stop;
        let waiting = held(lock);
        self.stopping.store(true, Ordering::Release);
        drop(waiting);
        stop.notify_all();
    }

    pub fn sign(&self) -> Result<Signed, LogUnavailable> {
        self.alive()?;
        let signed = self.signer.sign(&self.store, self.options.clock.now());
        if let Err(LogUnavailable::Failed(why)) = &signed {
            self.fail(why);
        }
        signed
    }

    pub fn alive(&self) -> Result<(), LogUnavailable> {
        self.failure.get().map_or(Ok(()), |why| Err(LogUnavailable::Failed(why.clone())))
    }

    /// Ends the log for ever: nothing is written or signed again by this process.
    fn fail(&self, why: &str) {
        if self.failure.set(why.to_owned()).is_err() {
            return;
        }
        tracing::error!(reason = why, "access log failed: the process must stop");
        self.failed.send_replace(Some(why.to_owned()));
        for waiting in self.queue.abandon() {
            waiting.tell(Err(LogUnavailable::Failed(why.to_owned())));
        }
        self.keeper.stop();
        self.stop_ticking();
    }
}
