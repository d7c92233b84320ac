//! Each answer about usage over one small log: whose it is, that its parts sum to the bill, and what it refuses.

use adapters::sql::{Database, index::Opener};
use exchange::{
    classification::{Forum, Role},
    directory::{DirectoryData, User},
    ids::{GratisId, ServiceId, UserId},
    record::leaf::{Kind, Leaf},
    tariff::{Class, Gratis, GratisReason},
    timestamp::Timestamp,
};

use super::*;
use crate::routes::trial::{self, AT, MemoryLog, ask, leaf, permit, side_key};

const DAY: i64 = 24 * 3_600_000_000;

fn user(agency: &str, id: &str) -> User {
    User {
        agency: AgencyId::parse(agency).unwrap(),
        id: UserId::parse(id).unwrap(),
        name: "Sample".into(),
        role: Role::Standard,
        disabled: false,
        assertion_key: None,
        place: None,
    }
}

fn gift() -> Gratis {
    Gratis {
        id: GratisId::parse("gift-1").unwrap(),
        agency: AgencyId::parse("bisp").unwrap(),
        reason: GratisReason::BispOperations,
        instrument: "Sample decision".into(),
        forum: Forum::SecretaryBisp,
        services: vec![ServiceId::parse("identity.kyc").unwrap()],
        valid_from: Timestamp::from_micros(0),
        valid_until: Timestamp::from_micros(i64::MAX),
        ended_at: None,
    }
}

/// The bank had two answers three days ago and one today, of users of every sort; BISP was given one, the telco had one.
fn log() -> MemoryLog {
    let log = MemoryLog::default();
    let bank = |request: &str, at| Leaf { at, ..leaf(Kind::Outcome, request, "bank-indus") };
    log.put(leaf(Kind::Intent, "r1", "bank-indus"), 1);
    log.put_by(Some("teller-1"), bank("r1", AT - 3 * DAY), 1);
    log.put_by(Some("teller-2"), Leaf { rate_version: Some("v2".into()), ..bank("r2", AT - 3 * DAY) }, 1);
    log.put_by(None, Leaf { service: Some("fbr.taxpayer@1".into()), ..bank("r3", AT) }, 1);
    log.put_by(Some("left-1"), bank("r4", AT), 1);
    log.put_by(Some("teller-1"), Leaf { amount: 7, ..leaf(Kind::Outcome, "r5", "telco-sarhad") }, 1);
    let given = Leaf { class: Some(Class::GratisGovernment), ..leaf(Kind::Outcome, "r6", "bisp") };
    log.put_by(Some("basic-1"), given, 1);
    log.put(leaf(Kind::Refused, "r7", "bank-indus"), 1);
    log
}

async fn asked(test: &str, service: &str, agency: &str, path: &str) -> (u16, Value) {
    let folder = std::env::temp_dir().join(format!("ijazat-usage-{test}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let url = format!("sqlite:{}", folder.join("index.db").display());
    let index = IndexStore::open(Database::open(&url, "log_index").await.unwrap()).await.unwrap();
    let opener = Opener::new(Arc::new(log()), side_key());
    let indexer = Indexer::new(opener.clone(), index.clone());
    let directory = trial::directory(DirectoryData {
        agencies: vec![trial::agency("bank-indus", "Bank"), trial::agency("bisp", "Bisp")],
        users: vec![user("bank-indus", "teller-1"), user("bank-indus", "teller-2"), user("bisp", "basic-1")],
        gratis: vec![gift()],
        ..DirectoryData::default()
    });
    let parts = UsageParts { opener, indexer, index, directory: directory.await };
    let answer = ask(routes(Arc::new(parts)), Some(permit(service, agency)), "GET", path, "").await;
    std::fs::remove_dir_all(&folder).unwrap();
    answer
}

fn counts(calls: i64, amount: i64) -> Value {
    json!({"calls": calls, "rows": calls, "units": calls, "amount_milli_paisa": amount})
}

/// Counts with other members.
fn with(mut members: Value, counts: &Value) -> Value {
    members.as_object_mut().unwrap().extend(counts.as_object().unwrap().clone());
    members
}

#[tokio::test]
async fn an_agency_reads_its_own_bill_by_line_and_day_and_nobody_elses() {
    let line = |service: &str, version: &str, calls: i64| {
        let of = json!({"service": service, "tariff": "identity.kyc", "rate_version": version, "class": "private",
                        "unit": "row"});
        with(of, &counts(calls, calls * 35_000))
    };
    let today = with(json!({"day": "2026-11-22"}), &counts(2, 70_000));
    let expected = json!({
        "agency": "bank-indus", "month": "2026-11",
        "lines": [line("fbr.taxpayer@1", "v1", 1), line("identity.kyc@1", "v1", 2), line("identity.kyc@1", "v2", 1)],
        "rated_milli_paisa": 140_000, "total_milli_paisa": 140_000,
        "days": [with(json!({"day": "2026-11-19"}), &counts(2, 70_000)), today],
        "today": today,
        // 140,000 so far, 70,000 in 21 full days, 8 days left: 26,666.67 to come.
        "forecast_milli_paisa": 166_667,
    });
    assert_eq!(asked("own", "usage.month", "bank-indus", "/v1/usage/2026-11").await, (200, expected));
    let (_, telco) = asked("telco", "usage.month", "telco-sarhad", "/v1/usage/2026-11").await;
    assert_eq!((&telco["total_milli_paisa"], &telco["days"][0]["day"]), (&json!(7), &json!("2026-11-22")));
    let (status, empty) = asked("empty", "usage.month", "bank-indus", "/v1/usage/2026-10").await;
    let nothing = json!({"agency": "bank-indus", "month": "2026-10", "lines": [], "rated_milli_paisa": 0,
                         "total_milli_paisa": 0, "days": [], "today": null, "forecast_milli_paisa": null});
    assert_eq!((status, empty), (200, nothing));
}

#[tokio::test]
async fn users_are_named_while_the_directory_lists_them_and_sum_to_the_bill() {
    let line = |user: Option<&str>, who: &str, service: &str| {
        with(json!({"user": user, "who": who, "service": service}), &counts(1, 35_000))
    };
    let expected = json!({
        "agency": "bank-indus", "month": "2026-11",
        "users": [
            line(None, "unnamed", "fbr.taxpayer@1"),
            line(Some("teller-1"), "user", "identity.kyc@1"),
            line(Some("teller-2"), "user", "identity.kyc@1"),
            line(None, "former", "identity.kyc@1"),
        ],
        "rated_milli_paisa": 140_000, "total_milli_paisa": 140_000,
    });
    assert_eq!(asked("users", "usage.users", "bank-indus", "/v1/usage/2026-11/users").await, (200, expected));
    // The telco's teller has the same name as the bank's, and stands in no directory: nothing of the bank's is lent.
    let (_, telco) = asked("users-telco", "usage.users", "telco-sarhad", "/v1/usage/2026-11/users").await;
    assert_eq!((&telco["users"][0]["who"], &telco["total_milli_paisa"]), (&json!("former"), &json!(7)));
}

#[tokio::test]
async fn the_picture_is_the_callers_own_month() {
    let (status, told) = asked("chart", "usage.chart", "bank-indus", "/v1/usage/2026-11/chart").await;
    assert_eq!((status, &told["agency"], &told["month"]), (200, &json!("bank-indus"), &json!("2026-11")));
    let svg = told["svg"].as_str().unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains("Usage of Agency bank-indus in 2026-11"), "{svg}");
    assert!(svg.contains("2026-11-19: Rs 0.70, 2 calls") && svg.contains("Forecast for the month: Rs 1.67."), "{svg}");
    let (_, unlisted) = asked("chart-telco", "usage.chart", "telco-sarhad", "/v1/usage/2026-11/chart").await;
    assert!(unlisted["svg"].as_str().unwrap().contains("Usage of telco-sarhad in 2026-11"));
}

#[tokio::test]
async fn the_operator_reads_revenue_what_was_given_and_the_levels_below() {
    let (status, told) = asked("revenue", "revenue.month", "registry-office", "/v1/revenue/2026-11").await;
    assert_eq!(status, 200, "{told}");
    let paid = |of: Value, calls, amount: i64, payable: i64| {
        with(with(of, &counts(calls, amount)), &json!({"payable_milli_paisa": payable}))
    };
    let line = |class: &str, service: &str| json!({"class": class, "service": service});
    let lines = json!([
        paid(line("private", "fbr.taxpayer@1"), 1, 35_000, 35_000),
        paid(line("private", "identity.kyc@1"), 4, 105_007, 105_007),
        paid(line("gratis-government", "identity.kyc@1"), 1, 35_000, 0),
    ]);
    assert_eq!(told["lines"], lines);
    let given = with(json!({"agency": "bisp", "reason": "bisp-operations"}), &counts(1, 35_000));
    assert_eq!(told["given"], json!([given]));
    let kind = |kind: Option<&str>| json!({"kind": kind});
    let kinds = json!([
        paid(kind(None), 1, 7, 7),
        paid(kind(Some("Bank")), 4, 140_000, 140_000),
        paid(kind(Some("Bisp")), 1, 35_000, 0),
    ]);
    assert_eq!(told["kinds"], kinds);
    let agencies: Vec<_> = told["agencies"].as_array().unwrap().iter().map(|one| one["agency"].clone()).collect();
    assert_eq!(agencies, ["telco-sarhad", "bank-indus", "bisp"]);
    let users: Vec<_> =
        told["users"].as_array().unwrap().iter().map(|one| (one["who"].clone(), one["user"].clone())).collect();
    let expected = [
        ("unnamed", None),
        ("user", Some("teller-1")),
        ("user", Some("teller-2")),
        ("former", None),
        ("user", Some("basic-1")),
        ("former", None),
    ];
    assert_eq!(users, expected.map(|(who, user)| (json!(who), json!(user))));
    for level in ["lines", "kinds", "agencies", "users"] {
        let total =
            |member: &str| told[level].as_array().unwrap().iter().map(|one| one[member].as_i64().unwrap()).sum::<i64>();
        assert_eq!(told["calls"], total("calls"), "{level}");
        assert_eq!(told["rated_milli_paisa"], total("amount_milli_paisa"), "{level}");
        assert_eq!(told["revenue_milli_paisa"], total("payable_milli_paisa"), "{level}");
    }
    assert_eq!((&told["revenue_milli_paisa"], &told["given_milli_paisa"]), (&json!(140_007), &json!(35_000)));
    let (_, empty) = asked("revenue-empty", "revenue.month", "registry-office", "/v1/revenue/2026-10").await;
    assert_eq!((&empty["lines"], &empty["revenue_milli_paisa"]), (&json!([]), &json!(0)));
}

const SERVICES: [(&str, &str, &str); 4] = [
    ("usage.month", "/v1/usage/", ""),
    ("usage.users", "/v1/usage/", "/users"),
    ("usage.chart", "/v1/usage/", "/chart"),
    ("revenue.month", "/v1/revenue/", ""),
];

#[tokio::test]
async fn a_malformed_month_is_named() {
    let refused = (400, json!({"code": "parameter_invalid", "members": {"parameter": "month"}}));
    for (service, before, after) in SERVICES {
        for month in ["2026-13", "2026-1", "november", "2026-11-01"] {
            let path = format!("{before}{month}{after}");
            assert_eq!(asked("malformed", service, "bank-indus", &path).await, refused, "{path}");
        }
    }
}

#[tokio::test]
async fn a_permit_for_one_answer_opens_no_other() {
    for (service, before, after) in SERVICES {
        for (other, ..) in SERVICES.iter().filter(|(other, ..)| *other != service) {
            let path = format!("{before}2026-11{after}");
            assert_eq!(asked("other", other, "bank-indus", &path).await.0, 500, "{other} at {path}");
        }
    }
}
