//! What bounds a consent, whom it spares, and where agencies are told of it: each edge from both sides, and any instant between.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use exchange::{
    consent::{
        ConsentUse,
        details::{Channel, Details, DetailsError},
        frequency::{Bounds, DataLife, Frequency, Unit},
        patience::{History, Spared},
    },
    limits,
    networks::{in_networks, is_network, is_public},
    notify::{NotificationToken, NotifyError, NotifyUrl},
    timestamp::Timestamp,
};
use proptest::prelude::*;

use crate::support::NOON;

const UNITS: [Unit; 4] = [Unit::Hour, Unit::Day, Unit::Week, Unit::Month];
const DAY_S: i64 = 86_400;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros() - 1)
}

#[test]
fn c31_a_period_begins_where_the_last_one_ends_across_months_and_years() {
    let check = |unit: Unit, first: &str, next: &str| {
        let (first, next) = (at(first), at(next));
        for now in [first, before(next)] {
            let window = unit.around(now).unwrap();
            assert_eq!((window.from, window.until), (first, next), "{unit:?}");
        }
        assert_eq!(unit.around(before(first)).unwrap().until, first, "{unit:?}");
        assert_eq!(unit.around(next).unwrap().from, next, "{unit:?}");
    };
    check(Unit::Hour, "2026-12-31T23:00:00+05:00", "2027-01-01T00:00:00+05:00");
    check(Unit::Hour, "1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z");
    check(Unit::Day, "2028-02-29T00:00:00+05:00", "2028-03-01T00:00:00+05:00");
    // The evening in UTC is the next day in Karachi.
    check(Unit::Day, "2026-11-28T19:00:00Z", "2026-11-29T19:00:00Z");
    check(Unit::Week, "2026-12-28T00:00:00+05:00", "2027-01-04T00:00:00+05:00");
    check(Unit::Week, "2028-02-28T00:00:00+05:00", "2028-03-06T00:00:00+05:00");
    check(Unit::Month, "2026-12-01T00:00:00+05:00", "2027-01-01T00:00:00+05:00");
    check(Unit::Month, "2028-02-01T00:00:00+05:00", "2028-03-01T00:00:00+05:00");
    check(Unit::Month, "2100-02-01T00:00:00+05:00", "2100-03-01T00:00:00+05:00");
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    // Before the epoch, in our time and until the year 9990, to the microsecond; and midnights in Karachi.
    let micros =
        prop_oneof![-2_208_988_800_000_000_i64..0, 0..4_102_444_800_000_000_i64, 0..253_092_000_000_000_000_i64];
    let midnight = |micros: i64| micros - micros.rem_euclid(DAY_S * 1_000_000) - 5 * 3_600_000_000;
    (micros, any::<bool>())
        .prop_map(move |(micros, even)| Timestamp::from_micros(if even { midnight(micros) } else { micros }))
}

fn any_unit() -> impl Strategy<Value = Unit> {
    prop::sample::select(UNITS.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn c31_every_instant_lies_in_one_period_of_each_unit(now in any_instant(), unit in any_unit()) {
        let window = unit.around(now).unwrap();
        prop_assert!(window.from <= now && now < window.until);
        for inside in [window.from, before(now).max(window.from), before(window.until)] {
            prop_assert_eq!(unit.around(inside), Some(window));
        }
        prop_assert_eq!(unit.around(window.until).map(|next| next.from), Some(window.until));
        prop_assert_eq!(unit.around(before(window.from)).map(|last| last.until), Some(window.from));
        let seconds = window.until.seconds() - window.from.seconds();
        let lengths = match unit {
            Unit::Hour => 3_600..=3_600,
            Unit::Day => DAY_S..=DAY_S,
            Unit::Week => 7 * DAY_S..=7 * DAY_S,
            Unit::Month => 28 * DAY_S..=31 * DAY_S,
        };
        prop_assert!(lengths.contains(&seconds), "{:?} {}", unit, seconds);
        let begins = window.from.rfc3339();
        let expected = if unit == Unit::Hour { ":00:00+05:00" } else { "T00:00:00+05:00" };
        prop_assert!(begins.ends_with(expected), "{}", begins);
        prop_assert!(unit != Unit::Month || window.from.karachi_date().2 == 1, "{}", begins);
        // 1970-01-05 was a Monday.
        let monday = (window.from.seconds() + 5 * 3_600 - 4 * DAY_S).rem_euclid(7 * DAY_S) == 0;
        prop_assert!(unit != Unit::Week || monday, "{}", begins);
    }

    #[test]
    fn c31_a_use_counts_in_the_period_that_it_lies_in(
        now in any_instant(), unit in any_unit(), value in 1_u32..10_001, ever in prop::option::of(2_u32..10_001),
    ) {
        let bounds = Bounds { uses: ever, frequency: Some(Frequency { unit, value }), data_life: None };
        let (turn, window) = bounds.turn(now).unwrap();
        prop_assert_eq!(window, unit.around(now));
        prop_assert_eq!(Some(turn.begins_at), window.map(|window| window.from));
        prop_assert_eq!((turn.times, turn.ever, bounds.counts()), (Some(value), ever, true));
    }

    #[test]
    fn c06_a_frequency_is_within_itself_and_within_what_is_wider_only(
        unit in any_unit(), a: u32, b: u32, c: u32, other in any_unit(),
    ) {
        let [one, two, three] = [a, b, c].map(|value| Frequency { unit, value });
        prop_assert!(one.is_within(one));
        prop_assert_eq!(one.is_within(two), a <= b);
        prop_assert!(!(one.is_within(two) && two.is_within(three)) || one.is_within(three));
        // Whatever is within a ceiling stays there if it shrinks, and never exceeds its number in one period.
        let ceiling = Frequency { unit: other, value: b };
        let (less, wider) = (Frequency { unit, value: a / 2 }, Frequency { unit: other, value: b.saturating_add(1) });
        if one.is_within(ceiling) {
            prop_assert!(a <= b && less.is_within(ceiling) && one.is_within(wider), "{:?} {:?}", one, ceiling);
        }
    }

    #[test]
    fn c06_as_many_short_periods_as_a_long_one_touches_are_within_it(now in any_instant(), value in 1_u32..1_000) {
        use Unit::{Day, Hour, Month, Week};
        let pairs =
            [(Hour, Day), (Hour, Week), (Hour, Month), (Day, Week), (Day, Month), (Week, Month), (Month, Week)];
        for (short, long) in pairs {
            let whole = long.around(now).unwrap();
            let (mut touched, mut from) = (0, whole.from);
            while from < whole.until {
                touched += 1;
                from = short.around(from).unwrap().until;
            }
            // One use more than the ceiling has could happen in this very period.
            let less = Frequency { unit: long, value: touched * value - 1 };
            prop_assert!(!Frequency { unit: short, value }.is_within(less), "{touched} {short:?} in {long:?}");
        }
    }

    #[test]
    fn c31_data_is_to_be_erased_so_many_units_later(unit in any_unit(), value in 1_u32..87_601, now in any_instant()) {
        let seconds = match unit {
            Unit::Hour => 3_600,
            Unit::Day => DAY_S,
            Unit::Week => 7 * DAY_S,
            Unit::Month => 30 * DAY_S,
        };
        let life = DataLife { unit, value };
        let expected = i64::from(value) * seconds;
        prop_assert_eq!(life.after(now).micros() - now.micros(), expected * 1_000_000);
        let days = u32::try_from(expected.div_euclid(DAY_S)).unwrap();
        prop_assert_eq!(life.is_within(days), expected.rem_euclid(DAY_S) == 0);
        prop_assert!(life.is_within(days + 1));
        prop_assert_eq!(life.is_sound(), expected <= i64::from(limits::DATA_LIFE_DAYS_MAX) * DAY_S);
    }
}

#[test]
fn c06_numbers_that_can_be_counted_and_spans_that_can_be_kept_have_these_edges() {
    for unit in UNITS {
        for (value, expected) in [(0, false), (1, true), (10_000, true), (10_001, false), (u32::MAX, false)] {
            assert_eq!(Frequency { unit, value }.is_sound(), expected, "{value} {unit:?}");
        }
        assert_eq!(DataLife { unit, value: u32::MAX }.after(Timestamp::from_micros(i64::MAX)).micros(), i64::MAX);
    }
    for (unit, most) in [(Unit::Hour, 87_600), (Unit::Day, 3_650), (Unit::Week, 521), (Unit::Month, 121)] {
        assert!(DataLife { unit, value: most }.is_sound(), "{most} {unit:?}");
        assert!(!DataLife { unit, value: most + 1 }.is_sound(), "{most} and one {unit:?}");
    }
}

const HEAD: &str = r#"[{"type":"urn:pk:ijazat:consent:1","purpose":"KYC-101","datatypes":["a","b"]"#;

#[test]
fn c31_what_was_asked_before_there_were_bounds_reads_and_hashes_as_it_did() {
    let check = |members: &str, canonical: &str, hash: &str| {
        let details = Details::parse(&format!("{HEAD}{members}}}]")).unwrap();
        assert_eq!(details.bounds, Bounds::default());
        assert_eq!(details.canonical(), format!("{HEAD}{canonical}}}]"));
        assert_eq!(hex::encode(details.sha256()), hash);
    };
    check("", r#","fetch":"one_time""#, "75e40095f9c9fe10bb2033e0d220820627527def8e620cfcaf4910a32b9f1528");
    let end = r#","valid_until":"2027-01-01T00:00:00+05:00""#;
    let standing = format!(r#","fetch":"standing"{end}"#);
    check(&standing, &standing, "0d6f55db55127757588d47b1c3ac8b2d6146952107d0215c0961a61746856110");
}

/// Every order of these.
fn orders(members: &[&str]) -> Vec<Vec<String>> {
    if members.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for (place, first) in members.iter().enumerate() {
        let rest: Vec<&str> =
            members.iter().enumerate().filter(|(n, _)| *n != place).map(|(_, member)| *member).collect();
        all.extend(orders(&rest).into_iter().map(|order| [vec![(*first).to_owned()], order].concat()));
    }
    all
}

#[test]
fn c31_the_order_of_members_is_nothing_and_every_bound_is_part_of_the_hash() {
    let members = [
        r#""type":"urn:pk:ijazat:consent:1""#,
        r#""purpose":"KYC-101","datatypes":["b","a"]"#,
        r#""uses":5"#,
        r#""valid_until":"2027-01-01T00:00:00+05:00""#,
        r#""frequency":{"value":3,"unit":"WEEK"}"#,
        r#""data_life":{"value":2,"unit":"MONTH"}"#,
    ];
    let read = |members: &[String]| Details::parse(&format!("[{{{}}}]", members.join(","))).unwrap();
    let first = read(&members.map(str::to_owned));
    assert_eq!(first.usage, ConsentUse::Standing);
    let all = orders(&members);
    assert_eq!(all.len(), 720);
    assert!(all.iter().all(|order| read(order) == first && read(order).canonical() == first.canonical()));
    assert_eq!(Details::parse(&first.canonical()), Ok(first.clone()), "read back to the same");
    let other = |bounds| Details { bounds, ..first.clone() }.sha256();
    let given = first.bounds;
    let others = [
        Bounds { uses: Some(6), ..given },
        Bounds { uses: None, ..given },
        Bounds { frequency: None, ..given },
        Bounds { frequency: Some(Frequency { unit: Unit::Month, value: 3 }), ..given },
        Bounds { data_life: None, ..given },
        Bounds { data_life: Some(DataLife { unit: Unit::Week, value: 2 }), ..given },
    ];
    let hashes: std::collections::BTreeSet<_> = others.into_iter().chain([given]).map(other).collect();
    assert_eq!(hashes.len(), others.len() + 1, "nothing of it can change behind the citizen's back");
}

#[test]
fn c06_a_bound_that_is_not_known_is_refused_wherever_it_stands() {
    let end = r#","uses":"standing","valid_until":"2027-01-01T00:00:00Z""#;
    let check = |members: &str, expected: Option<DetailsError>| {
        assert_eq!(Details::parse(&format!("{HEAD}{end}{members}}}]")).err(), expected, "{members}");
    };
    check("", None);
    for members in [
        r#","bounds":{}"#,
        r#","Frequency":{"unit":"DAY","value":1}"#,
        r#","frequency":[{"unit":"DAY","value":1}]"#,
        r#","frequency":{"unit":"DAY","value":1,"repeats":2}"#,
        r#","frequency":{"unit":"DAY","value":1.0}"#,
        r#","frequency":{"unit":"DAY","unit":"DAY","value":1}"#,
        r#","frequency":{"unit":"INF","value":1}"#,
        r#","data_life":{"unit":"DAY","value":4294967296}"#,
    ] {
        check(members, Some(DetailsError::Malformed));
    }
    check(r#","frequency":{"unit":"HOUR","value":10000},"data_life":{"unit":"HOUR","value":87600}"#, None);
    check(r#","frequency":{"unit":"HOUR","value":10001}"#, Some(DetailsError::Frequency));
    check(r#","data_life":{"unit":"HOUR","value":87601}"#, Some(DetailsError::DataLife));
}

proptest! {
    #[test]
    fn c15_a_citizen_is_spared_for_the_gravest_reason_and_by_day_and_night_alike(
        open in 0_i64..6, unanswered in 0_i64..8, refused_often: bool, wrong in 0_i64..14, locked: bool, blocked: bool,
        remote: bool, hour in 0_i64..24,
    ) {
        let history = History { open, unanswered, refused_often, wrong, locked, blocked };
        let channel = if remote { Channel::Remote } else { Channel::Counter };
        let now = NOON.plus_seconds((hour - 12) * 3_600);
        let night = remote && !(7..22).contains(&hour);
        let reasons = [
            (locked, Spared::Locked),
            (blocked, Spared::Blocked),
            (wrong >= 10, Spared::Guessed),
            (refused_often, Spared::Refused),
            (unanswered >= 5, Spared::Unanswered),
            (open >= 3, Spared::Open),
            (night, Spared::Night),
        ];
        let expected = reasons.into_iter().find(|(holds, _)| *holds).map(|(_, reason)| reason);
        prop_assert_eq!(history.spared(channel, now), expected);
        let blocked = History { blocked: true, ..history }.spared(channel, now);
        prop_assert_eq!(blocked, Some(if locked { Spared::Locked } else { Spared::Blocked }), "whatever else there is");
        prop_assert_eq!(history.guesses_are_spent(), wrong >= 10);
    }
}

#[test]
fn c19_the_night_begins_and_ends_on_the_instant() {
    let spared = |text: &str, less: i64| {
        let now = Timestamp::from_micros(at(text).micros() - less);
        History::default().spared(Channel::Remote, now).is_some()
    };
    assert!(!spared("2026-12-31T22:00:00+05:00", 1) && spared("2026-12-31T22:00:00+05:00", 0));
    assert!(spared("2027-01-01T07:00:00+05:00", 1) && !spared("2027-01-01T07:00:00+05:00", 0));
    assert!(spared("2027-01-01T00:00:00+05:00", 1) && spared("2027-01-01T00:00:00+05:00", 0));
}

#[test]
fn c28_no_address_in_any_notation_and_nothing_beside_a_name_is_a_host() {
    let numbers = "127.0.0.1 0.0.0.0 0 1 127.1 127.0.1 2130706433 0x7f000001 0x7f.1 0177.0.0.1 017700000001 169.254.169.254 \
                   1.1.1.1.1 256.1.1.1 a.1 a.example.7 a.0x10 a.1e [::1 ::1]:443 [fe80::1%25eth0]:443 [::ffff:127.0.0.1]:443";
    let others = ". .a a. -a a- a.-b a-.b a_b.example *.example a\\b a%2eb a\u{ff0e}b \u{661}.\u{661} a:443 a.example,b.example $HOME";
    for host in numbers.split(' ').chain(others.split(' ')).chain(["", "a b", "a\tb", "a\0"]) {
        for text in [format!("https://{host}:8443/x"), format!("https://{host}:443?x")] {
            assert_eq!(NotifyUrl::parse(&text), Err(NotifyError::Host), "{text:?}");
        }
    }
    for parts in "u@a.example/ u:p@a.example/ @a.example/ a.example@/ a.example/# a.example#/ a.example?#".split(' ') {
        assert_eq!(NotifyUrl::parse(&format!("https://{parts}")), Err(NotifyError::Parts), "{parts}");
    }
    assert_eq!(NotifyUrl::parse("https://a.example/u@b").map(|url| url.host().to_owned()), Ok("a.example".to_owned()));
    for clear in ["http://a.example", "https:/a.example", "https:a.example", " https://a.example"] {
        assert_eq!(NotifyUrl::parse(clear), Err(NotifyError::NotHttps), "{clear:?}");
    }
}

#[test]
fn c28_a_host_a_label_a_port_and_a_url_have_their_lengths() {
    let read =
        |authority: &str| NotifyUrl::parse(&format!("https://{authority}/")).map(|url| (url.port(), url.authority()));
    let label = "a".repeat(63);
    assert!(read(&label).is_ok());
    assert_eq!(read(&format!("{label}a")), Err(NotifyError::Host));
    let host = format!("{label}.{label}.{label}.{}", "b".repeat(61));
    assert_eq!(host.len(), 253);
    assert!(read(&host).is_ok());
    assert_eq!(read(&format!("{host}b")), Err(NotifyError::Host));
    for (port, expected) in [("1", 1), ("443", 443), ("8443", 8_443), ("65535", 65_535)] {
        let authority = if expected == 443 { "a.example".to_owned() } else { format!("a.example:{expected}") };
        assert_eq!(read(&format!("a.example:{port}")), Ok((expected, authority)));
    }
    for port in ["", "0", "00", "65536", "99999999999999999999", "-1", "+1", " 1", "0x1bb", "٤٤٣", "443x"] {
        assert_eq!(read(&format!("a.example:{port}")), Err(NotifyError::Port), "{port}");
    }
    let long = |bytes: usize| {
        NotifyUrl::parse(&format!("https://a.example/{}", "a".repeat(bytes - 18))).map(|url| url.as_str().len())
    };
    assert_eq!(long(limits::NOTIFY_URL_BYTES_MAX), Ok(512));
    assert_eq!(long(limits::NOTIFY_URL_BYTES_MAX + 1), Err(NotifyError::Characters));
}

#[test]
fn c28_a_token_is_22_to_1024_bytes_of_the_bearers_alphabet() {
    let read = |text: &str| NotificationToken::parse(text).map(|token| token.expose().to_owned());
    for (bytes, good) in [(0, false), (21, false), (22, true), (1_024, true), (1_025, false)] {
        let text = "a".repeat(bytes);
        assert_eq!(read(&text), if good { Ok(text) } else { Err(NotifyError::Token) }, "{bytes}");
    }
    for c in (0..=0x17f).filter_map(char::from_u32) {
        let good = c.is_ascii_alphanumeric() || "-._~+/".contains(c);
        for text in [format!("{c}{}", "a".repeat(30)), format!("{}{c}{}", "a".repeat(15), "a".repeat(15))] {
            assert_eq!(read(&text).is_ok(), good, "{c:?}");
        }
        assert_eq!(read(&format!("{}{c}", "a".repeat(30))).is_ok(), good || c == '=', "{c:?} at the end");
    }
}

/// What RFC 6890's registries keep from the Internet, as networks.
const SPECIAL_V4: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 \
                          192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3";

/// Of `2000::/3`, beside which nothing is public.
const SPECIAL_V6: &str = "2001::/23 2001:db8::/32 2002::/16 3fff::/20";

fn networks(all: &str) -> Vec<String> {
    all.split(' ').map(str::to_owned).collect()
}

fn edges_v4(network: &str) -> (u32, u32) {
    let (base, bits) = network.split_once('/').unwrap();
    let base = base.parse::<Ipv4Addr>().unwrap().to_bits();
    (base, base | u32::MAX.checked_shr(bits.parse().unwrap()).unwrap_or(0))
}

fn edges_v6(network: &str) -> (u128, u128) {
    let (base, bits) = network.split_once('/').unwrap();
    let base = base.parse::<Ipv6Addr>().unwrap().to_bits();
    (base, base | u128::MAX.checked_shr(bits.parse().unwrap()).unwrap_or(0))
}

#[test]
fn each_special_network_is_closed_from_its_first_address_to_its_last() {
    let v4 = |bits: u32| IpAddr::V4(Ipv4Addr::from_bits(bits));
    let v6 = |bits: u128| IpAddr::V6(Ipv6Addr::from_bits(bits));
    for network in SPECIAL_V4.split(' ') {
        let (first, last) = edges_v4(network);
        assert!(!is_public(v4(first)) && !is_public(v4(last)), "{network}");
        assert!(first == 0 || is_public(v4(first - 1)), "before {network}");
        assert!(last == u32::MAX || is_public(v4(last + 1)), "after {network}");
    }
    for network in SPECIAL_V6.split(' ') {
        let (first, last) = edges_v6(network);
        assert!(!is_public(v6(first)) && !is_public(v6(last)), "{network}");
        assert!(is_public(v6(first - 1)) && is_public(v6(last + 1)), "{network}");
    }
    let (first, last) = edges_v6("2000::/3");
    assert!(is_public(v6(first)) && is_public(v6(last)) && !is_public(v6(first - 1)) && !is_public(v6(last + 1)));
    // Hosts, mapped and translated addresses, unique local, link-local, site-local, multicast.
    let inner = "::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 fc00::/7 fe80::/10 fec0::/10 ff00::/8";
    for network in inner.split(' ') {
        let (first, last) = edges_v6(network);
        assert!([first, first + 1, last - 1, last].into_iter().all(|bits| !is_public(v6(bits))), "{network}");
    }
}

#[test]
fn a_network_is_an_address_and_bits_of_its_family() {
    for good in ["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "1.2.3.4/32", "::/0", "::1", "2001:db8::/128"] {
        assert!(is_network(good), "{good}");
    }
    let wrong = "/8 10.0.0.0/ 10.0.0.0/33 10.0.0/8 10.0.0.0/8/8 ::/129 ::/-1 a.example 10.0.0.0/256 fe80::1%eth0";
    for wrong in wrong.split(' ').chain(["", " ::1"]) {
        assert!(!is_network(wrong), "{wrong}");
    }
    let lies = |address: &str, network: &str| {
        in_networks(address.parse().unwrap(), &["nonsense".to_owned(), network.to_owned()])
    };
    assert!(lies("10.127.255.255", "10.0.0.0/9") && !lies("10.128.0.0", "10.0.0.0/9"));
    assert!(lies("10.9.9.9", "10.1.2.3/8"), "bits behind the prefix do not count");
    assert!(lies("2001:db8:0:ffff::", "2001:db8::/48") && !lies("2001:db8:1::", "2001:db8::/48"));
    assert!(lies("::5", "::/0") && !lies("1.2.3.4", "::/0") && !lies("::1", "0.0.0.0/0"));
    assert!(!lies("::ffff:10.0.0.1", "10.0.0.0/8"), "a mapped address is not taken for what it maps");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn what_is_public_is_what_no_registry_keeps(
        any: u32, special in prop::sample::select(networks(SPECIAL_V4)), off in -300_i64..300, wide: u128, top in 0x1ff0_u128..0x4010,
    ) {
        let (first, last) = edges_v4(&special);
        for bits in [any, first, last].into_iter().filter_map(|bits| u32::try_from(i64::from(bits) + off).ok()) {
            let address = IpAddr::V4(Ipv4Addr::from_bits(bits));
            prop_assert_eq!(is_public(address), !in_networks(address, &networks(SPECIAL_V4)), "{}", address);
        }
        for bits in [wide, (wide >> 16) | (top << 112), (wide >> 32) | (0x2001 << 112) | ((top & 0xfff) << 96)] {
            let address = IpAddr::V6(Ipv6Addr::from_bits(bits));
            let inside = in_networks(address, &networks("2000::/3")) && !in_networks(address, &networks(SPECIAL_V6));
            prop_assert_eq!(is_public(address), inside, "{}", address);
        }
    }
}
