//! Phase 2. Afterwards the caller is within its quota: as an agency, as a user, at a service, or as an address.

use std::{
    collections::HashMap,
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
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
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

type Agencies = HashMap<AgencyId, (u32, Arc<DefaultDirectRateLimiter>)>;

/// The counters (GCRA), in this process.
#[derive(Debug)]
pub struct Limits {
    numbers: LimitNumbers,
    agencies: RwLock<Agencies>,
    users: DefaultKeyedRateLimiter<String>,
    services: DefaultKeyedRateLimiter<(AgencyId, ServiceId)>,
    public: DefaultKeyedRateLimiter<IpAddr>,
    clock: DefaultClock,
}

impl Limits {
    /// Empty counters.
    #[must_use]
    pub fn new(numbers: LimitNumbers) -> Self {
        Self {
            numbers,
            agencies: RwLock::default(),
            users: RateLimiter::keyed(Quota::per_second(numbers.user_per_s)),
            services: RateLimiter::keyed(Quota::per_second(numbers.service_per_s)),
            public: RateLimiter::keyed(Quota::per_second(numbers.public_per_s)),
            clock: DefaultClock::default(),
        }
    }

    /// Counts one request of the caller.
    ///
    /// # Errors
    /// `rate_limited` with `retry_after`.
    pub fn check(&self, caller: &Caller, address: IpAddr) -> Result<(), Refusal> {
        match caller {
            Caller::Agency { agency, user, .. } => {
                let limiter = self.agency(&agency.id, agency.requests_per_s);
                limiter.check().map_err(|until| refuse(until.wait_time_from(self.clock.now())))?;
                if let Some(user) = user {
                    let key = format!("{}/{}", agency.id, user.id);
                    self.users.check_key(&key).map_err(|until| refuse(until.wait_time_from(self.clock.now())))?;
                }
                Ok(())
            }
            Caller::Public | Caller::Citizen { .. } | Caller::Sms => {
                self.public.check_key(&address).map_err(|until| refuse(until.wait_time_from(self.clock.now())))
            }
            Caller::Internal => Ok(()),
        }
    }

    /// Counts one request of the agency at a service, once the service is known.
    ///
    /// # Errors
    /// `rate_limited` with `retry_after`.
    pub fn check_service(&self, caller: &Caller, service: &ServiceId) -> Result<(), Refusal> {
        let Some(agency) = caller.agency_id() else { return Ok(()) };
        self.services
            .check_key(&(agency.clone(), service.clone()))
            .map_err(|until| refuse(until.wait_time_from(self.clock.now())))
    }

    fn agency(&self, id: &AgencyId, asked_per_s: u32) -> Arc<DefaultDirectRateLimiter> {
        let per_s = asked_per_s.clamp(1, self.numbers.agency_per_s_max.get());
        if let Ok(agencies) = self.agencies.read()
            && let Some((known, limiter)) = agencies.get(id)
            && *known == per_s
        {
            return Arc::clone(limiter);
        }
        let quota = Quota::per_second(NonZeroU32::new(per_s).unwrap_or(NonZeroU32::MIN));
        let limiter = Arc::new(RateLimiter::direct(quota));
        if let Ok(mut agencies) = self.agencies.write() {
            // Another request may have been quicker: both then count on the same limiter.
            let entry = agencies.entry(id.clone()).or_insert_with(|| (per_s, Arc::clone(&limiter)));
            if entry.0 != per_s {
                *entry = (per_s, limiter);
            }
            return Arc::clone(&entry.1);
        }
        limiter
    }

    /// Forgets counters of users and addresses that are idle, so that their number stays bounded.
    pub fn shrink(&self) {
        self.users.retain_recent();
        self.services.retain_recent();
        self.public.retain_recent();
    }
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
        let check = |address: &str| limits.check(&Caller::Public, address.parse().unwrap());
        assert!(check("127.0.0.1").is_ok() && check("127.0.0.1").is_ok());
        let refusal = check("127.0.0.1").unwrap_err();
        assert_eq!((refusal.code, refusal.retry_after_s), (Code::RateLimited, Some(1)));
        assert!(check("127.0.0.2").is_ok(), "another address has its own quota");
    }

    #[test]
    fn an_agency_keeps_its_counter_until_its_quota_changes() {
        let limits = limits(5);
        let id = AgencyId::parse("bank").unwrap();
        let first = limits.agency(&id, 3);
        assert!(Arc::ptr_eq(&first, &limits.agency(&id, 3)));
        assert!(!Arc::ptr_eq(&first, &limits.agency(&id, 4)));
        assert!(Arc::ptr_eq(&limits.agency(&id, 99), &limits.agency(&id, 5)), "the ceiling holds");
    }
}

#[cfg(test)]
#[path = "limit_tests.rs"]
mod quota_tests;
