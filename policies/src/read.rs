//! Schema and policies as Cedar reads them: each file one policy, called as its file, all of it validated strictly.

use cedar_policy::{Effect, Policy, PolicyId as CedarId, PolicySet, Schema, Template, ValidationMode, Validator};

use crate::{
    error::{BundleError, Problem},
    source::Source,
    words::SCHEMA_FILE,
};

/// A policy and the file that it was read from.
#[derive(Clone, Debug)]
pub struct PlacedPolicy {
    /// Path within the bundle's folder, such as `guardrails/G05-network.cedar`.
    pub file: String,
    /// The policy, under the name of its file.
    pub policy: Policy,
}

/// A template and the file that it was read from.
#[derive(Clone, Debug)]
pub struct PlacedTemplate {
    /// Path within the bundle's folder, such as `templates/T10-board-payments.cedar`.
    pub file: String,
    /// The template, under the name of its file.
    pub template: Template,
    /// The same with both blanks open: whatever a link of it permits, this permits.
    pub widest: Policy,
}

/// Reads the schema.
///
/// # Errors
/// When the file is missing or Cedar has anything to say against it, be it a warning.
pub fn schema(source: &Source) -> Result<Schema, Problem> {
    let text = source.file(SCHEMA_FILE).ok_or_else(|| Problem::new(SCHEMA_FILE, "is missing"))?;
    let (schema, warnings) =
        Schema::from_cedarschema_str(text).map_err(|error| Problem::new(SCHEMA_FILE, error.to_string()))?;
    match warnings.map(|warning| warning.to_string()).next() {
        Some(warning) => Err(Problem::new(SCHEMA_FILE, warning)),
        None => Ok(schema),
    }
}

/// Reads one policy from each file and gives it its `@id`, which is the file's name.
///
/// # Errors
/// Names each file that is no policy of its name, and each guardrail that permits.
pub fn policies(source: &Source) -> Result<Vec<PlacedPolicy>, BundleError> {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    for folder in ["guardrails/", "domains/"] {
        for (path, text) in source.matching(folder, ".cedar") {
            match policy(path, text) {
                Ok(policy) if folder == "guardrails/" && policy.effect() == Effect::Permit => {
                    problems.push(Problem::new(path, "a guardrail forbids; permits stand under domains"));
                }
                Ok(policy) => policies.push(PlacedPolicy { file: path.to_owned(), policy }),
                Err(problem) => problems.push(problem),
            }
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(policies)
}

/// What a template leaves blank, and what is wider than everything that it can be filled with.
const BLANKS: [(&str, &str); 2] =
    [("principal == ?principal", "principal is Ijazat::User"), ("resource == ?resource", "resource")];

/// Reads one template from each file.
///
/// # Errors
/// Names each file that is no template of its name with both blanks, and each that forbids.
pub fn templates(source: &Source) -> Result<Vec<PlacedTemplate>, BundleError> {
    let (mut templates, mut problems) = (Vec::new(), Vec::new());
    for (path, text) in source.matching("templates/", ".cedar") {
        match template(path, text) {
            Ok(template) => templates.push(template),
            Err(problem) => problems.push(problem),
        }
    }
    BundleError::unless_empty(problems)?;
    Ok(templates)
}

fn template(path: &str, text: &str) -> Result<PlacedTemplate, Problem> {
    let needs = || Problem::new(path, format!("needs `{}` and `{}`, once each", BLANKS[0].0, BLANKS[1].0));
    let template = Template::parse(None, text).map_err(|error| Problem::new(path, error.to_string()))?;
    let mut wide = text.to_owned();
    for (blank, wider) in BLANKS {
        if text.matches(blank).count() != 1 {
            return Err(needs());
        }
        wide = wide.replace(blank, wider);
    }
    if template.slots().count() != BLANKS.len() {
        return Err(needs());
    }
    let widest = policy(path, &wide)?;
    if widest.effect() == Effect::Forbid {
        return Err(Problem::new(path, "a template permits; forbids hold for everyone"));
    }
    Ok(PlacedTemplate { file: path.to_owned(), template: template.new_id(widest.id().clone()), widest })
}

fn policy(path: &str, text: &str) -> Result<Policy, Problem> {
    let policy = Policy::parse(None, text).map_err(|error| Problem::new(path, error.to_string()))?;
    let name = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".cedar");
    match policy.annotation("id") {
        Some(id) if id == name => Ok(policy.new_id(CedarId::new(name))),
        _ => Err(Problem::new(path, format!("needs @id(\"{name}\"), the file's own name"))),
    }
}

/// The policies as one set; a warning (a policy that can never apply, a letter that looks like another) refuses too.
///
/// # Errors
/// Names each file that breaks the schema.
pub fn validated(schema: &Schema, placed: &[PlacedPolicy]) -> Result<PolicySet, BundleError> {
    let all = PolicySet::from_policies(placed.iter().map(|placed| placed.policy.clone()))
        .map_err(|error| Problem::new("guardrails", error.to_string()))?;
    valid(schema, &all, placed)?;
    Ok(all)
}

/// Holds the templates to the schema, as they stand and with both blanks open, beside the policies.
///
/// # Errors
/// Names each file that breaks the schema, or has the name of another.
pub fn valid_templates(
    schema: &Schema,
    placed: &[PlacedPolicy],
    templates: &[PlacedTemplate],
) -> Result<(), BundleError> {
    let named = |file: &str, error: String| Problem::new(file, error);
    let open: Vec<_> = templates
        .iter()
        .map(|template| PlacedPolicy { file: template.file.clone(), policy: template.widest.clone() })
        .collect();
    let mut blank = PolicySet::new();
    for PlacedTemplate { file, template, .. } in templates {
        if placed.iter().any(|placed| placed.policy.id() == template.id()) {
            return Err(named(file, "has the name of a policy".to_owned()).into());
        }
        blank.add_template(template.clone()).map_err(|error| named(file, error.to_string()))?;
    }
    validated(schema, &open)?;
    valid(schema, &blank, &open)
}

fn valid(schema: &Schema, all: &PolicySet, placed: &[PlacedPolicy]) -> Result<(), BundleError> {
    let result = Validator::new(schema.clone()).validate(all, ValidationMode::Strict);
    let file = |id: &CedarId| placed.iter().find(|placed| placed.policy.id() == id).map_or("guardrails", |p| &p.file);
    let errors = result.validation_errors().map(|error| Problem::new(file(error.policy_id()), error.to_string()));
    let warnings =
        result.validation_warnings().map(|warning| Problem::new(file(warning.policy_id()), warning.to_string()));
    BundleError::unless_empty(errors.chain(warnings).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_is_one_policy_under_its_own_name() {
        let placed = policies(&Source::embedded()).unwrap();
        for PlacedPolicy { file, policy } in &placed {
            assert!(file.ends_with(&format!("/{}.cedar", policy.id())), "{file}");
            assert_eq!(file.starts_with("guardrails/"), policy.id().to_string().starts_with('G'), "{file}");
        }
        let all = validated(&schema(&Source::embedded()).unwrap(), &placed).unwrap();
        assert_eq!(all.policies().count(), placed.len());
    }

    #[test]
    fn two_files_of_one_name_are_refused() {
        let source = Source::embedded();
        let text = source.file("guardrails/G05-network.cedar").unwrap().to_owned();
        let source = source.with("domains/x/G05-network.cedar", &text);
        let error = validated(&schema(&source).unwrap(), &policies(&source).unwrap()).unwrap_err();
        assert!(error.to_string().contains("G05-network"), "{error}");
    }
}
