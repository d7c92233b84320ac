//! The user's own signature on one request: needed for the Power role and for Secret data (decisions.md, Callers).

use std::{collections::HashMap, sync::Mutex};

use aws_lc_rs::digest;
use exchange::{codes::Code, directory::User, limits, refusal::Refusal, timestamp::Timestamp};
use http::HeaderValue;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

/// Header that carries the assertion, an ES256 JWT.
pub const ASSERTION_HEADER: &str = "ijazat-user-assertion";

/// Header that names another user of the same agency, who signs too.
pub const SECOND_USER_HEADER: &str = "ijazat-second-user";

/// Header that carries that user's assertion of the same request.
pub const SECOND_ASSERTION_HEADER: &str = "ijazat-second-assertion";

/// What the user signed.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
    jti: String,
    htm: String,
    htu: String,
    body_sha256: String,
}

/// Ids of assertions that were used, kept until they expire.
#[derive(Debug, Default)]
pub struct SeenAssertions(Mutex<HashMap<String, i64>>);

impl SeenAssertions {
    fn first(&self, jti: String, exp: i64, now_s: i64) -> bool {
        let Ok(mut seen) = self.0.lock() else { return false };
        if seen.len() >= 8_192 {
            seen.retain(|_, until| *until >= now_s);
        }
        // A full table of live assertions refuses: forgetting one would let it be used twice.
        seen.len() < 65_536 && seen.insert(jti, exp).is_none()
    }
}

/// The request that an assertion must be about.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Audience: the exchange's own name.
    pub audience: &'a str,
    /// HTTP method.
    pub method: &'a str,
    /// Canonical path.
    pub path: &'a str,
    /// Body bytes.
    pub body: &'a [u8],
}

/// Checks the assertion, if one was sent. `Ok(false)` means that none was.
///
/// # Errors
/// `user_assertion_invalid` if one was sent that does not hold.
pub fn check(
    seen: &SeenAssertions,
    token: Option<&HeaderValue>,
    user: Option<&User>,
    signed: Signed<'_>,
    now: Timestamp,
) -> Result<bool, Refusal> {
    let Some(token) = token else { return Ok(false) };
    let invalid = |detail: &str| Refusal::new(Code::UserAssertionInvalid).detail(detail);
    let token = token.to_str().map_err(|_| invalid("the header is not ascii"))?;
    let user = user.ok_or_else(|| invalid("no user is named"))?;
    let key = user.assertion_key.as_deref().ok_or_else(|| invalid("no key is registered for the user"))?;
    let claims = decode(token, key, signed.audience).ok_or_else(|| invalid("the signature or audience is wrong"))?;
    let now_s = now.seconds();
    let lives = claims.exp - claims.iat;
    if !(0..=limits::USER_ASSERTION_TTL_S_MAX).contains(&lives) || now_s >= claims.exp || claims.iat > now_s + 5 {
        return Err(invalid("it is outside its time"));
    }
    let body = hex::encode(digest::digest(&digest::SHA256, signed.body));
    let same = claims.sub == user.id.as_str()
        && claims.htm == signed.method
        && claims.htu == signed.path
        && claims.body_sha256 == body;
    if !same {
        return Err(invalid("it was made for another request"));
    }
    if !seen.first(format!("{}/{}/{}", user.agency, user.id, claims.jti), claims.exp, now_s) {
        return Err(invalid("it was used before"));
    }
    Ok(true)
}

fn decode(token: &str, key: &str, audience: &str) -> Option<Claims> {
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&[audience]);
    // The injected clock judges the times, in `check`.
    validation.validate_exp = false;
    validation.required_spec_claims.clear();
    validation.required_spec_claims.insert("aud".to_owned());
    let key = DecodingKey::from_ec_pem(key.as_bytes()).ok()?;
    jsonwebtoken::decode::<Claims>(token, &key, &validation).ok().map(|data| data.claims)
}

#[cfg(test)]
mod tests {
    use exchange::{
        classification::Role,
        ids::{AgencyId, UserId},
    };
    use jsonwebtoken::{EncodingKey, Header};
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn key() -> (rcgen::KeyPair, User) {
        let pair = rcgen::KeyPair::generate().unwrap();
        let user = User {
            agency: AgencyId::parse("bisp").unwrap(),
            id: UserId::parse("power-1").unwrap(),
            name: "Officer".into(),
            role: Role::Power,
            disabled: false,
            assertion_key: Some(pair.public_key_pem()),
            place: None,
        };
        (pair, user)
    }

    fn claims() -> Value {
        let now = NOW.seconds();
        let body = hex::encode(digest::digest(&digest::SHA256, b"{}"));
        json!({"aud": "ijazat", "sub": "power-1", "iat": now, "exp": now + 60, "jti": "1", "htm": "POST",
               "htu": "/v1/x", "body_sha256": body})
    }

    fn header(pair: &rcgen::KeyPair, claims: &Value) -> HeaderValue {
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), claims, &key).unwrap();
        token.parse().unwrap()
    }

    fn run(seen: &SeenAssertions, user: &User, token: Option<&HeaderValue>) -> Result<bool, String> {
        let signed = Signed { audience: "ijazat", method: "POST", path: "/v1/x", body: b"{}" };
        check(seen, token, Some(user), signed, NOW).map_err(|refusal| refusal.detail.unwrap_or_default())
    }

    #[test]
    fn an_assertion_holds_for_its_own_request_once() {
        let (pair, user) = key();
        let seen = SeenAssertions::default();
        assert_eq!(run(&seen, &user, None), Ok(false));
        assert_eq!(run(&seen, &user, Some(&header(&pair, &claims()))), Ok(true));
        assert_eq!(run(&seen, &user, Some(&header(&pair, &claims()))), Err("it was used before".into()));
    }

    #[test]
    fn an_assertion_for_anything_else_does_not_hold() {
        let (pair, user) = key();
        let seen = SeenAssertions::default();
        let check = |name: &str, value: Value, expected: &str| {
            let mut claims = claims();
            claims[name] = value;
            assert_eq!(run(&seen, &user, Some(&header(&pair, &claims))), Err(expected.into()), "{name}");
        };
        check("aud", json!("another"), "the signature or audience is wrong");
        check("sub", json!("basic-1"), "it was made for another request");
        check("htm", json!("GET"), "it was made for another request");
        check("htu", json!("/v1/y"), "it was made for another request");
        check("body_sha256", json!("00"), "it was made for another request");
        check("exp", json!(NOW.seconds() + 61), "it is outside its time");
        check("exp", json!(NOW.seconds()), "it is outside its time");
        check("iat", json!(NOW.seconds() + 30), "it is outside its time");
        let (stranger, _) = key();
        let forged = header(&stranger, &claims());
        assert_eq!(run(&seen, &user, Some(&forged)), Err("the signature or audience is wrong".into()));
    }
}
