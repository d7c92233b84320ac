//! What the record of a consent stands on and what is shown of it: signatures against the examples of the RFCs and against our own
//! hand, commitments, terms, instants, and the receipt of every standing.

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, UnparsedPublicKey,
    },
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    classification::{Channel, Forum, Role},
    consent::{
        SubjectKey,
        details::Details,
        receipt::{Names, receipt},
        revision::{Broken, Cause, Fault, Revision, Standing, SubjectOpening, Terms, verify},
    },
    directory::Agreement,
    es256::{KeyRing, PublicKey, SigningKey},
    timestamp::Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    consent_record::{OURS, STRANGER, asked, part, ring},
    support::{NOON, id, ids},
};

/// RFC 7515, appendix A.3: a private scalar, both coordinates, and what was signed with them.
const A3_D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";
const A3_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const A3_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const A3_SIGNED: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const A3_SIGNATURE: &str = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// The order of P-256 (FIPS 186-4, D.1.2.3).
const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// The point of a JSON Web Key as the library takes it.
fn point(jwk: &Value) -> Vec<u8> {
    [&[4], bytes(jwk["x"].as_str().unwrap()).as_slice(), &bytes(jwk["y"].as_str().unwrap())].concat()
}

/// A compact signature made without any code of ours.
fn by_hand(key: &SigningKey, how: &'static EcdsaSigningAlgorithm, header: &str, payload: &[u8]) -> String {
    let pair = EcdsaKeyPair::from_pkcs8(how, &key.pkcs8().unwrap()).unwrap();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn the_key_and_the_signature_of_rfc_7515_are_read_as_they_stand() {
    let key = SigningKey::new(&bytes(A3_D).try_into().unwrap()).unwrap();
    let kid = "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U";
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": A3_X, "y": A3_Y, "use": "sig", "alg": "ES256", "kid": kid});
    assert_eq!(key.public().jwk(), jwk, "the public half is counted from the secret one");
    let read = PublicKey::from_jwk(&json!({"kty": "EC", "crv": "P-256", "x": A3_X, "y": A3_Y, "d": A3_D})).unwrap();
    assert_eq!(&read, key.public());
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&read.jwk()))
        .verify(A3_SIGNED.as_bytes(), &bytes(A3_SIGNATURE))
        .unwrap();
    let ring: KeyRing = [read].into_iter().collect();
    let whole = format!("{A3_SIGNED}.{A3_SIGNATURE}");
    for typ in ["", "JWT", "a"] {
        assert_eq!(ring.open(typ, &whole), None, "a signature that names neither type nor key is none of ours: {typ}");
    }
}

#[test]
fn a_key_is_named_by_the_thumbprint_of_rfc_7638() {
    // RFC 7517, appendix A.1.
    let (x, y) = ("MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM");
    let read = PublicKey::from_jwk(&json!({"kid": "1", "y": y, "x": x, "use": "enc", "crv": "P-256", "kty": "EC"}));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let id = read.unwrap().id();
    assert_eq!(id, URL_SAFE_NO_PAD.encode(digest(&SHA256, canonical.as_bytes())));
    assert_eq!(id, "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s", "whatever name the key came under");
}

#[test]
fn whoever_has_the_published_key_and_the_rfc_can_check_what_we_signed() {
    for payload in [b"".as_slice(), b"{}", &[0, 255, 254], &[b'x'; 4_096]] {
        let text = OURS.sign("a+jwt", payload).unwrap();
        let (signed, signature) = text.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&OURS.public().jwk()))
            .verify(signed.as_bytes(), &bytes(signature))
            .unwrap();
        assert_eq!(bytes(signature).len(), 64);
        assert_eq!(part(&text, 0), json!({"alg": "ES256", "kid": OURS.public().id(), "typ": "a+jwt"}));
        assert_eq!(bytes(signed.split_once('.').unwrap().1), payload);
        assert_eq!(ring().open("a+jwt", &text).as_deref(), Some(payload));
    }
}

#[test]
fn a_header_says_our_algorithm_our_key_and_the_type_and_nothing_else() {
    let (kid, stranger) = (OURS.public().id(), STRANGER.public().id());
    let open = |header: &str| ring().open("a", &by_hand(&OURS, &ECDSA_P256_SHA256_FIXED_SIGNING, header, b"words"));
    let good = format!(r#"{{"typ":"a", "kid":"{kid}", "alg":"ES256"}}"#);
    assert_eq!(open(&good).unwrap(), b"words", "in any order");
    for (from, to) in [
        (r#""ES256""#, r#""none""#),
        (r#""ES256""#, r#""es256""#),
        (r#""ES256""#, r#""ES384""#),
        (r#""ES256""#, r#""HS256""#),
        (r#""ES256""#, "null"),
        (r#""typ":"a", "#, ""),
        (r#""a""#, r#""A""#),
        (kid.as_str(), stranger.as_str()),
        (kid.as_str(), ""),
        (r#""typ""#, r#""crit":["b64"],"b64":false,"typ""#),
        (r#""typ""#, r#""jku":"https://stranger.example/keys","typ""#),
        (r#""typ""#, r#""typ":"b","typ""#),
        ("}", "}{}"),
        ("{", ""),
    ] {
        let header = good.replacen(from, to, 1);
        assert_ne!(header, good);
        assert_eq!(open(&header), None, "{header}");
    }
    assert_eq!(open(&format!(r#"{{"typ":"a","alg":"ES256","jwk":{},"kid":"{kid}"}}"#, STRANGER.public().jwk())), None);
    let theirs = by_hand(&STRANGER, &ECDSA_P256_SHA256_FIXED_SIGNING, &good, b"words");
    assert_eq!(ring().open("a", &theirs), None, "our name under a stranger's hand");
    let der = by_hand(&OURS, &ECDSA_P256_SHA256_ASN1_SIGNING, &good, b"words");
    assert_eq!(ring().open("a", &der), None, "the other form of a signature");
    let signed = der.rsplit_once('.').unwrap().0;
    for empty in [0, 1, 63, 64, 65, 128] {
        let nought = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(vec![0; empty]));
        assert_eq!(ring().open("a", &nought), None, "{empty} noughts");
    }
}

#[test]
fn what_is_no_point_of_the_curve_believes_nothing() {
    let text = OURS.sign("a", b"words").unwrap();
    let ours = OURS.public().jwk();
    for (x, y) in [(vec![0; 32], vec![0; 32]), (vec![255; 32], vec![255; 32]), (bytes(A3_X), bytes(A3_X))] {
        let jwk = json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)});
        if let Some(key) = PublicKey::from_jwk(&jwk) {
            // A ring finds keys by their names, so the text must name this one to be tried under it.
            let header = format!(r#"{{"alg":"ES256","kid":"{}","typ":"a"}}"#, key.id());
            let named = by_hand(&OURS, &ECDSA_P256_SHA256_FIXED_SIGNING, &header, b"words");
            let ring: KeyRing = [key].into_iter().collect();
            assert_eq!((ring.open("a", &named), ring.open("a", &text)), (None, None), "{jwk}");
        }
    }
    let both = [bytes(A3_X), bytes(A3_Y)].concat();
    for cut in [0, 1, 31, 33, 64] {
        let mut jwk = ours.clone();
        jwk["x"] = json!(URL_SAFE_NO_PAD.encode(&both[..cut]));
        jwk["y"] = json!(URL_SAFE_NO_PAD.encode(&both[cut..]));
        assert_eq!(PublicKey::from_jwk(&jwk), None, "cut at {cut}");
    }
    for n in ["x", "y", "kty", "crv"] {
        let mut jwk = ours.clone();
        jwk.as_object_mut().unwrap().remove(n).unwrap();
        assert_eq!(PublicKey::from_jwk(&jwk), None, "without {n}");
    }
    for scalar in [[0; 32], [255; 32], hex::decode(ORDER).unwrap().try_into().unwrap()] {
        assert!(SigningKey::new(&scalar).is_err(), "{scalar:?}");
    }
}

/// Of each ECDSA signature anybody can make its twin, with the order less `s`: other letters, the same words.
fn twin(text: &str) -> String {
    let (signed, signature) = text.rsplit_once('.').unwrap();
    let (mut signature, order) = (bytes(signature), hex::decode(ORDER).unwrap());
    let mut borrowed = 0;
    for place in (0..32).rev() {
        let less = i16::from(order[place]) - i16::from(signature[32 + place]) - borrowed;
        borrowed = i16::from(less < 0);
        signature[32 + place] = u8::try_from(less.rem_euclid(256)).unwrap();
    }
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn c45_the_twin_of_a_signature_says_the_same_and_is_found_by_what_follows_it() {
    let first = asked("cns-1");
    let text = first.sign(&OURS).unwrap();
    let other = twin(&text);
    assert_ne!(other, text);
    assert_eq!(twin(&other), text);
    assert_eq!(Revision::open(&ring(), &other), Some(first.clone()), "no word of it is another");
    let next = first.followed_by(&text, (Standing::Denied, Cause::NoBySms), first.at).sign(&OURS).unwrap();
    let found = verify(&ring(), &id("cns-1"), &[other, next]).unwrap_err();
    assert_eq!(found, Broken { revision: 1, fault: Fault::Predecessor });
}

#[test]
fn two_consents_of_one_citizen_show_nothing_that_is_the_same() {
    let citizen = SubjectKey([9; 32]);
    let (one, other) = (SubjectOpening([1; 32]).commit(citizen), SubjectOpening([2; 32]).commit(citizen));
    assert_ne!(one, other, "two agencies that lay their records side by side learn nothing");
    assert_eq!((one.len(), other.len()), (43, 43), "nothing of the citizen is in the length");
    assert_eq!(SubjectOpening([1; 32]).commit(citizen), one, "who has the opening can show whose it is");
    assert_ne!(SubjectOpening([1; 32]).commit(SubjectKey([8; 32])), one, "and that it is nobody else's");
    let signed = Revision { subject: one, ..asked("cns-1") }.sign(&OURS).unwrap();
    let words = part(&signed, 1).to_string();
    for told in [citizen.to_hex(), URL_SAFE_NO_PAD.encode(citizen.0), URL_SAFE_NO_PAD.encode([1; 32])] {
        assert!(!words.contains(&told), "{told}");
    }
}

fn agreement() -> Agreement {
    Agreement {
        id: id("agr-7"),
        revision: 3,
        agency: id("bank-indus"),
        forum: Forum::Nadra,
        services: ids(&["identity.kyc"]),
        purposes: ids(&["KYC-101"]),
        datatypes: ids(&["a", "b"]),
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Channel::Api],
        valid_from: Timestamp::from_micros(1),
        valid_until: Timestamp::from_micros(2),
        revoked: false,
    }
}

#[test]
fn terms_name_every_word_of_the_agreement() {
    let text = r#"{"id":"agr-7","revision":3,"agency":"bank-indus","forum":"NADRA","services":["identity.kyc"],"purposes":["KYC-101"],"datatypes":["a","b"],"role":"Standard","row_limit":1,"channels":["Api"],"valid_from":1,"valid_until":2,"revoked":false}"#;
    let before = Terms::of(&agreement());
    let sha256 = hex::encode(digest(&SHA256, text.as_bytes()));
    assert_eq!(before, Terms { id: id("agr-7"), revision: 3, sha256 }, "anybody can count it again from the entry");
    assert_eq!(Terms::of(&agreement().clone()), before);
    let changes: [fn(&mut Agreement); 13] = [
        |a| a.id = id("agr-8"),
        |a| a.revision = 4,
        |a| a.agency = id("bank-b"),
        |a| a.forum = Forum::BispBoard,
        |a| a.services.clear(),
        |a| a.purposes = ids(&["KYC-102"]),
        |a| a.datatypes.reverse(),
        |a| a.role = Role::Power,
        |a| a.row_limit = 2,
        |a| a.channels.push(Channel::Portal),
        |a| a.valid_from = Timestamp::from_micros(0),
        |a| a.valid_until = Timestamp::from_micros(3),
        |a| a.revoked = true,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut after = agreement();
        change(&mut after);
        assert_ne!(Terms::of(&after).sha256, before.sha256, "change {number}");
    }
}

/// A request that was answered so, a minute apart.
fn record(steps: &[(Standing, Cause)]) -> Vec<Revision> {
    let mut all = vec![asked("cns-1")];
    for &step in steps {
        let last = &all[all.len() - 1];
        let evidence = vec!["what-was-shown".to_owned()];
        all.push(Revision { evidence, ..last.followed_by("before", step, last.at.plus_seconds(60)) });
    }
    all
}

fn told(record: &[Revision]) -> Value {
    let names =
        Names { issuer: "https://ijazat.example", principal: "pairwise-1", agency: "Indus", purpose: "Account" };
    receipt(record, names).unwrap()
}

#[test]
fn c44_a_receipt_of_a_bounded_consent_has_these_members() {
    let text = r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["b","a"],"fetch":"standing","valid_until":"2027-01-01T00:00:00+05:00","uses":30,"frequency":{"unit":"MONTH","value":4},"data_life":{"unit":"DAY","value":90}}]"#;
    let details: Value = serde_json::from_str(&Details::parse(text).unwrap().canonical()).unwrap();
    let mut all = record(&[(Standing::Active, Cause::PasscodeAtCounter)]);
    all[0].authorization_details = details;
    let mut expected = json!({
        "schema_version": "urn:pk:ijazat:consent-receipt:1",
        "receipt_id": "cns-1@1",
        "record_id": "cns-1",
        "pii_principal_id": "pairwise-1",
        "issuer": "https://ijazat.example",
        "jurisdiction": "PK",
        "collection_method": "urn:nadra:acr:sms-pin",
        "state": "active",
        "purposes": [{
            "purpose": "KYC-101",
            "description": "Account",
            "lawful_basis": "https://w3id.org/dpv#Consent",
            "pii_categories": ["a", "b"],
            "fetch": "standing",
            "valid_until": "2027-01-01T00:00:00+05:00",
            "uses": 30,
            "frequency": {"unit": "MONTH", "value": 4},
            "data_life": {"unit": "DAY", "value": 90},
            "agreement": {"id": "agr-7", "revision": 3, "sha256": "ab".repeat(32)},
        }],
        "parties": [{"party_id": "bank-indus", "name": "Indus", "role": "pii_controller"}],
        "events": [
            {"event_time": "2026-11-22T12:00:00+05:00", "event_type": "https://w3id.org/dpv#ConsentRequested",
             "state": "requested", "method": "agency_asked", "entity": "pii_controller", "revision": 0},
            {"event_time": "2026-11-22T12:01:00+05:00", "event_type": "https://w3id.org/dpv#ConsentGiven",
             "state": "active", "method": "passcode_at_counter", "entity": "pii_principal", "revision": 1},
        ],
        "consent_timestamp": "2026-11-22T12:01:00+05:00",
    });
    assert_eq!(told(&all), expected);
    for bound in ["uses", "frequency", "data_life", "valid_until"] {
        all[0].authorization_details[0].as_object_mut().unwrap().remove(bound).unwrap();
        expected["purposes"][0].as_object_mut().unwrap().remove(bound).unwrap();
        assert_eq!(told(&all), expected, "without {bound}");
    }
    all[0].agreement = None;
    expected["purposes"][0].as_object_mut().unwrap().remove("agreement").unwrap();
    assert_eq!(told(&all), expected, "an agreement that was not there is not named");
}

/// Holds state, names, times and events of the receipt after these steps.
fn check(steps: &[(Standing, Cause)], state: Standing, expected: &[&str]) {
    let told = told(&record(steps));
    assert_eq!(told["state"], json!(state.as_str()), "{steps:?}");
    assert_eq!(told["record_id"], json!("cns-1"));
    assert_eq!(told["receipt_id"], json!(format!("cns-1@{}", steps.len())), "a new receipt after each revision");
    let said = steps.first().filter(|step| step.0 == Standing::Active).map(|_| json!("2026-11-22T12:01:00+05:00"));
    assert_eq!(told.get("consent_timestamp"), said.as_ref(), "the first yes, if there was one: {steps:?}");
    let mut words = Vec::new();
    for (event, number) in told["events"].as_array().unwrap().iter().zip(0..) {
        let word = event["event_type"].as_str().unwrap().strip_prefix("https://w3id.org/dpv#").unwrap();
        words.push(format!("{word} {}", event["entity"].as_str().unwrap()));
        let time = format!("2026-11-22T12:{number:02}:00+05:00");
        assert_eq!((&event["revision"], &event["event_time"]), (&json!(number), &json!(time)));
    }
    assert_eq!(words, [&["ConsentRequested pii_controller"], expected].concat(), "{steps:?}");
}

#[test]
fn c44_each_standing_has_its_receipt() {
    use Standing::{Active, Denied, Locked, Paused, Requested, Revoked, Withdrawn};
    let (yes, pause) = ((Active, Cause::OkBySms), (Paused, Cause::PauseBySms));
    let (given, paused) = ("ConsentGiven pii_principal", "ConsentUnknown pii_principal");
    check(&[], Requested, &[]);
    check(&[yes], Active, &[given]);
    check(&[yes, pause], Paused, &[given, paused]);
    check(&[yes, pause, (Active, Cause::ResumeBySms)], Active, &[given, paused, given]);
    check(
        &[yes, (Paused, Cause::DeathNotice), (Active, Cause::NoticeWithdrawn)],
        Active,
        &[given, "ConsentUnknown issuer", "ConsentGiven issuer"],
    );
    check(&[yes, (Revoked, Cause::StopBySms)], Revoked, &[given, "ConsentWithdrawn pii_principal"]);
    check(&[yes, (Revoked, Cause::AgencyGaveBack)], Revoked, &[given, "ConsentWithdrawn pii_controller"]);
    check(&[(Denied, Cause::NoBySms)], Denied, &["ConsentRefused pii_principal"]);
    check(&[(Locked, Cause::TriesSpent)], Locked, &["ConsentRequestDeferred issuer"]);
    check(&[(Withdrawn, Cause::AgencyWithdrew)], Withdrawn, &["ConsentRequestDeferred pii_controller"]);
}

#[test]
fn c44_a_receipt_says_who_acted_by_every_cause() {
    let check = |entity: &str, causes: &str| {
        for word in causes.split(' ') {
            let cause: Cause = serde_json::from_value(json!(word)).unwrap();
            let told = told(&record(&[(Standing::Active, cause)]));
            assert_eq!((&told["events"][1]["entity"], &told["events"][1]["method"]), (&json!(entity), &json!(word)));
        }
    };
    check("pii_controller", "agency_asked agency_withdrew agency_gave_back");
    check("pii_principal", "passcode_at_counter ok_by_sms no_by_sms stop_by_sms pause_by_sms resume_by_sms");
    check("pii_principal", "number_confirmed");
    check("issuer", "tries_spent number_changes death_notice notice_withdrawn operator adopted");
}

#[test]
fn c44_a_receipt_shows_nothing_that_links_the_citizen_or_names_the_clerk() {
    let all = record(&[(Standing::Active, Cause::OkBySms), (Standing::Revoked, Cause::StopBySms)]);
    let text = told(&all).to_string();
    let last = all.last().unwrap();
    let (subject, before) = (last.subject.as_str(), last.predecessor.as_deref().unwrap());
    for kept in [subject, before, last.user.as_str(), "what-was-shown", "subject", "predecessor", "evidence", "user"] {
        assert!(!text.contains(kept), "{kept} in {text}");
    }
    let names = Names { issuer: "i", principal: "p", agency: "a", purpose: "w" };
    for odd in [json!([]), json!({}), json!(null), json!("x")] {
        let first = Revision { authorization_details: odd.clone(), ..asked("cns-1") };
        assert_eq!(receipt(&[first], names), None, "nothing was asked: {odd}");
    }
}

#[test]
fn an_exact_instant_is_written_in_pakistans_time_with_only_the_digits_that_it_needs() {
    for (more, fraction) in [(0, ""), (1, ".000001"), (10, ".00001"), (500_000, ".5"), (999_999, ".999999")] {
        let at = Timestamp::from_micros(NOON.micros() + more);
        assert_eq!(at.rfc3339_exact(), format!("2026-11-22T12:00:00{fraction}+05:00"));
        assert_eq!(at.rfc3339(), "2026-11-22T12:00:00+05:00");
    }
    assert_eq!(Timestamp::from_micros(-1).rfc3339_exact(), "1970-01-01T04:59:59.999999+05:00");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// From the year 0 in UTC to the end of 9999 in Pakistan: RFC 3339 has no text for others.
    #[test]
    fn an_instant_comes_back_from_its_text_to_the_microsecond(
        micros in -62_167_219_200_000_000..253_402_282_800_000_000_i64,
    ) {
        let at = Timestamp::from_micros(micros);
        let text = at.rfc3339_exact();
        prop_assert_eq!(Timestamp::parse_rfc3339(&text), Some(at), "{}", text);
        prop_assert_eq!(text[..19].to_owned(), at.rfc3339()[..19].to_owned());
        let revision = Revision { at, ..asked("cns-1") };
        let read = Revision::open(&ring(), &revision.sign(&OURS).unwrap());
        prop_assert_eq!(read, Some(revision), "and from a signed revision");
    }
}
