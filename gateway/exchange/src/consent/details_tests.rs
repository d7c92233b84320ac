//! What an agency may and may not ask a citizen for.

use proptest::prelude::*;

use super::*;
use crate::{
    catalogue::Datatype,
    classification::{Channel as Via, Forum, Role},
    consent::mode::Mode,
    directory::{Agreement, DirectoryData},
    ids::AgreementId,
};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn one(members: &str) -> String {
    format!(r#"[{{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101",{members}}}]"#)
}

#[test]
fn only_the_known_form_is_read() {
    let check = |text: &str, expected: Option<DetailsError>| assert_eq!(Details::parse(text).err(), expected, "{text}");
    check(&one(r#""datatypes":["citizen.name"]"#), None);
    check(&one(r#""datatypes":["citizen.name"],"uses":1,"fetch":"one_time","channel":"counter""#), None);
    check(&one(r#""datatypes":["a"],"uses":"standing","valid_until":"2027-01-01T00:00:00+05:00""#), None);
    check(&one(r#""datatypes":["a"],"subject_relation":"self""#), None);
    check(&one(r#""datatypes":["a"],"uses":"standing""#), Some(DetailsError::ValidUntilMissing));
    check(&one(r#""datatypes":["a"],"uses":2"#), Some(DetailsError::ValidUntilMissing));
    check(&one(r#""datatypes":["a"],"uses":1,"fetch":"standing""#), Some(DetailsError::Uses));
    check(&one(r#""datatypes":["a"],"uses":"always""#), Some(DetailsError::Malformed));
    check(&one(r#""datatypes":["a"],"channel":"app""#), Some(DetailsError::Malformed));
    check(&one(r#""datatypes":["a"],"frequency":{"unit":"DAY","value":1}"#), Some(DetailsError::Frequency));
    check(&one(r#""datatypes":["a"],"valid_until":"tomorrow""#), Some(DetailsError::ValidUntil));
    check(&one(r#""datatypes":[]"#), Some(DetailsError::Datatypes));
    check(&one(r#""datatypes":["a"],"datatypes":["b"]"#), Some(DetailsError::Malformed));
    check(r#"[{"type":"payment","purpose":"KYC-101","datatypes":["a"]}]"#, Some(DetailsError::Type));
    check("[]", Some(DetailsError::NotOne));
    check("{", Some(DetailsError::Malformed));
    check(&one(&format!(r#""datatypes":["{}"]"#, "a".repeat(9_000))), Some(DetailsError::TooLong));
    let many: Vec<String> = (0..33).map(|n| format!(r#""d{n}""#)).collect();
    check(&one(&format!(r#""datatypes":[{}]"#, many.join(","))), Some(DetailsError::Datatypes));
}

#[test]
fn the_order_in_which_it_is_written_does_not_change_what_is_asked() {
    let a = Details::parse(&one(r#""datatypes":["b","a","b"],"uses":1"#)).unwrap();
    let b = Details::parse(&one(r#""fetch":"one_time","datatypes":["a","b"]"#)).unwrap();
    assert_eq!(a.sha256(), b.sha256());
    let c = Details::parse(&one(r#""datatypes":["a"]"#)).unwrap();
    assert_ne!(a.sha256(), c.sha256());
}

fn datatype(id: &str, class: Classification) -> Datatype {
    Datatype {
        id: DatatypeId::parse(id).unwrap(),
        title: id.to_owned(),
        title_ur: "نام".to_owned(),
        class,
        personal: true,
        biometric: false,
        sensitivity: "ordinary".to_owned(),
        controller: "NADRA".to_owned(),
        source: "S3 §6.3".to_owned(),
        since: "2023-01-01".to_owned(),
        reason: "for a test".to_owned(),
    }
}

fn purpose(code: &str, class_max: Classification, standing_days_max: u32, forbidden: bool) -> Purpose {
    let code = PurposeCode::parse(code).unwrap();
    Purpose {
        code,
        text: "a test".into(),
        text_ur: "آزمائش".into(),
        standing_days_max,
        class_max,
        forbidden,
        acr_floor: Mode::default(),
        frequency_max: None,
        data_life_days_max: None,
    }
}

fn directory() -> Directory {
    let ids = |all: &[&str]| all.iter().map(|id| DatatypeId::parse(id).unwrap()).collect();
    let agreement = Agreement {
        id: AgreementId::parse("agr-1").unwrap(),
        revision: 1,
        agency: AgencyId::parse("bank").unwrap(),
        forum: Forum::Nadra,
        services: Vec::new(),
        purposes: ["KYC-101", "PUB-1", "MKT-1"].iter().map(|p| PurposeCode::parse(p).unwrap()).collect(),
        datatypes: ids(&["name", "report", "secret"]),
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Via::Api],
        valid_from: NOW.plus_seconds(-10),
        valid_until: NOW.plus_seconds(10),
        revoked: false,
    };
    let purposes = vec![
        purpose("KYC-101", Classification::Confidential, 30, false),
        purpose("PUB-1", Classification::Public, 0, false),
        purpose("MKT-1", Classification::Confidential, 30, true),
    ];
    Directory::new(1, DirectoryData { agreements: vec![agreement], purposes, ..DirectoryData::default() })
}

#[test]
fn what_is_above_a_ceiling_is_never_shown_to_the_citizen() {
    use ConsentUse::{OneTime, Standing};
    let catalogue = Catalogue::new(
        Vec::new(),
        vec![
            datatype("name", Classification::Confidential),
            datatype("photo", Classification::Confidential),
            datatype("report", Classification::Public),
            datatype("secret", Classification::Secret),
        ],
    );
    let directory = directory();
    let bank = AgencyId::parse("bank").unwrap();
    let ask = |purpose: &str, datatype: &str, usage, days: Option<i64>| Details {
        purpose: PurposeCode::parse(purpose).unwrap(),
        datatypes: vec![DatatypeId::parse(datatype).unwrap()],
        usage,
        valid_until: days.map(|days| NOW.plus_seconds(days * DAY_S)),
        bounds: Bounds::default(),
    };
    let check = |asked: Details, expected: Option<DetailsError>| {
        assert_eq!(asked.check(&bank, &directory, &catalogue, NOW).err(), expected, "{asked:?}");
    };
    check(ask("KYC-101", "name", OneTime, None), None);
    check(ask("KYC-101", "name", Standing, Some(30)), None);
    check(ask("KYC-101", "name", Standing, Some(31)), Some(DetailsError::AboveCeiling));
    check(ask("PUB-1", "report", Standing, Some(1)), Some(DetailsError::AboveCeiling));
    check(ask("KYC-101", "name", OneTime, Some(-1)), Some(DetailsError::ValidUntilPast));
    check(ask("KYC-101", "secret", OneTime, None), Some(DetailsError::Secret));
    check(ask("KYC-101", "nothing", OneTime, None), Some(DetailsError::DatatypeUnknown));
    check(ask("KYC-101", "photo", OneTime, None), Some(DetailsError::Agreement));
    check(ask("PUB-1", "name", OneTime, None), Some(DetailsError::AbovePurpose));
    check(ask("MKT-1", "name", OneTime, None), Some(DetailsError::Purpose));
    check(ask("XYZ-1", "name", OneTime, None), Some(DetailsError::Purpose));
    let stranger = AgencyId::parse("telco").unwrap();
    let asked = ask("KYC-101", "name", OneTime, None);
    assert_eq!(asked.check(&stranger, &directory, &catalogue, NOW), Err(DetailsError::Agreement));
    let later = NOW.plus_seconds(11);
    assert_eq!(asked.check(&bank, &directory, &catalogue, later), Err(DetailsError::Agreement));
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same(
        purpose in "[A-Z]{3}-[0-9]{3}",
        datatypes in proptest::collection::btree_set("[a-z]{1,8}\\.[a-z_]{1,8}", 1..20),
        standing in any::<bool>(),
        until in proptest::option::of(0_i64..4_000_000_000),
    ) {
        let usage = if standing { ConsentUse::Standing } else { ConsentUse::OneTime };
        let until = if standing { until.or(Some(1)) } else { until };
        let details = Details {
            purpose: PurposeCode::parse(&purpose).unwrap(),
            datatypes: datatypes.iter().map(|d| DatatypeId::parse(d).unwrap()).collect(),
            usage,
            valid_until: until.map(|s| Timestamp::from_micros(0).plus_seconds(s)),
            bounds: Bounds::default(),
        };
        prop_assert_eq!(Details::parse(&details.canonical()), Ok(details));
    }
}
