//! The names that policies may use. Cedar takes any name of an entity: a policy about a datatype that no dictionary has, or
//! about a kind of agency that no table has, would say nothing of anything.

use std::collections::BTreeSet;

use exchange::catalogue::{Datatype, Service};

use crate::{
    error::{BundleError, Problem},
    law::domain_of,
    matrix,
    parse::Placed,
    read::PlacedPolicy,
    source::Source,
};

/// What a bundle's own lists name. Agencies and users are the directory's, and everything else is closed by the schema.
#[derive(Debug)]
pub(crate) struct Names([Listed; 5]);

/// The names of one type of entity.
#[derive(Debug)]
struct Listed {
    kind: &'static str,
    names: BTreeSet<String>,
    /// What is told of a name that is not among them.
    otherwise: &'static str,
}

impl Names {
    /// Collects the names of the bundle's lists.
    pub(crate) fn of(
        source: &Source,
        dictionary: &[Placed<Datatype>],
        services: &[Placed<Service>],
    ) -> Result<Self, BundleError> {
        let datatypes = || dictionary.iter().map(|placed| placed.item.id.as_str());
        let services = || services.iter().map(|placed| &placed.item);
        let purposes = services().flat_map(|service| &service.purposes).map(ToString::to_string);
        let listed = |kind, names, otherwise| Listed { kind, names, otherwise };
        Ok(Self([
            listed("Datatype", datatypes().map(str::to_owned).collect(), "no dictionary has"),
            listed("Domain", datatypes().map(|id| domain_of(id).to_owned()).collect(), "no dictionary has"),
            listed("Service", services().map(|service| service.id.to_string()).collect(), "no catalogue has"),
            listed("Purpose", purposes.collect(), "no service of the catalogue lists"),
            listed("AgencyKind", matrix::sectors(source)?.into_keys().collect(), "matrices/kinds.toml lacks"),
        ]))
    }

    /// Refuses each policy that names what its list does not have, in its scope or in its conditions.
    pub(crate) fn hold(&self, placed: &[PlacedPolicy]) -> Result<(), BundleError> {
        let unknown = placed.iter().flat_map(|PlacedPolicy { file, policy }| {
            policy.entity_literals().into_iter().filter_map(move |uid| {
                let listed = self.0.iter().find(|listed| listed.kind == uid.type_name().basename())?;
                let name = uid.id().unescaped();
                let reason = || format!("names `{name}`, which {}", listed.otherwise);
                (!listed.names.contains(name)).then(|| Problem::new(file, reason()))
            })
        });
        BundleError::unless_empty(unknown.collect())
    }
}

#[cfg(test)]
mod tests {
    use cedar_policy::Policy;

    use super::*;
    use crate::parse;

    fn names() -> Names {
        let source = Source::embedded();
        Names::of(&source, &parse::dictionary(&source).unwrap(), &parse::catalogue(&source).unwrap()).unwrap()
    }

    /// What is told of the names that a policy uses.
    fn told(policy: &str) -> Vec<String> {
        let placed = PlacedPolicy { file: "x.cedar".to_owned(), policy: Policy::parse(None, policy).unwrap() };
        let refused = names().hold(&[placed]).map_or_else(|error| error.problems().to_vec(), |()| Vec::new());
        refused.into_iter().map(|problem| format!("{problem}")).collect()
    }

    #[test]
    fn each_name_that_a_list_has_is_taken_and_one_beside_it_is_told() {
        let check = |kind: &str, known: &str, unknown: &str, otherwise: &str| {
            for around in ["resource == NAME", "context.x in [NAME]", "[[NAME]].contains(context.x)", "{x: NAME} has x"]
            {
                let with = |name: &str| {
                    let condition = around.replace("NAME", &format!("Ijazat::{kind}::\"{name}\""));
                    told(&format!("forbid (principal, action, resource) unless {{ {condition} }};"))
                };
                assert_eq!(with(known), [""; 0], "{around}");
                assert_eq!(with(unknown), [format!("x.cedar: names `{unknown}`, which {otherwise}")], "{around}");
            }
        };
        check("Datatype", "nser.cnic", "nser.cnci", "no dictionary has");
        check("Domain", "nser", "nser.cnic", "no dictionary has");
        check("Service", "nser.household", "nser.households", "no catalogue has");
        check("Purpose", "NSER-201", "nser-201", "no service of the catalogue lists");
        check("AgencyKind", "Bank", "Banks", "matrices/kinds.toml lacks");
        check("AgencyKind", "Operator", "", "matrices/kinds.toml lacks");
    }

    #[test]
    fn a_scope_is_looked_at_and_what_only_the_directory_knows_is_not() {
        let scoped = "permit (principal, action, resource in Ijazat::Domain::\"nsre\");";
        assert_eq!(told(scoped), ["x.cedar: names `nsre`, which no dictionary has"]);
        let whose = "principal == Ijazat::User::\"anyone\" && context.x == Ijazat::Agency::\"anybody\"";
        assert_eq!(told(&format!("permit (principal, action, resource) when {{ {whose} }};")), [""; 0]);
    }
}
