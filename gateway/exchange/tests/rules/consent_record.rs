//! The record of a consent, read by somebody who has only the published key: its words are fixed, its chain holds whatever happened,
//! and whatever is done to it is found at the first place that it was done to.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    consent::{
        SubjectKey,
        revision::{
            Broken, Cause, Fault, REVISION_TYPE, Revision, SCHEMA, Standing, SubjectOpening, Terms, hash, verify,
        },
    },
    es256::{KeyRing, SigningKey},
    ids::ConsentId,
    timestamp::Timestamp,
};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::support::{NOON, id, with_char};

/// The exchange's key, and one that nobody believes.
pub static OURS: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new(&[5; 32]).unwrap());
pub static STRANGER: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new(&[6; 32]).unwrap());

/// Who is believed.
pub fn ring() -> KeyRing {
    [OURS.public().clone()].into_iter().collect()
}

pub const ALL: [Standing; 7] = [
    Standing::Requested,
    Standing::Active,
    Standing::Paused,
    Standing::Revoked,
    Standing::Denied,
    Standing::Locked,
    Standing::Withdrawn,
];

/// What may follow, written down a second time; a pause stands more than once so that random histories grow long.
fn next_of(standing: Standing) -> &'static [Standing] {
    match standing {
        Standing::Requested => {
            &[Standing::Active, Standing::Active, Standing::Denied, Standing::Locked, Standing::Withdrawn]
        }
        Standing::Active => &[Standing::Paused, Standing::Paused, Standing::Paused, Standing::Revoked],
        Standing::Paused => &[Standing::Active, Standing::Active, Standing::Active, Standing::Revoked],
        Standing::Revoked | Standing::Denied | Standing::Locked | Standing::Withdrawn => &[],
    }
}

pub fn terms() -> Terms {
    Terms { id: id("agr-7"), revision: 3, sha256: "ab".repeat(32) }
}

/// A request in which every optional member of a first revision is there.
pub fn asked(consent: &str) -> Revision {
    Revision {
        schema: SCHEMA.to_owned(),
        consent: id(consent),
        revision: 0,
        state: Standing::Requested,
        cause: Cause::AgencyAsked,
        at: Timestamp::from_micros(NOON.micros() + 7),
        agency: id("bank-indus"),
        user: id("teller-9"),
        purpose: id("KYC-101"),
        authorization_details: json!([{"type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["a"]}]),
        acr: "urn:nadra:acr:sms-pin".to_owned(),
        agreement: Some(terms()),
        subject: SubjectOpening([1; 32]).commit(SubjectKey([2; 32])),
        evidence: Vec::new(),
        predecessor: None,
    }
}

/// Revisions and how they were signed.
#[derive(Clone, Debug)]
struct Story {
    told: Vec<Revision>,
    signed: Vec<String>,
}

impl Story {
    fn of(first: Revision) -> Self {
        Self { signed: vec![first.sign(&OURS).unwrap()], told: vec![first] }
    }

    fn last(&self) -> &Revision {
        self.told.last().unwrap()
    }

    fn next(&self, step: (Standing, Cause), seconds: i64) -> Revision {
        self.last().followed_by(self.signed.last().unwrap(), step, self.last().at.plus_seconds(seconds))
    }

    fn push(&mut self, revision: Revision) {
        self.signed.push(revision.sign(&OURS).unwrap());
        self.told.push(revision);
    }

    /// Takes each step that still can be taken.
    fn walk(consent: &str, steps: &[(Index, i64)]) -> Self {
        let mut story = Self::of(asked(consent));
        for (choice, seconds) in steps {
            let possible = next_of(story.last().state);
            if possible.is_empty() {
                break;
            }
            let mut next = story.next((possible[choice.index(possible.len())], Cause::Operator), *seconds);
            next.evidence = vec![hash(&seconds.to_string())];
            story.push(next);
        }
        story
    }
}

fn held(chain: &[String]) -> Result<Vec<Revision>, (usize, Fault)> {
    verify(&ring(), &id("cns-1"), chain)
        .map_err(|Broken { revision, fault }| (usize::try_from(revision).unwrap(), fault))
}

fn fault(chain: &[String]) -> Option<(usize, Fault)> {
    held(chain).err()
}

pub fn part(signed: &str, number: usize) -> Value {
    let part = signed.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn each_standing_and_cause_has_one_word_and_only_listed_steps_are_possible() {
    let words = ["requested", "active", "paused", "revoked", "denied", "locked", "withdrawn"];
    for (standing, word) in ALL.into_iter().zip(words) {
        assert_eq!((standing.as_str(), json!(standing)), (word, json!(word)));
        for next in ALL {
            assert_eq!(standing.may_become(next), next_of(standing).contains(&next), "{standing:?} to {next:?}");
        }
    }
    let causes = "agency_asked passcode_at_counter ok_by_sms no_by_sms stop_by_sms pause_by_sms resume_by_sms tries_spent \
                  agency_withdrew agency_gave_back number_changes number_confirmed death_notice notice_withdrawn operator adopted";
    let read: Vec<Cause> = causes.split(' ').map(|word| serde_json::from_value(json!(word)).unwrap()).collect();
    assert_eq!(serde_json::to_value(&read).unwrap(), json!(causes.split(' ').collect::<Vec<_>>()));
    for odd in ["Active", "expired", ""] {
        assert!(serde_json::from_value::<Standing>(json!(odd)).is_err(), "{odd}");
        assert!(serde_json::from_value::<Cause>(json!(odd)).is_err(), "{odd}");
    }
}

/// Others read these members with their own programs: none may come, go or be called otherwise.
#[test]
fn c44_the_members_of_signed_revisions_are_these() {
    let mut story = Story::of(asked("cns-1"));
    let mut yes = story.next((Standing::Active, Cause::PasscodeAtCounter), 60);
    yes.evidence = vec!["first".to_owned(), "second".to_owned()];
    story.push(yes);
    story.push(story.next((Standing::Revoked, Cause::StopBySms), 3_600));
    let header = json!({"alg": "ES256", "kid": OURS.public().id(), "typ": "consent-revision+jwt"});
    story.signed.iter().for_each(|signed| assert_eq!(part(signed, 0), header));
    let subject = URL_SAFE_NO_PAD
        .encode(digest(&SHA256, &[b"ijazat-commitment-1\0subject\0".as_slice(), &[1; 32], &[2; 32]].concat()));
    let mut expected = json!({
        "schema": "urn:pk:ijazat:consent-revision:1",
        "consent": "cns-1",
        "revision": 0,
        "state": "requested",
        "cause": "agency_asked",
        "at": "2026-11-22T12:00:00.000007+05:00",
        "agency": "bank-indus",
        "user": "teller-9",
        "purpose": "KYC-101",
        "authorization_details": [{"type": "urn:pk:ijazat:consent:1", "purpose": "KYC-101", "datatypes": ["a"]}],
        "acr": "urn:nadra:acr:sms-pin",
        "agreement": {"id": "agr-7", "revision": 3, "sha256": "ab".repeat(32)},
        "subject": subject,
    });
    let named = |at: usize| json!(URL_SAFE_NO_PAD.encode(digest(&SHA256, story.signed[at].as_bytes())));
    assert_eq!(part(&story.signed[0], 1), expected, "a request was shown nothing and follows nothing");
    expected["revision"] = json!(1);
    expected["state"] = json!("active");
    expected["cause"] = json!("passcode_at_counter");
    expected["at"] = json!("2026-11-22T12:01:00.000007+05:00");
    expected["evidence"] = json!(["first", "second"]);
    expected["predecessor"] = named(0);
    assert_eq!(part(&story.signed[1], 1), expected, "a yes carries what the citizen was shown");
    expected["revision"] = json!(2);
    expected["state"] = json!("revoked");
    expected["cause"] = json!("stop_by_sms");
    expected["at"] = json!("2026-11-22T13:01:00.000007+05:00");
    expected["predecessor"] = named(1);
    expected.as_object_mut().unwrap().remove("evidence");
    assert_eq!(part(&story.signed[2], 1), expected, "an end does not show it again");
    assert_eq!(held(&story.signed), Ok(story.told));
    let bare = Revision { agreement: None, ..asked("cns-1") };
    assert!(
        part(&bare.sign(&OURS).unwrap(), 1).get("agreement").is_none(),
        "nothing is written for what was not there"
    );
}

#[test]
fn words_that_are_not_exactly_ours_are_refused_though_the_exchange_signed_them() {
    let ours = part(&Story::of(asked("cns-1")).signed[0], 1);
    let open = |typ: &str, words: &Value| {
        Revision::open(&ring(), &OURS.sign(typ, &serde_json::to_vec(words).unwrap()).unwrap())
    };
    assert_eq!(open(REVISION_TYPE, &ours), Some(asked("cns-1")), "as it is");
    for typ in ["JWT", "", "consent-revision", "Consent-Revision+jwt", "consent-receipt+jwt"] {
        assert_eq!(open(typ, &ours), None, "type {typ}");
    }
    let members = "schema consent revision state cause at agency user purpose authorization_details acr subject";
    for member in members.split(' ') {
        let mut without = ours.clone();
        without.as_object_mut().unwrap().remove(member).unwrap();
        assert_eq!(open(REVISION_TYPE, &without), None, "without {member}");
    }
    for (member, value) in [
        ("schema", json!("urn:pk:ijazat:consent-revision:2")),
        ("consent", json!("")),
        ("consent", json!("cns 1")),
        ("revision", json!(-1)),
        ("revision", json!("0")),
        ("revision", json!(4_294_967_296_u64)),
        ("state", json!("expired")),
        ("cause", json!("because")),
        ("at", json!(1_795_330_800)),
        ("at", json!("2026-11-22T12:00:00")),
        ("agreement", json!({"id": "agr-7", "revision": 3})),
        ("agreement", json!({"id": "agr-7", "revision": 3, "sha256": "", "more": 1})),
        ("evidence", json!("one")),
        ("predecessor", json!(1)),
        ("cnic", json!("nobody asked")),
        ("Schema", json!(SCHEMA)),
    ] {
        let mut changed = ours.clone();
        changed[member] = value.clone();
        assert_eq!(open(REVISION_TYPE, &changed), None, "{member}: {value}");
    }
    for text in ["", "null", "[]", "{}", "\"\"", "1"] {
        let signed = OURS.sign(REVISION_TYPE, text.as_bytes()).unwrap();
        assert_eq!(fault(&[signed]), Some((0, Fault::Signature)), "{text}");
    }
}

#[test]
fn c45_each_changed_character_of_each_revision_is_found_in_its_place() {
    let mut story = Story::of(asked("cns-1"));
    story.push(story.next((Standing::Active, Cause::OkBySms), 1));
    story.push(story.next((Standing::Paused, Cause::PauseBySms), 1));
    assert_eq!(fault(&story.signed), None);
    for (place, text) in story.signed.iter().enumerate() {
        for at in 0..text.len() {
            let put = if text[at..].starts_with('A') { 'B' } else { 'A' };
            let mut chain = story.signed.clone();
            chain[place] = with_char(text, at, put);
            assert_eq!(fault(&chain), Some((place, Fault::Signature)), "{put} at {at} of revision {place}");
        }
        let more =
            [format!("{text}A"), format!("{text}="), format!("{text}."), format!(" {text}"), format!("{text}\n")];
        for odd in more.into_iter().chain([text[1..].to_owned(), text[..text.len() - 1].to_owned(), String::new()]) {
            let mut chain = story.signed.clone();
            chain[place] = odd;
            assert_eq!(fault(&chain), Some((place, Fault::Signature)), "revision {place}");
        }
    }
}

#[test]
fn what_is_wrong_is_said_in_words_with_its_place() {
    let said = |fault| Broken { revision: 3, fault }.to_string();
    assert_eq!(said(Fault::Missing), "revision 3: it is missing");
    assert_eq!(said(Fault::Signature), "revision 3: its signature does not hold");
    assert_eq!(said(Fault::Place), "revision 3: it stands in another's place");
    assert_eq!(said(Fault::Predecessor), "revision 3: it does not follow the one before");
    assert_eq!(said(Fault::Changed), "revision 3: it changes what was asked");
    assert_eq!(said(Fault::Step), "revision 3: no such step is possible");
}

fn steps(least: usize) -> impl Strategy<Value = Vec<(Index, i64)>> {
    prop::collection::vec((any::<Index>(), -40_000..90_000_i64), least..14)
}

/// What somebody does to a chain that was right.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Remove,
    Swap,
    Repeat,
    TakeAnothers,
    SignAsStranger,
    SignAgain,
}

/// Does it, and says where it must be found.
fn spoil(deed: Deed, story: &Story, other: &Story, at: usize) -> (Vec<String>, Option<(usize, Fault)>) {
    let mut chain = story.signed.clone();
    let last = chain.len() - 1;
    let found = match deed {
        Deed::Remove => {
            chain.remove(at);
            // Nobody can see from a chain alone that its end was cut off: for this the access log has each revision too.
            (at < last).then_some((at, Fault::Place))
        }
        Deed::Swap => {
            chain.swap(at, last);
            (at < last).then_some((at, Fault::Place))
        }
        Deed::Repeat => {
            chain.insert(at, chain[at].clone());
            Some((at + 1, Fault::Place))
        }
        Deed::TakeAnothers => {
            chain[at].clone_from(&other.signed[at]);
            Some((at, Fault::Place))
        }
        Deed::SignAsStranger => {
            chain[at] = story.told[at].sign(&STRANGER).unwrap();
            Some((at, Fault::Signature))
        }
        Deed::SignAgain => {
            let changed = Revision { evidence: vec!["shown later".to_owned()], ..story.told[at].clone() };
            chain[at] = changed.sign(&OURS).unwrap();
            // The holder of the key may write a new end; whatever has a follower is held by it.
            (at < last).then_some((at + 1, Fault::Predecessor))
        }
    };
    (chain, found)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn c45_every_history_that_can_be_is_read_back_as_it_was_told(steps in steps(0)) {
        let story = Story::walk("cns-1", &steps);
        for end in 1..=story.signed.len() {
            prop_assert_eq!(held(&story.signed[..end]), Ok(story.told[..end].to_vec()));
        }
        let other: ConsentId = id("cns-2");
        let broken = verify(&ring(), &other, &story.signed);
        prop_assert_eq!(broken, Err(Broken { revision: 0, fault: Fault::Place }));
    }

    #[test]
    fn c45_a_step_that_cannot_be_is_found_in_its_place(steps in steps(0), next in prop::sample::select(&ALL[..])) {
        let mut story = Story::walk("cns-1", &steps);
        let (place, possible) = (story.told.len(), next_of(story.last().state).contains(&next));
        story.push(story.next((next, Cause::Operator), 1));
        prop_assert_eq!(fault(&story.signed), (!possible).then_some((place, Fault::Step)));
    }

    #[test]
    fn c45_time_that_runs_backwards_is_found_in_its_place(steps in steps(0), micros in 0..3_i64) {
        let mut story = Story::walk("cns-1", &steps);
        if let [next, ..] = next_of(story.last().state) {
            let at = Timestamp::from_micros(story.last().at.micros() - micros);
            let place = story.told.len();
            story.push(Revision { at, ..story.next((*next, Cause::Operator), 0) });
            prop_assert_eq!(fault(&story.signed), (micros > 0).then_some((place, Fault::Step)));
        }
    }

    #[test]
    fn c45_whatever_is_done_to_a_chain_is_found_where_it_was_done(
        steps in steps(2),
        at in any::<Index>(),
        deed in prop::sample::select(
            &[Deed::Remove, Deed::Swap, Deed::Repeat, Deed::TakeAnothers, Deed::SignAsStranger, Deed::SignAgain][..],
        ),
    ) {
        let (story, other) = (Story::walk("cns-1", &steps), Story::walk("cns-2", &steps));
        let (chain, expected) = spoil(deed, &story, &other, at.index(story.signed.len()));
        prop_assert_eq!(fault(&chain), expected);
    }

    #[test]
    fn c45_what_was_asked_cannot_change_on_the_way(steps in steps(1), which in 0..8_usize, at in any::<Index>()) {
        let told = Story::walk("cns-1", &steps).told;
        let place = 1 + at.index(told.len() - 1);
        let changes: [fn(&mut Revision); 8] = [
            |r| r.agency = id("bank-b"),
            |r| r.user = id("teller-8"),
            |r| r.purpose = id("KYC-102"),
            |r| r.authorization_details[0]["datatypes"] = json!(["a", "b"]),
            |r| r.acr = "urn:nadra:acr:sms-reply".to_owned(),
            |r| r.agreement = None,
            |r| r.agreement = Some(Terms { revision: 4, ..terms() }),
            |r| r.subject = SubjectOpening([3; 32]).commit(SubjectKey([2; 32])),
        ];
        // Whoever holds the key signs the rest of the chain anew after the change.
        let mut chain: Vec<String> = Vec::new();
        for (number, mut revision) in told.into_iter().enumerate() {
            if number >= place {
                changes[which](&mut revision);
            }
            revision.predecessor = chain.last().map(|signed| hash(signed));
            chain.push(revision.sign(&OURS).unwrap());
        }
        prop_assert_eq!(fault(&chain), Some((place, Fault::Changed)));
    }
}
