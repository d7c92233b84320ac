//! The directory as this gateway knows it: a snapshot whose generation is confirmed every 250 ms, and in which the law's own
//! word on kinds and sectors holds.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use arc_swap::ArcSwap;
use exchange::{
    codes::Code,
    decision::Decider,
    directory::{Directory, DirectoryData},
    ids::AgencyId,
    limits,
    ports::{consent_tokens::ControlUnavailable, directory_source::DirectorySource},
    refusal::Refusal,
};
use tokio::time::Instant;

use crate::law::Books;

/// Holds the snapshot and knows when it was last confirmed.
#[derive(Debug)]
pub struct DirectoryWatch {
    source: Arc<dyn DirectorySource>,
    law: Arc<dyn Decider>,
    /// Told of the rate books that were read.
    books: Option<Arc<Books>>,
    snapshot: ArcSwap<Directory>,
    confirmed: Mutex<Option<Instant>>,
    judged: Mutex<Judged>,
    /// Held by whoever confirms, so that a slow answer never comes after a newer one.
    confirming: tokio::sync::Mutex<()>,
    /// Held while a request confirms; when the last such try failed.
    catching_up: tokio::sync::Mutex<Option<Instant>>,
}

/// What the law found of the snapshot.
#[derive(Debug, Default)]
struct Judged {
    /// Generation of the law that was asked.
    law: u64,
    /// Agencies that it holds suspended, by name.
    misregistered: Vec<AgencyId>,
}

impl DirectoryWatch {
    /// An empty watch: every request is refused as stale until the first [`Self::confirm`].
    #[must_use]
    pub fn new(source: Arc<dyn DirectorySource>, law: Arc<dyn Decider>) -> Self {
        Self {
            source,
            law,
            books: None,
            snapshot: ArcSwap::from_pointee(Directory::default()),
            confirmed: Mutex::new(None),
            judged: Mutex::default(),
            confirming: tokio::sync::Mutex::default(),
            catching_up: tokio::sync::Mutex::default(),
        }
    }

    /// The same, telling these of the rate books whenever the directory is read.
    #[must_use]
    pub fn publishing(self, books: Arc<Books>) -> Self {
        Self { books: Some(books), ..self }
    }

    /// Asks the source for its generation and reads it anew if it moved, or if another law is in force than judged it.
    ///
    /// # Errors
    /// [`ControlUnavailable`]: the snapshot stays and grows stale.
    pub async fn confirm(&self) -> Result<(), ControlUnavailable> {
        let _one_by_one = self.confirming.lock().await;
        let asked_at = Instant::now();
        // Before the judgement: a law that comes meanwhile judges again at the next look.
        let law = self.law.generation();
        let generation = self.source.generation().await?;
        let known = self.snapshot.load().generation();
        if generation != known || law != self.with(|judged| judged.law) || self.last().is_none() {
            let (generation, mut data) = self.source.read().await?;
            self.judge(law, &mut data);
            if let Some(books) = &self.books {
                books.publish(&data);
            }
            self.snapshot.store(Arc::new(Directory::new(generation, data)));
        }
        if let Ok(mut confirmed) = self.confirmed.lock() {
            *confirmed = Some(asked_at);
        }
        Ok(())
    }

    /// Suspends each agency whose kind and sector cannot both be right, and no other.
    ///
    /// The directory is taken all the same: to keep the last good one for the sake of one wrong row would keep every
    /// revocation after it from taking effect (rule 6), and to start without one would stop the country.
    fn judge(&self, law: u64, data: &mut DirectoryData) {
        let mut found: Vec<(AgencyId, String)> = Vec::new();
        for agency in &mut data.agencies {
            if let Some(why) = self.law.misregistration(agency) {
                agency.suspended = true;
                found.push((agency.id.clone(), why));
            }
        }
        found.sort();
        let names: Vec<_> = found.iter().map(|(agency, _)| agency.clone()).collect();
        let before = self.with(|judged| std::mem::replace(judged, Judged { law, misregistered: names.clone() }));
        // Once for each change: the directory is read anew whenever an approval is used.
        if before.misregistered == names {
            return;
        }
        for (agency, why) in &found {
            tracing::error!(agency.id = %agency, %why, "an agency is registered wrongly and held as suspended");
        }
        for agency in before.misregistered.iter().filter(|agency| !names.contains(agency)) {
            tracing::info!(agency.id = %agency, "an agency is no longer registered wrongly");
        }
    }

    /// Agencies whose kind and sector cannot both be right, and which are therefore held suspended.
    #[must_use]
    pub fn misregistered(&self) -> Vec<AgencyId> {
        self.with(|judged| judged.misregistered.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Judged) -> T) -> T {
        look(&mut self.judged.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn last(&self) -> Option<Instant> {
        self.confirmed.lock().ok().and_then(|confirmed| *confirmed)
    }

    /// Confirms a snapshot that has grown stale, for a request that would otherwise be refused: after a host stood still, the
    /// first request need not wait for the next tick. One asks at a time, none for longer than
    /// [`limits::DIRECTORY_CATCH_UP_MS`], and after a failure none until a tick's time has passed.
    pub async fn catch_up(&self) {
        if self.current().is_ok() {
            return;
        }
        let wait = Duration::from_millis(limits::DIRECTORY_CATCH_UP_MS);
        let Ok(mut failed) = tokio::time::timeout(wait, self.catching_up.lock()).await else { return };
        let pause = Duration::from_millis(limits::DIRECTORY_CONFIRM_MS);
        if self.current().is_ok() || failed.is_some_and(|at| at.elapsed() < pause) {
            return;
        }
        let error = match tokio::time::timeout(wait, self.confirm()).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("no answer in time".to_owned()),
        };
        *failed = error.as_ref().map(|_| Instant::now());
        if let Some(error) = error {
            tracing::warn!(%error, "directory cannot be confirmed");
        }
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
    use exchange::{
        catalogue::Catalogue,
        decision::{Decision, Question},
        directory::Agency,
    };

    use super::*;
    use crate::routes::trial;

    #[derive(Debug, Default)]
    struct Source {
        generation: AtomicU64,
        asked: AtomicU64,
        down: AtomicBool,
        /// The next answer waits for [`Self::goes_on`].
        slow: AtomicBool,
        goes_on: tokio::sync::Notify,
        hangs: AtomicBool,
        data: Mutex<DirectoryData>,
    }

    /// Says of every circus that it is registered wrongly, once it is of the second generation.
    #[derive(Debug)]
    struct Law(AtomicU64);

    impl Decider for Law {
        fn decide(&self, _: &Question) -> Decision {
            Decision { verdicts: Vec::new(), obligations: Vec::new(), generation: self.generation(), errored: false }
        }
        fn catalogue(&self) -> Arc<Catalogue> {
            Arc::new(Catalogue::new(Vec::new(), Vec::new()))
        }
        fn generation(&self) -> u64 {
            self.0.load(Ordering::SeqCst)
        }
        fn misregistration(&self, agency: &Agency) -> Option<String> {
            (self.generation() > 1 && agency.kind == "Circus").then(|| "a circus is of no sector".to_owned())
        }
    }

    fn watch(source: &Arc<Source>) -> (DirectoryWatch, Arc<Law>) {
        let law = Arc::new(Law(AtomicU64::new(1)));
        (DirectoryWatch::new(Arc::clone(source) as _, Arc::clone(&law) as _), law)
    }

    #[async_trait]
    impl DirectorySource for Source {
        async fn generation(&self) -> Result<u64, ControlUnavailable> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.hangs.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.down.load(Ordering::SeqCst) {
                return Err(ControlUnavailable("down".into()));
            }
            Ok(self.generation.load(Ordering::SeqCst))
        }
        async fn read(&self) -> Result<(u64, DirectoryData), ControlUnavailable> {
            let answer = (self.generation().await?, self.data.lock().unwrap().clone());
            if self.slow.swap(false, Ordering::SeqCst) {
                self.goes_on.notified().await;
            }
            Ok(answer)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_directory_that_nobody_confirms_decides_nothing() {
        let source = Arc::new(Source::default());
        let (watch, _) = watch(&source);
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
    async fn a_request_after_a_standstill_finds_a_directory_confirmed_for_it() {
        let source = Arc::new(Source::default());
        let (watch, _) = watch(&source);
        watch.confirm().await.unwrap();
        let before = source.asked.load(Ordering::SeqCst);
        watch.catch_up().await;
        assert_eq!(source.asked.load(Ordering::SeqCst), before, "a fresh one is not asked for again");
        tokio::time::advance(Duration::from_secs(5)).await;
        source.generation.store(9, Ordering::SeqCst);
        tokio::join!(watch.catch_up(), watch.catch_up(), watch.catch_up());
        assert_eq!(watch.current().unwrap().generation(), 9, "what changed meanwhile is known");
        // Its generation, and the generation that is read with the data.
        assert_eq!(source.asked.load(Ordering::SeqCst), before + 2, "one asks for all");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_answer_never_takes_the_place_of_a_newer_one() {
        let source = Arc::new(Source::default());
        let (watch, _) = watch(&source);
        source.generation.store(1, Ordering::SeqCst);
        source.slow.store(true, Ordering::SeqCst);
        let moves_on = async {
            source.generation.store(2, Ordering::SeqCst);
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            source.goes_on.notify_one();
        };
        let (slow, newer, ()) = tokio::join!(watch.confirm(), watch.confirm(), moves_on);
        assert_eq!((slow, newer), (Ok(()), Ok(())));
        assert_eq!(watch.current().unwrap().generation(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_fails_or_hangs_is_not_asked_by_every_request() {
        for hangs in [false, true] {
            let source = Arc::new(Source::default());
            let (watch, _) = watch(&source);
            watch.confirm().await.unwrap();
            tokio::time::advance(Duration::from_secs(5)).await;
            let before = source.asked.load(Ordering::SeqCst);
            if hangs { &source.hangs } else { &source.down }.store(true, Ordering::SeqCst);
            let begun = Instant::now();
            tokio::join!(watch.catch_up(), watch.catch_up());
            watch.catch_up().await;
            assert_eq!(watch.current().unwrap_err().code, Code::DirectoryStale, "hangs: {hangs}");
            assert_eq!(source.asked.load(Ordering::SeqCst), before + 1, "hangs: {hangs}");
            assert!(begun.elapsed() <= Duration::from_millis(2 * limits::DIRECTORY_CATCH_UP_MS), "hangs: {hangs}");
            source.hangs.store(false, Ordering::SeqCst);
            source.down.store(false, Ordering::SeqCst);
            tokio::time::advance(Duration::from_millis(limits::DIRECTORY_CONFIRM_MS)).await;
            watch.catch_up().await;
            assert!(watch.current().is_ok(), "hangs: {hangs}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_generation_is_read() {
        let source = Arc::new(Source::default());
        let (watch, _) = watch(&source);
        watch.confirm().await.unwrap();
        source.generation.store(7, Ordering::SeqCst);
        watch.confirm().await.unwrap();
        assert_eq!(watch.current().unwrap().generation(), 7);
    }

    #[tokio::test(start_paused = true)]
    async fn an_agency_is_judged_by_the_law_in_force_and_no_other_is_touched() {
        let source = Arc::new(Source::default());
        source.data.lock().unwrap().agencies = vec![trial::agency("lion", "Circus"), trial::agency("teller", "Bank")];
        let (watch, law) = watch(&source);
        let suspended = || {
            let directory = watch.any();
            ["lion", "teller"].map(|id| directory.agency(id).unwrap().suspended)
        };
        watch.confirm().await.unwrap();
        assert_eq!((suspended(), watch.misregistered()), ([false, false], Vec::new()));
        // The directory stays as it is and the law does not.
        law.0.store(2, Ordering::SeqCst);
        watch.confirm().await.unwrap();
        assert_eq!(suspended(), [true, false]);
        assert_eq!(watch.misregistered(), [AgencyId::parse("lion").unwrap()]);
        source.data.lock().unwrap().agencies[0].kind = "Zoo".to_owned();
        source.generation.store(1, Ordering::SeqCst);
        watch.confirm().await.unwrap();
        assert_eq!((suspended(), watch.misregistered()), ([false, false], Vec::new()));
    }
}
