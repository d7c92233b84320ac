//! The checks of each kind of change.

use super::{Change, Fault, Judge, Key, Rule};
use crate::{
    classification::{Classification, Forum},
    directory::{Agency, Agreement, Approval, Category, Programme, Purpose, User},
    ids::{DatatypeId, PurposeCode, ServiceId},
    limits::{CONSENT_USES_MAX, DATA_LIFE_DAYS_MAX},
    networks::is_network,
    onboarding::forum::may_decide,
    report::{RESERVED, Report, is_name},
    timestamp::Timestamp,
};

/// Characters of a purpose's English text: it is read in a text message (S0 §3.2.8).
const PURPOSE_CHARS_MAX: usize = 24;

/// Hexadecimal digits of a SHA-256.
const SHA256_HEX: usize = 64;

/// Most days of a standing consent that any purpose may promise: a year.
const STANDING_DAYS_MAX: u32 = 366;

fn in_order(from: Timestamp, until: Timestamp, what: &str) -> Result<(), Fault> {
    let fault = || Fault::new(Rule::DatesReversed, format!("{what} ends before it begins"));
    (from < until).then_some(()).ok_or_else(fault)
}

fn is_key(text: &str) -> bool {
    text.len() == SHA256_HEX && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

impl Judge<'_> {
    pub(super) fn agency(&self, agency: &Agency) -> Result<(), Fault> {
        let Agency { id, kind, sector, .. } = agency;
        let Some(sectors) = self.rules.kinds.get(kind) else {
            return Err(Fault::new(Rule::KindUnknown, format!("Annexure B does not know `{kind}`")));
        };
        if !sectors.contains(sector) {
            return Err(Fault::new(Rule::KindOfSector, format!("`{kind}` is never of the sector `{sector}`")));
        }
        if let Some(wrong) = agency.networks.iter().find(|network| !is_network(network)) {
            return Err(Fault::new(Rule::NetworkInvalid, format!("`{wrong}` is no address with a prefix")));
        }
        if agency.keys.iter().any(|key| !is_key(key)) {
            return Err(Fault::new(Rule::KeyInvalid, "a key is 64 digits of lower-case hex"));
        }
        in_order(agency.nda_from, agency.nda_until, "the non-disclosure agreement")?;
        let before = self.directory.agencies.iter().find(|known| known.id == *id);
        let same =
            before.is_some_and(|known| (&known.kind, known.sector, known.condition_met) == (kind, *sector, true));
        let approved = || {
            self.cases.iter().any(|case| {
                let asked = &case.application;
                case.approved() && (&asked.agency, &asked.kind, asked.sector) == (id, kind, *sector)
            })
        };
        if agency.condition_met && !same && !approved() {
            let detail = format!("no approved application says that `{id}` is a `{sector}` of the kind `{kind}`");
            return Err(Fault::new(Rule::ConditionUnseen, detail));
        }
        Ok(())
    }

    pub(super) fn key(&self, key: &Key) -> Result<(), Fault> {
        self.known(&key.agency)?;
        if !is_key(&key.sha256) {
            return Err(Fault::new(Rule::KeyInvalid, "a key is 64 digits of lower-case hex"));
        }
        let elsewhere = |agency: &&Agency| agency.id != key.agency && agency.keys.contains(&key.sha256);
        match self.directory.agencies.iter().find(elsewhere) {
            Some(_) => Err(Fault::new(Rule::NameTaken, "another agency calls with this key")),
            None => Ok(()),
        }
    }

    /// A name is unique within an agency only, so a person is known by the key, or by id and name together.
    pub(super) fn user(&self, user: &User) -> Result<(), Fault> {
        self.known(&user.agency)?;
        if user.name.trim().is_empty() {
            return Err(Fault::new(Rule::Empty, "the record of each access needs the person's name"));
        }
        let key = user.assertion_key.as_deref();
        if key.is_some_and(|key| !key.starts_with("-----BEGIN PUBLIC KEY-----")) {
            return Err(Fault::new(Rule::KeyInvalid, "a signing key is a public key in PEM"));
        }
        let same = |other: &&User| {
            (key.is_some() && other.assertion_key.as_deref() == key) || (other.id == user.id && other.name == user.name)
        };
        // Who is disabled acts for nobody: to be so here is never refused, and to have been so elsewhere is no hindrance.
        if user.disabled {
            return Ok(());
        }
        let mut elsewhere = self.directory.users.iter().filter(|other| other.agency != user.agency && !other.disabled);
        match elsewhere.find(same) {
            Some(other) => Err(Fault::new(Rule::UserElsewhere, format!("acts for `{}` already", other.agency))),
            None => Ok(()),
        }
    }

    pub(super) fn agreement(&self, agreement: &Agreement) -> Result<(), Fault> {
        self.known(&agreement.agency)?;
        in_order(agreement.valid_from, agreement.valid_until, "the agreement")?;
        let before = self.directory.agreements.iter().find(|known| known.id == agreement.id);
        if before.is_some_and(|known| known.agency != agreement.agency) {
            return Err(Fault::new(Rule::NameTaken, "another agency has an agreement of this name"));
        }
        let next = before.map_or(1, |known| known.revision.saturating_add(1));
        if agreement.revision != next {
            return Err(Fault::new(Rule::RevisionStale, format!("the next revision is {next}")));
        }
        // Ending one needs nobody's leave and nothing that still stands in the catalogue.
        if agreement.revoked {
            return Ok(());
        }
        let empty = agreement.services.is_empty() || agreement.datatypes.is_empty() || agreement.channels.is_empty();
        if empty || agreement.row_limit == 0 {
            return Err(Fault::new(Rule::Empty, "names no service, no type of data, no channel or no row"));
        }
        self.in_catalogue(&agreement.services)?;
        self.within_ceilings(&agreement.purposes, &agreement.datatypes)?;
        let least = self.least_forum(agreement)?;
        if !may_decide(agreement.forum, least) {
            let detail = format!("{least} opens this, not {}", agreement.forum);
            return Err(Fault::new(Rule::ForumTooLow, detail));
        }
        let wider = before.is_none_or(|known| !narrows(known, agreement));
        if wider && self.asked_for(agreement).is_none() {
            return Err(Fault::new(Rule::NotAppliedFor, "no approved application of the agency asked for all of this"));
        }
        Ok(())
    }

    fn in_catalogue(&self, services: &[ServiceId]) -> Result<(), Fault> {
        match services.iter().find(|id| self.catalogue.service(id.as_str()).is_none()) {
            Some(id) => Err(Fault::new(Rule::ServiceUnknown, format!("`{id}` is in no catalogue"))),
            None => Ok(()),
        }
    }

    /// The Board's word, and nobody else's, opens Secret data for one request (S3 §7.3).
    pub(super) fn approval(&self, approval: &Approval) -> Result<(), Fault> {
        self.known(&approval.agency)?;
        in_order(approval.valid_from, approval.valid_until, "the approval")?;
        if self.directory.approvals.iter().any(|known| known.id == approval.id) {
            return Err(Fault::new(Rule::NameTaken, "an approval is given once and never changed"));
        }
        if approval.services.is_empty() || approval.datatypes.is_empty() {
            return Err(Fault::new(Rule::Empty, "names no service or no type of data, and would open nothing"));
        }
        self.in_catalogue(&approval.services)?;
        self.within_ceilings(std::slice::from_ref(&approval.purpose), &approval.datatypes)?;
        self.board_for_secret(approval.forum, &approval.datatypes)
    }

    pub(super) fn programme(&self, programme: &Programme) -> Result<(), Fault> {
        self.known(&programme.agency)?;
        in_order(programme.valid_from, programme.valid_until, "the programme")?;
        let before = self.directory.programmes.iter().find(|known| known.id == programme.id);
        if before.is_some_and(|known| known.agency != programme.agency) {
            return Err(Fault::new(Rule::NameTaken, "another agency has a programme of this name"));
        }
        if programme.revoked {
            return Ok(());
        }
        if programme.instrument.trim().is_empty() {
            return Err(Fault::new(Rule::Empty, "names no statute, order or decision"));
        }
        self.within_ceilings(std::slice::from_ref(&programme.purpose), &programme.datatypes)?;
        bounded(programme)?;
        sealed(programme)?;
        let households = programme.datatypes.iter().any(|id| id.as_str().starts_with("nser."));
        if households && !may_decide(programme.forum, Forum::DgNser) {
            return Err(Fault::new(Rule::ForumTooLow, format!("DG_NSER opens this, not {}", programme.forum)));
        }
        Ok(())
    }

    /// The Secretary, or the Board above, approves a new category of private agencies (S3 §7.3).
    pub(super) fn category(&self, category: &Category) -> Result<(), Fault> {
        in_order(category.valid_from, category.valid_until, "the category")?;
        if !self.rules.kinds.contains_key(&category.kind) {
            return Err(Fault::new(Rule::KindUnknown, format!("Annexure B knows no `{}`", category.kind)));
        }
        if category.instrument.trim().is_empty() && !category.revoked {
            return Err(Fault::new(Rule::Empty, "names no decision"));
        }
        if !may_decide(category.forum, Forum::SecretaryBisp) {
            let detail = format!("SecretaryBISP approves a category, not {}", category.forum);
            return Err(Fault::new(Rule::ForumTooLow, detail));
        }
        Ok(())
    }

    /// The DG NSER, or whoever stands above, approves the first design of a report (S3 §7.3).
    pub(super) fn report(report: &Report) -> Result<(), Fault> {
        in_order(report.valid_from, report.valid_until, "the report")?;
        if !is_name(&report.name) {
            let detail = "has a name that cannot stand in a path: small letters, digits and hyphens, at most 60";
            return Err(Fault::new(Rule::ReportDesign, detail));
        }
        if RESERVED.contains(&report.name.as_str()) {
            return Err(Fault::new(Rule::NameTaken, "has the name of a table of the register's own"));
        }
        let urdu = report.title_ur.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
        if report.title.trim().is_empty() || !urdu {
            return Err(Fault::new(Rule::Empty, "needs a title in English and one in Urdu"));
        }
        if report.instrument.trim().is_empty() && !report.revoked {
            return Err(Fault::new(Rule::Empty, "names no decision"));
        }
        if !may_decide(report.forum, Forum::DgNser) {
            let detail = format!("DG_NSER approves the first design of a report, not {}", report.forum);
            return Err(Fault::new(Rule::ForumTooLow, detail));
        }
        report.design.check().map_err(|reason| Fault::new(Rule::ReportDesign, reason))
    }

    pub(super) fn purpose(purpose: &Purpose) -> Result<(), Fault> {
        let plain =
            |text: &str| !text.trim().is_empty() && text.is_ascii() && text.chars().count() <= PURPOSE_CHARS_MAX;
        let urdu = purpose.text_ur.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c));
        if !plain(&purpose.text) || !urdu {
            let detail = format!("needs at most {PURPOSE_CHARS_MAX} plain letters in English, and a text in Urdu");
            return Err(Fault::new(Rule::Empty, detail));
        }
        let secret_for_long = purpose.class_max == Classification::Secret && purpose.standing_days_max > 0;
        if purpose.standing_days_max > STANDING_DAYS_MAX || secret_for_long {
            let detail = format!("a standing consent lives at most {STANDING_DAYS_MAX} days, and none for Secret data");
            return Err(Fault::new(Rule::PurposeCeiling, detail));
        }
        let keeps = purpose.data_life_days_max.is_none_or(|days| (1..=DATA_LIFE_DAYS_MAX).contains(&days));
        if !keeps || purpose.frequency_max.is_some_and(|frequency| !frequency.is_sound()) {
            let detail = format!(
                "bounds uses to 1 to {CONSENT_USES_MAX} in each period, and what is kept to 1 to {DATA_LIFE_DAYS_MAX} days"
            );
            return Err(Fault::new(Rule::PurposeCeiling, detail));
        }
        Ok(())
    }

    /// Each type of data fits one of the purposes, and each purpose is known and allowed.
    fn within_ceilings(&self, purposes: &[PurposeCode], datatypes: &[DatatypeId]) -> Result<(), Fault> {
        let mut ceiling = None;
        for code in purposes {
            ceiling = ceiling.max(Some(self.purpose_of(code)?.class_max));
        }
        if datatypes.is_empty() || purposes.is_empty() {
            return Err(Fault::new(Rule::Empty, "names no purpose or no type of data"));
        }
        for id in datatypes {
            if Some(self.class_of(id)?) > ceiling {
                return Err(Fault::new(Rule::PurposeCeiling, format!("`{id}` is above the ceiling of every purpose")));
            }
        }
        Ok(())
    }

    fn board_for_secret(&self, forum: Forum, datatypes: &[DatatypeId]) -> Result<(), Fault> {
        for id in datatypes {
            if self.class_of(id)? == Classification::Secret && forum != Forum::BispBoard {
                return Err(Fault::new(Rule::ForumTooLow, format!("the Board opens `{id}`, not {forum}")));
            }
        }
        Ok(())
    }
}

/// What a programme says of its bounds can be held to.
fn bounded(programme: &Programme) -> Result<(), Fault> {
    let empty = |what: &str| Err(Fault::new(Rule::Empty, what));
    if programme.channels.is_empty() {
        return empty("names no channel");
    }
    if programme.cadence.is_some_and(|cadence| cadence.times == 0) {
        return empty("may never be used: zero times in each period");
    }
    let blank = |name: &str| name.trim() != name || name.is_empty();
    if programme.population.districts.iter().any(|district| blank(district)) {
        return empty("names a district without a name, or with blanks around it");
    }
    let pair = |it: &String| it.split_once('/').is_some_and(|(district, tehsil)| !blank(district) && !blank(tehsil));
    if !programme.population.tehsils.iter().all(pair) {
        return empty("names a tehsil otherwise than after its district, as in `Badin/Matli`");
    }
    match programme.population.scores {
        Some((lowest, highest)) if !(0.0 <= lowest && lowest <= highest && highest <= 100.0) => {
            empty("covers no score between 0 and 100")
        }
        _ => Ok(()),
    }
}

/// Only an order of a court, an Act or national security keeps an access from the citizen's view (R124).
fn sealed(programme: &Programme) -> Result<(), Fault> {
    match programme.sealed_until {
        Some(_) if !programme.may_seal() => {
            Err(Fault::new(Rule::SealUnlawful, "a programme is no ground to keep an access from the citizen"))
        }
        Some(until) if until <= programme.valid_from => {
            Err(Fault::new(Rule::DatesReversed, "the seal ends before the order begins"))
        }
        _ => Ok(()),
    }
}

/// Whether an agreement opens nothing that the one before it did not, and not for longer.
fn narrows(before: &Agreement, after: &Agreement) -> bool {
    after.services.iter().all(|id| before.services.contains(id))
        && after.purposes.iter().all(|code| before.purposes.contains(code))
        && after.datatypes.iter().all(|id| before.datatypes.contains(id))
        && after.channels.iter().all(|channel| before.channels.contains(channel))
        && after.role <= before.role
        && after.row_limit <= before.row_limit
        && after.valid_until <= before.valid_until
        && after.forum == before.forum
        && !before.revoked
}

/// What a change makes of a directory: the store does the same to its rows.
pub fn apply(change: &Change, directory: &mut crate::directory::DirectoryData) {
    fn put<T: Clone>(all: &mut Vec<T>, entry: &T, same: impl Fn(&T) -> bool) {
        all.retain(|known| !same(known));
        all.push(entry.clone());
    }
    match change {
        Change::Agency(agency) => put(&mut directory.agencies, agency, |known| known.id == agency.id),
        Change::Key(key) => {
            for agency in directory.agencies.iter_mut().filter(|known| known.id == key.agency) {
                if !agency.keys.contains(&key.sha256) {
                    agency.keys.push(key.sha256.clone());
                }
            }
        }
        Change::User(user) => {
            put(&mut directory.users, user, |known| (&known.agency, &known.id) == (&user.agency, &user.id));
        }
        Change::Agreement(agreement) => put(&mut directory.agreements, agreement, |known| known.id == agreement.id),
        Change::Approval(approval) => put(&mut directory.approvals, approval, |known| known.id == approval.id),
        Change::Programme(programme) => put(&mut directory.programmes, programme, |known| known.id == programme.id),
        Change::Category(category) => put(&mut directory.categories, category, |known| known.kind == category.kind),
        Change::Report(report) => put(&mut directory.reports, report, |known| known.name == report.name),
        Change::Purpose(purpose) => put(&mut directory.purposes, purpose, |known| known.code == purpose.code),
        Change::RateBook(book) => put(&mut directory.rate_books, book, |known| known.version == book.version),
        Change::Gratis(gift) => put(&mut directory.gratis, gift, |known| known.id == gift.id),
        Change::Terms(terms) => put(&mut directory.terms, terms, |known| known.agency == terms.agency),
        Change::Quota(quota) => put(&mut directory.quotas, quota, |known| known.id == quota.id),
        Change::Decision(_) => {}
    }
}
