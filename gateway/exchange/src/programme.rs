//! Programmes: standing instruments, whom each covers and how often it may be used (decisions.md, Policy).

use serde::{Deserialize, Serialize};

use crate::{
    classification::{BasisKind, Channel, Forum},
    day::Day,
    ids::{AgencyId, DatatypeId, ProgrammeId, PurposeCode},
    timestamp::Timestamp,
};

/// A standing instrument: access without an SMS for each request (decisions.md, Policy).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Programme {
    /// Its name in records; given by the client in `Ijazat-Basis`.
    pub id: ProgrammeId,
    /// Statute or forum approval that it rests on.
    pub instrument: String,
    /// Ground that it gives.
    pub kind: BasisKind,
    /// Forum that approved it.
    pub forum: Forum,
    /// The agency it speaks to.
    pub agency: AgencyId,
    /// Purpose it names.
    pub purpose: PurposeCode,
    /// Datatypes it covers.
    pub datatypes: Vec<DatatypeId>,
    /// Whom it covers; everyone, unless it says otherwise.
    #[serde(default)]
    pub population: Population,
    /// How often it may be used; as often as wanted, unless it says otherwise.
    #[serde(default)]
    pub cadence: Option<Cadence>,
    /// Channels it speaks of; the API, unless it says otherwise.
    #[serde(default = "by_api")]
    pub channels: Vec<Channel>,
    /// Until when the citizen's own view leaves out what it opened; absent: shown at once. [`Programme::seal`]
    /// says whether it counts (R124; S0 §3.2.9).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_until: Option<Timestamp>,
    /// First instant of validity.
    pub valid_from: Timestamp,
    /// First instant after validity.
    pub valid_until: Timestamp,
    /// Whether it was ended before its time.
    pub revoked: bool,
}

impl Programme {
    /// Until when the citizen's own view leaves out what it opened. Whatever a directory says, only an order of a court, an Act or
    /// national security seals (R124).
    #[must_use]
    pub fn seal(&self) -> Option<Timestamp> {
        self.sealed_until.filter(|_| self.may_seal())
    }

    /// Whether it is of a kind that may be sealed.
    #[must_use]
    pub fn may_seal(&self) -> bool {
        matches!(self.kind, BasisKind::CourtOrder | BasisKind::Statute | BasisKind::NationalSecurity)
    }
}

fn by_api() -> Vec<Channel> {
    vec![Channel::Api]
}

/// Whom a programme covers; the default is everyone in the register.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Population {
    /// Districts, whole, as the registry writes them; with no tehsil either, all.
    pub districts: Vec<String>,
    /// Tehsils beside them, each with its district: `Badin/Matli`.
    pub tehsils: Vec<String>,
    /// Lowest and highest poverty score, 0 to 100, both included; `None` means every score.
    pub scores: Option<(f64, f64)>,
}

/// What of the register a request reaches for, as far as it says so.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reach<'a> {
    /// District that it names.
    pub district: Option<&'a str>,
    /// Tehsil of that district that it names.
    pub tehsil: Option<&'a str>,
    /// Lowest and highest poverty score that it names.
    pub scores: Option<(f64, f64)>,
}

impl Population {
    /// Whether a request that reaches for this stays among these people. A request that does not say where or whom does not,
    /// unless everyone is covered.
    #[must_use]
    pub fn holds(&self, reach: Reach<'_>) -> bool {
        let everywhere = self.districts.is_empty() && self.tehsils.is_empty();
        let scored = self.scores.is_none_or(|(lowest, highest)| {
            reach.scores.is_some_and(|(from, to)| lowest <= from && from <= to && to <= highest)
        });
        (everywhere || reach.district.is_some_and(|district| self.has(district, reach.tehsil))) && scored
    }

    fn has(&self, district: &str, tehsil: Option<&str>) -> bool {
        let within =
            |known: &String| known.split_once('/').is_some_and(|known| Some(known) == tehsil.map(|it| (district, it)));
        self.districts.iter().any(|known| known == district) || self.tehsils.iter().any(within)
    }
}

/// How often a programme may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cadence {
    /// Requests, of which each page of a list is one.
    pub times: u32,
    /// In each.
    pub every: Period,
}

/// A period of the calendar in Pakistan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday.
    Week,
    /// From the first.
    Month,
}

/// One period: uses of a programme are counted in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First instant.
    pub from: Timestamp,
    /// First instant of the next one.
    pub until: Timestamp,
}

impl Period {
    /// The period that an instant lies in; `None` beyond the calendar, in years that no programme lives in.
    #[must_use]
    pub fn around(self, at: Timestamp) -> Option<Window> {
        let day = Day::of(at)?;
        let (first, next) = match self {
            Self::Day => (day, day.next()?),
            Self::Week => {
                let monday = day.plus(-i64::from(day.since_monday()))?;
                (monday, monday.plus(7)?)
            }
            Self::Month => day.month()?,
        };
        Some(Window { from: first.first(), until: next.first() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_request_stays_in_a_population_only_if_it_says_so() {
        let districts = vec!["Thatta".to_owned(), "Badin".to_owned()];
        let some = Population { districts, scores: Some((0.0, 32.0)), tehsils: Vec::new() };
        let check = |district: Option<&str>, scores, expected| {
            assert_eq!(some.holds(Reach { district, scores, tehsil: None }), expected, "{district:?} {scores:?}");
        };
        check(Some("Badin"), Some((10.5, 32.0)), true);
        check(Some("Badin"), Some((10.5, 32.01)), false);
        check(Some("Badin"), Some((32.0, 10.5)), false);
        check(Some("Badin"), Some((-1.0, 5.0)), false);
        check(Some("Badin"), Some((f64::NAN, 5.0)), false);
        check(Some("Badin"), None, false);
        check(Some("badin"), Some((0.0, 1.0)), false);
        check(Some("Quetta"), Some((0.0, 1.0)), false);
        check(None, Some((0.0, 1.0)), false);
        assert!(Population::default().holds(Reach::default()), "everyone");
        let places = Population { scores: None, ..some };
        assert!(places.holds(Reach { district: Some("Thatta"), tehsil: Some("Keti Bandar"), scores: None }));
        assert!(!places.holds(Reach::default()));
    }

    #[test]
    fn a_tehsil_of_a_programme_is_no_other_and_no_whole_district() {
        let tehsils = vec!["Badin/Matli".to_owned(), "Thatta/Keti Bandar".to_owned()];
        let some = Population { tehsils, ..Population::default() };
        let check = |district: Option<&str>, tehsil: Option<&str>, expected| {
            assert_eq!(some.holds(Reach { district, tehsil, scores: None }), expected, "{district:?} {tehsil:?}");
        };
        check(Some("Badin"), Some("Matli"), true);
        check(Some("Thatta"), Some("Keti Bandar"), true);
        check(Some("Badin"), Some("Keti Bandar"), false);
        check(Some("Badin"), Some("Tando Bago"), false);
        check(Some("Badin"), None, false);
        check(None, Some("Matli"), false);
        check(Some("Badin/Matli"), None, false);
        let beside = Population { districts: vec!["Quetta".to_owned()], ..some };
        assert!(
            beside.holds(Reach { district: Some("Quetta"), tehsil: None, scores: None }),
            "a whole district beside"
        );
        assert!(beside.holds(Reach { district: Some("Badin"), tehsil: Some("Matli"), scores: None }));
        assert!(!beside.holds(Reach { district: Some("Badin"), tehsil: None, scores: None }));
    }

    #[test]
    fn periods_begin_at_midnight_in_pakistan() {
        let check = |every: Period, now: &str, from: &str, until: &str| {
            let window = every.around(at(now)).unwrap();
            assert_eq!((window.from, window.until), (at(from), at(until)), "{every:?} {now}");
        };
        let [day, next] = ["2026-11-26T00:00:00+05:00", "2026-11-27T00:00:00+05:00"];
        check(Period::Day, "2026-11-26T00:00:00+05:00", day, next);
        check(Period::Day, "2026-11-26T23:59:59+05:00", day, next);
        let [monday, next] = ["2026-11-23T00:00:00+05:00", "2026-11-30T00:00:00+05:00"];
        check(Period::Week, "2026-11-23T00:00:00+05:00", monday, next);
        check(Period::Week, "2026-11-29T23:59:59+05:00", monday, next);
        check(Period::Month, "2026-11-30T23:59:59+05:00", "2026-11-01T00:00:00+05:00", "2026-12-01T00:00:00+05:00");
        check(Period::Month, "2028-02-29T12:00:00+05:00", "2028-02-01T00:00:00+05:00", "2028-03-01T00:00:00+05:00");
        check(Period::Month, "2026-12-31T12:00:00+05:00", "2026-12-01T00:00:00+05:00", "2027-01-01T00:00:00+05:00");
        check(Period::Month, "2100-02-28T12:00:00+05:00", "2100-02-01T00:00:00+05:00", "2100-03-01T00:00:00+05:00");
    }

    #[test]
    fn every_instant_of_the_calendar_lies_in_its_period() {
        for every in [Period::Day, Period::Week, Period::Month] {
            for micros in [-1, 0, 1_795_330_800_000_000, 200_000_000_000_000_000] {
                let at = Timestamp::from_micros(micros);
                let window = every.around(at).unwrap();
                assert!(window.from <= at && at < window.until, "{micros} {every:?}");
            }
            for micros in [i64::MIN, i64::MAX] {
                assert_eq!(every.around(Timestamp::from_micros(micros)), None, "{every:?}");
            }
        }
    }
}
