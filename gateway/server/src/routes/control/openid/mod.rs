//! What makes an agency's OpenID library believe us: keys that it can fetch, tokens that they sign.
//!
//! Map: `signing` holds the keys and turns them over · `jwks` publishes them · `id_token` is what they sign ·
//! `issuer` is who.

pub mod id_token;
pub mod issuer;
pub mod jwks;
pub mod signing;
