//! What the console shows of applications and proposals.

use std::fmt::Write as _;

use adapters::{clock::SystemClock, sql::control::Proposal};
use exchange::{
    catalogue::Catalogue,
    day::Day,
    directory::DirectoryData,
    onboarding::{Case, Rules, checklist::checklist, forum::RequestKind},
    ports::clock::Clock as _,
    timestamp::Timestamp,
};

/// The present.
pub(super) fn now() -> Timestamp {
    SystemClock.now()
}

/// One application: where it stands, who decides, its clock, and each thing that it must bring.
pub(super) fn application(
    case: &Case,
    catalogue: &Catalogue,
    rules: &Rules,
    directory: &DirectoryData,
    now: Timestamp,
) -> String {
    let request = RequestKind::of(&case.application, catalogue, directory, now);
    let mut text = format!("{} {} {}\n", case.id, case.application.agency, case.state.as_str());
    // Writing to a String cannot fail.
    let _ = writeln!(text, "decided by {}; {}", request.forum(), clock(case, rules, now));
    let items = Day::of(now).map(|today| checklist(&case.application, rules, today)).unwrap_or_default();
    for item in &items {
        let mark = if item.there { "ok     " } else { "MISSING" };
        let _ = writeln!(text, "  {mark} {}: {}\n          {}", item.id, item.title, item.title_ur);
    }
    text
}

fn clock(case: &Case, rules: &Rules, now: Timestamp) -> String {
    match case.clock(rules, now) {
        None => "no clock: not handed in, or beyond the calendar of holidays".to_owned(),
        Some(clock) => {
            let word = match (clock.stopped.is_some(), clock.breached) {
                (false, false) => "in time so far",
                (false, true) => "BREACHED",
                (true, false) => "served in time",
                (true, true) => "served too late",
            };
            format!("{} within {} working days, due {}: {word}", clock.name, clock.working_days, clock.due)
        }
    }
}

/// One proposal with its whole entry.
pub(super) fn proposal(proposal: &Proposal) -> String {
    let entry = serde_json::to_string_pretty(&proposal.change).unwrap_or_default();
    format!("{} proposed by {} at {}\n{entry}\n", proposal.id, proposal.by, proposal.at.rfc3339())
}

/// Every application, then every proposal that waits, one a line.
pub(super) fn list(cases: &[Case], open: &[Proposal], rules: &Rules, now: Timestamp) -> String {
    let mut text = String::new();
    for case in cases {
        let agency = &case.application.agency;
        let _ = writeln!(text, "{} {agency} {}; {}", case.id, case.state.as_str(), clock(case, rules, now));
    }
    for proposal in open {
        let agency = proposal.agency.as_deref().unwrap_or("-");
        let (kind, at) = (proposal.change.kind(), proposal.at.rfc3339());
        let _ = writeln!(text, "{} {kind} {agency} open, proposed by {} at {at}", proposal.id, proposal.by);
    }
    if text.is_empty() {
        text.push_str("no application and no open proposal\n");
    }
    text
}
