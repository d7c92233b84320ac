//! A user's quota of a day is spent to its last row and never beyond, while others go on to their agency's, through the sockets.

use exchange::{
    directory::{DirectoryData, User},
    ids::{AgencyId, QuotaId, UserId},
    ledger::{Level, Measure, Quota},
    ports::{
        clock::Clock as _,
        directory_source::DirectorySource as _,
        quotas::{Quotas as _, Standing},
    },
    programme::{Period, Window},
    record::leaf::Kind,
};
use gateway::demo::client::{Answer, Call};
use serde_json::json;
use tests::world::{World, until};

/// Rows of one user a day, and of the whole agency.
const OF_USER: i64 = 3;
const OF_AGENCY: i64 = 5;

fn quota(id: &str, level: Level, most: i64) -> Quota {
    let (id, instrument) = (QuotaId::parse(id).unwrap(), "Secretary 7/2026".to_owned());
    let (measure, per, alerts) = (Measure::Rows, Period::Day, vec![60, 100]);
    Quota { id, level, measure, most, per, alerts, instrument, ended: false }
}

/// BISP with two officers, one of them with a quota of their own, and one for the agency.
fn bound(mut data: DirectoryData) -> DirectoryData {
    let (bisp, user) = (AgencyId::parse("bisp").unwrap(), UserId::parse("standard-1").unwrap());
    let first = data.users.iter().find(|known| known.id == user).unwrap().clone();
    data.users.push(User { id: UserId::parse("standard-2").unwrap(), name: "Sample Officer Two".into(), ..first });
    data.quotas = vec![
        quota("officer-rows", Level::User { agency: bisp.clone(), user }, OF_USER),
        quota("bisp-rows", Level::Agency(bisp), OF_AGENCY),
    ];
    data
}

async fn asked(world: &World, user: &str) -> Answer {
    let call = Call::json("/v1/nser/household", &json!({ "cnic": world.stage.cast.head.digits() }))
        .with("ijazat-user", user)
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat");
    world.ask("bisp", call).await.unwrap()
}

async fn stands(world: &World, quota: &str, day: Window) -> Standing {
    world.store.standing(&[(QuotaId::parse(quota).unwrap(), day.from)]).await.unwrap()[0]
}

#[tokio::test(flavor = "multi_thread")]
async fn r141_a_users_fourth_row_is_refused_while_another_goes_on_until_the_agencys_and_midnight_begins_anew() {
    let world = World::start().await.unwrap();
    let data = bound(world.store.read().await.unwrap().1);
    let generation = world.store.replace_directory(&data).await.unwrap();
    let line = format!("ijazat_directory_generation {generation}");
    let knows = async || world.metrics().await.unwrap().lines().any(|told| told == line);
    until("the gateway knows the quotas", knows).await.unwrap();
    let day = Period::Day.around(world.clock.now()).unwrap();

    for n in 1..=OF_USER {
        assert_eq!(asked(&world, "standard-1").await.status, 200, "{n}");
    }
    let outcomes = || world.recorded().unwrap().iter().filter(|it| it.leaf.kind == Kind::Outcome).count();
    let before = outcomes();
    let refused = asked(&world, "standard-1").await;
    assert_eq!((refused.status, refused.code()), (429, "quota_exhausted"));
    assert_eq!((&refused.body["quota"], &refused.body["level"]), (&json!("officer-rows"), &json!("user")));
    let leaf = world.recorded().unwrap().pop().unwrap().leaf;
    assert_eq!((leaf.kind, leaf.code.as_deref()), (Kind::Refused, Some("quota_exhausted")));
    assert_eq!(outcomes(), before, "there was no intent, so nothing was asked");

    for n in OF_USER + 1..=OF_AGENCY {
        assert_eq!(asked(&world, "standard-2").await.status, 200, "{n}");
    }
    let refused = asked(&world, "standard-2").await;
    assert_eq!((refused.status, &refused.body["quota"]), (429, &json!("bisp-rows")));

    // What the leaves say is what was used, and both the caller and the operators are told.
    let posted = Standing { used: OF_AGENCY, held: 0 };
    until("all is posted", async || stands(&world, "bisp-rows", day).await == posted).await.unwrap();
    assert_eq!(stands(&world, "officer-rows", day).await, Standing { used: OF_USER, held: 0 });
    assert_eq!(world.store.quota_fault().await.unwrap(), None);
    let told = "ijazat_quotas_alerting 2";
    let alerting = async || world.metrics().await.unwrap().lines().any(|line| line == told);
    until("operators are told", alerting).await.unwrap();
    let whoami = world.ask("bisp", Call::get("/v1/self/whoami").with("ijazat-user", "standard-1")).await.unwrap();
    let quotas = &whoami.body["data"]["account"]["quotas"];
    let row = |n: usize| (quotas[n]["id"].clone(), quotas[n]["percent"].clone(), quotas[n]["alert"].clone());
    assert_eq!(row(0), (json!("bisp-rows"), json!(100), json!(100)), "{}", whoami.body);
    assert_eq!(row(1), (json!("officer-rows"), json!(100), json!(100)));

    // One second before midnight it is the same day; then it is new.
    world.clock.set(day.until.plus_seconds(-1));
    assert_eq!(asked(&world, "standard-1").await.status, 429);
    world.clock.set(day.until);
    assert_eq!(asked(&world, "standard-1").await.status, 200);
}
