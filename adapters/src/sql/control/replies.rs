//! What citizens allow by SMS: an `OK` is held against all that waits for one at its number, within the unit of work that takes it.

use std::collections::BTreeSet;

use exchange::{
    consent::{
        answer::Told,
        machine::PasscodeAnswer,
        mode::Mode,
        passcode::{Passcode, ScreenNumber},
        reply::Reference,
        revision::Cause,
    },
    limits,
    timestamp::Timestamp,
};

use super::{
    ControlStore, SqlError, Work, damaged,
    patience::wrong_of,
    requests::{locked_by_hash, save},
};

impl ControlStore {
    /// Allows the request of the sender's number whose passcode and screen these are. Where there is none, the message was a try at
    /// each that waits: it cannot be told which was meant, and whoever guesses has three tries at any of them however many wait.
    pub(super) async fn allow(
        &self,
        work: &mut Work,
        sender: &str,
        (passcode, screen): (&Passcode, &ScreenNumber),
    ) -> Result<Told, SqlError> {
        let mut open = Vec::new();
        for id_hash in waiting(work, sender, self.clock.now()).await? {
            // It may have been answered, or have run out, while others held it.
            let stored = locked_by_hash(work, id_hash).await?;
            open.extend(stored.filter(|stored| stored.transaction.awaits_text(self.clock.now())));
        }
        let mut tried = Vec::new();
        // All requests before the first citizen: whoever holds both took them in this order.
        for stored in open {
            let now = self.clock.now();
            let wrong = wrong_of(work, &stored.subject, now).await?;
            let (next, answer) = if wrong >= limits::WRONG_PASSCODES_MAX {
                stored.transaction.clone().guessed_out(now)
            } else {
                stored.transaction.clone().texted(&self.reply_mac(&stored, passcode, screen)?, now)
            };
            tried.push((stored, next, answer));
        }
        if let Some((stored, next, _)) = tried.iter().find(|(_, _, answer)| *answer == PasscodeAnswer::Approved) {
            let consent = self.grant(work, stored, next).await?;
            save(work, stored, next, Some(&consent)).await?;
            let reference = Reference::parse(&stored.reference).ok_or_else(|| damaged("reference"))?;
            return Ok(Told::Allowed(reference));
        }
        for (stored, next, _) in &tried {
            self.settle(work, stored, next, Cause::TriesSpent).await?;
        }
        // One message is one guess in each citizen's name, at however many requests it was a try.
        let guessed: BTreeSet<&str> = tried.iter().map(|(stored, ..)| stored.subject.as_str()).collect();
        for subject in guessed {
            let now = self.clock.now();
            let wrong = wrong_of(work, subject, now).await?;
            self.guessed(work, subject, wrong, now).await?;
        }
        if tried.is_empty() && !was_asked(work, sender).await? {
            tracing::warn!("an OK came from a number that was never asked for one: a spoof, or a slip");
        }
        Ok(told(tried.iter().map(|(_, _, answer)| *answer)))
    }
}

/// What the sender of a wrong `OK` is told: tries that are left at each request that still waits.
fn told(answers: impl Iterator<Item = PasscodeAnswer>) -> Told {
    let mut told = Told::NothingWaits;
    for answer in answers {
        told = match (answer, told) {
            (PasscodeAnswer::Wrong { tries_left }, Told::Wrong { tries_left: others }) => {
                Told::Wrong { tries_left: tries_left.min(others) }
            }
            (PasscodeAnswer::Wrong { tries_left }, _) => Told::Wrong { tries_left },
            (_, told @ Told::Wrong { .. }) => told,
            (_, _) => Told::Locked,
        };
    }
    told
}

/// What waits for an `OK` from this number, in the order in which a `NO` takes its locks too.
async fn waiting(work: &mut Work, sender: &str, now: Timestamp) -> Result<Vec<String>, SqlError> {
    let waiting = sqlx::query_scalar(
        "SELECT r.id_hash FROM auth_request r JOIN contact c ON c.subject = r.subject \
         WHERE c.lookup = $1 AND r.mode = $2 AND r.state = 'sent' AND r.expires_at > $3 \
         ORDER BY r.created_at DESC, r.id_hash LIMIT $4",
    )
    .bind(sender)
    .bind(Mode::SmsReply.as_str())
    .bind(now.micros())
    .bind(limits::REPLIES_OPEN_MAX)
    .fetch_all(work.on())
    .await?;
    Ok(waiting)
}

/// Whether anybody at this number was ever asked for an `OK`: whoever was may be late, or have answered before.
async fn was_asked(work: &mut Work, sender: &str) -> Result<bool, SqlError> {
    let asked: i64 = sqlx::query_scalar(
        "SELECT COUNT(*) FROM auth_request r JOIN contact c ON c.subject = r.subject WHERE c.lookup = $1 AND r.mode = $2",
    )
    .bind(sender)
    .bind(Mode::SmsReply.as_str())
    .fetch_one(work.on())
    .await?;
    Ok(asked > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c30_the_fewest_tries_that_are_left_are_told() {
        use PasscodeAnswer::{Denied, Wrong};
        let check = |answers: &[PasscodeAnswer], expected| {
            assert_eq!(told(answers.iter().copied()), expected, "{answers:?}");
        };
        let (two, one) = (Wrong { tries_left: 2 }, Wrong { tries_left: 1 });
        check(&[], Told::NothingWaits);
        check(&[two], Told::Wrong { tries_left: 2 });
        check(&[one, two], Told::Wrong { tries_left: 1 });
        check(&[two, one], Told::Wrong { tries_left: 1 });
        check(&[Denied, two], Told::Wrong { tries_left: 2 });
        check(&[two, Denied], Told::Wrong { tries_left: 2 });
        check(&[Denied], Told::Locked);
        check(&[Denied, Denied], Told::Locked);
    }
}
