//! The policies and their schema with all that a decision looks up.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Entities, Entity, EntityUid, Policy, PolicyId as CedarId, ResourceConstraint, RestrictedExpression as Value, Schema,
};
use exchange::{
    catalogue::{Datatype, Service},
    ids::{DatatypeId, PolicyId},
};

use crate::{
    error::{BundleError, Problem},
    facts::Lists,
    lists,
    names::Names,
    parse::Placed,
    read::{self, PlacedPolicy},
    rule::Rule,
    slice::{self, Action},
    source::Source,
    steady, template,
    words::Words,
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
    /// How much of the instruments' lists the policies must see.
    pub(crate) lists: Lists,
    datatypes: HashMap<DatatypeId, Resource>,
    rules: HashMap<CedarId, Rule>,
    /// Each policy's file.
    texts: HashMap<CedarId, String>,
    slices: HashMap<String, Action>,
    templates: HashSet<CedarId>,
}

impl Law {
    /// Reads schema and policies, validates them, holds them to the names of the bundle's lists and makes the slices.
    pub(crate) fn read(
        source: &Source,
        dictionary: &[Placed<Datatype>],
        services: &[Placed<Service>],
    ) -> Result<Self, BundleError> {
        let words = Words::new()?;
        let schema = read::schema(source)?;
        let placed = read::policies(source)?;
        let all = read::validated(&schema, &placed)?;
        let templates = read::templates(source)?;
        read::valid_templates(&schema, &placed, &templates)?;
        let open = templates.iter().map(|it| PlacedPolicy { file: it.file.clone(), policy: it.widest.clone() });
        let placed: Vec<_> = placed.into_iter().chain(open).collect();
        let rules = read_rules(&placed)?;
        let entities = read_entities(&words, &schema, dictionary)?;
        Names::of(source, dictionary, services)?.hold(&placed)?;
        let datatypes = resources(&words, dictionary);
        let mut ordered: Vec<_> = datatypes.values().collect();
        ordered.sort_by(|a, b| a.uid.cmp(&b.uid));
        let slices = slice::cut((&words, &schema), &entities, (&all, &templates), &ordered)?;
        let steady = placed.iter().all(|placed| steady::is_steady(&placed.policy));
        let lists = lists::needed(placed.iter().map(|placed| &placed.policy));
        let text = |placed: &PlacedPolicy| Some((placed.policy.id().clone(), source.file(&placed.file)?.to_owned()));
        let texts = placed.iter().filter_map(text).collect();
        let templates = templates.iter().map(|placed| placed.template.id().clone()).collect();
        Ok(Self { words, schema, entities, steady, lists, datatypes, rules, texts, slices, templates })
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

    /// What a policy's annotations say; of a link, its template's.
    pub(crate) fn rule(&self, id: &CedarId) -> Option<&Rule> {
        self.rules.get(id).or_else(|| self.rules.get(&template::author(id)))
    }

    /// Whether there is a template of this name.
    pub(crate) fn has_template(&self, id: &PolicyId) -> bool {
        self.templates.contains(&CedarId::new(id.as_str()))
    }

    /// What a policy's annotations say, and its file.
    pub(crate) fn written(&self, id: &PolicyId) -> Option<(&Rule, &str)> {
        let id = CedarId::new(id.as_str());
        Some((self.rules.get(&id)?, self.texts.get(&id)?))
    }

    /// Whether the scope of a policy holds this datatype.
    pub(crate) fn speaks_of(&self, policy: &Policy, resource: &EntityUid) -> bool {
        let within = |group: &EntityUid| group == resource || self.entities.is_ancestor_of(group, resource);
        match policy.resource_constraint() {
            ResourceConstraint::Any | ResourceConstraint::Is(_) => true,
            ResourceConstraint::Eq(uid) => uid == *resource,
            ResourceConstraint::In(group) | ResourceConstraint::IsIn(_, group) => within(&group),
        }
    }

    /// Every policy's and template's name.
    pub(crate) fn policies(&self) -> impl Iterator<Item = &PolicyId> {
        self.rules.values().map(|rule| &rule.id)
    }
}

fn read_rules(placed: &[PlacedPolicy]) -> Result<HashMap<CedarId, Rule>, BundleError> {
    let (mut rules, mut problems) = (HashMap::new(), Vec::new());
    for PlacedPolicy { file, policy } in placed {
        match Rule::read(policy) {
            Ok(rule) => drop(rules.insert(policy.id().clone(), rule)),
            Err(reason) => problems.push(Problem::new(file, reason)),
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(rules)
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
pub(crate) fn domain_of(datatype: &str) -> &str {
    datatype.split('.').next().unwrap_or(datatype)
}
