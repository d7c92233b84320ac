//! Yes or no on particulars, and the release of particulars.

use exchange::{cnic::Cnic, permit::Permit};

use super::{RegistryError, RegistryService, covers, id};
use crate::{
    answer::{IdentityAnswer, MatchAnswer, datatype},
    date::Day,
    person::Person,
};

/// What the caller believes of a person; absent members are not compared.
#[derive(Clone, Default)]
pub struct Particulars {
    /// Name in either script.
    pub name: Option<String>,
    /// Father's name in either script.
    pub father_name: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<Day>,
}

/// Particulars name a person, so they are not shown.
impl std::fmt::Debug for Particulars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Particulars(…)")
    }
}

impl Particulars {
    /// Whether all that was given is the person's: one yes or no for all, so that a no does not tell which was wrong.
    fn are(&self, person: &Person) -> bool {
        self.name.as_deref().is_none_or(|given| person.name.is(given))
            && self.father_name.as_deref().is_none_or(|given| person.father.is(given))
            && self.date_of_birth.is_none_or(|given| person.birth.agrees_with(given))
    }
}

impl RegistryService {
    /// Says whether everything given is the person's. With nothing given, yes means that the number can be verified.
    ///
    /// # Errors
    /// [`RegistryError::NotVerifiable`] for anyone of whom nothing may be said; the others as named there.
    pub async fn match_person(
        &self,
        permit: &Permit,
        number: Cnic,
        given: &Particulars,
    ) -> Result<MatchAnswer, RegistryError> {
        covers(permit, id::YES_NO)?;
        if !permit.allows(datatype::MATCH) {
            return Err(RegistryError::NotPermitted);
        }
        let (person, _) = self.subject(permit, id::YES_NO, number).await?;
        Ok(MatchAnswer { matches: given.are(&person) })
    }

    /// Releases the person's particulars that the permit names.
    ///
    /// # Errors
    /// [`RegistryError::NotVerifiable`] for anyone of whom nothing may be said; the others as named there.
    pub async fn identity(&self, permit: &Permit, number: Cnic) -> Result<IdentityAnswer, RegistryError> {
        let (person, _) = self.subject(permit, id::KYC, number).await?;
        Ok(IdentityAnswer::of(&person, number, permit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        person::Unverifiable,
        service::testing::{ADULT, DEAD, EXPIRED, HELD, IMPOUNDED, OTHER, UNKNOWN, cnic, permit, registry, run},
    };

    fn given(name: Option<&str>, father: Option<&str>, birth: Option<&str>) -> Particulars {
        Particulars {
            name: name.map(str::to_owned),
            father_name: father.map(str::to_owned),
            date_of_birth: birth.map(|text| Day::parse(text).unwrap()),
        }
    }

    #[test]
    fn yes_means_that_all_that_was_given_is_the_persons() {
        let registry = registry();
        let permit = permit(id::YES_NO, ADULT).datatypes(&["identity.match"]).mint();
        let check = |given: &Particulars, expected| {
            let answer = run(registry.match_person(&permit, cnic(ADULT), given)).unwrap();
            assert_eq!(answer.matches, expected);
        };
        check(&given(None, None, None), true);
        check(&given(Some("MOHAMMAD ASLAM"), Some("Ghulam Rasool"), Some("1985-06-30")), true);
        check(&given(Some("محمد اسلم"), None, None), true);
        check(&given(Some("Muhammad Akram"), None, None), false);
        check(&given(Some("Muhammad Aslam"), Some("Ghulam Nabi"), None), false);
        check(&given(Some("Muhammad Aslam"), None, Some("1986-06-30")), false);
    }

    #[test]
    fn nobody_learns_why_a_person_cannot_be_verified() {
        let registry = registry();
        for number in [DEAD, HELD, IMPOUNDED, EXPIRED, UNKNOWN] {
            let asks = permit(id::KYC, number).datatypes(&["identity.name"]).mint();
            let refused = run(registry.identity(&asks, cnic(number))).unwrap_err();
            assert_eq!(refused, RegistryError::NotVerifiable(None), "{number}");
        }
    }

    #[test]
    fn an_agency_with_subject_status_learns_the_reason() {
        let registry = registry();
        let check = |number, expected| {
            let permit = permit(id::YES_NO, number).datatypes(&["identity.match"]).subject_status().mint();
            let refused = run(registry.match_person(&permit, cnic(number), &Particulars::default())).unwrap_err();
            assert_eq!(refused, RegistryError::NotVerifiable(Some(expected)));
        };
        check(DEAD, Unverifiable::Deceased);
        check(HELD, Unverifiable::DeathNotice);
        check(IMPOUNDED, Unverifiable::CardImpounded);
        check(EXPIRED, Unverifiable::CardExpired);
        check(UNKNOWN, Unverifiable::Unknown);
    }

    #[test]
    fn only_fields_of_named_datatypes_are_built() {
        let registry = registry();
        let members = |datatypes: &[&str]| -> Vec<String> {
            let permit = permit(id::KYC, ADULT).datatypes(datatypes).mint();
            let answer = run(registry.identity(&permit, cnic(ADULT))).unwrap();
            let json = serde_json::to_value(answer).unwrap();
            json.as_object().unwrap().keys().cloned().collect()
        };
        let check = |datatypes: &[&str], expected: &[&str]| assert_eq!(members(datatypes), expected);
        check(&[], &["cnic"]);
        check(&["identity.name"], &["cnic", "name", "name_ur"]);
        check(&["identity.parentage"], &["cnic", "father_name", "father_name_ur"]);
        check(&["identity.birth", "identity.gender"], &["cnic", "date_of_birth", "gender"]);
        check(&["identity.address"], &["cnic", "district", "tehsil", "address"]);
        check(&["identity.contact"], &["cnic", "mobile"]);
        check(&["identity.card"], &["cnic", "card_status", "card_expiry"]);
        check(&["identity.match", "nser.name"], &["cnic"]);
    }

    #[test]
    fn a_birth_year_never_becomes_a_day() {
        let permit = permit(id::KYC, ADULT).datatypes(&["identity.birth"]).mint();
        let answer = run(registry().identity(&permit, cnic(ADULT))).unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap()["date_of_birth"], "1985");
    }

    #[test]
    fn a_permit_opens_its_own_service_and_person_only() {
        let registry = registry();
        let kyc = permit(id::KYC, ADULT).datatypes(&["identity.name"]).mint();
        let other = run(registry.identity(&kyc, cnic(OTHER))).unwrap_err();
        assert_eq!(other, RegistryError::OtherSubject);
        let service = run(registry.match_person(&kyc, cnic(ADULT), &Particulars::default())).unwrap_err();
        assert_eq!(service, RegistryError::NotPermitted);
        let empty = permit(id::YES_NO, ADULT).mint();
        let nothing = run(registry.match_person(&empty, cnic(ADULT), &Particulars::default())).unwrap_err();
        assert_eq!(nothing, RegistryError::NotPermitted);
    }
}
