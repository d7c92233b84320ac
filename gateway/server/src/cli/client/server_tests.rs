//! What a server says about its limits is obeyed, and what it cannot have meant is not.

use super::*;

fn headers(name: &'static str, value: &'static str) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
}

#[test]
fn who_has_nothing_left_waits_until_the_limit_is_whole() {
    let check = |told, seconds| assert_eq!(pause(&headers("ratelimit", told)), Duration::from_secs(seconds), "{told}");
    check("\"agency\";r=7;t=1", 0);
    check("\"service\";r=0;t=1, \"agency\";r=7;t=1", 1);
    check("\"agency\";r=9;t=5, \"user\";r=0;t=3", 3);
    check("\"agency\";r=0", 1);
    check("\"agency\";r=0;t=999999", WAIT_S_MAX);
    check("nonsense", 0);
    assert_eq!(pause(&HeaderMap::new()), Duration::ZERO);
}

#[test]
fn a_wait_that_no_program_should_sit_out_is_not_sat_out() {
    let check = |told, seconds: Option<u64>| {
        assert_eq!(asked_to_wait(&headers("retry-after", told)), seconds.map(Duration::from_secs), "{told}");
    };
    check("1", Some(1));
    check("60", Some(60));
    check("61", None);
    check("Fri, 31 Dec 1999 23:59:59 GMT", None);
    assert_eq!(asked_to_wait(&HeaderMap::new()), None);
}

#[test]
fn a_header_is_read_with_its_value_hidden() {
    let (name, value) = read_header("Authorization: Bearer secret-of-ours").unwrap();
    assert_eq!((name.as_str(), value.to_str().unwrap()), ("authorization", "Bearer secret-of-ours"));
    assert!(!format!("{value:?}").contains("secret-of-ours"));
    for text in ["no colon", ": value", "na me: value", "name: val\nue"] {
        assert!(read_header(text).is_err(), "{text}");
    }
}

#[test]
fn an_address_without_tls_is_refused_before_any_file_is_read() {
    for server in ["http://localhost:8443", "localhost:8443", "/v1"] {
        let file = PathBuf::from("none");
        let server: Uri = server.parse().unwrap();
        let at = At { server, ca: file.clone(), cert: file.clone(), key: file, header: Vec::new(), timeout: 1 };
        let told = at.server().unwrap_err().to_string();
        assert!(told.contains("https address"), "{told}");
    }
}

#[test]
fn a_certificate_that_is_not_accepted_is_told_from_a_line_that_broke_however_it_is_wrapped() {
    let check = |error: rustls::Error, expected| {
        let wrapped = io::Error::other(io::Error::other(error.clone()));
        assert_eq!((is_of_certificates(&error), is_of_certificates(&wrapped)), (expected, expected), "{error}");
    };
    check(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer), true);
    check(rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRevoked), true);
    check(rustls::Error::AlertReceived(rustls::AlertDescription::InternalError), false);
    check(rustls::Error::HandshakeNotComplete, false);
    assert!(!is_of_certificates(&io::Error::from(io::ErrorKind::ConnectionReset)));
}
