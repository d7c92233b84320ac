//! One-off authorisations: a template is a permit with two blanks, filled in from the approval of one question and for that
//! question only. No agency has a link of its own, so a decision costs the same however many approvals there are.

use std::collections::HashMap;

use cedar_policy::{EntityUid, Policy, PolicyId as CedarId, PolicySet, SlotId, Template};
use exchange::ids::DatatypeId;

use crate::{error::Problem, read::PlacedTemplate, slice::bare_json};

/// Between the name of a template and the datatype that it is linked to: no file's name has it.
const LINK: char = '#';

/// A template that an action's slice knows.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    template: Template,
    /// The template with both blanks left open: every link at once.
    pub(crate) widest: Policy,
}

impl Known {
    /// The template without its places in the text and its annotations.
    pub(crate) fn new(placed: &PlacedTemplate) -> Result<Self, Problem> {
        let unread = |error: String| Problem::new(&placed.file, error);
        let json = placed.template.to_json().map_err(|error| unread(error.to_string()))?;
        let template = Template::from_json(Some(placed.template.id().clone()), bare_json(json))
            .map_err(|error| unread(error.to_string()))?;
        Ok(Self { template, widest: placed.widest.clone() })
    }

    /// Its name.
    pub(crate) fn id(&self) -> &CedarId {
        self.template.id()
    }

    /// The policies with a link for this datatype and principal. `None` if Cedar refuses it: a fault of ours.
    pub(crate) fn linked(
        &self,
        policies: &PolicySet,
        principal: &EntityUid,
        id: &DatatypeId,
        resource: &EntityUid,
    ) -> Option<PolicySet> {
        let mut linked = policies.clone();
        linked.add_template(self.template.clone()).ok()?;
        let filled = HashMap::from([(SlotId::principal(), principal.clone()), (SlotId::resource(), resource.clone())]);
        let name = CedarId::new(format!("{}{LINK}{id}", self.id()));
        linked.link(self.id().clone(), name, filled).ok()?;
        Some(linked)
    }
}

/// The policy that answers for this one: a link's template, anything else itself.
pub(crate) fn author(id: &CedarId) -> CedarId {
    CedarId::new(AsRef::<str>::as_ref(id).split(LINK).next().unwrap_or_default())
}
