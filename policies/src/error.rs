//! Why a bundle is refused: every problem that was found, each with its file, so that one run of the check is enough.

use std::fmt;

/// One thing that is wrong with a bundle.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// File within the bundle's folder, such as `catalogue/nser.toml`.
    pub file: String,
    /// What is wrong with it and, where it helps, what would be right.
    pub reason: String,
}

impl Problem {
    /// A problem with a file.
    #[must_use]
    pub fn new(file: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { file: file.into(), reason: reason.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.file, self.reason)
    }
}

/// A bundle that may not decide anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleError {
    problems: Vec<Problem>,
}

impl BundleError {
    /// Refuses for these reasons; sorted by file.
    #[must_use]
    pub fn new(mut problems: Vec<Problem>) -> Self {
        problems.sort();
        problems.dedup();
        Self { problems }
    }

    /// Everything that was found, sorted by file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// Nothing if there is no problem.
    ///
    /// # Errors
    /// The refusal, if there is one.
    pub fn unless_empty(problems: Vec<Problem>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self::new(problems)) }
    }
}

impl From<Problem> for BundleError {
    fn from(problem: Problem) -> Self {
        Self::new(vec![problem])
    }
}

impl fmt::Display for BundleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bundle is refused for {} problem(s)", self.problems.len())?;
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for BundleError {}
