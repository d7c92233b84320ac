//! Requests, records and randomness that every test of the suite shares; nobody in them exists.

use std::{fmt::Debug, sync::Mutex};

use exchange::{
    caller::Thumbprint,
    catalogue::Service,
    classification::{BasisKind, Role},
    cnic::Cnic,
    decision::Obligation,
    permit::{Grant, Permit, PermitMint},
    ports::entropy::Entropy,
    record::leaf::{Commitments, Kind, LEAF_VERSION, Leaf},
    timestamp::Timestamp,
};

/// 2026-11-22T12:00:00+05:00.
pub const NOON: Timestamp = Timestamp::from_micros(1_795_330_800_000_000);

/// A citizen who was never issued this number.
pub const CITIZEN: &str = "4210112345671";

/// An identifier of whatever kind the place asks for.
pub fn id<T: TryFrom<String, Error: Debug>>(text: &str) -> T {
    T::try_from(text.to_owned()).unwrap()
}

/// Identifiers of whatever kind the place asks for.
pub fn ids<T: TryFrom<String, Error: Debug>>(texts: &[&str]) -> Vec<T> {
    texts.iter().map(|text| id(text)).collect()
}

pub fn citizen() -> Cnic {
    Cnic::parse(CITIZEN).unwrap()
}

/// A grant in which every optional member is there.
pub fn full_grant(datatypes: &[&str]) -> Grant {
    Grant {
        request: id("req-1"),
        service: id("identity.kyc"),
        version: 3,
        agency: Some(id("bank-indus")),
        user: Some(id("teller-1")),
        certificate: Some(Thumbprint([7; 32])),
        role: Role::Standard,
        purpose: Some(id("KYC-101")),
        subject: Some(citizen()),
        datatypes: ids(datatypes),
        rows: 2,
        consent: Some(id("con-1")),
        basis: Some(BasisKind::Programme),
        subject_status: true,
        policies: ids(&["consent.own", "role.standard"]),
        obligations: vec![Obligation::Log, Obligation::Meter],
        report: None,
        at: NOON,
    }
}

/// A grant in which no optional member is there.
pub fn bare_grant() -> Grant {
    Grant {
        agency: None,
        user: None,
        certificate: None,
        role: Role::Basic,
        purpose: None,
        subject: None,
        consent: None,
        basis: None,
        subject_status: false,
        policies: Vec::new(),
        obligations: Vec::new(),
        report: None,
        ..full_grant(&[])
    }
}

#[expect(clippy::disallowed_methods, reason = "a test holds its own mint")]
pub fn permit(grant: Grant) -> Permit {
    PermitMint::new().mint(grant)
}

/// A service with the given further members and fields, in TOML.
pub fn service(members: &str, fields: &[(&str, &str)]) -> Service {
    let head = r#"
        id = "t"
        version = 1
        method = "POST"
        path = "/t"
        upstream = "u"
        action = "a"
        title = "t"
        title_ur = "ٹ"
        callers = ["Agency"]
        consent = "none"
        tariff = "t"
        charge = "call"
        timeout_ms = 1
    "#;
    let mut service: Service = toml::from_str(&format!("{head}\n{members}\n[fields]\n")).unwrap();
    service.fields = fields.iter().map(|(pointer, datatype)| ((*pointer).to_owned(), id(datatype))).collect();
    service
}

/// An answered request of a bank, at noon.
pub fn leaf(kind: Kind) -> Leaf {
    Leaf {
        version: LEAF_VERSION,
        kind,
        at: NOON.micros(),
        node: "node-1".into(),
        sequence: 7,
        request: "req-1".into(),
        intent: None,
        caller: "Agency".into(),
        agency: Some("bank-indus".into()),
        service: None,
        purpose: None,
        basis: None,
        agreement: None,
        status: 200,
        code: None,
        released: Vec::new(),
        withheld: Vec::new(),
        bundle: 1,
        directory: 1,
        rows: 1,
        bytes: 600,
        rate_version: Some("v1".into()),
        tariff: Some("kyc".into()),
        amount: 35_000,
        commitments: Commitments::default(),
        counted: 1,
        dry_run: false,
        unit: None,
        class: None,
        rated_at: None,
    }
}

/// Randomness that is the same in every run: `SplitMix64` from a seed.
#[derive(Debug)]
pub struct Seeded(Mutex<u64>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap();
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Randomness that gives the listed bytes, then zeros.
#[derive(Debug)]
pub struct Listed(Mutex<Vec<u8>>);

impl Listed {
    pub fn new(bytes: &[u8]) -> Self {
        Self(Mutex::new(bytes.to_vec()))
    }

    /// Bytes that nobody has taken yet.
    pub fn left(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Entropy for Listed {
    fn fill(&self, bytes: &mut [u8]) {
        let mut listed = self.0.lock().unwrap();
        for byte in bytes {
            *byte = if listed.is_empty() { 0 } else { listed.remove(0) };
        }
    }
}

/// The text with one character put in place of the one at `index`, which is another one.
pub fn with_char(text: &str, index: usize, put: char) -> String {
    text.chars().enumerate().map(|(at, had)| if at == index { put } else { had }).collect()
}
