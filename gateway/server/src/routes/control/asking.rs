//! The part of a request for consent that depends on the citizen: runs behind the answer.

use adapters::sql::{
    SqlError,
    control::{AskOutcome, Contact},
};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse, SubjectKey,
        details::{Channel, Details},
        discreet::discreet_text,
        message::{Asked, Language, passcode_text},
        mode::Mode,
        passcode::Passcode,
        reply_text::reply_text,
    },
    ids::AgencyId,
    ports::citizen_keys::CitizenKeys as _,
};

use super::consent::ConsentParts;

/// What a citizen is told of a request.
#[derive(Debug)]
pub(super) struct Matter {
    pub(super) reference: String,
    pub(super) agency: AgencyId,
    pub(super) details: Details,
    pub(super) counter: Option<String>,
    pub(super) mode: Mode,
}

/// One citizen to be asked, or not.
#[derive(Debug)]
pub(super) struct Asking {
    pub(super) citizen: Cnic,
    /// Where the citizen is.
    pub(super) channel: Channel,
    pub(super) auth_req_id: String,
    pub(super) matter: Matter,
}

/// One citizen who was asked before.
#[derive(Debug)]
pub(super) struct AskingAgain {
    pub(super) subject: SubjectKey,
    pub(super) auth_req_id: String,
    pub(super) matter: Matter,
    pub(super) was_sent: bool,
}

/// Why a citizen was not asked, for the log: never who.
#[derive(Debug, thiserror::Error)]
enum NotAsked {
    #[error(transparent)]
    Store(#[from] SqlError),
    #[error(transparent)]
    Registry(#[from] exchange::ports::subject_status::SubjectStatusUnavailable),
    #[error("the directory or dictionary no longer has what was asked")]
    Changed,
}

impl Asking {
    /// Sends the passcode, or sees to it that the request looks like one that nobody answers. Whether there is a citizen who can be
    /// asked, be it not now.
    pub(super) async fn run(&self, parts: &ConsentParts) -> bool {
        match self.ask(parts).await {
            Ok(sent) => sent,
            // The request stays as it came and runs out: the agency sees the same as for no citizen.
            Err(error) => {
                let reference = self.matter.reference.as_str();
                tracing::error!(error = %error, consent.reference = reference, "a citizen could not be asked");
                false
            }
        }
    }

    async fn ask(&self, parts: &ConsentParts) -> Result<bool, NotAsked> {
        let contact = parts.store.contact(parts.store.subject_key(self.citizen)).await?;
        let alive = parts.status.may_be_asked(self.citizen).await?;
        let Some(contact) = contact.filter(|_| alive) else {
            parts.store.suppress(&self.auth_req_id).await?;
            return Ok(false);
        };
        let passcode = Passcode::draw(parts.entropy.as_ref());
        let discreet =
            parts.store.wishes(parts.store.subject_key(self.citizen)).await?.is_some_and(|wishes| wishes.discreet);
        let text = self.matter.word(parts, (contact, discreet), &passcode).ok_or(NotAsked::Changed)?;
        match parts.store.ask(&self.auth_req_id, &passcode, (contact, &text), self.channel).await? {
            AskOutcome::Asked => Ok(true),
            AskOutcome::TooLate => Ok(false),
            // To whoever asks, a citizen who is left alone is one who does not answer.
            AskOutcome::Spared(spared) => {
                let reference = self.matter.reference.as_str();
                tracing::info!(why = spared.as_str(), consent.reference = reference, "a citizen was not asked");
                Ok(true)
            }
        }
    }
}

impl AskingAgain {
    /// Sends another passcode where one was sent before. Whether it was.
    pub(super) async fn run(&self, parts: &ConsentParts) -> bool {
        match self.ask(parts).await {
            Ok(sent) => sent,
            // The passcode before still holds.
            Err(error) => {
                let reference = self.matter.reference.as_str();
                tracing::error!(error = %error, consent.reference = reference, "a citizen could not be asked again");
                false
            }
        }
    }

    async fn ask(&self, parts: &ConsentParts) -> Result<bool, NotAsked> {
        let contact = parts.store.contact(self.subject).await?;
        let passcode = Passcode::draw(parts.entropy.as_ref());
        let willing = parts.store.may_be_asked_again(self.subject).await?
            && !parts.store.blocks(self.subject, &self.matter.agency).await?;
        let Some(contact) = contact.filter(|_| self.was_sent && willing) else {
            // The row is written either way: whoever polls meanwhile waits for as long.
            parts.store.leave(&self.auth_req_id).await?;
            return Ok(false);
        };
        let discreet = parts.store.wishes(self.subject).await?.is_some_and(|wishes| wishes.discreet);
        let text = self.matter.word(parts, (contact, discreet), &passcode).ok_or(NotAsked::Changed)?;
        Ok(parts.store.send_again(&self.auth_req_id, &passcode, contact, &text).await?)
    }
}

impl Matter {
    /// The message; on a phone that others look into it names no agency, no data and no purpose.
    fn word(&self, parts: &ConsentParts, (contact, discreet): (Contact, bool), passcode: &Passcode) -> Option<String> {
        let directory = parts.directory.any();
        let catalogue = parts.decider.catalogue();
        let agency = directory.agency(self.agency.as_str())?;
        let purpose = directory.purpose(self.details.purpose.as_str())?;
        let datatypes: Vec<_> =
            self.details.datatypes.iter().map(|id| catalogue.datatype(id.as_str())).collect::<Option<_>>()?;
        if discreet {
            let matter = (agency.sector, self.reference.as_str());
            return Some(discreet_text(contact.language, self.mode, matter, passcode));
        }
        // Names have no form in Urdu of Latin letters.
        let english = contact.language != Language::Urdu;
        let asked = Asked {
            agency: if english { &agency.name } else { &agency.name_ur },
            purpose: if english { &purpose.text } else { &purpose.text_ur },
            titles: datatypes.iter().map(|d| if english { d.title.as_str() } else { d.title_ur.as_str() }).collect(),
            until: self.details.valid_until.filter(|_| self.details.usage == ConsentUse::Standing),
            reference: &self.reference,
            counter: self.counter.as_deref(),
        };
        Some(match self.mode {
            Mode::SmsPin => passcode_text(contact.language, &asked, passcode),
            Mode::SmsReply => reply_text(contact.language, &asked, passcode),
        })
    }
}
