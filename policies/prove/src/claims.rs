//! What each kind of theorem asks, and what it takes for an answer.

use cedar_policy::{Authorizer, Decision, Effect, Entities, Policy, PolicySet, Request, RequestEnv};
use cedar_policy_symcc::CompiledPolicy;

use crate::{
    error::ProveError,
    example::Example,
    law::{self, Premise},
    prover::{Asked, Prover, untranslatable},
    released::Released,
    solver::Sought,
    theorem::{Claim, Theorem},
    wider,
};

/// Asks all that a theorem asks of a premise.
pub(crate) fn ask(
    prover: &mut Prover<'_>,
    theorem: &Theorem,
    premise: Premise,
    asked: &mut Asked<'_>,
) -> Result<(), ProveError> {
    let envs = prover.law.envs(&theorem.actions);
    match &theorem.claim {
        Claim::Implies(conclusion) => implies(prover, premise, conclusion, &envs, asked),
        Claim::NeverErrs => never_errs(prover, &envs, asked),
        Claim::NoneDead => none_dead(prover, &envs, asked),
        Claim::NeverAlwaysDenied => never_always(prover, Decision::Deny, &envs, asked),
        Claim::NeverAlwaysAllowed => never_always(prover, Decision::Allow, &envs, asked),
        Claim::DutiesAgree => duties_agree(prover, &envs, asked),
        Claim::NotWider(policies) => {
            if let Some(released) = Released::last(policies)? {
                return wider::ask(prover, &released, &envs, asked);
            }
            let said = "no law was released yet: `cargo xtask prove --release` writes the first down";
            asked.fail(said.to_owned(), None);
            Ok(())
        }
    }
}

/// Whatever the premise permits, the conclusion permits.
fn implies(
    prover: &mut Prover<'_>,
    premise: Premise,
    conclusion: &PolicySet,
    envs: &[RequestEnv],
    asked: &mut Asked<'_>,
) -> Result<(), ProveError> {
    let premises = prover.law.premise(premise)?;
    for env in envs {
        let p = prover.compiled(premise, &premises, env)?;
        let q = prover.translate(conclusion, env)?;
        let found = prover.engine.seek(async |it| it.check_implies_with_counterexample_opt(&p, &q).await)?;
        let shows = |request: &Request, entities: &Entities| {
            permits(&premises, request, entities) && !permits(conclusion, request, entities)
        };
        let said = format!("{}: {} permits what the theorem rules out", law::name(env), premise.as_str());
        judge(prover, found, env, said, &shows, asked);
    }
    Ok(())
}

/// Whether the production authoriser lets a request pass: an error refuses, as in `policies/src/decide.rs`.
pub(crate) fn permits(set: &PolicySet, request: &Request, entities: &Entities) -> bool {
    let response = Authorizer::new().is_authorized(request, set, entities);
    response.decision() == Decision::Allow && response.diagnostics().errors().next().is_none()
}

/// Counts the answer to one question; a request that was found becomes an example.
fn judge(
    prover: &Prover<'_>,
    found: Sought,
    env: &RequestEnv,
    said: String,
    shows: &dyn Fn(&Request, &Entities) -> bool,
    asked: &mut Asked<'_>,
) {
    if let Some((said, example)) = answer(prover, found, env, said, shows, asked) {
        asked.fail(said, Some(example));
    }
}

/// The same, but what becomes of an example is the asker's matter.
pub(crate) fn answer(
    prover: &Prover<'_>,
    found: Sought,
    env: &RequestEnv,
    said: String,
    shows: &dyn Fn(&Request, &Entities) -> bool,
    asked: &mut Asked<'_>,
) -> Option<(String, Example)> {
    asked.count();
    match found {
        Sought::Nothing => None,
        Sought::Found(found) => Some((said, Example::of(&found, prover.law.schema(), shows))),
        Sought::GaveUp => {
            undecided(env, asked);
            None
        }
    }
}

fn undecided(env: &RequestEnv, asked: &mut Asked<'_>) {
    asked.fail(format!("{}: the solver gave up in its time; nothing is proved of it", law::name(env)), None);
}

fn never_errs(prover: &mut Prover<'_>, envs: &[RequestEnv], asked: &mut Asked<'_>) -> Result<(), ProveError> {
    for policy in prover.law.policies() {
        let alone = prover.law.set([policy.clone()])?;
        let errs = |request: &Request, entities: &Entities| {
            Authorizer::new().is_authorized(request, &alone, entities).diagnostics().errors().next().is_some()
        };
        for env in envs {
            let compiled = translate(prover, policy, env)?;
            let found =
                prover.engine.seek(async |it| it.check_never_errors_with_counterexample_opt(&compiled).await)?;
            let said = format!("{}: `{}` cannot be evaluated", law::name(env), policy.id());
            judge(prover, found, env, said, &errs, asked);
        }
    }
    Ok(())
}

pub(crate) fn translate(prover: &Prover<'_>, policy: &Policy, env: &RequestEnv) -> Result<CompiledPolicy, ProveError> {
    CompiledPolicy::compile(policy, env, prover.law.schema()).map_err(|error| untranslatable(env, &error))
}

fn none_dead(prover: &mut Prover<'_>, envs: &[RequestEnv], asked: &mut Asked<'_>) -> Result<(), ProveError> {
    let law = prover.law;
    for policy in law.policies() {
        let id = policy.id();
        match lives(prover, policy, envs, asked)? {
            Some(true) if policy.effect() == Effect::Forbid => {}
            Some(true) => match prevails(prover, policy, envs, asked)? {
                Some(true) => {}
                Some(false) => asked.fail(format!("`{id}` permits nothing: the forbids take back all of it"), None),
                None => asked.fail(format!("`{id}`: the solver gave up before it found what it permits"), None),
            },
            Some(false) => asked.fail(format!("`{id}` speaks to no request that there can be"), None),
            None => asked.fail(format!("`{id}`: the solver gave up before it found what it speaks to"), None),
        }
    }
    Ok(())
}

/// Whether some request meets the policy; `None` when the solver gave up on one that might.
fn lives(
    prover: &mut Prover<'_>,
    policy: &Policy,
    envs: &[RequestEnv],
    asked: &mut Asked<'_>,
) -> Result<Option<bool>, ProveError> {
    let mut certain = true;
    for env in envs {
        let compiled = translate(prover, policy, env)?;
        let never = prover.engine.ask(async |it| it.check_never_matches_opt(&compiled).await)?;
        asked.count();
        match never {
            Some(false) => return Ok(Some(true)),
            answer => certain &= answer.is_some(),
        }
    }
    Ok(certain.then_some(false))
}

/// Whether the permit beside all forbids still permits something; `None` as in [`lives`].
fn prevails(
    prover: &mut Prover<'_>,
    permit: &Policy,
    envs: &[RequestEnv],
    asked: &mut Asked<'_>,
) -> Result<Option<bool>, ProveError> {
    let law = prover.law;
    let forbids = law.policies().filter(|policy| policy.effect() == Effect::Forbid).cloned();
    let set = law.set(forbids.chain([permit.clone()]))?;
    let mut certain = true;
    for env in envs {
        let compiled = prover.translate(&set, env)?;
        let denied = prover.engine.ask(async |it| it.check_always_denies_opt(&compiled).await)?;
        asked.count();
        match denied {
            Some(false) => return Ok(Some(true)),
            answer => certain &= answer.is_some(),
        }
    }
    Ok(certain.then_some(false))
}

/// No environment has one answer only.
fn never_always(
    prover: &mut Prover<'_>,
    answer: Decision,
    envs: &[RequestEnv],
    asked: &mut Asked<'_>,
) -> Result<(), ProveError> {
    let premises = prover.law.premise(Premise::Law)?;
    for env in envs {
        let law = prover.compiled(Premise::Law, &premises, env)?;
        let always = match answer {
            Decision::Deny => prover.engine.ask(async |it| it.check_always_denies_opt(&law).await)?,
            Decision::Allow => prover.engine.ask(async |it| it.check_always_allows_opt(&law).await)?,
        };
        asked.count();
        let word = if answer == Decision::Deny { "refused" } else { "permitted" };
        match always {
            Some(false) => {}
            Some(true) => asked.fail(format!("{}: whatever is asked is {word}", law::name(env)), None),
            None => undecided(env, asked),
        }
    }
    Ok(())
}

/// Permits with different obligations never both apply.
fn duties_agree(prover: &mut Prover<'_>, envs: &[RequestEnv], asked: &mut Asked<'_>) -> Result<(), ProveError> {
    let law = prover.law;
    let permits: Vec<_> = law.policies().filter(|policy| policy.effect() == Effect::Permit).collect();
    for (place, one) in permits.iter().enumerate() {
        for other in permits.iter().skip(place + 1).filter(|other| duties(one) != duties(other)) {
            let both = law.set([(*one).clone(), (**other).clone()])?;
            let meet = |request: &Request, entities: &Entities| {
                Authorizer::new().is_authorized(request, &both, entities).diagnostics().reason().count() == 2
            };
            for env in envs {
                let (a, b) = (translate(prover, one, env)?, translate(prover, other, env)?);
                let found =
                    prover.engine.seek(async |it| it.check_matches_disjoint_with_counterexample_opt(&a, &b).await)?;
                let said =
                    format!("{}: `{}` and `{}` both permit, with other duties", law::name(env), one.id(), other.id());
                judge(prover, found, env, said, &meet, asked);
            }
        }
    }
    Ok(())
}

/// The words of `@obligation`, in any order.
pub(crate) fn duties(policy: &Policy) -> Vec<&str> {
    let mut words: Vec<_> = policy.annotation("obligation").unwrap_or_default().split(';').collect();
    words.sort_unstable();
    words
}
