//! Who pays which rate: Government, private, and either of them for nothing.

use std::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use crate::{
    classification::{Forum, Sector},
    ids::{AgencyId, GratisId, ServiceId},
    timestamp::Timestamp,
};

/// Column of the rate book (S3 §8.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Column {
    /// "Government Organizations/Departments".
    Government,
    /// "Private organizations": everybody else.
    Private,
}

impl Column {
    /// The column that an agency of the sector pays by.
    #[must_use]
    pub const fn of(sector: Sector) -> Self {
        if sector.is_public_sector() { Self::Government } else { Self::Private }
    }

    /// The word in JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Government => "government",
            Self::Private => "private",
        }
    }
}

/// Class of an agency at one service and instant: the rate that its answers are rated at, and whether it pays them.
///
/// Who is served gratis is rated in full all the same; the statement offsets it, so that the value given away is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum Class {
    /// Pays the Government's rate.
    #[n(0)]
    Government,
    /// Pays the private rate.
    #[n(1)]
    Private,
    /// Rated as Government, offset in full.
    #[n(2)]
    GratisGovernment,
    /// Rated as private, offset in full.
    #[n(3)]
    GratisPrivate,
}

impl Class {
    /// Every class, in order.
    pub const ALL: &'static [Self] = &[Self::Government, Self::Private, Self::GratisGovernment, Self::GratisPrivate];

    /// The class of an agency of the sector.
    #[must_use]
    pub const fn of(sector: Sector, gratis: bool) -> Self {
        Self::in_column(Column::of(sector), gratis)
    }

    /// The class of an agency that pays by the column.
    #[must_use]
    pub const fn in_column(column: Column, gratis: bool) -> Self {
        match (column, gratis) {
            (Column::Government, false) => Self::Government,
            (Column::Government, true) => Self::GratisGovernment,
            (Column::Private, false) => Self::Private,
            (Column::Private, true) => Self::GratisPrivate,
        }
    }

    /// The column that it is rated by.
    #[must_use]
    pub const fn column(self) -> Column {
        match self {
            Self::Government | Self::GratisGovernment => Column::Government,
            Self::Private | Self::GratisPrivate => Column::Private,
        }
    }

    /// Whether it is offset in full.
    #[must_use]
    pub const fn is_gratis(self) -> bool {
        matches!(self, Self::GratisGovernment | Self::GratisPrivate)
    }

    /// The word in SQL, JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Government => "government",
            Self::Private => "private",
            Self::GratisGovernment => "gratis-government",
            Self::GratisPrivate => "gratis-private",
        }
    }

    /// Reads a word of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|class| class.as_str() == text)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The two reasons that S3 §8.4 knows for serving an agency for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GratisReason {
    /// "To meet the operational requirements of BISP".
    BispOperations,
    /// "To enrich NSER with additional information held by other organizations".
    EnrichNser,
}

/// A decision to serve an agency for nothing (S3 §8.4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gratis {
    /// Its name in records.
    pub id: GratisId,
    /// The agency that is served.
    pub agency: AgencyId,
    /// Why.
    pub reason: GratisReason,
    /// The decision that it rests on.
    pub instrument: String,
    /// Who decided.
    pub forum: Forum,
    /// Services that it covers.
    pub services: Vec<ServiceId>,
    /// First instant.
    pub valid_from: Timestamp,
    /// First instant after it.
    pub valid_until: Timestamp,
    /// From when it no longer counts, if it was ended before its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

impl Gratis {
    /// Whether an answer of this service to this agency is offset, by the instant of its request.
    #[must_use]
    pub fn covers(&self, agency: &AgencyId, service: &ServiceId, at: Timestamp) -> bool {
        self.agency == *agency && self.services.contains(service) && self.valid_from <= at && at < self.end()
    }

    /// Whether it covers an answer of this service to this agency at some instant from `first` on and before `until`.
    #[must_use]
    pub fn touches(&self, agency: &AgencyId, service: &ServiceId, first: Timestamp, until: Timestamp) -> bool {
        let begins = self.valid_from.max(first);
        begins < until && self.covers(agency, service, begins)
    }

    /// The first instant after it, ended before its time or not.
    fn end(&self) -> Timestamp {
        self.ended_at.map_or(self.valid_until, |ended| ended.min(self.valid_until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gift() -> Gratis {
        Gratis {
            id: GratisId::parse("survey-2026").unwrap(),
            agency: AgencyId::parse("bank-indus").unwrap(),
            reason: GratisReason::EnrichNser,
            instrument: "Sample decision".into(),
            forum: Forum::SecretaryBisp,
            services: vec![ServiceId::parse("nser.household").unwrap()],
            valid_from: Timestamp::from_micros(100),
            valid_until: Timestamp::from_micros(200),
            ended_at: None,
        }
    }

    #[test]
    fn every_class_reads_back_and_keeps_its_column() {
        for &class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Some(class));
            assert_eq!(serde_json::to_value(class).unwrap(), class.as_str());
        }
        for &sector in Sector::ALL {
            let (paid, given) = (Class::of(sector, false), Class::of(sector, true));
            assert_eq!((paid.column(), paid.is_gratis()), (Column::of(sector), false));
            assert_eq!((given.column(), given.is_gratis()), (Column::of(sector), true));
        }
    }

    #[test]
    fn a_gift_covers_its_agency_services_and_days() {
        let check = |agency: &str, service: &str, at, expected| {
            let (agency, service) = (AgencyId::parse(agency).unwrap(), ServiceId::parse(service).unwrap());
            let got = gift().covers(&agency, &service, Timestamp::from_micros(at));
            assert_eq!(got, expected, "{agency} {service} {at}");
        };
        check("bank-indus", "nser.household", 99, false);
        check("bank-indus", "nser.household", 100, true);
        check("bank-indus", "nser.household", 199, true);
        check("bank-indus", "nser.household", 200, false);
        check("bank-ravi", "nser.household", 150, false);
        check("bank-indus", "nser.band", 150, false);
    }

    #[test]
    fn what_is_ended_ends_then_and_never_later_than_it_would_have() {
        let covers = |ended, at| {
            let gift = Gratis { ended_at: Some(Timestamp::from_micros(ended)), ..gift() };
            gift.covers(&gift.agency, &gift.services[0], Timestamp::from_micros(at))
        };
        assert!(covers(150, 149) && !covers(150, 150));
        assert!(!covers(900, 200));
    }
    #[test]
    fn a_gift_touches_the_days_of_which_it_covers_a_part() {
        let touches = |gift: &Gratis, first, until| {
            let (first, until) = (Timestamp::from_micros(first), Timestamp::from_micros(until));
            gift.touches(&gift.agency, &gift.services[0], first, until)
        };
        for (first, until, expected) in
            [(0, 100, false), (0, 101, true), (150, 160, true), (0, 900, true), (199, 300, true), (200, 300, false)]
        {
            assert_eq!(touches(&gift(), first, until), expected, "{first} to {until}");
        }
        assert!(!touches(&gift(), 150, 150), "no instant at all");
        let ended = Gratis { ended_at: Some(Timestamp::from_micros(150)), ..gift() };
        assert!(touches(&ended, 149, 300) && !touches(&ended, 150, 300));
        let never = Gratis { ended_at: Some(Timestamp::from_micros(50)), ..gift() };
        assert!(!touches(&never, 0, 900));
    }
}
