//! What a key is, whose it is, and that it names one request.

use exchange::{codes::Code, record::leaf::Kind};
use gateway::demo::client::Call;
use serde_json::json;
use tests::world::World;

use crate::kit::{billed, forwarded, is_first, keyed, kinds, notice, recorded, refused, repeats, send, under, with};

/// A household's price for a federal body.
const HOUSEHOLD: i64 = 100_000;

#[tokio::test]
async fn what_is_no_key_is_refused_and_recorded() {
    let world = World::start().await.unwrap();
    let asked = forwarded(&world).await;
    let bad = ["", " ", "a b", "a\tb", "a\u{1}b", "\u{6a9}\u{644}\u{6cc}\u{62f}"].map(str::to_owned);
    for key in bad.into_iter().chain([129, 200, 600].map(|bytes| "x".repeat(bytes))) {
        for (agency, call) in [("bisp", world.household()), ("hospital-mehran", notice(&world, "Mehran Hospital"))] {
            let name = format!("{agency} {key:?}");
            refused(&name, &send(&world, agency, &under(call, &key)).await, Code::HeaderInvalid);
            let newest = world.recorded().unwrap().pop().unwrap();
            assert_eq!((newest.code(), newest.agency()), ("header_invalid", agency), "{name}");
            assert_eq!((newest.leaf.kind, newest.leaf.amount), (Kind::Refused, 0), "{name}");
        }
    }
    assert_eq!(forwarded(&world).await, asked, "something was asked for");
    assert_eq!(billed(&world, "bisp", "nser.household").await, (0, 0));
}

#[tokio::test]
async fn a_key_may_be_any_visible_text_up_to_its_bound() {
    let world = World::start().await.unwrap();
    for key in ["1".to_owned(), "\"quoted\"".to_owned(), "~!@#$%^&*()/\\;,".to_owned(), "x".repeat(128)] {
        let call = under(world.household(), &key);
        let first = send(&world, "bisp", &call).await;
        is_first(&first, HOUSEHOLD);
        repeats(&send(&world, "bisp", &call).await, &first);
    }
    assert_eq!(billed(&world, "bisp", "nser.household").await, (4, 4 * HOUSEHOLD));
}

#[tokio::test]
async fn b25_the_same_key_with_another_body_is_refused() {
    let world = World::start().await.unwrap();
    let another = Call::json("/v1/nser/household", &json!({ "cnic": world.stage.cast.citizen.digits() }));
    let headers = world.household().headers;
    let calls = [
        ("bisp", "nser.household@1", world.household(), Call { headers, ..another }),
        ("hospital-mehran", "vital.death-notice@1", notice(&world, "Mehran Hospital"), notice(&world, "at home")),
    ];
    for (agency, service, call, other) in calls {
        let first = send(&world, agency, &keyed(call.clone())).await;
        assert_eq!(first.status, 200, "{agency} {}", first.code());
        let asked = forwarded(&world).await;
        refused(agency, &send(&world, agency, &keyed(other)).await, Code::IdempotencyConflict);
        assert_eq!(forwarded(&world).await, asked, "{agency}");
        let newest = recorded(&world, service).pop().unwrap();
        assert_eq!((newest.leaf.kind, newest.code()), (Kind::Refused, "idempotency_conflict"), "{agency}");
        assert!(newest.leaf.released.is_empty() && newest.leaf.amount == 0, "{agency}");
        // It spoilt nothing: the right one is still repeated.
        repeats(&send(&world, agency, &keyed(call)).await, &first);
    }
    assert_eq!(billed(&world, "bisp", "nser.household").await, (1, HOUSEHOLD));
}

#[tokio::test]
async fn another_agencys_same_key_is_another_key() {
    let world = World::start().await.unwrap();
    let call = keyed(Call::get("/v1/self/whoami"));
    let mut firsts = Vec::new();
    for agency in ["bank-indus", "bisp", "telco-sarhad"] {
        let first = send(&world, agency, &call).await;
        is_first(&first, 0);
        assert_eq!(first.json()["data"]["agency"], agency);
        firsts.push((agency, first));
    }
    for (agency, first) in &firsts {
        repeats(&send(&world, agency, &call).await, first);
    }
    let pair = |kind| [Kind::Intent, kind];
    let (firsts, replays) = (pair(Kind::Outcome).repeat(3), pair(Kind::Replay).repeat(3));
    assert_eq!(kinds(&world, "self.whoami@1"), [firsts, replays].concat());
}

#[tokio::test]
async fn another_users_same_key_is_charged_for_itself() {
    let world = World::start().await.unwrap();
    let standard = keyed(world.household());
    let basic = with(standard.clone(), "ijazat-user", "basic-1");
    let mut firsts = Vec::new();
    for call in [standard, basic] {
        let first = send(&world, "bisp", &call).await;
        is_first(&first, HOUSEHOLD);
        firsts.push((call, first));
    }
    assert_ne!(firsts[0].1.body, firsts[1].1.body, "who sees less must not be shown the other's answer");
    for (call, first) in &firsts {
        repeats(&send(&world, "bisp", call).await, first);
    }
    assert_eq!(billed(&world, "bisp", "nser.household").await, (2, 2 * HOUSEHOLD));
}
