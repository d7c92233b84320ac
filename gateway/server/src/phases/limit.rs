//! Phase 2. Afterwards the caller is within its quota: as an agency, as a user, at a service, or as an address.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::{Arc, RwLock},
};

use exchange::{
    caller::Caller,
    codes::Code,
    ids::{AgencyId, ServiceId},
    refusal::Refusal,
};
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::{InMemoryState, NotKeyed, keyed::DashMapStateStore},
};

use super::{
    shared::SharedQuota,
    standing::{Limit, Standing, Standings},
};

/// Requests per second, each with a burst of the same size.
#[derive(Clone, Copy, Debug)]
pub struct LimitNumbers {
    /// For one user of an agency.
    pub user_per_s: NonZeroU32,
    /// For one agency at one service.
    pub service_per_s: NonZeroU32,
    /// For one address on the public listener.
    pub public_per_s: NonZeroU32,
    /// Ceiling for any agency, whatever the directory says.
    pub agency_per_s_max: NonZeroU32,
}

type Direct<C> = RateLimiter<NotKeyed, InMemoryState, C, StateInformationMiddleware>;
type Keyed<K, C> = RateLimiter<K, DashMapStateStore<K>, C, StateInformationMiddleware>;
type Agencies<C> = HashMap<AgencyId, (u32, Arc<Direct<C>>)>;

/// The counters (GCRA), in this process. Tests hold their clock.
#[derive(Debug)]
pub struct Limits<C: Clock = DefaultClock> {
    numbers: LimitNumbers,
    agencies: RwLock<Agencies<C>>,
    users: Keyed<String, C>,
    services: Keyed<(AgencyId, ServiceId), C>,
    public: Keyed<IpAddr, C>,
    shared: Option<Arc<SharedQuota>>,
    clock: C,
}

impl Limits {
    /// Empty counters by the host's monotonic clock.
    #[must_use]
    pub fn new(numbers: LimitNumbers) -> Self {
        Self::with_clock(numbers, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Limits<C> {
    /// Empty counters by this clock.
    #[must_use]
    pub fn with_clock(numbers: LimitNumbers, clock: C) -> Self {
        Self {
            numbers,
            agencies: RwLock::default(),
            users: keyed(numbers.user_per_s, &clock),
            services: keyed(numbers.service_per_s, &clock),
            public: keyed(numbers.public_per_s, &clock),
            shared: None,
            clock,
        }
    }

    /// The same, of which agencies' quotas are shared with other gateways.
    #[must_use]
    pub fn sharing(self, shared: Arc<SharedQuota>) -> Self {
        Self { shared: Some(shared), ..self }
    }

    /// What is shared with other gateways.
    #[must_use]
    pub fn shared(&self) -> Option<&Arc<SharedQuota>> {
        self.shared.as_ref()
    }

    /// Counts one request of the caller, and notes what is left of each limit.
    ///
    /// # Errors
    /// `rate_limited` with `retry_after`.
    pub fn check(&self, caller: &Caller, address: IpAddr, standings: &mut Standings) -> Result<(), Refusal> {
        match caller {
            Caller::Agency { agency, user, .. } => {
                let (per_s, limiter) = self.agency(&agency.id, agency.requests_per_s);
                self.counted((Limit::Agency, per_s), limiter.check(), standings)?;
                if let Some(user) = user {
                    let key = format!("{}/{}", agency.id, user.id);
                    let quota = self.numbers.user_per_s.get();
                    self.counted((Limit::User, quota), self.users.check_key(&key), standings)?;
                }
                Ok(())
            }
            Caller::Public | Caller::Citizen { .. } | Caller::Sms => {
                let quota = self.numbers.public_per_s.get();
                self.counted((Limit::Address, quota), self.public.check_key(&address), standings)
            }
            Caller::Internal => Ok(()),
        }
    }

    /// Counts one request of an agency among all gateways, where they share its quota. Asked after [`Self::check`], so that this
    /// node never grants more than the whole quota, whatever the others or the store do.
    ///
    /// # Errors
    /// `rate_limited` with `retry_after`.
    pub async fn share(&self, caller: &Caller, standings: &mut Standings) -> Result<(), Refusal> {
        let (Some(shared), Some(agency)) = (&self.shared, caller.agency()) else { return Ok(()) };
        let per_s = self.per_s(agency.requests_per_s);
        let outcome = shared.take(&agency.id, per_s).await;
        let left = *outcome.as_ref().unwrap_or(&0);
        standings.note(Standing { limit: Limit::Agency, quota: per_s, left });
        outcome.map(drop)
    }

    /// Counts one request of the agency at a service, once the service is known, and notes what is left.
    ///
    /// # Errors
    /// `rate_limited` with `retry_after`.
    pub fn check_service(
        &self,
        caller: &Caller,
        service: &ServiceId,
        standings: &mut Standings,
    ) -> Result<(), Refusal> {
        let Some(agency) = caller.agency_id() else { return Ok(()) };
        let outcome = self.services.check_key(&(agency.clone(), service.clone()));
        self.counted((Limit::Service, self.numbers.service_per_s.get()), outcome, standings)
    }

    fn counted(
        &self,
        (limit, quota): (Limit, u32),
        outcome: Result<StateSnapshot, NotUntil<C::Instant>>,
        standings: &mut Standings,
    ) -> Result<(), Refusal> {
        let left = outcome.as_ref().map_or(0, StateSnapshot::remaining_burst_capacity);
        standings.note(Standing { limit, quota, left });
        outcome.map(drop).map_err(|until| refuse(until.wait_time_from(self.clock.now())))
    }

    fn per_s(&self, asked: u32) -> u32 {
        asked.clamp(1, self.numbers.agency_per_s_max.get())
    }

    /// The counter of an agency, and the requests a second that it was made for.
    fn agency(&self, id: &AgencyId, asked_per_s: u32) -> (u32, Arc<Direct<C>>) {
        let per_s = self.per_s(asked_per_s);
        if let Ok(agencies) = self.agencies.read()
            && let Some((known, limiter)) = agencies.get(id)
            && *known == per_s
        {
            return (per_s, Arc::clone(limiter));
        }
        let quota = Quota::per_second(NonZeroU32::new(per_s).unwrap_or(NonZeroU32::MIN));
        let limiter = Arc::new(RateLimiter::new(quota, InMemoryState::default(), self.clock.clone()));
        if let Ok(mut agencies) = self.agencies.write() {
            // Another request may have been quicker: both then count on the same limiter.
            let entry = agencies.entry(id.clone()).or_insert_with(|| (per_s, Arc::clone(&limiter)));
            if entry.0 != per_s {
                *entry = (per_s, limiter);
            }
            return (per_s, Arc::clone(&entry.1));
        }
        (per_s, limiter)
    }

    /// Forgets counters of users and addresses that are idle, so that their number stays bounded.
    pub fn shrink(&self) {
        self.users.retain_recent();
        self.services.retain_recent();
        self.public.retain_recent();
    }
}

fn keyed<K: Hash + Eq + Clone, C: Clock + Clone>(per_s: NonZeroU32, clock: &C) -> Keyed<K, C> {
    RateLimiter::new(Quota::per_second(per_s), DashMapStateStore::default(), clock.clone())
}

fn refuse(wait: std::time::Duration) -> Refusal {
    let seconds = u32::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX).max(1);
    Refusal::new(Code::RateLimited).retry_after(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(each: u32) -> Limits {
        let n = NonZeroU32::new(each).unwrap();
        Limits::new(LimitNumbers { user_per_s: n, service_per_s: n, public_per_s: n, agency_per_s_max: n })
    }

    #[test]
    fn an_address_beyond_its_quota_is_told_when_to_come_back() {
        let limits = limits(2);
        let check = |address: &str| limits.check(&Caller::Public, address.parse().unwrap(), &mut Standings::default());
        assert!(check("127.0.0.1").is_ok() && check("127.0.0.1").is_ok());
        let refusal = check("127.0.0.1").unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after_s), (Code::RateLimited, Some(1)));
        assert!(check("127.0.0.2").is_ok(), "another address has its own quota");
    }

    #[test]
    fn an_agency_keeps_its_counter_until_its_quota_changes() {
        let limits = limits(5);
        let id = AgencyId::parse("bank").unwrap();
        let of = |per_s| limits.agency(&id, per_s).1;
        let first = of(3);
        assert!(Arc::ptr_eq(&first, &of(3)));
        assert!(!Arc::ptr_eq(&first, &of(4)));
        assert!(Arc::ptr_eq(&of(99), &of(5)), "the ceiling holds");
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod quota_tests;

#[cfg(test)]
#[path = "limit_obedient_tests.rs"]
mod obedient_tests;
