//! What a policy's annotations say: its name, the code of its refusal, what its permission obliges the door to do.

use cedar_policy::{Effect, Policy};
use exchange::{codes::Code, decision::Obligation, ids::PolicyId};

use crate::precedence;

/// A policy as the decision reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its `@id`.
    pub(crate) id: PolicyId,
    /// `@reason` of a forbid.
    pub(crate) code: Option<Code>,
    /// `@obligation` of a permit.
    pub(crate) obligations: Vec<Obligation>,
}

impl Rule {
    /// Reads the annotations; the error says what is missing or unknown.
    pub(crate) fn read(policy: &Policy) -> Result<Self, String> {
        if policy.annotation("authority").is_none_or(str::is_empty) {
            return Err("needs @authority: the section of the source that it rests on".to_owned());
        }
        let id = PolicyId::parse(policy.id().as_ref()).map_err(|error| error.to_string())?;
        match policy.effect() {
            Effect::Forbid => Ok(Self { id, code: Some(code(policy)?), obligations: Vec::new() }),
            Effect::Permit => Ok(Self { id, code: None, obligations: obligations(policy)? }),
        }
    }
}

fn code(policy: &Policy) -> Result<Code, String> {
    let word = policy.annotation("reason").ok_or("a forbid needs @reason: a code of exchange's codes.toml")?;
    let code = Code::parse(word).ok_or_else(|| format!("@reason `{word}` is not a code of codes.toml"))?;
    match precedence::place(code) {
        Some(_) => Ok(code),
        None => Err(format!("@reason `{word}` has no place in src/precedence.rs")),
    }
}

fn obligations(policy: &Policy) -> Result<Vec<Obligation>, String> {
    let words = policy.annotation("obligation").ok_or("a permit needs @obligation, at least `log`")?;
    let obligations = words
        .split(';')
        .map(|word| Obligation::parse(word).ok_or_else(|| format!("@obligation `{word}` is unknown")))
        .collect::<Result<Vec<_>, _>>()?;
    if obligations.contains(&Obligation::Log) { Ok(obligations) } else { Err("@obligation needs `log`".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_says_its_authority_and_its_consequence() {
        let check = |text: &str, expected: Result<(Option<Code>, usize), &str>| {
            let policy = Policy::parse(None, text).unwrap();
            let got = Rule::read(&policy).map(|rule| (rule.code, rule.obligations.len()));
            assert_eq!(got, expected.map_err(str::to_owned), "{text}");
        };
        let permit = "permit (principal, action, resource);";
        let forbid = "forbid (principal, action, resource);";
        let authority = "@authority(\"S3 6.2\")";
        check(&format!("{authority}@obligation(\"log;meter\"){permit}"), Ok((None, 2)));
        check(&format!("{authority}@reason(\"policy_denied\"){forbid}"), Ok((Some(Code::PolicyDenied), 0)));
        check(permit, Err("needs @authority: the section of the source that it rests on"));
        check(&format!("{authority}{permit}"), Err("a permit needs @obligation, at least `log`"));
        check(&format!("{authority}@obligation(\"log;mask\"){permit}"), Err("@obligation `mask` is unknown"));
        check(&format!("{authority}@obligation(\"meter\"){permit}"), Err("@obligation needs `log`"));
        check(&format!("{authority}{forbid}"), Err("a forbid needs @reason: a code of exchange's codes.toml"));
        check(&format!("{authority}@reason(\"NO\"){forbid}"), Err("@reason `NO` is not a code of codes.toml"));
        check(
            &format!("{authority}@reason(\"internal\"){forbid}"),
            Err("@reason `internal` has no place in src/precedence.rs"),
        );
    }
}
