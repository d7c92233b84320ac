//! What the listeners count, told once each and never lost, however many listeners and renderings there are.

use super::*;

fn value(text: &str, line: &str) -> i64 {
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{line} is not in\n{text}")).parse().unwrap()
}

fn listener(metrics: &Metrics, name: &'static str) -> Arc<ListenCounters> {
    let counters = Arc::new(ListenCounters::default());
    feed(metrics, name, Arc::clone(&counters));
    counters
}

#[test]
fn connections_are_told_for_each_listener_and_requests_for_all() {
    let metrics = Metrics::new().unwrap();
    let (agency, public) = (listener(&metrics, "agency"), listener(&metrics, "public"));
    let check = |agency_open: u64, public_open: u64, with_door: [u64; 2]| {
        agency.open.store(agency_open, Ordering::Relaxed);
        public.open.store(public_open, Ordering::Relaxed);
        agency.in_flight.store(with_door[0], Ordering::Relaxed);
        public.in_flight.store(with_door[1], Ordering::Relaxed);
        let text = metrics.render().unwrap();
        assert_eq!(value(&text, r#"ijazat_connections{listener="agency"}"#), i64::try_from(agency_open).unwrap());
        assert_eq!(value(&text, r#"ijazat_connections{listener="public"}"#), i64::try_from(public_open).unwrap());
        assert_eq!(value(&text, "ijazat_in_flight"), i64::try_from(with_door[0] + with_door[1]).unwrap());
    };
    check(0, 0, [0, 0]);
    check(5, 2, [3, 1]);
    check(5, 2, [3, 1]);
    check(1, 9, [0, 4]);
    check(0, 0, [0, 0]);
}

#[test]
fn failed_handshakes_of_all_listeners_add_up_and_are_told_once() {
    let metrics = Metrics::new().unwrap();
    let (agency, public) = (listener(&metrics, "agency"), listener(&metrics, "public"));
    let reason =
        |text: &str, reason: &str| value(text, &format!(r#"ijazat_handshakes_failed_total{{reason="{reason}"}}"#));
    let text = metrics.render().unwrap();
    for fault in Fault::ALL {
        assert_eq!(reason(&text, fault.as_str()), 0, "an alarm on growth needs a beginning");
    }
    agency.faults.count(Fault::Revoked);
    agency.faults.count(Fault::Revoked);
    public.faults.count(Fault::Slow);
    for _ in 0..3 {
        let text = metrics.render().unwrap();
        assert_eq!((reason(&text, "revoked"), reason(&text, "slow"), reason(&text, "untrusted")), (2, 1, 0));
    }
    public.faults.count(Fault::Revoked);
    assert_eq!(reason(&metrics.render().unwrap(), "revoked"), 3);
}

#[test]
fn renderings_at_once_tell_each_failure_once() {
    let metrics = Metrics::new().unwrap();
    let agency = listener(&metrics, "agency");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    agency.faults.count(Fault::Broken);
                    metrics.render().unwrap();
                }
            });
        }
    });
    let text = metrics.render().unwrap();
    assert_eq!(value(&text, r#"ijazat_handshakes_failed_total{reason="broken"}"#), 200);
    assert_eq!(value(&text, "ijazat_in_flight"), 0);
}
