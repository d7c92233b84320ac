//! Predicates of a person, and the band of a household's score: the least that answers the question.

use exchange::{cnic::Cnic, permit::Permit};

use super::{RegistryError, RegistryService, covers, id, same_subject, silent};
use crate::{
    answer::{BandAnswer, PredicatesAnswer, datatype},
    band::PmtBand,
    date::Day,
    person::Unverifiable,
};

impl RegistryService {
    /// Says yes or no to each predicate that the permit names and that can be told of the person.
    ///
    /// # Errors
    /// [`RegistryError::NotVerifiable`] where none of what is named can be told; the others as named there.
    pub async fn predicates(&self, permit: &Permit, number: Cnic) -> Result<PredicatesAnswer, RegistryError> {
        covers(permit, id::PREDICATES)?;
        if ![datatype::OVER_18, datatype::LIVING, datatype::CARD_VALID].iter().any(|name| permit.allows(name)) {
            return Err(RegistryError::NotPermitted);
        }
        same_subject(permit, number)?;
        let today = Day::at(permit.grant().at).ok_or(RegistryError::Clock)?;
        let person = self.store.person(number).await?;
        PredicatesAnswer::of(person.as_deref(), number, today, permit).map_err(|reason| silent(permit, reason))
    }

    /// The band of the score of the household that the person belongs to.
    ///
    /// # Errors
    /// As [`Self::household`].
    pub async fn band(&self, permit: &Permit, number: Cnic) -> Result<BandAnswer, RegistryError> {
        covers(permit, id::BAND)?;
        if !permit.allows(datatype::NSER_BAND) {
            return Err(RegistryError::NotPermitted);
        }
        self.subject(permit, id::BAND, number).await?;
        let gharana = self.store.household_of(number).await?;
        let gharana = gharana.ok_or_else(|| silent(permit, Unverifiable::NoHousehold))?;
        Ok(BandAnswer { cnic: number.digits(), band: PmtBand::of(gharana.household.pmt) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        date::PartialDate,
        identifier::IdentifierState,
        person::{LifeStatus, Person, tests::adult},
        service::testing::{ADULT, DEAD, EXPIRED, HELD, IMPOUNDED, OUTSIDER, UNKNOWN, cnic, permit, registry, run},
    };

    const ALL: &[&str] = &["identity.over-18", "identity.living", "identity.card-valid"];

    fn ask(number: &str, datatypes: &[&str], at: &str) -> Result<Value, RegistryError> {
        let permit = permit(id::PREDICATES, number).datatypes(datatypes).at(at).mint();
        let answer = run(registry().predicates(&permit, cnic(number)))?;
        let mut answer = serde_json::to_value(answer).unwrap();
        assert_eq!(answer.as_object_mut().unwrap().remove("cnic"), Some(json!(number)));
        Ok(answer)
    }

    const TODAY: &str = "2026-11-22T10:00:00+05:00";

    #[test]
    fn a_predicate_says_yes_or_no_and_why_not_to_nobody() {
        let check = |number, expected: Value| assert_eq!(ask(number, ALL, TODAY), Ok(expected), "{number}");
        check(ADULT, json!({"over_18": true, "living": true, "card_valid": true}));
        check(EXPIRED, json!({"living": true, "card_valid": false}));
        check(DEAD, json!({"living": false, "card_valid": false}));
        check(HELD, json!({"card_valid": false}));
        check(IMPOUNDED, json!({"card_valid": false}));
        // A number that nobody has is told from one that is blocked by nothing.
        check(UNKNOWN, json!({"card_valid": false}));
    }

    #[test]
    fn only_what_the_permit_names_is_told_and_nothing_at_all_is_a_refusal() {
        let refused = Err(RegistryError::NotVerifiable(None));
        let check =
            |number, datatype: &str, expected| assert_eq!(ask(number, &[datatype], TODAY), expected, "{number}");
        check(ADULT, "identity.over-18", Ok(json!({"over_18": true})));
        check(ADULT, "identity.living", Ok(json!({"living": true})));
        check(DEAD, "identity.living", Ok(json!({"living": false})));
        for number in [DEAD, HELD, IMPOUNDED, EXPIRED, UNKNOWN] {
            check(number, "identity.over-18", refused.clone());
        }
        check(HELD, "identity.living", refused.clone());
        check(UNKNOWN, "identity.living", refused.clone());
        check(IMPOUNDED, "identity.living", refused);
        check(ADULT, "identity.birth", Err(RegistryError::NotPermitted));
    }

    #[test]
    fn of_a_number_that_is_not_in_use_nobodys_life_is_told() {
        let today = Day::parse("2026-11-22").unwrap();
        let permit = permit(id::PREDICATES, ADULT).datatypes(&["identity.living"]).mint();
        let mut person = adult(1, ADULT);
        person.life = LifeStatus::Deceased(PartialDate::Year(2020));
        let living = |person: &Person| PredicatesAnswer::of(Some(person), cnic(ADULT), today, &permit);
        assert_eq!(living(&person).map(|told| told.living), Ok(Some(false)));
        person.identifiers[0].state = IdentifierState::Blocked;
        assert_eq!(living(&person), Err(Unverifiable::Deceased));
    }

    #[test]
    fn of_age_is_who_surely_is() {
        // Born in 1985, and no more is known: eighteen years are sure when the year 2003 is over.
        let check = |at, expected: bool| {
            let got = ask(ADULT, &["identity.over-18"], at);
            assert_eq!(got, Ok(json!({ "over_18": expected })), "{at}");
        };
        check("2002-12-31T10:00:00+05:00", false);
        check("2003-12-31T23:59:59+05:00", false);
        check("2003-12-31T19:00:00Z", true);
        check("2004-01-01T00:00:00+05:00", true);
    }

    #[test]
    fn a_band_is_told_of_who_can_be_verified_and_has_a_household() {
        let ask = |number: &str| {
            let permit = permit(id::BAND, number).datatypes(&["nser.band"]).mint();
            run(registry().band(&permit, cnic(number))).map(|answer| serde_json::to_value(answer).unwrap())
        };
        assert_eq!(ask(ADULT), Ok(json!({"cnic": ADULT, "band": "16.18-32"})));
        for number in [DEAD, HELD, EXPIRED, UNKNOWN, OUTSIDER] {
            assert_eq!(ask(number), Err(RegistryError::NotVerifiable(None)), "{number}");
        }
    }
}
