//! Shared quotas in Redis: one script, one key for each agency and second, and no wait that a request could feel.
//!
//! The script runs as one step, so that of all nodes that race none is given what another has. A key's braces keep all keys
//! of one agency in one slot of a cluster; each script touches one key. The connection is one for all requests of the process
//! (answers come in the order of the questions); it is made by [`SharedQuotas::look`] alone, beside requests, and dropped at the
//! first failure, so that a request meets an open connection or none. There is no TLS: Redis belongs on the same host or on a
//! network of the nodes' own.

use std::{fmt, sync::Mutex, time::Duration};

use ::redis::{AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection};
use async_trait::async_trait;
use exchange::{
    ids::AgencyId,
    limits::{QUOTA_CONNECT_MS, QUOTA_COUNTER_MS},
    ports::shared_quotas::{QuotasAway, SharedQuotas},
};

/// Gives what is wanted of what is left, in one step. A key never stands without its end.
const LEASE: &str = r"
local taken = tonumber(redis.call('GET', KEYS[1])) or 0
local given = math.min(tonumber(ARGV[1]), tonumber(ARGV[2]) - taken)
if given <= 0 then return 0 end
redis.call('SET', KEYS[1], taken + given, 'PX', ARGV[3])
return given";

/// What every key of ours begins with.
const PREFIX: &str = "ijazat:quota:";

/// What a look writes: a Redis that is full, or a replica, answers and gives no leases all the same.
const LOOKED: &str = "ijazat:quota:looked";

/// Counters in one Redis.
pub struct RedisQuotas {
    client: Client,
    wait: Duration,
    connection: Mutex<Option<MultiplexedConnection>>,
}

impl fmt::Debug for RedisQuotas {
    // The client knows the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisQuotas").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl RedisQuotas {
    /// Counters in the Redis at this URL (`redis://…` or `redis+unix://…`), for whose leases a request waits so long at most.
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// [`QuotasAway`] when this is no URL of a Redis; it does not repeat the URL.
    pub fn new(url: &str, wait: Duration) -> Result<Self, QuotasAway> {
        let client = Client::open(url).map_err(|_| QuotasAway("not a URL of a Redis".to_owned()))?;
        Ok(Self { client, wait, connection: Mutex::default() })
    }

    /// The key of one agency's counter of one second.
    #[must_use]
    pub fn key(agency: &AgencyId, second: i64) -> String {
        format!("{PREFIX}{{{agency}}}:{second}")
    }

    fn connected(&self) -> Option<MultiplexedConnection> {
        self.connection.lock().ok()?.clone()
    }

    fn keep(&self, connection: Option<MultiplexedConnection>) {
        if let Ok(mut kept) = self.connection.lock() {
            *kept = connection;
        }
    }

    /// Connects, and bounds what the driver would wait for by itself.
    async fn connect(&self) -> Result<MultiplexedConnection, QuotasAway> {
        let most = Duration::from_millis(QUOTA_CONNECT_MS);
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(most)).set_response_timeout(Some(most));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        within(most, connecting).await
    }
}

#[async_trait]
impl SharedQuotas for RedisQuotas {
    async fn lease(&self, agency: &AgencyId, second: i64, wanted: u32, pool: u32) -> Result<u32, QuotasAway> {
        let Some(mut connection) = self.connected() else { return Err(QuotasAway("not connected".to_owned())) };
        let mut command = ::redis::cmd("EVAL");
        command.arg(LEASE).arg(1).arg(Self::key(agency, second)).arg(wanted).arg(pool).arg(QUOTA_COUNTER_MS);
        match within(self.wait, command.query_async::<u32>(&mut connection)).await {
            Ok(given) => Ok(given.min(wanted)),
            Err(away) => {
                self.keep(None);
                Err(away)
            }
        }
    }

    async fn look(&self) -> Result<(), QuotasAway> {
        let mut connection = match self.connected() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let mut write = ::redis::cmd("SET");
        write.arg(LOOKED).arg(1).arg("PX").arg(QUOTA_COUNTER_MS);
        let answered = within(Duration::from_millis(QUOTA_CONNECT_MS), write.query_async::<()>(&mut connection)).await;
        self.keep(answered.is_ok().then_some(connection));
        answered
    }
}

/// What came in time. The driver's words are not repeated: they may hold what the server said of a password.
async fn within<T>(most: Duration, asking: impl Future<Output = Result<T, RedisError>>) -> Result<T, QuotasAway> {
    match tokio::time::timeout(most, asking).await {
        Ok(answered) => answered.map_err(|error| QuotasAway(error.category().to_owned())),
        Err(_) => Err(QuotasAway(format!("no answer in {} ms", most.as_millis()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_not_repeated_when_it_is_refused_nor_shown_when_it_is_taken() {
        let refused = RedisQuotas::new("http://:hunter2@host", Duration::ZERO).unwrap_err();
        assert_eq!(refused.to_string(), "the shared quotas are away: not a URL of a Redis");
        let taken = RedisQuotas::new("redis://:hunter2@host", Duration::ZERO).unwrap();
        assert!(!format!("{taken:?}").contains("hunter2"));
    }

    #[test]
    fn the_keys_of_one_agency_stand_in_one_slot() {
        let key = RedisQuotas::key(&AgencyId::parse("bank-indus").unwrap(), 1_795_340_000);
        assert_eq!(key, "ijazat:quota:{bank-indus}:1795340000");
    }

    #[tokio::test]
    async fn who_is_not_connected_is_told_at_once_and_connects_nowhere() {
        let quotas = RedisQuotas::new("redis+unix:///nowhere/redis.sock", Duration::from_mins(1)).unwrap();
        let agency = AgencyId::parse("bank-indus").unwrap();
        assert_eq!(quotas.lease(&agency, 1, 1, 1).await, Err(QuotasAway("not connected".to_owned())));
        assert!(quotas.look().await.is_err());
    }
}
