//! What decides prices in the directory: rate books and gifts by two persons, and the column that an agency pays by.

use exchange::{
    classification::{Forum, Sector},
    directory::{Agency, Directory, DirectoryData},
    ids::{AgencyId, GratisId, RateVersion, ServiceId},
    ledger::{Pays, Terms},
    onboarding::Change,
    ports::{clock::Clock as _, directory_source::DirectorySource as _},
    statement::AgencyClass,
    tariff::{Class, Column, Gratis, GratisReason, Price, Rate, RateBook, Tier},
    timestamp::Timestamp,
};

use super::{
    directory::data,
    onboarding::{LAW, ONE, done, law},
    world::World,
};

/// A book that prices all that the catalogue charges for.
pub fn book(version: &str, valid_from: Timestamp) -> RateBook {
    let private = Price { each: 35_000, tiers: vec![Tier { above: 100, each: 9 }], minimum: 7 };
    let rate = |key, unit| Rate { key, unit, government: Price::flat(1), private: private.clone() };
    let mut rates: Vec<Rate> = Vec::new();
    for service in LAW.0.services() {
        for unit in service.charge.priced() {
            if rates.iter().all(|rate| (&rate.key, rate.unit) != (&service.tariff, *unit)) {
                rates.push(rate(service.tariff.clone(), *unit));
            }
        }
    }
    RateBook {
        version: RateVersion::parse(version).unwrap(),
        valid_from,
        instrument: "Board 1/2026".into(),
        forum: Forum::BispBoard,
        sample: true,
        taxes: Vec::new(),
        rates,
    }
}

pub fn gift(world: &World, valid_from: Timestamp) -> Gratis {
    Gratis {
        id: GratisId::parse("survey").unwrap(),
        agency: world.bank.clone(),
        reason: GratisReason::BispOperations,
        instrument: "Secretary 3/2026".into(),
        forum: Forum::SecretaryBisp,
        services: vec![ServiceId::parse("nser.household").unwrap()],
        valid_from,
        valid_until: valid_from.plus_seconds(86_400),
        ended_at: None,
    }
}

async fn read(world: &World) -> DirectoryData {
    world.there.read().await.unwrap().1
}

pub async fn rate_books_and_gifts_come_by_two_persons_and_not_too_soon(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    let now = world.clock.now();
    let (book, gift) = (book("v1", now.plus_seconds(60)), gift(world, now.plus_seconds(60)));
    done(world, Change::RateBook(book.clone())).await;
    done(world, Change::Gratis(gift.clone())).await;
    let found = read(world).await;
    assert_eq!((found.rate_books, found.gratis), (vec![book.clone()], vec![gift]));
    // Proposed in time and approved too late.
    let next = RateBook { version: RateVersion::parse("v2").unwrap(), valid_from: now.plus_seconds(90), ..book };
    let proposal = world.here.propose(Change::RateBook(next), ONE, law()).await.unwrap();
    world.clock.advance(86);
    let late = world.there.decide(&proposal.id, true, super::onboarding::TWO, law()).await.unwrap_err();
    assert!(late.to_string().contains("too-soon"), "{late}");
    assert_eq!(read(world).await.rate_books.len(), 1);
}

pub async fn an_agency_that_changes_its_sector_pays_by_the_new_column_when_every_gateway_knows(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    let bank = data(world).agencies.remove(0);
    let (kind, _) = LAW.1.kinds.iter().find(|(_, sectors)| sectors.contains(&Sector::Federal)).unwrap();
    let renamed = Agency { name: "Renamed".into(), keys: Vec::new(), condition_met: false, ..bank.clone() };
    done(world, Change::Agency(renamed.clone())).await;
    assert_eq!(read(world).await.classes, [], "whoever keeps the column has it from ever");
    let federal = Agency { kind: kind.clone(), sector: Sector::Federal, ..renamed.clone() };
    done(world, Change::Agency(federal.clone())).await;
    let now = world.clock.now();
    let class = |column, since| AgencyClass { agency: bank.id.clone(), column, since };
    let mut expected =
        vec![class(Column::Private, Timestamp::default()), class(Column::Government, now.plus_seconds(5))];
    let found = read(world).await;
    assert_eq!(found.classes, expected);
    let directory = Directory::new(1, found);
    let at = |seconds| {
        let service = ServiceId::parse("identity.kyc").unwrap();
        directory.class(&federal, &service, now.plus_seconds(seconds))
    };
    assert_eq!((at(-9_999), at(4), at(5)), (Class::Private, Class::Private, Class::Government));
    // Back again at once: later than the last, so that no two begin together.
    done(world, Change::Agency(Agency { name: "Once more".into(), ..federal })).await;
    assert_eq!(read(world).await.classes.len(), 2);
    done(world, Change::Agency(renamed)).await;
    expected.push(class(Column::Private, now.plus_seconds(6)));
    assert_eq!(read(world).await.classes, expected);
}

pub async fn how_an_agency_pays_comes_by_two_persons(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    let terms = |pays| Terms { agency: world.bank.clone(), pays, instrument: "contract 7".into() };
    done(world, Change::Terms(terms(Pays::Credit(7)))).await;
    done(world, Change::Terms(terms(Pays::Prepaid))).await;
    let found = read(world).await;
    assert_eq!(found.terms, [terms(Pays::Prepaid)], "one word on each agency");
    let directory = Directory::new(1, found);
    assert_eq!(directory.terms(&world.bank).map(|terms| terms.limit()), Some(0));
    let nobody = AgencyId::parse("nobody").unwrap();
    for (refused, told) in [
        (Terms { agency: nobody, ..terms(Pays::Prepaid) }, "agency-unknown"),
        (Terms { instrument: " ".into(), ..terms(Pays::Prepaid) }, "empty"),
        (terms(Pays::Credit(0)), "empty"),
        (terms(Pays::Credit(-1)), "empty"),
    ] {
        let error = world.here.propose(Change::Terms(refused), ONE, law()).await.unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
    }
}
