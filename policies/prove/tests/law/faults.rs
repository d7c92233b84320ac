//! Planted faults: each changes the law's text, each is caught by a theorem, each with a request that Cedar's own authoriser
//! decides as the solver says. The untouched law proves the same theorems in `held`.

use policies::source::Source;
use prove::Finding;

use super::support::{changed, findings, findings_until_broken, replaced, told};

/// The theorem that a fault breaks, by name; what it told.
fn caught(source: &Source, theorem: &str) -> String {
    let found = findings_until_broken(source, theorem);
    assert!(found.iter().any(|finding| !finding.proved()), "{theorem} still holds");
    for failure in found.iter().flat_map(|finding| &finding.failures) {
        let example = failure.example.as_ref().unwrap_or_else(|| panic!("{}: no request shows it", failure.said));
        assert!(example.confirmed, "Cedar decides otherwise: {example:?}");
        let lines = example.lines();
        // Who, what, of what, the plain facts; at most eight instruments that a request can rest on; how it was replayed.
        assert!(lines.len() <= 13, "a counterexample is read in one look: {lines:#?}");
        assert!(lines.iter().all(|line| !line.contains("Ijazat::") && !line.contains("declare-")), "{lines:#?}");
    }
    told(&found)
}

/// The same, and what is told names all of `words`.
pub(crate) fn caught_with(source: &Source, theorem: &str, words: &[&str]) {
    let told = caught(source, theorem);
    for word in words {
        assert!(told.contains(word), "`{word}` is not in what was told:\n{told}");
    }
}

#[test]
fn a_guardrail_that_is_gone_is_missed() {
    let gone = Source::embedded().without("guardrails/G12-secret-needs-board.cedar");
    caught_with(&gone, "TH10", &["resource   Datatype", "class \"Secret\"", "searchHouseholdByCnic by User"]);
}

#[test]
fn a_forum_that_is_lowered_is_found() {
    let lowered = changed("guardrails/G12-secret-needs-board.cedar", "BISPBoard", "SecretaryBISP");
    caught_with(&lowered, "TH10", &["approval:", "forum \"SecretaryBISP\""]);
}

#[test]
fn an_approval_that_is_not_bound_to_its_service_is_found() {
    let anywhere = "context.approval.services.contains(context.service) &&";
    let secret = changed("guardrails/G12-secret-needs-board.cedar", anywhere, "");
    caught_with(&secret, "TH10", &["approval:", "class \"Secret\""]);
    let export = changed("domains/nser/N11-export-needs-board.cedar", anywhere, "");
    caught_with(&export, "TH26", &["exportHouseholds by User", "approval:"]);
}

#[test]
fn a_class_that_is_mistyped_is_found() {
    let mistyped = changed("guardrails/G12-secret-needs-board.cedar", "\"Secret\"", "\"Confidential\"");
    caught_with(&mistyped, "TH10", &["class \"Secret\""]);
}

#[test]
fn a_bound_that_is_widened_by_its_own_instant_is_found() {
    let file = "guardrails/G06-agreement-in-force.cedar";
    let widened =
        changed(file, "context.now < context.agreement.validUntil", "context.now <= context.agreement.validUntil");
    let told = caught(&widened, "TH12");
    let number = |name: &str| -> i64 {
        let rest = told.split(name).nth(1).unwrap_or_else(|| panic!("no {name} in {told}"));
        rest.split(|c: char| c != '-' && !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    };
    assert_eq!(number("now "), number("validUntil "), "the one instant that is too many");
}

#[test]
fn one_row_too_many_is_found() {
    let widened = changed(
        "guardrails/G16-row-limit.cedar",
        "context.rows <= context.agreement.rowLimit",
        "context.rows - 1 <= context.agreement.rowLimit",
    );
    caught_with(&widened, "TH14", &["rowLimit", "rows"]);
}

#[test]
fn consent_of_another_citizen_is_found() {
    let forgotten = changed("guardrails/G11-consent-covers.cedar", "context.consent.subjects &&", "");
    caught_with(&forgotten, "TH11", &["consent:", "subjects false"]);
}

#[test]
fn a_consent_guardrail_that_is_gone_is_missed() {
    let gone = Source::embedded().without("guardrails/G10-consent-or-basis.cedar");
    let told = caught(&gone, "TH11");
    assert!(told.contains("personal true") && !told.contains("consent:"), "{told}");
}

#[test]
fn a_consent_that_ended_is_found() {
    let widened = changed("guardrails/G11-consent-covers.cedar", " && context.now < context.consent.expiresAt", "");
    caught_with(&widened, "TH11", &["expiresAt"]);
}

#[test]
fn a_condition_that_is_not_met_is_found() {
    let forgotten = changed("guardrails/G01-agency-enabled.cedar", "|| !context.agency.conditionMet", "");
    caught_with(&forgotten, "TH12", &["conditionMet false"]);
}

#[test]
fn a_network_that_is_not_asked_for_is_found() {
    let gone = Source::embedded().without("guardrails/G05-network.cedar");
    caught_with(&gone, "TH12", &["inNetwork false"]);
    caught_with(&gone, "TH23", &["readUsage by Client", "inNetwork false"]);
}

#[test]
fn a_user_of_another_agency_is_found() {
    let forgotten = changed("guardrails/G03-user-of-agency.cedar", " && context.user.agency == context.agency.id", "");
    caught_with(&forgotten, "TH12", &["user:", "agency:"]);
}

#[test]
fn marketing_is_found() {
    let allowed = changed("guardrails/G09-purpose-allowed.cedar", "context.purpose.forbidden ||", "");
    caught_with(&allowed, "TH18", &["forbidden true"]);
}

#[test]
fn a_private_body_with_raw_fingerprints_is_found() {
    let widened = changed(
        "guardrails/G17-no-raw-biometric-to-private.cedar",
        "Ijazat::Sector::\"Local\"]",
        "Ijazat::Sector::\"Local\", Ijazat::Sector::\"Private\"]",
    );
    caught_with(&widened, "TH15", &["biometric true", "sector \"Private\""]);
    let gone = Source::embedded().without("guardrails/G17-no-raw-biometric-to-private.cedar");
    caught_with(&gone, "TH15", &["biometric true"]);
}

#[test]
fn a_yes_or_no_that_tells_more_is_found() {
    let file = "domains/identity/I01-yes-no.cedar";
    let more =
        changed(file, "resource == Ijazat::Datatype::\"identity.match\"", "resource in Ijazat::Domain::\"identity\"");
    assert!(findings(&more, "TH16").iter().all(Finding::proved), "I04 holds it all the same");
    let more = more.without("domains/identity/I04-match-only.cedar");
    caught_with(&more, "TH16", &["verifyYesNo by User", "Domain \"identity\""]);
}

#[test]
fn an_access_log_that_is_open_to_banks_is_found() {
    let open = Source::embedded().without("domains/audit/A02-auditors-only.cedar");
    let found = findings(&open, "TH17");
    assert!(found[0].proved() && !found[1].proved(), "the permit alone holds until another is added");
    caught_with(&open, "TH17", &["readAccesses"]);
}

#[test]
fn a_directory_that_one_person_changes_is_found() {
    let alone = Source::embedded().without("domains/onboarding/OB08-second-person.cedar");
    caught_with(&alone, "TH41", &["decideProposal by User", "proposal:"]);
    let anyones = Source::embedded().without("domains/onboarding/OB05-operators-only.cedar");
    caught_with(&anyones, "TH41", &["by User"]);
    let unsigned = Source::embedded().without("domains/onboarding/OB07-registrars-sign.cedar");
    caught_with(&unsigned, "TH41", &["asserted false"]);
}

#[test]
fn a_role_above_the_agreements_is_found() {
    let gone = Source::embedded().without("guardrails/G15-role-ceiling.cedar");
    caught_with(&gone, "TH22", &["role"]);
    let unsigned = Source::embedded().without("guardrails/G13-user-signs.cedar");
    caught_with(&unsigned, "TH24", &["asserted false"]);
}

#[test]
fn a_secret_for_the_role_basic_is_found() {
    let gone = Source::embedded().without("guardrails/G14-role-floor.cedar");
    caught_with(&gone, "TH13", &["class \"Secret\"", "role \"Basic\""]);
}

#[test]
fn an_agency_that_nobody_knows_is_found() {
    let gone = Source::embedded().without("guardrails/G02-agency-known.cedar");
    let told = caught(&gone, "TH23");
    assert!(told.contains("principal  Client") && !told.contains("agency:"), "{told}");
}

#[test]
fn what_leaves_without_an_agreement_is_found() {
    let gone = Source::embedded().without("guardrails/G18-public-without-agreement.cedar");
    caught_with(&gone, "TH19", &["readCheckpoint by Anyone", "resource   Datatype"]);
    caught_with(&gone, "TH20", &["readUsage by Client"]);
    let gone = Source::embedded().without("domains/vital/V02-notice-names-nobody.cedar");
    caught_with(&gone, "TH21", &["noticeDeath by User", "personal true"]);
}

#[test]
fn an_agency_outside_its_row_is_found() {
    let feeds = Source::embedded().without("guardrails/G30-kind-feeds.cedar");
    caught_with(&feeds, "TH30", &["noticeDeath by User"]);
    let uses = changed("guardrails/G31-kind-uses.cedar", " && context.kindUses", "");
    caught_with(&uses, "TH30", &["kindUses false"]);
    let unregistered = changed("guardrails/G31-kind-uses.cedar", " && context.agency.userAgency", "");
    caught_with(&unregistered, "TH30", &["userAgency false"]);
    let stray = changed(
        "schema/ijazat.cedarschema",
        "action readAccesses in [using]",
        "action readAccesses in [underAgreement]",
    );
    caught_with(&stray, "TH30", &["readAccesses by User"]);
}

#[test]
fn a_client_with_more_than_its_type_may_have_is_found() {
    let gone = Source::embedded().without("guardrails/G32-citizens-statistics-only.cedar");
    caught_with(&gone, "TH31", &["sector \"Citizen\""]);
    let asking = changed(
        "guardrails/G32-citizens-statistics-only.cedar",
        "resource == Ijazat::Datatype::\"exchange.consent\"",
        "resource == Ijazat::Datatype::\"exchange.self\"",
    );
    caught_with(&asking, "TH31", &["sector \"Citizen\"", "resource   Datatype \"exchange.consent\""]);
    let lowered = changed("guardrails/G33-other-by-secretary.cedar", "SecretaryBISP", "DG_NSER");
    caught_with(&lowered, "TH32", &["sector \"Other\"", "forum \"DG_NSER\""]);
}

#[test]
fn a_search_among_all_without_a_ground_is_found() {
    let gone = Source::embedded().without("domains/identity/I08-identify-grounds.cedar");
    caught_with(&gone, "TH33", &["identifyByBiometric by User"]);
    let hospitals = changed(
        "domains/identity/I08-identify-grounds.cedar",
        "context.agency.kind == Ijazat::AgencyKind::\"LawEnforcement\"",
        "context.agency.kind == Ijazat::AgencyKind::\"Hospital\"",
    );
    caught_with(&hospitals, "TH33", &["kind \"CourtOrder\"", "kind \"Hospital\""]);
    let unnamed = changed("domains/identity/I08-identify-grounds.cedar", "context.namesCase && ", "");
    caught_with(&unnamed, "TH33", &["namesCase false"]);
    let alone = Source::embedded().without("domains/identity/I09-second-officer.cedar");
    caught_with(&alone, "TH33", &["kind \"VitalInterest\""]);
    let oneself = changed("domains/identity/I09-second-officer.cedar", " && context.second.id != principal", "");
    caught_with(&oneself, "TH33", &["second:"]);
}

#[test]
fn a_register_that_others_write_is_found() {
    let gone = Source::embedded().without("domains/vital/V06-registrars-only.cedar");
    caught_with(&gone, "TH34", &["registerBirth by User"]);
    let courts = changed(
        "domains/vital/V06-registrars-only.cedar",
        "action == Ijazat::Action::\"registerDivorce\"",
        "action != Ijazat::Action::\"registerDeath\"",
    );
    caught_with(&courts, "TH34", &["registerMarriage by User", "kind \"Court\""]);
}

#[test]
fn a_check_by_the_state_without_its_ground_is_found() {
    let gone = |file: &str| Source::embedded().without(&format!("domains/state/{file}.cedar"));
    caught_with(&gone("S02-list-for-borders"), "TH35", &["checkControlList by User"]);
    caught_with(&gone("S04-lawful-grounds"), "TH36", &["accessLawfully by User"]);
    caught_with(&gone("S06-licence-verify-only"), "TH37", &["checkLicence by User"]);
    let grounds = "domains/state/S04-lawful-grounds.cedar";
    let widened =
        changed(grounds, "Ijazat::Basis::\"Statute\"]", "Ijazat::Basis::\"Statute\", Ijazat::Basis::\"Programme\"]");
    caught_with(&widened, "TH36", &["kind \"Programme\""]);
    let raw = changed(grounds, " && !resource.biometric", "");
    caught_with(&raw, "TH36", &["biometric true"]);
}

#[test]
fn a_child_too_young_is_found() {
    let file = "guardrails/G34-no-young-marks.cedar";
    let gone = Source::embedded().without(file);
    caught_with(&gone, "TH38", &["enrolBiometrics by User"]);
    // Whatever permits are added, too, and not only by those that there are.
    assert!(told(&findings(&gone, "TH38")).contains("guardrails+permit-all"));
    let lowered = changed(file, "context.enrolment.age >= 6", "context.enrolment.age >= 5");
    caught_with(&lowered, "TH38", &["enrolment:", "age 5"]);
    let ageless = changed(file, "context.enrolment.age >= 0 && ", "");
    caught_with(&ageless, "TH38", &["age -"]);
    let young = Source::embedded().without("domains/biometrics/EN04-of-age.cedar");
    caught_with(&young, "TH39", &["enrolBiometrics by User"]);
    let alone = changed(
        "domains/biometrics/EN05-missing-supervised.cedar",
        "context.enrolment.missing && context.enrolment.supervised",
        "context.enrolment.missing",
    );
    caught_with(&alone, "TH39", &["supervised false", "missing true"]);
}

#[test]
fn a_template_that_gives_too_much_is_found() {
    let file = "templates/T10-board-payments.cedar";
    let lowered = changed(file, "context.approval.forum == Ijazat::Forum::\"BISPBoard\" &&", "");
    caught_with(&lowered, "TH40", &["guardrails+templates", "forum"]);
    let foreign = changed(file, "context.approval.agency == context.agency.id &&", "");
    caught_with(&foreign, "TH40", &["approval:"]);
    let lasting = changed(file, " && context.now < context.approval.validUntil", "");
    caught_with(&lasting, "TH40", &["validUntil"]);
    // The solver's own find: without the class, a dictionary that calls payments Secret would open them.
    let classless = changed(file, "resource.class == Ijazat::Classification::\"Confidential\" && ", "");
    caught_with(&classless, "TH40", &["class \"Secret\""]);
    let unsigned = Source::embedded().without("guardrails/G06-agreement-in-force.cedar");
    caught_with(&unsigned, "TH40", &["by User"]);
    // Where a permit gives the same without using the approval up, their duties part.
    let twice =
        changed("domains/nser/N01-household-power.cedar", " && resource != Ijazat::Datatype::\"nser.payments\"", "");
    caught_with(&twice, "TH05", &["T10-board-payments", "with other duties"]);
}

#[test]
fn a_policy_that_can_err_is_found() {
    let overflows = "@id(\"X01-overflow\")@authority(\"test\")@reason(\"policy_denied\")
        forbid (principal, action == Ijazat::Action::\"verifyYesNo\", resource)
        when { context.rows * 9223372036854775807 == 0 };";
    let source = Source::embedded().with("domains/x/X01-overflow.cedar", overflows);
    caught_with(&source, "TH01", &["`X01-overflow` cannot be evaluated", "rows"]);
}

#[test]
fn permits_that_meet_with_other_duties_are_found() {
    let meets = changed(
        "domains/nser/N03-household-basic.cedar",
        "context.role == Ijazat::Role::\"Basic\"",
        "context.rows <= 1",
    );
    caught_with(&meets, "TH05", &["N03-household-basic", "with other duties", "resource   Datatype \"nser."]);
}

/// A fault that no single request can show: what is told names the policy or the action.
fn told_of(source: &Source, theorem: &str) -> String {
    let found = findings(source, theorem);
    assert!(found.iter().flat_map(|finding| &finding.failures).all(|failure| failure.example.is_none()));
    told(&found)
}

#[test]
fn a_policy_that_cannot_speak_is_found() {
    let never = changed("domains/tax/T01-taxpayer.cedar", "context.hasSubject", "context.rows < 1 && context.rows > 1");
    assert_eq!(told_of(&never, "TH02"), "`T01-taxpayer` speaks to no request that there can be");
    let taken = changed("domains/tax/T01-taxpayer.cedar", "context.hasSubject", "context.rows < 1");
    assert_eq!(told_of(&taken, "TH02"), "`T01-taxpayer` permits nothing: the forbids take back all of it");
}

#[test]
fn an_action_with_one_answer_is_found() {
    let nobody = Source::embedded().without("domains/consent/C03-token.cedar");
    assert_eq!(
        told_of(&nobody, "TH03"),
        "fetchToken by Client: whatever is asked is refused\nfetchToken by User: whatever is asked is refused"
    );
    let everything = "@id(\"X02-all\")@authority(\"test\")@obligation(\"log\")
        permit (principal, action == Ijazat::Action::\"viewReport\", resource);";
    let mut source = Source::embedded().with("domains/x/X02-all.cedar", everything);
    let speaks: Vec<_> =
        Source::embedded().matching("guardrails/", ".cedar").map(|(file, _)| file.to_owned()).collect();
    for file in speaks.iter().map(String::as_str).chain(["domains/report/R02-approved-design.cedar"]) {
        source = source.without(file);
    }
    let told = told_of(&source, "TH04");
    assert!(told.contains("viewReport by Anyone: whatever is asked is permitted"), "{told}");
}

#[test]
fn two_faults_do_not_hide_each_other() {
    let both = replaced(
        changed("guardrails/G12-secret-needs-board.cedar", "BISPBoard", "SecretaryBISP"),
        "guardrails/G05-network.cedar",
        "!context.inNetwork",
        "false",
    );
    // A forbid that never applies is refused before any proof.
    let error = prove::Law::read(&both).unwrap_err();
    assert_eq!(error.problems()[0].file, "guardrails/G05-network.cedar");
}

#[test]
fn a_basic_list_that_tells_who_is_found() {
    let gone = Source::embedded().without("domains/nser/N09-basic-is-anonymous.cedar");
    caught_with(&gone, "TH25", &["by User: forbids+permit-all", "role \"Basic\""]);
}

#[test]
fn an_export_without_the_board_is_found() {
    let lowered = changed(
        "domains/nser/N11-export-needs-board.cedar",
        "context.agreement.forum == Ijazat::Forum::\"BISPBoard\" &&",
        "",
    );
    caught_with(&lowered, "TH26", &["exportHouseholds by User", "agreement:"]);
}

#[test]
fn a_programme_beyond_its_bounds_is_found() {
    let anybody = Source::embedded().without("guardrails/G35-programme-people.cedar");
    caught_with(&anybody, "TH42", &["programme:", "covers false"]);
    let anyhow = Source::embedded().without("guardrails/G36-programme-channel.cedar");
    caught_with(&anyhow, "TH42", &["programme:", "channels"]);
}

#[test]
fn a_category_that_nobody_approved_is_found() {
    let file = "domains/nser/N04-forum.cedar";
    let lowered = changed(
        file,
        "Ijazat::Forum::\"SecretaryBISP\", Ijazat::Forum::\"BISPBoard\"].contains(context.category.forum)",
        "Ijazat::Forum::\"DG_NSER\", Ijazat::Forum::\"BISPBoard\"].contains(context.category.forum)",
    );
    caught_with(&lowered, "TH43", &["category:", "forum \"DG_NSER\""]);
    let revoked = changed(file, " && !context.category.revoked", "");
    caught_with(&revoked, "TH43", &["category:", "revoked true"]);
}
