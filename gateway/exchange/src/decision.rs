//! What the policies are asked and what they answer.

use std::{net::IpAddr, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    caller::Caller,
    catalogue::Service,
    classification::{Channel, Role},
    codes::Code,
    consent::ConsentFacts,
    directory::{Agency, Agreement, Approval, Category, Programme, Purpose, User},
    enrolment::EnrolmentFacts,
    ids::{AgencyId, DatatypeId, PolicyId, UserId},
    report::Report,
    timestamp::Timestamp,
};

/// One request as the policies see it: typed, complete, without the citizen's number.
#[derive(Clone, Debug)]
pub struct Question {
    /// The service; its `action` is the Cedar action.
    pub service: Arc<Service>,
    /// Who asks.
    pub caller: Caller,
    /// The lower of the agreement's and the user's role.
    pub role: Role,
    /// Channel of the request.
    pub channel: Channel,
    /// Address of the client.
    pub address: IpAddr,
    /// Agreement that the request runs under.
    pub agreement: Option<Arc<Agreement>>,
    /// Purpose that was named.
    pub purpose: Option<Arc<Purpose>>,
    /// Programme that was named and belongs to the caller.
    pub programme: Option<Arc<Programme>>,
    /// Whether the request stays among the people whom the programme covers; true without a programme.
    pub within_population: bool,
    /// What the kind of the calling agency was approved as.
    pub category: Option<Arc<Category>>,
    /// The approved design of the report that is asked for; none for a report that came with the register.
    pub report: Option<Arc<Report>>,
    /// Approval that was named, belongs to the caller and is not yet used.
    pub approval: Option<Arc<Approval>>,
    /// Consent behind the token that was presented, already bound to this certificate.
    pub consent: Option<ConsentFacts>,
    /// Whether the consent's citizen is the one that the request names; false when either is missing.
    pub consent_is_subjects: bool,
    /// Who made the open proposal that the request would decide.
    pub proposer: Option<Proposer>,
    /// Another user of the same agency who signed the same request.
    pub second: Option<Arc<User>>,
    /// Whether the request names a citizen.
    pub has_subject: bool,
    /// What is enrolled, if the service enrols.
    pub enrolment: Option<EnrolmentFacts>,
    /// Rows that the request may return at most.
    pub rows: u32,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Datatypes asked for.
    pub datatypes: Vec<DatatypeId>,
}

/// Who proposed a change of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Proposer {
    /// The person's agency.
    pub agency: AgencyId,
    /// The person.
    pub user: UserId,
}

/// The answer for one datatype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The datatype.
    pub datatype: DatatypeId,
    /// Whether it may be released.
    pub allowed: bool,
    /// Policies that decided: permits if allowed, forbids (or none) if not.
    pub policies: Vec<PolicyId>,
    /// Why it is withheld; `None` when allowed.
    pub code: Option<Code>,
}

/// The answer for one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// One verdict for each datatype that was asked, in that order.
    pub verdicts: Vec<Verdict>,
    /// What the door must do before it releases, by word; an unknown word denies.
    pub obligations: Vec<Obligation>,
    /// Generation of the bundle that decided.
    pub generation: u64,
    /// Whether an evaluation error turned any verdict into a denial: an alarm.
    pub errored: bool,
}

impl Decision {
    /// What the door makes of it: the datatypes that may be released, where an explicit list of fields is all or nothing
    /// (decisions.md, shapes).
    ///
    /// # Errors
    /// The code of the whole refusal: `fields_not_permitted` where a datatype of an explicit list is refused, and where
    /// nothing is allowed the code that most datatypes were refused with, the first of equals.
    pub fn answer(&self, explicit: bool) -> Result<Vec<DatatypeId>, Code> {
        let allowed: Vec<_> = self.verdicts.iter().filter(|verdict| verdict.allowed).collect();
        if allowed.is_empty() {
            return Err(self.leading_code());
        }
        if explicit && allowed.len() < self.verdicts.len() {
            return Err(Code::FieldsNotPermitted);
        }
        Ok(allowed.into_iter().map(|verdict| verdict.datatype.clone()).collect())
    }

    fn leading_code(&self) -> Code {
        if self.errored {
            return Code::PolicyError;
        }
        let mut counts: Vec<(Code, usize)> = Vec::new();
        for verdict in &self.verdicts {
            let code = verdict.code.unwrap_or(Code::PolicyDenied);
            match counts.iter_mut().find(|(known, _)| *known == code) {
                Some((_, count)) => *count += 1,
                None => counts.push((code, 1)),
            }
        }
        let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
        counts.iter().find(|(_, count)| *count == most).map_or(Code::PolicyDenied, |(code, _)| *code)
    }
}

/// What the door must do before it releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Obligation {
    /// Record the access: always discharged.
    #[serde(rename = "log")]
    Log,
    /// Charge the access by its tariff.
    #[serde(rename = "meter")]
    Meter,
    /// Release only the searched person's own row.
    #[serde(rename = "subject_only")]
    SubjectOnly,
    /// Release only the searched person's own row, and those of the minors whom the household's head answers for (decisions.md,
    /// Policy: minors follow their guardian).
    #[serde(rename = "subject_and_wards")]
    SubjectAndWards,
    /// Answer out of a fixed sample of one household in a hundred (S3 §8.2.2).
    #[serde(rename = "sample_1pct")]
    Sample,
    /// Send the citizen a notice after the access.
    #[serde(rename = "notice")]
    Notice,
    /// Use the approval up: it opens one request.
    SingleUse,
    /// Release only when a second user of the agency has confirmed.
    DualControl,
    /// Mark what leaves with the agency and the request.
    Watermark,
    /// Tell no count of so few that somebody could be found in it.
    SmallCells,
}

impl Obligation {
    /// Every obligation.
    pub const ALL: &'static [Self] = &[
        Self::Log,
        Self::Meter,
        Self::SubjectOnly,
        Self::SubjectAndWards,
        Self::Sample,
        Self::Notice,
        Self::SingleUse,
        Self::DualControl,
        Self::Watermark,
        Self::SmallCells,
    ];

    /// Its word in an `@obligation` annotation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Meter => "meter",
            Self::SubjectOnly => "subject_only",
            Self::SubjectAndWards => "subject_and_wards",
            Self::Sample => "sample_1pct",
            Self::Notice => "notice",
            Self::SingleUse => "single_use",
            Self::DualControl => "dual_control",
            Self::Watermark => "watermark",
            Self::SmallCells => "small_cells",
        }
    }

    /// Reads a word of an `@obligation` annotation; unknown words are the caller's to deny.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|obligation| obligation.as_str() == word)
    }

    /// Whether the door itself does it for every request; anything else the service's own upstream must do.
    #[must_use]
    pub fn is_the_doors(self) -> bool {
        matches!(self, Self::Log | Self::Meter | Self::SingleUse)
    }
}

/// One policy as anyone may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Told {
    /// Its name.
    pub policy: PolicyId,
    /// `permit` or `forbid`.
    pub effect: &'static str,
    /// Section of the source that it rests on.
    pub authority: String,
    /// Code that a forbid refuses with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// What a permit obliges the door to, by word.
    pub obligations: Vec<&'static str>,
    /// Of a forbid what would make the request lawful, of a permit what it gives to whom; English.
    pub lawful: String,
    /// The same in Urdu.
    pub lawful_ur: String,
    /// The policy itself, as its file has it.
    pub cedar: String,
}

/// The port to the policies. Pure: no I/O, no clock.
pub trait Decider: Send + Sync + std::fmt::Debug {
    /// Decides one request, datatype by datatype. Any evaluation error denies that datatype and sets `errored`.
    fn decide(&self, question: &Question) -> Decision;

    /// The catalogue of the bundle that decides.
    fn catalogue(&self) -> Arc<crate::catalogue::Catalogue>;

    /// Generation of the bundle.
    fn generation(&self) -> u64;

    /// One policy as anyone may read it; `None` if the bundle has none of this name.
    fn told(&self, _policy: &PolicyId) -> Option<Told> {
        None
    }

    /// What is wrong with the registration of an agency, in words; nothing where its kind and its sector can both be right.
    fn misregistration(&self, _agency: &Agency) -> Option<String> {
        None
    }

    /// What the bundle says of newcomers; a law that says nothing takes none.
    fn newcomers(&self) -> Option<Arc<crate::onboarding::Rules>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(codes: &[Option<Code>]) -> Decision {
        let verdict = |(place, code): (usize, &Option<Code>)| Verdict {
            datatype: DatatypeId::parse(&format!("x.y{place}")).unwrap(),
            allowed: code.is_none(),
            policies: Vec::new(),
            code: *code,
        };
        let verdicts = codes.iter().enumerate().map(verdict).collect();
        Decision { verdicts, obligations: Vec::new(), generation: 1, errored: false }
    }

    #[test]
    fn what_is_listed_comes_whole_or_not_at_all() {
        let check = |codes: &[Option<Code>], explicit: bool, expected: Result<&[&str], Code>| {
            let got = decision(codes).answer(explicit);
            let names = got.as_ref().map(|all| all.iter().map(DatatypeId::as_str).collect::<Vec<_>>());
            assert_eq!(names.map_err(|code| *code), expected.map(<[_]>::to_vec), "{codes:?} {explicit}");
        };
        let (denied, board) = (Some(Code::PolicyDenied), Some(Code::SecretNeedsBoard));
        check(&[None, None], true, Ok(&["x.y0", "x.y1"]));
        check(&[None, denied], false, Ok(&["x.y0"]));
        check(&[None, denied], true, Err(Code::FieldsNotPermitted));
        check(&[board, denied, denied], true, Err(Code::PolicyDenied));
        check(&[board, denied], false, Err(Code::SecretNeedsBoard));
        check(&[], false, Err(Code::PolicyDenied));
        let erring = Decision { errored: true, ..decision(&[denied]) };
        assert_eq!(erring.answer(false), Err(Code::PolicyError));
    }

    #[test]
    fn an_obligation_is_read_by_its_own_word() {
        for &obligation in Obligation::ALL {
            assert_eq!(Obligation::parse(obligation.as_str()), Some(obligation));
        }
        let words: std::collections::BTreeSet<_> = Obligation::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(words.len(), Obligation::ALL.len(), "no word stands for two");
        for word in ["", "Log", "mask", "dual control", "log;meter"] {
            assert_eq!(Obligation::parse(word), None, "{word}");
        }
    }
}
