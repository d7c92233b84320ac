//! The policies and their schema, read and validated strictly, with all that a decision looks up.

use std::collections::HashMap;

use cedar_policy::{
    Effect, Entities, Entity, EntityUid, Policy, PolicyId as CedarId, PolicySet, RestrictedExpression as Value, Schema,
    ValidationMode, Validator,
};
use exchange::{
    catalogue::Datatype,
    ids::{DatatypeId, PolicyId},
};

use crate::{
    error::{BundleError, Problem},
    parse::Placed,
    rule::Rule,
    slice::{self, Action},
    source::Source,
    steady,
    words::{SCHEMA_FILE, Words},
};

/// A datatype as policies see one.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) uid: EntityUid,
    /// Number shared by all datatypes of the same domain and the same attributes.
    pub(crate) alike: usize,
}

/// Everything that Cedar decides with.
#[derive(Debug)]
pub(crate) struct Law {
    pub(crate) words: Words,
    pub(crate) schema: Schema,
    /// Datatypes, their domains and the actions: the same for every request.
    pub(crate) entities: Entities,
    /// Whether every policy sees the present only as before or after a recorded instant.
    pub(crate) steady: bool,
    datatypes: HashMap<DatatypeId, Resource>,
    rules: HashMap<CedarId, Rule>,
    slices: HashMap<String, Action>,
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
        let slices = slice::cut(&schema, &entities, &all)?;
        let steady = placed.iter().all(|(_, policy)| steady::is_steady(policy));
        let datatypes = resources(&words, dictionary);
        Ok(Self { words, schema, entities, steady, datatypes, rules, slices })
    }

    /// The datatype as a resource; `None` if no dictionary has it.
    pub(crate) fn datatype(&self, id: &DatatypeId) -> Option<&Resource> {
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

/// Datatypes with the number of their likeness: what `read_entities` gives them as attributes and parent.
fn resources(words: &Words, dictionary: &[Placed<Datatype>]) -> HashMap<DatatypeId, Resource> {
    let mut likenesses = Vec::new();
    let mut resources = HashMap::new();
    for Placed { item: datatype, .. } in dictionary {
        let likeness = (domain_of(datatype.id.as_str()), datatype.class, datatype.personal, datatype.biometric);
        let alike = likenesses.iter().position(|known| *known == likeness).unwrap_or(likenesses.len());
        if alike == likenesses.len() {
            likenesses.push(likeness);
        }
        resources.insert(datatype.id.clone(), Resource { uid: words.datatype.uid(datatype.id.as_str()), alike });
    }
    resources
}

/// The part of a datatype's name before the dot.
fn domain_of(datatype: &str) -> &str {
    datatype.split('.').next().unwrap_or(datatype)
}
