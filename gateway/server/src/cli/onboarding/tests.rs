//! The form that is printed, and files that cannot be read.

use exchange::{
    day::Day,
    onboarding::{Application, checklist::missing},
};

use super::*;

fn rules() -> Arc<Rules> {
    policies::Bundle::embedded().unwrap().newcomers().unwrap()
}

#[test]
fn the_printed_form_is_a_form_that_lacks_everything_but_its_kind() {
    let rules = rules();
    let form: Application = toml::from_str(&form::template(&rules)).unwrap();
    let lacks: Vec<_> =
        missing(&form, &rules, Day::parse("2026-11-26").unwrap()).into_iter().map(|item| item.id).collect();
    let mut expected = vec!["particulars".to_owned(), "condition".to_owned()];
    expected.extend(rules.schedules.iter().map(|one| one.id.clone()));
    expected.extend(rules.preconditions.iter().map(|one| one.id.clone()));
    assert_eq!(lacks, expected);
}

#[test]
fn the_printed_form_names_each_type_its_condition_and_each_kind() {
    let text = form::template(&rules());
    for client in &rules().clients {
        assert!(text.contains(&client.condition) && text.contains(&client.condition_ur), "{}", client.sector);
    }
    for kind in rules().kinds.keys() {
        assert!(text.contains(&format!("#   {kind}: ")), "{kind}");
    }
}

#[test]
fn a_file_that_is_no_change_is_wrong_use() {
    let path = std::env::temp_dir().join(format!("ijazat-change-{}.toml", std::process::id()));
    std::fs::write(&path, "kind = \"class\"\n[entry]\n").unwrap();
    let refused = read::<Change>(&path).unwrap_err();
    assert!(matches!(&refused, Failure::Usage(told) if told.contains("class")), "{refused}");
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(read::<Change>(&path), Err(Failure::Usage(_))));
}
