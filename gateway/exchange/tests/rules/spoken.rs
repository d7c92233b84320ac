//! What is printed: no name, number, passcode or key of anyone, and messages as the house writes them.

use std::fmt::Debug;

use exchange::{
    caller::{Caller, Thumbprint},
    cnic::{Cnic, CnicError},
    consent::{
        ConsentFacts, ConsentUse, SubjectKey,
        details::DetailsError,
        frequency::Bounds,
        machine::Transaction,
        mode::{Mode, ModeError},
        passcode::{Passcode, PasscodeMac, Pepper, ScreenNumber},
        reply::Reply,
    },
    filter::{FilterError, Shape, filter},
    ids::IdError,
    json::JsonError,
    log::{checkpoint::CheckpointError, note::NoteError, paths::PathError, proof::ProofError, tiles::BundleError},
    mobile::{Mobile, MobileError},
    month::MonthError,
    path,
    permit::{PermitError, PermitKey},
    ports::{
        citizen_keys::KeysUnavailable, consent_tokens::ControlUnavailable, record_log::LogUnavailable,
        subject_status::SubjectStatusUnavailable, upstream::UpstreamError,
    },
    record::{
        leaf::LeafError,
        seal::{SealError, SealingKey},
    },
};

use crate::support::{CITIZEN, NOON, citizen, full_grant, id, ids, permit, service};

/// No run of more than two digits of the citizen's number, nor the number as an integer in hex.
fn names_nobody(printed: &str) {
    for from in 0..CITIZEN.len() - 3 {
        assert!(!printed.contains(&CITIZEN[from..from + 4]), "{printed}");
    }
    assert!(!printed.contains(&format!("{:x}", CITIZEN.parse::<u64>().unwrap())), "{printed}");
}

#[test]
fn a_citizens_number_prints_as_its_last_two_digits() {
    assert_eq!(format!("{:?}", citizen()), "Cnic(***********71)");
    assert_eq!(format!("{:?}", Cnic::parse("4210112345605").unwrap()), "Cnic(***********05)");
    assert_eq!(format!("{:?}", Mobile::parse("03001234507").unwrap()), "Mobile(+92********07)");
    names_nobody(&format!("{:?} {:#?}", Some(citizen()), [citizen()]));
}

#[test]
fn whatever_holds_a_citizen_prints_without_one() {
    let grant = full_grant(&["a"]);
    let caller = Caller::Citizen { cnic: citizen() };
    let service = service("answer_subjects = [\"/cnic\"]", &[("/a", "a")]);
    let answer = format!(r#"{{"cnic":"{CITIZEN}","a":1}}"#);
    let filtered = filter(&service, &Shape::of(&service), &permit(grant.clone()), answer.as_bytes()).unwrap();
    let all: [&dyn Debug; 4] = [&grant, &permit(grant.clone()), &caller, &filtered];
    for printed in all {
        let printed = format!("{printed:?} {printed:#?}");
        assert!(printed.contains("***********71"), "{printed}");
        names_nobody(&printed);
    }
}

#[test]
fn no_secret_prints() {
    let secret = [0xa7; 32];
    let facts = ConsentFacts {
        id: id("con-1"),
        revision: 1,
        subject: SubjectKey(secret),
        agency: id("bank-indus"),
        user: id("teller-1"),
        purpose: id("KYC-101"),
        datatypes: ids(&["a"]),
        usage: ConsentUse::OneTime,
        granted_at: NOON,
        expires_at: NOON,
        active: true,
        bounds: Bounds::default(),
    };
    let waiting = Transaction::received(NOON, 60).sent(PasscodeMac::from_bytes(secret), NOON).unwrap();
    let passcode = Passcode::parse("482913").unwrap();
    let (key, permit_key, pepper) = (SealingKey::new(&secret).unwrap(), PermitKey::new(&secret), Pepper::new(&secret));
    let (screen, reply) = (ScreenNumber::parse("48").unwrap(), Reply::parse("OK 482913 29"));
    let all: [(&dyn Debug, &str); 8] = [
        (&screen, "ScreenNumber(**)"),
        (&reply, "Allow("),
        (&facts, "SubjectKey(…)"),
        (&waiting, "PasscodeMac(…)"),
        (&passcode, "Passcode(******)"),
        (&key, "SealingKey(…)"),
        (&permit_key, "PermitKey(…)"),
        (&pepper, "Pepper(…)"),
    ];
    for (value, masked) in all {
        let printed = format!("{value:?} {value:#?}").to_lowercase();
        assert!(printed.contains(&masked.to_lowercase()), "{printed}");
        for part in ["a7", "167", "482", "913", "48", "29"] {
            assert!(!printed.contains(part), "{part} in {printed}");
        }
    }
    assert!(format!("{:?}", Thumbprint(secret)).contains("a7a7"), "a certificate is public");
}

/// Every kind of error that the crate can say, with what the outside world told where it may be told.
fn every_message() -> Vec<String> {
    use DetailsError as D;
    use path::PathError as P;
    let told = || "disk 3 is gone".to_owned();
    let mut all: Vec<String> = Vec::new();
    let mut say = |messages: &[&dyn ToString]| all.extend(messages.iter().map(|message| message.to_string()));
    say(&[&CnicError::NotADigit, &CnicError::TooLong, &CnicError::TooShort, &MobileError, &JsonError, &MonthError]);
    say(&[&ModeError::Unknown, &ModeError::Remote, &ModeError::BelowFloor(Mode::SmsReply)]);
    say(&[&IdError::Empty, &IdError::TooLong, &IdError::Character, &SealError]);
    say(&[&LeafError::Malformed, &LeafError::Version(9)]);
    say(&[&FilterError::Malformed, &FilterError::WrongPerson, &FilterError::TooManyRows]);
    say(&[&PermitError::Forged, &PermitError::OtherRequest, &PermitError::Expired, &PermitError::Replayed]);
    say(&[&BundleError::TooLong, &BundleError::CutOff, &PathError::Outside, &PathError::Length, &PathError::Root]);
    say(&[&NoteError::Name, &NoteError::Key, &NoteError::Malformed, &NoteError::Unsigned, &NoteError::Signature]);
    say(&[&CheckpointError::Malformed, &CheckpointError::Origin, &ProofError::Malformed]);
    say(&[&LogUnavailable::Full, &LogUnavailable::Behind, &LogUnavailable::Failed(told()), &LogUnavailable::TooLarge]);
    say(&[
        &UpstreamError::Unreachable(told()),
        &UpstreamError::Timeout,
        &UpstreamError::TooLarge,
        &UpstreamError::CircuitOpen,
    ]);
    say(&[&KeysUnavailable(told()), &ControlUnavailable(told()), &SubjectStatusUnavailable(told())]);
    say(&[&D::TooLong, &D::Malformed, &D::NotOne, &D::Type, &D::Uses, &D::ValidUntil, &D::ValidUntilMissing]);
    say(&[&D::ValidUntilPast, &D::Datatypes, &D::DatatypeUnknown, &D::Secret, &D::AbovePurpose, &D::Purpose]);
    say(&[&D::Agreement, &D::AboveCeiling]);
    say(&[&P::NotOrigin, &P::TooLong, &P::Query, &P::Encoded, &P::EmptySegment, &P::DotSegment, &P::Character]);
    all
}

#[test]
fn a_message_begins_small_has_no_full_stop_and_says_one_thing() {
    let all = every_message();
    for message in &all {
        assert!(message.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()), "{message}");
        assert!(!message.ends_with('.') && !message.contains('\n'), "{message}");
        assert!(message.split(' ').count() >= 3, "too short to help: {message}");
        for rust in ["Error", "::", "Some(", "None", "Vec", "Option", "unwrap", "panic"] {
            assert!(!message.contains(rust), "a name of Rust in: {message}");
        }
    }
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "no two errors read alike");
}

#[test]
fn a_wrapped_error_says_what_the_inner_one_says() {
    let inner = NoteError::Signature;
    let checkpoint = CheckpointError::from(inner);
    assert_eq!(checkpoint.to_string(), inner.to_string());
    assert_eq!(ProofError::from(checkpoint).to_string(), inner.to_string());
    assert_eq!(ProofError::from(PathError::Root).to_string(), PathError::Root.to_string());
}

#[test]
fn a_message_of_a_store_carries_its_reason() {
    for message in [
        LogUnavailable::Failed("disk 3 is gone".into()).to_string(),
        UpstreamError::Unreachable("disk 3 is gone".into()).to_string(),
        KeysUnavailable("disk 3 is gone".into()).to_string(),
        ControlUnavailable("disk 3 is gone".into()).to_string(),
        SubjectStatusUnavailable("disk 3 is gone".into()).to_string(),
    ] {
        assert!(message.ends_with(": disk 3 is gone"), "{message}");
    }
}
