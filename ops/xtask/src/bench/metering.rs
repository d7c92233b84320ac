//! The bench `metering`: what pricing and counting an answer add to its request, and what posting it to the ledger costs behind.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use super::{
    goals::{Better, Goal},
    law,
    samples::{Samples, percentile},
};

/// As `ops/demo` builds: without the optimisation at link time, which only makes it faster.
const BUILD: [&str; 8] =
    ["build", "--profile", "demo", "--locked", "--quiet", "--package=gateway", "--example", "meter"];

/// Builds the measuring program.
///
/// # Errors
/// When it does not compile.
pub fn build(root: &Path) -> Result<(), String> {
    let built = Command::new("cargo").current_dir(root).args(BUILD).status();
    let done = built.is_ok_and(|status| status.success());
    if done { Ok(()) } else { Err("gateway/server/examples/meter.rs does not compile".into()) }
}

/// Runs the measuring program.
///
/// # Errors
/// When it cannot be run, or says what it never says.
pub fn measure(binaries: &Path) -> Result<Samples, String> {
    let program = binaries.join("examples/meter");
    let output = Command::new(&program).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed", program.display()));
    }
    law::read(&String::from_utf8_lossy(&output.stdout))
}

/// What metering must cost at most.
pub fn goals(samples: &Samples) -> Vec<Goal> {
    let median = |who: &str, case: &str| percentile(samples.values(who, case, "mean"), 500);
    let goal = |id, what: &str, value, must, aim| Goal {
        id,
        what: what.to_owned(),
        value,
        why: None,
        unit: "µs",
        must,
        aim,
        better: Better::Lower,
    };
    vec![
        goal("M1", "on the request's path: book, class, terms, price, counter; mean", median("path", "all"), 5.0, 1.0),
        // Shown beside: no floor is set for it.
        goal(
            "M2",
            "behind it: posting a request's two entries, processor time",
            median("behind", "post"),
            1_000.0,
            10.0,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_has_a_floor_and_what_was_not_measured_breaks_it() {
        let held = |text: &str| goals(&law::read(text).unwrap())[0].floor_holds();
        assert!(held("0\tpath\tall\tmean\t4.9\n"));
        assert!(!held("0\tpath\tall\tmean\t5.1\n"));
        assert!(!held("0\tpath\tprice\tmean\t0.1\n"));
    }
}
