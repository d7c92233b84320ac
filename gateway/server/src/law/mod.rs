//! The law in force: which bundle this process decides by, and how another takes its place while requests run.
//!
//! Map: [`LawInForce`] is what everyone asks · `trust` gathers the keys that this process believes · [`Loader`] turns what
//! was activated into a law, or says why not · [`LawWatch`] looks for a new one every 250 ms, swaps it in and keeps the
//! last good one · [`replay`] decides recorded requests again by another.

mod books;
mod load;
pub mod replay;
#[cfg(test)]
mod testing;
mod trust;
mod watch;

use std::sync::Arc;

use arc_swap::ArcSwap;
use exchange::{
    catalogue::Catalogue,
    decision::{Decider, Decision, Question, Told},
    directory::Agency,
    ids::PolicyId,
    onboarding::Rules,
};

pub use self::{
    books::Books,
    load::{Loader, NotLaw},
    trust::TrustedKeys,
    watch::{LawError, LawWatch},
};
use crate::phases::parts::Law;

/// One law after another. Whoever works on a request takes one with [`Self::load_full`] and keeps it to the end; what is
/// derived from a catalogue is derived anew for each.
#[derive(Debug)]
pub struct LawInForce(ArcSwap<Law>);

impl LawInForce {
    /// Begins with this law.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self(ArcSwap::from_pointee(law))
    }

    /// The law of this moment.
    #[must_use]
    pub fn load_full(&self) -> Arc<Law> {
        self.0.load_full()
    }

    /// Puts another law in force: who took the one before keeps it, and nobody sees a mixture.
    pub fn swap(&self, law: Law) {
        self.0.store(Arc::new(law));
    }
}

/// For parts that ask one thing at a time; each answer is of one bundle, but two may be of two.
impl Decider for LawInForce {
    fn decide(&self, question: &Question) -> Decision {
        self.load_full().decider.decide(question)
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.0.load().catalogue)
    }

    fn generation(&self) -> u64 {
        self.0.load().decider.generation()
    }

    fn told(&self, policy: &PolicyId) -> Option<Told> {
        self.load_full().decider.told(policy)
    }

    fn misregistration(&self, agency: &Agency) -> Option<String> {
        self.load_full().decider.misregistration(agency)
    }

    fn newcomers(&self) -> Option<Arc<Rules>> {
        self.load_full().decider.newcomers()
    }
}
