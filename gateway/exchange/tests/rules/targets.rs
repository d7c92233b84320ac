//! Request targets: every byte, every encoding, every look-alike, against a model of the one form that is taken.

use exchange::path::{CanonicalPath, PATH_BYTES_MAX, PathError};
use proptest::prelude::*;

/// Bytes that a segment may hold.
fn plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || [b'-', b'.', b'_', b'~', b'@', b':', b'$'].contains(&byte)
}

/// The grammar, written down as a loop over bytes: slash-led segments that are neither empty nor dots.
fn is_canonical(target: &str) -> bool {
    let bytes = target.as_bytes();
    if bytes.len() > PATH_BYTES_MAX || bytes.first() != Some(&b'/') {
        return false;
    }
    if bytes == b"/" {
        return true;
    }
    let mut segment = Vec::new();
    for &byte in bytes[1..].iter().chain(b"/") {
        if byte != b'/' {
            segment.push(byte);
            continue;
        }
        if segment.is_empty() || segment == b"." || segment == b".." || !segment.iter().all(|byte| plain(*byte)) {
            return false;
        }
        segment.clear();
    }
    true
}

fn refusal(target: &str) -> Option<PathError> {
    CanonicalPath::parse(target).err()
}

#[test]
fn every_ascii_byte_is_plain_or_refused_by_its_rule() {
    for byte in 0..128_u8 {
        for target in [format!("/v1/a{}b", char::from(byte)), format!("/v1/{}", char::from(byte))] {
            let expected = match byte {
                b'?' => Some(PathError::Query),
                b'%' => Some(PathError::Encoded),
                b'/' if target.ends_with('b') => None,
                b'/' => Some(PathError::EmptySegment),
                b'.' if target.ends_with('.') => Some(PathError::DotSegment),
                _ if plain(byte) => None,
                _ => Some(PathError::Character),
            };
            assert_eq!(refusal(&target), expected, "{target:?}");
        }
    }
}

#[test]
fn every_percent_encoding_is_refused_even_of_a_plain_letter() {
    for byte in 0..=255_u8 {
        for encoded in [format!("%{byte:02x}"), format!("%{byte:02X}"), format!("%25{byte:02x}")] {
            for target in [format!("/{encoded}"), format!("/v1/a{encoded}b/c"), format!("/v1/a{encoded}")] {
                assert_eq!(refusal(&target), Some(PathError::Encoded), "{target}");
            }
        }
    }
    for odd in ["%", "%%", "%g0", "%2", "%u002f", "%c0%af", "%e0%80%af", "%f0%80%80%af", "%2e%2E", "%5C%2f"] {
        assert_eq!(refusal(&format!("/v1/{odd}/x")), Some(PathError::Encoded), "{odd}");
    }
}

#[test]
fn look_alikes_of_slash_dot_and_the_rest_are_refused() {
    let alikes = "\u{2024}\u{2025}\u{2026}\u{2044}\u{2215}\u{29f8}\u{ff0e}\u{ff0f}\u{ff3c}\u{ff05}\u{ff1f}\u{ff1a}\
                  \u{2010}\u{2011}\u{2212}\u{ff0d}\u{ff20}\u{2f}\u{fe68}\u{6f0}\u{660}\u{435}\u{131}\u{212a}\u{17f}";
    for alike in alikes.chars().filter(|c| !c.is_ascii()) {
        for target in [format!("/v1/{alike}"), format!("/v1/a{alike}b"), format!("/{alike}{alike}/v1")] {
            assert_eq!(refusal(&target), Some(PathError::Character), "{target:?} has {alike:?}");
        }
    }
    for invisible in
        ["\u{200b}", "\u{200d}", "\u{202e}", "\u{2060}", "\u{feff}", "\u{ad}", "\u{301}", "\u{85}", "\u{2028}"]
    {
        assert_eq!(refusal(&format!("/v1/a{invisible}b")), Some(PathError::Character), "{invisible:?}");
    }
}

#[test]
fn a_target_of_another_form_is_no_path() {
    for target in [
        "",
        "*",
        "v1",
        "v1/x",
        "./v1",
        "../v1",
        ".",
        " /v1",
        "\\v1",
        "?a",
        "%2fv1",
        "http://h/v1",
        "https:/v1",
        "h:443",
        "\u{ff0f}v1",
    ] {
        assert_eq!(refusal(target), Some(PathError::NotOrigin), "{target:?}");
    }
    for (target, expected) in [
        ("//", PathError::EmptySegment),
        ("//h/v1", PathError::EmptySegment),
        ("///", PathError::EmptySegment),
        ("/v1/", PathError::EmptySegment),
        ("/v1//", PathError::EmptySegment),
        ("/.", PathError::DotSegment),
        ("/..", PathError::DotSegment),
        ("/../v1", PathError::DotSegment),
        ("/v1/.", PathError::DotSegment),
        ("/v1/..;/x", PathError::Character),
        ("/v1;x=1/y", PathError::Character),
        ("/\\..\\v1", PathError::Character),
        ("/v1\\x", PathError::Character),
        ("/v1#x", PathError::Character),
        ("/v1 HTTP/1.1", PathError::Character),
        ("/v1\r\nHost: h", PathError::Character),
    ] {
        assert_eq!(refusal(target), Some(expected), "{target:?}");
    }
}

#[test]
fn dots_within_a_name_are_letters() {
    for target in ["/...", "/.a", "/a.", "/a..b", "/..a", "/.well-known/x", "/v1/.../x", "/v1.2/x"] {
        assert_eq!(refusal(target), None, "{target}");
    }
}

#[test]
fn a_query_is_refused_wherever_it_begins() {
    for target in ["/?", "/v1?", "/v1?a=b", "/v1/x?/../y", "/v1?a?b", "/v1/?x", "//?x", "/v1/..?x"] {
        assert_eq!(refusal(target), Some(PathError::Query), "{target}");
    }
    assert_eq!(refusal("/v1?a=%2e"), Some(PathError::Query), "the query is told first");
}

#[test]
fn a_path_has_512_bytes_and_no_more() {
    let check = |bytes: usize, expected| {
        let target: String = "/abcdefg".chars().cycle().take(bytes).collect();
        let target = target.trim_end_matches('/').to_owned() + &"x".repeat(usize::from(target.ends_with('/')));
        assert_eq!(refusal(&target), expected, "{bytes}");
    };
    check(511, None);
    check(512, None);
    check(513, Some(PathError::TooLong));
    check(100_000, Some(PathError::TooLong));
    // Length is told before what the bytes are, so that a huge target is not searched.
    assert_eq!(refusal(&"%".repeat(600)), Some(PathError::TooLong));
    assert_eq!(refusal(&format!("/{}", "\u{6f0}".repeat(256))), Some(PathError::TooLong), "bytes, not characters");
}

/// Targets from pieces that are each dangerous somewhere.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = vec![
        "/", "/", "/", ".", "..", "a", "v1", "-", "_", "~", "@", ":", "$", "%2e", "%", ";", "\\", "?", "#", "+", ",",
        "=", "&", "*", "!", "'", "(", ")", "\0", "\n", " ", "\u{2025}", "\u{ff0f}", "\u{6f0}",
    ];
    let rare = prop::collection::vec(prop::sample::select(pieces), 0..9).prop_map(|all| all.concat());
    let tame = "(/|[a-c.$:~@_-]{1,2}){0,8}";
    prop_oneof![rare.clone(), tame, (tame, rare, tame).prop_map(|(a, b, c)| format!("/{a}{b}{c}"))]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_parser_takes_what_the_grammar_does(target in hostile()) {
        prop_assert_eq!(CanonicalPath::parse(&target).is_ok(), is_canonical(&target), "{:?}", target);
    }

    #[test]
    fn segments_joined_are_the_path(target in "(/[a-z.$:~@_-]{1,5}){0,6}|/") {
        if let Ok(path) = CanonicalPath::parse(&target) {
            let joined: Vec<&str> = path.segments().collect();
            prop_assert_eq!(format!("/{}", joined.join("/")), target);
            prop_assert!(path.segments().all(|segment| segment != "." && segment != ".."));
        }
    }

    #[test]
    fn two_paths_are_equal_only_byte_for_byte(one in "/[aA.]{1,3}", other in "/[aA.]{1,3}") {
        if let (Ok(a), Ok(b)) = (CanonicalPath::parse(&one), CanonicalPath::parse(&other)) {
            prop_assert_eq!(a == b, one == other);
        }
    }
}
