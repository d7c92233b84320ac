//! A new law is in force as soon as it was seen; one that may not be is refused, told of, and leaves the last good one.

use policies::{Bundle, pack::Pack, source::Source};

use super::{
    super::testing::{FakeSource, GUARDRAIL, PERMIT, base, keys, law, signed},
    *,
};

fn watch(source: &Arc<FakeSource>, trusted: &[&str]) -> LawWatch {
    let first = Law::new(Arc::new(Bundle::embedded().unwrap()));
    let law = Arc::new(LawInForce::new(first));
    LawWatch::new(Arc::clone(source) as Arc<dyn LawSource>, law, Loader::new(base(), keys(trusted)), "node-1")
}

fn second() -> Pack {
    signed(&law(2, &[PERMIT]), base().name(), &["ayesha"])
}

#[tokio::test]
async fn a_signed_law_is_in_force_once_seen_and_the_one_before_lives_on_with_whoever_took_it() {
    let source = Arc::new(FakeSource::default());
    let watch = watch(&source, &["ayesha", "bilal"]);
    watch.begin().await.unwrap();
    let taken = watch.law().load_full();
    source.activate(&second());
    watch.confirm().await.unwrap();
    assert_eq!((watch.law().generation(), taken.decider.generation()), (2, 1));
    assert!(!Arc::ptr_eq(&taken.catalogue, &watch.law().catalogue()), "shapes are of the new catalogue");
    watch.confirm().await.unwrap();
    // Two people change a guardrail, one goes on from there.
    let third = signed(&law(3, &[GUARDRAIL]), second().manifest().name(), &["ayesha", "bilal"]);
    source.activate(&third);
    watch.confirm().await.unwrap();
    let guarded = third.source().clone().with_generation(4).unwrap();
    source.activate(&signed(&guarded, third.manifest().name(), &["bilal"]));
    watch.confirm().await.unwrap();
    assert_eq!(watch.law().generation(), 4);
    assert_eq!(source.told(), [(1, None), (2, None), (3, None), (4, None)]);
}

#[tokio::test]
async fn what_may_not_decide_is_refused_and_told_once() {
    let second = second();
    let after = second.manifest().name();
    let check = async |damage: &dyn Fn(&FakeSource), expected: &str| {
        let source = Arc::new(FakeSource::default());
        let watch = watch(&source, &["ayesha", "bilal"]);
        source.activate(&second);
        watch.begin().await.unwrap();
        damage(&source);
        for _ in 0..2 {
            let refused = watch.confirm().await.unwrap_err().to_string();
            assert!(refused.contains(expected), "wanted {expected}: {refused}");
        }
        assert_eq!(watch.law().generation(), 2, "{expected}");
        let (_, why) = watch.refused().unwrap();
        assert!(why.contains(expected), "{why}");
        assert_eq!(source.told().len(), 2, "{expected}: told once");
        assert!(source.told()[1].1.is_some());
    };
    let next = |source: &Source, by: &[&str]| signed(source, after.clone(), by);
    let altered = |from: &'static str, to: &'static str| {
        let pack = next(&law(3, &[]), &["ayesha"]);
        move |source: &FakeSource| {
            source.activate(&pack);
            source.meddle(|rows| {
                let row = rows.last_mut().unwrap();
                row.1 = String::from_utf8(row.1.clone()).unwrap().replacen(from, to, 1).into_bytes();
            });
        }
    };
    check(&|source| source.activate(&next(&law(3, &[]), &["stranger"])), "no key that is trusted here signed it").await;
    check(&|source| source.activate(&next(&law(3, &[GUARDRAIL]), &["ayesha"])), "two people must sign that").await;
    check(&|source| source.activate(&next(&law(2, &[]), &["ayesha"])), "generation 2 is in force here").await;
    check(&|source| source.activate(&next(&law(1, &[]), &["ayesha", "bilal"])), "generation 2 is in force here").await;
    check(&altered("resource.class ==", "resource.class !="), "was changed after it was signed").await;
    check(&altered("generation 3\\n", "generation 4\\n"), "was changed after it was signed").await;
    check(&altered("— ayesha ", "— bilal "), "no key that is trusted here signed it").await;
    check(&|source| source.meddle(|rows| rows.clear()), "the store knows no bundle any more").await;
    let silent = law(3, &[]).with("domains/nser/N02-household-standard.cedar", "permit (principal");
    check(&|source| source.activate(&next(&silent, &["ayesha"])), "unexpected").await;
    let unknown = law(3, &[]);
    let text = unknown.file(PERMIT).unwrap().replace("@obligation(\"", "@obligation(\"whisper;");
    check(&|source| source.activate(&next(&unknown.clone().with(PERMIT, &text), &["ayesha"])), "`whisper` is unknown")
        .await;
    let catalogue = unknown.file("catalogue/nser.toml").unwrap().replacen("\"nser.pmt\"", "\"nser.unheard-of\"", 1);
    let unheard = unknown.clone().with("catalogue/nser.toml", &catalogue);
    check(&|source| source.activate(&next(&unheard, &["ayesha"])), "nser.unheard-of").await;
    let shut = law(3, &[]).with(
        PERMIT,
        &unknown
            .file(PERMIT)
            .unwrap()
            .replace("permit (", "forbid (")
            .replace("@obligation", "@reason(\"policy_denied\")@was"),
    );
    check(&|source| source.activate(&next(&shut, &["ayesha"])), "of its own cases are not kept").await;
    let renamed = |source: &FakeSource| {
        source.activate(&next(&law(3, &[]), &["ayesha"]));
        source.meddle(|rows| rows.last_mut().unwrap().0.generation = 4);
    };
    let rewritten = |source: &FakeSource| {
        // The law in force is taken out, and one that follows the first is put in its place.
        source.meddle(|rows| rows.clear());
        source.activate(&signed(&law(3, &[]), base().name(), &["ayesha"]));
    };
    check(&rewritten, "the store's past is not the one that was").await;
    let jumps = |source: &FakeSource| source.activate(&signed(&law(3, &[]), base().name(), &["ayesha"]));
    check(&jumps, "which is not the one before it here").await;
    check(&renamed, "the store says generation 4 and holds generation 3").await;
}

#[tokio::test]
async fn a_process_does_not_begin_under_a_law_that_it_cannot_verify() {
    let source = Arc::new(FakeSource::default());
    source.activate(&second());
    let refused = watch(&source, &[]).begin().await.unwrap_err().to_string();
    assert!(refused.contains("generation 2 of the law is refused: no key that is trusted here signed it"), "{refused}");
    source.down(true);
    let away = watch(&source, &["ayesha"]).begin().await.unwrap_err();
    assert!(matches!(away, LawError::Unavailable(_)), "{away}");
    source.down(false);
    let sound = watch(&source, &["ayesha"]);
    sound.begin().await.unwrap();
    assert_eq!(sound.law().generation(), 2);
}

#[tokio::test]
async fn the_activated_law_wins_over_a_later_one_of_a_newer_program() {
    let source = Arc::new(FakeSource::default());
    // What it followed is not known to the newer program, so that two must have signed it.
    for (by, expected) in [(&["ayesha"][..], 5), (&["ayesha", "bilal"], 2)] {
        source.meddle(|rows| rows.clear());
        source.activate(&signed(&law(2, &[PERMIT]), base().name(), by));
        let newer = law(5, &[GUARDRAIL]);
        let first = Law::new(Arc::new(Bundle::load(&newer).unwrap()));
        let manifest = policies::manifest::Manifest::of(&newer, None).unwrap();
        let loader = Loader::new(manifest, keys(&["ayesha", "bilal"]));
        let law = Arc::new(LawInForce::new(first));
        let watch = LawWatch::new(Arc::clone(&source) as Arc<dyn LawSource>, law, loader, "node-1");
        assert_eq!(watch.begin().await.is_ok(), expected == 2);
        assert_eq!(watch.law().generation(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_law_is_looked_at_again_and_forgotten_when_the_store_is_set_right() {
    let source = Arc::new(FakeSource::default());
    let watch = watch(&source, &["ayesha"]);
    watch.begin().await.unwrap();
    source.activate(&second());
    source.meddle(|rows| rows[0].1.truncate(100));
    watch.confirm().await.unwrap_err();
    source.meddle(|rows| rows[0].1 = second().to_bytes());
    watch.confirm().await.unwrap_err();
    tokio::time::advance(RETRY_AFTER).await;
    watch.confirm().await.unwrap();
    assert_eq!((watch.law().generation(), watch.refused()), (2, None));
    // Another bundle at the same place, and back: the alarm ends.
    let other = signed(&law(2, &[]), base().name(), &["ayesha"]);
    let digest = second().manifest().digest();
    source.meddle(|rows| rows[0].0.digest = other.manifest().digest());
    watch.confirm().await.unwrap_err();
    assert!(watch.refused().is_some());
    source.meddle(|rows| rows[0].0.digest = digest);
    watch.confirm().await.unwrap();
    assert_eq!(watch.refused(), None);
    // A store that is away refuses nothing and changes nothing.
    source.down(true);
    assert!(matches!(watch.confirm().await, Err(LawError::Unavailable(_))));
    assert_eq!((watch.law().generation(), watch.refused()), (2, None));
}
