//! What may be asked of a citizen: purposes, classes, agreements and ends, each at its own edge.

use exchange::{
    catalogue::{Catalogue, Datatype},
    classification::{Channel, Classification, Forum, Role},
    consent::{
        ConsentUse,
        details::{Details, DetailsError},
        frequency::{Bounds, DataLife, Frequency, Unit},
        mode::Mode,
    },
    directory::{Agreement, Directory, DirectoryData, Purpose},
    timestamp::Timestamp,
};

use crate::support::{NOON, id, ids};

const DAY_S: i64 = 86_400;

fn datatype(name: &str, class: Classification) -> Datatype {
    Datatype {
        id: id(name),
        title: name.to_owned(),
        title_ur: "نام".to_owned(),
        class,
        personal: true,
        biometric: false,
        sensitivity: "ordinary".to_owned(),
        controller: "NADRA".to_owned(),
        source: "S3".to_owned(),
        since: "2023-01-01".to_owned(),
        reason: "for a test".to_owned(),
    }
}

fn catalogue() -> Catalogue {
    use Classification::{Confidential, Public, Secret};
    let all = [("name", Confidential), ("address", Confidential), ("report", Public), ("gps", Secret)];
    Catalogue::new(Vec::new(), all.into_iter().map(|(name, class)| datatype(name, class)).collect())
}

fn purpose(code: &str, class_max: Classification, standing_days_max: u32) -> Purpose {
    let forbidden = code == "MKT-1";
    Purpose {
        code: id(code),
        text: "x".into(),
        text_ur: "آ".into(),
        standing_days_max,
        class_max,
        forbidden,
        acr_floor: Mode::default(),
        frequency_max: None,
        data_life_days_max: None,
    }
}

fn agreement(name: &str) -> Agreement {
    Agreement {
        id: id(name),
        revision: 1,
        agency: id("bank"),
        forum: Forum::Nadra,
        services: Vec::new(),
        purposes: ids(&["KYC-1", "KYC-2", "PUB-1", "MKT-1", "EVER-1", "SEC-1"]),
        datatypes: ids(&["name", "report", "gps"]),
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Channel::Api],
        valid_from: NOON.plus_seconds(-100),
        valid_until: NOON.plus_seconds(100),
        revoked: false,
    }
}

fn directory(agreements: Vec<Agreement>) -> Directory {
    let purposes = vec![
        purpose("KYC-1", Classification::Confidential, 30),
        purpose("PUB-1", Classification::Public, 0),
        purpose("MKT-1", Classification::Confidential, 30),
        purpose("EVER-1", Classification::Confidential, 10_000),
        purpose("SEC-1", Classification::Secret, 30),
        Purpose {
            frequency_max: Some(Frequency { unit: Unit::Day, value: 4 }),
            data_life_days_max: Some(30),
            ..purpose("KYC-2", Classification::Confidential, 30)
        },
    ];
    Directory::new(1, DirectoryData { agreements, purposes, ..DirectoryData::default() })
}

fn ask(purpose: &str, datatypes: &[&str], end: Option<Timestamp>, usage: ConsentUse) -> Details {
    Details { purpose: id(purpose), datatypes: ids(datatypes), usage, valid_until: end, bounds: Bounds::default() }
}

fn verdict(asked: &Details, agreements: Vec<Agreement>, now: Timestamp) -> Option<DetailsError> {
    asked.check(&id("bank"), &directory(agreements), &catalogue(), now).err()
}

fn once(purpose: &str, datatypes: &[&str]) -> Option<DetailsError> {
    verdict(&ask(purpose, datatypes, None, ConsentUse::OneTime), vec![agreement("agr-1")], NOON)
}

#[test]
fn the_highest_class_decides() {
    assert_eq!(once("KYC-1", &["name", "report"]), None);
    assert_eq!(once("PUB-1", &["report"]), None);
    assert_eq!(once("PUB-1", &["report", "name"]), Some(DetailsError::AbovePurpose));
    assert_eq!(once("KYC-1", &["name", "gps"]), Some(DetailsError::Secret));
    assert_eq!(once("SEC-1", &["gps"]), Some(DetailsError::Secret), "even where the purpose may carry Secret data");
    assert_eq!(once("KYC-1", &["name", "nothing"]), Some(DetailsError::DatatypeUnknown));
    assert_eq!(once("KYC-1", &["Name"]), Some(DetailsError::DatatypeUnknown));
}

#[test]
fn a_purpose_must_be_registered_and_not_forbidden() {
    assert_eq!(once("KYC-3", &["name"]), Some(DetailsError::Purpose));
    assert_eq!(once("kyc-1", &["name"]), Some(DetailsError::Purpose));
    assert_eq!(once("MKT-1", &["name"]), Some(DetailsError::Purpose));
}

#[test]
fn one_agreement_in_force_names_the_purpose_and_every_datatype() {
    let asked = ask("KYC-1", &["name", "report"], None, ConsentUse::OneTime);
    let check = |agreements: Vec<Agreement>, good: bool, what: &str| {
        let expected = (!good).then_some(DetailsError::Agreement);
        assert_eq!(verdict(&asked, agreements, NOON), expected, "{what}");
    };
    check(vec![agreement("agr-1")], true, "it does");
    check(Vec::new(), false, "there is none");
    check(vec![Agreement { revoked: true, ..agreement("agr-1") }], false, "revoked");
    check(vec![Agreement { agency: id("telco"), ..agreement("agr-1") }], false, "another agency's");
    check(vec![Agreement { purposes: ids(&["PUB-1"]), ..agreement("agr-1") }], false, "another purpose");
    check(vec![Agreement { datatypes: ids(&["name"]), ..agreement("agr-1") }], false, "half of the datatypes");
    let halves = ["name", "report"].map(|one| Agreement { datatypes: ids(&[one]), ..agreement(one) });
    check(halves.to_vec(), false, "two halves do not make a whole");
    let dead = Agreement { revoked: true, ..agreement("agr-0") };
    check(vec![dead, agreement("agr-1")], true, "a dead one beside a living one");
}

#[test]
fn an_agreement_is_in_force_from_its_first_instant_until_before_its_end() {
    let asked = ask("KYC-1", &["name"], None, ConsentUse::OneTime);
    let check = |micros: i64, good: bool| {
        let now = Timestamp::from_micros(NOON.micros() + micros);
        assert_eq!(verdict(&asked, vec![agreement("agr-1")], now).is_none(), good, "{micros}");
    };
    check(-100_000_001, false);
    check(-100_000_000, true);
    check(0, true);
    check(99_999_999, true);
    check(100_000_000, false);
}

#[test]
fn a_standing_consent_ends_within_its_purposes_days_and_a_year() {
    let check = |purpose: &str, usage, seconds: i64, expected| {
        let datatype = if purpose == "PUB-1" { "report" } else { "name" };
        let asked = ask(purpose, &[datatype], Some(NOON.plus_seconds(seconds)), usage);
        assert_eq!(verdict(&asked, vec![agreement("agr-1")], NOON), expected, "{purpose} {seconds}");
    };
    let standing = ConsentUse::Standing;
    check("KYC-1", standing, 1, None);
    check("KYC-1", standing, 30 * DAY_S, None);
    check("KYC-1", standing, 30 * DAY_S + 1, Some(DetailsError::AboveCeiling));
    check("KYC-1", standing, 0, Some(DetailsError::ValidUntilPast));
    check("KYC-1", standing, -1, Some(DetailsError::ValidUntilPast));
    // A purpose that forbids standing consent, and one that would allow more than the law does.
    check("PUB-1", standing, 1, Some(DetailsError::AboveCeiling));
    check("EVER-1", standing, 365 * DAY_S, None);
    check("EVER-1", standing, 365 * DAY_S + 1, Some(DetailsError::AboveCeiling));
    // One use needs no ceiling, but no end in the past either.
    check("PUB-1", ConsentUse::OneTime, 400 * DAY_S, None);
    check("KYC-1", ConsentUse::OneTime, 0, Some(DetailsError::ValidUntilPast));
}

#[test]
fn rules_are_told_in_the_order_purpose_datatypes_agreement_end() {
    let past = Some(NOON.plus_seconds(-1));
    let check = |purpose: &str, datatypes: &[&str], agreements: Vec<Agreement>, expected| {
        let asked = ask(purpose, datatypes, past, ConsentUse::Standing);
        assert_eq!(verdict(&asked, agreements, NOON), Some(expected));
    };
    check("KYC-3", &["gps"], Vec::new(), DetailsError::Purpose);
    check("KYC-1", &["gps"], Vec::new(), DetailsError::Secret);
    check("KYC-1", &["name"], Vec::new(), DetailsError::Agreement);
    check("KYC-1", &["name"], vec![agreement("agr-1")], DetailsError::ValidUntilPast);
}

#[test]
fn c06_c31_what_is_above_a_purposes_ceiling_or_unsaid_is_refused() {
    use ConsentUse::{OneTime, Standing};
    let check = |usage, frequency: Option<(Unit, u32)>, life: Option<(Unit, u32)>, expected| {
        let frequency = frequency.map(|(unit, value)| Frequency { unit, value });
        let data_life = life.map(|(unit, value)| DataLife { unit, value });
        let end = (usage == ConsentUse::Standing).then(|| NOON.plus_seconds(30 * DAY_S));
        let bounds = Bounds { uses: None, frequency, data_life };
        let asked = Details { bounds, ..ask("KYC-2", &["name"], end, usage) };
        assert_eq!(verdict(&asked, vec![agreement("agr-1")], NOON), expected, "{asked:?}");
    };
    let month = Some((Unit::Month, 1));
    check(Standing, Some((Unit::Day, 4)), month, None);
    check(Standing, Some((Unit::Day, 5)), month, Some(DetailsError::AboveFrequency));
    check(Standing, Some((Unit::Month, 30)), month, Some(DetailsError::AboveFrequency));
    check(Standing, Some((Unit::Hour, 1)), month, Some(DetailsError::AboveFrequency));
    check(Standing, None, month, Some(DetailsError::AboveFrequency));
    check(Standing, Some((Unit::Day, 4)), Some((Unit::Day, 31)), Some(DetailsError::AboveDataLife));
    check(Standing, Some((Unit::Day, 4)), None, Some(DetailsError::AboveDataLife));
    check(OneTime, None, Some((Unit::Day, 30)), None);
    check(OneTime, None, None, Some(DetailsError::AboveDataLife));
    // A purpose without ceilings asks for nothing and takes what can be counted.
    let free = Details {
        bounds: Bounds { frequency: Some(Frequency { unit: Unit::Hour, value: 10_000 }), ..Bounds::default() },
        ..ask("KYC-1", &["name"], Some(NOON.plus_seconds(DAY_S)), Standing)
    };
    assert_eq!(verdict(&free, vec![agreement("agr-1")], NOON), None);
}
