//! The memo and the grouping of datatypes against plain evaluation: random questions, each asked so often that the memo
//! answers most of them.

use exchange::decision::Decider;
use policies::Bundle;

use super::questions::{Dice, Pools};

/// Questions of one run; the soak tier raises it by `IJAZAT_QUESTIONS`.
const QUESTIONS: usize = 400;

#[test]
fn memo_and_grouping_answer_as_plain_evaluation_does() {
    let bundle = Bundle::embedded().unwrap();
    assert!(bundle.remembers(), "a policy reckons with the present: decisions are made afresh each time");
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let pools = Pools::new(&bundle, &mut dice);
    let count = std::env::var("IJAZAT_QUESTIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(QUESTIONS);
    let mut permits = 0;
    for _ in 0..count {
        let mut question = pools.question(&mut dice);
        for _ in 0..3 {
            let plain = bundle.decide_plainly(&question);
            assert_eq!(bundle.decide(&question), plain, "{question:?}");
            assert_eq!(bundle.decide_afresh(&question), plain, "{question:?}");
            assert!(!plain.errored, "{question:?}");
            permits += plain.verdicts.iter().filter(|verdict| verdict.allowed).count();
            question.now = pools.near(&mut dice);
        }
    }
    assert!(permits > count / 20, "only {permits} permits: the questions are too wild to prove anything");
}
