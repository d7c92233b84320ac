//! The one door: every request of every kind passes these phases in this order; there is no second way to the data.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use exchange::{
    caller::Peer,
    catalogue::CallerKind,
    cnic::Cnic,
    codes::Code,
    directory::Directory,
    ids::{DatatypeId, RequestId},
    ledger::Usage,
    permit::Permit,
    ports::entropy::random_hex_128,
    record::leaf::Kind,
    refusal::Refusal,
    tariff::Charge,
};

use crate::{
    door::{BodyReader, Door, Head, Listener, Reply},
    phases::{
        authorise,
        counted::Count,
        filter, forward, idempotency, identify,
        meter::{self, Counted},
        parts::Parts,
        quota, record,
        record::Closing,
        release, reserve, route, stream,
        trail::Trail,
        wallet,
        watch::Watch,
    },
};

/// The door over its parts.
#[derive(Debug)]
pub struct Pipeline {
    parts: Arc<Parts>,
}

impl Pipeline {
    /// A door over these parts.
    #[must_use]
    pub fn new(parts: Arc<Parts>) -> Self {
        Self { parts }
    }

    /// The parts, for background work that belongs to the door.
    #[must_use]
    pub fn parts(&self) -> &Arc<Parts> {
        &self.parts
    }

    fn trail(&self, listener: Listener, peer: &Peer) -> Trail {
        let id = random_hex_128(self.parts.entropy.as_ref());
        let caller = match listener {
            Listener::Agency => CallerKind::Agency,
            Listener::Public => CallerKind::Public,
        };
        // Hex digits always parse.
        let request = RequestId::parse(&id).unwrap_or_else(|_| no_id());
        Trail::new(request, self.parts.clock.now(), peer.address, caller)
    }

    async fn run(&self, head: &Head, body: &mut dyn BodyReader, trail: &mut Trail) -> Result<Reply, Ended> {
        let parts = self.parts.as_ref();
        let mut watch = Watch::start(&parts.metrics);
        parts.directory.catch_up().await;
        let (caller, directory) = identify::identify(parts, head, trail)?;
        watch.done("identify");
        parts.limits.check(&caller, head.peer.address, &mut trail.standings)?;
        parts.limits.share(&caller, &mut trail.standings).await?;
        watch.done("limit");
        let mut routed = route::route(parts, head, body, caller, &directory, trail).await?;
        watch.done("route");
        idempotency::begin(parts, &head.headers, &mut routed, trail).await?;
        let routed = Arc::new(routed);
        let ended = self.decided((head, &routed), &directory, trail, &mut watch).await;
        if let Err(ended) = &ended {
            let forwarded = matches!(ended, Ended::Admitted { .. });
            idempotency::give_up(parts, &routed, ended.code(), forwarded).await;
        }
        ended
    }

    async fn decided(
        &self,
        (head, routed): (&Head, &Arc<route::Routed>),
        directory: &Directory,
        trail: &mut Trail,
        watch: &mut Watch<'_>,
    ) -> Result<Reply, Ended> {
        let parts = self.parts.as_ref();
        let authorised = authorise::authorise(parts, routed, directory, trail).await?;
        idempotency::note(routed, trail);
        meter::priced(routed)?;
        watch.done("authorise");
        if trail.dry_run {
            return self.dry_run(routed, trail).await;
        }
        let reserved = reserve::reserve(parts, routed, &authorised, trail).await?;
        watch.done("reserve");
        let intent = reserved.intent_sequence();
        let answered = match routed.service.streams {
            Some(_) => stream::begin(&self.parts, (head, routed), &authorised, &reserved, trail).await,
            None => self.answer(routed, &authorised, &reserved, trail, watch).await,
        };
        match answered {
            Ok(reply) => Ok(reply),
            Err(refusal) => {
                reserve::give_back(parts, &reserved, &trail.request).await;
                Err(Ended::Admitted { refusal, intent })
            }
        }
    }

    async fn answer(
        &self,
        routed: &route::Routed,
        authorised: &authorise::Authorised,
        reserved: &reserve::Reserved,
        trail: &Trail,
        watch: &mut Watch<'_>,
    ) -> Result<Reply, Refusal> {
        let parts = self.parts.as_ref();
        let (body, counted, named) = match idempotency::stored(routed, trail)? {
            Some(stored) => (stored.body, Counted::found(stored.rows), Vec::new()),
            None => self.ask(routed, authorised, trail, watch).await?,
        };
        let rows = counted.rows;
        let subjects = returned(routed, &authorised.permit, named);
        let replay_of = idempotency::repeats(routed).map(|first| first.sequence);
        let charge = meter::price(routed, counted);
        let charge = charge.filter(|_| replay_of.is_none());
        watch.done("meter");
        let closing = Closing {
            kind: if replay_of.is_some() { Kind::Replay } else { Kind::Outcome },
            status: 200,
            code: None,
            rows,
            body: &body,
            charge: charge.clone(),
            intent: reserved.intent_sequence(),
            subjects,
            counted: 1,
        };
        wallet::in_time(parts, reserved.until())?;
        let position = record::durable(parts, trail, &closing).await?;
        watch.done("record");
        let cost = charge.as_ref().map_or(0, Charge::payable);
        wallet::settle(parts, reserved.held, &trail.request, cost).await;
        let milli_paisa = charge.as_ref().map_or(0, |charge| charge.amount);
        let usage = Usage { rows: i64::from(rows), calls: 1, milli_paisa };
        quota::settle(parts, reserved.taken, &trail.request, usage).await;
        idempotency::finish(parts, routed, position, rows, &body, trail).await;
        let origin = parts.log.origin();
        let reply = release::answer(trail, origin, position, rows, charge.as_ref(), replay_of, body.clone());
        watch.done("release");
        Ok(reply)
    }

    /// What the upstream answers, filtered: body, what decides its price, and whom it named.
    async fn ask(
        &self,
        routed: &route::Routed,
        authorised: &authorise::Authorised,
        trail: &Trail,
        watch: &mut Watch<'_>,
    ) -> Result<(Bytes, Counted, Vec<Cnic>), Refusal> {
        let answer = forward::forward(self.parts.as_ref(), routed, &authorised.permit, trail).await?;
        watch.done("forward");
        let mut filtered = filter::narrow(routed, &authorised.permit, &answer, trail)?;
        watch.done("filter");
        let (counted, named) = (Counted::of(routed, &filtered), std::mem::take(&mut filtered.subjects));
        Ok((release::body(routed, filtered, trail), counted, named))
    }

    async fn dry_run(&self, routed: &route::Routed, trail: &Trail) -> Result<Reply, Ended> {
        let parts = self.parts.as_ref();
        let charge = meter::price(routed, Counted::found(1));
        let body = release::dry_run_body(trail, charge.as_ref());
        let closing = Closing { kind: Kind::Outcome, status: 200, body: &body, ..Closing::intent() };
        let position = record::durable(parts, trail, &closing).await?;
        Ok(release::answer(trail, parts.log.origin(), position, 0, None, None, body.clone()))
    }

    /// Records a refusal and words it; if even that cannot be recorded, the reply says so and nothing else.
    async fn refuse(&self, trail: &Trail, ended: Ended) -> Reply {
        let (refusal, admitted) = match ended {
            Ended::Early(refusal) => (refusal, None),
            Ended::Admitted { refusal, intent } => (refusal, Some(intent)),
        };
        let mut counted = 1;
        let mut close = false;
        if refusal.code == Code::RateLimited && admitted.is_none() {
            match self.parts.counted.note(trail.agency.as_ref(), trail.at) {
                Count::Record(requests) => counted = requests,
                Count::Counted => return release::problem(trail, &refusal, true),
            }
            close = true;
        }
        if refusal.code == Code::LogUnavailable {
            return release::problem(trail, &refusal, close);
        }
        let closing = match admitted {
            Some(intent) => Closing::failed(refusal.code, intent),
            None => Closing::refused(refusal.code, counted),
        };
        match self.record_refusal(trail, &closing).await {
            Ok(()) => release::problem(trail, &refusal, close),
            Err(unrecorded) => release::problem(trail, &unrecorded, close),
        }
    }

    /// Records a refusal; while the store of citizens' keys does not answer, without the citizen and the parameters: that
    /// somebody was refused must stand in the log, and a number must never stand there under another key than its own.
    async fn record_refusal(&self, trail: &Trail, closing: &Closing<'_>) -> Result<(), Refusal> {
        match record::durable(&self.parts, trail, closing).await {
            Err(unrecorded) if unrecorded.code == Code::StoreUnavailable => {
                record::durable(&self.parts, &trail.about_nobody(), closing).await.map(drop)
            }
            other => other.map(drop),
        }
    }

    /// Records what was counted of rate refusals in seconds that are over. Run once a second by the composition.
    ///
    /// # Errors
    /// `log_unavailable`.
    pub async fn record_counted(&self) -> Result<(), Refusal> {
        for (agency, counted) in self.parts.counted.take_before(self.parts.clock.now()) {
            let nowhere = Peer { address: std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), certificate: None };
            let mut trail = self.trail(Listener::Agency, &nowhere);
            trail.agency = agency;
            record::durable(&self.parts, &trail, &Closing::refused(Code::RateLimited, counted)).await?;
        }
        Ok(())
    }
}

/// Everyone whose data the answer holds: whom the upstream named, and whom the request named if anything personal is
/// permitted.
fn returned(routed: &route::Routed, permit: &Permit, mut named: Vec<Cnic>) -> Vec<Cnic> {
    let personal =
        |id: &DatatypeId| routed.law.catalogue.datatype(id.as_str()).is_none_or(|datatype| datatype.personal);
    if let Some(asked) = permit.subject().filter(|_| permit.grant().datatypes.iter().any(personal)) {
        named.push(asked);
    }
    named
}

#[expect(clippy::panic, reason = "an id of hex digits cannot fail to parse")]
fn no_id() -> RequestId {
    panic!("a request id of hex digits did not parse")
}

/// How a request ended without an answer.
#[derive(Debug)]
enum Ended {
    /// Before its intent.
    Early(Refusal),
    /// After its intent.
    Admitted { refusal: Refusal, intent: Option<u64> },
}

impl Ended {
    fn code(&self) -> Code {
        match self {
            Self::Early(refusal) | Self::Admitted { refusal, .. } => refusal.code,
        }
    }
}

impl From<Refusal> for Ended {
    fn from(refusal: Refusal) -> Self {
        Self::Early(refusal)
    }
}

#[async_trait]
impl Door for Pipeline {
    async fn serve(&self, head: Head, body: &mut dyn BodyReader) -> Reply {
        let mut trail = self.trail(head.listener, &head.peer);
        let reply = match self.run(&head, body, &mut trail).await {
            Ok(reply) => reply,
            Err(ended) => {
                trail.code = Some(ended.code());
                self.refuse(&trail, ended).await
            }
        };
        let service = trail.service.as_ref().map_or("none", |service| service.id.as_str());
        self.parts.metrics.request(service, trail.ending(), trail.code.map_or("ok", Code::as_str));
        reply
    }

    async fn unparsed(&self, listener: Listener, peer: Peer, code: Code) -> Reply {
        let mut trail = self.trail(listener, &peer);
        let directory = self.parts.directory.any();
        trail.directory = directory.generation();
        // Best effort: a peer that maps to no agency is recorded without one.
        let _ = identify::agency_of(&self.parts, &directory, &peer, &mut trail);
        let mut reply = self.refuse(&trail, Ended::Early(code.into())).await;
        reply.close = true;
        self.parts.metrics.request("none", "refused", code.as_str());
        reply
    }
}

#[cfg(test)]
#[path = "pipeline_tests.rs"]
mod tests;
