//! Behaviour 31 at a whole gateway: Redis killed, it answers within its share; Redis emptied, nothing of consent, bill or
//! record is lost, for Redis holds nothing but counters.

use gateway::demo::client::Call;
use serde_json::{Value, json};
use tests::{
    redis::Redis,
    world::{World, until},
};

async fn world(redis: &Redis, per_s: u32) -> World {
    let world = World::builder()
        .set("LIMITS__SHARED", redis.url())
        .set("LIMITS__NODES", "3")
        .set("LIMITS__AGENCY_PER_S", per_s.to_string());
    let world = world.start().await.unwrap();
    away(&world, 0).await;
    // It counts from the window after the one in which it was found.
    world.clock.advance(1);
    world
}

/// Waits until the gateway says that Redis is away, or that it is not.
async fn away(world: &World, is: u32) {
    let line = format!("ijazat_shared_quota_away {is}\n");
    until(&line, async || world.metrics().await.unwrap().contains(&line)).await.unwrap();
}

fn whoami() -> Call {
    Call::get("/v1/self/whoami")
}

/// How many are answered in this second, in which the clock stands: asked until it is so many, then as often again. The
/// gateway's own counter goes by the host's clock and refuses some in between.
async fn answered(world: &World, expected: u32) -> u32 {
    let mut answered = 0;
    let mut ask = async || {
        // On a connection of its own, since a refusal closes it.
        let answer = world.ask("bisp", whoami().with("ijazat-user", "standard-1")).await.unwrap();
        match (answer.status, answer.code()) {
            (200, _) => answered += 1,
            (429, "rate_limited") => assert_eq!(answer.header("retry-after"), "1"),
            (status, code) => panic!("{status} {code}"),
        }
        answered >= expected
    };
    until("so many are answered", &mut ask).await.unwrap();
    for _ in 0..2 * expected {
        ask().await;
    }
    answered
}

#[tokio::test]
async fn b31_with_redis_killed_a_gateway_answers_within_its_share_and_refuses_beyond_it() {
    let mut redis = Redis::start().await.unwrap();
    let world = world(&redis, 12).await;
    // Of 12 among three: 2 of its own, 6 by lease; 4 alone.
    assert_eq!(answered(&world, 8).await, 8);
    redis.kill();
    away(&world, 1).await;
    world.clock.advance(2);
    assert_eq!(answered(&world, 4).await, 4);
    world.clock.advance(1);
    assert_eq!(answered(&world, 4).await, 4, "the next second has its own");
    redis.start_again().await.unwrap();
    away(&world, 0).await;
    world.clock.advance(1);
    assert_eq!(answered(&world, 8).await, 8, "back");
    let text = world.metrics().await.unwrap();
    assert!(text.contains("ijazat_shared_quota_leases_total{outcome=\"leased\"}"), "{text}");
}

#[tokio::test]
async fn b31_flushall_loses_no_consent_no_bill_and_no_record() {
    let redis = Redis::start().await.unwrap();
    // Of 24 among three: 4 of its own, so that more than those are leased.
    let world = world(&redis, 24).await;
    assert!(answered(&world, 6).await > 4);
    let mut teller = world.stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let citizen = world.stage.cast.citizen;
    let granted = teller.consent(citizen, "KYC-101", &["identity.name"]).await.unwrap();
    let call = Call::json("/v1/identity/kyc", &json!({ "cnic": citizen.digits() }))
        .with("ijazat-purpose", "KYC-101")
        .with("authorization", format!("Bearer {}", granted.token));
    let before = world.recorded().unwrap().len();
    only_counters(&redis);
    assert_eq!(redis.ask("FLUSHALL").unwrap(), ["OK"]);
    world.clock.advance(1);
    assert_eq!(world.recorded().unwrap().len(), before);
    let answer = teller.send(call).await.unwrap();
    assert_eq!((answer.status, answer.code()), (200, ""), "the consent holds");
    let bill = bill(&world).await;
    assert!(bill.as_i64().unwrap() > 0);
    assert_eq!(redis.ask("FLUSHALL").unwrap(), ["OK"]);
    world.clock.advance(1);
    assert_eq!(self::bill(&world).await, bill, "the bill stands");
    let recorded = world.recorded().unwrap();
    let sum: i64 = recorded.iter().map(|entry| entry.leaf.amount).sum();
    assert_eq!(bill, sum, "and equals the record");
}

/// What the bank owes for this month, milli-paisa.
async fn bill(world: &World) -> Value {
    use exchange::ports::clock::Clock as _;
    let month = world.clock.now().karachi_month();
    let answer = world.ask("bank-indus", Call::get(format!("/v1/usage/{month}"))).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.code());
    answer.body["data"]["total_milli_paisa"].clone()
}

fn only_counters(redis: &Redis) {
    let keys = redis.ask("KEYS *").unwrap();
    assert!(!keys.is_empty());
    for key in keys {
        assert!(key.starts_with("ijazat:quota:"), "{key}");
        let value = redis.ask(&format!("GET {key}")).unwrap();
        assert!(value[0].parse::<u32>().is_ok(), "{key} is {value:?}");
    }
}
