//! The course of one application: draft → received → complete → approved → in force, or refused; and its clock.

use serde::{Deserialize, Serialize};

use super::{
    application::{Application, Wants},
    checklist::{Item, missing},
    forum::may_decide,
    rules::Rules,
};
use crate::{classification::Forum, day::Day, timestamp::Timestamp};

/// How far an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Written, not handed in.
    Draft,
    /// Handed in; the clock runs.
    Received,
    /// A registrar saw all that it must bring.
    Complete,
    /// The right forum said yes.
    Approved,
    /// The right forum said no.
    Refused,
    /// An agreement that it asked for is in force; the clock stands.
    InForce,
}

impl State {
    /// The word in the store and on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Received => "received",
            Self::Complete => "complete",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::InForce => "in-force",
        }
    }
}

/// A forum's word on an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The application.
    pub application: String,
    /// The forum that decided.
    pub forum: Forum,
    /// Where its decision stands, such as the number of the minutes.
    pub minutes: String,
    /// Yes or no.
    pub approves: bool,
}

/// One application with what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name in the store.
    pub id: String,
    /// What was asked.
    pub application: Application,
    /// How far it is.
    pub state: State,
    /// When it was handed in first.
    pub received_at: Option<Timestamp>,
    /// When it was found complete.
    pub complete_at: Option<Timestamp>,
    /// What was decided.
    pub verdict: Option<Verdict>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// When its first agreement came into force.
    pub in_force_at: Option<Timestamp>,
}

/// Why an application does not move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// It is not in a state from which this is possible.
    #[error("the application is {}", .0.as_str())]
    State(State),
    /// It lacks something.
    #[error("the application lacks {}", .0.iter().map(|item| item.id.as_str()).collect::<Vec<_>>().join(", "))]
    Lacks(Vec<Item>),
    /// Another forum has to decide.
    #[error("{0} decides this, not {1}")]
    Forum(Forum, Forum),
    /// The forum's decision is not said to stand anywhere.
    #[error("the decision names no minutes")]
    Minutes,
}

impl Case {
    /// An application that nobody was handed yet.
    #[must_use]
    pub fn draft(id: impl Into<String>, application: Application) -> Self {
        Self {
            id: id.into(),
            application,
            state: State::Draft,
            received_at: None,
            complete_at: None,
            verdict: None,
            decided_at: None,
            in_force_at: None,
        }
    }

    /// Hands it in, or in again with another text while nobody found it complete. The clock runs from the first time.
    ///
    /// # Errors
    /// [`Stuck::State`].
    pub fn receive(&mut self, application: Application, now: Timestamp) -> Result<(), Stuck> {
        if !matches!(self.state, State::Draft | State::Received) {
            return Err(Stuck::State(self.state));
        }
        self.application = application;
        self.state = State::Received;
        self.received_at.get_or_insert(now);
        Ok(())
    }

    /// Finds it complete, as a registrar who has the papers in hand does.
    ///
    /// # Errors
    /// [`Stuck::Lacks`] with all that is not there; [`Stuck::State`].
    pub fn complete(&mut self, rules: &Rules, now: Timestamp) -> Result<(), Stuck> {
        match self.state {
            State::Complete => return Ok(()),
            State::Received => {}
            other => return Err(Stuck::State(other)),
        }
        // No checklist can be gone through at an instant without a day: a broken clock completes nothing.
        let today = Day::of(now).ok_or(Stuck::State(self.state))?;
        let lacks = missing(&self.application, rules, today);
        if !lacks.is_empty() {
            return Err(Stuck::Lacks(lacks));
        }
        self.state = State::Complete;
        self.complete_at = Some(now);
        Ok(())
    }

    /// Takes the forum's decision; `asked` is the forum that has to decide.
    ///
    /// # Errors
    /// [`Stuck`].
    pub fn decide(&mut self, verdict: Verdict, asked: Forum, now: Timestamp) -> Result<(), Stuck> {
        if self.state != State::Complete {
            return Err(Stuck::State(self.state));
        }
        if !may_decide(verdict.forum, asked) {
            return Err(Stuck::Forum(asked, verdict.forum));
        }
        if verdict.minutes.trim().is_empty() {
            return Err(Stuck::Minutes);
        }
        self.state = if verdict.approves { State::Approved } else { State::Refused };
        self.verdict = Some(verdict);
        self.decided_at = Some(now);
        Ok(())
    }

    /// Notes that an agreement which it asked for is in force.
    ///
    /// # Errors
    /// [`Stuck::State`].
    pub fn take_effect(&mut self, now: Timestamp) -> Result<(), Stuck> {
        match self.state {
            State::Approved => {
                self.state = State::InForce;
                self.in_force_at = Some(now);
                Ok(())
            }
            // Another agreement under the same approval.
            State::InForce => Ok(()),
            other => Err(Stuck::State(other)),
        }
    }

    /// Whether a forum approved it.
    #[must_use]
    pub fn approved(&self) -> bool {
        matches!(self.state, State::Approved | State::InForce)
    }

    /// Its clock; `None` before it was handed in and where the calendar does not reach.
    #[must_use]
    pub fn clock(&self, rules: &Rules, now: Timestamp) -> Option<Clock> {
        let started = self.received_at?;
        let (name, working_days) = match self.application.wants {
            Wants::StatisticalReport => ("statistical-report", rules.timelines.statistical_report),
            Wants::OnlineAccess | Wants::CompleteExport => ("online-access", rules.timelines.online_access),
            Wants::SampleData => ("sample-data", rules.timelines.sample_data),
        };
        let due = rules.calendar.due(started, working_days)?;
        let stopped = match self.state {
            State::Refused => self.decided_at,
            _ => self.in_force_at,
        };
        let breached = stopped.unwrap_or(now) >= due.until();
        Some(Clock { name, working_days, started, due, stopped, breached })
    }
}

/// A promise of S3 §8.5 and whether it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// What was promised.
    pub name: &'static str,
    /// Within how many working days.
    pub working_days: u16,
    /// When the application was handed in.
    pub started: Timestamp,
    /// The last day in time.
    pub due: Day,
    /// When it was served or refused.
    pub stopped: Option<Timestamp>,
    /// Whether that was, or is by now, too late.
    pub breached: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        classification::Sector,
        onboarding::testing::{application, now, rules},
    };

    fn verdict(forum: Forum, approves: bool) -> Verdict {
        Verdict { application: "app-1".into(), forum, minutes: "47/2026".into(), approves }
    }

    fn received(sector: Sector) -> Case {
        let mut case = Case::draft("app-1", application(sector));
        case.receive(application(sector), now()).unwrap();
        case
    }

    #[test]
    fn an_application_goes_its_course() {
        let mut case = received(Sector::Private);
        assert_eq!(case.take_effect(now()), Err(Stuck::State(State::Received)));
        assert_eq!(
            case.decide(verdict(Forum::BispBoard, true), Forum::DgNser, now()),
            Err(Stuck::State(State::Received))
        );
        case.complete(&rules(), now()).unwrap();
        assert_eq!(case.receive(application(Sector::Private), now()), Err(Stuck::State(State::Complete)));
        let wrong = case.decide(verdict(Forum::DgNser, true), Forum::SecretaryBisp, now());
        assert_eq!(wrong, Err(Stuck::Forum(Forum::SecretaryBisp, Forum::DgNser)));
        let unwritten = Verdict { minutes: " ".into(), ..verdict(Forum::SecretaryBisp, true) };
        assert_eq!(case.decide(unwritten, Forum::SecretaryBisp, now()), Err(Stuck::Minutes));
        case.decide(verdict(Forum::SecretaryBisp, true), Forum::SecretaryBisp, now()).unwrap();
        assert!(case.approved());
        case.take_effect(now()).unwrap();
        case.take_effect(now().plus_seconds(9)).unwrap();
        assert_eq!((case.state, case.in_force_at), (State::InForce, Some(now())));
    }

    #[test]
    fn no_type_is_complete_without_its_condition() {
        for client in &rules().clients {
            let mut case = received(client.sector);
            case.application.documents.retain(|paper| !client.documents.contains(&paper.kind));
            let stuck = case.complete(&rules(), now()).unwrap_err();
            assert_eq!(stuck.to_string(), "the application lacks condition", "{}", client.sector);
            assert_eq!(case.state, State::Received);
        }
    }

    #[test]
    fn a_clock_outside_the_calendar_completes_nothing() {
        let mut case = received(Sector::Private);
        let nowhen = Timestamp::from_micros(i64::MAX);
        assert_eq!(case.complete(&rules(), nowhen), Err(Stuck::State(State::Received)));
        assert_eq!((case.state, case.complete_at), (State::Received, None));
    }

    #[test]
    fn the_clock_runs_from_receipt_to_service_and_shows_its_breach() {
        // Received on a Thursday: five working days are the next Thursday.
        let mut case = received(Sector::Private);
        let clock = case.clock(&rules(), now()).unwrap();
        assert_eq!(
            (clock.name, clock.due.to_string().as_str(), clock.breached),
            ("online-access", "2026-12-03", false)
        );
        let last = Timestamp::from_micros(clock.due.until().micros() - 1);
        assert!(!case.clock(&rules(), last).unwrap().breached);
        assert!(case.clock(&rules(), clock.due.until()).unwrap().breached);
        case.state = State::InForce;
        case.in_force_at = Some(last);
        assert!(!case.clock(&rules(), clock.due.until().plus_seconds(9_999_999)).unwrap().breached, "served in time");
        let report = received(Sector::Citizen).clock(&rules(), now()).unwrap();
        assert_eq!((report.name, report.due.to_string().as_str()), ("statistical-report", "2026-11-30"));
        assert_eq!(Case::draft("x", application(Sector::Private)).clock(&rules(), now()), None);
    }

    #[derive(Clone, Copy, Debug)]
    enum Step {
        Receive,
        Complete,
        Decide(Forum, bool),
        TakeEffect,
    }

    fn steps() -> impl Strategy<Value = Vec<(bool, Step)>> {
        let forum = prop::sample::select(Forum::ALL);
        let step = prop_oneof![
            Just(Step::Receive),
            Just(Step::Complete),
            (forum, any::<bool>()).prop_map(|(forum, yes)| Step::Decide(forum, yes)),
            Just(Step::TakeEffect),
        ];
        proptest::collection::vec((any::<bool>(), step), 1..30)
    }

    proptest! {
        /// Whatever is tried in whatever order: nothing is in force that was not whole and approved by the right forum,
        /// and what failed changed nothing.
        #[test]
        fn nothing_is_in_force_but_by_the_right_forum_on_a_whole_application(steps in steps()) {
            let (whole, asked) = (application(Sector::Private), Forum::SecretaryBisp);
            let mut part = whole.clone();
            part.documents.clear();
            let mut case = Case::draft("app-1", part.clone());
            for (with_papers, step) in steps {
                let before = case.clone();
                let done = match step {
                    Step::Receive => case.receive(if with_papers { whole.clone() } else { part.clone() }, now()),
                    Step::Complete => case.complete(&rules(), now()),
                    Step::Decide(forum, approves) => case.decide(verdict(forum, approves), asked, now()),
                    Step::TakeEffect => case.take_effect(now()),
                };
                prop_assert!(done.is_ok() || case == before);
                let decided = matches!(case.state, State::Approved | State::Refused | State::InForce);
                prop_assert_eq!(decided, case.verdict.as_ref().is_some_and(|v| may_decide(v.forum, asked)));
                prop_assert!(!decided || case.application == whole);
                prop_assert!(!case.approved() || case.verdict.as_ref().is_some_and(|verdict| verdict.approves));
            }
        }
    }
}
