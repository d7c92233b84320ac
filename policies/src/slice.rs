//! Cedar evaluates every policy that it is given, so each request is given only those whose scope can match it: one
//! slice for each action and kind of principal.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    ActionConstraint, Entities, EntityTypeName, EntityUid, Policy, PolicySet, PrincipalConstraint, Schema,
};

use crate::{error::Problem, read::PlacedTemplate, template::Known};

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
    literals: HashSet<EntityUid>,
}

impl Slice {
    /// Whether one of the policies names this entity itself.
    pub(crate) fn names(&self, entity: &EntityUid) -> bool {
        self.literals.contains(entity)
    }
}

/// Cuts the slices of every action that the schema applies to anyone.
pub(crate) fn cut(
    schema: &Schema,
    entities: &Entities,
    all: &PolicySet,
    templates: &[PlacedTemplate],
) -> Result<HashMap<String, Action>, Problem> {
    let mut actions: HashMap<String, Action> = HashMap::new();
    for env in schema.request_envs() {
        let (uid, principal) = (env.action(), env.principal());
        let action = actions
            .entry(uid.id().unescaped().to_owned())
            .or_insert_with(|| Action { uid: uid.clone(), slices: Vec::new() });
        if action.slice(principal).is_none() {
            let speaks = |policy: &Policy| speaks_to(policy, uid, principal, entities);
            let templates = templates.iter().filter(|placed| speaks(&placed.widest)).map(Known::new);
            let slice = slice(all.policies().filter(|policy| speaks(policy)), templates.collect::<Result<_, _>>()?)?;
            action.slices.push((principal.clone(), slice));
        }
    }
    Ok(actions)
}

fn slice<'a>(policies: impl Iterator<Item = &'a Policy>, templates: Vec<Known>) -> Result<Slice, Problem> {
    let policies = policies.map(bare).collect::<Result<Vec<_>, _>>()?;
    let literals = policies.iter().chain(templates.iter().map(|known| &known.widest)).flat_map(Policy::entity_literals);
    let literals = literals.collect();
    let policies = PolicySet::from_policies(policies).map_err(|error| Problem::new("guardrails", error.to_string()))?;
    Ok(Slice { policies, templates, literals })
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
