//! The data request form (S3 §8.2.5) to fill in, made from the rules so that it never asks for less than they do.

use std::fmt::Write as _;

use exchange::onboarding::Rules;

/// The form as TOML; every line that must be filled in stands there.
pub(super) fn template(rules: &Rules) -> String {
    let mut text = String::from(
        r#"# Data request form (S3 8.2.5). Fill in every line, delete the papers that are not yours, and hand it in:
#   ijazat agency apply form.toml
agency = "name-in-records"        # small letters, digits and hyphens; it stands in certificates, records and bills
name = ""
name_ur = ""
address = ""
kind = "Bank"                     # a row of Annexure B; see below
sector = "Private"                # type of client (S3 7.2); see below
about = ""                        # purpose of the organisation
utilisation = ""                  # what it will do with the data
wants = "online-access"           # statistical-report (2 working days), online-access (5), sample-data (5), complete-export
published_before = false          # of a statistical report: whether this design was published before
services = []                     # such as "identity.yes-no"; all are listed at /openapi.json
purposes = []                     # such as "KYC-101"
datatypes = []                    # such as "identity.match"
granularity = "person"            # aggregate, household, person
frequency = "continuous"          # one-time, continuous
channels = ["Api"]
networks = []                     # networks that you call from, such as "203.0.113.0/24"

[focal_person]
name = ""
designation = ""
contact = ""

"#,
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "# Preconditions (S3 9.3): state each.\n[statements]");
    for one in &rules.preconditions {
        let _ = writeln!(text, "{} = \"\"    # {} / {}", one.id, one.title, one.title_ur);
    }
    for one in &rules.schedules {
        let _ = writeln!(text, "\n# {} / {} ({})", one.title, one.title_ur, one.source);
        paper(&mut text, &one.id, Some(&one.version));
    }
    let _ = writeln!(text, "\n# Condition of your type of client: one paper that shows it.");
    for client in &rules.clients {
        let _ = writeln!(text, "#   {}: {} / {}", client.sector, client.condition, client.condition_ur);
        let _ = writeln!(text, "#     kind = {}", client.documents.join(" | "));
    }
    paper(&mut text, "company-registration", None);
    let _ = writeln!(text, "\n# Kinds of agencies, with the types of clients that each can be:");
    for (kind, sectors) in &rules.kinds {
        let sectors: Vec<_> = sectors.iter().map(|sector| sector.as_str()).collect();
        let _ = writeln!(text, "#   {kind}: {}", sectors.join(", "));
    }
    text
}

fn paper(text: &mut String, kind: &str, version: Option<&str>) {
    let _ = writeln!(text, "[[document]]\nkind = \"{kind}\"\nreference = \"\"\nsha256 = \"{}\"", "0".repeat(64));
    if let Some(version) = version {
        let _ = writeln!(text, "version = \"{version}\"");
    }
}
