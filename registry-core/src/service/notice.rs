//! Notices of death: a feeder's word holds the record until a registrar decides.

use exchange::{cnic::Cnic, permit::Permit, ports::entropy::random_hex_128};

use super::{RegistryError, RegistryService, covers, id, same_subject, silent};
use crate::{
    answer::{NoticeAnswer, datatype},
    date::Day,
    limits::NOTICE_TEXT_CHARS_MAX,
    notice::{DeathNotice, Notice},
    person::Unverifiable,
};

impl RegistryService {
    /// Receives a notice: from then on the person cannot be verified, until it is withdrawn.
    ///
    /// The same source saying it again gets the same notice. Whether the person was dead, expired or blocked before is
    /// not told; nor is the birth compared, which would let a feeder find it by trying dates.
    ///
    /// # Errors
    /// [`RegistryError::Parameter`] for a day to come or overlong text; [`RegistryError::NotVerifiable`] for a number
    /// that nobody has.
    pub async fn death_notice(
        &self,
        permit: &Permit,
        number: Cnic,
        content: DeathNotice,
    ) -> Result<NoticeAnswer, RegistryError> {
        covers(permit, id::DEATH_NOTICE)?;
        same_subject(permit, number)?;
        let grant = permit.grant();
        let source = grant.agency.clone().filter(|_| permit.allows(datatype::NOTICE));
        let source = source.ok_or(RegistryError::NotPermitted)?;
        check(&content, Day::at(grant.at).ok_or(RegistryError::Clock)?)?;
        let person = self.store.person(number).await?.ok_or_else(|| silent(permit, Unverifiable::Unknown))?;
        let id = random_hex_128(self.entropy.as_ref());
        let notice = Notice { id, person: person.pid, source, received: grant.at, content };
        let placed = self.store.place_notice(&notice).await?;
        Ok(NoticeAnswer { notice: placed.id, status: "received" })
    }
}

fn check(content: &DeathNotice, today: Day) -> Result<(), RegistryError> {
    if content.died > today {
        return Err(RegistryError::Parameter("date_of_death"));
    }
    let fits = |text: &str| text.chars().count() <= NOTICE_TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    if content.place.trim().is_empty() || !fits(&content.place) {
        return Err(RegistryError::Parameter("place"));
    }
    if content.cause.as_deref().is_some_and(|cause| !fits(cause)) {
        return Err(RegistryError::Parameter("cause"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{
        Particulars,
        testing::{ADULT, DEAD, UNKNOWN, cnic, permit, registry, run},
    };

    fn content(died: &str) -> DeathNotice {
        DeathNotice { died: Day::parse(died).unwrap(), place: "Mehran Hospital".into(), informant: None, cause: None }
    }

    #[test]
    fn a_notice_holds_the_person_and_says_the_same_twice() {
        let registry = registry();
        let hospital = permit(id::DEATH_NOTICE, ADULT).datatypes(&["vital.notice"]).mint();
        let first = run(registry.death_notice(&hospital, cnic(ADULT), content("2026-11-20"))).unwrap();
        let again = run(registry.death_notice(&hospital, cnic(ADULT), content("2026-11-20"))).unwrap();
        assert_eq!(first, again);
        let asks = permit(id::YES_NO, ADULT).datatypes(&["identity.match"]).mint();
        let refused = run(registry.match_person(&asks, cnic(ADULT), &Particulars::default())).unwrap_err();
        assert_eq!(refused, RegistryError::NotVerifiable(None));
    }

    #[test]
    fn a_feeder_does_not_learn_who_was_dead_before() {
        let permit = permit(id::DEATH_NOTICE, DEAD).datatypes(&["vital.notice"]).mint();
        let answer = run(registry().death_notice(&permit, cnic(DEAD), content("2026-11-20"))).unwrap();
        assert_eq!(answer.status, "received");
    }

    #[test]
    fn a_notice_that_breaks_a_rule_is_refused() {
        let check = |number: &str, content: DeathNotice, datatypes: &[&str], expected| {
            let permit = permit(id::DEATH_NOTICE, number).datatypes(datatypes).mint();
            assert_eq!(run(registry().death_notice(&permit, cnic(number), content)).unwrap_err(), expected);
        };
        let named = &["vital.notice"];
        check(ADULT, content("2026-11-23"), named, RegistryError::Parameter("date_of_death"));
        check(
            ADULT,
            DeathNotice { place: " ".into(), ..content("2026-11-20") },
            named,
            RegistryError::Parameter("place"),
        );
        let long = DeathNotice { cause: Some("x".repeat(201)), ..content("2026-11-20") };
        check(ADULT, long, named, RegistryError::Parameter("cause"));
        check(UNKNOWN, content("2026-11-20"), named, RegistryError::NotVerifiable(None));
        check(ADULT, content("2026-11-20"), &[], RegistryError::NotPermitted);
    }
}
