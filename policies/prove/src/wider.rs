//! Is the law wider than the one that was last released? For each permit, action and kind of caller: whatever the permit
//! lets pass in spite of all forbids, the released law let pass, with no duty that the permit lacks.
//!
//! Both laws are read under the candidate's schema, and what the released schema meant by a policy is kept:
//!
//! - An action belongs to the released policies whose scope it met under the **released** schema's groups; a policy whose
//!   conditions ask for the action's groups counts as unreadable if these changed.
//! - A kind of request (action, caller, resource) that the released schema lacks is wholly new: nothing of it was permitted.
//! - A released policy that the candidate's schema cannot read permits nothing if it is a permit, and forbids all that its
//!   scope's action meets if it is a forbid. So what is doubtful counts as wider.
//! - A word that a closed vocabulary gained is wholly new too: no request had it. It is told by itself.
//! - New attributes need no rule: the released policies decide without looking at them.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{Effect, Entities, Policy, PolicyId, PolicySet, Request, RequestEnv, SchemaFragment};
use cedar_policy_symcc::CompiledPolicy;
use policies::error::Problem;
use serde_json::{Value, json};

use crate::{
    claims::{self, permits},
    error::ProveError,
    law::{self, Law},
    prover::{Asked, Prover},
    released::Released,
    waiver::Wider,
};

/// Asks of every kind of request; a waiver that quotes nothing found fails too.
pub(crate) fn ask(
    prover: &mut Prover<'_>,
    released: &Released,
    envs: &[RequestEnv],
    asked: &mut Asked<'_>,
) -> Result<(), ProveError> {
    let mut found = Vec::new();
    for word in new_words(released.law.schema_text(), prover.law.schema_text())? {
        let said = format!("`{word}`: generation {} knew no such word, so no request had it", released.generation);
        note(released, Wider::Word(word), said, None, asked, &mut found);
    }
    for env in envs {
        ask_of(prover, released, env, asked, &mut found)?;
    }
    let stale = released.waivers.iter().filter(|waiver| !found.iter().any(|wider| waiver.quotes(wider)));
    for waiver in stale {
        asked.fail(format!("{}: a waiver quotes it, and nothing there is wider", waiver.named()), None);
    }
    Ok(())
}

/// Puts what was found under its waiver, or under the failures.
fn note(
    released: &Released,
    wider: Wider,
    said: String,
    example: Option<crate::Example>,
    asked: &mut Asked<'_>,
    found: &mut Vec<Wider>,
) {
    match released.waivers.iter().find(|waiver| waiver.quotes(&wider)) {
        Some(waiver) => asked.waive(format!("{said}; {}", waiver.said()), example),
        None => asked.fail(said, example),
    }
    found.push(wider);
}

/// Asks of one kind of request, permit by permit.
fn ask_of(
    prover: &mut Prover<'_>,
    released: &Released,
    env: &RequestEnv,
    asked: &mut Asked<'_>,
    found: &mut Vec<Wider>,
) -> Result<(), ProveError> {
    let law = prover.law;
    let (now, before) = (Side::now(law, env)?, Side::before(&released.law, law, env)?);
    // The same policies say the same of the same request.
    if now == before {
        return Ok(());
    }
    for permit in &now.permits {
        let mine = law.set(now.forbids.iter().chain([permit]).map(|it| it.policy.clone()))?;
        let theirs = before.with_duties_within(permit, law)?;
        let (p, q) = (prover.translate(&mine, env)?, prover.translate(&theirs, env)?);
        let sought = prover.engine.seek(async |it| it.check_implies_with_counterexample_opt(&p, &q).await)?;
        let shows = |request: &Request, entities: &Entities| {
            permits(&mine, request, entities) && !permits(&theirs, request, entities)
        };
        let id = permit.policy.id().to_string();
        let said = format!("{}: `{id}` permits what generation {} refused", law::name(env), released.generation);
        if let Some((said, example)) = claims::answer(prover, sought, env, said, &shows, asked) {
            let (action, caller) = (env.action().id().unescaped().to_owned(), law::base(env.principal()).to_owned());
            note(released, Wider::Permit { action, caller, permit: id }, said, Some(example), asked, found);
        }
    }
    Ok(())
}

/// What one law says to one kind of request.
#[derive(Debug, PartialEq, Eq)]
struct Side {
    permits: Vec<Carried>,
    forbids: Vec<Carried>,
}

/// A policy with the one action in its scope; equal if it says the same, whatever it is called.
#[derive(Clone, Debug)]
struct Carried {
    policy: Policy,
    says: String,
    duties: BTreeSet<String>,
}

impl PartialEq for Carried {
    fn eq(&self, other: &Self) -> bool {
        (&self.says, &self.duties) == (&other.says, &other.duties)
    }
}

impl Eq for Carried {}

impl Side {
    /// What the candidate says.
    fn now(law: &Law, env: &RequestEnv) -> Result<Self, ProveError> {
        let speaking = law.policies().filter(|policy| law.speaks_to(policy, env.action()));
        let carried = speaking.map(|policy| carry(policy, env)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::sorted(carried))
    }

    /// What the released law said, as far as the candidate's schema reads it.
    fn before(released: &Law, candidate: &Law, env: &RequestEnv) -> Result<Self, ProveError> {
        if !released.knows(env) {
            return Ok(Self::sorted(Vec::new()));
        }
        let regrouped = released.groups(env.action()) != candidate.groups(env.action());
        let mut carried = Vec::new();
        for policy in released.policies().filter(|policy| released.speaks_to(policy, env.action())) {
            let one = carry(policy, env)?;
            let is_read = CompiledPolicy::compile(&one.policy, env, candidate.schema()).is_ok()
                && !(regrouped && one.says.contains(ASKS_FOR_GROUPS));
            match (policy.effect(), is_read) {
                (_, true) => carried.push(one),
                (Effect::Permit, false) => {}
                (Effect::Forbid, false) => carried.push(forbid_all(policy.id())?),
            }
        }
        Ok(Self::sorted(carried))
    }

    fn sorted(mut carried: Vec<Carried>) -> Self {
        carried.sort_by(|a, b| a.says.cmp(&b.says));
        let (permits, forbids) = carried.into_iter().partition(|it| it.policy.effect() == Effect::Permit);
        Self { permits, forbids }
    }

    /// The law with those of its permits only that oblige to nothing which this permit does not oblige to.
    fn with_duties_within(&self, permit: &Carried, law: &Law) -> Result<PolicySet, ProveError> {
        let as_strict = self.permits.iter().filter(|other| other.duties.is_subset(&permit.duties));
        Ok(law.set(as_strict.chain(&self.forbids).map(|it| it.policy.clone()))?)
    }
}

/// How a condition that asks for the groups of the action stands in a policy's JSON.
const ASKS_FOR_GROUPS: &str = "\"in\":{\"left\":{\"Var\":\"action\"}";

/// The policy with the request's own action as its scope, and without annotations.
fn carry(policy: &Policy, env: &RequestEnv) -> Result<Carried, Problem> {
    let problem = |error: &dyn std::error::Error| Problem::new(policy.id().to_string(), error.to_string());
    let mut json = policy.to_json().map_err(|error| problem(&error))?;
    let action = env.action();
    if let Some(members) = json.as_object_mut() {
        members.remove("annotations");
        let uid = json!({ "type": action.type_name().to_string(), "id": action.id().unescaped() });
        members.insert("action".to_owned(), json!({ "op": "==", "entity": uid }));
    }
    let says = json.to_string();
    let carried = Policy::from_json(Some(policy.id().clone()), json).map_err(|error| problem(&error))?;
    let duties = claims::duties(policy).into_iter().map(str::to_owned).collect();
    Ok(Carried { policy: carried, says, duties })
}

/// In place of a forbid that cannot be read; it says what no policy of the candidate says, so it is never taken for one.
fn forbid_all(id: &PolicyId) -> Result<Carried, Problem> {
    let policy = Policy::parse(Some(id.clone()), "forbid (principal, action, resource);")
        .map_err(|error| Problem::new(id.to_string(), error.to_string()))?;
    Ok(Carried { policy, says: String::new(), duties: BTreeSet::new() })
}

/// Words that the second schema has in a closed vocabulary which the first has without them; `Sector::*` if it is closed no
/// more.
fn new_words(before: &str, now: &str) -> Result<Vec<String>, ProveError> {
    let (before, now) = (vocabularies(before)?, vocabularies(now)?);
    let mut words = Vec::new();
    for (name, known) in before.iter().filter_map(|(name, words)| Some((name, words.as_ref()?))) {
        match now.get(name) {
            Some(Some(has)) => words.extend(has.difference(known).map(|word| format!("{name}::{word}"))),
            Some(None) => words.push(format!("{name}::*")),
            None => {}
        }
    }
    Ok(words)
}

/// The schema's types of entities; with their words if they are closed.
fn vocabularies(schema: &str) -> Result<BTreeMap<String, Option<BTreeSet<String>>>, Problem> {
    let problem = |error: String| Problem::new("schema", error);
    let (fragment, _) = SchemaFragment::from_cedarschema_str(schema).map_err(|error| problem(error.to_string()))?;
    let json = fragment.to_json_value().map_err(|error| problem(error.to_string()))?;
    let spaces = json.as_object().into_iter().flat_map(|spaces| spaces.values());
    let types = spaces.filter_map(|space| space.get("entityTypes")?.as_object()).flatten();
    let words = |kind: &Value| {
        let words = kind.get("enum")?.as_array()?;
        Some(words.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    };
    Ok(types.map(|(name, kind)| (name.clone(), words(kind))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_a_vocabulary_gains_is_new_and_one_that_it_loses_is_not() {
        let check = |before: &str, now: &str, expected: &[&str]| {
            let schema = |types: &str| format!("namespace N {{ {types} }}");
            assert_eq!(new_words(&schema(before), &schema(now)).unwrap(), expected, "{before} to {now}");
        };
        let two = "entity A enum [\"x\", \"y\"]; entity B;";
        check(two, two, &[]);
        check(two, "entity A enum [\"x\", \"z\"]; entity B;", &["A::z"]);
        check(two, "entity A; entity B;", &["A::*"]);
        check(two, "entity B enum [\"x\"];", &[]);
        check(two, "entity A enum [\"x\", \"y\"]; entity C enum [\"z\"]; entity B;", &[]);
    }
}
