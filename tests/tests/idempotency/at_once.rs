//! The same key several times at once: one is done and charged, whoever comes second waits or gets what was done.

use exchange::codes::Code;
use gateway::demo::client::Call;
use tests::world::{
    World,
    wire::{Reply, bytes_of},
};

use crate::{
    held::Held,
    kit::{authorize, billed, is_first, keyed, notice, receipt, refused, repeats, send},
};

/// Connections that ask at once.
const MANY: usize = 8;

/// A taxpayer's price for a private body.
const TAXPAYER: i64 = 400_000;

#[tokio::test]
async fn whoever_comes_while_the_first_is_at_work_is_told_to_wait() {
    let authority = Held::listen().await;
    let world = authority.world().await;
    let call = keyed(world.taxpayer().await.unwrap());
    let mut first = world.agency("bank-indus").await.unwrap();
    let mut second = world.agency("bank-indus").await.unwrap();
    first.send(&bytes_of(&call)).await;
    authority.busy().await;
    let early = second.call(&call).await.unwrap();
    refused("at the same time", &early, Code::IdempotencyInProgress);
    assert_eq!(early.header("retry-after"), "1");
    authority.answer_all();
    let answer = first.reply().await.unwrap();
    is_first(&answer, TAXPAYER);
    assert_eq!(authority.asked(), 1, "the second went through");
    repeats(&second.call(&call).await.unwrap(), &answer);
    assert_eq!(billed(&world, "bank-indus", "fbr.taxpayer").await, (1, TAXPAYER));
}

async fn at_once(world: &World, agency: &str, call: &Call) -> Vec<Reply> {
    let mut wires = Vec::new();
    for _ in 0..MANY {
        wires.push(world.agency(agency).await.unwrap());
    }
    let asking = |mut wire: tests::world::wire::Wire| {
        let call = call.clone();
        tokio::spawn(async move { wire.call(&call).await.unwrap() })
    };
    let asked: Vec<_> = wires.into_iter().map(asking).collect();
    let mut replies = Vec::new();
    for one in asked {
        replies.push(one.await.unwrap());
    }
    replies
}

/// One of the replies is the first; each other is that again, or one of the refusals.
fn one_was_done(replies: &[Reply], otherwise: &[Code]) -> Reply {
    let done = |reply: &&Reply| reply.status == 200 && receipt(reply).replay_of.is_none();
    let firsts: Vec<_> = replies.iter().filter(done).collect();
    assert_eq!(firsts.len(), 1, "done more or less than once");
    for reply in replies.iter().filter(|reply| !done(reply)) {
        if reply.status == 200 {
            repeats(reply, firsts[0]);
        } else {
            let code = otherwise.iter().find(|code| code.as_str() == reply.code());
            refused("at once", reply, *code.unwrap_or_else(|| panic!("{} {}", reply.status, reply.code())));
        }
    }
    firsts[0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn b25_of_many_writes_at_once_one_is_done_and_charged() {
    let world = World::start().await.unwrap();
    for (agency, tariff, call) in [
        ("bank-indus", "consent.request", keyed(authorize(&world))),
        ("hospital-mehran", "vital.notice", keyed(notice(&world, "Mehran Hospital"))),
    ] {
        let first = one_was_done(&at_once(&world, agency, &call).await, &[Code::IdempotencyInProgress]);
        assert_eq!(billed(&world, agency, tariff).await, (1, receipt(&first).amount), "{agency}");
        repeats(&send(&world, agency, &call).await, &first);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b25_of_many_reads_at_once_one_is_charged_and_three_are_replays_at_most() {
    let world = World::start().await.unwrap();
    let call = keyed(world.household());
    let replies = at_once(&world, "bisp", &call).await;
    let first = one_was_done(&replies, &[Code::IdempotencyInProgress, Code::IdempotencySpent]);
    let price = receipt(&first).amount;
    assert!(price > 0);
    // Those that are left are given one after the other, and not one more.
    let given = replies.iter().filter(|reply| reply.status == 200).count() - 1;
    assert!(given <= 3, "{given} repetitions");
    for _ in given..3 {
        repeats(&send(&world, "bisp", &call).await, &first);
    }
    refused("a fourth time", &send(&world, "bisp", &call).await, Code::IdempotencySpent);
    // All at once again: nothing is left, for nobody.
    for reply in at_once(&world, "bisp", &call).await {
        refused("at once, later", &reply, Code::IdempotencySpent);
    }
    assert_eq!(billed(&world, "bisp", "nser.household").await, (1, price));
}
