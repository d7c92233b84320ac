//! How often each repeated test repeats, as `tests/counts.toml` says for this run.

use crate::world::Broken;

/// The counts of both tiers.
const COUNTS: &str = include_str!("../counts.toml");

/// The variable that chooses the tier.
const VARIABLE: &str = "IJAZAT_COUNTS";

/// How thoroughly this run tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Reduced counts, for every change.
    Ci,
    /// Full counts, whose evidence is kept.
    Soak,
}

impl Tier {
    /// The tier of this run: `IJAZAT_COUNTS=soak`, else CI.
    ///
    /// # Errors
    /// When the variable names no tier: a soak that silently ran the small counts would be no evidence.
    pub fn of_this_run() -> Result<Self, Broken> {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("ci") => Ok(Self::Ci),
            Ok("soak") => Ok(Self::Soak),
            Ok(other) => Err(format!("{VARIABLE}=`{other}` is neither `ci` nor `soak`").into()),
        }
    }

    /// The count of this name.
    ///
    /// # Errors
    /// When `counts.toml` has none.
    pub fn count(self, name: &str) -> Result<u32, Broken> {
        let key = match self {
            Self::Ci => "ci",
            Self::Soak => "soak",
        };
        let table: toml::Table = COUNTS.parse()?;
        let count = table.get(name).and_then(|counts| counts.get(key)).and_then(toml::Value::as_integer);
        Ok(u32::try_from(count.ok_or_else(|| format!("counts.toml: no `{key}` under [{name}]"))?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_soak_repeats_more_often_than_ci() {
        let kills = |tier: Tier| tier.count("kills").unwrap();
        assert!(kills(Tier::Ci) > 0 && kills(Tier::Soak) > kills(Tier::Ci));
        assert!(Tier::Ci.count("absent").is_err());
    }
}
