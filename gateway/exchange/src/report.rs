//! Statistical reports by a design that a forum approved (S3 §7.3: the first design is the DG NSER's to approve, the
//! published report anyone's to read).

use serde::{Deserialize, Serialize};

use crate::{classification::Forum, limits, timestamp::Timestamp};

/// Names of the register's own tables, which no design takes: the same path would count something else.
pub const RESERVED: [&str; 4] = [
    "persons-by-province",
    "persons-by-district",
    "beneficiary-households-by-province",
    "beneficiary-households-by-district",
];

/// Words for a gender, as on the card.
pub const GENDERS: [&str; 3] = ["M", "F", "X"];

/// Words for a disability that a design may count: `any`, or the survey's own.
pub const DISABILITIES: [&str; 8] =
    ["any", "seeing", "hearing", "walking", "remembering", "self_care", "communicating", "several"];

/// Words for what a member lives by, the survey's own.
pub const EMPLOYMENTS: [&str; 6] =
    ["employee", "employer", "own_account", "family_worker", "unemployed", "outside_labour_force"];

/// A report that anyone may read while its approval holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Its name in the path, such as `disabled-by-tehsil`.
    pub name: String,
    /// English title.
    pub title: String,
    /// Urdu title.
    pub title_ur: String,
    /// What it counts.
    pub design: Design,
    /// The decision that it rests on.
    pub instrument: String,
    /// Forum that approved the design.
    pub forum: Forum,
    /// First instant of publication.
    pub valid_from: Timestamp,
    /// First instant after it.
    pub valid_until: Timestamp,
    /// Whether it was withdrawn before its time.
    pub revoked: bool,
}

/// What is counted: each household or member of the socio-economic registry that meets all that is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Design {
    /// What one count is.
    pub counts: Counts,
    /// What one row is.
    pub by: Level,
    /// The household is paid by the programme, or is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beneficiary: Option<bool>,
    /// The household owns all of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assets: Vec<String>,
    /// Gender of its head.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub head_gender: Option<String>,
    /// Its members at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_min: Option<u32>,
    /// Its members at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members_max: Option<u32>,
    /// Years that the member surely has at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_age_min: Option<u32>,
    /// Years that the same member surely has at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_age_max: Option<u32>,
    /// Disability of the same member: one of [`DISABILITIES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_disability: Option<String>,
    /// What the same member lives by: one of [`EMPLOYMENTS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member_employment: Option<String>,
}

/// What is counted once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// A household with at least one member who fits.
    Households,
    /// Each living member who fits, in a household that fits.
    Members,
}

/// Areas by which is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Provinces and territories.
    Province,
    /// Districts.
    District,
    /// Tehsils.
    Tehsil,
}

impl Design {
    /// Whether it can be counted at all.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with the report.
    pub fn check(&self) -> Result<(), &'static str> {
        let known = |words: &[&str], word: &Option<String>| word.as_deref().is_none_or(|word| words.contains(&word));
        let crossed = |least: Option<u32>, most: Option<u32>| least.zip(most).is_some_and(|(least, most)| least > most);
        if !known(&GENDERS, &self.head_gender) {
            return Err("names a gender of the head other than `M`, `F` or `X`");
        }
        if !known(&DISABILITIES, &self.member_disability) {
            return Err("names a disability that the survey does not have");
        }
        if !known(&EMPLOYMENTS, &self.member_employment) {
            return Err("names an employment that the survey does not have");
        }
        if crossed(self.members_min, self.members_max) || crossed(self.member_age_min, self.member_age_max) {
            return Err("asks for more at least than at most");
        }
        if self.assets.len() > limits::ASSETS_MAX || self.assets.iter().any(|asset| asset.trim().is_empty()) {
            return Err("names too many assets, or one without a name");
        }
        Ok(())
    }
}

/// Whether a name can stand in a path: small letters, digits and hyphens, at most [`limits::REPORT_NAME_MAX`].
#[must_use]
pub fn is_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty() && name.len() <= limits::REPORT_NAME_MAX && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design() -> Design {
        toml::from_str("counts = 'members'\nby = 'tehsil'\nmember_disability = 'any'\n").unwrap()
    }

    #[test]
    fn a_design_is_refused_for_what_cannot_be_counted() {
        let check = |change: fn(&mut Design), fits: bool| {
            let mut design = design();
            change(&mut design);
            assert_eq!(design.check().is_ok(), fits, "{design:?}");
        };
        check(|_| (), true);
        check(|d| d.head_gender = Some("F".into()), true);
        check(|d| d.head_gender = Some("f".into()), false);
        check(|d| d.member_disability = Some("none".into()), false);
        check(|d| d.member_employment = Some("unemployed".into()), true);
        check(|d| d.member_employment = Some("idle".into()), false);
        check(|d| (d.members_min, d.members_max) = (Some(2), Some(2)), true);
        check(|d| (d.members_min, d.members_max) = (Some(3), Some(2)), false);
        check(|d| (d.member_age_min, d.member_age_max) = (Some(60), Some(59)), false);
        check(|d| d.assets = vec!["Bicycle".into()], true);
        check(|d| d.assets = vec![" ".into()], false);
        check(|d| d.assets = vec!["Bicycle".into(); limits::ASSETS_MAX + 1], false);
    }

    #[test]
    fn a_name_stands_in_a_path() {
        for (name, fits) in
            [("disabled-by-tehsil", true), ("", false), ("Disabled", false), ("a/b", false), ("معذور", false)]
        {
            assert_eq!(is_name(name), fits, "{name:?}");
        }
        assert!(is_name(&"a".repeat(limits::REPORT_NAME_MAX)) && !is_name(&"a".repeat(limits::REPORT_NAME_MAX + 1)));
    }

    #[test]
    fn a_design_says_only_what_it_was_given() {
        let text = serde_json::to_string(&design()).unwrap();
        assert_eq!(text, r#"{"counts":"members","by":"tehsil","member_disability":"any"}"#);
        let unknown = toml::from_str::<Design>("counts = 'members'\nby = 'tehsil'\nincome = 3\n");
        assert!(unknown.is_err(), "a member that is not understood would be a wider count than was approved");
    }
}
