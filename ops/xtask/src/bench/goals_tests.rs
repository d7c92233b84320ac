//! Every goal of the performance page: its arithmetic, its bounds on both sides, and why it has no value.

use proptest::prelude::*;

use super::*;

/// Ids, units, floors and aims as the performance page names them; those of the disk come from the run.
const PAGE: [(&str, &str, f64, f64, Better); 14] = [
    ("G1e", "ratio", 0.6, 1.0, Better::Higher),
    ("G1p", "ratio", 0.35, 0.6, Better::Higher),
    ("G4", "ratio", 0.5, 0.7, Better::Higher),
    ("G2e", "ratio", 1.7, 1.0, Better::Lower),
    ("G2p", "ratio", 3.0, 1.8, Better::Lower),
    ("G3e", "ratio", 1.0, 0.5, Better::Lower),
    ("G3p", "ratio", 1.5, 0.9, Better::Lower),
    ("G5n", "ratio", 2.5, 3.5, Better::Higher),
    ("G5h", "ratio", 2.5, 3.5, Better::Higher),
    ("G5v", "ratio", 1.0, 1.4, Better::Higher),
    ("G6a", "ms", 0.5, 0.5, Better::Lower),
    ("G6b", "ms", 1.0, 1.0, Better::Lower),
    ("G7", "KiB", 50.0, 35.0, Better::Lower),
    ("G8", "receipts", 0.0, 0.0, Better::Lower),
];

fn all(samples: &Samples) -> Vec<Goal> {
    of(samples, &BTreeMap::new())
}

fn one(samples: &Samples, id: &str) -> Goal {
    all(samples).into_iter().find(|goal| goal.id == id).unwrap_or_else(|| panic!("no goal {id}"))
}

fn value(samples: &Samples, id: &str) -> Option<f64> {
    one(samples, id).value
}

fn near(given: Option<f64>, expected: f64) -> bool {
    given.is_some_and(|given| (given - expected).abs() < 1e-9)
}

/// Adds one value of each of these participants.
fn add(samples: &mut Samples, case: &str, metric: &str, values: &[(&str, f64)]) {
    for (who, value) in values {
        samples.add(who, case, metric, "unit", *value, 0);
    }
}

#[test]
fn the_goals_are_those_of_the_page_with_its_bounds() {
    let goals = all(&Samples::default());
    let found: Vec<_> = goals.iter().map(|goal| (goal.id, goal.unit, goal.must, goal.aim, goal.better)).collect();
    assert_eq!(found, PAGE);
}

#[test]
fn without_a_run_no_floor_holds_and_each_goal_says_why() {
    for goal in all(&Samples::default()) {
        assert!(goal.value.is_none() && !goal.floor_holds() && !goal.aim_reached(), "{goal:?}");
        assert_eq!(goal.why.as_deref(), Some("its runs failed; see above"), "{}", goal.id);
    }
}

#[test]
fn whoever_was_absent_is_named_with_the_reason() {
    let absent = BTreeMap::from([
        ("nginx", "not installed".to_owned()),
        (E, "does not start".to_owned()),
        (bare::WHO, "does not compile".to_owned()),
        ("envoy", "no wheel".to_owned()),
        ("haproxy", "no package".to_owned()),
    ]);
    let goals = of(&Samples::default(), &absent);
    let check = |id: &str, expected: &str| {
        let goal = goals.iter().find(|goal| goal.id == id).unwrap();
        assert_eq!(goal.why.as_deref(), Some(expected), "{id}");
    };
    check("G1e", "ours E: does not start");
    check("G1p", "nginx: not installed");
    check("G4", "bare pingora: does not compile");
    check("G2p", "nginx: not installed");
    check("G3p", "envoy: no wheel");
    check("G5n", "ours E: does not start");
    check("G5h", "ours E: does not start");
    check("G7", "ours E: does not start");
    check("G8", "ours E: does not start");
}

#[test]
fn a_goal_with_a_value_says_no_reason_even_if_somebody_was_absent() {
    let mut samples = Samples::default();
    add(&mut samples, "idle connections", "memory each", &[(E, 40.0)]);
    let absent = BTreeMap::from([(E, "was absent at first".to_owned())]);
    let goal = of(&samples, &absent).into_iter().find(|goal| goal.id == "G7").unwrap();
    assert_eq!((goal.value, goal.why), (Some(40.0), None));
}

#[test]
fn a_rate_is_the_worse_of_few_and_many_connections() {
    let check = |few: (f64, f64), many: (f64, f64), expected: f64| {
        let mut samples = Samples::default();
        add(&mut samples, "closed 64", "rate", &[(E, few.0), ("nginx", few.1)]);
        add(&mut samples, "closed 256", "rate", &[(E, many.0), ("nginx", many.1)]);
        assert!(near(value(&samples, "G1e"), expected), "{few:?} {many:?}: {:?}", value(&samples, "G1e"));
    };
    check((50.0, 100.0), (90.0, 100.0), 0.5);
    check((90.0, 100.0), (50.0, 100.0), 0.5);
    check((300.0, 100.0), (200.0, 100.0), 2.0);
    let mut few_only = Samples::default();
    add(&mut few_only, "closed 64", "rate", &[(E, 1.0), ("nginx", 1.0)]);
    assert_eq!(value(&few_only, "G1e"), None, "many connections are part of the goal");
    let mut one_sided = few_only;
    add(&mut one_sided, "closed 256", "rate", &[(E, 1.0)]);
    assert_eq!(value(&one_sided, "G1e"), None);
}

#[test]
fn each_rate_compares_its_own_pair() {
    let mut samples = Samples::default();
    let rates = [(E, 10.0), (P, 6.0), (MEMORY, 14.0), ("nginx", 20.0), (bare::WHO, 28.0), ("envoy", 1.0)];
    for case in ["closed 64", "closed 256"] {
        add(&mut samples, case, "rate", &rates);
    }
    for (id, expected) in [("G1e", 0.5), ("G1p", 0.3), ("G4", 0.5)] {
        assert!(near(value(&samples, id), expected), "{id}: {:?}", value(&samples, id));
    }
}

#[test]
fn a_cost_is_the_least_of_ours_by_the_least_of_theirs() {
    let mut samples = Samples::default();
    // The repetitions do not pair: each side's least counts, wherever it fell.
    for (who, costs) in
        [(E, [30.0, 20.0, 25.0]), (P, [60.0, 50.0, 40.0]), ("nginx", [10.0, 16.0, 12.0]), ("envoy", [50.0, 40.0, 45.0])]
    {
        for cost in costs {
            samples.add(who, "closed 64", "cpu", "µs", cost, 0);
            samples.add(who, "closed 256", "cpu", "µs", 1.0, 0);
        }
    }
    for (id, expected) in [("G2e", 2.0), ("G2p", 4.0), ("G3e", 0.5), ("G3p", 1.0)] {
        assert!(near(value(&samples, id), expected), "{id}: {:?}", value(&samples, id));
    }
    let check = |id: &str, floor: bool, aim: bool| {
        let goal = one(&samples, id);
        assert_eq!((goal.floor_holds(), goal.aim_reached()), (floor, aim), "{id}");
    };
    check("G2e", false, false);
    check("G2p", false, false);
    check("G3e", true, true);
    check("G3p", true, false);
}

#[test]
fn handshakes_per_cpu_second_are_theirs_by_ours() {
    let mut samples = Samples::default();
    let costs = [(E, 100.0), ("nginx", 350.0), ("haproxy", 250.0), ("envoy", 90.0)];
    add(&mut samples, "handshakes, full", "cpu", &costs);
    add(&mut samples, "handshakes, resumed", "cpu", &[(E, 1.0), ("nginx", 1.0)]);
    let check = |id: &str, expected: f64, floor: bool, aim: bool| {
        let goal = one(&samples, id);
        assert!(near(goal.value, expected), "{goal:?}");
        assert_eq!((goal.floor_holds(), goal.aim_reached()), (floor, aim), "{id}");
    };
    check("G5n", 3.5, true, true);
    check("G5h", 2.5, true, false);
    check("G5v", 0.9, false, false);
}

#[test]
fn what_durability_adds_is_the_median_difference_within_repetitions() {
    let mut samples = Samples::default();
    for (durable, memory) in [(3.0, 1.0), (9.0, 8.0), (5.0, 5.5)] {
        samples.add(E, "fixed rate 500/s", "latency p50", "ms", durable, 0);
        samples.add(MEMORY, "fixed rate 500/s", "latency p50", "ms", memory, 0);
        samples.add(E, "fixed rate 500/s", "latency p99", "ms", durable * 2.0, 0);
        samples.add(MEMORY, "fixed rate 500/s", "latency p99", "ms", memory, 0);
    }
    assert!(near(value(&samples, "G6a"), 1.0), "{:?}", value(&samples, "G6a"));
    assert!(near(value(&samples, "G6b"), 5.0), "{:?}", value(&samples, "G6b"));
}

#[test]
fn the_disk_of_the_same_run_sets_the_floor_and_never_a_laxer_aim() {
    let check = |p50: f64, p99: f64, a: (f64, f64), b: (f64, f64)| {
        let mut samples = Samples::default();
        samples.add("disk", "fdatasync of 512 bytes", "p50", "ms", p50, 0);
        samples.add("disk", "fdatasync of 512 bytes", "p99", "ms", p99, 0);
        let (first, second) = (one(&samples, "G6a"), one(&samples, "G6b"));
        assert!(near(Some(first.must), a.0) && near(Some(first.aim), a.1), "{first:?}");
        assert!(near(Some(second.must), b.0) && near(Some(second.aim), b.1), "{second:?}");
    };
    check(0.0, 0.0, (0.5, 0.5), (1.0, 1.0));
    check(0.25, 2.0, (0.75, 0.5), (3.0, 3.0));
    check(10.0, 20.0, (10.5, 0.5), (21.0, 21.0));
}

#[test]
fn kills_count_when_there_were_three_and_add_up() {
    let check = |lost: &[f64], expected: Option<f64>, holds: bool| {
        let mut samples = Samples::default();
        for lost in lost {
            samples.add(E, "killed under load", "lost", "receipts", *lost, 0);
            samples.add(E, "killed under load", "receipts", "receipts", 500.0, 0);
        }
        let goal = one(&samples, "G8");
        assert_eq!((goal.value, goal.floor_holds()), (expected, holds), "{lost:?}");
    };
    check(&[], None, false);
    check(&[0.0, 0.0], None, false);
    check(&[0.0, 0.0, 0.0], Some(0.0), true);
    check(&[0.0, 2.0, 1.0], Some(3.0), false);
    check(&[0.0, 0.0, 0.0, 1.0], Some(1.0), false);
}

#[test]
fn idle_memory_is_the_least_that_was_seen_of_ours_alone() {
    let mut samples = Samples::default();
    add(&mut samples, "idle connections", "memory each", &[("nginx", 1.0), (E, 51.0), (E, 50.0), (P, 2.0)]);
    let goal = one(&samples, "G7");
    assert_eq!((goal.value, goal.floor_holds(), goal.aim_reached()), (Some(50.0), true, false));
}

#[test]
fn numbers_that_are_none_do_not_hold() {
    let check = |ours: f64, theirs: f64| {
        let mut samples = Samples::default();
        for case in ["closed 64", "closed 256"] {
            add(&mut samples, case, "rate", &[(E, ours), ("nginx", theirs)]);
        }
        add(&mut samples, "closed 64", "cpu", &[(E, ours), ("nginx", theirs)]);
        for id in ["G1e", "G2e"] {
            let goal = one(&samples, id);
            assert!(goal.value.is_none() && goal.why.is_some() && !goal.floor_holds(), "{ours}/{theirs}: {goal:?}");
        }
    };
    check(f64::NAN, 1.0);
    check(1.0, 0.0);
    check(0.0, 0.0);
    check(f64::INFINITY, 1.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_aim_that_is_reached_never_has_a_broken_floor(
        rates in prop::collection::vec(1.0..1000.0_f64, 12), disk in 0.0..30.0_f64,
    ) {
        let mut samples = Samples::default();
        let who = [E, P, MEMORY, "nginx", "haproxy", "envoy"];
        for (who, (rate, cost)) in who.iter().zip(rates.iter().zip(rates.iter().skip(6))) {
            for case in ["closed 64", "closed 256"] {
                samples.add(who, case, "rate", "1/s", *rate, 0);
            }
            samples.add(who, "closed 64", "cpu", "µs", *cost, 0);
            samples.add(who, "handshakes, full", "cpu", "µs", *cost, 0);
            samples.add(who, "fixed rate 500/s", "latency p50", "ms", *cost / 50.0, 0);
            samples.add(who, "idle connections", "memory each", "KiB", *rate / 10.0, 0);
        }
        samples.add("disk", "fdatasync of 512 bytes", "p50", "ms", disk, 0);
        for goal in all(&samples) {
            prop_assert!(!goal.aim_reached() || goal.floor_holds(), "{goal:?}");
            prop_assert_eq!(goal.value.is_none(), goal.why.is_some(), "{:?}", goal);
        }
    }

    #[test]
    fn a_better_number_never_breaks_a_floor_that_held(first in 0.0..10.0_f64, second in 0.0..10.0_f64) {
        let goal = |value, better| Goal {
            id: "X", what: String::new(), value: Some(value), why: None, unit: "", must: 3.0, aim: 5.0, better,
        };
        let (low, high) = (first.min(second), first.max(second));
        prop_assert!(!goal(low, Better::Higher).floor_holds() || goal(high, Better::Higher).floor_holds());
        prop_assert!(!goal(high, Better::Lower).floor_holds() || goal(low, Better::Lower).floor_holds());
    }
}
