//! What goes wrong inside the law is a refusal and an alarm, never an answer.

use std::sync::Arc;

use exchange::{caller::Caller, cnic::Cnic, codes::Code, ids::DatatypeId};
use policies::{Bundle, source::Source};

use super::support::{bundle, case, decide, of_agreement, spoken};

/// A forbid that overflows when it is evaluated: strict validation cannot see that, and Cedar would leave it out.
const OVERFLOWS: &str = "@id(\"X01-overflow\")@authority(\"test\")@reason(\"policy_denied\")
    forbid (principal, action == Ijazat::Action::\"verifyYesNo\", resource)
    when { context.rows * 9223372036854775807 == 0 };";

const YES_NO: &str = "a bank checks particulars with the citizen's consent";

#[test]
fn a_policy_that_errs_refuses_and_raises_the_alarm() {
    let source = Source::embedded().with("domains/x/X01-overflow.cedar", &spoken(OVERFLOWS));
    let bundle = Bundle::load(&source).unwrap();
    let mut question = case(YES_NO);
    question.rows = 1;
    assert!(decide(&bundle, &question).verdicts[0].allowed, "one row does not overflow");
    question.rows = 2;
    of_agreement(&mut question, |agreement| agreement.row_limit = 2);
    let decision = decide(&bundle, &question);
    assert!(decision.errored);
    assert_eq!(decision.verdicts[0].code, Some(Code::PolicyError));
    assert_eq!(decision.verdicts[0].policies[0].as_str(), "X01-overflow");
    assert!(decision.obligations.is_empty());
}

#[test]
fn a_datatype_that_no_dictionary_has_is_refused() {
    let mut question = case(YES_NO);
    let stranger = DatatypeId::parse("identity.stranger").unwrap();
    question.datatypes = vec![stranger.clone()];
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::PolicyDenied));
    let mut service = (*question.service).clone();
    service.fields.insert("/stranger".into(), stranger);
    question.service = Arc::new(service);
    let decision = decide(bundle(), &question);
    assert!(decision.errored && !decision.verdicts[0].allowed);
    assert_eq!(decision.verdicts[0].code, Some(Code::PolicyError));
}

#[test]
fn callers_whom_no_policy_knows_are_refused() {
    for caller in [Caller::Internal, Caller::Sms, Caller::Citizen { cnic: Cnic::parse("4210112345671").unwrap() }] {
        let mut question = case("anyone reads a published report");
        question.caller = caller;
        let decision = decide(bundle(), &question);
        assert!(!decision.errored);
        assert_eq!(decision.verdicts[0].code, Some(Code::CallerNotAllowed));
    }
}

#[test]
fn an_action_that_no_schema_has_is_refused() {
    let mut question = case(YES_NO);
    let mut service = (*question.service).clone();
    service.action = "fly".into();
    question.service = Arc::new(service);
    assert_eq!(decide(bundle(), &question).verdicts[0].code, Some(Code::CallerNotAllowed));
}
