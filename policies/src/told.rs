//! One policy as people read it: what it does, on whose authority, and its text.

use cedar_policy::Effect;

use crate::{error::BundleError, read, source::Source};

/// A policy, told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its name.
    pub id: String,
    /// File within the bundle's folder.
    pub file: String,
    /// Whether it permits; otherwise it forbids.
    pub permits: bool,
    /// Section of the source that it rests on.
    pub authority: String,
    /// Code of a refusal by it.
    pub code: Option<String>,
    /// What its permission obliges the door to, as written.
    pub obligations: Option<String>,
    /// The file's text.
    pub text: String,
}

/// Every policy of a bundle, sorted by file.
///
/// # Errors
/// [`BundleError`] names each file that is no policy.
pub fn policies(source: &Source) -> Result<Vec<Told>, BundleError> {
    let told = |placed: read::PlacedPolicy| {
        let annotation = |name: &str| placed.policy.annotation(name).map(str::to_owned);
        Told {
            id: placed.policy.id().to_string(),
            permits: placed.policy.effect() == Effect::Permit,
            authority: annotation("authority").unwrap_or_default(),
            code: annotation("reason"),
            obligations: annotation("obligation"),
            text: source.file(&placed.file).unwrap_or_default().to_owned(),
            file: placed.file,
        }
    };
    let mut all: Vec<Told> = read::policies(source)?.into_iter().map(told).collect();
    all.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_told_with_its_authority_and_consequence() {
        let all = policies(&Source::embedded()).unwrap();
        let of = |id: &str| all.iter().find(|told| told.id == id).unwrap();
        let (guardrail, permit) = (of("G05-network"), of("N02-household-standard"));
        assert_eq!((guardrail.permits, guardrail.file.as_str()), (false, "guardrails/G05-network.cedar"));
        assert!(guardrail.code.is_some() && guardrail.obligations.is_none() && !guardrail.authority.is_empty());
        assert!(permit.permits && permit.code.is_none());
        assert!(permit.obligations.as_deref().is_some_and(|words| words.contains("log")));
        assert!(permit.text.contains("@id(\"N02-household-standard\")"));
    }
}
