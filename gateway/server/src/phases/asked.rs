//! What the policies were asked, as the record keeps it: one text, entities by id and revision. Written by *authorise*, read
//! back by dry runs of another law.

use std::{
    fmt::{self, Write as _},
    str::FromStr,
};

use exchange::{
    caller::Caller,
    classification::{Channel, Role},
    decision::{Proposer, Question},
    ids::{AgencyId, AgreementId, ApprovalId, ConsentId, DatatypeId, ProgrammeId, PurposeCode, UserId},
    report::is_name,
    timestamp::Timestamp,
};

/// The exact question as text: with the directory of that generation it can be asked again.
#[must_use]
pub fn text(question: &Question, directory: u64) -> String {
    let mut text = String::with_capacity(512);
    // Writing to a String cannot fail.
    let _ = write!(text, "directory={directory}");
    write_input(&mut text, question);
    text
}

fn write_input(text: &mut String, question: &Question) {
    let mut put = |name: &str, value: Option<&dyn fmt::Display>| {
        let _ = match value {
            Some(value) => write!(text, " {name}={value}"),
            None => write!(text, " {name}=-"),
        };
    };
    let agreement = question.agreement.as_ref().map(|a| Revised(&a.id, a.revision));
    let consent = question.consent.as_ref().map(|c| Revised(&c.id, c.revision));
    let asserted = matches!(question.caller, Caller::Agency { asserted: true, .. });
    put("action", Some(&question.service.action));
    put("agency", question.caller.agency_id().map(shown));
    put("user", question.caller.user().map(|user| shown(&user.id)));
    put("asserted", Some(&asserted));
    put("role", Some(&question.role));
    put("channel", Some(&question.channel));
    put("agreement", agreement.as_ref().map(shown));
    put("purpose", question.purpose.as_ref().map(|p| shown(&p.code)));
    put("programme", question.programme.as_ref().map(|p| shown(&p.id)));
    put("within_population", Some(&question.within_population));
    put("approval", question.approval.as_ref().map(|a| shown(&a.id)));
    put("consent", consent.as_ref().map(shown));
    put("consent_is_subjects", Some(&question.consent_is_subjects));
    if let Some(Proposer { agency, user }) = &question.proposer {
        put("proposer", Some(&format_args!("{agency}/{user}")));
    }
    if let Some(second) = &question.second {
        put("second", Some(&second.id));
    }
    if let Some(report) = &question.report {
        put("report", Some(&report.name));
    }
    put("has_subject", Some(&question.has_subject));
    put("rows", Some(&question.rows));
    put("now", Some(&question.now.micros()));
    put("datatypes", Some(&Listed(&question.datatypes)));
}

fn shown<T: fmt::Display>(value: &T) -> &dyn fmt::Display {
    value
}

/// An entity as `id@revision`.
struct Revised<'a, T>(&'a T, u32);

impl<T: fmt::Display> fmt::Display for Revised<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.0, self.1)
    }
}

struct Listed<'a>(&'a [DatatypeId]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, datatype) in self.0.iter().enumerate() {
            f.write_str(if place == 0 { "" } else { "," })?;
            f.write_str(datatype.as_str())?;
        }
        Ok(())
    }
}

/// A question read back: names, of which the directory has the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one yes or no of the question, named as the question names it"
)]
pub struct Asked {
    /// The agency, `None` for anyone.
    pub agency: Option<AgencyId>,
    /// The user.
    pub user: Option<UserId>,
    /// Whether the user signed.
    pub asserted: bool,
    /// The lower of the agreement's and the user's role.
    pub role: Role,
    /// The channel.
    pub channel: Channel,
    /// The agreement and its revision.
    pub agreement: Option<(AgreementId, u32)>,
    /// The purpose.
    pub purpose: Option<PurposeCode>,
    /// The programme.
    pub programme: Option<ProgrammeId>,
    /// Whether the request stayed among the people whom the programme covers.
    pub within_population: bool,
    /// The approval.
    pub approval: Option<ApprovalId>,
    /// The consent and its revision.
    pub consent: Option<(ConsentId, u32)>,
    /// Whether the consent is of the citizen that the request named.
    pub consent_is_subjects: bool,
    /// Who made the open proposal that the request would decide.
    pub proposer: Option<Proposer>,
    /// Another user of the agency who signed too.
    pub second: Option<UserId>,
    /// The report that was asked for, if a forum approved its design.
    pub report: Option<String>,
    /// Whether the request named a citizen.
    pub has_subject: bool,
    /// Rows that might be returned.
    pub rows: u32,
    /// The instant.
    pub now: Timestamp,
    /// Datatypes.
    pub datatypes: Vec<DatatypeId>,
}

impl Asked {
    /// Reads a text of [`text`]; `None` for one of another form, such as those of programs that did not record who signed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<(&str, &str)> = text.split(' ').map(|word| word.split_once('=')).collect::<Option<_>>()?;
        let given = |name: &str| words.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let list = given("datatypes")?;
        let datatypes = list.split(',').filter(|id| !id.is_empty()).map(|id| DatatypeId::parse(id).ok());
        Some(Self {
            agency: named(given("agency")?, |text| AgencyId::parse(text).ok()).ok()?,
            user: named(given("user")?, |text| UserId::parse(text).ok()).ok()?,
            asserted: value(given("asserted")?)?,
            role: Role::parse(given("role")?)?,
            channel: Channel::parse(given("channel")?)?,
            agreement: revised(given("agreement")?, |text| AgreementId::parse(text).ok()).ok()?,
            purpose: named(given("purpose")?, |text| PurposeCode::parse(text).ok()).ok()?,
            programme: named(given("programme")?, |text| ProgrammeId::parse(text).ok()).ok()?,
            within_population: value(given("within_population")?)?,
            approval: named(given("approval")?, |text| ApprovalId::parse(text).ok()).ok()?,
            consent: revised(given("consent")?, |text| ConsentId::parse(text).ok()).ok()?,
            consent_is_subjects: value(given("consent_is_subjects")?)?,
            proposer: given("proposer").map(proposer).transpose().ok()?,
            second: given("second").map(|text| UserId::parse(text).map_err(|_| Garbled)).transpose().ok()?,
            report: given("report")
                .map(|name| is_name(name).then(|| name.to_owned()).ok_or(Garbled))
                .transpose()
                .ok()?,
            has_subject: value(given("has_subject")?)?,
            rows: value(given("rows")?)?,
            now: Timestamp::from_micros(value(given("now")?)?),
            datatypes: datatypes.collect::<Option<_>>()?,
        })
    }
}

/// `agency/user`; a request that decides no proposal has none.
fn proposer(text: &str) -> Result<Proposer, Garbled> {
    let read = || {
        let (agency, user) = text.split_once('/')?;
        Some(Proposer { agency: AgencyId::parse(agency).ok()?, user: UserId::parse(user).ok()? })
    };
    read().ok_or(Garbled)
}

fn value<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A word that does not parse.
struct Garbled;

/// `-` is nothing; what does not parse is an error, not nothing.
fn named<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Garbled> {
    if text == "-" { Ok(None) } else { parse(text).map(Some).ok_or(Garbled) }
}

fn revised<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<(T, u32)>, Garbled> {
    named(text, |text| {
        let (id, revision) = text.rsplit_once('@')?;
        Some((parse(id)?, revision.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use exchange::decision::Decider as _;
    use policies::Bundle;

    use super::*;

    /// What a text must read back as.
    fn of(question: &Question) -> Asked {
        Asked {
            agency: question.caller.agency_id().cloned(),
            user: question.caller.user().map(|user| user.id.clone()),
            asserted: matches!(question.caller, Caller::Agency { asserted: true, .. }),
            role: question.role,
            channel: question.channel,
            agreement: question.agreement.as_ref().map(|a| (a.id.clone(), a.revision)),
            purpose: question.purpose.as_ref().map(|p| p.code.clone()),
            programme: question.programme.as_ref().map(|p| p.id.clone()),
            within_population: question.within_population,
            approval: question.approval.as_ref().map(|a| a.id.clone()),
            consent: question.consent.as_ref().map(|c| (c.id.clone(), c.revision)),
            consent_is_subjects: question.consent_is_subjects,
            proposer: question.proposer.clone(),
            second: question.second.as_ref().map(|user| user.id.clone()),
            report: question.report.as_ref().map(|report| report.name.clone()),
            has_subject: question.has_subject,
            rows: question.rows,
            now: question.now,
            datatypes: question.datatypes.clone(),
        }
    }

    #[test]
    fn every_case_of_the_law_is_written_and_read_back() {
        let bundle = Bundle::embedded().unwrap();
        for case in &bundle.cases().cases {
            let question = bundle.question(case).unwrap();
            let text = text(&question, 7);
            assert_eq!(Asked::parse(&text), Some(of(&question)), "{text}");
            assert_eq!(Asked::parse(&format!("{text} repeats=r@1")), Some(of(&question)));
        }
        assert!(bundle.generation() > 0);
    }

    #[test]
    fn a_text_that_lacks_or_garbles_anything_is_no_question() {
        let bundle = Bundle::embedded().unwrap();
        let with_consent = |case: &&policies::cases::Case| case.consent.is_some() && case.permits();
        let case = bundle.cases().cases.iter().find(with_consent).unwrap();
        let whole = text(&bundle.question(case).unwrap(), 7);
        for word in whole.split(' ').filter(|word| !word.starts_with("directory=") && !word.starts_with("action=")) {
            let (name, _) = word.split_once('=').unwrap();
            assert_eq!(Asked::parse(&whole.replace(&format!(" {word}"), "")), None, "without {name}");
            assert_eq!(Asked::parse(&whole.replace(word, &format!("{name}=a/b@c"))), None, "{name} garbled");
        }
        assert_eq!(Asked::parse(""), None);
    }
}
