//! What holds of any month's statement, and how it is shown to people.

use exchange::{
    record::leaf::{Kind, Leaf},
    statement::{
        Issued, Line,
        audit::{Differs, Finding},
        views,
    },
    tariff::{MILLI_PAISA, Unit, half_even},
};
use proptest::prelude::*;

use crate::{
    billing::{LATER, World, answer, audited, complaints},
    support::NOON,
};

#[test]
fn the_table_has_a_row_for_each_part_line_tax_and_total_and_is_rectangular() {
    let issued = World::month().issued();
    let text = views::csv(&issued);
    let rows: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    let count = |kind: &str| rows.iter().filter(|row| row.starts_with(&format!("{kind},"))).count();
    assert_eq!((count("part"), count("line"), count("tax"), count("total")), (6, 5, 2, 1));
    assert!(rows[0].starts_with("kind,agency,month,provisional,sample,service,"));
    let tax = rows.iter().find(|row| row.starts_with("tax,")).unwrap();
    assert!(tax.contains(",\"Sales tax, on <services>\","), "{tax}");
    for row in rows.iter().filter(|row| !row.starts_with("tax,")) {
        assert_eq!(row.split(',').count(), 17, "{row}");
    }
    let mut evil = issued;
    evil.statement.taxes[0].name = "=cmd|' /C calc'!A0".into();
    assert!(views::csv(&evil).contains(",'=cmd|"));
}

#[test]
fn the_page_is_bilingual_self_contained_and_escaped() {
    let issued = World::month().issued();
    let page = views::page(&issued);
    for word in [
        "<!doctype html>",
        "Statement of account",
        "گوشوارۂ حساب",
        "lang=\"ur\" dir=\"rtl\"",
        "SAMPLE",
        "نمونہ",
        "Sales tax, on &lt;services&gt;",
        "خدمات پر سیلز ٹیکس",
        "@media print",
        &issued.root.to_string(),
    ] {
        assert!(page.contains(word), "{word}");
    }
    assert!(!page.contains("PROVISIONAL"));
    for never in ["<script", "http", "src=", "url(", "@import", "<services>"] {
        assert!(!page.contains(never), "{never}");
    }
    let so_far = views::page(&Issued { provisional: true, ..issued });
    assert!(so_far.contains("PROVISIONAL") && so_far.contains("عارضی"));
    let opened = |tag: &str| page.matches(&format!("<{tag}")).count() == page.matches(&format!("</{tag}>")).count();
    assert!(["table", "tr", "td", "tbody", "p", "style", "body", "html"].into_iter().all(opened));
}

/// Answers of a month as they come.
fn any_answers() -> impl Strategy<Value = Vec<Leaf>> {
    let service = prop::sample::select(vec![
        ("kyc", Unit::Row),
        ("list", Unit::Row),
        ("yes-no", Unit::Match),
        ("yes-no", Unit::NoMatch),
    ]);
    let one = (service, 0..40_u32, -8..8_i64).prop_map(|((service, unit), rows, days)| {
        answer(service, unit, rows, NOON.plus_seconds(days * 86_400 / 2).micros())
    });
    prop::collection::vec(one, 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn b24_any_month_holds_and_its_bill_depends_on_no_order(answers in any_answers(), rotate in 0..40_usize) {
        let world = World::of(answers.clone());
        let issued = world.issued();
        let found = audited(&issued, &world.evidence());
        prop_assert_eq!(complaints(&found.findings), Vec::<String>::new());
        let mut turned = answers;
        let at = rotate.min(turned.len());
        turned.rotate_left(at);
        prop_assert_eq!(World::of(turned).issued().statement, issued.statement);
    }

    #[test]
    fn b30_lines_sum_to_the_total_and_each_is_rounded_once(answers in any_answers()) {
        let statement = World::of(answers).issued().statement;
        let sum = |of: &dyn Fn(&Line) -> i64| statement.lines.iter().map(of).sum::<i64>();
        let tax: i64 = statement.taxes.iter().map(|tax| tax.tax_paisa).sum();
        prop_assert_eq!(sum(&|line| line.value_paisa), statement.value_paisa);
        prop_assert_eq!(sum(&|line| line.payable_paisa()) + tax, statement.total_paisa);
        for line in &statement.lines {
            let exact: i64 = line
                .parts
                .iter()
                .map(|part| part.rated_milli_paisa - part.saved_milli_paisa + part.missing_milli_paisa)
                .sum();
            prop_assert_eq!(line.value_paisa, half_even(exact, MILLI_PAISA));
        }
    }

    #[test]
    fn b30_an_answer_cut_in_two_changes_no_amount(rows in 1..60_u32, cut in 0..60_u32) {
        let cut = cut.min(rows);
        let whole = World::of(vec![answer("kyc", Unit::Row, rows, LATER)]).issued().statement;
        let end = answer("kyc", Unit::Row, rows - cut, LATER);
        let part = Leaf { kind: Kind::Part, ..answer("kyc", Unit::Row, cut, LATER) };
        prop_assert_eq!(World::of(vec![part, end]).issued().statement, whole);
    }

    #[test]
    fn b24_a_wrong_number_anywhere_is_found(answers in any_answers(), place in any::<prop::sample::Index>(), by in 1..1_000_i64) {
        prop_assume!(!answers.is_empty());
        let world = World::of(answers);
        let mut issued = world.issued();
        let statement = &mut issued.statement;
        let mut numbers: Vec<&mut i64> = Vec::new();
        for line in &mut statement.lines {
            for part in &mut line.parts {
                numbers.extend([&mut part.calls, &mut part.rows, &mut part.units, &mut part.rated_milli_paisa]);
                numbers.extend([&mut part.saved_milli_paisa, &mut part.missing_milli_paisa]);
            }
            numbers.extend([&mut line.value_paisa, &mut line.given_paisa]);
        }
        statement.taxes.iter_mut().for_each(|tax| numbers.extend([&mut tax.on_paisa, &mut tax.tax_paisa]));
        numbers.extend([&mut statement.value_paisa, &mut statement.given_paisa, &mut statement.tax_paisa]);
        numbers.push(&mut statement.total_paisa);
        let at = place.index(numbers.len());
        *numbers[at] += by;
        let found = audited(&issued, &world.evidence()).findings;
        prop_assert_eq!(found.len(), 1, "{:?}", found);
        let named = matches!(
            &found[0],
            Finding::Line { differs: Differs { stated, found, .. }, .. }
            | Finding::Tax { differs: Differs { stated, found, .. }, .. }
            | Finding::Total(Differs { stated, found, .. }) if stated - found == by
        );
        prop_assert!(named, "{:?}", found);
    }
}
