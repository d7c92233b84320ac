//! A chain holds as it was signed, and each thing that is done to it is named at its first place.

use serde_json::json;

use super::*;

fn key() -> SigningKey {
    SigningKey::new(&[5; 32]).unwrap()
}

fn ring() -> KeyRing {
    [key().public().clone()].into_iter().collect()
}

fn consent() -> ConsentId {
    ConsentId::parse("cns-1").unwrap()
}

fn asked() -> Revision {
    Revision {
        schema: SCHEMA.to_owned(),
        consent: consent(),
        revision: 0,
        state: Standing::Requested,
        cause: Cause::AgencyAsked,
        at: Timestamp::from_micros(1_000_000),
        agency: AgencyId::parse("bank-indus").unwrap(),
        user: UserId::parse("u-1").unwrap(),
        purpose: PurposeCode::parse("KYC-101").unwrap(),
        authorization_details: json!([{"type": "urn:pk:ijazat:consent:1"}]),
        acr: "urn:nadra:acr:sms-pin".to_owned(),
        agreement: None,
        subject: SubjectOpening([1; 32]).commit(SubjectKey([2; 32])),
        evidence: Vec::new(),
        predecessor: None,
    }
}

/// A yes that was paused, went on and ended.
fn chain() -> Vec<String> {
    let steps = [
        (Standing::Active, Cause::PasscodeAtCounter),
        (Standing::Paused, Cause::DeathNotice),
        (Standing::Active, Cause::NoticeWithdrawn),
        (Standing::Revoked, Cause::StopBySms),
    ];
    let mut last = asked();
    let mut signed = vec![last.sign(&key()).unwrap()];
    for (step, number) in steps.into_iter().zip(2..) {
        last = last.followed_by(signed.last().unwrap(), step, Timestamp::from_micros(number * 1_000_000));
        signed.push(last.sign(&key()).unwrap());
    }
    signed
}

fn broken(chain: &[String]) -> (u32, Fault) {
    let broken = verify(&ring(), &consent(), chain).unwrap_err();
    (broken.revision, broken.fault)
}

#[test]
fn c45_a_whole_chain_holds_up_to_each_of_its_revisions() {
    let chain = chain();
    for end in 1..=chain.len() {
        let read = verify(&ring(), &consent(), &chain[..end]).unwrap();
        assert_eq!(read.len(), end);
        assert_eq!(read.last().unwrap().revision as usize, end - 1);
    }
    assert_eq!(broken(&[]), (0, Fault::Missing));
}

#[test]
fn c45_the_first_revision_that_was_edited_is_named() {
    for place in 0..5 {
        let mut edited = chain();
        let mut bytes = edited[place].clone().into_bytes();
        let middle = bytes.len() / 2;
        bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
        edited[place] = String::from_utf8(bytes).unwrap();
        assert_eq!(broken(&edited), (u32::try_from(place).unwrap(), Fault::Signature));
    }
}

#[test]
fn c45_what_is_left_out_or_turned_round_is_named() {
    let whole = chain();
    for place in 1..4 {
        let mut cut = whole.clone();
        cut.remove(place);
        assert_eq!(broken(&cut), (u32::try_from(place).unwrap(), Fault::Place), "without {place}");
        let mut turned = whole.clone();
        turned.swap(place, place + 1);
        assert_eq!(broken(&turned), (u32::try_from(place).unwrap(), Fault::Place), "{place} turned");
    }
    let other = ConsentId::parse("cns-2").unwrap();
    assert_eq!(verify(&ring(), &other, &whole).unwrap_err(), Broken { revision: 0, fault: Fault::Place });
    let strangers: KeyRing = [SigningKey::new(&[6; 32]).unwrap().public().clone()].into_iter().collect();
    assert_eq!(verify(&strangers, &consent(), &whole).unwrap_err().fault, Fault::Signature);
}

/// Whoever holds the key can sign anything; what it makes of a chain is still seen.
#[test]
fn c45_a_signed_revision_that_does_not_follow_is_named() {
    let first = asked().sign(&key()).unwrap();
    let follow = |change: &dyn Fn(&mut Revision)| {
        let mut next =
            asked().followed_by(&first, (Standing::Active, Cause::OkBySms), Timestamp::from_micros(2_000_000));
        change(&mut next);
        let chain = [first.clone(), next.sign(&key()).unwrap()];
        verify(&ring(), &consent(), &chain).map(|_| ()).map_err(|broken| broken.fault)
    };
    assert_eq!(follow(&|_| ()), Ok(()));
    assert_eq!(follow(&|next| next.predecessor = Some(hash("other"))), Err(Fault::Predecessor));
    assert_eq!(follow(&|next| next.predecessor = None), Err(Fault::Predecessor));
    assert_eq!(follow(&|next| next.state = Standing::Requested), Err(Fault::Step));
    assert_eq!(follow(&|next| next.state = Standing::Paused), Err(Fault::Step));
    assert_eq!(follow(&|next| next.at = Timestamp::from_micros(999_999)), Err(Fault::Step));
    assert_eq!(follow(&|next| next.user = UserId::parse("u-2").unwrap()), Err(Fault::Changed));
    assert_eq!(follow(&|next| next.agency = AgencyId::parse("bank-b").unwrap()), Err(Fault::Changed));
    assert_eq!(follow(&|next| next.purpose = PurposeCode::parse("KYC-102").unwrap()), Err(Fault::Changed));
    assert_eq!(follow(&|next| next.authorization_details = json!([])), Err(Fault::Changed));
    assert_eq!(follow(&|next| next.acr = "urn:nadra:acr:sms-reply".to_owned()), Err(Fault::Changed));
    assert_eq!(follow(&|next| next.subject = "x".to_owned()), Err(Fault::Changed));
    assert_eq!(follow(&|next| next.schema = "x".to_owned()), Err(Fault::Signature));
}

#[test]
fn nothing_follows_an_end() {
    use Standing::{Active, Denied, Locked, Paused, Requested, Revoked, Withdrawn};
    for end in [Revoked, Denied, Locked, Withdrawn] {
        for next in [Requested, Active, Paused, Revoked, Denied, Locked, Withdrawn] {
            assert!(!end.may_become(next), "{end:?} {next:?}");
        }
    }
}

#[test]
fn a_clock_that_was_set_back_turns_nothing_round() {
    let first = asked();
    let signed = first.sign(&key()).unwrap();
    let next = first.followed_by(&signed, (Standing::Denied, Cause::NoBySms), Timestamp::from_micros(5));
    verify(&ring(), &consent(), &[signed, next.sign(&key()).unwrap()]).unwrap();
}

#[test]
fn a_citizen_stands_behind_a_commitment() {
    let (opening, citizen) = (SubjectOpening([1; 32]), SubjectKey([2; 32]));
    assert_eq!(opening.commit(citizen), asked().subject);
    assert_ne!(SubjectOpening([3; 32]).commit(citizen), asked().subject, "another time, another name");
    assert_eq!(format!("{opening:?}"), "SubjectOpening(…)");
}
