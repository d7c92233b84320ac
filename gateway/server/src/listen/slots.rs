//! Places for connections: so many in all, and so many from one address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// The places of one listener.
#[derive(Debug)]
pub(super) struct Slots {
    free: Arc<Semaphore>,
    total: u32,
    per_address: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// One taken place, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot {
    slots: Arc<Slots>,
    network: IpAddr,
    _permit: OwnedSemaphorePermit,
}

impl Slots {
    pub(super) fn new(total: usize, per_address: usize) -> Arc<Self> {
        let total = u32::try_from(total).unwrap_or(u32::MAX);
        Arc::new(Self {
            free: Arc::new(Semaphore::new(usize::try_from(total).unwrap_or(Semaphore::MAX_PERMITS))),
            total,
            per_address,
            taken: Mutex::new(HashMap::new()),
        })
    }

    /// Takes a place at once, or not at all: a connection that waited here would look like a slow server.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Arc<Slot>> {
        let network = network_of(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.get(&network).copied().unwrap_or(0);
        if count >= self.per_address {
            return None;
        }
        // Only now: an address that has had its share keeps no place from others, not even for the moment of its refusal.
        let permit = Arc::clone(&self.free).try_acquire_owned().ok()?;
        taken.insert(network, count + 1);
        Some(Arc::new(Slot { slots: Arc::clone(self), network, _permit: permit }))
    }

    /// Waits until every place is free; returns how many are still taken at the deadline.
    pub(super) async fn all_free(&self, deadline: Duration) -> usize {
        match timeout(deadline, self.free.acquire_many(self.total)).await {
            Ok(_) => 0,
            Err(_) => self.taken.lock().unwrap_or_else(PoisonError::into_inner).values().sum(),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.network);
            }
        }
    }
}

/// What counts as one address: an IPv6 client owns a /64 and would otherwise have as many addresses as it likes.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn places_are_bounded_in_all_and_for_each_address() {
        let slots = Slots::new(3, 2);
        let take = |address: &str| slots.take(address.parse().unwrap());
        let first = take("192.0.2.1").unwrap();
        let second = take("::ffff:192.0.2.1").unwrap();
        assert!(take("192.0.2.1").is_none(), "one address has had its share");
        let third = take("2001:db8::1").unwrap();
        assert!(take("2001:db8::2").is_none(), "all are taken");
        drop(first);
        let fourth = take("2001:db8::2").unwrap();
        assert!(take("192.0.2.2").is_none());
        assert_eq!(slots.all_free(Duration::ZERO).await, 3);
        drop((second, third, fourth));
        assert_eq!(slots.all_free(Duration::ZERO).await, 0);
        assert!(slots.taken.lock().unwrap().is_empty());
    }
}

#[cfg(test)]
#[path = "slots_tests.rs"]
mod laws;
