//! What the phases work with: made once by the composition, shared by all requests.

use std::{collections::HashMap, sync::Arc};

use exchange::{
    decision::Decider,
    filter::Shape,
    ids::{ServiceId, UpstreamId},
    permit::PermitMint,
    ports::{
        citizen_keys::CitizenKeys, clock::Clock, consent_tokens::ConsentTokens, entropy::Entropy,
        idempotency::IdempotencyKeys, proposals::Proposals, quotas::Quotas, record_log::RecordLog, upstream::Upstream,
        wallets::Wallets,
    },
    record::seal::SealingKey,
};

use super::{assertion::SeenAssertions, counted::CountedRefusals, limit::Limits, snapshot::DirectoryWatch};
use crate::{law::LawInForce, observe::metrics::Metrics};

/// Whether a certificate was revoked, asked on every request (rule 6).
pub trait Revocations: Send + Sync + std::fmt::Debug {
    /// Whether the serial (lower-case hex without leading zeros) stands on a revocation list in force.
    fn is_revoked(&self, serial: &str) -> bool;
}

/// The policies and what is derived from their catalogue, swapped as one.
#[derive(Debug)]
pub struct Law {
    /// The policies.
    pub decider: Arc<dyn Decider>,
    /// The catalogue of the same bundle.
    pub catalogue: Arc<exchange::catalogue::Catalogue>,
    shapes: HashMap<ServiceId, Arc<Shape>>,
}

impl Law {
    /// Derives the shapes of all answers from the bundle's catalogue.
    #[must_use]
    pub fn new(decider: Arc<dyn Decider>) -> Self {
        let catalogue = decider.catalogue();
        let shape = |s: &Arc<exchange::catalogue::Service>| (s.id.clone(), Arc::new(Shape::of(s)));
        let shapes = catalogue.services().iter().map(shape).collect();
        Self { decider, catalogue, shapes }
    }

    /// The shape of a service's answer; an unknown service has an empty one, which releases nothing.
    #[must_use]
    pub fn shape(&self, service: &ServiceId) -> Arc<Shape> {
        self.shapes.get(service).cloned().unwrap_or_default()
    }
}

/// Everything the phases need.
#[derive(Debug)]
pub struct Parts {
    /// Policies and catalogue; a request keeps the one that it was routed by.
    pub law: Arc<LawInForce>,
    /// Agencies, users, agreements.
    pub directory: Arc<DirectoryWatch>,
    /// Revoked certificates.
    pub revocations: Arc<dyn Revocations>,
    /// The one maker of permits.
    pub mint: PermitMint,
    /// The access log.
    pub log: Arc<dyn RecordLog>,
    /// The log's key for side records.
    pub side_key: Arc<SealingKey>,
    /// Citizens' keys.
    pub citizen_keys: Arc<dyn CitizenKeys>,
    /// Consent tokens and approvals.
    pub tokens: Arc<dyn ConsentTokens>,
    /// What agencies may still spend.
    pub wallets: Arc<dyn Wallets>,
    /// What is left of quotas.
    pub quotas: Arc<dyn Quotas>,
    /// Changes of the directory that wait for a second person.
    pub proposals: Arc<dyn Proposals>,
    /// Clients' idempotency keys.
    pub idempotency: Arc<dyn IdempotencyKeys>,
    /// Who answers behind the door.
    pub upstreams: HashMap<UpstreamId, Arc<dyn Upstream>>,
    /// Request limits.
    pub limits: Limits,
    /// Rate refusals that are counted instead of recorded one by one.
    pub counted: CountedRefusals,
    /// Assertions seen in the last minute, so that none is used twice.
    pub assertions: SeenAssertions,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Numbers for operators.
    pub metrics: Arc<Metrics>,
    /// Audience that users' assertions must name.
    pub assertion_audience: String,
}
