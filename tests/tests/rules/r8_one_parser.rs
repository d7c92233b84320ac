//! Rule 8: one parser for the path. `exchange::path` tests it, `bad_input::paths` every encoding; here what the policies
//! judged, what the record committed to and what the upstream got are the same bytes.

use exchange::record::side::commit;
use gateway::demo::client::Call;
use tests::world::World;

use crate::witness::Witness;

/// The question, spelt as no serializer would: whatever normalises it on the way is found out.
async fn oddly(world: &World) -> Call {
    let mut call = world.taxpayer().await.unwrap();
    let digits = world.stage.cast.taxpayer.digits();
    let (first, rest) = digits.split_at(1);
    call.body = format!("\n{{ \"\\u0063nic\" :\t\"\\u003{first}{rest}\"  }} ").into_bytes();
    call
}

#[tokio::test]
async fn policy_record_and_upstream_have_the_same_bytes() {
    let witness = Witness::listen().await;
    let world = witness.world().await.unwrap();
    let call = oddly(&world).await;
    let reply = world.agency("bank-indus").await.unwrap().call(&call).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.code());
    let seen = witness.seen();
    let [seen] = seen.as_slice() else { panic!("asked {} times", seen.len()) };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/v1/fbr/taxpayer"));
    assert_eq!(seen.body, call.body, "byte for byte");
    let recorded = world.recorded().unwrap();
    let last = recorded.last().unwrap();
    let opening = *last.side.openings.parameters.unwrap();
    assert_eq!(*last.leaf.commitments.parameters.unwrap(), commit("parameters", &opening, &call.body));
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_never_reaches_the_upstream() {
    let witness = Witness::listen().await;
    let world = witness.world().await.unwrap();
    let good = world.taxpayer().await.unwrap();
    for path in [
        "/v1/fbr/../fbr/taxpayer",
        "/v1/fbr/%74axpayer",
        "/v1/fbr//taxpayer",
        "/v1/fbr/taxpayer/",
        "/v1/fbr/taxpayer?",
        "/v1/fbr/taxpayer;v=1",
        "/v1/fbr\\taxpayer",
        "/v1/fbr/taxpayer%00",
        "/V1/fbr/taxpayer",
    ] {
        let call = Call { path: path.to_owned(), ..good.clone() };
        let reply = world.agency("bank-indus").await.unwrap().call(&call).await.unwrap();
        assert!(matches!(reply.code().as_str(), "path_ambiguous" | "service_unknown"), "{path}: {}", reply.code());
    }
    assert!(witness.seen().is_empty());
    let reply = world.agency("bank-indus").await.unwrap().call(&good).await.unwrap();
    assert_eq!((reply.status, witness.seen().len()), (200, 1), "the plain path does");
}
