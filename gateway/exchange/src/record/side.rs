//! The side record: who exactly asked what about whom, sealed under the log's key; what names a citizen is sealed
//! again under that citizen's key, so that erasure is the key's destruction.

use aws_lc_rs::digest;
use minicbor::{Decode, Encode, bytes::ByteArray, bytes::ByteVec};

use crate::timestamp::Timestamp;

/// Version of the side record's encoding.
pub const SIDE_VERSION: u8 = 1;

/// Random keys that open the leaf's commitments, one each, so that one can be shown without the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Openings {
    /// Opens the user.
    #[n(0)]
    pub user: Option<ByteArray<32>>,
    /// Opens the address.
    #[n(1)]
    pub address: Option<ByteArray<32>>,
    /// Opens the parameters.
    #[n(2)]
    pub parameters: Option<ByteArray<32>>,
    /// Opens the subjects.
    #[n(3)]
    pub subjects: Option<ByteArray<32>>,
    /// Opens the response.
    #[n(4)]
    pub response: Option<ByteArray<32>>,
    /// Opens the decision's input.
    #[n(5)]
    pub decision_input: Option<ByteArray<32>>,
}

/// One citizen whose data was returned or asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SubjectEntry {
    /// The citizen's [`crate::consent::SubjectKey`], so that the index can be rebuilt.
    #[n(0)]
    pub key: ByteArray<32>,
    /// The CNIC's digits sealed under the citizen's key.
    #[n(1)]
    pub sealed: ByteVec,
    /// Whether this person's data was returned, not only asked for.
    #[n(2)]
    pub returned: bool,
}

/// What stands beside a leaf.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Side {
    /// [`SIDE_VERSION`].
    #[n(0)]
    pub version: u8,
    /// Keys of the leaf's commitments.
    #[n(1)]
    pub openings: Openings,
    /// User id.
    #[n(2)]
    pub user: Option<String>,
    /// User name (S3 §8.2.3).
    #[n(3)]
    pub user_name: Option<String>,
    /// Client address.
    #[n(4)]
    pub address: String,
    /// Search parameters as JSON; sealed under the citizen's key when the request names one.
    #[n(5)]
    pub parameters: ByteVec,
    /// Whether `parameters` are sealed under the first subject's key.
    #[n(6)]
    pub parameters_sealed: bool,
    /// The exact question that the policies were asked, as text with entities by id and revision.
    #[n(7)]
    pub decision_input: String,
    /// Citizens concerned.
    #[n(8)]
    pub subjects: Vec<SubjectEntry>,
    /// W3C trace id of the request.
    #[n(9)]
    pub trace: Option<String>,
    /// Microseconds since 1970 until which the citizen's own view leaves the access out: the seal of a court's order or of
    /// a statute (R124).
    #[n(10)]
    pub sealed_until: Option<i64>,
}

impl Default for Side {
    /// An empty side record of the present version.
    fn default() -> Self {
        Self {
            version: SIDE_VERSION,
            openings: Openings::default(),
            user: None,
            user_name: None,
            address: String::new(),
            parameters: Vec::new().into(),
            parameters_sealed: false,
            decision_input: String::new(),
            subjects: Vec::new(),
            trace: None,
            sealed_until: None,
        }
    }
}

impl Side {
    /// Whether the citizen's own view shows the access at this instant; a seal ends by itself, on its day.
    #[must_use]
    pub fn shown_to_citizen(&self, now: Timestamp) -> bool {
        self.sealed_until.is_none_or(|until| until <= now.micros())
    }

    /// The side record's bytes, before sealing.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        // Writing to a Vec cannot fail.
        let _ = minicbor::encode(self, &mut bytes);
        bytes
    }

    /// Reads a side record back; `None` if the bytes are not one.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        minicbor::decode(bytes).ok()
    }
}

/// Where a request's side record is sealed: the associated data that keeps it from standing beside another leaf.
#[must_use]
pub fn place(request: &str) -> Vec<u8> {
    [b"side:", request.as_bytes()].concat()
}

/// The place (associated data) that a citizen's number and parameters are sealed for: one request's record.
#[must_use]
pub fn subject_place(request: &str) -> Vec<u8> {
    [b"subject:", request.as_bytes()].concat()
}

/// Commits to a value under a random key: SHA-256 over a label, the key and the value.
///
/// Hiding because the key has 256 random bits and never leaves the sealed side record; binding because SHA-256 is.
#[must_use]
pub fn commit(label: &str, key: &[u8; 32], value: &[u8]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(b"ijazat-commitment-1\0");
    context.update(label.as_bytes());
    context.update(b"\0");
    context.update(key);
    context.update(value);
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_binds_label_key_and_value() {
        let base = commit("user", &[1; 32], b"x");
        assert_eq!(base, commit("user", &[1; 32], b"x"));
        assert_ne!(base, commit("address", &[1; 32], b"x"));
        assert_ne!(base, commit("user", &[2; 32], b"x"));
        assert_ne!(base, commit("user", &[1; 32], b"y"));
    }

    #[test]
    fn a_side_record_reads_back() {
        let side =
            Side { version: SIDE_VERSION, address: "127.0.0.1".into(), user: Some("u1".into()), ..Side::default() };
        assert_eq!(Side::from_bytes(&side.to_bytes()), Some(side));
    }

    #[test]
    fn a_seal_keeps_an_access_from_the_citizen_until_its_instant_and_no_longer() {
        let at = Timestamp::from_micros;
        let sealed = Side { sealed_until: Some(1_000), ..Side::default() };
        let read = Side::from_bytes(&sealed.to_bytes()).unwrap();
        let shown = [at(0), at(999), at(1_000), at(1_001)].map(|now| read.shown_to_citizen(now));
        assert_eq!(shown, [false, false, true, true]);
        assert!(Side::default().shown_to_citizen(at(0)), "what nobody sealed is shown at once");
    }
}
