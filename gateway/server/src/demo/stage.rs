//! Where the story plays: addresses, who has which certificate, and who the people are.

use std::{collections::HashMap, net::SocketAddr, sync::Arc};

use async_trait::async_trait;
use aws_lc_rs::digest;
use exchange::{
    cnic::Cnic,
    ports::clock::Clock,
    ports::entropy::{Entropy, random_hex_128},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::client::{Answer, Call, ClientError, Connection, Credential, tls};

/// The citizen's phone: reads the newest SMS that carries a reference.
#[async_trait]
pub trait Phone: Send + Sync + std::fmt::Debug {
    /// The newest message about this reference, as the citizen sees it; waits until the gateway has sent it.
    async fn message(&self, reference: &str) -> Result<String, ClientError>;
}

/// An act of the operators that the story needs.
#[async_trait]
pub trait Operators: Send + Sync + std::fmt::Debug {
    /// Revokes the certificate of an agency's system, as `ijazat pki revoke` does.
    async fn revoke(&self, actor: &str) -> Result<(), ClientError>;
}

/// People of the synthetic population whom the story needs.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// A living adult with a mobile number.
    pub citizen: Cnic,
    /// The head of a household of five or more.
    pub head: Cnic,
    /// A living adult with a mobile number, whose death will be reported.
    pub dying: Cnic,
    /// A living adult with a mobile number, for the tax question.
    pub taxpayer: Cnic,
}

/// The whole stage.
#[derive(Debug)]
pub struct Stage {
    /// Agency listener.
    pub agency: SocketAddr,
    /// Public listener.
    pub public: SocketAddr,
    /// Authority of the server's certificate, PEM.
    pub server_ca: String,
    /// Client certificates by agency.
    pub credentials: HashMap<&'static str, Credential>,
    /// Signing key of the user who needs assertions, PEM (PKCS#8).
    pub officer_key: String,
    /// The exchange's name, audience of assertions.
    pub audience: String,
    /// The people.
    pub cast: Cast,
    /// The citizens' phones.
    pub phone: Arc<dyn Phone>,
    /// The operators.
    pub operators: Arc<dyn Operators>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// An agency's system with one live connection.
#[derive(Debug)]
pub struct Actor<'s> {
    stage: &'s Stage,
    connection: Connection,
    user: Option<&'static str>,
}

impl Stage {
    /// Connects an agency's system; `user` is the person at it.
    ///
    /// # Errors
    /// [`ClientError`] if the listener or the certificate refuses.
    pub async fn actor(&self, agency: &str, user: Option<&'static str>) -> Result<Actor<'_>, ClientError> {
        let credential = self.credentials.get(agency);
        let credential = credential.ok_or_else(|| ClientError(format!("{agency} has no certificate")))?;
        let connection = Connection::open(self.agency, tls(&self.server_ca, Some(credential))?).await?;
        Ok(Actor { stage: self, connection, user })
    }

    /// Connects anyone to the public listener.
    ///
    /// # Errors
    /// [`ClientError`] if the listener refuses.
    pub async fn anyone(&self) -> Result<Connection, ClientError> {
        Connection::open(self.public, tls(&self.server_ca, None)?).await
    }

    /// Signs one request in the officer's name (decisions.md, Callers: audience, method, URI, body, at most 60 seconds).
    ///
    /// # Errors
    /// [`ClientError`] if the key cannot be read.
    pub fn assertion(&self, user: &str, call: &Call) -> Result<String, ClientError> {
        self.assertion_by(&self.officer_key, user, call)
    }

    /// Signs one request in anybody's name, with a key in PEM (PKCS#8).
    ///
    /// # Errors
    /// [`ClientError`] if the key cannot be read.
    pub fn assertion_by(&self, key: &str, user: &str, call: &Call) -> Result<String, ClientError> {
        let now = self.clock.now().seconds();
        let claims = json!({
            "aud": self.audience, "sub": user, "iat": now, "exp": now + 60, "jti": random_hex_128(self.entropy.as_ref()),
            "htm": call.method, "htu": call.path,
            "body_sha256": hex::encode(digest::digest(&digest::SHA256, &call.body)),
        });
        let told = |error: jsonwebtoken::errors::Error| ClientError(format!("officer's key: {error}"));
        let key = EncodingKey::from_ec_pem(key.as_bytes()).map_err(told)?;
        jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key).map_err(told)
    }
}

impl Actor<'_> {
    /// Sends a request in the user's name.
    ///
    /// # Errors
    /// [`ClientError`] if the connection broke.
    pub async fn send(&mut self, call: Call) -> Result<Answer, ClientError> {
        let call = match self.user {
            Some(user) => call.with("ijazat-user", user),
            None => call,
        };
        self.connection.send(call).await
    }

    /// Sends a request with the user's signature.
    ///
    /// # Errors
    /// [`ClientError`] if the key cannot be read or the connection broke.
    pub async fn send_signed(&mut self, call: Call) -> Result<Answer, ClientError> {
        let user = self.user.unwrap_or_default();
        let assertion = self.stage.assertion(user, &call)?;
        self.send(call.with("ijazat-user-assertion", assertion)).await
    }

    /// Asks the citizen through the backchannel, reads the passcode off the citizen's phone, hands it in and fetches the
    /// token.
    ///
    /// # Errors
    /// [`ClientError`] naming the step that was refused.
    pub async fn consent(&mut self, cnic: Cnic, purpose: &str, datatypes: &[&str]) -> Result<Granted, ClientError> {
        let asked = self.ask(cnic, purpose, datatypes).await?;
        let passcode = passcode(&self.stage.phone.message(&asked.reference).await?)?;
        let given = self.give(&asked, &passcode).await?;
        expect(&given, 200, "passcode")?;
        let token = self.fetch(&asked).await?;
        expect(&token, 200, "token")?;
        Ok(Granted {
            asked,
            passcode,
            token: token.text("/access_token").to_owned(),
            consent: token.text("/consent_id").to_owned(),
        })
    }

    /// Asks the citizen: `POST /bc-authorize`.
    ///
    /// # Errors
    /// [`ClientError`] if that is refused.
    pub async fn ask(&mut self, cnic: Cnic, purpose: &str, datatypes: &[&str]) -> Result<Asked, ClientError> {
        let details = json!([{
            "type": "urn:pk:ijazat:consent:1", "purpose": purpose, "datatypes": datatypes, "channel": "counter",
            "fetch": "one_time",
        }]);
        let fields = [
            ("scope", "openid consent"),
            ("login_hint", &format!("cnic:{}", cnic.digits())),
            ("authorization_details", &details.to_string()),
            ("binding_message", "COUNTER-04"),
        ];
        let answer = self.send(Call::form("/bc-authorize", &fields)).await?;
        expect(&answer, 200, "bc-authorize")?;
        Ok(Asked { id: answer.text("/auth_req_id").to_owned(), reference: answer.text("/ref").to_owned() })
    }

    /// Hands in a passcode: `POST /bc-authorize/{id}/pin`.
    ///
    /// # Errors
    /// [`ClientError`] if the connection broke.
    pub async fn give(&mut self, asked: &Asked, passcode: &str) -> Result<Answer, ClientError> {
        self.send(Call::json(format!("/bc-authorize/{}/pin", asked.id), &json!({ "pin": passcode }))).await
    }

    /// Fetches the token: `POST /token`.
    ///
    /// # Errors
    /// [`ClientError`] if the connection broke.
    pub async fn fetch(&mut self, asked: &Asked) -> Result<Answer, ClientError> {
        let fields = [("grant_type", "urn:openid:params:grant-type:ciba"), ("auth_req_id", asked.id.as_str())];
        self.send(Call::form("/token", &fields)).await
    }
}

/// A request for consent that waits for the citizen.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `auth_req_id`.
    pub id: String,
    /// Four letters that the citizen sees.
    pub reference: String,
}

/// A consent that was given.
#[derive(Debug)]
pub struct Granted {
    /// The request.
    pub asked: Asked,
    /// The passcode that opened it.
    pub passcode: String,
    /// The token.
    pub token: String,
    /// Name of the consent.
    pub consent: String,
}

/// The six digits in a message.
///
/// # Errors
/// [`ClientError`] if there are none.
pub fn passcode(message: &str) -> Result<String, ClientError> {
    message
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| digits.len() == 6)
        .map(str::to_owned)
        .ok_or_else(|| ClientError("the message holds no passcode".to_owned()))
}

/// Demands a status.
///
/// # Errors
/// [`ClientError`] naming what was answered instead.
pub fn expect(answer: &Answer, status: u16, what: &str) -> Result<(), ClientError> {
    if answer.status == status {
        return Ok(());
    }
    let detail = answer.body.get("detail").and_then(Value::as_str).unwrap_or("");
    Err(ClientError(format!("{what}: expected {status}, got {} {} {detail}", answer.status, answer.code())))
}

#[cfg(test)]
#[path = "stage_tests.rs"]
mod tests;
