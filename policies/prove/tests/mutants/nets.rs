//! The nets that a slip can be caught in, from the cheapest to the dearest.

use std::{collections::BTreeSet, path::Path};

use cedar_policy::RequestEnv;
use exchange::{codes::Code, decision::Question};
use policies::{Bundle, source::Source};
use prove::{Law, Mutant, Prover, Slipped, Solver, Theorems};

use super::{
    model::{expected, told},
    questions::{Dice, Pools},
    support::bundle,
};

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The law with it does not load.
    Refused,
    /// A case of `policies/cases` breaks.
    Case,
    /// The law written down anew says otherwise of a random question.
    Model,
    /// A theorem about requests does not follow any more.
    Theorem(String),
    /// By proof: whatever is permitted, the same requests are refused.
    Equivalent,
    /// By proof: it lets nothing through that was refused, but refuses more; and no case asks for that.
    Stricter,
    /// It lets something through that was refused, and nothing noticed it.
    Survived,
}

type Said = (Option<Code>, Vec<&'static str>);

/// Questions with the answers of the law written down anew, and the law's solver.
pub(crate) struct Nets<'a> {
    questions: Vec<(Question, Vec<Said>)>,
    law: &'a Law,
    theorems: Theorems,
    prover: Prover<'a>,
}

pub(crate) fn cvc5() -> Solver {
    Solver { program: "cvc5".into(), seconds: 60 }
}

impl<'a> Nets<'a> {
    /// So many questions, half of them near what the law permits, half of them anything.
    pub(crate) fn new(law: &'a Law, questions: usize) -> Self {
        let mut dice = Dice(0x00c0_ffee_5eed_0001);
        let pools = Pools::new(bundle(), &mut dice);
        let ask = |place: usize| {
            let question =
                if place.is_multiple_of(4) { pools.question(&mut dice) } else { pools.near_question(&mut dice) };
            let said = question.datatypes.iter().map(|datatype| expected(&question, datatype)).collect();
            (question, said)
        };
        let questions = (0..questions).map(ask).collect();
        let theorems = Path::new(env!("CARGO_MANIFEST_DIR")).join("../theorems");
        let theorems = Theorems::read(&theorems, law).unwrap();
        Self { questions, law, theorems, prover: Prover::start(law, &cvc5()).unwrap() }
    }

    /// What becomes of the mutant.
    pub(crate) fn fate(&mut self, mutant: &Mutant) -> Fate {
        let Ok(bundle) = Bundle::load(&mutant.source) else { return Fate::Refused };
        if !bundle.run_cases().is_empty() {
            return Fate::Case;
        }
        let slipped = Law::read(&mutant.source).unwrap();
        // A slip may change which requests the policy speaks to; of no other can the answer change.
        let mut envs = self.law.envs_of(&mutant.policy);
        let more = slipped.envs_of(&mutant.policy);
        envs.extend(more.into_iter().filter(|env| !envs.contains(env)).collect::<Vec<_>>());
        let actions: BTreeSet<&str> = envs.iter().map(|env| env.action().id().unescaped()).collect();
        let mut asked =
            self.questions.iter().filter(|(question, _)| actions.contains(question.service.action.as_str()));
        if asked.any(|(question, said)| differs(&bundle, question, said)) {
            return Fate::Model;
        }
        self.solved(&slipped, &mutant.policy, &envs)
    }

    fn solved(&mut self, slipped: &Law, policy: &str, envs: &[RequestEnv]) -> Fate {
        let looser = match self.prover.compare(slipped, policy, envs).unwrap() {
            Slipped::Same => return Fate::Equivalent,
            Slipped::Stricter => return Fate::Stricter,
            Slipped::Looser(looser) => looser,
        };
        let broken = Prover::start(slipped, &cvc5()).unwrap().first_broken(&self.theorems, &looser).unwrap();
        broken.map_or(Fate::Survived, Fate::Theorem)
    }
}

fn differs(bundle: &Bundle, question: &Question, said: &[Said]) -> bool {
    let decision = bundle.decide_plainly(question);
    decision.verdicts.iter().zip(said).any(|(verdict, (code, policies))| told(verdict) != (*code, policies.clone()))
}

/// The law as it stands.
pub(crate) fn law() -> Law {
    Law::read(&Source::embedded()).unwrap()
}
