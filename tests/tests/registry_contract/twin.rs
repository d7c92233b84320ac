//! What SQL says against what memory says, of populations that the store never saw before.

use std::{collections::BTreeMap, sync::Arc};

use adapters::sql::registry::RegistrySql;
use exchange::{cnic::Cnic, mobile::Mobile};
use registry_core::{
    contract::registry_contract,
    date::{Day, PartialDate},
    household::{
        Disability, Education, Employment, Household, HouseholdId, Membership, Payment, Position, Relation, Surveyed,
    },
    identifier::{Identifier, IdentifierKind, IdentifierState},
    memory::MemoryStore,
    name::Name,
    person::{Gender, LifeStatus, Person, PersonId},
    ports::store::{Batch, RegistryStore},
    report::Table,
};
use tests::meddling::Dice;

use crate::place::{self, Place, living, notice};

pub async fn the_ports_own_suite_holds(place: &Place) {
    registry_contract(place.store().await.as_ref()).await;
}

/// Everything that can be asked about everybody in the batches, of both.
async fn same(store: &RegistrySql, twin: &MemoryStore, batches: &[Batch], when: &str) {
    for person in batches.iter().flat_map(|batch| &batch.persons) {
        for identifier in &person.identifiers {
            let number = identifier.value;
            let (got, wanted) = (store.person(number).await.unwrap(), twin.person(number).await.unwrap());
            assert!(got == wanted && wanted.is_some(), "{when}: person {} is another", person.pid.0);
            let (got, wanted) = (store.household_of(number).await.unwrap(), twin.household_of(number).await.unwrap());
            assert!(got == wanted, "{when}: the household of person {} is another", person.pid.0);
        }
    }
    for &table in Table::ALL {
        let counted = async |store: &dyn RegistryStore| {
            let cells = store.count(table).await.unwrap();
            let counts: BTreeMap<_, _> = cells.into_iter().map(|c| ((c.province, c.district), c.count)).collect();
            counts
        };
        assert_eq!(counted(store).await, counted(twin).await, "{when}: {}", table.as_str());
    }
}

pub async fn random_populations_read_back_like_their_twin(place: &Place) {
    let mut first_pid = 0;
    let (store, twin) = (place.store().await, MemoryStore::default());
    let mut all: Vec<Batch> = Vec::new();
    for seed in [11, 12] {
        // Two populations in one register: the second one's persons and households are numbered after the first's.
        let mut batches = place::batches(seed, 350);
        let households = all.iter().map(|batch| batch.households.len() as u64).sum::<u64>();
        for batch in &mut batches {
            batch.persons.iter_mut().for_each(|person| person.pid.0 += first_pid);
            for household in &mut batch.households {
                household.id.0 += households;
                household.members.iter_mut().for_each(|member| member.pid.0 += first_pid);
            }
        }
        let taken =
            |number: Cnic| all.iter().flat_map(|b| &b.persons).flat_map(|p| &p.identifiers).any(|i| i.value == number);
        for person in batches.iter_mut().flat_map(|batch| &mut batch.persons) {
            person.identifiers.retain(|identifier| !taken(identifier.value));
        }
        place::load(store.as_ref(), &batches).await;
        place::load(&twin, &batches).await;
        first_pid += batches.iter().map(|batch| batch.persons.len() as u64).sum::<u64>();
        all.extend(batches);
    }
    same(&store, &twin, &all, "loaded").await;
    assert_eq!(store.persons().await.unwrap(), first_pid);
    same(place.store().await.as_ref(), &twin, &all, "reopened").await;
}

fn odd_text(dice: &mut Dice) -> String {
    let texts = [
        "",
        " ",
        "O'Neil",
        "\"quoted\"",
        "محمد اسلم",
        "a\tb\nc",
        "\\",
        "%_;--",
        "$1 ? :x",
        "\u{1F600}\u{200D}\u{FEFF}",
    ];
    let (a, b) = (texts[dice.below(texts.len())], texts[dice.below(texts.len())]);
    format!("{a}{b}")
}

fn odd_person(dice: &mut Dice, pid: u64) -> Person {
    let pick = |dice: &mut Dice, days: &[&str]| Day::parse(days[dice.below(days.len())]).unwrap();
    let days = ["0001-01-01", "1899-12-31", "2000-02-29", "2026-11-25", "9999-12-31"];
    let partial = ["1961", "1961-07", "1961-07-31", "0999", "2026-12"];
    let partial = |dice: &mut Dice| PartialDate::parse(partial[dice.below(partial.len())]).unwrap();
    let at = dice.below(100);
    let identifiers = (0..dice.below(4)).map(|n| Identifier {
        value: Cnic::from_u64(1_000_000_000_000 + pid * 10 + n as u64).unwrap(),
        kind: IdentifierKind::ALL[(at + n) % IdentifierKind::ALL.len()],
        state: IdentifierState::ALL[(at / 2 + n) % IdentifierState::ALL.len()],
        expires: None,
    });
    let mut identifiers: Vec<_> = identifiers.collect();
    for identifier in &mut identifiers {
        identifier.expires = (dice.below(2) == 0).then(|| pick(dice, &days));
    }
    let life = match dice.below(3) {
        0 => LifeStatus::Alive,
        1 => LifeStatus::Held,
        _ => LifeStatus::Deceased(partial(dice)),
    };
    let mut address = place::batches(1, 60)[0].persons[0].address.clone();
    address.text = odd_text(dice);
    address.tehsil = odd_text(dice);
    Person {
        pid: PersonId(pid),
        name: Name::new(odd_text(dice), odd_text(dice)),
        father: Name::new(odd_text(dice), odd_text(dice)),
        gender: Gender::ALL[dice.below(Gender::ALL.len())],
        birth: partial(dice),
        life,
        identifiers,
        address,
        mobile: (dice.below(2) == 0).then(|| Mobile::parse("03451112223").unwrap()),
    }
}

fn odd_household(dice: &mut Dice, id: u64, members: Vec<Membership>, like: &Person) -> Household {
    let edges = [i32::MIN, -1, 0, 1, i32::MAX];
    let position = (dice.below(2) == 0).then(|| Position {
        latitude_e6: edges[dice.below(edges.len())],
        longitude_e6: edges[dice.below(edges.len())],
    });
    let payments = (0..dice.below(3)).map(|n| Payment { month: format!("2026-0{n}"), amount: [0, 1, u32::MAX][n] });
    Household {
        id: HouseholdId(id),
        address: like.address.clone(),
        position,
        pmt: [0, 1, 9_999, 10_000][dice.below(4)],
        assets: (0..dice.below(3)).map(|_| odd_text(dice)).collect(),
        beneficiary: dice.below(2) == 0,
        payments: payments.collect(),
        members,
    }
}

/// Every word, and none.
fn odd_answers(dice: &mut Dice) -> Surveyed {
    Surveyed {
        disability: Disability::ALL.get(dice.below(Disability::ALL.len() + 1)).copied(),
        education: Education::ALL.get(dice.below(Education::ALL.len() + 1)).copied(),
        employment: Employment::ALL.get(dice.below(Employment::ALL.len() + 1)).copied(),
    }
}

/// Edges of every field: no names, odd letters, no numbers, several, the first and the last day, both ends of a position.
pub async fn odd_people_read_back_like_their_twin(place: &Place) {
    let (store, twin) = (place.store().await, MemoryStore::default());
    for seed in 1..4_u64 {
        let mut dice = Dice::new(seed);
        let base = seed * 1_000;
        let mut batch =
            Batch { persons: (0..120).map(|n| odd_person(&mut dice, base + n)).collect(), ..Batch::default() };
        let mut next = 0;
        while next < batch.persons.len() {
            let size = 1 + dice.below(7).min(batch.persons.len() - next - 1);
            let relation = |dice: &mut Dice| Relation::ALL[dice.below(Relation::ALL.len())];
            // Last first: the order of members is theirs and not that of their numbers.
            let of = batch.persons[next..next + size].iter().rev();
            let member = |person: &Person| {
                let relation = relation(&mut dice);
                Membership { pid: person.pid, relation, surveyed: odd_answers(&mut dice) }
            };
            let members = of.map(member).collect();
            let home = odd_household(&mut dice, base + next as u64, members, &batch.persons[next]);
            batch.households.push(home);
            next += size + dice.below(2);
        }
        store.load(&batch).await.unwrap();
        twin.load(&batch).await.unwrap();
        same(&store, &twin, std::slice::from_ref(&batch), "loaded").await;
        same(place.store().await.as_ref(), &twin, &[batch], "reopened").await;
    }
}

/// Notices come and go at random; after each the person stands as in memory, and after all everything does.
pub async fn random_notices_hold_and_restore_like_their_twin(place: &Place) {
    let (store, twin) = (place.store().await, MemoryStore::default());
    let batches = place::batches(21, 300);
    place::load(store.as_ref(), &batches).await;
    place::load(&twin, &batches).await;
    let people = living(&batches);
    let (mut dice, mut placed, mut held) = (Dice::new(5), Vec::new(), 0);
    for n in 0..160 {
        let (number, pid) = people[dice.below(6)];
        if dice.below(5) < 3 {
            let notice = notice(&format!("n{n}"), pid, ["hospital-mehran", "council", "mosque"][dice.below(3)]);
            let (got, wanted) = (store.place_notice(&notice).await.unwrap(), twin.place_notice(&notice).await.unwrap());
            assert_eq!(got, wanted, "notice {n}");
            placed.push((got.id, number));
        } else if !placed.is_empty() {
            let (id, _) = &placed[dice.below(placed.len())];
            let (got, wanted) = (store.withdraw_notice(id).await, twin.withdraw_notice(id).await);
            assert_eq!(got, wanted, "withdrawal {n}");
        }
        for (number, _) in &people[..6] {
            let life = place::life(store.as_ref(), *number).await;
            assert_eq!(life, place::life(&twin, *number).await, "step {n}");
            held += usize::from(life == LifeStatus::Held);
        }
    }
    assert!(held > 50, "hardly anybody was ever held");
    same(&store, &twin, &batches, "after all").await;
    same(place.store().await.as_ref(), &twin, &batches, "reopened").await;
}

/// A batch that has anything twice is refused whole, whatever it is.
/// Spoils a batch by another that is loaded; the number is the place of a person with a number.
type Spoil = fn(&mut Batch, &Batch, usize);

pub async fn a_batch_with_a_twice_taken_thing_is_refused_whole(place: &Place) {
    let (store, twin) = (place.store().await, MemoryStore::default());
    let batches = place::batches(31, 300);
    place::load(store.as_ref(), &batches[..1]).await;
    place::load(&twin, &batches[..1]).await;
    let (old, new) = (&batches[0], &batches[1]);
    let numbered = |batch: &Batch| batch.persons.iter().position(|person| !person.identifiers.is_empty()).unwrap();
    let spoil: [(&str, Spoil); 6] = [
        ("a person who is there", |batch, old, _| batch.persons.push(old.persons[0].clone())),
        ("a person twice", |batch, _, _| batch.persons.push(batch.persons[0].clone())),
        ("a number that is there", |batch, old, at| {
            let other = old.persons.iter().find(|person| !person.identifiers.is_empty()).unwrap();
            batch.persons[at].identifiers[0].value = other.identifiers[0].value;
        }),
        ("a household that is there", |batch, old, _| {
            batch.households.push(Household { members: Vec::new(), ..old.households[0].clone() });
        }),
        ("a member of another household", |batch, old, _| {
            batch.households[0].members.push(old.households[0].members[0]);
        }),
        ("a household twice", |batch, _, _| {
            batch.households.push(Household { members: Vec::new(), ..batch.households[0].clone() });
        }),
    ];
    for (what, spoil) in spoil {
        let mut spoiled = new.clone();
        spoil(&mut spoiled, old, numbered(new));
        let (got, wanted) = (store.load(&spoiled).await, twin.load(&spoiled).await);
        assert_eq!(got, wanted, "{what}");
        assert!(got.is_err(), "{what} was taken");
        for person in &new.persons {
            let Some(number) = person.number() else { continue };
            assert_eq!(store.person(number).await, Ok(None), "{what}: part of the batch was kept");
        }
    }
    let loaded = store.load(new).await;
    assert_eq!(loaded, Ok(()), "the batch itself is whole");
    twin.load(new).await.unwrap();
    same(&store, &twin, &batches[..2], "after all").await;
}

pub async fn of_many_who_load_one_batch_one_does(place: &Place) {
    let batches = Arc::new(place::batches(41, 150));
    let stores = [place.store().await, place.store().await];
    let loading: Vec<_> = (0..8)
        .map(|n| {
            let (store, batches) = (Arc::clone(&stores[n % 2]), Arc::clone(&batches));
            tokio::spawn(async move { store.load(&batches[0]).await })
        })
        .collect();
    let mut kept = 0;
    for loading in loading {
        match loading.await.unwrap() {
            Ok(()) => kept += 1,
            Err(error) => assert_eq!(error, registry_core::ports::store::StoreError::AlreadyThere),
        }
    }
    assert_eq!(kept, 1);
    assert_eq!(stores[0].persons().await.unwrap(), batches[0].persons.len() as u64);
}
