//! The bench `policies`: what a decision costs, from the typed request to the permit, and whether it costs the same with ten
//! thousand agreements in the directory as with ten.

use std::{
    fmt::Write,
    path::Path,
    process::{Command, Stdio},
};

use super::{
    goals::{Better, Goal},
    samples::Samples,
};

/// The package alone: nothing else is needed optimised.
const BUILD: [&str; 7] = ["build", "--release", "--locked", "--quiet", "--package=policies", "--example", "decide"];

/// Datatypes that one request asks for.
const TYPES: [u32; 3] = [1, 6, 14];

/// The ways to a decision; the last is what the gateway's are held to, not what it does.
const WAYS: [&str; 3] = ["memo", "afresh", "plain"];

/// Builds the measuring program, optimised.
///
/// # Errors
/// When it does not compile.
pub fn build(root: &Path) -> Result<(), String> {
    let built = Command::new("cargo").current_dir(root).args(BUILD).status();
    if built.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        Err("policies/examples/decide.rs does not compile".into())
    }
}

/// Runs the measuring program.
///
/// # Errors
/// When it cannot be run, or says what it never says.
pub fn measure(binaries: &Path) -> Result<Samples, String> {
    let program = binaries.join("examples/decide");
    let output = Command::new(&program).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} failed", program.display()));
    }
    read(&String::from_utf8_lossy(&output.stdout))
}

/// Reads `repetition ⇥ who ⇥ case ⇥ metric ⇥ microseconds`, one number on each line.
///
/// # Errors
/// When a line is no such line.
pub fn read(said: &str) -> Result<Samples, String> {
    let mut samples = Samples::default();
    for line in said.lines() {
        let parts: Vec<&str> = line.split('\t').collect();
        let unread = || format!("the measuring program said `{line}`");
        let &[_, who, case, metric, micros] = parts.as_slice() else { return Err(unread()) };
        samples.add(who, case, metric, "µs", micros.parse().map_err(|_| unread())?, 0);
    }
    Ok(samples)
}

fn case(types: u32, agreements: u32) -> String {
    format!("{types} types, {agreements} agreements")
}

/// What a decision must cost at most.
pub fn goals(samples: &Samples) -> Vec<Goal> {
    let mut goals = Vec::new();
    for (id, way) in [("D1m", "memo"), ("D1a", "afresh")] {
        goals.push(Goal {
            id,
            what: format!("{way}: typed request to permit, 14 datatypes, 10,000 agreements, p50"),
            value: median(samples.values(way, &case(14, 10_000), "p50")),
            why: None,
            unit: "µs",
            must: 250.0,
            aim: 30.0,
            better: Better::Lower,
        });
    }
    for (id, way) in [("D2m", "memo"), ("D2a", "afresh"), ("D2p", "plain")] {
        let ratios = TYPES.iter().filter_map(|&types| flatness(samples, way, types));
        goals.push(Goal {
            id,
            what: format!("{way}: 10,000 agreements / 10, p50, the worst of 1, 6 and 14 datatypes"),
            value: ratios.reduce(f64::max),
            why: None,
            unit: "ratio",
            must: 1.2,
            aim: 1.05,
            better: Better::Lower,
        });
    }
    goals
}

/// The median over the repetitions of the cost with 10,000 agreements over the cost with 10, each pair of one repetition.
fn flatness(samples: &Samples, way: &str, types: u32) -> Option<f64> {
    let many = samples.values(way, &case(types, 10_000), "p50");
    let few = samples.values(way, &case(types, 10), "p50");
    median(&many.iter().zip(few).map(|(many, few)| many / few).collect::<Vec<_>>())
}

fn median(values: &[f64]) -> Option<f64> {
    super::samples::percentile(values, 500)
}

/// Where the time goes: what the request costs without a decision, what each evaluation adds, what is left.
pub fn profile(samples: &Samples) -> String {
    let mut text =
        format!("\n{:<8} {:>6} {:>12} {:>12} {:>14}\n", "way", "types", "p50 µs", "of it rest", "of it decision");
    for way in WAYS {
        for types in TYPES {
            let of = |who: &str| median(samples.values(who, &case(types, 10_000), "p50")).unwrap_or(f64::NAN);
            let (whole, rest) = (of(way), of("question"));
            let _ = writeln!(text, "{way:<8} {types:>6} {whole:>12.2} {rest:>12.2} {:>14.2}", whole - rest);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(many: f64) -> Samples {
        let mut said = String::new();
        for repetition in 0..3 {
            for way in ["memo", "afresh", "plain", "question"] {
                for types in TYPES {
                    for (agreements, micros) in [(10, 10.0), (10_000, many)] {
                        let case = case(types, agreements);
                        writeln!(said, "{repetition}\t{way}\t{case}\tp50\t{micros}").unwrap();
                    }
                }
            }
        }
        read(&said).unwrap()
    }

    #[test]
    fn floors_are_held_to_the_numbers_of_the_run() {
        let check = |many, floors: [bool; 5]| {
            let goals = goals(&samples(many));
            assert_eq!(goals.iter().map(Goal::floor_holds).collect::<Vec<_>>(), floors, "{many}");
        };
        check(10.0, [true; 5]);
        check(12.5, [true, true, false, false, false]);
        check(251.0, [false; 5]);
    }

    #[test]
    fn what_was_not_measured_breaks_its_floor() {
        assert!(goals(&Samples::default()).iter().all(|goal| goal.value.is_none() && !goal.floor_holds()));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for line in ["0\tmemo\tp50", "0\tmemo\tx\tp50\tsoon"] {
            assert_eq!(read(line).unwrap_err(), format!("the measuring program said `{line}`"));
        }
    }

    #[test]
    fn the_profile_takes_the_rest_from_the_whole() {
        let text = profile(&samples(11.0));
        assert_eq!(text.lines().filter(|line| line.ends_with("0.00")).count(), 9, "{text}");
    }
}
