//! What a policy's annotations say: its name, the code of its refusal, what its permission obliges the door to do.

use cedar_policy::{Effect, Policy};
use exchange::{codes::Code, decision::Obligation, ids::PolicyId};

use crate::{precedence, words::has_urdu};

/// A policy as the decision reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its `@id`.
    pub(crate) id: PolicyId,
    /// `@reason` of a forbid.
    pub(crate) code: Option<Code>,
    /// `@obligation` of a permit.
    pub(crate) obligations: Vec<Obligation>,
    /// `@authority`.
    pub(crate) authority: String,
    /// `@lawful` and `@lawful_ur`: of a forbid what would make the request lawful, of a permit what it gives to whom.
    pub(crate) lawful: [String; 2],
}

impl Rule {
    /// Reads the annotations; the error says what is missing or unknown.
    pub(crate) fn read(policy: &Policy) -> Result<Self, String> {
        let Some(authority) = policy.annotation("authority").filter(|text| !text.is_empty()) else {
            return Err("needs @authority: the section of the source that it rests on".to_owned());
        };
        let id = PolicyId::parse(policy.id().as_ref()).map_err(|error| error.to_string())?;
        let (code, obligations) = match policy.effect() {
            Effect::Forbid => (Some(code(policy)?), Vec::new()),
            Effect::Permit => (None, obligations(policy)?),
        };
        Ok(Self { id, code, obligations, authority: authority.to_owned(), lawful: lawful(policy)? })
    }
}

/// Both sentences for the person who is refused.
fn lawful(policy: &Policy) -> Result<[String; 2], String> {
    let say = |name: &str| {
        let what = match policy.effect() {
            Effect::Forbid => "what would make the request lawful",
            Effect::Permit => "what it gives, and to whom",
        };
        format!("needs @{name}: {what}, a sentence")
    };
    let english = policy.annotation("lawful").filter(|text| text.ends_with('.')).ok_or_else(|| say("lawful"))?;
    let is_urdu = |text: &&str| has_urdu(text) && text.ends_with('\u{6d4}');
    let urdu = policy.annotation("lawful_ur").filter(is_urdu).ok_or_else(|| say("lawful_ur") + " in Urdu")?;
    Ok([english.to_owned(), urdu.to_owned()])
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
        let (english, urdu) = ("@lawful(\"Ask.\")", "@lawful_ur(\"پوچھیں۔\")");
        let lawful = format!("{english}{urdu}");
        check(&format!("{authority}{lawful}@obligation(\"log;meter\"){permit}"), Ok((None, 2)));
        check(&format!("{authority}{lawful}@reason(\"policy_denied\"){forbid}"), Ok((Some(Code::PolicyDenied), 0)));
        let gives = "needs @lawful: what it gives, and to whom, a sentence";
        check(&format!("{authority}{urdu}@obligation(\"log\"){permit}"), Err(gives));
        check(&format!("{authority}@lawful(\"\"){urdu}@obligation(\"log\"){permit}"), Err(gives));
        check(
            &format!("{authority}{urdu}@reason(\"policy_denied\"){forbid}"),
            Err("needs @lawful: what would make the request lawful, a sentence"),
        );
        let in_urdu = "needs @lawful_ur: what would make the request lawful, a sentence in Urdu";
        for urdu in ["", "@lawful_ur(\"Ask.\")", "@lawful_ur(\"پوچھیں\")"] {
            check(&format!("{authority}{english}{urdu}@reason(\"policy_denied\"){forbid}"), Err(in_urdu));
        }
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
