//! Decides one question, datatype by datatype, by plain evaluation. Whatever goes wrong is a refusal and an alarm.

use std::collections::BTreeSet;

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision as Effect, EntityUid, PolicySet, Request, Response,
};
use exchange::{
    codes::Code,
    decision::{Decision, Obligation, Question, Verdict},
    ids::{DatatypeId, PolicyId},
};

use crate::{facts, law::Law, precedence};

/// One question made ready: what is the same for all its datatypes.
struct Ready<'a> {
    law: &'a Law,
    principal: EntityUid,
    action: &'a EntityUid,
    slice: &'a PolicySet,
    context: Context,
}

/// The decision for a question by the law as it stands.
pub(crate) fn decide(law: &Law, authorizer: &Authorizer, generation: u64, question: &Question) -> Decision {
    let mut decision = Decision { verdicts: Vec::new(), obligations: Vec::new(), generation, errored: false };
    match prepare(law, question) {
        Ok(Some(ready)) => {
            let mut obligations = BTreeSet::new();
            for datatype in &question.datatypes {
                let judged = if question.service.fields.values().any(|known| known == datatype) {
                    ready.judge(authorizer, datatype)
                } else {
                    Judged::refused(Code::PolicyDenied)
                };
                decision.errored |= judged.errored;
                obligations.extend(judged.obligations.iter().copied());
                decision.verdicts.push(judged.verdict(datatype));
            }
            decision.obligations = obligations.into_iter().collect();
        }
        Ok(None) => refuse_all(&mut decision, question, Code::CallerNotAllowed),
        Err(_) => {
            decision.errored = true;
            refuse_all(&mut decision, question, Code::PolicyError);
        }
    }
    decision
}

fn refuse_all(decision: &mut Decision, question: &Question, code: Code) {
    decision.verdicts = question.datatypes.iter().map(|datatype| Judged::refused(code).verdict(datatype)).collect();
}

/// `None` if the action is not for this kind of caller.
fn prepare<'a>(law: &'a Law, question: &Question) -> Result<Option<Ready<'a>>, facts::Unwritable> {
    let Some(principal) = facts::principal(&law.words, &question.caller) else { return Ok(None) };
    let Some(action) = law.action(&question.service.action) else { return Ok(None) };
    let Some(slice) = action.slice(principal.type_name()) else { return Ok(None) };
    let context = facts::context(&law.words, question)?;
    Ok(Some(Ready { law, principal, action: &action.uid, slice, context }))
}

impl Ready<'_> {
    fn judge(&self, authorizer: &Authorizer, datatype: &DatatypeId) -> Judged {
        // A datatype that the store lacks would make the policies that read its class err: it is refused before.
        let Some(resource) = self.law.datatype(datatype).cloned() else { return Judged::broken(Vec::new()) };
        // The typed question makes the request fit the schema; tests and debug builds hold it to that.
        let schema = cfg!(debug_assertions).then_some(&self.law.schema);
        let request = Request::new(self.principal.clone(), self.action.clone(), resource, self.context.clone(), schema);
        match request {
            Ok(request) => self.read(&authorizer.is_authorized(&request, self.slice, &self.law.entities)),
            Err(_) => Judged::broken(Vec::new()),
        }
    }

    fn read(&self, response: &Response) -> Judged {
        let diagnostics = response.diagnostics();
        if diagnostics.errors().next().is_some() {
            // Cedar leaves out a policy that errs, so a broken forbid would open the door: any error refuses.
            let broken = diagnostics.errors().filter_map(|error| match error {
                AuthorizationError::PolicyEvaluationError(error) => self.law.rule(error.policy_id()),
            });
            return Judged::broken(broken.map(|rule| rule.id.clone()).collect());
        }
        let Some(mut rules) = diagnostics.reason().map(|id| self.law.rule(id)).collect::<Option<Vec<_>>>() else {
            return Judged::broken(Vec::new());
        };
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let policies = rules.iter().map(|rule| rule.id.clone()).collect();
        match response.decision() {
            Effect::Allow => Judged {
                policies,
                code: None,
                obligations: rules.iter().flat_map(|rule| rule.obligations.iter().copied()).collect(),
                errored: false,
            },
            Effect::Deny => {
                let code = precedence::foremost(rules.iter().filter_map(|rule| rule.code));
                Judged { policies, ..Judged::refused(code) }
            }
        }
    }
}

/// What was found for one datatype.
struct Judged {
    policies: Vec<PolicyId>,
    code: Option<Code>,
    obligations: Vec<Obligation>,
    errored: bool,
}

impl Judged {
    fn refused(code: Code) -> Self {
        Self { policies: Vec::new(), code: Some(code), obligations: Vec::new(), errored: false }
    }

    fn broken(policies: Vec<PolicyId>) -> Self {
        Self { policies, errored: true, ..Self::refused(Code::PolicyError) }
    }

    fn verdict(self, datatype: &DatatypeId) -> Verdict {
        Verdict { datatype: datatype.clone(), allowed: self.code.is_none(), policies: self.policies, code: self.code }
    }
}
