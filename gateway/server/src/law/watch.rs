//! Looks for a newly activated bundle, judges it beside the requests and swaps it in; on any failure the last good one stays.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use exchange::{
    decision::Decider as _,
    limits,
    ports::{
        consent_tokens::ControlUnavailable,
        law_source::{LawMark, LawOfNode, LawSource},
    },
};
use tokio::time::Instant;

use super::{LawInForce, Loader};
use crate::phases::parts::Law;

/// After a refusal, the time until the same bundle is looked at again: a key may have been added meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Why the bundle in force elsewhere is not in force here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LawError {
    /// The store does not answer.
    #[error(transparent)]
    Unavailable(#[from] ControlUnavailable),
    /// A bundle was activated that this process may not or cannot decide by.
    #[error("generation {generation} of the law is refused: {why}")]
    Refused {
        /// Its generation.
        generation: u64,
        /// Why, in words.
        why: String,
    },
}

/// What this process knows of the law.
#[derive(Debug, Default)]
struct Known {
    /// The activated bundle that decides here; `None` while that is the one this process began with.
    mark: Option<LawMark>,
    /// Its signed manifest: the store's past must go on containing it.
    note: Option<String>,
    /// Whether anyone may have been answered: from then on generations only rise here.
    begun: bool,
    /// What was activated and refused here, why, and when.
    refused: Option<(Option<LawMark>, LawError, Instant)>,
}

/// Follows the store's bundle in force.
#[derive(Debug)]
pub struct LawWatch {
    source: Arc<dyn LawSource>,
    law: Arc<LawInForce>,
    loader: Arc<Loader>,
    node: String,
    known: Mutex<Known>,
}

impl LawWatch {
    /// Follows `source` for the process of this name; `law` begins with the loader's base.
    #[must_use]
    pub fn new(source: Arc<dyn LawSource>, law: Arc<LawInForce>, loader: Loader, node: impl Into<String>) -> Self {
        Self { source, law, loader: Arc::new(loader), node: node.into(), known: Mutex::default() }
    }

    /// The first look: what was activated must be in force before anyone is answered.
    ///
    /// # Errors
    /// [`LawError`]: the process must not start.
    pub async fn begin(&self) -> Result<(), LawError> {
        let outcome = self.confirm().await;
        self.with(|known| known.begun = true);
        if outcome.is_ok() && self.mark().is_none() {
            // Whatever else was found, the look itself has told.
            self.tell().await;
        }
        outcome
    }

    /// Looks which bundle is in force, and puts it in force here if it is another.
    ///
    /// # Errors
    /// [`LawError`]: the law stays as it was.
    pub async fn confirm(&self) -> Result<(), LawError> {
        let mark = self.source.in_force().await?;
        if mark == self.mark() {
            // Also after a refusal: whoever altered the store set it right again.
            return if self.with(|known| known.refused.take()).is_some() { self.told(Ok(())).await } else { Ok(()) };
        }
        if let Some(refusal) = self.standing_refusal(mark.as_ref()) {
            return Err(refusal);
        }
        match self.follow(mark.as_ref()).await {
            Ok((mark, note)) => {
                self.with(|known| {
                    *known = Known { mark: Some(mark), note: Some(note), begun: known.begun, refused: None };
                });
                self.told(Ok(())).await
            }
            // The store went away meanwhile: nothing is known of the bundle.
            Err(LawError::Unavailable(error)) => Err(error.into()),
            Err(refused) => {
                self.with(|known| known.refused = Some((mark, refused.clone(), Instant::now())));
                self.told(Err(refused)).await
            }
        }
    }

    /// Puts in force what the store has now, if it is what the mark says or newer.
    async fn follow(&self, mark: Option<&LawMark>) -> Result<(LawMark, String), LawError> {
        let in_force = self.law.generation();
        let refused = |generation, why: &dyn ToString| LawError::Refused { generation, why: why.to_string() };
        let Some(mark) = mark else {
            return Err(refused(0, &"the store knows no bundle any more: it is not the one that was"));
        };
        let activated = self.source.activated().await?;
        let activated = activated.ok_or_else(|| refused(mark.generation, &"the store lost it while it was read"))?;
        let mark = activated.mark.clone();
        // At the start the activated law wins over a later one that came with a newer program.
        if self.with(|known| known.begun) && mark.generation <= in_force {
            return Err(refused(
                mark.generation,
                &format!("generation {in_force} is in force here, and it only rises"),
            ));
        }
        let past = self.with(|known| known.mark.clone().map(|mark| mark.generation).zip(known.note.clone()));
        if past.is_some_and(|past| !activated.notes.contains(&past)) {
            return Err(refused(
                mark.generation,
                &"the store's past is not the one that was: the law in force is missing",
            ));
        }
        let note = activated.notes.iter().find(|(of, _)| *of == mark.generation).map(|(_, note)| note.clone());
        let note = note.unwrap_or_default();
        let loader = Arc::clone(&self.loader);
        let judged = tokio::task::spawn_blocking(move || {
            let (bundle, signers) = loader.load(&activated)?;
            // The shapes of all answers are derived here too, off the requests' way.
            Ok::<_, super::NotLaw>((Law::new(Arc::new(bundle)), signers))
        });
        let judged = judged.await.map_err(|error| refused(mark.generation, &error))?;
        let (law, signers) = judged.map_err(|error| refused(mark.generation, &error))?;
        self.law.swap(law);
        tracing::info!(generation = mark.generation, digest = %mark.digest, ?signers, "another law is in force");
        Ok((mark, note))
    }

    /// Logs and tells the store how the look ended, once for each change.
    async fn told(&self, outcome: Result<(), LawError>) -> Result<(), LawError> {
        if let Err(error) = &outcome {
            let in_force = self.law.generation();
            tracing::error!(error = %error, in_force, "the law that was activated is refused; the last good one stays");
        }
        self.tell().await;
        outcome
    }

    async fn tell(&self) {
        let refused = self.refused();
        let law = LawOfNode { node: self.node.clone(), generation: self.law.generation(), refused };
        if let Err(error) = self.source.tell(&law).await {
            tracing::warn!(error = %error, "the store does not know which law decides here");
        }
    }

    /// The refusal of this very bundle, unless it is time to look again.
    fn standing_refusal(&self, mark: Option<&LawMark>) -> Option<LawError> {
        self.with(|known| match &known.refused {
            Some((of, error, at)) if of.as_ref() == mark && at.elapsed() < RETRY_AFTER => Some(error.clone()),
            _ => None,
        })
    }

    fn mark(&self) -> Option<LawMark> {
        self.with(|known| known.mark.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The law that this watch keeps.
    #[must_use]
    pub fn law(&self) -> &Arc<LawInForce> {
        &self.law
    }

    /// A bundle that was activated and is refused here, and why.
    #[must_use]
    pub fn refused(&self) -> Option<(u64, String)> {
        self.with(|known| match &known.refused {
            Some((_, LawError::Refused { generation, why }, _)) => Some((*generation, why.clone())),
            _ => None,
        })
    }

    /// Looks every 250 ms until the process ends.
    pub async fn run(self: Arc<Self>) {
        let mut tick = tokio::time::interval(Duration::from_millis(limits::LAW_CONFIRM_MS));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            // A refusal was logged when it was found, and a store that is away is told of by the directory's watch.
            let _ = self.confirm().await;
        }
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
