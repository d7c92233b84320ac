//! The directory as this gateway knows it: a snapshot whose generation is confirmed every 250 ms.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::ArcSwap;
use exchange::{
    codes::Code,
    directory::Directory,
    limits,
    ports::{consent_tokens::ControlUnavailable, directory_source::DirectorySource},
    refusal::Refusal,
};
use tokio::time::Instant;

/// Holds the snapshot and knows when it was last confirmed.
#[derive(Debug)]
pub struct DirectoryWatch {
    source: Arc<dyn DirectorySource>,
    snapshot: ArcSwap<Directory>,
    confirmed: Mutex<Option<Instant>>,
}

impl DirectoryWatch {
    /// An empty watch: every request is refused as stale until the first [`Self::confirm`].
    #[must_use]
    pub fn new(source: Arc<dyn DirectorySource>) -> Self {
        Self { source, snapshot: ArcSwap::from_pointee(Directory::default()), confirmed: Mutex::new(None) }
    }

    /// Asks the source for its generation and reads it anew if it moved.
    ///
    /// # Errors
    /// [`ControlUnavailable`]: the snapshot stays and grows stale.
    pub async fn confirm(&self) -> Result<(), ControlUnavailable> {
        let asked_at = Instant::now();
        let generation = self.source.generation().await?;
        let known = self.snapshot.load().generation();
        if generation != known || self.last().is_none() {
            let (generation, data) = self.source.read().await?;
            self.snapshot.store(Arc::new(Directory::new(generation, data)));
        }
        if let Ok(mut confirmed) = self.confirmed.lock() {
            *confirmed = Some(asked_at);
        }
        Ok(())
    }

    fn last(&self) -> Option<Instant> {
        self.confirmed.lock().ok().and_then(|confirmed| *confirmed)
    }

    /// The snapshot, if it was confirmed within the last second.
    ///
    /// # Errors
    /// `directory_stale` otherwise: what was revoked meanwhile cannot be known.
    pub fn current(&self) -> Result<Arc<Directory>, Refusal> {
        let limit = Duration::from_millis(u64::try_from(limits::DIRECTORY_STALE_MS_MAX).unwrap_or(0));
        match self.last() {
            Some(at) if at.elapsed() <= limit => Ok(self.snapshot.load_full()),
            _ => Err(Refusal::new(Code::DirectoryStale).retry_after(1)),
        }
    }

    /// The snapshot whatever its age, for records and pages that decide nothing.
    #[must_use]
    pub fn any(&self) -> Arc<Directory> {
        self.snapshot.load_full()
    }

    /// Confirms every 250 ms until the process ends.
    pub async fn run(self: Arc<Self>) {
        let mut tick = tokio::time::interval(Duration::from_millis(limits::DIRECTORY_CONFIRM_MS));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            if let Err(error) = self.confirm().await {
                tracing::warn!(error = %error, "directory cannot be confirmed");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use async_trait::async_trait;
    use exchange::directory::DirectoryData;

    use super::*;

    #[derive(Debug, Default)]
    struct Source {
        generation: AtomicU64,
        down: AtomicBool,
    }

    #[async_trait]
    impl DirectorySource for Source {
        async fn generation(&self) -> Result<u64, ControlUnavailable> {
            if self.down.load(Ordering::SeqCst) {
                return Err(ControlUnavailable("down".into()));
            }
            Ok(self.generation.load(Ordering::SeqCst))
        }
        async fn read(&self) -> Result<(u64, DirectoryData), ControlUnavailable> {
            Ok((self.generation().await?, DirectoryData::default()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_that_nobody_confirms_decides_nothing() {
        let source = Arc::new(Source::default());
        let watch = DirectoryWatch::new(Arc::clone(&source) as Arc<dyn DirectorySource>);
        assert_eq!(watch.current().unwrap_err().code, Code::DirectoryStale);
        watch.confirm().await.unwrap();
        assert!(watch.current().is_ok());
        source.down.store(true, Ordering::SeqCst);
        tokio::time::advance(Duration::from_millis(900)).await;
        watch.confirm().await.unwrap_err();
        assert!(watch.current().is_ok());
        tokio::time::advance(Duration::from_millis(200)).await;
        assert_eq!(watch.current().unwrap_err().code, Code::DirectoryStale);
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_generation_is_read() {
        let source = Arc::new(Source::default());
        let watch = DirectoryWatch::new(Arc::clone(&source) as Arc<dyn DirectorySource>);
        watch.confirm().await.unwrap();
        source.generation.store(7, Ordering::SeqCst);
        watch.confirm().await.unwrap();
        assert_eq!(watch.current().unwrap().generation(), 7);
    }
}
