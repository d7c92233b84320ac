//! What the law's data say about newcomers; a bundle of the law brings them.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{
    calendar::Calendar,
    classification::{Forum, Sector},
};

/// Everything that applications and changes are judged by, beside the directory and the catalogue.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The nine types of clients.
    pub clients: Vec<ClientType>,
    /// Kinds of agencies that Annexure B knows, each with the sectors that such an agency may be of.
    pub kinds: BTreeMap<String, Vec<Sector>>,
    /// Schedules II and III: what every client signs, in the version that is valid.
    pub schedules: Vec<Schedule>,
    /// The four preconditions of S3 §9.3.
    pub preconditions: Vec<Precondition>,
    /// Working days of each timeline.
    pub timelines: Timelines,
    /// Working days.
    pub calendar: Calendar,
}

impl Rules {
    /// The type of clients of a sector.
    #[must_use]
    pub fn client(&self, sector: Sector) -> Option<&ClientType> {
        self.clients.iter().find(|client| client.sector == sector)
    }
}

/// One type of clients (S3 §7.2).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientType {
    /// The word of the directory for it.
    pub sector: Sector,
    /// What must be true of such a client, in English.
    pub condition: String,
    /// The same in Urdu.
    pub condition_ur: String,
    /// Documents any one of which shows it.
    pub documents: Vec<String>,
    /// What it may have at most.
    pub opens: Opens,
    /// Forum that must have approved its agreement, or one above.
    #[serde(default)]
    pub forum: Option<Forum>,
    /// Section of the source.
    pub source: String,
}

/// What a type of clients may have at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opens {
    /// Whatever an agreement opens.
    Data,
    /// What is public and about nobody.
    Statistics,
}

/// A paper that every client signs (S3 §7.1, schedules II and III).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The word for it among an application's documents.
    pub id: String,
    /// The version that is valid now; another one does not count.
    pub version: String,
    /// English title.
    pub title: String,
    /// Urdu title.
    pub title_ur: String,
    /// Section of the source.
    pub source: String,
}

/// A precondition (S3 §9.3).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precondition {
    /// The word for it among an application's statements.
    pub id: String,
    /// What must be stated, in English.
    pub title: String,
    /// The same in Urdu.
    pub title_ur: String,
    /// Section of the source.
    pub source: String,
}

/// Working days within which each kind of request is to be served (S3 §8.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timelines {
    /// A statistical report.
    pub statistical_report: u16,
    /// Access to online applications.
    pub online_access: u16,
    /// Sample data.
    pub sample_data: u16,
}
