//! `cargo xtask prove`: builds the prover (`policies/prove`) and hands it the rest of the line. `cargo xtask mutants`: its test of
//! the law's mutants, with all of them.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::Verdict;

/// Asked for the package alone, cargo would choose other features and compile half of everything anew.
const BUILD: [&str; 6] = ["build", "--locked", "--quiet", "--workspace", "--bin", "prove"];

/// Builds, proves, and answers whether every theorem holds.
///
/// # Errors
/// When the prover does not compile, or could not tell; it has then said why.
pub fn run(root: &Path, arguments: &[OsString]) -> Verdict {
    let built = Command::new("cargo").current_dir(root).args(BUILD).status();
    if !built.is_ok_and(|status| status.success()) {
        return Err("the prover does not compile".into());
    }
    verdict(&binary(root, std::env::var_os("CARGO_TARGET_DIR")), arguments)
}

/// Every mutant of the law before every net; the test's own word says which survived.
const MUTANTS: [&str; 7] = ["test", "--locked", "--quiet", "--workspace", "--test", "mutants", "no_slip"];

/// Builds, tries all mutants, writes the evidence, and answers whether none survived.
///
/// # Errors
/// When cargo cannot be run.
pub fn mutants(root: &Path) -> Verdict {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root).args(MUTANTS).env("IJAZAT_COUNTS", "soak");
    cargo.status().map(|status| status.success()).map_err(|error| format!("cargo: {error}"))
}

fn binary(root: &Path, target: Option<OsString>) -> PathBuf {
    target.map_or_else(|| root.join("target"), |target| root.join(target)).join("debug/prove")
}

/// The prover's exit code as a verdict: 0 all proved, 1 not all, anything else is no verdict.
fn verdict(prover: &Path, arguments: &[OsString]) -> Verdict {
    let status = Command::new(prover).args(arguments).status();
    match status.map_err(|error| format!("{}: {error}", prover.display()))?.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err("nothing is proved".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_provers_own_no_is_a_no() {
        let check = |code: &str, expected: Verdict| {
            let arguments = ["-c".into(), format!("exit {code}").into()];
            assert_eq!(verdict(Path::new("/bin/sh"), &arguments), expected, "{code}");
        };
        check("0", Ok(true));
        check("1", Ok(false));
        check("2", Err("nothing is proved".into()));
        check("101", Err("nothing is proved".into()));
        assert!(verdict(Path::new("/nonexistent"), &[]).unwrap_err().starts_with("/nonexistent: "));
    }

    #[test]
    fn the_binary_stands_where_cargo_puts_it() {
        let check = |target: Option<&str>, expected: &str| {
            assert_eq!(binary(Path::new("/w"), target.map(Into::into)), Path::new(expected), "{target:?}");
        };
        check(None, "/w/target/debug/prove");
        check(Some("/t"), "/t/debug/prove");
        check(Some("t"), "/w/t/debug/prove");
    }
}
