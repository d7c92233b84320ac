//! Decides one question, datatype by datatype, by plain evaluation. Whatever goes wrong is a refusal and an alarm.

use std::{borrow::Cow, collections::BTreeSet};

use cedar_policy::{
    AuthorizationError, Authorizer, Context, Decision as Effect, EntityUid, PolicyId as CedarId, PolicySet, Request,
    Response,
};
use exchange::{
    codes::Code,
    decision::{Decision, Obligation, Question, Verdict},
    ids::{DatatypeId, PolicyId},
};

use crate::{
    children::Enrolled,
    facts::{self, Lists},
    law::Law,
    matrix::Matrix,
    precedence,
    slice::{Cut, Kind, Slice},
    template::Known,
};

/// One question made ready: what is the same for all its datatypes.
struct Ready<'a> {
    law: &'a Law,
    principal: EntityUid,
    action: &'a EntityUid,
    slice: &'a Slice,
    cut: &'a Cut,
    /// What the question's approval fills in.
    template: Option<(&'a Known, &'a [DatatypeId])>,
    context: Context,
    method: Method,
}

/// Whether datatypes that no policy can tell apart are decided together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// Each datatype by itself, with all policies.
    OneByOne,
    /// Those that are alike, once; and policies that answer the same for all, once.
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
    match prepare(law, matrix, (question, enrolled), method) {
        Ok(Some(ready)) => ready.decide(authorizer, question, &mut decision),
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

/// The template that the question's approval names, if this slice knows it, and the approval's datatypes.
fn template<'a>(slice: &'a Slice, question: &'a Question) -> Option<(&'a Known, &'a [DatatypeId])> {
    let approval = question.approval.as_ref()?;
    let name = approval.template.as_ref()?;
    let known = slice.templates.iter().find(|known| AsRef::<str>::as_ref(known.id()) == name.as_str())?;
    Some((known, &approval.datatypes))
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
    (question, enrolled): (&'a Question, Option<&Enrolled>),
    method: Method,
) -> Result<Option<Ready<'a>>, Broken> {
    let Some(principal) = facts::principal(&law.words, &question.caller) else { return Ok(None) };
    let Some(action) = law.action(&question.service.action) else { return Ok(None) };
    let Some(slice) = action.slice(principal.type_name()) else { return Ok(None) };
    let lists = if method == Method::Together { law.lists } else { Lists::Whole };
    let context = facts::context(&law.words, matrix, question, enrolled, lists)?;
    let cut = slice.cut(question.role).ok_or(Broken)?;
    let template = template(slice, question);
    Ok(Some(Ready { law, principal, action: &action.uid, slice, cut, template, context, method }))
}

/// All that a policy can tell a datatype by. Cedar knows entities only by equality, membership and attributes, so two
/// datatypes with the same attributes and parent, in the same sets of the question and in the same lists of the policies,
/// neither named by a policy alone, can be exchanged without any policy noticing.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Likeness {
    /// By attributes, parent and lists of the policies; `None` if no dictionary has it.
    kind: Option<Kind>,
    /// Whether the service releases it at all.
    released: bool,
    /// In the agreement's, the programme's, the approval's, the consent's datatypes.
    within: [bool; 4],
}

impl Ready<'_> {
    fn decide(&self, authorizer: &Authorizer, question: &Question, decision: &mut Decision) {
        let mut done: Vec<(Likeness, Said)> = Vec::new();
        let mut obligations = BTreeSet::new();
        let mut asked = Asked::default();
        for datatype in &question.datatypes {
            let likeness = self.likeness(question, datatype);
            let known = done.iter().position(|(other, _)| self.method == Method::Together && *other == likeness);
            let place = known.unwrap_or(done.len());
            if known.is_none() {
                let said = if likeness.released {
                    self.ask(authorizer, datatype, &likeness, &mut asked)
                } else {
                    // A client may ask for anything: what the service does not release is refused without an alarm.
                    Err(Judged::refused(Code::PolicyDenied))
                };
                done.push((likeness, said));
            }
            let said = match done.get(place) {
                Some((_, Ok(found))) => self.with_link(authorizer, datatype, found),
                Some((_, Err(judged))) => Err(judged.clone()),
                None => Err(Judged::broken(Vec::new())),
            };
            let judged = said.map_or_else(|judged| judged, |found| self.read(found));
            decision.errored |= judged.errored;
            obligations.extend(judged.obligations.iter().copied());
            decision.verdicts.push(judged.verdict(datatype));
        }
        decision.obligations = obligations.into_iter().collect();
    }

    fn likeness(&self, question: &Question, datatype: &DatatypeId) -> Likeness {
        let within = [
            question.agreement.as_ref().is_some_and(|agreement| agreement.datatypes.contains(datatype)),
            question.programme.as_ref().is_some_and(|programme| programme.datatypes.contains(datatype)),
            question.approval.as_ref().is_some_and(|approval| approval.datatypes.contains(datatype)),
            question.consent.as_ref().is_some_and(|consent| consent.datatypes.contains(datatype)),
        ];
        let released = question.service.fields.values().any(|known| known == datatype);
        let kind = self.law.datatype(datatype).and_then(|resource| self.cut.kind(&resource.uid));
        Likeness { kind, released, within }
    }

    /// The template that is filled in with this datatype.
    fn link(&self, datatype: &DatatypeId) -> Option<&Known> {
        self.template.filter(|(_, datatypes)| datatypes.contains(datatype)).map(|(known, _)| known)
    }

    /// What the policies say of one datatype, its link aside. `asked` is what was found that holds of others too.
    fn ask(&self, authorizer: &Authorizer, datatype: &DatatypeId, likeness: &Likeness, asked: &mut Asked) -> Said {
        // A datatype that the store lacks would make the policies that read its class err: it is refused before.
        let resource = self.law.datatype(datatype).ok_or_else(|| Judged::broken(Vec::new()))?;
        let request = self.request(&resource.uid)?;
        let ask = |policies: &PolicySet| {
            if policies.is_empty() {
                return Found::default();
            }
            Found::new(&authorizer.is_authorized(&request, policies, &self.law.entities))
        };
        if self.method == Method::OneByOne {
            return Ok(ask(self.linked(&self.slice.policies, datatype, &resource.uid)?.as_ref()));
        }
        let apart = self.cut.kind(&resource.uid).and_then(|kind| self.cut.apart(kind));
        let (Some(apart), Some(alike)) = (apart, self.cut.alike(resource)) else {
            return Err(Judged::broken(Vec::new()));
        };
        let shared = asked.shared.get_or_insert_with(|| ask(&self.cut.shared)).clone();
        let family = (resource.alike, likeness.within);
        let known = asked.alike.iter().find(|(other, _)| *other == family).map(|(_, found)| found.clone());
        let alike = known.unwrap_or_else(|| {
            let found = ask(alike);
            asked.alike.push((family, found.clone()));
            found
        });
        Ok(ask(apart).with(&alike).with(&shared))
    }

    /// What was found, with what the link of the question's approval says of this datatype.
    fn with_link(&self, authorizer: &Authorizer, datatype: &DatatypeId, found: &Found) -> Said {
        let found = found.clone();
        if self.method == Method::OneByOne || self.link(datatype).is_none() {
            return Ok(found);
        }
        let resource = self.law.datatype(datatype).ok_or_else(|| Judged::broken(Vec::new()))?;
        let nothing = PolicySet::new();
        let link = self.linked(&nothing, datatype, &resource.uid)?;
        let request = self.request(&resource.uid)?;
        Ok(found.with(&Found::new(&authorizer.is_authorized(&request, &link, &self.law.entities))))
    }

    fn request(&self, resource: &EntityUid) -> Result<Request, Judged> {
        // The typed question makes the request fit the schema; tests and debug builds hold it to that.
        let schema = cfg!(debug_assertions).then_some(&self.law.schema);
        let (principal, action) = (self.principal.clone(), self.action.clone());
        Request::new(principal, action, resource.clone(), self.context.clone(), schema)
            .map_err(|_| Judged::broken(Vec::new()))
    }

    /// The policies with the link of the question's approval for this datatype, if it has one. An error if they cannot be put
    /// together: a fault of ours.
    fn linked<'p>(
        &self,
        policies: &'p PolicySet,
        datatype: &DatatypeId,
        resource: &EntityUid,
    ) -> Result<Cow<'p, PolicySet>, Judged> {
        let Some(known) = self.link(datatype) else { return Ok(Cow::Borrowed(policies)) };
        let linked = known.linked(policies, &self.principal, datatype, resource);
        linked.map(Cow::Owned).ok_or_else(|| Judged::broken(Vec::new()))
    }

    fn read(&self, found: Found) -> Judged {
        if !found.errors.is_empty() {
            // Cedar leaves out a policy that errs, so a broken forbid would open the door: any error refuses.
            let broken = found.errors.iter().flatten().filter_map(|id| self.law.rule(id));
            return Judged::broken(broken.map(|rule| rule.id.clone()).collect());
        }
        let allowed = found.forbids.is_empty() && !found.permits.is_empty();
        let reasons = if allowed { found.permits } else { found.forbids };
        let Some(mut rules) = reasons.iter().map(|id| self.law.rule(id)).collect::<Option<Vec<_>>>() else {
            return Judged::broken(Vec::new());
        };
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        let policies = rules.iter().map(|rule| rule.id.clone()).collect();
        if allowed {
            let obligations = rules.iter().flat_map(|rule| rule.obligations.iter().copied()).collect();
            return Judged { policies, code: None, obligations, errored: false };
        }
        let code = precedence::foremost(rules.iter().filter_map(|rule| rule.code));
        Judged { policies, ..Judged::refused(code) }
    }
}

/// What some policies said of one datatype. Permits are told only where nothing forbids, as Cedar tells them.
#[derive(Clone, Default)]
struct Found {
    forbids: Vec<CedarId>,
    permits: Vec<CedarId>,
    /// What could not be evaluated, by the policy's name if it has one.
    errors: Vec<Option<CedarId>>,
}

impl Found {
    fn new(response: &Response) -> Self {
        let reasons = response.diagnostics().reason().cloned().collect();
        let errors = response.diagnostics().errors().map(|error| match error {
            AuthorizationError::PolicyEvaluationError(error) => Some(error.policy_id().clone()),
        });
        let errors = errors.collect();
        match response.decision() {
            Effect::Allow => Self { permits: reasons, errors, ..Self::default() },
            Effect::Deny => Self { forbids: reasons, errors, ..Self::default() },
        }
    }

    /// What both say.
    fn with(mut self, other: &Self) -> Self {
        self.forbids.extend_from_slice(&other.forbids);
        self.permits.extend_from_slice(&other.permits);
        self.errors.extend_from_slice(&other.errors);
        self
    }
}

/// What was found that holds of more than one datatype of a question.
#[derive(Default)]
struct Asked {
    /// By the policies that answer the same for all.
    shared: Option<Found>,
    /// By those that name no datatype, for each likeness within the same of the question's lists.
    alike: Vec<((usize, [bool; 4]), Found)>,
}

/// What the policies said of one datatype, or the refusal that needs none of them.
type Said = Result<Found, Judged>;

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
