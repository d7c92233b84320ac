//! The registry's answers against the catalogue: each field of a datatype is there when the permit names it, and no other.

use std::{collections::BTreeSet, fs, path::PathBuf};

use exchange::{catalogue::Service, classification::Role};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    date::Day,
    listing::{Area, Criteria, PageAsked, PmtRange},
    notice::DeathNotice,
    service::{
        Particulars, id,
        testing::{ADULT, cnic, permit, registry, run},
    },
};

/// Fields of the catalogue that this registry does not keep yet; the list may only shrink.
const NOT_KEPT: [&str; 2] = ["/household/sensitive/*", "/households/*/sensitive/*"];

/// Not on the last page of a list, which these answers are; `service/lists_tests.rs` turns pages.
const NEXT: &str = "/next";

/// What an answer carries for the door itself, which filters it out: whose answer it is.
fn for_the_door(service: &str) -> &'static [&'static str] {
    match service {
        id::KYC | id::PREDICATES | id::BAND => &["/cnic"],
        id::HOUSEHOLD | id::BY_ADDRESS | id::BY_PMT | id::EXPORT => &["/subjects/*"],
        _ => &[],
    }
}

/// The services of the catalogue whose upstream is the registry, as far as they are built.
fn services() -> Vec<Service> {
    #[derive(Deserialize)]
    struct File {
        service: Vec<Service>,
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../policies/catalogue");
    let files = fs::read_dir(folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
    let all = files.flat_map(|text| toml::from_str::<File>(&text).unwrap().service);
    all.filter(|service| service.upstream.as_str() == "registry" && !service.not_built).collect()
}

/// Pointers to the leaves of a document, `*` for every place of a list.
fn leaves(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| leaves(value).into_iter().map(move |leaf| format!("/{name}{leaf}")))
            .collect(),
        Value::Array(items) => items.iter().flat_map(leaves).map(|leaf| format!("/*{leaf}")).collect(),
        _ => BTreeSet::from([String::new()]),
    }
}

/// The answer of a service of the catalogue about a person of whom everything is known.
fn answer(service: &str, datatypes: &[&str]) -> Value {
    let registry = registry();
    let permit = permit(service, ADULT).role(Role::Power).datatypes(datatypes).mint();
    let number = cnic(ADULT);
    let area = Area { district: "Jhang".into(), tehsil: None };
    let page = PageAsked { limit: 10, cursor: None };
    let answer = match service {
        id::YES_NO => {
            serde_json::to_value(run(registry.match_person(&permit, number, &Particulars::default())).unwrap())
        }
        id::PREDICATES => serde_json::to_value(run(registry.predicates(&permit, number)).unwrap()),
        id::BAND => serde_json::to_value(run(registry.band(&permit, number)).unwrap()),
        id::KYC => serde_json::to_value(run(registry.identity(&permit, number)).unwrap()),
        id::HOUSEHOLD => serde_json::to_value(run(registry.household(&permit, number)).unwrap()),
        id::BY_ADDRESS => serde_json::to_value(
            run(registry.households_by_address(&permit, &area, &Criteria::default(), &page)).unwrap(),
        ),
        id::BY_PMT => {
            serde_json::to_value(run(registry.households_by_pmt(&permit, &area, PmtRange::ALL, &page)).unwrap())
        }
        id::EXPORT => serde_json::to_value(run(registry.export_households(&permit, None)).unwrap()),
        id::DEATH_NOTICE => {
            let died = Day::parse("2026-11-20").unwrap();
            let content = DeathNotice { died, place: "Mehran Hospital".into(), informant: None, cause: None };
            serde_json::to_value(run(registry.death_notice(&permit, number, content)).unwrap())
        }
        id::REPORT => serde_json::to_value(&*run(registry.report(&permit, "persons-by-district")).unwrap()),
        other => panic!("the catalogue sends `{other}` to the registry, which has no operation for it"),
    };
    answer.unwrap()
}

fn expected(service: &Service, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let fields =
        service.fields.iter().filter(|(_, datatype)| wanted(datatype.as_str())).map(|(field, _)| field.clone());
    let own = for_the_door(service.id.as_str()).iter().map(|field| (*field).to_owned());
    fields.filter(|field| !NOT_KEPT.contains(&field.as_str()) && field != NEXT).chain(own).collect()
}

#[test]
fn the_registry_has_an_operation_for_each_of_its_services_and_no_other() {
    let listed: BTreeSet<_> = services().iter().map(|service| service.id.as_str().to_owned()).collect();
    let known = [
        id::YES_NO,
        id::KYC,
        id::PREDICATES,
        id::HOUSEHOLD,
        id::BAND,
        id::BY_ADDRESS,
        id::BY_PMT,
        id::EXPORT,
        id::DEATH_NOTICE,
        id::REPORT,
    ];
    let known: BTreeSet<_> = known.map(str::to_owned).into();
    assert_eq!(listed.difference(&known).collect::<Vec<_>>(), [""; 0], "a service without an operation");
    let missing: Vec<_> = known.difference(&listed).collect();
    assert_eq!(missing, [""; 0], "an operation without a service");
}

#[test]
fn a_whole_answer_has_each_field_of_the_catalogue_and_none_beyond() {
    for service in services() {
        let datatypes = service.datatypes();
        let named: Vec<_> = datatypes.iter().map(exchange::ids::DatatypeId::as_str).collect();
        let got = leaves(&answer(service.id.as_str(), &named));
        assert_eq!(got, expected(&service, |_| true), "{}", service.id);
    }
}

#[test]
fn each_datatype_brings_its_own_fields_and_no_others() {
    for service in services() {
        for datatype in service.datatypes() {
            let got = leaves(&answer(service.id.as_str(), &[datatype.as_str()]));
            assert_eq!(got, expected(&service, |other| other == datatype.as_str()), "{} {datatype}", service.id);
        }
    }
}

#[test]
fn leaving_a_datatype_out_takes_its_fields_and_no_others() {
    for service in services().iter().filter(|service| service.datatypes().len() > 1) {
        let datatypes = service.datatypes();
        for left_out in &datatypes {
            let named: Vec<_> =
                datatypes.iter().filter(|d| *d != left_out).map(exchange::ids::DatatypeId::as_str).collect();
            let got = leaves(&answer(service.id.as_str(), &named));
            assert_eq!(got, expected(service, |other| other != left_out.as_str()), "{} without {left_out}", service.id);
        }
    }
}

#[test]
fn a_field_of_another_service_is_not_answered() {
    let services = services();
    let everything: Vec<_> = services.iter().flat_map(Service::datatypes).collect();
    let named: Vec<_> = everything.iter().map(exchange::ids::DatatypeId::as_str).collect();
    for service in &services {
        let got = leaves(&answer(service.id.as_str(), &named));
        assert_eq!(got, expected(service, |_| true), "{}", service.id);
    }
}

#[test]
fn the_gaps_are_still_gaps() {
    for gap in NOT_KEPT {
        let listed = services().iter().any(|service| service.fields.contains_key(gap));
        assert!(listed, "{gap} is no field of the catalogue any more: strike it from the list");
    }
}
