//! The closed vocabularies, exactly as Cedar, SQL, records and files write them.

use std::fmt::Debug;

use exchange::{
    caller::{Caller, Thumbprint},
    catalogue::{BodyForm, CallerKind, ChargeUnit, ConsentRule, ParamKind},
    classification::{BasisKind, Channel, Classification, Forum, Role, Sector},
    consent::ConsentUse,
    decision::Obligation,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;

use crate::support::citizen;

/// Words, each once, in order; their JSON is the word, and no other word reads.
fn vocabulary<T>(all: &[T], words: &[&str], as_str: impl Fn(T) -> &'static str, parse: impl Fn(&str) -> Option<T>)
where
    T: Copy + Debug + PartialEq + Serialize + DeserializeOwned + ToString,
{
    assert_eq!(all.iter().map(|word| as_str(*word)).collect::<Vec<_>>(), words);
    for (value, word) in all.iter().zip(words) {
        assert_eq!(parse(word), Some(*value));
        assert_eq!(value.to_string(), *word);
        assert_eq!(serde_json::to_value(value).unwrap(), json!(word));
        assert_eq!(serde_json::from_value::<T>(json!(word)).unwrap(), *value);
        let lower = word.to_lowercase();
        for other in [lower.as_str(), &word[1..], &format!("{word} "), &format!(" {word}"), &format!("{word}\0")] {
            assert_eq!(parse(other), None, "{other:?}");
            assert!(serde_json::from_value::<T>(json!(other)).is_err(), "{other:?}");
        }
    }
    assert_eq!(parse(""), None);
}

#[test]
fn classes_roles_and_forums_have_these_words() {
    let words = ["Public", "Confidential", "Secret"];
    vocabulary(Classification::ALL, &words, Classification::as_str, Classification::parse);
    vocabulary(Role::ALL, &["Basic", "Standard", "Power"], Role::as_str, Role::parse);
    let words = ["NotRequired", "DG_NSER", "SecretaryBISP", "BISPBoard", "NADRA"];
    vocabulary(Forum::ALL, &words, Forum::as_str, Forum::parse);
}

#[test]
fn sectors_grounds_and_channels_have_these_words() {
    let words = ["Federal", "Provincial", "Local", "Donor", "LocalNGO", "IntlNGO", "Private", "Citizen", "Other"];
    vocabulary(Sector::ALL, &words, Sector::as_str, Sector::parse);
    let words = ["Consent", "CourtOrder", "Statute", "VitalInterest", "NationalSecurity", "Programme"];
    vocabulary(BasisKind::ALL, &words, BasisKind::as_str, BasisKind::parse);
    vocabulary(Channel::ALL, &["Api", "Public", "Portal", "Sms", "Internal"], Channel::as_str, Channel::parse);
}

#[test]
fn words_rise_in_the_order_of_the_law() {
    assert!(Classification::ALL.is_sorted() && Role::ALL.is_sorted(), "the lower of two is found by comparison");
    assert_eq!(Role::Power.min(Role::Standard), Role::Standard);
    assert_eq!(Classification::Public.max(Classification::Secret), Classification::Secret);
}

#[test]
fn the_state_is_three_sectors() {
    let state: Vec<_> =
        Sector::ALL.iter().filter(|sector| sector.is_public_sector()).map(|sector| sector.as_str()).collect();
    assert_eq!(state, ["Federal", "Provincial", "Local"]);
}

/// Each value reads from its word in a file, and writes it.
fn in_files<T: Debug + PartialEq + Serialize + DeserializeOwned>(rows: &[(T, &str)]) {
    for (value, word) in rows {
        assert_eq!(serde_json::from_value::<T>(json!(word)).unwrap(), *value);
        assert_eq!(serde_json::to_value(value).unwrap(), json!(word));
        assert!(serde_json::from_value::<T>(json!(word.to_uppercase())).is_err(), "{word}");
    }
    assert!(serde_json::from_value::<T>(json!("")).is_err());
    assert!(serde_json::from_value::<T>(json!(null)).is_err());
}

#[test]
fn the_catalogues_words_are_these() {
    in_files(&[
        (CallerKind::Agency, "Agency"),
        (CallerKind::Citizen, "Citizen"),
        (CallerKind::Public, "Public"),
        (CallerKind::Sms, "Sms"),
        (CallerKind::Internal, "Internal"),
    ]);
    in_files(&[(BodyForm::None, "none"), (BodyForm::Json, "json"), (BodyForm::Form, "form")]);
    in_files(&[(ConsentRule::None, "none"), (ConsentRule::Required, "required"), (ConsentRule::Basis, "basis")]);
    in_files(&[(ChargeUnit::Row, "row"), (ChargeUnit::Call, "call"), (ChargeUnit::Free, "free")]);
    in_files(&[
        (ParamKind::Cnic, "cnic"),
        (ParamKind::Mobile, "mobile"),
        (ParamKind::Text, "text"),
        (ParamKind::Date, "date"),
        (ParamKind::Integer, "integer"),
        (ParamKind::Code, "code"),
        (ParamKind::CodeList, "code-list"),
        (ParamKind::TextList, "text-list"),
        (ParamKind::Decimal, "decimal"),
        (ParamKind::Json, "json"),
    ]);
    in_files(&[(ConsentUse::OneTime, "one_time"), (ConsentUse::Standing, "standing")]);
}

#[test]
fn an_unknown_obligation_is_nobodys_to_ignore() {
    for (word, expected) in [
        ("log", Some(Obligation::Log)),
        ("meter", Some(Obligation::Meter)),
        ("subject_only", Some(Obligation::SubjectOnly)),
        ("subject_and_wards", Some(Obligation::SubjectAndWards)),
        ("sample_1pct", Some(Obligation::Sample)),
        ("notice", Some(Obligation::Notice)),
        ("Log", None),
        ("log ", None),
        ("", None),
        ("subject-only", None),
        ("log,meter", None),
        ("erase", None),
    ] {
        assert_eq!(Obligation::parse(word), expected, "{word:?}");
    }
}

#[test]
fn each_caller_has_its_kind_and_its_channel() {
    let check = |caller: &Caller, kind, channel| {
        assert_eq!((caller.kind(), caller.channel()), (kind, channel));
        assert!(caller.agency().is_none() && caller.agency_id().is_none() && caller.user().is_none());
        assert_eq!(caller.role(), Role::Basic, "whoever names no user has the lowest role");
    };
    check(&Caller::Citizen { cnic: citizen() }, CallerKind::Citizen, Channel::Portal);
    check(&Caller::Public, CallerKind::Public, Channel::Public);
    check(&Caller::Sms, CallerKind::Sms, Channel::Sms);
    check(&Caller::Internal, CallerKind::Internal, Channel::Internal);
}

#[test]
fn a_thumbprint_prints_as_the_hex_that_operators_compare() {
    let mut bytes = [0; 32];
    bytes[0] = 0xab;
    bytes[31] = 1;
    assert_eq!(format!("{:?}", Thumbprint(bytes)), format!("Thumbprint(ab{}01)", "00".repeat(30)));
}
