//! The leaf: hashed into the tree, published to auditors, free of anything that names a person.
//!
//! Encoding: CBOR (RFC 8949 §4.2.1, core deterministic): a map with ascending integer keys, shortest integers, definite
//! lengths, absent options left out.

use minicbor::{Decode, Encode, bytes::ByteArray};

use crate::{
    tariff::{Class, Unit},
    timestamp::Timestamp,
};

/// Version of the leaf's encoding. Leaves of version 1 have no [`Leaf::unit`], [`Leaf::class`] and [`Leaf::rated_at`]; they
/// are read still.
pub const LEAF_VERSION: u8 = 2;

/// What a leaf records (decisions.md, "The record").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Kind {
    /// A decision to answer was made; its outcome follows or is missing, which is itself evidence.
    #[n(0)]
    Intent,
    /// An answer left, or was ready to leave.
    #[n(1)]
    Outcome,
    /// One batch of a long answer.
    #[n(2)]
    Part,
    /// The request was refused; `counted` > 1 stands for several of the same kind.
    #[n(3)]
    Refused,
    /// A repetition under the same idempotency key.
    #[n(4)]
    Replay,
    /// A consent changed state.
    #[n(5)]
    Consent,
    /// An operator changed something.
    #[n(6)]
    Admin,
    /// An auditor read the log.
    #[n(7)]
    AuditRead,
    /// A rate changed.
    #[n(8)]
    RateChange,
    /// A citizen's key was destroyed.
    #[n(9)]
    Erasure,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: &'static [Self] = &[
        Self::Intent,
        Self::Outcome,
        Self::Part,
        Self::Refused,
        Self::Replay,
        Self::Consent,
        Self::Admin,
        Self::AuditRead,
        Self::RateChange,
        Self::Erasure,
    ];

    /// The word in SQL, JSON and text.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Outcome => "outcome",
            Self::Part => "part",
            Self::Refused => "refused",
            Self::Replay => "replay",
            Self::Consent => "consent",
            Self::Admin => "admin",
            Self::AuditRead => "audit-read",
            Self::RateChange => "rate-change",
            Self::Erasure => "erasure",
        }
    }

    /// Reads a word of [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// One datatype that was released, and the policies that permitted it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Released {
    /// The datatype.
    #[n(0)]
    pub datatype: String,
    /// Policy ids.
    #[n(1)]
    pub policies: Vec<String>,
}

/// One datatype that was withheld, and why.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Withheld {
    /// The datatype.
    #[n(0)]
    pub datatype: String,
    /// Problem code.
    #[n(1)]
    pub code: String,
    /// Policy ids.
    #[n(2)]
    pub policies: Vec<String>,
}

/// Commitments under random keys that stand in the sealed side record; absent where there was nothing to commit to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Commitments {
    /// User id and name.
    #[n(0)]
    pub user: Option<ByteArray<32>>,
    /// Client address.
    #[n(1)]
    pub address: Option<ByteArray<32>>,
    /// Search parameters.
    #[n(2)]
    pub parameters: Option<ByteArray<32>>,
    /// The list of people whose data was returned.
    #[n(3)]
    pub subjects: Option<ByteArray<32>>,
    /// The answer's bytes.
    #[n(4)]
    pub response: Option<ByteArray<32>>,
    /// The exact question that the policies were asked.
    #[n(5)]
    pub decision_input: Option<ByteArray<32>>,
}

/// One entry of the access log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Leaf {
    /// [`LEAF_VERSION`], or an older one.
    #[n(0)]
    pub version: u8,
    /// What is recorded.
    #[n(1)]
    pub kind: Kind,
    /// Instant, UTC microseconds.
    #[n(2)]
    pub at: i64,
    /// Node that wrote it.
    #[n(3)]
    pub node: String,
    /// Index in the node's tree, from 0; set by the log itself.
    #[n(4)]
    pub sequence: u64,
    /// The request's id.
    #[n(5)]
    pub request: String,
    /// Sequence of the intent that this outcome closes.
    #[n(6)]
    pub intent: Option<u64>,
    /// Kind of the caller: `Agency`, `Citizen`, `Public`, `Sms`, `Internal`.
    #[n(7)]
    pub caller: String,
    /// The agency.
    #[n(8)]
    pub agency: Option<String>,
    /// Service and version such as `identity.kyc@1`.
    #[n(9)]
    pub service: Option<String>,
    /// Purpose code.
    #[n(10)]
    pub purpose: Option<String>,
    /// Consent `id@revision`, programme or approval that the access rested on.
    #[n(11)]
    pub basis: Option<String>,
    /// Agreement `id@revision`.
    #[n(12)]
    pub agreement: Option<String>,
    /// HTTP status of the answer.
    #[n(13)]
    pub status: u16,
    /// Problem code of a refusal.
    #[n(14)]
    pub code: Option<String>,
    /// Datatypes released.
    #[n(15)]
    pub released: Vec<Released>,
    /// Datatypes withheld.
    #[n(16)]
    pub withheld: Vec<Withheld>,
    /// Generation of the bundle that decided.
    #[n(17)]
    pub bundle: u64,
    /// Generation of the directory that decided.
    #[n(18)]
    pub directory: u64,
    /// Rows that left.
    #[n(19)]
    pub rows: u32,
    /// Bytes of the answer's body.
    #[n(20)]
    pub bytes: u64,
    /// Version of the rate book in force at the intent.
    #[n(21)]
    pub rate_version: Option<String>,
    /// Line of the tariff that was applied.
    #[n(22)]
    pub tariff: Option<String>,
    /// Amount charged, milli-paisa.
    #[n(23)]
    pub amount: i64,
    /// Commitments to what names people.
    #[n(24)]
    pub commitments: Commitments,
    /// How many requests this entry stands for; 1 except for counted rate refusals.
    #[n(25)]
    pub counted: u32,
    /// Whether the request was a dry run: decision and price only.
    #[n(26)]
    pub dry_run: bool,
    /// What was charged: rows, a call, a report, an inquiry; absent where nothing was, and in entries older than this
    /// member.
    #[n(27)]
    pub unit: Option<Unit>,
    /// Class of the agency, by which its answer was rated.
    #[n(28)]
    pub class: Option<Class>,
    /// Instant of the request, UTC microseconds: its rate is the one in force then, and its month is the bill's. Absent
    /// where nothing was charged; [`Self::at`] then.
    #[n(29)]
    pub rated_at: Option<i64>,
}

impl Leaf {
    /// The instant that decides rate and month of the bill.
    #[must_use]
    pub fn billed_at(&self) -> Timestamp {
        Timestamp::from_micros(self.rated_at.unwrap_or(self.at))
    }

    /// The leaf's deterministic bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        // Writing to a Vec cannot fail.
        let _ = minicbor::encode(self, &mut bytes);
        bytes
    }

    /// Reads a leaf back.
    ///
    /// # Errors
    /// [`LeafError`] if the bytes are not one whole leaf of a known version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, LeafError> {
        let leaf: Self = minicbor::decode(bytes).map_err(|_| LeafError::Malformed)?;
        if !(1..=LEAF_VERSION).contains(&leaf.version) {
            return Err(LeafError::Version(leaf.version));
        }
        let charged = leaf.unit.is_some() || leaf.class.is_some() || leaf.rated_at.is_some();
        if (leaf.version == 1 && charged) || leaf.to_bytes() != bytes {
            return Err(LeafError::Malformed);
        }
        Ok(leaf)
    }
}

/// Why bytes are not a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeafError {
    /// Not CBOR, not whole, or not in its one deterministic form.
    #[error("leaf is not in its deterministic form")]
    Malformed,
    /// Written by a newer version.
    #[error("leaf version {0} is not known")]
    Version(u8),
}
