//! Planted faults in what is told least: predicates, the band, reports, the citizen's own record, consents beside programmes.

use policies::source::Source;

use super::{faults::caught_with, support::changed};

#[test]
fn a_predicate_that_tells_more_is_found() {
    let file = "domains/identity/I04-match-only.cedar";
    let wide = changed(file, "Ijazat::Datatype::\"identity.living\",", "Ijazat::Datatype::\"identity.birth\",");
    caught_with(&wide, "TH16", &["answerPredicates by User", "identity.birth"]);
}

#[test]
fn a_score_that_a_bank_learns_by_consent_is_found() {
    let open = Source::embedded().without("domains/nser/N14-score-to-the-state.cedar");
    caught_with(&open, "TH44", &["searchHouseholdByCnic by User", "nser.pmt"]);
}

#[test]
fn a_report_whose_design_nobody_approved_is_found() {
    let file = "domains/report/R02-approved-design.cedar";
    caught_with(&Source::embedded().without(file), "TH45", &["viewReport", "report:"]);
    let withdrawn = changed(file, "  !context.report.revoked &&\n", "");
    caught_with(&withdrawn, "TH45", &["report:", "revoked true"]);
    let lowered = changed(file, "Ijazat::Forum::\"DG_NSER\",", "Ijazat::Forum::\"NADRA\",");
    caught_with(&lowered, "TH45", &["report:", "forum \"NADRA\""]);
}

#[test]
fn a_citizens_record_that_is_more_than_the_citizens_own_is_found() {
    let file = "guardrails/G19-citizens-own.cedar";
    caught_with(&Source::embedded().without(file), "TH46", &["by Citizen"]);
    let lent = changed(file, " && !(context has agency)", "");
    caught_with(&lent, "TH46", &["by Citizen", "agency:"]);
}

#[test]
fn a_dead_programme_that_widens_a_consent_is_found() {
    let file = "guardrails/G37-programme-decides.cedar";
    caught_with(&Source::embedded().without(file), "TH47", &["programme:", "consent:"]);
    let revoked = changed(file, "  !context.programme.revoked &&\n", "");
    caught_with(&revoked, "TH47", &["programme:", "revoked true"]);
}

#[test]
fn a_band_that_comes_with_another_search_and_more_that_comes_with_the_band_are_found() {
    let file = "domains/nser/N05-consent-alone.cedar";
    let (action, band) = ("action == Ijazat::Action::\"readPmtBand\"", "resource == Ijazat::Datatype::\"nser.band\"");
    let elsewhere = changed(file, &format!("({action} && {band})"), &format!("({band})"));
    caught_with(&elsewhere, "TH48", &["nser.band", "consent:"]);
    let more = changed(file, &format!("({action} && {band})"), &format!("({action})"));
    caught_with(&more, "TH48", &["readPmtBand by User", "consent:"]);
}
