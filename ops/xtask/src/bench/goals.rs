//! G1 to G8 of the performance page: what each is, its floor, its aim, and what this run says of it.

use std::collections::BTreeMap;

use super::{
    bare,
    ours::Form,
    samples::{Samples, percentile},
};

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
}

/// One goal.
#[derive(Clone, Debug)]
pub struct Goal {
    /// Its name, such as `G1e`.
    pub id: &'static str,
    /// What is compared.
    pub what: String,
    /// What this run says; absent when it could not be measured.
    pub value: Option<f64>,
    /// Why it could not be measured.
    pub why: Option<String>,
    /// Its unit.
    pub unit: &'static str,
    /// The floor.
    pub must: f64,
    /// The aim.
    pub aim: f64,
    /// Which way is better.
    pub better: Better,
}

impl Goal {
    /// Whether the floor holds. What was not measured does not hold.
    pub fn floor_holds(&self) -> bool {
        self.value.is_some_and(|value| self.reaches(value, self.must))
    }

    /// Whether the aim is reached.
    pub fn aim_reached(&self) -> bool {
        self.value.is_some_and(|value| self.reaches(value, self.aim))
    }

    fn reaches(&self, value: f64, bound: f64) -> bool {
        match self.better {
            Better::Higher => value >= bound,
            Better::Lower => value <= bound,
        }
    }
}

/// All goals by the numbers of one run; `absent` says who did not take part and why.
pub fn of(samples: &Samples, absent: &BTreeMap<&'static str, String>) -> Vec<Goal> {
    let read = Reading { samples, absent };
    let mut goals = read.rates();
    goals.extend(read.costs());
    goals.extend(read.handshakes());
    goals.extend(read.durability());
    goals
}

const E: &str = Form::Embedded.who();
const P: &str = Form::Proxied.who();
const MEMORY: &str = Form::InMemory.who();

struct Reading<'a> {
    samples: &'a Samples,
    absent: &'a BTreeMap<&'static str, String>,
}

impl Reading<'_> {
    /// G1, G4: rates, each pair within one repetition; the worse of both numbers of connections.
    fn rates(&self) -> Vec<Goal> {
        let worse = |ours, theirs| {
            let at = |case| self.samples.paired_ratio(ours, theirs, case, "rate");
            at("closed 64").zip(at("closed 256")).map(|(few, many)| few.min(many))
        };
        let what = |ours, theirs| format!("rate, {ours} / {theirs}, the worse of 64 and 256 connections");
        let higher = |id, ours, theirs, must, goal| {
            self.goal(
                id,
                what(ours, theirs),
                worse(ours, theirs),
                "ratio",
                (must, goal),
                Better::Higher,
                &[ours, theirs],
            )
        };
        vec![
            higher("G1e", E, "nginx", 0.6, 1.0),
            higher("G1p", P, "nginx", 0.35, 0.6),
            higher("G4", MEMORY, bare::WHO, 0.5, 0.7),
        ]
    }

    /// G2, G3: CPU time per request, the least of all repetitions on each side.
    fn costs(&self) -> Vec<Goal> {
        let least = |who| self.samples.min(who, "closed 64", "cpu");
        let lower = |id, ours: &'static str, theirs: &'static str, must, goal| {
            let ratio = least(ours).zip(least(theirs)).map(|(ours, theirs)| ours / theirs);
            let what = format!("CPU per request, {ours} / {theirs}, 64 connections");
            self.goal(id, what, ratio, "ratio", (must, goal), Better::Lower, &[ours, theirs])
        };
        vec![
            lower("G2e", E, "nginx", 1.7, 1.0),
            lower("G2p", P, "nginx", 3.0, 1.8),
            lower("G3e", E, "envoy", 1.0, 0.5),
            lower("G3p", P, "envoy", 1.5, 0.9),
        ]
    }

    /// G5: new connections per CPU second, each with one request.
    fn handshakes(&self) -> Vec<Goal> {
        let least = |who| self.samples.min(who, "handshakes, full", "cpu");
        let higher = |id, theirs: &'static str, must, goal| {
            let ratio = least(theirs).zip(least(E)).map(|(theirs, ours)| theirs / ours);
            let what = format!("full mTLS handshakes with one request per CPU second, {E} / {theirs}");
            self.goal(id, what, ratio, "ratio", (must, goal), Better::Higher, &[E, theirs])
        };
        vec![higher("G5n", "nginx", 2.5, 3.5), higher("G5h", "haproxy", 2.5, 3.5), higher("G5v", "envoy", 1.0, 1.4)]
    }

    /// G6, G7, G8: what durability adds, what idle connections hold, what a kill loses.
    fn durability(&self) -> Vec<Goal> {
        let added = |name| self.samples.paired_difference(E, MEMORY, "fixed rate 500/s", name);
        let disk = |name| percentile(self.samples.values("disk", "fdatasync of 512 bytes", name), 500).unwrap_or(0.0);
        let both = [E, MEMORY];
        let added_p50 = (added("latency p50"), disk("p50") + 0.5, 0.5_f64.min(disk("p50") + 0.5));
        let added_p99 = (added("latency p99"), disk("p99") + 1.0, disk("p99") + 1.0);
        let lower = |id, what: &str, (value, must, goal), unit, who: &[&'static str]| {
            self.goal(id, what.to_owned(), value, unit, (must, goal), Better::Lower, who)
        };
        let idle = self.samples.min(E, "idle connections", "memory each");
        let lost = self.samples.values(E, "killed under load", "lost");
        let lost = (lost.len() >= 3).then(|| lost.iter().sum());
        vec![
            lower("G6a", "p50 that durability adds at 500/s; floor fdatasync p50 + 0.5 ms", added_p50, "ms", &both),
            lower("G6b", "p99 that durability adds at 500/s; floor fdatasync p99 + 1 ms", added_p99, "ms", &both),
            lower("G7", "memory of an idle mTLS connection", (idle, 50.0, 35.0), "KiB", &[E]),
            lower("G8", "receipts without a record after kill -9 under load", (lost, 0.0, 0.0), "receipts", &[E]),
        ]
    }

    #[expect(clippy::too_many_arguments, reason = "the columns of the table, in its order")]
    fn goal(
        &self,
        id: &'static str,
        what: String,
        value: Option<f64>,
        unit: &'static str,
        (must, aim): (f64, f64),
        better: Better,
        who: &[&'static str],
    ) -> Goal {
        let value = value.filter(|value| value.is_finite());
        let missing = who.iter().find_map(|who| Some(format!("{who}: {}", self.absent.get(who)?)));
        let why = value.is_none().then(|| missing.unwrap_or_else(|| "its runs failed; see above".into()));
        Goal { id, what, value, why, unit, must, aim, better }
    }
}

#[cfg(test)]
#[path = "goals_tests.rs"]
mod page_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Samples {
        let mut samples = Samples::default();
        let rates = [
            (E, 50.0, 60.0, 30.0),
            ("nginx", 100.0, 100.0, 20.0),
            (MEMORY, 70.0, 80.0, 20.0),
            (bare::WHO, 100.0, 100.0, 10.0),
        ];
        for (who, few, many, cpu) in rates {
            samples.add(who, "closed 64", "rate", "1/s", few, 0);
            samples.add(who, "closed 256", "rate", "1/s", many, 0);
            samples.add(who, "closed 64", "cpu", "µs", cpu, 0);
            samples.add(who, "handshakes, full", "cpu", "µs", cpu * 10.0, 0);
        }
        samples
    }

    fn find(samples: &Samples, id: &str) -> Goal {
        let absent = BTreeMap::from([("envoy", "no wheel".to_owned())]);
        of(samples, &absent).into_iter().find(|goal| goal.id == id).unwrap()
    }

    #[test]
    fn each_goal_is_the_number_that_the_page_asks_for() {
        let check = |id, expected: f64, holds, reached| {
            let goal = find(&samples(), id);
            assert!((goal.value.unwrap() - expected).abs() < 1e-9, "{goal:?}");
            assert_eq!((goal.floor_holds(), goal.aim_reached()), (holds, reached), "{id}");
        };
        check("G1e", 0.5, false, false);
        check("G4", 0.7, true, true);
        check("G2e", 1.5, true, false);
        check("G5n", 200.0 / 300.0, false, false);
    }

    #[test]
    fn what_could_not_be_measured_says_why_and_does_not_hold() {
        let envoy = find(&samples(), "G3e");
        assert_eq!((envoy.value, envoy.why.as_deref()), (None, Some("envoy: no wheel")));
        assert!(!envoy.floor_holds());
        assert_eq!(find(&samples(), "G7").why.as_deref(), Some("its runs failed; see above"));
    }

    #[test]
    fn one_lost_receipt_breaks_the_floor() {
        let mut samples = samples();
        let lose = |samples: &mut Samples, lost| samples.add(E, "killed under load", "lost", "receipts", lost, 0);
        lose(&mut samples, 0.0);
        lose(&mut samples, 0.0);
        assert_eq!(find(&samples, "G8").value, None, "two kills are too few");
        lose(&mut samples, 0.0);
        assert!(find(&samples, "G8").floor_holds());
        lose(&mut samples, 1.0);
        assert!(!find(&samples, "G8").floor_holds());
    }

    #[test]
    fn what_durability_adds_is_judged_by_the_disk_of_the_same_run() {
        let mut samples = samples();
        samples.add("disk", "fdatasync of 512 bytes", "p50", "ms", 0.25, 0);
        for (who, p50) in [(E, 1.6), (MEMORY, 1.0)] {
            samples.add(who, "fixed rate 500/s", "latency p50", "ms", p50, 0);
        }
        let goal = find(&samples, "G6a");
        assert!(goal.floor_holds() && !goal.aim_reached() && (goal.must - 0.75).abs() < 1e-9, "{goal:?}");
    }
}
