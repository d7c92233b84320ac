//! How much a citizen is asked, and how often others may guess in a citizen's name: beyond it a request looks like one that nobody
//! answers (consent.md, 5.4 and 7, "Fatigue").

use super::details::Channel;
use crate::{limits, timestamp::Timestamp};

/// What was asked of one citizen of late, and what came of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Requests of all agencies that wait for the citizen.
    pub open: i64,
    /// Requests of the agency that asks now, of the last day, that the citizen did not answer.
    pub unanswered: i64,
    /// Whether the citizen refused this agency so often that it shall be silent.
    pub refused_often: bool,
    /// Wrong passcodes at all agencies, of the last thirty days or since the citizen unlocked.
    pub wrong: i64,
    /// Whether the citizen wants to be asked by nobody.
    pub locked: bool,
    /// Whether the citizen wants not to be asked by this agency.
    pub blocked: bool,
}

/// Why a citizen is not asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// The citizen locked consents.
    Locked,
    /// The citizen blocked this agency.
    Blocked,
    /// Others guessed too often in the citizen's name.
    Guessed,
    /// The citizen refused this agency twice within a day.
    Refused,
    /// The agency's requests of today go unanswered.
    Unanswered,
    /// Too many requests wait already.
    Open,
    /// It is night, and the citizen is not at a counter.
    Night,
}

impl Spared {
    /// Every reason.
    pub const ALL: [Self; 7] =
        [Self::Locked, Self::Blocked, Self::Guessed, Self::Refused, Self::Unanswered, Self::Open, Self::Night];

    /// The word for operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Blocked => "blocked",
            Self::Guessed => "guessed",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::Open => "open",
            Self::Night => "night",
        }
    }
}

impl History {
    /// Whether others have guessed as often as they may.
    #[must_use]
    pub const fn guesses_are_spent(&self) -> bool {
        self.wrong >= limits::WRONG_PASSCODES_MAX
    }

    /// Why the citizen is not asked now; `None` when nothing speaks against it. The request itself is not in the history.
    #[must_use]
    pub fn spared(&self, channel: Channel, at: Timestamp) -> Option<Spared> {
        if self.locked {
            return Some(Spared::Locked);
        }
        if self.blocked {
            return Some(Spared::Blocked);
        }
        if self.guesses_are_spent() {
            return Some(Spared::Guessed);
        }
        if self.refused_often {
            return Some(Spared::Refused);
        }
        if self.unanswered >= limits::UNANSWERED_A_DAY_MAX {
            return Some(Spared::Unanswered);
        }
        if self.open >= limits::OPEN_REQUESTS_MAX {
            return Some(Spared::Open);
        }
        (channel == Channel::Remote && is_night(at)).then_some(Spared::Night)
    }
}

/// Whether it is between ten in the evening and seven in the morning in Karachi.
fn is_night(at: Timestamp) -> bool {
    !(limits::QUIET_UNTIL_HOUR..limits::QUIET_FROM_HOUR).contains(&at.karachi_hour())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 28 November 2026, at this hour in Karachi.
    fn at(hour: i64) -> Timestamp {
        Timestamp::from_micros((1_795_806_000 + hour * 3_600) * 1_000_000)
    }

    #[test]
    fn c15_c19_each_bound_holds_at_its_number_and_not_before() {
        let check = |history: History, expected: Option<Spared>| {
            assert_eq!(history.spared(Channel::Counter, at(12)), expected, "{history:?}");
        };
        let calm = History::default();
        check(calm, None);
        check(History { open: 2, unanswered: 4, wrong: 9, ..calm }, None);
        check(History { open: 3, ..calm }, Some(Spared::Open));
        check(History { unanswered: 5, ..calm }, Some(Spared::Unanswered));
        check(History { wrong: 10, ..calm }, Some(Spared::Guessed));
        check(History { refused_often: true, ..calm }, Some(Spared::Refused));
        check(History { locked: true, ..calm }, Some(Spared::Locked));
        check(History { blocked: true, ..calm }, Some(Spared::Blocked));
    }

    #[test]
    fn c19_at_night_nobody_is_asked_from_afar() {
        let check = |hour: i64, night: bool| {
            let spared = |channel| History::default().spared(channel, at(hour));
            assert_eq!(at(hour).karachi_hour(), u8::try_from(hour).unwrap());
            assert_eq!(spared(Channel::Remote), night.then_some(Spared::Night), "{hour}");
            assert_eq!(spared(Channel::Counter), None, "{hour}");
        };
        for hour in 0..24 {
            check(hour, !(7..22).contains(&hour));
        }
    }

    #[test]
    fn every_reason_has_a_word_of_its_own() {
        let words: std::collections::BTreeSet<_> = Spared::ALL.iter().map(|spared| spared.as_str()).collect();
        assert_eq!(words.len(), Spared::ALL.len());
    }
}
