//! Less given is never more released: taking something away from a question, or adding a forbid to the law.

use std::sync::LazyLock;

use exchange::{
    classification::Role,
    decision::{Decision, Question},
    ids::DatatypeId,
};
use policies::{Bundle, source::Source};
use proptest::prelude::*;

use super::{
    questions::{Dice, Pools},
    support::{
        all_permitted, allowed, bundle, decide, of_agency, of_agreement, of_approval, of_consent, of_programme,
        of_purpose, of_report, of_user, signed, spoken,
    },
};

/// A way to take something away, by name.
type Less = (&'static str, fn(&mut Question));

const LESS: &[Less] = &[
    ("no agreement", |q| q.agreement = None),
    ("revoked agreement", |q| of_agreement(q, |a| a.revoked = true)),
    ("first service out of the agreement", |q| of_agreement(q, |a| strike_first(&mut a.services))),
    ("first purpose out of the agreement", |q| of_agreement(q, |a| strike_first(&mut a.purposes))),
    ("first channel out of the agreement", |q| of_agreement(q, |a| strike_first(&mut a.channels))),
    ("fewer rows in the agreement", |q| of_agreement(q, |a| a.row_limit /= 2)),
    ("Basic agreement", |q| of_agreement(q, |a| a.role = Role::Basic)),
    ("no purpose", |q| q.purpose = None),
    ("forbidden purpose", |q| of_purpose(q, |p| p.forbidden = true)),
    ("no approval", |q| q.approval = None),
    ("beyond the programme's people", |q| q.within_population = false),
    ("first channel out of the programme", |q| of_programme(q, |p| strike_first(&mut p.channels))),
    ("no second user", |q| q.second = None),
    ("no category", |q| q.category = None),
    ("a report withdrawn", |q| of_report(q, |report| report.revoked = true)),
    ("revoked programme", |q| of_programme(q, |p| p.revoked = true)),
    ("inactive consent", |q| of_consent(q, |c| c.active = false)),
    ("consent of another", |q| q.consent_is_subjects = false),
    ("nobody asked about", |q| q.has_subject = false),
    ("suspended agency", |q| of_agency(q, |a| a.suspended = true)),
    ("no networks", |q| of_agency(q, |a| a.networks.clear())),
    ("no user agency", |q| of_agency(q, |a| a.user_agency = false)),
    ("no feeder", |q| of_agency(q, |a| a.feeder = false)),
    ("user struck off", |q| of_user(q, |u| u.disabled = true)),
    ("Basic user", |q| of_user(q, |u| u.role = Role::Basic)),
    ("unsigned", |q| signed(q, false)),
    ("without a proposal", |q| q.proposer = None),
];

fn strike_first<T>(of: &mut Vec<T>) {
    of.drain(..of.len().min(1));
}

static POOLS: LazyLock<Pools> = LazyLock::new(|| Pools::new(bundle(), &mut Dice(0x5eed)));

fn question(seed: u64) -> Question {
    POOLS.question(&mut Dice(seed | 1))
}

/// Whether the second decision permits nothing that the first did not.
fn no_more(before: &Decision, after: &Decision) -> bool {
    let had = allowed(before);
    allowed(after).iter().all(|id| had.contains(id))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_taken_from_a_question_opens_nothing(seed: u64) {
        let whole = question(seed);
        let before = decide(bundle(), &whole);
        for (less, take_away) in LESS {
            let mut question = whole.clone();
            take_away(&mut question);
            let after = decide(bundle(), &question);
            prop_assert!(no_more(&before, &after), "{}: {:?}", less, whole);
        }
    }

    #[test]
    fn a_datatype_out_of_an_instrument_is_that_datatype_at_most(seed: u64, place: usize) {
        let whole = question(seed);
        let before = decide(bundle(), &whole);
        let without: [fn(&mut Question, &DatatypeId); 4] = [
            |q, id| of_agreement(q, |a| a.datatypes.retain(|other| other != id)),
            |q, id| of_programme(q, |p| p.datatypes.retain(|other| other != id)),
            |q, id| of_approval(q, |a| a.datatypes.retain(|other| other != id)),
            |q, id| of_consent(q, |c| c.datatypes.retain(|other| other != id)),
        ];
        let out = &whole.datatypes[place % whole.datatypes.len()];
        for change in without {
            let mut question = whole.clone();
            change(&mut question, out);
            let after = decide(bundle(), &question);
            for (one, other) in before.verdicts.iter().zip(&after.verdicts) {
                if one.datatype == *out {
                    prop_assert!(one.allowed || !other.allowed, "{}: {:?}", out, whole);
                } else {
                    prop_assert_eq!(one, other, "{} out of an instrument changes another", out);
                }
            }
        }
    }

    #[test]
    fn a_datatype_is_judged_without_regard_to_the_others_asked_for(seed: u64) {
        let whole = question(seed);
        let together = decide(bundle(), &whole);
        for verdict in &together.verdicts {
            let mut question = whole.clone();
            question.datatypes = vec![verdict.datatype.clone()];
            let alone = decide(bundle(), &question);
            prop_assert_eq!(&alone.verdicts, &vec![verdict.clone()]);
            prop_assert!(alone.obligations.iter().all(|obligation| together.obligations.contains(obligation)));
        }
        let mut turned = whole.clone();
        turned.datatypes.reverse();
        let mut reversed = decide(bundle(), &turned).verdicts;
        reversed.reverse();
        prop_assert_eq!(reversed, together.verdicts);
    }

    #[test]
    fn a_longer_life_of_an_instrument_closes_nothing(seed: u64, more in 1_i64..100_000_000) {
        let whole = question(seed);
        let before = decide(bundle(), &whole);
        let mut question = whole.clone();
        of_agreement(&mut question, |a| a.valid_until = a.valid_until.plus_seconds(more));
        of_programme(&mut question, |p| p.valid_until = p.valid_until.plus_seconds(more));
        of_approval(&mut question, |a| a.valid_until = a.valid_until.plus_seconds(more));
        of_consent(&mut question, |c| c.expires_at = c.expires_at.plus_seconds(more));
        of_agency(&mut question, |a| a.nda_until = a.nda_until.plus_seconds(more));
        prop_assert!(no_more(&decide(bundle(), &question), &before), "{:?}", whole);
    }
}

/// Forbids that somebody might add, each with a word of what it closes.
const FORBIDS: [(&str, &str); 5] = [
    ("Confidential", "resource.class == Ijazat::Classification::\"Confidential\""),
    ("banks", "context has agency && context.agency.kind == Ijazat::AgencyKind::\"Bank\""),
    ("Basic", "context.role == Ijazat::Role::\"Basic\""),
    ("names", "[Ijazat::Datatype::\"identity.name\", Ijazat::Datatype::\"nser.name\"].contains(resource)"),
    ("nothing", "context.rows < 0"),
];

#[test]
fn a_forbid_that_is_added_closes_what_it_names_and_opens_nothing() {
    for (closes, condition) in FORBIDS {
        let forbid = format!(
            "@id(\"X01-more\")@authority(\"test\")@reason(\"policy_denied\")forbid (principal, action, resource) when {{ {condition} }};"
        );
        let stricter = Bundle::load(&Source::embedded().with("guardrails/X01-more.cedar", &spoken(&forbid))).unwrap();
        let mut closed = 0;
        let random = (0..60_u64).map(|seed| question(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for question in random.chain(all_permitted().into_iter().map(|(_, question)| question)) {
            let (before, after) = (bundle().decide_plainly(&question), decide(&stricter, &question));
            for (one, other) in before.verdicts.iter().zip(&after.verdicts) {
                let named = other.policies.iter().any(|policy| policy.as_str() == "X01-more");
                assert!(!(named && other.allowed), "{closes}: {question:?}");
                assert!(named || one == other, "{closes}: what it does not name is as before: {question:?}");
                closed += usize::from(one.allowed && !other.allowed);
            }
        }
        assert_eq!(closed > 0, closes != "nothing", "{closes} closed {closed}");
    }
}
