//! One-off authorisations: filled in from the approval of one question, for that question, bound by every forbid.

use exchange::{
    codes::Code,
    decision::{Decider, Obligation, Question},
    directory::Approval,
    ids::{AgencyId, DatatypeId, PolicyId},
};
use policies::{Bundle, error::Problem, source::Source};

use super::support::{bundle, case, decide, of_agency, of_agreement, of_approval, of_user};

const FILE: &str = "templates/T10-board-payments.cedar";

fn opened() -> Question {
    case("the Board's approval opens payments for one request")
}

/// Code of the one datatype, or the policies that permit it.
fn outcome(bundle: &Bundle, question: &Question) -> Result<String, Code> {
    let verdict = decide(bundle, question).verdicts.remove(0);
    let named: Vec<_> = verdict.policies.iter().map(ToString::to_string).collect();
    verdict.code.map_or(Ok(named.join(" ")), Err)
}

#[test]
fn a_link_holds_for_its_own_question_only() {
    let question = opened();
    let named = || Ok("T10-board-payments".to_owned());
    for _ in 0..2 {
        assert_eq!(outcome(bundle(), &question), named());
        let without = Question { approval: None, ..question.clone() };
        assert_eq!(outcome(bundle(), &without), Err(Code::PolicyDenied));
        let mut other = question.clone();
        of_agency(&mut other, |agency| agency.id = AgencyId::parse("bisp-two").unwrap());
        assert!(outcome(bundle(), &other).is_err(), "another agency");
        let mut lower = question.clone();
        lower.role = exchange::classification::Role::Standard;
        assert_eq!(outcome(bundle(), &lower), Err(Code::PolicyDenied));
        assert_eq!(outcome(bundle(), &question), named());
    }
}

#[test]
fn an_approval_without_its_template_gives_what_it_gave_before() {
    let question = opened();
    let changed = |change: fn(&mut Approval), expected: Result<String, Code>| {
        let mut other = question.clone();
        of_approval(&mut other, change);
        assert_eq!(outcome(bundle(), &other), expected);
    };
    changed(|approval| approval.template = None, Err(Code::PolicyDenied));
    changed(|approval| approval.template = Some(PolicyId::parse("T99").unwrap()), Err(Code::PolicyDenied));
    // The name of a permit, of a link: neither is a template's.
    changed(|approval| approval.template = Some(PolicyId::parse("N10-export").unwrap()), Err(Code::PolicyDenied));
    changed(|approval| approval.datatypes.clear(), Err(Code::PolicyDenied));
    changed(|_| {}, Ok("T10-board-payments".to_owned()));
}

#[test]
fn the_guardrails_bind_a_template() {
    let check = |change: &dyn Fn(&mut Question), code: Code| {
        let mut question = opened();
        change(&mut question);
        assert_eq!(outcome(bundle(), &question), Err(code));
    };
    check(&|q| of_agency(q, |agency| agency.suspended = true), Code::AgencySuspended);
    check(&|q| of_user(q, |user| user.disabled = true), Code::UserDisabled);
    check(&|q| of_agreement(q, |agreement| agreement.revoked = true), Code::AgreementRequired);
    check(&|q| of_agreement(q, |agreement| agreement.datatypes.clear()), Code::AgreementRequired);
    check(&|q| q.rows = 0, Code::PolicyDenied);
    check(&|q| q.address = [203, 0, 113, 9].into(), Code::NetworkRefused);
}

#[test]
fn many_datatypes_are_told_apart() {
    // Two datatypes that are alike, one of them named by the approval, and each alone: grouping and memo see the difference.
    let mut question = opened();
    question.datatypes =
        ["nser.contact", "nser.payments", "nser.pmt"].map(|id| DatatypeId::parse(id).unwrap()).to_vec();
    let decision = decide(bundle(), &question);
    let named: Vec<_> = decision.verdicts.iter().map(|v| v.policies[0].to_string()).collect();
    assert_eq!(named, ["N01-household-power", "T10-board-payments", "N01-household-power"]);
    assert!(decision.obligations.contains(&Obligation::SingleUse));
    question.datatypes.remove(1);
    assert!(!decide(bundle(), &question).obligations.contains(&Obligation::SingleUse), "not used, not used up");
}

#[test]
fn a_law_without_the_template_gives_nothing_by_it() {
    let without = Bundle::load(&Source::embedded().without(FILE)).unwrap();
    assert_eq!(outcome(&without, &opened()), Err(Code::PolicyDenied));
    let id = PolicyId::parse("T10-board-payments").unwrap();
    assert!(bundle().policies().contains(&id) && !without.policies().contains(&id));
}

#[test]
fn a_template_is_explained_like_a_permit() {
    let question = Question { approval: None, ..opened() };
    let explanation = bundle().explain(&question);
    let ways: Vec<_> = explanation.datatypes[0].ways.iter().map(|way| way.policy.to_string()).collect();
    assert!(ways.contains(&"T10-board-payments".to_owned()), "{ways:?}");
    let text = bundle().policy(&PolicyId::parse("T10-board-payments").unwrap()).unwrap();
    assert_eq!((text.effect, text.obligations), ("permit", vec!["log", "meter", "single_use"]));
    assert!(text.cedar.contains("?principal") && text.cedar.contains("?resource"));
}

#[test]
fn an_approval_is_read_with_and_without_a_template() {
    let approval: Approval = (**opened().approval.as_ref().unwrap()).clone();
    let text = serde_json::to_string(&approval).unwrap();
    assert!(text.contains("\"template\":\"T10-board-payments\""));
    let old = text.replace("\"template\":\"T10-board-payments\",", "");
    let read: Approval = serde_json::from_str(&old).unwrap();
    assert_eq!(read, Approval { template: None, ..approval });
    assert_eq!(serde_json::to_string(&read).unwrap(), old, "what has none is written as before");
}

#[test]
fn a_file_that_is_no_template_is_refused_by_name() {
    let text = Source::embedded().file(FILE).unwrap().to_owned();
    let check = |from: &str, to: &str, reason: &str| {
        assert!(text.contains(from), "{FILE} has no `{from}` any more");
        let error = Bundle::load(&Source::embedded().with(FILE, &text.replacen(from, to, 1))).unwrap_err();
        let found = error.problems().iter().any(|problem| problem.file == FILE && problem.reason.contains(reason));
        assert!(found, "wanted `{reason}`: {error}");
    };
    let blanks = "needs `principal == ?principal` and `resource == ?resource`, once each";
    check("principal == ?principal", "principal is Ijazat::User", blanks);
    check("principal == ?principal", "principal in ?principal", blanks);
    check("resource == ?resource", "resource", blanks);
    check("// The Board", "// resource == ?resource: the Board", blanks);
    check("T10-board-payments\")", "T11\")", "needs @id(\"T10-board-payments\")");
    check("permit (", "forbid (", "a template permits");
    check("context.hasSubject", "context.hasMood", "hasMood");
    check("@lawful_ur(", "@lawful_in(", "needs @lawful_ur");
    check("log;meter;single_use", "log;meter;twice", "@obligation `twice` is unknown");
    let taken = text.replace("T10-board-payments", "N10-export");
    let error = Bundle::load(&Source::embedded().with("templates/N10-export.cedar", &taken)).unwrap_err();
    assert_eq!(error.problems(), [Problem::new("templates/N10-export.cedar", "has the name of a policy")]);
}

#[test]
fn an_approval_of_everything_opens_payments_and_nothing_else_by_the_template() {
    let mut question = opened();
    let all: Vec<_> = bundle().catalogue().datatypes().map(|datatype| datatype.id.clone()).collect();
    of_approval(&mut question, |approval| approval.datatypes = all);
    question.datatypes = question.service.datatypes();
    for verdict in decide(bundle(), &question).verdicts {
        let by_template = verdict.policies.iter().any(|policy| policy.as_str() == "T10-board-payments");
        assert_eq!(by_template, verdict.datatype.as_str() == "nser.payments", "{verdict:?}");
    }
}
