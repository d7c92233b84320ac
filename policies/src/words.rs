//! The entity types of the schema, read once: words of the exchange become Cedar's by these.

use cedar_policy::{EntityId, EntityTypeName, EntityUid, RestrictedExpression};

use crate::error::Problem;

/// Where the schema stands.
pub(crate) const SCHEMA_FILE: &str = "schema/ijazat.cedarschema";

macro_rules! words {
    ($($name:ident = $text:literal,)*) => {
        /// The entity types that requests are written with.
        #[derive(Clone, Debug)]
        pub(crate) struct Words {
            $(pub(crate) $name: Kind,)*
        }

        impl Words {
            /// Reads the type names.
            pub(crate) fn new() -> Result<Self, Problem> {
                Ok(Self { $($name: Kind::new(concat!("Ijazat::", $text))?,)* })
            }
        }
    };
}

words! {
    action = "Action",
    agency = "Agency",
    agency_kind = "AgencyKind",
    anyone = "Anyone",
    channel = "Channel",
    citizen = "Citizen",
    class = "Classification",
    client = "Client",
    datatype = "Datatype",
    domain = "Domain",
    forum = "Forum",
    modality = "Modality",
    basis = "Basis",
    purpose = "Purpose",
    role = "Role",
    sector = "Sector",
    service = "Service",
    user = "User",
}

/// One entity type.
#[derive(Clone, Debug)]
pub(crate) struct Kind(EntityTypeName);

impl Kind {
    fn new(text: &str) -> Result<Self, Problem> {
        text.parse().map(Self).map_err(|error| Problem::new(SCHEMA_FILE, format!("`{text}`: {error}")))
    }

    /// The type's name.
    pub(crate) fn name(&self) -> &EntityTypeName {
        &self.0
    }

    /// The entity of this type and name.
    pub(crate) fn uid(&self, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.0.clone(), EntityId::new(id))
    }

    /// The same as a value of the context.
    pub(crate) fn value(&self, id: &str) -> RestrictedExpression {
        RestrictedExpression::new_entity_uid(self.uid(id))
    }

    /// A set of entities of this type as a value of the context.
    pub(crate) fn set<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> RestrictedExpression {
        RestrictedExpression::new_set(ids.into_iter().map(|id| self.value(id)))
    }
}

/// Whether the text has a letter of the Arabic block, in which Urdu is written.
pub(crate) fn has_urdu(text: &str) -> bool {
    text.chars().any(|letter| ('\u{600}'..='\u{6ff}').contains(&letter))
}
