//! The sample directory and rates that the demo begins with: they parse, are complete, and name only what exists.

use std::{collections::BTreeSet, fs, path::PathBuf, sync::Arc};

use exchange::{
    catalogue::{Catalogue, Service},
    decision::Decider,
    directory::{Directory, DirectoryData},
    ids::DatatypeId,
    tariff::{RateBook, book_at},
    timestamp::Timestamp,
};
use policies::{Bundle, source::Source};
use serde::Deserialize;

/// Letters of the citizen's message for a purpose (directory.rs).
const PURPOSE_CHARS_MAX: usize = 24;

fn sample<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../ops/samples").join(name);
    toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn directory() -> DirectoryData {
    sample("directory.toml")
}

fn catalogue() -> std::sync::Arc<Catalogue> {
    Bundle::embedded().unwrap().catalogue()
}

#[test]
fn every_line_of_the_tariff_has_a_rate_and_no_rate_is_idle() {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rates {
        book: Vec<RateBook>,
    }
    let rates: Rates = sample("rates.toml");
    let catalogue = catalogue();
    let charged = |service: &Arc<Service>| {
        let units = service.charge.priced().iter();
        units.map(|unit| (service.tariff.to_string(), *unit)).collect::<Vec<_>>()
    };
    let wanted: BTreeSet<_> = catalogue.services().iter().flat_map(charged).collect();
    let book = book_at(&rates.book, noon()).expect("a book is in force");
    let found: BTreeSet<_> = book.rates.iter().map(|rate| (rate.key.to_string(), rate.unit)).collect();
    assert_eq!(found, wanted);
    book.check().unwrap();
    assert!(book.sample, "the rates of S3 8.4 are blank: whoever reads these must see that they are invented");
}

#[test]
fn agreements_and_instruments_name_only_what_exists() {
    let (data, catalogue) = (directory(), catalogue());
    let known = Directory::new(1, data.clone());
    let datatypes = |what: &str, ids: &[DatatypeId]| {
        for id in ids {
            assert!(catalogue.datatype(id.as_str()).is_some(), "{what} names {id}");
        }
    };
    for agreement in &data.agreements {
        let what = agreement.id.as_str();
        assert!(known.agency(agreement.agency.as_str()).is_some(), "{what}");
        datatypes(what, &agreement.datatypes);
        for id in &agreement.services {
            let service = catalogue.service(id.as_str()).unwrap_or_else(|| panic!("{what} names {id}"));
            assert!(
                agreement.purposes.iter().any(|code| service.purposes.contains(code)),
                "{what}: no purpose for {id}"
            );
        }
        for code in &agreement.purposes {
            assert!(known.purpose(code.as_str()).is_some(), "{what} names {code}");
        }
    }
    for programme in &data.programmes {
        datatypes(programme.id.as_str(), &programme.datatypes);
        assert!(
            known.purpose(programme.purpose.as_str()).is_some() && known.agency(programme.agency.as_str()).is_some()
        );
    }
    for approval in &data.approvals {
        datatypes(approval.id.as_str(), &approval.datatypes);
        let policies = Bundle::embedded().unwrap().policies();
        assert!(approval.template.as_ref().is_none_or(|name| policies.contains(name)), "{}", approval.id);
        assert!(known.purpose(approval.purpose.as_str()).is_some() && known.agency(approval.agency.as_str()).is_some());
    }
}

#[test]
fn every_service_that_needs_an_agreement_has_a_sample_agency_for_it() {
    let data = directory();
    for service in catalogue().services().iter().filter(|service| service.purpose_required && !service.not_built) {
        let named =
            data.agreements.iter().any(|a| a.services.contains(&service.id) && live(a.valid_from, a.valid_until));
        assert!(named, "{}", service.id);
    }
}

#[test]
fn every_purpose_of_the_catalogue_is_registered_and_fits_the_citizens_message() {
    let data = directory();
    let mut world = policies::cases::world(&Source::embedded()).unwrap();
    for service in catalogue().services() {
        for code in &service.purposes {
            let purpose = data.purposes.iter().find(|p| p.code == *code).unwrap_or_else(|| panic!("{code}"));
            assert!(!purpose.forbidden, "{code}");
        }
    }
    world.purposes.extend(data.purposes.clone());
    for purpose in &world.purposes {
        assert!(purpose.text.is_ascii() && (1..=PURPOSE_CHARS_MAX).contains(&purpose.text.len()), "{}", purpose.code);
        assert!(purpose.text_ur.chars().any(|c| ('\u{600}'..='\u{6ff}').contains(&c)), "{}", purpose.code);
    }
    assert!(data.purposes.iter().any(|purpose| purpose.forbidden));
}

#[test]
fn the_cases_happen_in_the_sample_world_and_some_more() {
    let data = directory();
    let bundle = Bundle::embedded().unwrap();
    let world = &bundle.cases().world;
    for agency in &data.agencies {
        assert_eq!(world.agency(agency.id.as_str()).map(AsRef::as_ref), Some(agency));
        assert!(agency.keys.is_empty(), "{}: keys are registered by whoever makes the certificates", agency.id);
    }
    for user in &data.users {
        assert_eq!(world.user(&user.agency, user.id.as_str()).map(AsRef::as_ref), Some(user));
    }
    for agreement in &data.agreements {
        assert!(world.agreements(&agreement.agency).iter().any(|other| **other == *agreement), "{}", agreement.id);
    }
    assert!(world.agencies().count() > data.agencies.len());
}

fn noon() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-22T12:00:00+05:00").unwrap()
}

fn live(from: Timestamp, until: Timestamp) -> bool {
    from <= noon() && noon() < until
}

#[test]
fn every_agency_is_registered_as_what_it_is() {
    assert_eq!(Bundle::embedded().unwrap().misregistered(&directory().agencies), []);
}
