//! A month of two nodes that a bank is billed for: its logs, its terms, its statement; nobody in it exists.

use exchange::{
    classification::Forum,
    log::{
        checkpoint::Checkpoint,
        note::{NoteSigner, NoteVerifier},
        paths::inclusion,
        proof::TlogProof,
    },
    record::leaf::{Kind, Leaf},
    statement::{
        AgencyClass, BillingTerms, Classes, Digest, Draft, DraftError, Evidence, Issued, Month, PublicKeys,
        audit::{Audit, Audited, Finding},
    },
    tariff::{Class, Column, Gratis, GratisReason, Price, Rate, RateBook, Tax, Tier, Unit},
    timestamp::Timestamp,
};

use crate::{
    support::{NOON, id, ids, leaf},
    tree::{head, log_of},
};

/// Statements' key.
pub fn office() -> NoteSigner {
    NoteSigner::from_seed("ijazat.example/statements", &[9; 32]).unwrap()
}

/// A node's log key.
pub fn log_key(node: usize) -> NoteSigner {
    NoteSigner::from_seed(&origin(node), &[u8::try_from(node).unwrap() + 1; 32]).unwrap()
}

pub fn origin(node: usize) -> String {
    format!("ijazat.example/node-{}", node + 1)
}

pub fn public_keys() -> PublicKeys {
    let logs: Vec<NoteVerifier> = (0..2).map(|node| log_key(node).verifier().clone()).collect();
    PublicKeys { statements: vec![office().verifier().clone()], logs }
}

pub fn november() -> Month {
    Month::parse("2026-11").unwrap()
}

fn rate(key: &str, unit: Unit, private: Price) -> Rate {
    Rate { key: id(key), unit, government: Price::flat(7), private }
}

/// A book with tiers, a minimum, two units of one tariff, and a tax.
pub fn book(version: &str, from: i64, kyc: i64) -> RateBook {
    let tiers = vec![Tier { above: 10, each: kyc / 2 }];
    RateBook {
        version: id(version),
        valid_from: Timestamp::from_micros(from),
        instrument: "Sample decision".into(),
        forum: Forum::BispBoard,
        sample: true,
        taxes: vec![Tax {
            name: "Sales tax, on <services>".into(),
            name_ur: "خدمات پر سیلز ٹیکس".into(),
            basis_points: 1_500,
            columns: vec![Column::Private],
        }],
        rates: vec![
            rate("kyc", Unit::Row, Price { tiers, ..Price::flat(kyc) }),
            rate("list", Unit::Row, Price { minimum: 1_000_000, ..Price::flat(100) }),
            rate("yes-no", Unit::Match, Price::flat(333)),
            rate("yes-no", Unit::NoMatch, Price::flat(111)),
        ],
    }
}

/// Instant from which the second book is in force.
pub const LATER: i64 = NOON.micros() + 86_400_000_000;

pub fn terms() -> BillingTerms {
    let gift = Gratis {
        id: id("survey-2026"),
        agency: id("bank-indus"),
        reason: GratisReason::EnrichNser,
        instrument: "Sample decision".into(),
        forum: Forum::SecretaryBisp,
        services: ids(&["list"]),
        valid_from: Timestamp::default(),
        valid_until: Timestamp::from_micros(i64::MAX),
        ended_at: None,
    };
    let column = |agency: &str, column| AgencyClass { agency: id(agency), column, since: Timestamp::default() };
    let classes = vec![column("telco-sarhad", Column::Government), column("bank-indus", Column::Private)];
    let classes = Classes { classes, gratis: vec![gift] };
    let books = [book("v2", LATER, 40_001), book("v1", 0, 35_005), book("v3", i64::MAX, 1)];
    BillingTerms::of(id("bank-indus"), november(), &books, &classes)
}

/// An answer of a service by its tariff, charged as the terms say.
pub fn answer(service: &str, unit: Unit, rows: u32, at: i64) -> Leaf {
    let (version, kyc) = if at < LATER { ("v1", 35_005) } else { ("v2", 40_001) };
    let each = match (service, unit) {
        ("kyc", _) => kyc,
        ("list", _) => 100,
        (_, Unit::Match) => 333,
        _ => 111,
    };
    let class = if service == "list" { Class::GratisPrivate } else { Class::Private };
    Leaf {
        service: Some(format!("{service}@1")),
        tariff: Some(service.into()),
        rate_version: Some(version.into()),
        rows,
        amount: each * i64::from(unit.of(rows)),
        unit: Some(unit),
        class: Some(class),
        at,
        rated_at: Some(at),
        ..leaf(Kind::Outcome)
    }
}

/// Logs of two nodes.
pub struct World {
    pub logs: [Vec<Leaf>; 2],
}

impl World {
    /// Puts leaves in two logs by turns.
    pub fn of(leaves: Vec<Leaf>) -> Self {
        let mut logs = [Vec::new(), Vec::new()];
        for (at, leaf) in leaves.into_iter().enumerate() {
            let log = &mut logs[at % 2];
            log.push(Leaf { node: format!("node-{}", at % 2 + 1), sequence: log.len() as u64, ..leaf });
        }
        Self { logs }
    }

    /// A month with what is billed, what is not, what is another's and what is another month's.
    pub fn month() -> Self {
        let noon = NOON.micros();
        let other = Leaf { agency: Some("telco-sarhad".into()), ..answer("kyc", Unit::Row, 1, noon) };
        Self::of(vec![
            leaf(Kind::Intent),
            answer("kyc", Unit::Row, 8, noon),
            other,
            answer("kyc", Unit::Row, 5, noon + 1),
            answer("yes-no", Unit::Match, 1, noon),
            leaf(Kind::Refused),
            answer("yes-no", Unit::NoMatch, 1, noon),
            answer("list", Unit::Row, 3, noon),
            answer("kyc", Unit::Row, 1, LATER),
            Leaf { kind: Kind::Part, ..answer("list", Unit::Row, 9, LATER) },
            answer("kyc", Unit::Row, 1, november().until().micros()),
            leaf(Kind::Replay),
        ])
    }

    pub fn draft(&self) -> Result<Issued, DraftError> {
        let terms = terms();
        let signed = terms.sign(&office()).unwrap();
        let digest = BillingTerms::open(&signed, &public_keys().statements).unwrap().digest;
        let mut draft = Draft::new(&terms);
        for (node, log) in self.logs.iter().enumerate() {
            draft.begin(&origin(node), log.len() as u64)?;
            log.iter().try_for_each(|leaf| draft.add(leaf, &leaf.to_bytes()))?;
        }
        draft.issue(digest, Timestamp::from_micros(LATER), false, None)
    }

    pub fn issued(&self) -> Issued {
        self.draft().unwrap()
    }

    /// Every leaf of both logs with its proof.
    pub fn evidence(&self) -> Vec<Evidence> {
        let mut all = Vec::new();
        for (node, log) in self.logs.iter().enumerate() {
            let entries: Vec<Vec<u8>> = log.iter().map(Leaf::to_bytes).collect();
            let checkpoint = Checkpoint { origin: origin(node), head: head(&entries) }.sign(&log_key(node)).unwrap();
            for (index, leaf) in entries.iter().enumerate() {
                let (index, size) = (index as u64, entries.len() as u64);
                let path = inclusion(&log_of(&entries), index, size).unwrap();
                let proof = TlogProof { index, path, checkpoint: checkpoint.clone() };
                all.push(Evidence { leaf: leaf.clone(), proof });
            }
        }
        all
    }
}

/// Audits a statement against leaves and the terms.
pub fn audited(issued: &Issued, evidence: &[Evidence]) -> Audited {
    let keys = public_keys();
    let (statement, terms) = (issued.sign(&office()).unwrap(), terms().sign(&office()).unwrap());
    let mut audit = Audit::begin(&statement, &terms, &keys).unwrap();
    for evidence in evidence {
        audit.add(evidence);
    }
    audit.finish()
}

/// What the audit complains of, as people read it.
pub fn complaints(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

/// The digest of nothing that is anywhere here.
pub const ELSE: Digest = Digest([0xee; 32]);
