//! Where agencies may be told something, and by what they know it.

use exchange::{
    directory::DirectoryData,
    limits,
    networks::is_public,
    notify::{DeliveryMode, NotificationToken, Notify, NotifyError, NotifyUrl},
};
use proptest::prelude::*;

#[test]
fn c28_a_url_is_https_by_a_name_and_holds_nothing_else() {
    let check = |text: &str, expected: Result<(&str, u16, &str), NotifyError>| {
        let read = NotifyUrl::parse(text);
        let found = read.as_ref().map(|url| (url.host(), url.port(), url.target())).map_err(|error| *error);
        assert_eq!(found, expected, "{text}");
    };
    check("https://bank.example/ciba", Ok(("bank.example", 443, "/ciba")));
    check("https://bank.example:8443/a/b?c=d", Ok(("bank.example", 8_443, "/a/b?c=d")));
    check("https://localhost", Ok(("localhost", 443, "/")));
    check("https://bank.example?c=d", Ok(("bank.example", 443, "/?c=d")));
    for clear in ["http://bank.example/", "http://127.0.0.1/", "HTTPS://bank.example/", "bank.example", "", "ftp://a/"]
    {
        check(clear, Err(NotifyError::NotHttps));
    }
    for more in ["https://user@bank.example/", "https://user:pass@bank.example/", "https://bank.example/a#b"] {
        check(more, Err(NotifyError::Parts));
    }
    let long = format!("https://{}/", ["a"; 200].join("."));
    for address in [
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/",
        "https://2130706433/",
        "https://0x7f.0x0.0x0.0x1/",
        "https://127.1/",
        "https:///path",
        "https://-a.example/",
        "https://a..example/",
        "https://bank.example./",
        "https://bänk.example/",
        &long,
    ] {
        check(address, Err(NotifyError::Host));
    }
    check("https://[::1]:8443/", Err(NotifyError::Host));
    // Its last colon is taken for a port's.
    check("https://[::1]/", Err(NotifyError::Port));
    for port in ["https://a.example:0/", "https://a.example:65536/", "https://a.example:/", "https://a.example:x/"] {
        check(port, Err(NotifyError::Port));
    }
    let much = format!("https://a.example/{}", "a".repeat(limits::NOTIFY_URL_BYTES_MAX));
    for other in
        ["https://a.example/a b", "https://a.example/a\r\nb", "https://a.example/ä", "https://a.example/\"", &much]
    {
        check(other, Err(NotifyError::Characters));
    }
}

#[test]
fn c28_push_is_refused_by_its_name_wherever_it_is_asked_for() {
    assert_eq!(DeliveryMode::parse("poll"), Ok(DeliveryMode::Poll));
    assert_eq!(DeliveryMode::parse("ping"), Ok(DeliveryMode::Ping));
    assert_eq!(DeliveryMode::parse("push"), Err(NotifyError::Push));
    assert_eq!(DeliveryMode::parse("Ping"), Err(NotifyError::Mode));
    let read = |text: &str| toml::from_str::<Notify>(text).map_err(|error| error.to_string());
    let told = read("delivery_mode = \"push\"\nping_url = \"https://a.example/\"").unwrap_err();
    assert!(told.contains("push is not supported"), "{told}");
    let told = read("delivery_mode = \"ping\"").unwrap_err();
    assert!(told.contains("ping needs a ping_url"), "{told}");
    let told = read("ping_url = \"http://a.example/\"").unwrap_err();
    assert!(told.contains("begins with https://"), "{told}");
    assert!(read("url = \"https://a.example/\"").is_err(), "an unknown member");
    assert_eq!(read("event_url = \"https://a.example/\"").unwrap().delivery_mode, DeliveryMode::Poll);
}

#[test]
fn an_entry_without_notifications_is_written_as_before_them_and_one_with_them_comes_back() {
    let data: DirectoryData = toml::from_str(include_str!("../../../../ops/samples/directory.toml")).unwrap();
    let mut agency = data.agencies.into_iter().next().unwrap();
    assert!(agency.notify.is_none() && !serde_json::to_string(&agency).unwrap().contains("notify"));
    let url = |path: &str| NotifyUrl::parse(&format!("https://bank.example:8443/{path}")).ok();
    agency.notify = Some(Notify::new(DeliveryMode::Ping, url("ping"), url("events")).unwrap());
    let written = serde_json::to_string(&agency).unwrap();
    assert_eq!(serde_json::from_str::<exchange::directory::Agency>(&written).unwrap(), agency);
    let shown = format!("{:?}", agency.notify);
    assert!(shown.contains("bank.example:8443") && !shown.contains("events"), "a path is the agency's own: {shown}");
}

#[test]
fn c28_a_notification_token_is_a_bearer_token_that_cannot_be_guessed() {
    let check = |text: &str, expected: bool| assert_eq!(NotificationToken::parse(text).is_ok(), expected, "{text}");
    check(&"a".repeat(22), true);
    check("8d67dc78-7faa-4d41-aabd-67707b374255", true);
    check(&format!("{}==", "Az09-._~+/".repeat(4)), true);
    check(&"a".repeat(1_024), true);
    check(&"a".repeat(1_025), false);
    check(&"a".repeat(21), false);
    check("", false);
    check(&"=".repeat(30), false);
    check(&format!("{}=a", "a".repeat(30)), false);
    for wrong in [" ", "\r", "\n", "\"", ",", "ä"] {
        check(&format!("{}{wrong}", "a".repeat(30)), false);
    }
    let printed = format!("{:?}", NotificationToken::parse(&"a".repeat(22)).unwrap());
    assert_eq!(printed, "NotificationToken(***)");
}

#[test]
fn what_stands_behind_walls_is_not_public() {
    let check = |text: &str, expected: bool| assert_eq!(is_public(text.parse().unwrap()), expected, "{text}");
    for public in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "192.0.1.1", "223.255.255.255", "2606:4700::1111"]
    {
        check(public, true);
    }
    for inner in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.9.9",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fec0::1",
    ] {
        check(inner, false);
    }
}

proptest! {
    #[test]
    fn nothing_that_is_typed_panics_and_what_is_taken_can_stand_in_a_request(text in "(https://)?[ -~]{0,40}") {
        if let Ok(url) = NotifyUrl::parse(&text) {
            prop_assert!(url.target().starts_with('/') && !url.host().is_empty());
            prop_assert!(url.target().parse::<http::Uri>().is_ok(), "{}", url.target());
            prop_assert_eq!(url.as_str(), &text);
        }
        if let Ok(token) = NotificationToken::parse(&text) {
            prop_assert!(http::HeaderValue::from_str(token.expose()).is_ok());
        }
    }
}
