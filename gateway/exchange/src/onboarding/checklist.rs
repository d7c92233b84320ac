//! What an application must bring before anyone may decide it, computed from the rules.

use serde::Serialize;

use super::{
    application::{Application, Document},
    rules::Rules,
};
use crate::day::Day;

/// One thing that must be there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// A word for it, such as `condition` or `non-disclosure-agreement`.
    pub id: String,
    /// What it is, in English.
    pub title: String,
    /// The same in Urdu.
    pub title_ur: String,
    /// Section of the source.
    pub source: String,
    /// Whether it is there.
    pub there: bool,
}

/// Everything that this application must bring, in the order of the form.
///
/// A paper counts if it is of a kind that shows what is asked, in the valid version where there are versions, and not past
/// its last day `today`.
#[must_use]
pub fn checklist(application: &Application, rules: &Rules, today: Day) -> Vec<Item> {
    let mut items = vec![particulars(application), kind(application, rules), condition(application, rules, today)];
    for schedule in &rules.schedules {
        let there = shown(application, today, |paper| {
            paper.kind == schedule.id && paper.version.as_deref() == Some(schedule.version.as_str())
        });
        items.push(Item {
            id: schedule.id.clone(),
            title: format!("{}, version {}", schedule.title, schedule.version),
            title_ur: format!("{} ({})", schedule.title_ur, schedule.version),
            source: schedule.source.clone(),
            there,
        });
    }
    items.extend(rules.preconditions.iter().map(|precondition| Item {
        id: precondition.id.clone(),
        title: precondition.title.clone(),
        title_ur: precondition.title_ur.clone(),
        source: precondition.source.clone(),
        there: application.statements.get(&precondition.id).is_some_and(|text| !text.trim().is_empty()),
    }));
    items
}

/// What is not there yet.
#[must_use]
pub fn missing(application: &Application, rules: &Rules, today: Day) -> Vec<Item> {
    checklist(application, rules, today).into_iter().filter(|item| !item.there).collect()
}

fn item(id: &str, title: &str, title_ur: &str, source: &str, there: bool) -> Item {
    let [id, title, title_ur, source] = [id, title, title_ur, source].map(str::to_owned);
    Item { id, title, title_ur, source, there }
}

fn particulars(application: &Application) -> Item {
    let person = &application.focal_person;
    let texts = [
        &application.name,
        &application.name_ur,
        &application.address,
        &application.about,
        &application.utilisation,
        &person.name,
        &person.designation,
        &person.contact,
    ];
    let there = texts.iter().all(|text| !text.trim().is_empty())
        && !application.channels.is_empty()
        && !application.networks.is_empty();
    let title = "Particulars: names, address, purpose, utilisation, focal person, channels, networks";
    let title_ur = "کوائف: نام، پتہ، مقصد، استعمال، رابطہ کار، ذرائع، نیٹ ورک";
    item("particulars", title, title_ur, "S3 8.2.5", there)
}

fn kind(application: &Application, rules: &Rules) -> Item {
    let fits = rules.kinds.get(&application.kind).is_some_and(|sectors| sectors.contains(&application.sector));
    let title = "A kind of agency that Annexure B knows, and a type of client that such an agency can be";
    item("kind", title, "ضمیمہ ب میں درج ادارے کی قسم اور اس کے مطابق گاہک کی قسم", "S0 Annexure B; S3 7.2", fits)
}

fn condition(application: &Application, rules: &Rules, today: Day) -> Item {
    let Some(client) = rules.client(application.sector) else {
        return item("condition", "A type of client that the rules know", "گاہک کی معلوم قسم", "S3 7.2", false);
    };
    let there = shown(application, today, |paper| client.documents.contains(&paper.kind));
    let title = format!("{} One of: {}", client.condition, client.documents.join(", "));
    item("condition", &title, &client.condition_ur, &client.source, there)
}

fn shown(application: &Application, today: Day, shows: impl Fn(&Document) -> bool) -> bool {
    let valid = |paper: &Document| paper.valid_until.is_none_or(|last| today <= last);
    application.documents.iter().any(|paper| shows(paper) && valid(paper) && !paper.reference.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        classification::Sector,
        onboarding::testing::{application, rules, today},
    };

    fn lacks(application: &Application) -> Vec<String> {
        missing(application, &rules(), today()).into_iter().map(|item| item.id).collect()
    }

    #[test]
    fn a_whole_application_of_each_type_lacks_nothing() {
        for &sector in Sector::ALL {
            assert_eq!(lacks(&application(sector)), Vec::<String>::new(), "{sector}");
        }
    }

    #[test]
    fn each_type_without_its_condition_lacks_just_that() {
        for client in &rules().clients {
            let mut without = application(client.sector);
            without.documents.retain(|paper| !client.documents.contains(&paper.kind));
            assert_eq!(lacks(&without), ["condition"], "{}", client.sector);
            // Another type's paper does not show it.
            let mut anothers = application(client.sector);
            for paper in anothers.documents.iter_mut().filter(|paper| client.documents.contains(&paper.kind)) {
                paper.kind = "letter-of-recommendation".into();
            }
            assert_eq!(lacks(&anothers), ["condition"], "{}", client.sector);
        }
    }

    #[test]
    fn each_paper_and_each_statement_is_missed_by_name() {
        let whole = application(Sector::Private);
        for schedule in &rules().schedules {
            let mut old = whole.clone();
            let paper = old.documents.iter_mut().find(|paper| paper.kind == schedule.id).unwrap();
            paper.version = Some("of old".into());
            assert_eq!(lacks(&old), [schedule.id.as_str()]);
        }
        for precondition in &rules().preconditions {
            let mut silent = whole.clone();
            silent.statements.insert(precondition.id.clone(), "  ".into());
            assert_eq!(lacks(&silent), [precondition.id.as_str()]);
        }
        assert_eq!(lacks(&Application { networks: Vec::new(), ..whole.clone() }), ["particulars"]);
        assert_eq!(lacks(&Application { kind: "Circus".into(), ..whole.clone() }), ["kind"]);
        assert_eq!(lacks(&Application { kind: "Court".into(), ..whole }), ["kind"], "no private court");
    }

    #[test]
    fn a_paper_counts_through_its_last_day() {
        let mut application = application(Sector::Private);
        let today = today();
        for paper in &mut application.documents {
            paper.valid_until = String::from("2026-11-26").try_into().ok();
        }
        assert!(missing(&application, &rules(), today).is_empty());
        assert_eq!(missing(&application, &rules(), today.next().unwrap()).len(), 3, "condition and two schedules");
    }
}
