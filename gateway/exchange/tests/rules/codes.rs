//! Problem codes never change meaning: their status, whether they are charged, and their OAuth word, one by one.

use std::collections::BTreeSet;

use exchange::codes::Code;

/// Code, HTTP status, whether it is charged, and the `error` word at OpenID's endpoints (`-` for none). What stands here
/// is what clients were told: a row may be added, never changed or taken away.
const PUBLISHED: &[(&str, u16, bool, &str)] = &[
    ("certificate_unmapped", 401, false, "invalid_client"),
    ("certificate_revoked", 401, false, "invalid_client"),
    ("certificate_expired", 401, false, "invalid_client"),
    ("client_mismatch", 401, false, "invalid_client"),
    ("agency_suspended", 403, false, "invalid_client"),
    ("user_required", 401, false, "invalid_request"),
    ("user_unknown", 403, false, "unauthorized_client"),
    ("user_disabled", 403, false, "unauthorized_client"),
    ("user_assertion_required", 401, false, "unauthorized_client"),
    ("user_assertion_invalid", 401, false, "unauthorized_client"),
    ("caller_not_allowed", 403, false, "unauthorized_client"),
    ("rate_limited", 429, false, "slow_down"),
    ("path_ambiguous", 400, false, "-"),
    ("service_unknown", 404, false, "-"),
    ("method_not_allowed", 405, false, "-"),
    ("header_invalid", 400, false, "invalid_request"),
    ("content_type_unsupported", 415, false, "invalid_request"),
    ("body_too_large", 413, false, "invalid_request"),
    ("body_incomplete", 400, false, "invalid_request"),
    ("body_malformed", 400, false, "invalid_request"),
    ("parameter_invalid", 400, false, "invalid_request"),
    ("cnic_invalid", 400, false, "invalid_request"),
    ("purpose_required", 400, false, "invalid_request"),
    ("purpose_unknown", 400, false, "invalid_request"),
    ("basis_unknown", 403, false, "-"),
    ("outside_programme", 403, false, "-"),
    ("programme_spent", 429, false, "-"),
    ("frequency_exceeded", 403, false, "-"),
    ("policy_denied", 403, false, "unauthorized_client"),
    ("policy_error", 403, false, "-"),
    ("consent_required", 403, false, "-"),
    ("consent_mismatch", 403, false, "-"),
    ("token_invalid", 401, false, "invalid_grant"),
    ("fields_not_permitted", 403, false, "-"),
    ("secret_needs_board", 403, false, "-"),
    ("agreement_required", 403, false, "-"),
    ("network_refused", 403, false, "-"),
    ("subject_not_verifiable", 422, false, "-"),
    ("not_found", 404, false, "-"),
    ("conflict", 409, false, "-"),
    ("idempotency_conflict", 422, false, "invalid_request"),
    ("idempotency_in_progress", 409, false, "invalid_request"),
    ("idempotency_spent", 422, false, "invalid_request"),
    ("head_incomplete", 408, false, "invalid_request"),
    ("upstream_failed", 502, false, "temporarily_unavailable"),
    ("upstream_answer_refused", 502, false, "-"),
    ("upstream_timeout", 504, false, "temporarily_unavailable"),
    ("upstream_unavailable", 503, false, "temporarily_unavailable"),
    ("log_unavailable", 503, false, "temporarily_unavailable"),
    ("directory_stale", 503, false, "temporarily_unavailable"),
    ("balance_insufficient", 402, false, "-"),
    ("quota_exhausted", 429, false, "-"),
    ("rate_unknown", 503, false, "-"),
    ("store_unavailable", 503, false, "temporarily_unavailable"),
    ("not_built", 501, false, "-"),
    ("internal", 500, false, "server_error"),
    ("authorization_pending", 400, false, "authorization_pending"),
    ("answer_cut", 503, false, "temporarily_unavailable"),
    ("slow_down", 400, false, "slow_down"),
    ("access_denied", 403, false, "access_denied"),
    ("expired_token", 400, false, "expired_token"),
    ("invalid_grant", 400, false, "invalid_grant"),
    ("invalid_pin", 400, false, "invalid_pin"),
    ("pin_used", 409, false, "invalid_grant"),
    ("pin_mode_not_allowed", 409, false, "invalid_request"),
    ("acr_too_low", 400, false, "unmet_authentication_requirements"),
    ("resends_used_up", 409, false, "invalid_request"),
    ("invalid_authorization_details", 400, false, "invalid_authorization_details"),
    ("invalid_binding_message", 400, false, "invalid_binding_message"),
    ("unknown_user_id", 400, false, "unknown_user_id"),
    ("second_person_required", 403, false, "-"),
    ("change_refused", 422, false, "-"),
    ("application_incomplete", 422, false, "-"),
];

#[test]
fn no_code_changed_since_it_was_published() {
    for (word, status, charged, oauth) in PUBLISHED {
        let code = Code::parse(word).unwrap_or_else(|| panic!("{word} is gone"));
        let entry = code.entry();
        assert_eq!(code.to_string(), *word);
        assert_eq!((entry.status, code.status(), entry.charged), (*status, *status, *charged), "{word}");
        assert_eq!(entry.oauth.as_deref().unwrap_or("-"), *oauth, "{word}");
    }
}

#[test]
fn every_code_is_published_once() {
    let published: BTreeSet<&str> = PUBLISHED.iter().map(|row| row.0).collect();
    let known: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!((published.len(), Code::ALL.len()), (PUBLISHED.len(), known.len()), "no word stands twice");
    assert_eq!(published, known);
}

#[test]
fn a_word_that_is_not_published_is_no_code() {
    for word in ["", "Internal", "INTERNAL", "internal ", "internal_error", "not-found", "ok", "consent required"] {
        assert_eq!(Code::parse(word), None, "{word:?}");
    }
    for code in Code::ALL {
        let word = code.as_str();
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word} is plain in URNs and SQL");
        assert_eq!(Code::parse(&word[1..]), None, "{word}");
        assert_eq!(Code::parse(&format!("{word}_")), None, "{word}");
    }
}

#[test]
fn a_failure_of_ours_is_in_the_five_hundreds_and_never_charged() {
    let ours: BTreeSet<&str> = PUBLISHED.iter().filter(|row| row.1 >= 500).map(|row| row.0).collect();
    let expected = [
        "answer_cut",
        "directory_stale",
        "internal",
        "log_unavailable",
        "not_built",
        "rate_unknown",
        "store_unavailable",
        "upstream_answer_refused",
        "upstream_failed",
        "upstream_timeout",
        "upstream_unavailable",
    ];
    assert_eq!(ours.into_iter().collect::<Vec<_>>(), expected);
    for code in Code::ALL {
        let entry = code.entry();
        assert!(!entry.charged, "{code}: design/consent.md behaviour 53: what is refused is never billed");
        let never = entry.status < 500 && (entry.action.contains("Try again later") || entry.action.contains("Report"));
        assert!(!never || *code == Code::PolicyError, "{code} tells the caller that it is our fault");
    }
}

#[test]
fn titles_in_urdu_are_in_arabic_script_alone() {
    for code in Code::ALL {
        let title = &code.entry().title_ur;
        let arabic = |c: char| ('\u{600}'..='\u{6ff}').contains(&c);
        assert!(title.chars().all(|c| arabic(c) || c == ' '), "{code}: {title}");
        assert!(
            title.split(' ').filter(|word| word.chars().all(arabic) && !word.is_empty()).count() >= 2,
            "{code}: {title}"
        );
        // Arabic yeh and kaf look right and are wrong: searches for the Urdu letters miss them.
        assert!(!title.contains(['\u{64a}', '\u{643}', '\u{647}']), "{code}: {title}");
    }
}

#[test]
fn titles_tell_codes_apart_in_both_languages() {
    let mut english = BTreeSet::new();
    let mut urdu = BTreeSet::new();
    for code in Code::ALL {
        assert!(english.insert(code.entry().title.as_str()), "{code}: its title is another's");
        assert!(urdu.insert(code.entry().title_ur.as_str()), "{code}: its Urdu title is another's");
    }
}

#[test]
fn titles_and_actions_are_written_as_the_house_writes_them() {
    for code in Code::ALL {
        let entry = code.entry();
        assert!(entry.title.starts_with(|c: char| c.is_ascii_uppercase()), "{code}: {}", entry.title);
        assert!(!entry.title.ends_with('.'), "{code}: a title is no sentence: {}", entry.title);
        assert!(entry.action.ends_with('.'), "{code}: an action is a sentence: {}", entry.action);
        assert!(entry.action.is_ascii() && entry.action.len() < 160, "{code}: {}", entry.action);
    }
}

#[test]
fn oauth_words_are_those_of_the_standards() {
    let standards = [
        // RFC 6749 §5.2 and §4.1.2.1.
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "access_denied",
        "server_error",
        "temporarily_unavailable",
        // CIBA Core 1.0 §11 and §13.
        "authorization_pending",
        "slow_down",
        "expired_token",
        "unknown_user_id",
        "invalid_binding_message",
        // OpenID Connect Core Error Code unmet_authentication_requirements 1.0.
        "unmet_authentication_requirements",
        // RFC 9396 §5.
        "invalid_authorization_details",
        // Our endpoint for the passcode (design/consent.md, 6.2).
        "invalid_pin",
    ];
    for code in Code::ALL {
        let entry = code.entry();
        // RFC 6749 §5.2: error_description is printable ASCII without quotation mark and backslash.
        let plain = |c: char| (' '..='~').contains(&c) && c != '"' && c != '\\';
        assert!(entry.title.chars().all(plain), "{code}: {}", entry.title);
        assert!(entry.oauth.as_deref().is_none_or(|word| standards.contains(&word)), "{code}: {:?}", entry.oauth);
    }
}

#[test]
fn no_code_tells_whether_a_citizen_exists() {
    // Dead, blocked, impounded and expired are one answer to all but those who may know (decisions.md).
    let telling =
        ["dead", "deceased", "died", "block", "impound", "minor", "exist", "unknown citizen", "no such citizen"];
    for code in Code::ALL {
        let entry = code.entry();
        for text in [&entry.title, &entry.action] {
            let text = text.to_lowercase();
            assert!(telling.iter().all(|word| !text.contains(word)), "{code}: {text}");
        }
    }
    assert_eq!(Code::SubjectNotVerifiable.status(), 422);
}
