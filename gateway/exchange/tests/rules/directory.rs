//! The directory of callers: who is found under which name, which agreement a request runs under, which networks hold.

use std::net::IpAddr;

use exchange::{
    classification::{Channel, Classification, Forum, Role},
    consent::mode::Mode,
    directory::{Agreement, Directory, DirectoryData, in_networks},
    ids::{AgencyId, PurposeCode, ServiceId},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::{NOON, id, ids};

const FILE: &str = r#"
revoked_serials = ["0a1b"]

[[agency]]
id = "bank-indus"
name = "Indus Bank"
name_ur = "سندھ بینک"
kind = "Bank"
sector = "Private"
condition_met = true
feeder = false
user_agency = true
suspended = false
networks = ["192.0.2.0/24"]
keys = []
nda_from = 0
nda_until = 10
subject_status = false
requests_per_s = 50

[[user]]
agency = "bank-indus"
id = "teller-1"
name = "A. Teller"
role = "Standard"
disabled = false

[[agreement]]
id = "agr-1"
revision = 2
agency = "bank-indus"
forum = "NADRA"
services = ["identity.kyc"]
purposes = ["KYC-101"]
datatypes = ["citizen.name"]
role = "Standard"
row_limit = 1
channels = ["Api"]
valid_from = 0
valid_until = 10
revoked = false

[[approval]]
id = "apr-1"
agency = "bank-indus"
forum = "BISPBoard"
purpose = "KYC-101"
datatypes = ["nser.gps"]
valid_from = 0
valid_until = 10

[[programme]]
id = "prog-1"
instrument = "Act X of 2010"
kind = "Statute"
forum = "SecretaryBISP"
agency = "bank-indus"
purpose = "KYC-101"
datatypes = ["nser.pmt"]
valid_from = 0
valid_until = 10
revoked = false

[[purpose]]
code = "KYC-101"
text = "account opening"
text_ur = "کھاتہ کھولنا"
standing_days_max = 0
class_max = "Confidential"
"#;

fn data() -> DirectoryData {
    toml::from_str(FILE).unwrap()
}

/// What was entered before there were floors reads, and is written as it was: its digest is what proposals were made against.
#[test]
fn c09_a_purpose_without_a_floor_asks_for_the_passcode_at_the_counter() {
    let read =
        |floor: &str| toml::from_str::<DirectoryData>(&format!("{FILE}{floor}")).map(|mut all| all.purposes.remove(0));
    let plain = read("").unwrap();
    assert_eq!(plain.acr_floor, Mode::SmsPin);
    assert_eq!(serde_json::to_value(&plain).unwrap().get("acr_floor"), None);
    assert_eq!(read("acr_floor = \"sms-pin\"\n").unwrap(), plain);
    let higher = read("acr_floor = \"sms-reply\"\n").unwrap();
    assert_eq!(higher.acr_floor, Mode::SmsReply);
    assert_eq!(serde_json::to_value(&higher).unwrap()["acr_floor"], "sms-reply");
    for unknown in ["", "app", "SmsReply", "urn:nadra:acr:sms-reply"] {
        assert!(read(&format!("acr_floor = \"{unknown}\"\n")).is_err(), "{unknown}");
    }
}

#[test]
fn everything_is_found_under_its_own_name_only() {
    let directory = Directory::new(41, data());
    assert_eq!(directory.generation(), 41);
    let bank: AgencyId = id("bank-indus");
    assert_eq!(directory.agency("bank-indus").unwrap().name_ur, "سندھ بینک");
    assert_eq!(directory.user(&bank, "teller-1").unwrap().role, Role::Standard);
    assert_eq!(directory.agreements(&bank)[0].revision, 2);
    assert_eq!(directory.approval("apr-1").unwrap().forum, Forum::BispBoard);
    assert_eq!(directory.programme("prog-1").unwrap().instrument, "Act X of 2010");
    assert_eq!(directory.purpose("KYC-101").unwrap().class_max, Classification::Confidential);
    assert!(directory.is_revoked("0a1b"));
    for other in ["", "Bank-Indus", "bank-indus ", "apr-1x", "prog-", "kyc-101", "teller-1"] {
        assert!(directory.agency(other).is_none() && directory.purpose(other).is_none(), "{other:?}");
        assert!(directory.approval(other).is_none() && directory.programme(other).is_none(), "{other:?}");
        assert!(!directory.is_revoked(other), "{other:?}");
    }
    let telco: AgencyId = id("telco-sarhad");
    assert!(directory.user(&telco, "teller-1").is_none(), "a user belongs to one agency");
    assert!(directory.user(&bank, "Teller-1").is_none());
    assert!(directory.agreements(&telco).is_empty());
    assert!(!directory.is_revoked("0A1B") && !directory.is_revoked("a1b"), "serials are lower-case hex, as written");
}

#[test]
fn users_of_two_agencies_may_share_a_name() {
    let mut data = data();
    let mut other = data.users[0].clone();
    other.agency = id("telco-sarhad");
    other.role = Role::Power;
    data.users.push(other);
    let directory = Directory::new(1, data);
    let role = |agency: &str| directory.user(&id(agency), "teller-1").map(|user| user.role);
    assert_eq!((role("bank-indus"), role("telco-sarhad")), (Some(Role::Standard), Some(Role::Power)));
}

#[test]
fn a_snapshot_travels_between_processes_unchanged() {
    let text = serde_json::to_string(&data()).unwrap();
    assert_eq!(serde_json::from_str::<DirectoryData>(&text).unwrap(), data());
    let toml = toml::to_string(&data()).unwrap();
    assert_eq!(toml::from_str::<DirectoryData>(&toml).unwrap(), data());
    assert_eq!(
        toml::from_str::<DirectoryData>("").unwrap(),
        DirectoryData::default(),
        "an empty file is an empty directory"
    );
}

#[test]
fn what_the_directory_does_not_know_is_refused_not_ignored() {
    let check = |from: &str, to: &str| {
        assert!(FILE.contains(from), "{from}");
        assert!(toml::from_str::<DirectoryData>(&FILE.replacen(from, to, 1)).is_err(), "{from} to {to}");
    };
    check("[[agency]]", "[[agencies]]");
    check("suspended = false", "suspended = false\nadmin = true");
    check("suspended = false", "");
    check("suspended = false", "suspended = \"no\"");
    check("disabled = false", "disabled = false\npassword = \"x\"");
    check("row_limit = 1", "row_limit = -1");
    check("row_limit = 1", "row_limit = 1\nrows = 2");
    check("sector = \"Private\"", "sector = \"private\"");
    check("role = \"Standard\"", "role = \"Root\"");
    check("channels = [\"Api\"]", "channels = [\"Fax\"]");
    check("instrument = \"Act X of 2010\"", "");
    check("text = \"account opening\"", "text = 1");
    check("id = \"bank-indus\"", "id = \"bank indus\"");
    check("nda_until = 10", "nda_until = \"2026-11-22\"");
}

fn agreement(name: &str, change: impl FnOnce(&mut Agreement)) -> Agreement {
    let mut agreement = Agreement {
        id: id(name),
        revision: 1,
        agency: id("bank-indus"),
        forum: Forum::Nadra,
        services: ids(&["identity.kyc"]),
        purposes: ids(&["KYC-101"]),
        datatypes: Vec::new(),
        role: Role::Standard,
        row_limit: 1,
        channels: vec![Channel::Api],
        valid_from: NOON.plus_seconds(-10),
        valid_until: NOON.plus_seconds(10),
        revoked: false,
    };
    change(&mut agreement);
    agreement
}

/// The agreement that a request for the KYC service runs under.
fn chosen(agreements: Vec<Agreement>, purpose: Option<&str>, now: Timestamp) -> Option<String> {
    let directory = Directory::new(1, DirectoryData { agreements, ..DirectoryData::default() });
    let purpose: Option<PurposeCode> = purpose.map(id);
    let service: ServiceId = id("identity.kyc");
    directory.agreement_for(&id("bank-indus"), &service, purpose.as_ref(), now).map(|found| found.id.to_string())
}

#[test]
fn a_request_runs_under_an_agreement_that_names_its_service_and_purpose() {
    let check = |agreement: Agreement, expected: bool, what: &str| {
        assert_eq!(chosen(vec![agreement], Some("KYC-101"), NOON).is_some(), expected, "{what}");
    };
    check(agreement("a", |_| {}), true, "it does");
    check(agreement("a", |a| a.services = ids(&["identity.yes-no"])), false, "another service");
    check(agreement("a", |a| a.purposes = ids(&["KYC-102"])), false, "another purpose");
    check(agreement("a", |a| a.agency = id("telco-sarhad")), false, "another agency's");
    check(agreement("a", |a| a.services = ids(&["x", "identity.kyc"])), true, "among others");
    let other_purpose = agreement("a", |a| a.purposes = ids(&["KYC-102"]));
    assert_eq!(chosen(vec![other_purpose], None, NOON).as_deref(), Some("a"), "no purpose was named");
}

#[test]
fn a_living_agreement_comes_before_a_dead_one_and_a_dead_one_before_none() {
    let live = |name: &str| agreement(name, |_| {});
    let revoked = |name: &str| agreement(name, |a| a.revoked = true);
    let ended = |name: &str| agreement(name, |a| a.valid_until = NOON);
    let future = |name: &str| agreement(name, |a| a.valid_from = NOON.plus_seconds(1));
    let check = |agreements: Vec<Agreement>, expected: Option<&str>| {
        assert_eq!(chosen(agreements, Some("KYC-101"), NOON).as_deref(), expected);
    };
    check(vec![revoked("r"), ended("e"), future("f"), live("l")], Some("l"));
    check(vec![live("l"), revoked("r")], Some("l"));
    check(vec![live("one"), live("two")], Some("one"));
    check(vec![ended("e"), revoked("r")], Some("e"));
    check(vec![future("f")], Some("f"));
    check(Vec::new(), None);
}

#[test]
fn an_agreement_lives_from_its_first_instant_until_before_its_end() {
    let two = || vec![agreement("dead", |a| a.revoked = true), agreement("live", |_| {})];
    let check = |micros: i64, expected: &str| {
        let now = Timestamp::from_micros(NOON.micros() + micros);
        assert_eq!(chosen(two(), None, now).as_deref(), Some(expected), "{micros}");
    };
    check(-10_000_001, "dead");
    check(-10_000_000, "live");
    check(9_999_999, "live");
    check(10_000_000, "dead");
}

#[test]
fn networks_hold_what_their_prefix_says() {
    let check = |network: &str, inside: &[&str], outside: &[&str]| {
        let holds = |address: &str| in_networks(address.parse().unwrap(), &[network.to_owned()]);
        for address in inside {
            assert!(holds(address), "{address} in {network}");
        }
        for address in outside {
            assert!(!holds(address), "{address} not in {network}");
        }
    };
    check("192.0.2.0/24", &["192.0.2.0", "192.0.2.255"], &["192.0.1.255", "192.0.3.0"]);
    check("192.0.2.128/25", &["192.0.2.128", "192.0.2.255"], &["192.0.2.127"]);
    check("192.0.2.77/25", &["192.0.2.0", "192.0.2.127"], &["192.0.2.128"]);
    check("192.0.2.7/32", &["192.0.2.7"], &["192.0.2.6", "192.0.2.8"]);
    check("192.0.2.6/31", &["192.0.2.6", "192.0.2.7"], &["192.0.2.5", "192.0.2.8"]);
    check("0.0.0.0/0", &["0.0.0.0", "255.255.255.255"], &["::", "::1"]);
    check("128.0.0.0/1", &["128.0.0.0", "255.255.255.255"], &["127.255.255.255"]);
    check("2001:db8::/32", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db9::", "2001:db7:ffff::"]);
    check("2001:db8::1", &["2001:db8::1"], &["2001:db8::2"]);
    check("2001:db8::1/128", &["2001:db8::1"], &["2001:db8::"]);
    check("::/0", &["::", "ffff::"], &["0.0.0.0"]);
    // An address of the other family never lies inside, however it is written.
    check("192.0.2.0/24", &[], &["::ffff:192.0.2.1", "::192.0.2.1"]);
}

#[test]
fn a_network_that_cannot_be_read_holds_nobody() {
    let address: IpAddr = "192.0.2.1".parse().unwrap();
    for odd in [
        "",
        "/",
        "*",
        "any",
        "192.0.2.1/",
        "192.0.2.1/x",
        "192.0.2.1/-1",
        "192.0.2/24",
        "192.0.2.1/24/24",
        "192.0.2.1 ",
        "192.0.2.1/255.255.255.0",
        "192.0.2.01",
        "192.0.2.0-192.0.2.9",
        "bank.example",
    ] {
        assert!(!in_networks(address, &[odd.to_owned()]), "{odd:?}");
        assert!(in_networks(address, &[odd.to_owned(), "192.0.2.1".to_owned()]), "{odd:?} beside a good one");
    }
    assert!(!in_networks(address, &[]), "no network refuses all");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_network_is_the_addresses_that_share_its_first_bits(base: u32, prefix in 0_u32..=32, flip in 0_u32..32) {
        let network = format!("{}/{prefix}", std::net::Ipv4Addr::from_bits(base));
        let other = std::net::Ipv4Addr::from_bits(base ^ (1 << (31 - flip)));
        prop_assert_eq!(in_networks(other.into(), &[network]), flip >= prefix);
    }

    #[test]
    fn a_network_of_long_addresses_is_so_too(base: u128, prefix in 0_u32..=128, flip in 0_u32..128) {
        let network = format!("{}/{prefix}", std::net::Ipv6Addr::from_bits(base));
        let other = std::net::Ipv6Addr::from_bits(base ^ (1 << (127 - flip)));
        prop_assert_eq!(in_networks(other.into(), &[network]), flip >= prefix);
    }
}
