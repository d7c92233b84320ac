//! What the person at the terminal sees, and what a program reads, of each kind of answer.

use std::{
    io,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;

use super::*;

/// Where the story is told to, kept.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Page {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A terminal that went away.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

fn answer(status: u16, receipt: Option<&str>, body: Value) -> Answer {
    let mut headers = http::HeaderMap::new();
    if let Some(receipt) = receipt {
        headers.insert("ijazat-receipt", receipt.parse().unwrap());
    }
    Answer { status, headers, body }
}

fn page_of(tell: impl FnOnce(&mut Told)) -> String {
    let page = Page::default();
    let mut told = Told::new(Box::new(page.clone()));
    tell(&mut told);
    page.text()
}

#[test]
fn an_answer_is_told_with_what_was_released_and_withheld_and_its_price() {
    let receipt = "\"localhost/node-1/42\";rows=1;amount-milli-paisa=3500000;rate=\"2026-1\"";
    let body = json!({
        "data": { "name": "A" },
        "withheld": [
            { "datatype": "identity.photo", "code": "not_permitted", "policy": "G12" },
            { "datatype": "identity.address" }
        ]
    });
    let page = page_of(|told| told.answer(&answer(200, Some(receipt), body)));
    let expected = format!(
        "    released  {{\"name\":\"A\"}}\n    withheld  identity.photo (not_permitted, G12)\n    \
         withheld  identity.address (no policy permits it, no policy permits it)\n    receipt   {receipt} = Rs 35.00000\n"
    );
    assert_eq!(page, expected);
}

#[test]
fn an_answer_without_data_withheld_or_receipt_says_only_what_there_is() {
    assert_eq!(page_of(|told| told.answer(&answer(200, None, json!({})))), "");
    assert_eq!(page_of(|told| told.answer(&answer(200, None, Value::Null))), "");
    assert_eq!(page_of(|told| told.answer(&answer(200, None, json!({ "data": null })))), "    released  null\n");
    let page = page_of(|told| told.answer(&answer(200, None, json!({ "data": 1, "withheld": "not a list" }))));
    assert_eq!(page, "    released  1\n");
}

#[test]
fn a_refusal_is_told_in_both_languages_with_what_to_do() {
    let body = json!({
        "code": "consent_required", "title": "Consent required", "title_ur": "رضامندی درکار ہے", "detail": "ask first",
        "policies": ["G07", "G08"], "next": "/bc-authorize", "action": "ask the citizen", "instance": "not told"
    });
    let page = page_of(|told| told.answer(&answer(403, Some("\"o/n/1\";amount-milli-paisa=5"), body)));
    let expected = "    refused   403 consent_required\n    title     Consent required\n    title_ur  رضامندی درکار ہے\n    \
                    detail    ask first\n    policies  [\"G07\",\"G08\"]\n    next      /bc-authorize\n    action    ask the citizen\n";
    assert_eq!(page, expected, "and no price: refusals cost nothing");
    assert_eq!(page_of(|told| told.answer(&answer(500, None, Value::Null))), "    refused   500 \n");
}

#[test]
fn every_status_but_200_is_a_refusal() {
    for status in [201, 204, 301, 400, 403, 404, 429, 500, 503] {
        let page = page_of(|told| told.answer(&answer(status, None, json!({ "data": { "leak": 1 } }))));
        assert!(page.starts_with(&format!("    refused   {status}")) && !page.contains("leak"), "{page}");
    }
}

#[test]
fn a_long_answer_is_shortened_at_a_whole_character() {
    let check = |letter: &str, count: usize, cut: bool| {
        let page = page_of(|told| told.answer(&answer(200, None, json!({ "data": letter.repeat(count) }))));
        let shown = page.trim_end().strip_prefix("    released  ").unwrap();
        assert_eq!(shown.ends_with('…'), cut, "{count} of {letter}");
        assert_eq!(shown.chars().count(), if cut { 301 } else { count + 2 });
    };
    check("a", 297, false);
    check("a", 298, false);
    check("a", 299, true);
    check("ن", 298, false);
    check("ن", 5_000, true);
}

#[test]
fn steps_and_scenes_are_told_as_they_happen() {
    let page = page_of(|told| {
        told.scene("The bank asks");
        told.step("it is refused", true, "403");
        told.step("it is answered", false, "");
        told.say("  by the way");
    });
    assert_eq!(page, "\n── The bank asks\n  ✔ it is refused: 403\n  ✘ it is answered\n  by the way\n");
}

#[test]
fn a_story_with_one_failed_step_is_not_ok_and_its_json_says_which() {
    let mut told = Told::new(Box::new(io::sink()));
    assert!(!told.ok(), "a story without steps shows nothing");
    assert_eq!(told.json(), json!({ "ok": false, "steps": [] }));
    told.step("a", true, "");
    told.scene("scenes are no steps");
    told.say("and neither are words");
    assert!(told.ok());
    told.step("b", false, "seen otherwise");
    told.step("c", true, "a later success mends nothing");
    let expected = json!({ "ok": false, "steps": [
        { "name": "a", "ok": true, "detail": "" },
        { "name": "b", "ok": false, "detail": "seen otherwise" },
        { "name": "c", "ok": true, "detail": "a later success mends nothing" },
    ] });
    assert_eq!(told.json(), expected);
    assert_eq!(told.steps().len(), 3);
}

#[test]
fn a_terminal_that_went_away_stops_no_story() {
    let mut told = Told::new(Box::new(Gone));
    told.scene("nobody looks");
    told.step("still seen", true, "");
    told.answer(&answer(200, None, json!({ "data": 1 })));
    assert!(told.ok() && told.steps().len() == 1);
    assert_eq!(format!("{told:?}"), "Told { steps: 1, .. }");
}

#[test]
fn a_receipt_reads_back_and_what_is_none_reads_as_nothing() {
    let check = |receipt: &str, sequence, amount| {
        assert_eq!((sequence_of(receipt), amount_of(receipt)), (sequence, amount), "{receipt}");
    };
    check("\"ijazat.example/node-1/42\";rows=1;amount-milli-paisa=35000;rate=\"2026-1\"", Some(42), 35_000);
    check("\"o/0\"; amount-milli-paisa=1", Some(0), 1);
    check("\"o/n/18446744073709551615\"", Some(u64::MAX), 0);
    check("\"o/n/18446744073709551616\"", None, 0);
    check("\"7\";amount-milli-paisa=-3", Some(7), -3);
    check("\"o/n/\";amount-milli-paisa=", None, 0);
    check("o/n/7;rows=1", None, 0);
    check("x;xamount-milli-paisa=9", None, 0);
    check("", None, 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_receipt_of_ours_gives_back_place_and_price(
        origin in "[a-z.-]{1,12}(/[a-z0-9-]{1,8}){0,2}",
        sequence in any::<u64>(),
        amount in any::<i64>(),
        rows in any::<u32>(),
    ) {
        let receipt = format!("\"{origin}/{sequence}\";rows={rows};amount-milli-paisa={amount};rate=\"v\"");
        prop_assert_eq!(sequence_of(&receipt), Some(sequence));
        prop_assert_eq!(amount_of(&receipt), amount);
    }

    #[test]
    fn no_text_of_an_upstream_stops_the_teller(status in any::<u16>(), text in any::<String>(), receipt in "[ -~]{0,40}") {
        let body = json!({ "data": text, "title": text, "withheld": [{ "datatype": text }, 3, null] });
        let page = page_of(|told| told.answer(&answer(status, Some(&receipt), body)));
        prop_assert!(page.ends_with('\n'));
    }
}
