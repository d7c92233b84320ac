//! A new law is in force as soon as it was seen; one that may not be is refused, told of, and leaves the last good one.

use adapters::clock::ManualClock;
use exchange::directory::DirectoryData;
use policies::{Bundle, pack::Pack, source::Source};

use super::{
    super::testing::{FakeSource, GUARDRAIL, PERMIT, base, keys, law, signed},
    *,
};
use crate::{compose::sample, law::Books};

fn watch(source: &Arc<FakeSource>, trusted: &[&str]) -> LawWatch {
    let first = Law::new(Arc::new(Bundle::embedded().unwrap()));
    let law = Arc::new(LawInForce::new(first));
    // As the door does, which charges.
    let loader = Loader::new(base(), keys(trusted)).priced_by(Arc::new(books()));
    LawWatch::new(Arc::clone(source) as Arc<dyn LawSource>, law, loader, "node-1")
}

/// The sample books, on the day that they are in force.
fn books() -> Books {
    let rate_books = sample::rates().unwrap();
    let from = rate_books.iter().map(|book| book.valid_from).max().unwrap();
    let books = Books::new(Arc::new(ManualClock::new(from)));
    books.publish(&DirectoryData { rate_books, ..DirectoryData::default() });
    books
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

/// A process that decides by the second law.
struct Standing {
    source: Arc<FakeSource>,
    watch: LawWatch,
}

impl Standing {
    async fn new() -> Self {
        let source = Arc::new(FakeSource::default());
        source.activate(&second());
        let watch = watch(&source, &["ayesha", "bilal"]);
        watch.begin().await.unwrap();
        Self { source, watch }
    }

    /// After this damage the law is refused for this reason, that is told once, and the second law stays.
    async fn refuses(&self, damage: &dyn Fn(&FakeSource), expected: &str) {
        self.source.meddle(Vec::clear);
        self.source.activate(&second());
        self.watch.confirm().await.unwrap();
        let told = self.source.told().len();
        damage(&self.source);
        for _ in 0..2 {
            let refused = self.watch.confirm().await.unwrap_err().to_string();
            assert!(refused.contains(expected), "wanted {expected}: {refused}");
        }
        assert_eq!(self.watch.law().generation(), 2, "{expected}");
        let (_, why) = self.watch.refused().unwrap();
        assert!(why.contains(expected), "{why}");
        let news = self.source.told().split_off(told);
        assert!(matches!(news[..], [(2, Some(_))]), "{expected}: told once: {news:?}");
    }

    /// The same of a law that follows the second.
    async fn refuses_law(&self, law: &Source, by: &[&str], expected: &str) {
        let pack = signed(law, second().manifest().name(), by);
        self.refuses(&|source| source.activate(&pack), expected).await;
    }

    /// The same of a sound law in whose file a text was replaced after it was activated.
    async fn refuses_altered(&self, from: &str, to: &str, expected: &str) {
        let pack = signed(&law(3, &[]), second().manifest().name(), &["ayesha"]);
        let alter = |source: &FakeSource| {
            source.activate(&pack);
            source.meddle(|rows| {
                let row = rows.last_mut().unwrap();
                row.1 = String::from_utf8(row.1.clone()).unwrap().replacen(from, to, 1).into_bytes();
            });
        };
        self.refuses(&alter, expected).await;
    }
}

#[tokio::test]
async fn what_was_not_signed_as_it_must_be_is_refused() {
    let standing = Standing::new().await;
    standing.refuses_law(&law(3, &[]), &["stranger"], "no key that is trusted here signed it").await;
    standing.refuses_law(&law(3, &[GUARDRAIL]), &["ayesha"], "two people must sign that").await;
    standing.refuses_law(&law(2, &[]), &["ayesha"], "generation 2 is in force here").await;
    standing.refuses_law(&law(1, &[]), &["ayesha", "bilal"], "generation 2 is in force here").await;
    standing.refuses_altered("resource.class ==", "resource.class !=", "was changed after it was signed").await;
    standing.refuses_altered("generation 3\\n", "generation 4\\n", "was changed after it was signed").await;
    standing.refuses_altered("— ayesha ", "— bilal ", "no key that is trusted here signed it").await;
    standing.refuses_altered("ijazat-bundle-1", "ijazat-bundle-2", "is not a signed bundle").await;
}

#[tokio::test]
async fn a_store_that_was_meddled_with_is_refused() {
    let standing = Standing::new().await;
    let renamed = |source: &FakeSource| {
        source.activate(&signed(&law(3, &[]), second().manifest().name(), &["ayesha"]));
        source.meddle(|rows| rows.last_mut().unwrap().0.generation = 4);
    };
    // One that follows the first jumps over the law in force, or takes its place.
    let beside = signed(&law(3, &[]), base().name(), &["ayesha"]);
    let instead = |source: &FakeSource| {
        source.meddle(Vec::clear);
        source.activate(&beside);
    };
    standing.refuses(&|source| source.meddle(Vec::clear), "the store knows no bundle any more").await;
    standing.refuses(&instead, "the store's past is not the one that was").await;
    standing.refuses(&|source| source.activate(&beside), "which is not the one before it here").await;
    standing.refuses(&renamed, "the store says generation 4 and holds generation 3").await;
}

#[tokio::test]
async fn a_law_that_is_none_is_refused_whoever_signed_it() {
    let standing = Standing::new().await;
    let both = ["ayesha", "bilal"];
    let with = |file: &str, from: &str, to: &str| {
        let text = law(3, &[]).file(file).unwrap().to_owned();
        assert!(text.contains(from), "{file} has no {from}");
        law(3, &[]).with(file, &text.replacen(from, to, 1))
    };
    standing.refuses_law(&with(PERMIT, "permit (", "permit ["), &both, "unexpected").await;
    standing.refuses_law(&with(PERMIT, "context.hasSubject", "context.hasNobody"), &both, "hasNobody").await;
    standing.refuses_law(&with(PERMIT, "context has agency && ", ""), &both, "agency").await;
    let duty = with(PERMIT, "@obligation(\"", "@obligation(\"whisper;");
    standing.refuses_law(&duty, &both, "`whisper` is unknown").await;
    let unheard = with("catalogue/nser.toml", "\"nser.pmt\"", "\"nser.unheard-of\"");
    standing.refuses_law(&unheard, &both, "nser.unheard-of").await;
    let misspelt = with(PERMIT, "Ijazat::Datatype::\"nser.name\"", "Ijazat::Datatype::\"nser.nmae\"");
    standing.refuses_law(&misspelt, &both, "`nser.nmae`, which no dictionary has").await;
    let unpriced = with("catalogue/identity.toml", "tariff = \"identity.yes-no\"", "tariff = \"identity.perhaps\"");
    let told = "its service `identity.yes-no` is charged by match of `identity.perhaps`, and rate book";
    standing.refuses_law(&unpriced, &both, told).await;
    let without = law(3, &[]).without("domains/report/R01-published.cedar");
    standing.refuses_law(&without, &both, "of its own cases are not kept").await;
    let shut = with(PERMIT, "context.role == Ijazat::Role::\"Standard\"", "context.role == Ijazat::Role::\"Power\"");
    standing.refuses_law(&shut, &both, "of its own cases are not kept").await;
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
        source.meddle(Vec::clear);
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
