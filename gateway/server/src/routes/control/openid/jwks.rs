//! `GET /jwks`: the public halves of the keys that sign `id_token`s (RFC 7517), to anyone.

use axum::{Json, Router, extract::State, routing::get};
use exchange::codes::Code;
use serde_json::Value;

use super::signing::SigningKeys;
use crate::routes::answer::{Failure, MaybePermit, permit_for};

/// The route.
pub fn routes(keys: SigningKeys) -> Router {
    Router::new().route("/jwks", get(jwks)).with_state(keys)
}

async fn jwks(State(keys): State<SigningKeys>, permit: MaybePermit) -> Result<Json<Value>, Failure> {
    permit_for(permit, "openid.keys")?;
    keys.published().map(Json).map_err(|error| {
        tracing::error!(%error, "the keys of tokens cannot be published");
        Code::Internal.into()
    })
}

#[cfg(test)]
mod tests {
    use adapters::entropy::SystemEntropy;

    use super::*;
    use crate::{
        pki::testing::Folder,
        routes::trial::{ask, permit},
    };

    #[tokio::test]
    async fn public_halves_are_told_and_nothing_else() {
        let folder = Folder::new();
        let keys = SigningKeys::open(folder.path(), &SystemEntropy::default()).unwrap();
        let permit = || Some(permit("openid.keys", "bank-indus"));
        let (status, found) = ask(routes(keys.clone()), permit(), "GET", "/jwks", "").await;
        assert_eq!((status, &found), (200, &keys.published().unwrap()));
        for key in found["keys"].as_array().unwrap() {
            assert!(key.get("d").is_none(), "{key}");
        }
        std::fs::remove_file(folder.path().join("jwks.key")).unwrap();
        let (status, found) = ask(routes(keys), permit(), "GET", "/jwks", "").await;
        assert_eq!((status, &found["code"]), (500, &serde_json::json!("internal")));
    }
}
