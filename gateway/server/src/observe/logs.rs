//! The operators' log: sentences with fields, on standard error, JSON for machines or text for people.
//!
//! No personal data: types that name a person print masked, and a test reads every log call of the workspace.

use tracing_subscriber::{EnvFilter, Layer, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::{LogFormat, Observe};

/// The log could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("log: {0}")]
pub struct LogsError(String);

/// Sets the process's log up; once for each process.
///
/// # Errors
/// [`LogsError`] when the level is malformed or a log is set up already.
pub fn init(observe: &Observe) -> Result<(), LogsError> {
    let filter = EnvFilter::try_new(&observe.level).map_err(|error| LogsError(error.to_string()))?;
    // Below `info` this library shows whole messages, passcodes and our password at the network among them.
    let filter = ["rusmpp=info", "rusmppc=info"].into_iter().try_fold(filter, |filter, quiet| {
        let quiet = quiet.parse().map_err(|_| LogsError("a directive of our own is malformed".to_owned()))?;
        Ok::<_, LogsError>(filter.add_directive(quiet))
    })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match observe.format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
        LogFormat::Text => lines.with_target(false).boxed(),
    };
    let set_up = tracing_subscriber::registry().with(lines.with_filter(filter)).try_init();
    set_up.map_err(|error| LogsError(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    /// Words whose values name a person or open something for one.
    const FORBIDDEN: [&str; 12] = [
        "cnic",
        "mobile",
        "passcode",
        "phone",
        "father",
        "birth",
        "token",
        "secret",
        "assertion",
        "subject",
        "address",
        "person",
    ];

    const MACROS: [&str; 5] = ["trace!(", "debug!(", "info!(", "warn!(", "error!("];

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                sources(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }

    /// The arguments of each log call, up to the bracket that closes it.
    fn log_calls(text: &str) -> Vec<String> {
        let after = |name: &&str| text.split(&format!("tracing::{name}")).skip(1).map(until_closed).collect::<Vec<_>>();
        MACROS.iter().flat_map(after).collect()
    }

    fn until_closed(text: &str) -> String {
        let (mut depth, mut quoted) = (1, false);
        let open = |letter: &char| {
            match letter {
                '"' => quoted = !quoted,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
            depth > 0
        };
        text.chars().take_while(open).collect()
    }

    /// The fields and interpolations of a call: what is outside quotes, and what stands in braces inside them.
    fn values(call: &str) -> String {
        let (mut quoted, mut braces, mut kept) = (false, false, String::new());
        for letter in call.chars() {
            match letter {
                '"' => quoted = !quoted,
                '{' => braces = true,
                '}' => braces = false,
                _ if !quoted || braces => kept.push(letter),
                _ => {}
            }
        }
        kept.to_lowercase()
    }

    #[test]
    fn no_log_call_of_the_workspace_names_a_person() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = Vec::new();
        for part in ["gateway", "adapters", "policies", "registry-core", "matcher"] {
            sources(&root.join(part), &mut files);
        }
        assert!(files.len() > 50, "only {} sources found", files.len());
        let mut calls = 0;
        for file in files.iter().filter(|file| !file.ends_with("observe/logs.rs")) {
            for call in log_calls(&std::fs::read_to_string(file).unwrap()) {
                calls += 1;
                let values = values(&call);
                for word in FORBIDDEN {
                    assert!(!values.contains(word), "{}: a log call holds `{word}`: {call}", file.display());
                }
            }
        }
        assert!(calls >= 3, "only {calls} log calls found");
    }

    #[test]
    fn the_reader_of_log_calls_sees_fields_and_interpolations_but_not_sentences() {
        let check = |call: &str, expected: bool| {
            let found = log_calls(call).iter().any(|call| values(call).contains("cnic"));
            assert_eq!(found, expected, "{call}");
        };
        check(r#"tracing::info!(cnic = %cnic, "looked up");"#, true);
        check(r#"tracing::warn!("looked {cnic} up");"#, true);
        check(r#"tracing::warn!(code = code(x), "the cnic was malformed");"#, false);
        check(r#"tracing::error!(%error, "x"); let cnic = 1;"#, false);
    }

    #[test]
    fn the_reader_of_log_calls_finds_them_wherever_they_end() {
        let check = |text: &str, expected: &[&str]| assert_eq!(log_calls(text), expected, "{text}");
        check("no call at all", &[]);
        check(r#"tracing::info!("a"); tracing::info!("b");"#, &[r#""a""#, r#""b""#]);
        check("tracing::warn!(\n    code = of(x, y),\n    \"a\"\n);", &["\n    code = of(x, y),\n    \"a\"\n"]);
        check(r#"tracing::info!("a) b", x = 1);"#, &[r#""a) b", x = 1"#]);
        check(r#"tracing::info!(x = f(g(1)), "a")"#, &[r#"x = f(g(1)), "a""#]);
        check(r#"info!("not through the full name")"#, &[]);
        check(r#"tracing::trace!("t"); tracing::error!("e")"#, &[r#""t""#, r#""e""#]);
    }

    #[test]
    fn the_values_of_a_call_are_its_fields_in_lower_case_without_its_sentence() {
        let check = |call: &str, expected: &str| assert_eq!(values(call), expected, "{call}");
        check(r#""a sentence""#, "");
        check(r#"Agency = id, "a sentence""#, "agency = id, ");
        check(r#""the {Mobile} rang""#, "mobile");
        check(r#""a {} b", person.name()"#, ", person.name()");
        check(r#"%error, "x {code:?} y""#, "%error, code:?");
    }

    #[test]
    fn a_level_that_cannot_be_read_is_refused_before_anything_is_set_up() {
        for level in ["gateway=loud", "a=b=c"] {
            let observe = super::Observe { format: super::LogFormat::Json, level: level.to_owned() };
            let refused = super::init(&observe).unwrap_err().to_string();
            assert!(refused.starts_with("log: ") && !refused.contains("already"), "{refused}");
        }
    }
}
