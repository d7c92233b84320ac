//! What money asks of a change: nothing that was answered is priced anew, and nothing that is charged for has no price.

use super::{Fault, Judge, Rule};
use crate::{
    classification::Forum,
    ledger::{Pays, Terms},
    limits,
    onboarding::forum::may_decide,
    tariff::{Gratis, RateBook, unpriced},
    timestamp::Timestamp,
};

impl Judge<'_> {
    /// The rates are "to be approved by BISP Board" (S3 §8.4). A book may be written anew until it begins, and never after.
    pub(super) fn rate_book(&self, book: &RateBook) -> Result<(), Fault> {
        book.check().map_err(|why| Fault::new(Rule::RateBook, why))?;
        if !may_decide(book.forum, Forum::BispBoard) {
            return Err(Fault::new(Rule::ForumTooLow, format!("BISPBoard approves rates, not {}", book.forum)));
        }
        self.in_time(book.valid_from, "a rate book begins")?;
        for known in &self.directory.rate_books {
            if known.version == book.version {
                self.in_time(known.valid_from, "a book of this version has begun; a new one begins")?;
            } else if known.valid_from == book.valid_from {
                let detail = format!("`{}` begins at the same instant", known.version);
                return Err(Fault::new(Rule::NameTaken, detail));
            }
        }
        match unpriced(std::iter::once(book), self.catalogue.services()) {
            None => Ok(()),
            Some((_, service, unit)) => {
                let detail = format!(
                    "`{}` is charged by {} of `{}`, and the book has no such line",
                    service.id,
                    unit.as_str(),
                    service.tariff
                );
                Err(Fault::new(Rule::RateBook, detail))
            }
        }
    }

    /// "On the initiative and for the benefit of BISP" (S3 §8.4): the Secretary, or the Board above, gives.
    pub(super) fn gratis(&self, gift: &Gratis) -> Result<(), Fault> {
        self.known(&gift.agency)?;
        if gift.valid_from >= gift.valid_until {
            return Err(Fault::new(Rule::DatesReversed, "the gift ends before it begins"));
        }
        match self.directory.gratis.iter().find(|known| known.id == gift.id) {
            Some(known) => return self.gift_ends(known, gift),
            None if gift.ended_at.is_some() => {
                return Err(Fault::new(Rule::Empty, "ends a gift that was never made"));
            }
            None => {}
        }
        self.in_time(gift.valid_from, "a gift begins")?;
        if gift.instrument.trim().is_empty() || gift.services.is_empty() {
            return Err(Fault::new(Rule::Empty, "names no decision or no service"));
        }
        if let Some(id) = gift.services.iter().find(|id| self.catalogue.service(id.as_str()).is_none()) {
            return Err(Fault::new(Rule::ServiceUnknown, format!("`{id}` is in no catalogue")));
        }
        if !may_decide(gift.forum, Forum::SecretaryBisp) {
            return Err(Fault::new(Rule::ForumTooLow, format!("SecretaryBISP gives, not {}", gift.forum)));
        }
        Ok(())
    }

    /// A gift is never changed: it may only be ended, once, from a coming instant on.
    fn gift_ends(&self, known: &Gratis, after: &Gratis) -> Result<(), Fault> {
        let Some(ended) = after.ended_at else {
            return Err(Fault::new(Rule::NameTaken, "a gift is made once; it may only be ended"));
        };
        if known.ended_at.is_some() || (Gratis { ended_at: Some(ended), ..known.clone() }) != *after {
            return Err(Fault::new(Rule::NameTaken, "a gift is ended once, and nothing else of it changes"));
        }
        self.in_time(ended, "a gift ends")
    }

    /// The contract says how an agency pays; a limit is an amount that can be owed.
    pub(super) fn terms(&self, terms: &Terms) -> Result<(), Fault> {
        self.known(&terms.agency)?;
        if terms.instrument.trim().is_empty() {
            return Err(Fault::new(Rule::Empty, "names no contract or decision"));
        }
        match terms.pays {
            Pays::Credit(limit) if limit <= 0 => {
                Err(Fault::new(Rule::Empty, "a credit limit is above 0; else it is prepaid"))
            }
            _ => Ok(()),
        }
    }

    /// Whether every gateway knows of the change by the instant from which it counts.
    fn in_time(&self, at: Timestamp, what: &str) -> Result<(), Fault> {
        if at >= self.now.plus_seconds(limits::MONEY_LEAD_S) {
            return Ok(());
        }
        let detail = format!("{what} {} seconds after its approval at the soonest", limits::MONEY_LEAD_S);
        Err(Fault::new(Rule::TooSoon, detail))
    }
}

#[cfg(test)]
#[path = "money_tests.rs"]
mod tests;
