//! The law as premises of a proof, and the kinds of request it speaks of.

use std::collections::BTreeSet;

use cedar_policy::{
    ActionConstraint, Effect, Entities, EntityId, EntityTypeName, EntityUid, Policy, PolicyId, PolicySet, RequestEnv,
    Schema,
};
use policies::{
    BundleError,
    error::Problem,
    read::{self, PlacedPolicy},
    source::Source,
};
use serde::Deserialize;

/// A permit for everything: what is proved beside it holds whatever permits are ever added.
const PERMIT_ALL: &str = "permit (principal, action, resource);";

/// What a theorem follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
pub enum Premise {
    /// The policies as they stand.
    #[serde(rename = "law")]
    Law,
    /// The guardrails and a permit for everything.
    #[serde(rename = "guardrails+permit-all")]
    Guardrails,
    /// All forbids and a permit for everything.
    #[serde(rename = "forbids+permit-all")]
    Forbids,
    /// The guardrails and the templates with their blanks open, which permit whatever any link of them permits.
    #[serde(rename = "guardrails+templates")]
    Templates,
}

impl Premise {
    /// As theorems and tables name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Law => "law",
            Self::Guardrails => "guardrails+permit-all",
            Self::Forbids => "forbids+permit-all",
            Self::Templates => "guardrails+templates",
        }
    }

    /// Whether a permit for everything stands beside it.
    fn permits_all(self) -> bool {
        matches!(self, Self::Guardrails | Self::Forbids)
    }

    /// Whether a policy belongs to it.
    fn holds(self, placed: &PlacedPolicy) -> bool {
        match self {
            Self::Law => true,
            Self::Guardrails => placed.file.starts_with("guardrails/"),
            Self::Forbids => placed.policy.effect() == Effect::Forbid,
            Self::Templates => placed.file.starts_with("guardrails/") || placed.file.starts_with("templates/"),
        }
    }
}

/// The law: schema, policies and templates with their blanks open, validated strictly. A template so opened is a policy like
/// any other, so every theorem speaks of all links that there can be.
#[derive(Debug)]
pub struct Law {
    schema: Schema,
    actions: Entities,
    placed: Vec<PlacedPolicy>,
    schema_text: String,
}

impl Law {
    /// Reads the law from a bundle's files.
    ///
    /// # Errors
    /// Names each file that Cedar refuses.
    pub fn read(source: &Source) -> Result<Self, BundleError> {
        let schema = read::schema(source)?;
        let placed = read::policies(source)?;
        read::validated(&schema, &placed)?;
        let templates = read::templates(source)?;
        read::valid_templates(&schema, &placed, &templates)?;
        let open = templates.into_iter().map(|it| PlacedPolicy { file: it.file, policy: it.widest });
        let placed = placed.into_iter().chain(open).collect();
        let actions = schema.action_entities().map_err(|error| Problem::new("schema", error.to_string()))?;
        let schema_text = source.matching("schema/", ".cedarschema").map(|(_, text)| text).collect();
        Ok(Self { schema, actions, placed, schema_text })
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The schema as it is written.
    pub(crate) fn schema_text(&self) -> &str {
        &self.schema_text
    }

    /// Every policy.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.placed.iter().map(|placed| &placed.policy)
    }

    /// The policies of a premise as one set.
    ///
    /// # Errors
    /// When Cedar does not take them as a set.
    pub fn premise(&self, premise: Premise) -> Result<PolicySet, BundleError> {
        let named = self.placed.iter().filter(|placed| premise.holds(placed)).map(|placed| placed.policy.clone());
        self.set(named.chain(premise.permits_all().then(permit_all).transpose()?))
    }

    /// Some policies as one set.
    ///
    /// # Errors
    /// When Cedar does not take them as a set.
    pub fn set(&self, policies: impl IntoIterator<Item = Policy>) -> Result<PolicySet, BundleError> {
        PolicySet::from_policies(policies).map_err(|error| Problem::new("policies", error.to_string()).into())
    }

    /// Every kind of request for these actions or groups of actions; for all when none is named. Sorted by name.
    #[must_use]
    pub fn envs(&self, actions: &[String]) -> Vec<RequestEnv> {
        let asked =
            |env: &RequestEnv| actions.is_empty() || actions.iter().any(|name| self.is_within(env.action(), name));
        let mut envs: Vec<_> = self.schema.request_envs().filter(asked).collect();
        envs.sort_by_cached_key(name);
        envs
    }

    /// The policy of this name.
    pub(crate) fn policy(&self, id: &str) -> Option<&Policy> {
        self.policies().find(|policy| AsRef::<str>::as_ref(policy.id()) == id)
    }

    /// Every kind of request to which the scope of the policy of this name speaks.
    #[must_use]
    pub fn envs_of(&self, policy: &str) -> Vec<RequestEnv> {
        let mut envs = self.envs(&[]);
        envs.retain(|env| self.policy(policy).is_some_and(|policy| self.speaks_to(policy, env.action())));
        envs
    }

    /// Whether the schema has this kind of request.
    pub(crate) fn knows(&self, env: &RequestEnv) -> bool {
        self.schema.request_envs().any(|known| known == *env)
    }

    /// The action's groups, whatever its depth in them.
    pub(crate) fn groups(&self, action: &EntityUid) -> BTreeSet<EntityUid> {
        self.actions.ancestors(action).into_iter().flatten().cloned().collect()
    }

    /// Whether the policy's scope meets the action.
    pub(crate) fn speaks_to(&self, policy: &Policy, action: &EntityUid) -> bool {
        let within = |group: &EntityUid| group == action || self.actions.is_ancestor_of(group, action);
        match policy.action_constraint() {
            ActionConstraint::Any => true,
            ActionConstraint::Eq(uid) => uid == *action,
            ActionConstraint::In(groups) => groups.iter().any(within),
        }
    }

    fn is_within(&self, action: &EntityUid, name: &str) -> bool {
        let is_named = |uid: &EntityUid| uid.id().unescaped() == name;
        is_named(action) || self.actions.ancestors(action).is_some_and(|mut groups| groups.any(is_named))
    }
}

fn permit_all() -> Result<Policy, Problem> {
    Policy::parse(Some(PolicyId::new("permit-all")), PERMIT_ALL)
        .map_err(|error| Problem::new("permit-all", error.to_string()))
}

/// A kind of request in words, such as `readUsage by Client`.
#[must_use]
pub fn name(env: &RequestEnv) -> String {
    format!("{} by {}", env.action().id().unescaped(), base(env.principal()))
}

/// A type's own name, without its namespace.
#[must_use]
pub fn base(name: &EntityTypeName) -> &str {
    name.basename()
}

/// An entity in words: `Citizen "…"`.
#[must_use]
pub fn entity(uid: &EntityUid) -> String {
    format!("{} {}", base(uid.type_name()), quoted(uid.id()))
}

/// An entity's name in quotes.
#[must_use]
pub fn quoted(id: &EntityId) -> String {
    format!("{:?}", id.unescaped())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn law() -> Law {
        Law::read(&Source::embedded()).unwrap()
    }

    fn names(actions: &[&str]) -> Vec<String> {
        let actions: Vec<_> = actions.iter().map(|&name| name.to_owned()).collect();
        law().envs(&actions).iter().map(name).collect()
    }

    #[test]
    fn an_environment_is_an_action_and_a_kind_of_caller() {
        assert_eq!(names(&["verifyYesNo"]), ["verifyYesNo by User"]);
        assert_eq!(names(&["readUsage"]), ["readUsage by Client", "readUsage by User"]);
        let personal = names(&["personal"]);
        for name in ["lookUpTaxpayer by User", "releaseKyc by User", "verifyYesNo by User"] {
            assert!(personal.iter().any(|known| known == name), "{name}");
        }
        assert!(!personal.contains(&"noticeDeath by User".to_owned()) && personal.is_sorted());
        assert_eq!(names(&["lists"]), ["searchHouseholdsByAddress by User", "searchHouseholdsByPmt by User"]);
        assert_eq!(names(&["fly"]), [""; 0]);
        assert_eq!(names(&[]).len(), names(&["byAgency", "ownRecord", "open"]).len(), "every action is in a group");
        assert!(names(&["underAgreement"]).len() > names(&["personal"]).len());
    }

    #[test]
    fn a_premise_holds_what_its_name_says() {
        let law = law();
        let ids = |premise| {
            let set = law.premise(premise).unwrap();
            let mut ids: Vec<_> = set.policies().map(|policy| policy.id().to_string()).collect();
            ids.sort();
            ids
        };
        let (whole, guardrails, forbids) = (ids(Premise::Law), ids(Premise::Guardrails), ids(Premise::Forbids));
        assert_eq!(whole.len(), law.policies().count());
        assert!(!whole.contains(&"permit-all".to_owned()));
        assert_eq!(guardrails.iter().filter(|id| !id.starts_with('G')).collect::<Vec<_>>(), ["permit-all"]);
        assert!(forbids.contains(&"A02-auditors-only".to_owned()) && !forbids.contains(&"A01-auditor".to_owned()));
        assert!(guardrails.iter().all(|id| forbids.contains(id)));
        let templates = ids(Premise::Templates);
        let added: Vec<_> = templates.iter().filter(|id| !id.starts_with('G')).collect();
        assert_eq!(added, ["T10-board-payments"]);
        assert!(whole.contains(added[0]) && !templates.contains(&"permit-all".to_owned()));
    }

    #[test]
    fn a_premise_is_read_by_the_name_that_it_shows() {
        for premise in [Premise::Law, Premise::Guardrails, Premise::Forbids, Premise::Templates] {
            let read: Premise = serde_json::from_value(premise.as_str().into()).unwrap();
            assert_eq!(read, premise);
        }
    }

    #[test]
    fn a_law_that_breaks_its_schema_is_no_law() {
        let file = "guardrails/G05-network.cedar";
        let text = Source::embedded().file(file).unwrap().replace("inNetwork", "inNet");
        let error = Law::read(&Source::embedded().with(file, &text)).unwrap_err();
        assert_eq!(error.problems()[0].file, file);
    }
}
