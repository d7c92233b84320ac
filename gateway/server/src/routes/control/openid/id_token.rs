//! The `id_token` of a granted consent (OpenID Connect Core 1.0 §2, CIBA Core 1.0 §10.1.1): that the citizen said yes, how and when,
//! under a name for the citizen that no other agency knows.

use std::sync::Arc;

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use exchange::{
    consent::{SubjectKey, mode::Mode},
    ids::AgencyId,
    limits,
    timestamp::Timestamp,
};
use serde_json::json;

use super::{
    issuer::Issuer,
    signing::{Signer, SigningError, SigningKeys},
};

/// How a citizen may be asked: a passcode by SMS, read out at the counter or texted back.
pub const ACRS: [&str; 2] = [Mode::SmsPin.acr(), Mode::SmsReply.acr()];

/// RFC 8176: a passcode that was used once, sent by SMS.
pub const AMR: [&str; 2] = ["otp", "sms"];

/// What a token has.
pub const CLAIMS: [&str; 9] =
    ["iss", "sub", "aud", "iat", "exp", "auth_time", "acr", "amr", "urn:openid:params:jwt:claim:auth_req_id"];

/// What a token says.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// To whom.
    pub agency: &'a AgencyId,
    /// Whose yes it is.
    pub subject: SubjectKey,
    /// The request that was answered.
    pub auth_req_id: &'a str,
    /// The token that is handed out with it.
    pub access_token: &'a str,
    /// How the citizen said yes.
    pub mode: Mode,
    /// When the citizen said yes.
    pub approved_at: Timestamp,
}

/// Makes them.
#[derive(Clone)]
pub struct IdTokens {
    issuer: Issuer,
    keys: SigningKeys,
    pairwise: hmac::Key,
}

impl std::fmt::Debug for IdTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdTokens").field("issuer", &self.issuer.url()).finish_non_exhaustive()
    }
}

impl IdTokens {
    /// Of an issuer. `pairwise` is the secret behind the names of citizens.
    #[must_use]
    pub fn new(issuer: Issuer, keys: SigningKeys, pairwise: &[u8; 32]) -> Self {
        Self { issuer, keys, pairwise: hmac::Key::new(hmac::HMAC_SHA256, pairwise) }
    }

    /// The citizen's name for one agency (OpenID Connect Core 1.0 §8.1): the same each time, another for each agency, and nothing
    /// to whoever does not hold the secret.
    #[must_use]
    pub fn subject(&self, agency: &AgencyId, subject: SubjectKey) -> String {
        let mut context = hmac::Context::with_key(&self.pairwise);
        for part in ["ijazat-pairwise-1", agency.as_str(), &subject.to_hex()] {
            context.update(part.as_bytes());
            // No id has it.
            context.update(&[0]);
        }
        URL_SAFE_NO_PAD.encode(context.sign())
    }

    /// Who says it.
    #[must_use]
    pub fn issuer(&self) -> Arc<String> {
        self.issuer.url()
    }

    /// What a token is signed with: taken before a consent is turned into one, which happens once.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn signer(&self) -> Result<Signer, SigningError> {
        self.keys.signer()
    }

    /// The token.
    ///
    /// # Errors
    /// [`SigningError`].
    pub fn make(&self, signer: &Signer, said: Said<'_>, now: Timestamp) -> Result<String, SigningError> {
        let iat = now.seconds();
        signer.sign(&json!({
            "iss": *self.issuer.url(),
            "sub": self.subject(said.agency, said.subject),
            "aud": said.agency,
            "iat": iat,
            "exp": iat.saturating_add(limits::CONSENT_TOKEN_TTL_S),
            "auth_time": said.approved_at.seconds(),
            "acr": said.mode.acr(),
            "amr": AMR,
            "at_hash": left_half(said.access_token),
            "urn:openid:params:jwt:claim:auth_req_id": said.auth_req_id,
        }))
    }
}

/// OpenID Connect Core 1.0 §3.1.3.6: the left half of the hash that the signature is made with.
fn left_half(access_token: &str) -> String {
    let hash = digest(&SHA256, access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.as_ref().get(..16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use adapters::entropy::SystemEntropy;

    use super::*;
    use crate::pki::testing::Folder;

    fn agency(id: &str) -> AgencyId {
        AgencyId::parse(id).unwrap()
    }

    fn tokens(folder: &Folder, secret: u8) -> IdTokens {
        let keys = SigningKeys::open(folder.path(), &SystemEntropy::default()).unwrap();
        IdTokens::new(Issuer::new("https://exchange.example"), keys, &[secret; 32])
    }

    #[test]
    fn a_citizen_has_one_name_for_each_agency() {
        let folder = Folder::new();
        let all = tokens(&folder, 1);
        let (bank, telco) = (agency("bank-indus"), agency("telco-sarhad"));
        let (one, other) = (SubjectKey([1; 32]), SubjectKey([2; 32]));
        let name = all.subject(&bank, one);
        assert_eq!(name, all.subject(&bank, one));
        assert_eq!(name.len(), 43);
        for another in [all.subject(&telco, one), all.subject(&bank, other), tokens(&folder, 2).subject(&bank, one)] {
            assert_ne!(name, another);
        }
        assert!(!name.contains(&one.to_hex()), "the store's key is not shown");
    }

    #[test]
    fn the_token_says_who_to_whom_how_and_when() {
        let folder = Folder::new();
        let all = tokens(&folder, 1);
        let bank = agency("bank-indus");
        let said = Said {
            agency: &bank,
            subject: SubjectKey([1; 32]),
            auth_req_id: "request",
            // Its `at_hash` was computed with another program: `printf %s token | openssl dgst -sha256 -binary | head -c 16 | base64`.
            access_token: "token",
            mode: Mode::SmsPin,
            approved_at: Timestamp::from_micros(990_000_000),
        };
        let token = all.make(&all.signer().unwrap(), said, Timestamp::from_micros(1_000_000_000)).unwrap();
        let claims = token.split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(
            claims,
            json!({
                "iss": "https://exchange.example", "sub": all.subject(&bank, said.subject), "aud": "bank-indus",
                "iat": 1_000, "exp": 1_120, "auth_time": 990, "acr": "urn:nadra:acr:sms-pin", "amr": ["otp", "sms"],
                "at_hash": "PEaenWxYddN6Q_NT1PiOYQ", "urn:openid:params:jwt:claim:auth_req_id": "request",
            })
        );
        let said = Said { mode: Mode::SmsReply, ..said };
        let token = all.make(&all.signer().unwrap(), said, Timestamp::from_micros(1_000_000_000)).unwrap();
        let claims = token.split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["acr"], "urn:nadra:acr:sms-reply");
    }
}
