//! Quotas: whose request counts where. Only that no more than a burst passes is asked, since governor reads the host's clock.

use std::sync::Arc;

use exchange::{
    caller::Thumbprint,
    classification::Role,
    directory::{Agency, User},
    ids::UserId,
};

use super::*;
use crate::routes::trial;

/// More than any test sends: what has this quota never refuses here.
const MANY: u32 = 1_000_000;

fn limits(user: u32, service: u32, public: u32, agency_max: u32) -> Limits {
    let n = |n| NonZeroU32::new(n).unwrap();
    Limits::new(LimitNumbers {
        user_per_s: n(user),
        service_per_s: n(service),
        public_per_s: n(public),
        agency_per_s_max: n(agency_max),
    })
}

fn caller(agency: &str, user: Option<&str>, per_s: u32) -> Caller {
    let agency = Agency { requests_per_s: per_s, ..trial::agency(agency, "Bank") };
    let user = user.map(|user| {
        Arc::new(User {
            agency: agency.id.clone(),
            id: UserId::parse(user).unwrap(),
            name: "Somebody".into(),
            role: Role::Standard,
            disabled: false,
            assertion_key: None,
            place: None,
        })
    });
    Caller::Agency { agency: Arc::new(agency), user, asserted: false, certificate: Thumbprint([1; 32]) }
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([192, 0, 2, last])
}

/// How many of a quick row of requests pass: the burst, and what the host's clock adds while they run.
fn passed(limits: &Limits, caller: &Caller, from: IpAddr, sent: u32) -> u32 {
    (0..sent).map(|_| u32::from(limits.check(caller, from, &mut Standings::default()).is_ok())).sum()
}

fn about(got: u32, burst: u32, name: &str) {
    assert!((burst..burst + 3).contains(&got), "{name}: {got} of a burst of {burst}");
}

#[test]
fn an_agency_has_the_quota_of_the_directory_below_the_ceiling() {
    let of = |asked: u32, ceiling: u32| {
        let limits = limits(MANY, MANY, MANY, ceiling);
        passed(&limits, &caller("bank", None, asked), address(1), 60)
    };
    about(of(10, MANY), 10, "its own");
    about(of(1_000, 20), 20, "the ceiling");
    about(of(0, 20), 1, "zero is one: it can be told what it is");
}

#[test]
fn agencies_do_not_use_up_each_others_quota() {
    let limits = limits(MANY, MANY, MANY, MANY);
    about(passed(&limits, &caller("bank", None, 5), address(1), 20), 5, "bank");
    about(passed(&limits, &caller("telco", None, 5), address(1), 20), 5, "telco");
    assert!(
        limits.check(&caller("bank", None, 5), address(2), &mut Standings::default()).is_err(),
        "another address is the same agency"
    );
}

#[test]
fn a_user_has_a_quota_within_the_agencys() {
    let limits = limits(4, MANY, MANY, MANY);
    about(passed(&limits, &caller("bank", Some("a"), MANY), address(1), 20), 4, "a");
    about(passed(&limits, &caller("bank", Some("b"), MANY), address(1), 20), 4, "b");
    about(passed(&limits, &caller("telco", Some("a"), MANY), address(1), 20), 4, "another agency's a");
    about(passed(&limits, &caller("bank", None, MANY), address(1), 20), 20, "a bare client is no user");
}

#[test]
fn a_name_cannot_be_made_to_count_as_anothers() {
    let limits = limits(4, MANY, MANY, MANY);
    about(passed(&limits, &caller("bank.a", Some("b"), MANY), address(1), 20), 4, "bank.a / b");
    about(passed(&limits, &caller("bank", Some("a.b"), MANY), address(1), 20), 4, "bank / a.b");
}

#[test]
fn a_refused_user_still_counts_for_the_agency() {
    let limits = limits(1, MANY, MANY, 10);
    passed(&limits, &caller("bank", Some("a"), 10), address(1), 30);
    assert!(
        limits.check(&caller("bank", None, 10), address(1), &mut Standings::default()).is_err(),
        "a flood by one user is the agency's flood"
    );
}

#[test]
fn a_service_counts_for_agencies_only() {
    let limits = limits(MANY, 3, MANY, MANY);
    let (kyc, usage) = (ServiceId::parse("identity.kyc").unwrap(), ServiceId::parse("usage.month").unwrap());
    let sent = |caller: &Caller, service: &ServiceId| -> u32 {
        (0..10).map(|_| u32::from(limits.check_service(caller, service, &mut Standings::default()).is_ok())).sum()
    };
    about(sent(&caller("bank", None, 1), &kyc), 3, "kyc");
    about(sent(&caller("bank", None, 1), &usage), 3, "another service");
    about(sent(&caller("telco", None, 1), &kyc), 3, "another agency");
    assert_eq!(sent(&Caller::Public, &kyc), 10, "the public is counted by address");
}

#[test]
fn everyone_without_a_certificate_is_counted_by_address() {
    let citizen = Caller::Citizen { cnic: exchange::cnic::Cnic::parse("4210112345671").unwrap() };
    let limits = limits(MANY, MANY, 3, MANY);
    let mixed = [Caller::Public, citizen, Caller::Sms, Caller::Public, Caller::Public, Caller::Public, Caller::Public];
    let got: u32 =
        mixed.iter().map(|caller| u32::from(limits.check(caller, address(1), &mut Standings::default()).is_ok())).sum();
    about(got, 3, "one address, whoever speaks from it");
    assert!(limits.check(&Caller::Public, address(2), &mut Standings::default()).is_ok());
    assert!(limits.check(&Caller::Public, "2001:db8::1".parse().unwrap(), &mut Standings::default()).is_ok());
    about(passed(&limits, &caller("bank", None, MANY), address(1), 20), 20, "agencies are not");
}

#[test]
fn our_own_processes_are_never_refused() {
    let limits = limits(1, 1, 1, 1);
    assert_eq!(passed(&limits, &Caller::Internal, address(1), 50), 50);
}

#[test]
fn a_raised_quota_counts_from_the_next_request() {
    let limits = limits(MANY, MANY, MANY, MANY);
    about(passed(&limits, &caller("bank", None, 2), address(1), 10), 2, "before");
    about(passed(&limits, &caller("bank", None, 8), address(1), 20), 8, "after");
}

#[test]
fn shrinking_forgets_nobody_who_is_still_counted() {
    let limits = limits(2, MANY, 2, MANY);
    passed(&limits, &Caller::Public, address(1), 10);
    passed(&limits, &caller("bank", Some("a"), MANY), address(1), 10);
    limits.shrink();
    assert!(limits.check(&Caller::Public, address(1), &mut Standings::default()).is_err());
    assert!(limits.check(&caller("bank", Some("a"), MANY), address(1), &mut Standings::default()).is_err());
}

#[test]
fn the_wait_is_told_in_whole_seconds_and_never_as_none() {
    let check = |millis, expected| {
        let refusal = refuse(std::time::Duration::from_millis(millis));
        assert_eq!((refusal.code, refusal.retry_after_s), (Code::RateLimited, Some(expected)), "{millis} ms");
    };
    check(0, 1);
    check(1, 1);
    check(1_000, 1);
    check(1_001, 2);
    check(59_999, 60);
    check(u64::MAX, u32::MAX);
}

#[test]
fn racing_requests_share_one_counter() {
    let limits = limits(MANY, MANY, MANY, MANY);
    let got: u32 = std::thread::scope(|scope| {
        let workers: Vec<_> =
            (0..8).map(|_| scope.spawn(|| passed(&limits, &caller("bank", None, 16), address(1), 16))).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert!((16..48).contains(&got), "{got}: each thread had a counter of its own");
}
