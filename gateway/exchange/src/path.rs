//! The one parser of request paths (rule 8 of the door): what it accepts reads the same to everyone.
//!
//! An accepted path is its own canonical form: there is nothing to decode, fold or strip, so policy, record and upstream
//! see the identical bytes. Our services need no query, no encoding and no parameters; all of them are refused.

use std::fmt;

/// Bytes of a path: our longest is below a hundred.
pub const PATH_BYTES_MAX: usize = 512;

/// A path in its only form.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CanonicalPath(String);

/// Why a target is not a canonical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Empty, relative, or a whole URL.
    #[error("path does not begin with a single slash")]
    NotOrigin,
    /// Longer than [`PATH_BYTES_MAX`].
    #[error("path has more than {PATH_BYTES_MAX} bytes")]
    TooLong,
    /// A query, even an empty one; what a service needs stands in its body.
    #[error("path has a query")]
    Query,
    /// A percent sign: an encoded character has a second spelling, or is one that separates or ends a path.
    #[error("path has an encoded character")]
    Encoded,
    /// `//`, or a slash at the end.
    #[error("path has an empty segment")]
    EmptySegment,
    /// `.` or `..`.
    #[error("path has a dot segment")]
    DotSegment,
    /// Anything but letters, digits and `-._~@:$`.
    #[error("path has a character that may be read in more than one way")]
    Character,
}

impl CanonicalPath {
    /// Reads the target of a request exactly as it was sent.
    ///
    /// # Errors
    /// [`PathError`] says which rule it broke.
    pub fn parse(target: &str) -> Result<Self, PathError> {
        if target.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        let rest = target.strip_prefix('/').ok_or(PathError::NotOrigin)?;
        // First what has a name of its own, so that the refusal tells the caller what to change.
        if target.contains('?') {
            return Err(PathError::Query);
        }
        if target.contains('%') {
            return Err(PathError::Encoded);
        }
        if !rest.is_empty() {
            rest.split('/').try_for_each(check_segment)?;
        }
        Ok(Self(target.to_owned()))
    }

    /// The path, byte for byte as it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments between slashes; none for `/`.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1).filter(|segment| !segment.is_empty())
    }
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    match segment {
        "" => Err(PathError::EmptySegment),
        "." | ".." => Err(PathError::DotSegment),
        _ if segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~@:$".contains(&byte)) => Ok(()),
        _ => Err(PathError::Character),
    }
}

impl fmt::Display for CanonicalPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        use PathError::{Character, DotSegment, EmptySegment, Encoded, NotOrigin, Query, TooLong};
        let check = |target: &str, expected| assert_eq!(CanonicalPath::parse(target).err(), expected, "{target:?}");
        check("/", None);
        check("/v1/identity/kyc", None);
        check("/.well-known/openid-configuration", None);
        check("/v1/usage/2026-11", None);
        check("/bc-authorize/a~b@c:d/pin", None);
        check("/fhir/R4/Patient/$match", None);
        check("/v1/...", None);
        check("", Some(NotOrigin));
        check("*", Some(NotOrigin));
        check("v1/x", Some(NotOrigin));
        check("http://gateway/v1/x", Some(NotOrigin));
        check("//gateway/v1/x", Some(EmptySegment));
        check("/v1//x", Some(EmptySegment));
        check("/v1/x/", Some(EmptySegment));
        check("/v1/./x", Some(DotSegment));
        check("/v1/../x", Some(DotSegment));
        check("/v1/x/..", Some(DotSegment));
        check("/v1/x?", Some(Query));
        check("/v1/x?cnic=1", Some(Query));
        for encoded in
            ["%2e%2e", "%2E%2E", "..%2f", "%2f", "%5c", "%00", "%0d%0a", "%41", "%c0%ae", "%252e", "%u002e", "%"]
        {
            check(&format!("/v1/{encoded}/x"), Some(Encoded));
        }
        for odd in
            [";", ";a=b", "\\", "..\\x", "a\0", "a\n", "a\r", "a\t", "a b", "a#b", "a+b", "a|b", "a\"", "<a>", "a,b"]
        {
            check(&format!("/v1/{odd}"), Some(Character));
        }
        check("/v1/\u{66e}", Some(Character));
        check("/v1/\u{2025}/x", Some(Character));
        check("/v1/\u{ff0e}\u{ff0e}/x", Some(Character));
        check(&format!("/{}", "a".repeat(PATH_BYTES_MAX - 1)), None);
        check(&format!("/{}", "a".repeat(PATH_BYTES_MAX)), Some(TooLong));
    }

    #[test]
    fn segments_are_what_stands_between_slashes() {
        let check = |target, expected: &[&str]| {
            assert_eq!(CanonicalPath::parse(target).unwrap().segments().collect::<Vec<_>>(), expected);
        };
        check("/", &[]);
        check("/v1/usage/2026-11", &["v1", "usage", "2026-11"]);
    }

    proptest! {
        #[test]
        fn an_accepted_path_is_its_own_form(target in "/([a-zA-Z0-9._~@:$-]{1,12}/){0,4}[a-zA-Z0-9._~@:$-]{0,12}") {
            if let Ok(path) = CanonicalPath::parse(&target) {
                prop_assert_eq!(path.as_str(), &target);
                prop_assert_eq!(CanonicalPath::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn any_text_is_refused_or_taken_byte_for_byte(target in any::<String>()) {
            if let Ok(path) = CanonicalPath::parse(&target) {
                prop_assert_eq!(path.as_str(), target);
            }
        }

        #[test]
        fn a_changed_byte_makes_another_path_or_none(
            target in "/([a-z0-9.-]{1,9}/){0,3}[a-z0-9.-]{1,9}", at in any::<prop::sample::Index>(), byte in 0_u8..128,
        ) {
            let Ok(path) = CanonicalPath::parse(&target) else { return Ok(()) };
            let mut changed = target.clone().into_bytes();
            let at = at.index(changed.len());
            changed[at] = byte;
            if let Ok(other) = CanonicalPath::parse(std::str::from_utf8(&changed).unwrap()) {
                prop_assert_eq!(other == path, changed == target.as_bytes());
            }
        }
    }
}
