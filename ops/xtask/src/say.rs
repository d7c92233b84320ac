//! Words to the person at the terminal.

use std::io::{self, Write};

/// One line on standard output. A closed pipe is nobody listening, not an error.
pub fn line(text: &str) {
    drop(writeln!(io::stdout().lock(), "{text}"));
}

/// One line on standard error.
pub fn problem(text: &str) {
    drop(writeln!(io::stderr().lock(), "xtask: {text}"));
}
