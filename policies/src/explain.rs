//! Why an answer is as it is, for the person who was refused: for each datatype the policies that decided, the code, and what
//! would make the request lawful. Every sentence stands in the bundle and none is made from the question, so an explanation
//! says the same whoever the citizen is, and whether there is one.

use cedar_policy::Effect;
use exchange::{
    codes::Code,
    decision::{Decider, Obligation, Question, Told, Verdict},
    ids::{DatatypeId, PolicyId, ServiceId},
};
use serde::Serialize;

use crate::{Bundle, facts, law::Law, rule::Rule};

/// Why a question is answered as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The service that was asked.
    pub service: ServiceId,
    /// Generation of the bundle that decided.
    pub generation: u64,
    /// What the door must do before it releases, by word.
    pub obligations: Vec<&'static str>,
    /// One entry for each datatype that was asked, in that order.
    pub datatypes: Vec<Explained>,
}

/// Why one datatype is released or withheld.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The datatype.
    pub datatype: DatatypeId,
    /// Its English title; absent if no dictionary has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its Urdu title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_ur: Option<String>,
    /// Whether it may be released.
    pub allowed: bool,
    /// Why not; absent when it may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refused>,
    /// Policies that decided: permits if allowed, forbids if not, none if nothing spoke.
    pub policies: Vec<Sentence>,
    /// If nothing forbade and nothing permitted: what this kind of caller can be permitted of this datatype by this service.
    pub ways: Vec<Sentence>,
}

/// The code of a refusal in the words of codes.toml.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The code.
    pub code: &'static str,
    /// For the person, English.
    pub title: &'static str,
    /// For the person, Urdu.
    pub title_ur: &'static str,
}

/// What one policy says to the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// The policy.
    pub policy: PolicyId,
    /// Of a forbid what would make the request lawful, of a permit what it gives to whom; English.
    pub lawful: String,
    /// The same in Urdu.
    pub lawful_ur: String,
}

impl Bundle {
    /// Decides a question and says why it is decided so.
    #[must_use]
    pub fn explain(&self, question: &Question) -> Explanation {
        let decision = self.decide(question);
        let explained = decision.verdicts.iter().map(|verdict| self.explained(question, verdict));
        Explanation {
            service: question.service.id.clone(),
            generation: decision.generation,
            datatypes: explained.collect(),
            obligations: words(&decision.obligations),
        }
    }

    /// One policy: what it does, on what it rests, and its text.
    #[must_use]
    pub fn policy(&self, id: &PolicyId) -> Option<Told> {
        let (rule, cedar) = self.law().written(id)?;
        let [lawful, lawful_ur] = rule.lawful.clone();
        Some(Told {
            policy: rule.id.clone(),
            lawful,
            lawful_ur,
            effect: if rule.code.is_some() { "forbid" } else { "permit" },
            authority: rule.authority.clone(),
            code: rule.code.map(Code::as_str),
            obligations: words(&rule.obligations),
            cedar: cedar.to_owned(),
        })
    }

    fn explained(&self, question: &Question, verdict: &Verdict) -> Explained {
        let law = self.law();
        let datatype = self.catalogue().datatype(verdict.datatype.as_str()).cloned();
        let policies: Vec<_> = verdict.policies.iter().filter_map(|id| law.written(id)).collect();
        let silent = verdict.code == Some(Code::PolicyDenied) && policies.is_empty();
        Explained {
            datatype: verdict.datatype.clone(),
            title: datatype.as_ref().map(|datatype| datatype.title.clone()),
            title_ur: datatype.as_ref().map(|datatype| datatype.title_ur.clone()),
            allowed: verdict.allowed,
            refusal: verdict.code.map(refused),
            policies: policies.into_iter().map(|(rule, _)| sentence(rule)).collect(),
            ways: if silent { ways(law, question, &verdict.datatype) } else { Vec::new() },
        }
    }
}

fn refused(code: Code) -> Refused {
    let entry = code.entry();
    Refused { code: code.as_str(), title: &entry.title, title_ur: &entry.title_ur }
}

fn sentence(rule: &Rule) -> Sentence {
    let [lawful, lawful_ur] = rule.lawful.clone();
    Sentence { policy: rule.id.clone(), lawful, lawful_ur }
}

fn words(obligations: &[Obligation]) -> Vec<&'static str> {
    obligations.iter().map(|obligation| obligation.as_str()).collect()
}

/// The permits and templates of the action that can speak to this kind of caller and to the datatype, sorted by name.
fn ways(law: &Law, question: &Question, datatype: &DatatypeId) -> Vec<Sentence> {
    let released = question.service.fields.values().any(|known| known == datatype);
    let find = || {
        let principal = facts::principal(&law.words, &question.caller)?;
        let slice = law.action(&question.service.action)?.slice(principal.type_name())?;
        Some((slice, &law.datatype(datatype)?.uid))
    };
    let Some((slice, resource)) = find().filter(|_| released) else { return Vec::new() };
    let by_approval = slice.templates.iter().map(|known| &known.widest);
    let permits = slice.policies.policies().filter(|policy| policy.effect() == Effect::Permit).chain(by_approval);
    let speaking = permits.filter(|policy| law.speaks_of(policy, resource));
    let mut found: Vec<_> = speaking.filter_map(|policy| law.rule(policy.id())).map(sentence).collect();
    found.sort_by(|a, b| a.policy.cmp(&b.policy));
    found
}
