//! Cedar evaluates every policy that it is given, so each request is given only those whose scope can match it: one
//! slice for each action and kind of principal. Of a slice, in each role, the policies that ask nothing of the datatype are
//! evaluated once for all datatypes of a question; those that name no datatype once for all that have the same attributes;
//! and the others once for each kind of datatype that they can tell apart.

use std::collections::{HashMap, hash_map::Entry};

use cedar_policy::{
    ActionConstraint, Authorizer, Entities, EntityTypeName, EntityUid, Policy, PolicyId as CedarId, PolicySet,
    PrincipalConstraint, Schema,
};
use exchange::classification::Role;

use crate::{
    error::Problem,
    law::Resource,
    mentions::{Mention, Mentions},
    read::PlacedTemplate,
    silent::{Opening, ignores_resource},
    template::Known,
    words::Words,
};

/// One action with its policies, by kind of principal.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) uid: EntityUid,
    slices: Vec<(EntityTypeName, Slice)>,
}

impl Action {
    /// The policies that can speak to this kind of principal; `None` if the action is not theirs.
    pub(crate) fn slice(&self, principal: &EntityTypeName) -> Option<&Slice> {
        self.slices.iter().find(|(kind, _)| kind == principal).map(|(_, slice)| slice)
    }
}

/// Policies for one action and one kind of principal.
#[derive(Debug)]
pub(crate) struct Slice {
    pub(crate) policies: PolicySet,
    /// Templates that an approval can fill in.
    pub(crate) templates: Vec<Known>,
    cuts: Vec<(Role, Cut)>,
}

impl Slice {
    /// The policies that can speak in this role.
    pub(crate) fn cut(&self, role: Role) -> Option<&Cut> {
        self.cuts.iter().find(|(known, _)| *known == role).map(|(_, cut)| cut)
    }
}

/// Policies of a slice that can speak in one role.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Those that answer the same for every datatype.
    pub(crate) shared: PolicySet,
    /// Those that name no datatype, by the number of the datatype's likeness those that are not silent about it.
    alike: HashMap<usize, PolicySet>,
    /// The others, for each kind of datatype those that are not silent about it.
    apart: Vec<PolicySet>,
    kinds: HashMap<EntityUid, Kind>,
}

/// All datatypes that the policies of a cut cannot tell apart, but by the question's own lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Kind(usize);

impl Cut {
    /// The kind of a datatype; `None` if no dictionary has it.
    pub(crate) fn kind(&self, datatype: &EntityUid) -> Option<Kind> {
        self.kinds.get(datatype).copied()
    }

    /// The policies that ask what kind of datatype it is without naming any, and can speak of those of this likeness.
    pub(crate) fn alike(&self, datatype: &Resource) -> Option<&PolicySet> {
        self.alike.get(&datatype.alike)
    }

    /// The policies that ask which datatype it is and can speak of this kind.
    pub(crate) fn apart(&self, kind: Kind) -> Option<&PolicySet> {
        self.apart.get(kind.0)
    }
}

/// Cuts the slices of every action that the schema applies to anyone.
pub(crate) fn cut(
    (words, schema): (&Words, &Schema),
    entities: &Entities,
    (all, templates): (&PolicySet, &[PlacedTemplate]),
    datatypes: &[&Resource],
) -> Result<HashMap<String, Action>, Problem> {
    let cutter = Cutter::new(words, (all, entities), datatypes)?;
    let mut actions: HashMap<String, Action> = HashMap::new();
    for env in schema.request_envs() {
        let (uid, principal) = (env.action(), env.principal());
        let action = actions
            .entry(uid.id().unescaped().to_owned())
            .or_insert_with(|| Action { uid: uid.clone(), slices: Vec::new() });
        if action.slice(principal).is_none() {
            let speaks = |policy: &Policy| speaks_to(policy, uid, principal, entities);
            let templates = templates.iter().filter(|placed| speaks(&placed.widest)).map(Known::new);
            let slice =
                cutter.slice(all.policies().filter(|policy| speaks(policy)), templates.collect::<Result<_, _>>()?)?;
            action.slices.push((principal.clone(), slice));
        }
    }
    Ok(actions)
}

/// A policy made ready for evaluation.
struct Ready {
    policy: Policy,
    /// Whether it asks which datatype it is.
    asks: bool,
    /// Whether it names any: in a list, by itself, or in its scope.
    names: bool,
    /// For each role and datatype, whether the policy is silent.
    silent: Vec<(Role, Vec<bool>)>,
}

impl Ready {
    fn is_silent(&self, role: Role, place: usize) -> bool {
        let of = self.silent.iter().find(|(known, _)| *known == role).and_then(|(_, silent)| silent.get(place));
        of == Some(&true)
    }
}

/// What is found once for the slices of all actions.
struct Cutter<'a> {
    datatypes: &'a [&'a Resource],
    policies: HashMap<CedarId, Ready>,
}

impl<'a> Cutter<'a> {
    fn new(
        words: &Words,
        (all, entities): (&PolicySet, &Entities),
        datatypes: &'a [&'a Resource],
    ) -> Result<Self, Problem> {
        let authorizer = Authorizer::new();
        let mut policies = HashMap::new();
        for policy in all.policies() {
            let policy = bare(policy)?;
            let opening = Opening::of(&policy).ok_or_else(|| unwritable(policy.id()))?;
            let in_role = |role: Role| {
                let role_known = words.role.value(role.as_str());
                let of = |it: &&Resource| opening.is_silent(&authorizer, (&it.uid, &role_known), entities);
                (role, datatypes.iter().map(of).collect())
            };
            let (asks, silent) = (!ignores_resource(&policy), Role::ALL.iter().copied().map(in_role).collect());
            let mentions = Mentions::of([&policy]).ok_or_else(|| unwritable(policy.id()))?;
            let names = datatypes.iter().any(|datatype| mentions.mention(&datatype.uid) != Mention::None);
            policies.insert(policy.id().clone(), Ready { policy, asks, names, silent });
        }
        Ok(Self { datatypes, policies })
    }

    fn slice<'p>(&self, all: impl Iterator<Item = &'p Policy>, templates: Vec<Known>) -> Result<Slice, Problem> {
        // A policy that were left out could be a forbid.
        let ready = |policy: &Policy| self.policies.get(policy.id()).ok_or_else(|| unwritable(policy.id()));
        let all = all.map(ready).collect::<Result<Vec<_>, _>>()?;
        let cut = |role| Ok((role, self.cut(&all, &templates, role)?));
        let cuts = Role::ALL.iter().copied().map(cut).collect::<Result<_, Problem>>()?;
        Ok(Slice { policies: set(all.iter().map(|ready| &ready.policy))?, templates, cuts })
    }

    fn cut(&self, all: &[&Ready], templates: &[Known], role: Role) -> Result<Cut, Problem> {
        let all = || all.iter().filter(|ready| (0..self.datatypes.len()).any(|place| !ready.is_silent(role, place)));
        let apart = || all().filter(|ready| ready.asks).copied();
        let named = apart().map(|ready| &ready.policy).chain(templates.iter().map(|known| &known.widest));
        let mentions = Mentions::of(named).ok_or_else(|| Problem::new("guardrails", "a policy has no JSON form"))?;
        let (mut signatures, mut kinds, mut sets) = (Vec::new(), HashMap::new(), Vec::new());
        let mut alike = HashMap::new();
        for (place, datatype) in self.datatypes.iter().enumerate() {
            let speaking = |names: bool| {
                let all = apart().filter(move |ready| ready.names == names && !ready.is_silent(role, place));
                set(all.map(|ready| &ready.policy))
            };
            if let Entry::Vacant(first) = alike.entry(datatype.alike) {
                first.insert(speaking(false)?);
            }
            let mention = mentions.mention(&datatype.uid);
            let alone = (mention == Mention::Alone).then_some(place);
            let signature = (datatype.alike, mention, alone);
            let known = signatures.iter().position(|known| *known == signature);
            let number = known.unwrap_or(signatures.len());
            if known.is_none() {
                signatures.push(signature);
                sets.push(speaking(true)?);
            }
            kinds.insert(datatype.uid.clone(), Kind(number));
        }
        let shared = set(all().filter(|ready| !ready.asks).map(|ready| &ready.policy))?;
        Ok(Cut { shared, alike, apart: sets, kinds })
    }
}

fn set<'a>(policies: impl Iterator<Item = &'a Policy>) -> Result<PolicySet, Problem> {
    PolicySet::from_policies(policies.cloned()).map_err(|error| Problem::new("guardrails", error.to_string()))
}

fn unwritable(id: &CedarId) -> Problem {
    Problem::new(id.to_string(), "has no JSON form")
}

/// The same policy without its places in the text and its annotations: Cedar copies them at every step of an evaluation.
fn bare(policy: &Policy) -> Result<Policy, Problem> {
    let unread = |error: String| Problem::new(policy.id().to_string(), error);
    let json = policy.to_json().map_err(|error| unread(error.to_string()))?;
    Policy::from_json(Some(policy.id().clone()), bare_json(json)).map_err(|error| unread(error.to_string()))
}

/// The same of a policy or a template as JSON, which has no places.
pub(crate) fn bare_json(mut json: serde_json::Value) -> serde_json::Value {
    if let Some(members) = json.as_object_mut() {
        members.remove("annotations");
    }
    json
}

fn speaks_to(policy: &Policy, action: &EntityUid, principal: &EntityTypeName, entities: &Entities) -> bool {
    let within = |group: &EntityUid| group == action || entities.is_ancestor_of(group, action);
    let action_matches = match policy.action_constraint() {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => uid == *action,
        ActionConstraint::In(groups) => groups.iter().any(within),
    };
    let principal_matches = match policy.principal_constraint() {
        PrincipalConstraint::Is(kind) | PrincipalConstraint::IsIn(kind, _) => kind == *principal,
        PrincipalConstraint::Any | PrincipalConstraint::In(_) | PrincipalConstraint::Eq(_) => true,
    };
    action_matches && principal_matches
}
