//! A household of the socio-economic register, by the number of one of its members.

use exchange::{cnic::Cnic, permit::Permit};

use super::{RegistryError, RegistryService, id, silent};
use crate::{answer::HouseholdAnswer, person::Unverifiable};

impl RegistryService {
    /// Releases what the permit names of the household that the person belongs to.
    ///
    /// # Errors
    /// [`RegistryError::NotVerifiable`] also for a person without a household: the survey's gaps are not told apart
    /// from the register's.
    pub async fn household(&self, permit: &Permit, number: Cnic) -> Result<HouseholdAnswer, RegistryError> {
        let (_, today) = self.subject(permit, id::HOUSEHOLD, number).await?;
        let gharana = self.store.household_of(number).await?;
        let gharana = gharana.ok_or_else(|| silent(permit, Unverifiable::NoHousehold))?;
        Ok(HouseholdAnswer::of(&gharana, number, permit, today))
    }
}

#[cfg(test)]
mod tests {
    use exchange::classification::Role;
    use serde_json::{Value, json};

    use super::*;
    use crate::service::testing::{ADULT, HELD, OTHER, cnic, permit, registry, run};

    const ALL: &[&str] = &[
        "nser.id",
        "nser.name",
        "nser.relation",
        "nser.gender",
        "nser.age",
        "nser.address",
        "nser.assets",
        "nser.pmt",
        "nser.contact",
        "nser.payments",
        "nser.cnic",
        "nser.location",
    ];

    fn ask(role: Role, datatypes: &[&str]) -> Value {
        let permit = permit(id::HOUSEHOLD, ADULT).role(role).datatypes(datatypes).mint();
        serde_json::to_value(run(registry().household(&permit, cnic(ADULT))).unwrap()).unwrap()
    }

    #[test]
    fn everything_named_is_answered() {
        let got = ask(Role::Power, ALL);
        let expected = json!({"subjects": [ADULT, OTHER], "household": {
            "id": "NSER-0000000009", "district": "Jhang", "tehsil": "Jhang", "address": "House 4",
            "pmt": 31.25, "assets": ["Bicycle"], "beneficiary": true, "payments": [{"month": "2026-09", "amount": 13500}],
            "latitude": 31.25, "longitude": 72.3,
            "members": [
                {"searched": true, "name": "Muhammad Aslam", "name_ur": "محمد اسلم", "relation": "head", "gender": "M",
                 "age": "40-41", "cnic": ADULT, "mobile": "+923990000001"},
                {"searched": false, "name": "Muhammad Aslam", "name_ur": "محمد اسلم", "relation": "son", "gender": "M",
                 "age": "40-41", "cnic": OTHER, "mobile": "+923990000001"},
            ],
        }});
        assert_eq!(got, expected);
    }

    #[test]
    fn basic_sees_the_searched_person_only() {
        let members = |role| ask(role, ALL)["household"]["members"].as_array().unwrap().len();
        assert_eq!(members(Role::Basic), 1);
        assert_eq!(members(Role::Standard), 2);
        let basic = ask(Role::Basic, ALL);
        assert_eq!(basic["household"]["members"][0]["searched"], true);
        assert_eq!(basic["subjects"], json!([ADULT]));
    }

    #[test]
    fn what_is_not_named_is_not_built() {
        let household = ask(Role::Standard, &["nser.pmt"]);
        assert_eq!(household, json!({"subjects": [ADULT, OTHER], "household": {"pmt": 31.25, "members": [{}, {}]}}));
    }

    #[test]
    fn a_person_without_a_household_is_told_apart_from_nobody_else() {
        let outsider = "3010112345679";
        let check = |status: bool, expected| {
            let mut asks = permit(id::HOUSEHOLD, outsider).datatypes(ALL);
            if status {
                asks = asks.subject_status();
            }
            let refused = run(registry().household(&asks.mint(), cnic(outsider))).unwrap_err();
            assert_eq!(refused, RegistryError::NotVerifiable(expected));
        };
        check(false, None);
        check(true, Some(Unverifiable::NoHousehold));
        let held = permit(id::HOUSEHOLD, HELD).datatypes(ALL).mint();
        assert_eq!(run(registry().household(&held, cnic(HELD))).unwrap_err(), RegistryError::NotVerifiable(None));
    }
}
