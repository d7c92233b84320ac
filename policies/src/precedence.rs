//! Which code a refusal shows when several guardrails forbid at once.

use exchange::codes::Code;

/// From first to last: what concerns the caller's standing, then what only another approval can open, then the
/// agreement, then what the caller can still put right within this request. The first that applies is shown; the record
/// keeps every policy.
pub const PRECEDENCE: [Code; 14] = [
    Code::CallerNotAllowed,
    Code::AgencySuspended,
    Code::UserUnknown,
    Code::UserDisabled,
    Code::NetworkRefused,
    Code::SecretNeedsBoard,
    Code::AgreementRequired,
    Code::PurposeRequired,
    Code::UserAssertionRequired,
    Code::SecondPersonRequired,
    Code::OutsideProgramme,
    Code::ConsentRequired,
    Code::ConsentMismatch,
    Code::PolicyDenied,
];

/// The code to show; [`Code::PolicyDenied`] when nothing forbade and nothing permitted.
#[must_use]
pub fn foremost(codes: impl IntoIterator<Item = Code>) -> Code {
    codes.into_iter().min_by_key(|code| rank(*code)).unwrap_or(Code::PolicyDenied)
}

/// Place of a code in [`PRECEDENCE`]; `None` if a policy may not give it as its reason.
#[must_use]
pub fn place(code: Code) -> Option<usize> {
    PRECEDENCE.iter().position(|known| *known == code)
}

fn rank(code: Code) -> usize {
    place(code).unwrap_or(PRECEDENCE.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_foremost_code_is_shown() {
        let check = |codes: &[Code], expected| assert_eq!(foremost(codes.iter().copied()), expected, "{codes:?}");
        check(&[], Code::PolicyDenied);
        check(&[Code::PolicyDenied, Code::ConsentRequired], Code::ConsentRequired);
        check(&[Code::ConsentRequired, Code::SecretNeedsBoard], Code::SecretNeedsBoard);
        check(&[Code::SecretNeedsBoard, Code::AgencySuspended], Code::AgencySuspended);
        check(&[Code::Internal, Code::PolicyDenied], Code::PolicyDenied);
    }
}
