//! Decides one question, datatype by datatype, by plain evaluation. Whatever goes wrong is a refusal and an alarm.

use std::{borrow::Cow, collections::BTreeSet};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision as Effect, EntityUid, PolicySet, Request, Response,
};
use exchange::{
    codes::Code,
    decision::{Decision, Obligation, Question, Verdict},
    ids::{DatatypeId, PolicyId},
};

use crate::{children::Enrolled, facts, law::Law, matrix::Matrix, precedence, slice::Slice};

/// One question made ready: what is the same for all its datatypes.
struct Ready<'a> {
    law: &'a Law,
    principal: EntityUid,
    action: &'a EntityUid,
    slice: &'a Slice,
    /// The slice's policies, with the links of the question's approval.
    policies: Cow<'a, PolicySet>,
    /// Whether there are any: then the approval's datatypes are named by policies.
    linked: bool,
    context: Context,
}

/// Whether datatypes that no policy can tell apart are decided together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Each datatype by itself.
    OneByOne,
    /// Those that are alike, once.
    Together,
}

/// The decision for a question by the law as it stands; whose generation it is, the caller knows.
pub(crate) fn decide(
    law: &Law,
    matrix: &Matrix,
    authorizer: &Authorizer,
    (question, enrolled): (&Question, Option<&Enrolled>),
    method: Method,
) -> Decision {
    let mut decision = Decision { verdicts: Vec::new(), obligations: Vec::new(), generation: 0, errored: false };
    let understood = understood(law, question);
    let question = understood.as_ref();
    match prepare(law, matrix, question, enrolled) {
        Ok(Some(ready)) => ready.decide(authorizer, question, method, &mut decision),
        Ok(None) => refuse_all(&mut decision, question, Code::CallerNotAllowed),
        Err(_) => {
            decision.errored = true;
            refuse_all(&mut decision, question, Code::PolicyError);
        }
    }
    decision
}

/// An approval that names a template which this law lacks says something that nobody here understands: it counts for nothing.
fn understood<'a>(law: &Law, question: &'a Question) -> Cow<'a, Question> {
    let named = question.approval.as_ref().and_then(|approval| approval.template.as_ref());
    match named {
        Some(template) if !law.has_template(template) => Cow::Owned(Question { approval: None, ..question.clone() }),
        _ => Cow::Borrowed(question),
    }
}

/// The policies with the links of the question's approval; `None` if it has none.
fn links(law: &Law, slice: &Slice, principal: &EntityUid, question: &Question) -> Result<Option<PolicySet>, Broken> {
    let Some(approval) = &question.approval else { return Ok(None) };
    let known =
        |name: &PolicyId| slice.templates.iter().find(|known| AsRef::<str>::as_ref(known.id()) == name.as_str());
    let Some(template) = approval.template.as_ref().and_then(known) else { return Ok(None) };
    let named: BTreeSet<_> = approval.datatypes.iter().filter(|id| question.datatypes.contains(id)).collect();
    let resources = named.into_iter().filter_map(|id| Some((id, &law.datatype(id)?.uid)));
    template.linked(&slice.policies, principal, resources).map(Some).ok_or(Broken)
}

/// The question cannot be decided, by a fault of ours: it is refused.
struct Broken;

impl From<facts::Unwritable> for Broken {
    fn from(_: facts::Unwritable) -> Self {
        Self
    }
}

fn refuse_all(decision: &mut Decision, question: &Question, code: Code) {
    decision.verdicts = question.datatypes.iter().map(|datatype| Judged::refused(code).verdict(datatype)).collect();
}

/// `None` if the action is not for this kind of caller.
fn prepare<'a>(
    law: &'a Law,
    matrix: &Matrix,
    question: &Question,
    enrolled: Option<&Enrolled>,
) -> Result<Option<Ready<'a>>, Broken> {
    let Some(principal) = facts::principal(&law.words, &question.caller) else { return Ok(None) };
    let Some(action) = law.action(&question.service.action) else { return Ok(None) };
    let Some(slice) = action.slice(principal.type_name()) else { return Ok(None) };
    let context = facts::context(&law.words, matrix, question, enrolled)?;
    let links = links(law, slice, &principal, question)?;
    let linked = links.is_some();
    let policies = links.map_or(Cow::Borrowed(&slice.policies), Cow::Owned);
    Ok(Some(Ready { law, principal, action: &action.uid, slice, policies, linked, context }))
}

/// All that a policy can tell a datatype by. Cedar knows entities only by equality, membership and attributes, so two
/// datatypes with the same attributes and parent, in the same sets of the question, neither named by a policy, can be
/// exchanged without any policy noticing.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Likeness {
    alike: Option<usize>,
    /// Whether the service releases it at all.
    released: bool,
    /// In the agreement's, the programme's, the approval's, the consent's datatypes.
    within: [bool; 4],
    /// Place in the question, if a policy names the datatype itself or no dictionary has it.
    named: Option<usize>,
}

impl Ready<'_> {
    fn decide(&self, authorizer: &Authorizer, question: &Question, method: Method, decision: &mut Decision) {
        let mut done: Vec<(Likeness, Judged)> = Vec::new();
        let mut obligations = BTreeSet::new();
        for (place, datatype) in question.datatypes.iter().enumerate() {
            let likeness = self.likeness(question, datatype, place);
            let known = done.iter().find(|(other, _)| method == Method::Together && *other == likeness);
            let judged = match known {
                Some((_, judged)) => judged.clone(),
                None if likeness.released => self.judge(authorizer, datatype),
                // A client may ask for anything: what the service does not release is refused without an alarm.
                None => Judged::refused(Code::PolicyDenied),
            };
            decision.errored |= judged.errored;
            obligations.extend(judged.obligations.iter().copied());
            decision.verdicts.push(judged.clone().verdict(datatype));
            done.push((likeness, judged));
        }
        decision.obligations = obligations.into_iter().collect();
    }

    fn likeness(&self, question: &Question, datatype: &DatatypeId, place: usize) -> Likeness {
        let within = [
            question.agreement.as_ref().is_some_and(|agreement| agreement.datatypes.contains(datatype)),
            question.programme.as_ref().is_some_and(|programme| programme.datatypes.contains(datatype)),
            question.approval.as_ref().is_some_and(|approval| approval.datatypes.contains(datatype)),
            question.consent.as_ref().is_some_and(|consent| consent.datatypes.contains(datatype)),
        ];
        let released = question.service.fields.values().any(|known| known == datatype);
        let resource = self.law.datatype(datatype);
        let by_link = self.linked && within[2];
        let named = resource.is_none_or(|resource| by_link || self.slice.names(&resource.uid)).then_some(place);
        Likeness { alike: resource.map(|resource| resource.alike), released, within, named }
    }

    fn judge(&self, authorizer: &Authorizer, datatype: &DatatypeId) -> Judged {
        // A datatype that the store lacks would make the policies that read its class err: it is refused before.
        let Some(resource) = self.law.datatype(datatype) else { return Judged::broken(Vec::new()) };
        // The typed question makes the request fit the schema; tests and debug builds hold it to that.
        let schema = cfg!(debug_assertions).then_some(&self.law.schema);
        let (principal, action) = (self.principal.clone(), self.action.clone());
        match Request::new(principal, action, resource.uid.clone(), self.context.clone(), schema) {
            Ok(request) => self.read(&authorizer.is_authorized(&request, &self.policies, &self.law.entities)),
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
#[derive(Clone)]
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
