//! The law against the one that was released last: what is wider is found, named and shown; what is narrower or quoted by a
//! waiver passes; a waiver that quotes nothing does not.

use policies::source::Source;
use prove::{Failure, Law, Prover, Released};

use super::support::{changed, cvc5, findings, replaced, told};

/// What is wider than the released law and quoted by nobody, and what a waiver quotes.
fn wider(released: &Source, candidate: &Source, waivers: &str) -> (Vec<Failure>, Vec<Failure>) {
    let released = Released::of(1, released, waivers).unwrap_or_else(|error| panic!("{error}"));
    let law = Law::read(candidate).unwrap_or_else(|error| panic!("{error}"));
    Prover::start(&law, &cvc5()).unwrap().wider(&released).unwrap_or_else(|error| panic!("{error}"))
}

/// The words of each, without the requests that show it; each request is one that Cedar's authoriser decides so.
fn said(failures: &[Failure]) -> Vec<String> {
    for failure in failures {
        assert!(failure.example.as_ref().is_none_or(|example| example.confirmed), "{failure:?}");
    }
    failures.iter().map(|failure| failure.said.clone()).collect()
}

/// What is wider than the law as it stands, when no waiver speaks.
fn found(candidate: &Source) -> Vec<String> {
    said(&wider(&Source::embedded(), candidate, "").0)
}

const BASIC: &str = "domains/nser/N03-household-basic.cedar";

/// The role Basic with at most so many rows.
fn with_rows(most: usize) -> Source {
    changed(BASIC, "context.role ==", &format!("context.rows <= {most} && context.role =="))
}

const WIDER: &str = "searchHouseholdByCnic by User: `N03-household-basic` permits what generation 1 refused";

fn waiver(action: &str, permit: &str) -> String {
    format!(
        "[[waiver]]\naction = \"{action}\"\ncaller = \"User\"\npermit = \"{permit}\"\n\
         approved = [\"Director General\", \"Secretary\"]\nwhy = \"S3 8.2.2 as amended\"\n"
    )
}

#[test]
fn the_law_as_it_stands_is_no_wider_than_the_released_one() {
    let found = findings(&Source::embedded(), "TH06");
    assert_eq!((found.len(), told(&found).as_str()), (1, ""));
}

#[test]
fn a_row_bound_that_is_widened_is_found_with_a_request_that_shows_it() {
    let (failures, waived) = wider(&with_rows(1), &with_rows(10), "");
    assert_eq!((said(&failures), waived.len()), (vec![WIDER.to_owned()], 0));
    let lines = failures[0].example.as_ref().unwrap().lines().join("\n");
    for word in ["action     searchHouseholdByCnic", "rows ", "role \"Basic\""] {
        assert!(lines.contains(word), "{word}: {lines}");
    }
}

#[test]
fn what_is_narrower_passes() {
    assert_eq!(said(&wider(&with_rows(10), &with_rows(1), "").0), [""; 0]);
    assert_eq!(found(&Source::embedded().without(BASIC)), [""; 0]);
    let more = "@id(\"X01-more\")@authority(\"test\")@reason(\"policy_denied\")forbid (principal, action, resource)\
                when { context.rows > 100 };";
    assert_eq!(found(&Source::embedded().with("guardrails/X01-more.cedar", more)), [""; 0]);
}

#[test]
fn a_forbid_that_is_gone_is_found_wherever_it_held_something_back() {
    let found = found(&Source::embedded().without("domains/nser/N04-forum.cedar"));
    // N11 asks an export for the Board by itself, so nothing of it was held back by N04 alone.
    let expected = [
        "readPmtBand by User: `N13-band`",
        "searchHouseholdByCnic by User: `N01-household-power`",
        "searchHouseholdByCnic by User: `N02-household-standard`",
        "searchHouseholdByCnic by User: `N03-household-basic`",
        "searchHouseholdByCnic by User: `N12-household-by-consent`",
        "searchHouseholdByCnic by User: `T10-board-payments`",
        "searchHouseholdsByAddress by User: `N06-list-power`",
        "searchHouseholdsByAddress by User: `N07-list-standard`",
        "searchHouseholdsByAddress by User: `N08-list-basic`",
        "searchHouseholdsByAddress by User: `T10-board-payments`",
        "searchHouseholdsByPmt by User: `N06-list-power`",
        "searchHouseholdsByPmt by User: `N07-list-standard`",
        "searchHouseholdsByPmt by User: `N08-list-basic`",
        "searchHouseholdsByPmt by User: `T10-board-payments`",
    ];
    let mut told: Vec<_> = found.iter().map(|it| it.trim_end_matches(" permits what generation 1 refused")).collect();
    told.sort_unstable();
    assert_eq!(told, expected);
}

#[test]
fn a_waiver_lets_pass_what_it_quotes_and_shows_it() {
    let quoted = waiver("searchHouseholdByCnic", "N03-household-basic");
    let (failures, waived) = wider(&with_rows(1), &with_rows(10), &quoted);
    assert_eq!(said(&failures), [""; 0]);
    let expected = format!("{WIDER}; waived by Director General and Secretary: S3 8.2.2 as amended");
    assert_eq!(said(&waived), [expected]);
    assert!(waived[0].example.is_some());
}

#[test]
fn a_waiver_that_quotes_nothing_found_is_refused() {
    let quoted = waiver("searchHouseholdByCnic", "N03-household-basic");
    let stale = "searchHouseholdByCnic by User: `N03-household-basic`: a waiver quotes it, and nothing there is wider";
    assert_eq!(said(&wider(&with_rows(1), &with_rows(1), &quoted).0), [stale]);
}

#[test]
fn a_waiver_for_another_action_or_permit_lets_nothing_pass() {
    for (action, permit) in
        [("exportHouseholds", "N03-household-basic"), ("searchHouseholdByCnic", "N02-household-standard")]
    {
        let (failures, waived) = wider(&with_rows(1), &with_rows(10), &waiver(action, permit));
        let stale = format!("{action} by User: `{permit}`: a waiver quotes it, and nothing there is wider");
        assert_eq!((said(&failures), waived.len()), (vec![WIDER.to_owned(), stale], 0));
    }
}

#[test]
fn a_duty_that_is_dropped_is_found() {
    let found = found(&changed("domains/nser/N08-list-basic.cedar", "log;meter;sample_1pct", "log;meter"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|said| said.contains("`N08-list-basic` permits what generation 1 refused")), "{found:?}");
    let more = changed("domains/nser/N06-list-power.cedar", "log;meter", "log;meter;subject_only");
    assert_eq!(said(&wider(&Source::embedded(), &more, "").0), [""; 0], "a duty more is narrower");
}

const SCHEMA: &str = "schema/ijazat.cedarschema";

#[test]
fn an_action_that_was_not_known_is_wholly_new() {
    let tallies = changed(
        SCHEMA,
        "action readAccesses in [using]",
        "action tally in [using] appliesTo { principal: [User], resource: [Datatype], context: Facts };\n  action readAccesses in [using]",
    );
    assert_eq!(found(&tallies), [""; 0], "nothing permits it");
    let permit = "@id(\"X02-tally\")@authority(\"test\")@obligation(\"log\")
        permit (principal, action == Ijazat::Action::\"tally\", resource);";
    let permitted = tallies.with("domains/x/X02-tally.cedar", permit);
    assert_eq!(found(&permitted), ["tally by User: `X02-tally` permits what generation 1 refused"]);
}

#[test]
fn a_word_that_was_not_known_is_told() {
    let embassy = changed(SCHEMA, "\"Citizen\", \"Other\"]", "\"Citizen\", \"Other\", \"Embassy\"]");
    let told = "`Sector::Embassy`: generation 1 knew no such word, so no request had it";
    assert_eq!(found(&embassy), [told]);
    let quoted = "[[waiver]]\nword = \"Sector::Embassy\"\napproved = [\"A\", \"B\"]\nwhy = \"law\"\n";
    let (failures, waived) = wider(&Source::embedded(), &embassy, quoted);
    assert_eq!((failures.len(), said(&waived)), (0, vec![format!("{told}; waived by A and B: law")]));
}

#[test]
fn a_group_that_an_action_leaves_takes_its_guardrails_along() {
    let left = changed(SCHEMA, "action readAccesses in [using]", "action readAccesses in [byAgency]");
    assert_eq!(found(&left), ["readAccesses by User: `A01-auditor` permits what generation 1 refused"]);
    let own = "action fetchToken, readReceipt, readUsage, readSelf in [ownAffairs]";
    let moved = changed(SCHEMA, own, &own.replace("ownAffairs", "ownAffairs, using"));
    assert_eq!(found(&moved), [""; 0], "more guardrails are narrower");
}

#[test]
fn a_forbid_of_the_released_law_that_asks_for_changed_groups_forbids_all_of_it() {
    let asks = "@id(\"X03-asks\")@authority(\"test\")@reason(\"policy_denied\")
        forbid (principal, action, resource) when { action in Ijazat::Action::\"using\" && context.rows > 5 };";
    let released = Source::embedded().with("guardrails/X03-asks.cedar", asks);
    assert_eq!(said(&wider(&released, &released, "").0), [""; 0]);
    let moved =
        replaced(released.clone(), SCHEMA, "action readAccesses in [using]", "action readAccesses in [underAgreement]");
    let found = said(&wider(&released, &moved, "").0);
    assert_eq!(found, ["readAccesses by User: `A01-auditor` permits what generation 1 refused"]);
}

#[test]
fn a_released_policy_that_the_schema_cannot_read_any_more_permits_nothing_and_forbids_all() {
    let released = Source::embedded();
    let gone = replaced(released.clone(), SCHEMA, "hasSubject: Bool", "hasSubject?: Bool");
    // Every policy that reads it now asks first whether it is there; the released ones cannot be read.
    let files: Vec<String> = released.matching("", ".cedar").map(|(file, _)| file.to_owned()).collect();
    let candidate = files.iter().fold(gone, |source, file| {
        let text =
            source.file(file).unwrap().replace("context.hasSubject", "(context has hasSubject && context.hasSubject)");
        source.with(file, &text)
    });
    let found = said(&wider(&released, &candidate, "").0);
    assert!(found.iter().any(|said| said.starts_with("readAccesses by User: `A01-auditor`")), "{found:?}");
    assert!(!found.iter().any(|said| said.starts_with("readUsage")), "what does not read it is as before: {found:?}");
}
