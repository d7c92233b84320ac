//! A wallet is spent to its last row and never beyond, by as many clients as there are, through the sockets.

use exchange::{
    ids::AgencyId,
    ledger::{Balance, Pays, Terms},
    ports::{directory_source::DirectorySource as _, wallets::Wallets as _},
    record::leaf::Kind,
};
use tests::world::{World, until};

/// Rows that the wallet pays for.
const ROWS: i64 = 9;
const CLIENTS: usize = 64;

/// BISP, which had what it asked for by statement so far, pays before from now on; what one answer costs it.
async fn prepaid(world: &World) -> i64 {
    world.serves().await.unwrap();
    let leaf = world.recorded().unwrap().pop().unwrap().leaf;
    assert!(leaf.kind == Kind::Outcome && leaf.amount > 0);
    let bisp = AgencyId::parse("bisp").unwrap();
    let (_, mut data) = world.store.read().await.unwrap();
    data.terms.push(Terms { agency: bisp.clone(), pays: Pays::Prepaid, instrument: "contract 7/2026".into() });
    world.store.replace_directory(&data).await.unwrap();
    // Its first answer is paid for as well, or it would be owed.
    assert!(world.store.top_up(&bisp, (ROWS + 1) * leaf.amount, "bank 1").await.unwrap());
    leaf.amount
}

#[tokio::test(flavor = "multi_thread")]
async fn b28_sixty_four_clients_get_as_many_rows_as_the_wallet_pays_for_and_it_is_empty_then() {
    let world = World::builder().set("LIMITS__AGENCY_PER_S", "1000").set("LIMITS__USER_PER_S", "1000").start().await;
    let world = std::sync::Arc::new(world.unwrap());
    let price = prepaid(&world).await;
    let bisp = AgencyId::parse("bisp").unwrap();
    let seen = async || world.ask("bisp", world.household()).await.unwrap().status;
    let balance = async || world.store.balance(&bisp).await.unwrap();
    until("the first answer is posted", async || balance().await.debits == price).await.unwrap();
    let asked: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move { world.ask("bisp", world.household()).await.unwrap() })
        })
        .collect();
    let mut served = 0;
    for answer in asked {
        let answer = answer.await.unwrap();
        match answer.status {
            200 => served += 1,
            402 => assert_eq!(answer.code(), "balance_insufficient"),
            status => panic!("{status} {}", answer.code()),
        }
        assert!(balance().await.free() >= 0);
    }
    assert_eq!(served, ROWS);
    until("everything is posted", async || balance().await.held == 0).await.unwrap();
    let paid = (ROWS + 1) * price;
    assert_eq!(balance().await, Balance { debits: paid, credits: paid, held: 0 });
    assert_eq!(seen().await, 402);
    assert_eq!(world.store.books().await.unwrap().fault(), None);
    let rows =
        world.recorded().unwrap().iter().filter(|it| it.leaf.kind == Kind::Outcome && it.leaf.amount > 0).count();
    assert_eq!(i64::try_from(rows).unwrap(), ROWS + 1, "the record says as many");
    // And nobody else pays for it.
    assert_eq!(world.store.balance(&AgencyId::parse("bank-indus").unwrap()).await.unwrap(), Balance::default());
}
