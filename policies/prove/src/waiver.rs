//! Waivers: what a law may permit that the released one refused, quoted by those who answer for it.
//!
//! `policies/theorems/waivers/<generation>.toml` speaks of what is wider than that released generation:
//!
//! ```toml
//! [[waiver]]
//! action = "searchHouseholdByCnic"    # the action, the kind of caller and the permit, as the prover names them
//! caller = "User"
//! permit = "N03-household-basic"
//! approved = ["Director General NSER", "Secretary BISP"]    # two, who looked at the request that the prover shows
//! why = "S3 8.2.2 as amended: the role Basic sees the assets too"
//! ```
//!
//! A word that a closed vocabulary of the schema did not have is quoted by `word = "Sector::Embassy"` in place of the three.

use std::collections::BTreeSet;

use policies::error::Problem;
use serde::Deserialize;

/// One widening that is meant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiver {
    action: Option<String>,
    caller: Option<String>,
    permit: Option<String>,
    word: Option<String>,
    approved: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    #[serde(default)]
    waiver: Vec<Waiver>,
}

/// What became wider, as a waiver quotes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wider {
    /// A permit of the law for an action and a kind of caller.
    Permit { action: String, caller: String, permit: String },
    /// A word of a closed vocabulary, such as `Sector::Embassy`.
    Word(String),
}

impl Waiver {
    /// What it quotes; `None` if it is neither the three nor a word.
    fn quoted(&self) -> Option<Wider> {
        match (&self.action, &self.caller, &self.permit, &self.word) {
            (Some(action), Some(caller), Some(permit), None) => {
                Some(Wider::Permit { action: action.clone(), caller: caller.clone(), permit: permit.clone() })
            }
            (None, None, None, Some(word)) => Some(Wider::Word(word.clone())),
            _ => None,
        }
    }

    /// Whether it speaks of this.
    pub(crate) fn quotes(&self, wider: &Wider) -> bool {
        self.quoted().as_ref() == Some(wider)
    }

    /// Who lets it pass and why, for the table.
    pub(crate) fn said(&self) -> String {
        format!("waived by {}: {}", self.approved.join(" and "), self.why)
    }

    /// What it quotes, in words.
    pub(crate) fn named(&self) -> String {
        match self.quoted() {
            Some(Wider::Permit { action, caller, permit }) => format!("{action} by {caller}: `{permit}`"),
            Some(Wider::Word(word)) => format!("`{word}`"),
            None => String::new(),
        }
    }

    fn problem(&self) -> Option<&'static str> {
        let approvers: BTreeSet<_> =
            self.approved.iter().map(|name| name.trim()).filter(|name| !name.is_empty()).collect();
        if self.quoted().is_none() {
            Some("quotes either `action`, `caller` and `permit`, or a `word`")
        } else if approvers.len() < 2 || approvers.len() < self.approved.len() {
            Some("needs two who approved it")
        } else if self.why.trim().is_empty() {
            Some("needs a `why`")
        } else {
            None
        }
    }
}

/// Reads the waivers of a generation.
pub(crate) fn read(generation: u64, text: &str) -> Result<Vec<Waiver>, Problem> {
    let file = format!("theorems/waivers/{generation}.toml");
    let list: List = toml::from_str(text).map_err(|error| Problem::new(&file, error.to_string().replace('\n', " ")))?;
    for (place, waiver) in list.waiver.iter().enumerate() {
        if let Some(problem) = waiver.problem() {
            return Err(Problem::new(file, format!("waiver {} {problem}", place + 1)));
        }
        if list.waiver.iter().take(place).any(|other| other.quoted() == waiver.quoted()) {
            return Err(Problem::new(
                file,
                format!("waiver {} quotes what another quotes: {}", place + 1, waiver.named()),
            ));
        }
    }
    Ok(list.waiver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_waiver_names_one_thing_two_people_and_a_reason() {
        let check = |text: &str, expected: &str| match read(7, &format!("[[waiver]]\n{text}")) {
            Ok(waivers) => assert_eq!(waivers[0].named(), expected, "{text}"),
            Err(problem) => {
                assert_eq!(problem.file, "theorems/waivers/7.toml");
                assert!(!expected.is_empty() && problem.reason.contains(expected), "{text}: {problem}");
            }
        };
        let three = "action = \"act\"\ncaller = \"User\"\npermit = \"N1\"\n";
        let two = "approved = [\"A\", \"B\"]\nwhy = \"law\"\n";
        check(&format!("{three}{two}"), "act by User: `N1`");
        check(&format!("word = \"Sector::X\"\n{two}"), "`Sector::X`");
        check(&format!("{three}word = \"Sector::X\"\n{two}"), "waiver 1 quotes either");
        check(&format!("action = \"act\"\ncaller = \"User\"\n{two}"), "waiver 1 quotes either");
        check(&format!("{three}approved = [\"A\"]\nwhy = \"law\""), "needs two who approved");
        check(&format!("{three}approved = [\"A\", \" A\"]\nwhy = \"law\""), "needs two who approved");
        check(&format!("{three}approved = [\"A\", \" \"]\nwhy = \"law\""), "needs two who approved");
        check(&format!("{three}approved = [\"A\", \"B\"]\nwhy = \" \""), "needs a `why`");
        check(&format!("{three}{two}until = 1"), "unknown field");
        check(&format!("{three}{two}[[waiver]]\n{three}{two}"), "waiver 2 quotes what another quotes: act by User");
        assert!(read(7, "").unwrap().is_empty());
    }
}
