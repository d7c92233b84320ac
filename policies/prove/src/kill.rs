//! What the solver says of a law with a slip: that it refuses what the law refuses, or more, or which theorem it breaks.

use cedar_policy::RequestEnv;

use crate::{
    claims,
    error::ProveError,
    law::{Law, Premise},
    prover::Prover,
    theorem::{Claim, Theorems},
};

/// How the forbids of a law with a slip stand to those of the law, whatever is permitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slipped {
    /// The same requests are refused: the slip changes no decision.
    Same,
    /// No request is let through that was refused, and some are refused that were not. No theorem about requests can break.
    Stricter,
    /// Requests of these kinds are let through that were refused, or the solver gave up on them.
    Looser(Vec<RequestEnv>),
}

impl Prover<'_> {
    /// How the forbids of another law stand to this one's, for these kinds of requests; `policy` is the only one of them that
    /// may differ.
    ///
    /// # Errors
    /// When the solver fails or falls silent.
    pub fn compare(&mut self, other: &Law, policy: &str, envs: &[RequestEnv]) -> Result<Slipped, ProveError> {
        let (mine, theirs) = (self.law.premise(Premise::Forbids)?, other.premise(Premise::Forbids)?);
        let (mut stricter, mut looser) = (false, Vec::new());
        for env in envs {
            if self.says_the_same(other, policy, env)? {
                continue;
            }
            let p = self.compiled(Premise::Forbids, &mine, env)?;
            let q = self.translate(&theirs, env)?;
            if self.engine.ask(async |it| it.check_implies_opt(&q, &p).await)? != Some(true) {
                looser.push(env.clone());
            } else if !stricter {
                stricter = self.engine.ask(async |it| it.check_implies_opt(&p, &q).await)? != Some(true);
            }
        }
        Ok(match (looser.is_empty(), stricter) {
            (false, _) => Slipped::Looser(looser),
            (true, true) => Slipped::Stricter,
            (true, false) => Slipped::Same,
        })
    }

    /// Whether the policy of this name meets the same requests in both laws: a small question that answers most great ones.
    fn says_the_same(&mut self, other: &Law, policy: &str, env: &RequestEnv) -> Result<bool, ProveError> {
        let Some(mine) = self.law.policy(policy) else { return Ok(false) };
        let mine = claims::translate(self, mine, env)?;
        let same = match other.policy(policy) {
            Some(theirs) => {
                let theirs = claims::translate(self, theirs, env)?;
                self.engine.ask(async |it| it.check_matches_equivalent_opt(&mine, &theirs).await)?
            }
            None => self.engine.ask(async |it| it.check_never_matches_opt(&mine).await)?,
        };
        Ok(same == Some(true))
    }

    /// The first theorem about requests of these kinds that the law's forbids do not keep, whatever is permitted. A question
    /// on which the solver gives up breaks nothing here.
    ///
    /// # Errors
    /// When the solver fails or falls silent.
    pub fn first_broken(&mut self, theorems: &Theorems, envs: &[RequestEnv]) -> Result<Option<String>, ProveError> {
        let law = self.law;
        for env in envs {
            for theorem in &theorems.0 {
                let Claim::Implies(conclusion) = &theorem.claim else { continue };
                if !law.envs(&theorem.actions).contains(env) {
                    continue;
                }
                for &premise in theorem.from.iter().filter(|premise| **premise != Premise::Law) {
                    let premises = law.premise(premise)?;
                    let p = self.compiled(premise, &premises, env)?;
                    let q = self.translate(conclusion, env)?;
                    if self.engine.ask(async |it| it.check_implies_opt(&p, &q).await)? == Some(false) {
                        return Ok(Some(theorem.id.clone()));
                    }
                }
            }
        }
        Ok(None)
    }
}
