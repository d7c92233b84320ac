//! Why a configuration is refused: every problem at once, each with its path and reason.

use std::fmt;

/// One thing that is wrong, printed as `[section] key = value: reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Section, such as `consent` or `upstream.fbr`; empty for the file itself.
    pub section: String,
    /// Key; empty for the section itself.
    pub key: String,
    /// Value as written; `None` when there is none or it must not be shown.
    pub value: Option<String>,
    /// Which rule was broken.
    pub reason: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.section.is_empty() {
            write!(f, "[{}]", one_line(&self.section))?;
            if !self.key.is_empty() {
                write!(f, " {}", one_line(&self.key))?;
            }
            if let Some(value) = &self.value {
                write!(f, " = {}", one_line(value))?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.reason)
    }
}

/// The text with its line ends and other control characters escaped: one problem is one line, whatever was given.
fn one_line(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// A configuration that may not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// All problems, in the order of the sections.
    pub problems: Vec<Problem>,
}

impl ConfigError {
    /// A problem of the file as a whole.
    pub(super) fn of_file(reason: String) -> Self {
        let problem = Problem { section: String::new(), key: String::new(), value: None, reason };
        Self { problems: vec![problem] }
    }
}

/// One line for each problem, each beginning with `config: `.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let newline = if at == 0 { "" } else { "\n" };
            write!(f, "{newline}config: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}
