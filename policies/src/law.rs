//! The policies and their schema, validated strictly and cut into one slice for each action and kind of principal.

use std::collections::HashMap;

use cedar_policy::{
    ActionConstraint, Effect, Entities, Entity, EntityTypeName, EntityUid, Policy, PolicyId as CedarId, PolicySet,
    PrincipalConstraint, RestrictedExpression as Value, Schema, ValidationMode, Validator,
};
use exchange::{
    catalogue::Datatype,
    ids::{DatatypeId, PolicyId},
};

use crate::{
    error::{BundleError, Problem},
    parse::Placed,
    rule::Rule,
    source::Source,
    steady,
    words::{SCHEMA_FILE, Words},
};

/// Everything that Cedar decides with.
#[derive(Debug)]
pub(crate) struct Law {
    pub(crate) words: Words,
    pub(crate) schema: Schema,
    /// Datatypes, their domains and the actions: the same for every request.
    pub(crate) entities: Entities,
    /// Whether every policy sees the present only as before or after a recorded instant.
    pub(crate) steady: bool,
    datatypes: HashMap<DatatypeId, EntityUid>,
    rules: HashMap<CedarId, Rule>,
    slices: HashMap<String, Action>,
}

/// One action with its policies, by kind of principal.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) uid: EntityUid,
    slices: Vec<(EntityTypeName, PolicySet)>,
}

impl Action {
    /// The policies that can speak to this kind of principal; `None` if the action is not theirs.
    pub(crate) fn slice(&self, principal: &EntityTypeName) -> Option<&PolicySet> {
        self.slices.iter().find(|(kind, _)| kind == principal).map(|(_, slice)| slice)
    }
}

impl Law {
    /// Reads schema and policies, validates them and makes the slices.
    pub(crate) fn read(source: &Source, dictionary: &[Placed<Datatype>]) -> Result<Self, BundleError> {
        let words = Words::new()?;
        let schema = read_schema(source)?;
        let placed = read_policies(source)?;
        let all = PolicySet::from_policies(placed.iter().map(|(_, policy)| policy.clone()))
            .map_err(|error| Problem::new("guardrails", error.to_string()))?;
        validate(&schema, &all, &placed)?;
        let rules = read_rules(&placed)?;
        let entities = read_entities(&words, &schema, dictionary)?;
        let slices = cut(&schema, &entities, &all)?;
        let steady = placed.iter().all(|(_, policy)| steady::is_steady(policy));
        let ids = dictionary.iter().map(|placed| &placed.item.id);
        let datatypes = ids.map(|id| (id.clone(), words.datatype.uid(id.as_str()))).collect();
        Ok(Self { words, schema, entities, steady, datatypes, rules, slices })
    }

    /// The datatype as a resource; `None` if no dictionary has it.
    pub(crate) fn datatype(&self, id: &DatatypeId) -> Option<&EntityUid> {
        self.datatypes.get(id)
    }

    /// The action of this name.
    pub(crate) fn action(&self, name: &str) -> Option<&Action> {
        self.slices.get(name)
    }

    /// Names of all actions that a request can name.
    pub(crate) fn actions(&self) -> impl Iterator<Item = &str> {
        self.slices.keys().map(String::as_str)
    }

    /// What a policy's annotations say.
    pub(crate) fn rule(&self, id: &CedarId) -> Option<&Rule> {
        self.rules.get(id)
    }

    /// Every policy's name.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &PolicyId> {
        self.rules.values().map(|rule| &rule.id)
    }
}

fn read_schema(source: &Source) -> Result<Schema, Problem> {
    let text = source.file(SCHEMA_FILE).ok_or_else(|| Problem::new(SCHEMA_FILE, "is missing"))?;
    let (schema, warnings) =
        Schema::from_cedarschema_str(text).map_err(|error| Problem::new(SCHEMA_FILE, error.to_string()))?;
    match warnings.map(|warning| warning.to_string()).next() {
        Some(warning) => Err(Problem::new(SCHEMA_FILE, warning)),
        None => Ok(schema),
    }
}

/// Reads one policy from each file and gives it its `@id`, which is the file's name.
fn read_policies(source: &Source) -> Result<Vec<(String, Policy)>, BundleError> {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    for folder in ["guardrails/", "domains/"] {
        for (path, text) in source.matching(folder, ".cedar") {
            match read_policy(path, text) {
                Ok(policy) if folder == "guardrails/" && policy.effect() == Effect::Permit => {
                    problems.push(Problem::new(path, "a guardrail forbids; permits stand under domains"));
                }
                Ok(policy) => policies.push((path.to_owned(), policy)),
                Err(problem) => problems.push(problem),
            }
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(policies)
}

fn read_policy(path: &str, text: &str) -> Result<Policy, Problem> {
    let policy = Policy::parse(None, text).map_err(|error| Problem::new(path, error.to_string()))?;
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".cedar");
    match policy.annotation("id") {
        Some(id) if id == name => Ok(policy.new_id(CedarId::new(name))),
        _ => Err(Problem::new(path, format!("needs @id(\"{name}\"), the file's own name"))),
    }
}

fn read_rules(placed: &[(String, Policy)]) -> Result<HashMap<CedarId, Rule>, BundleError> {
    let (mut rules, mut problems) = (HashMap::new(), Vec::new());
    for (path, policy) in placed {
        match Rule::read(policy) {
            Ok(rule) => drop(rules.insert(policy.id().clone(), rule)),
            Err(reason) => problems.push(Problem::new(path, reason)),
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(rules)
}

/// Strict validation; a warning (a policy that can never apply, a letter that looks like another) refuses too.
fn validate(schema: &Schema, all: &PolicySet, placed: &[(String, Policy)]) -> Result<(), BundleError> {
    let result = Validator::new(schema.clone()).validate(all, ValidationMode::Strict);
    let file =
        |id: &CedarId| placed.iter().find(|(_, policy)| policy.id() == id).map_or("guardrails", |(path, _)| path);
    let errors = result.validation_errors().map(|error| Problem::new(file(error.policy_id()), error.to_string()));
    let warnings =
        result.validation_warnings().map(|warning| Problem::new(file(warning.policy_id()), warning.to_string()));
    BundleError::unless_empty(errors.chain(warnings).collect())
}

fn read_entities(words: &Words, schema: &Schema, dictionary: &[Placed<Datatype>]) -> Result<Entities, Problem> {
    let mut entities = HashMap::new();
    for Placed { file, item: datatype } in dictionary {
        let domain = words.domain.uid(domain_of(datatype.id.as_str()));
        entities.insert(domain.clone(), Entity::new_no_attrs(domain.clone(), [].into()));
        let attributes = [
            ("class".to_owned(), words.class.value(datatype.class.as_str())),
            ("personal".to_owned(), Value::new_bool(datatype.personal)),
            ("biometric".to_owned(), Value::new_bool(datatype.biometric)),
        ];
        let uid = words.datatype.uid(datatype.id.as_str());
        let entity = Entity::new(uid.clone(), attributes.into(), [domain].into())
            .map_err(|error| Problem::new(file, error.to_string()))?;
        if entities.insert(uid, entity).is_some() {
            return Err(Problem::new(file, format!("`{}` is listed twice", datatype.id)));
        }
    }
    Entities::from_entities(entities.into_values(), Some(schema))
        .map_err(|error| Problem::new("dictionary", error.to_string()))
}

/// The part of a datatype's name before the dot.
fn domain_of(datatype: &str) -> &str {
    datatype.split('.').next().unwrap_or(datatype)
}

/// Cedar evaluates every policy it is given, so each request is given only those whose scope can match it.
fn cut(schema: &Schema, entities: &Entities, all: &PolicySet) -> Result<HashMap<String, Action>, Problem> {
    let mut actions: HashMap<String, Action> = HashMap::new();
    for env in schema.request_envs() {
        let (uid, principal) = (env.action(), env.principal());
        let action = actions
            .entry(uid.id().unescaped().to_owned())
            .or_insert_with(|| Action { uid: uid.clone(), slices: Vec::new() });
        if action.slice(principal).is_some() {
            continue;
        }
        let speaks = |policy: &&Policy| speaks_to(policy, uid, principal, entities);
        let slice = PolicySet::from_policies(all.policies().filter(speaks).cloned())
            .map_err(|error| Problem::new("guardrails", error.to_string()))?;
        action.slices.push((principal.clone(), slice));
    }
    Ok(actions)
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
