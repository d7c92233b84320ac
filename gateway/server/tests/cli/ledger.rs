//! Payments are in the books once, under their reference; what an agency may spend is told; the door stops where it ends.

use exchange::record::leaf::Kind;

use crate::{
    admin::told_of,
    kit::{Folder, text},
};

#[test]
fn a_payment_is_in_the_books_once_and_stands_in_the_access_log() {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    assert_eq!(folder.answer(&["ledger", "show"]), "no agency has paid in, was charged, or is bound by terms\n");
    let pay = ["ledger", "top-up", "bank-indus", "2500.50", "--reference", "HBL-7"];
    assert_eq!(folder.answer(&pay), "HBL-7: Rs 2500.50000 of bank-indus is in the books\n");
    assert_eq!(folder.answer(&pay), "HBL-7: Rs 2500.50000 of bank-indus was in the books already\n");
    let refused = |arguments: &[&str], code: i32, why: &str| {
        let output = folder.ijazat(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        assert!(text(&output.stderr).contains(why), "{arguments:?}: {}", text(&output.stderr));
    };
    refused(&["ledger", "top-up", "bank-indus", "1", "--reference", "HBL-7"], 1, "in the books already");
    refused(&["ledger", "top-up", "nobody", "1", "--reference", "HBL-8"], 1, "`nobody` is not in the directory");
    refused(&["ledger", "top-up", "bank-indus", "0", "--reference", "HBL-8"], 2, "above 0");
    refused(&["ledger", "top-up", "bank-indus", "5"], 2, "--reference");
    refused(&["ledger", "show", "nobody"], 1, "`nobody` is not in the directory");
    let shown = folder.answer(&["ledger", "show", "bank-indus"]);
    assert!(shown.contains("credited Rs 2500.50000, debited Rs 0.00000, held Rs 0.00000"), "{shown}");
    assert_eq!(folder.answer(&["ledger", "check"]), "2 accounts agree with their movements; debits equal credits\n");
    folder.serve(&[], &[]).stop();
    let told = told_of(&folder);
    let deeds: Vec<_> =
        told.iter().map(|(leaf, _)| (leaf.kind, leaf.service.as_deref(), leaf.agency.as_deref())).collect();
    assert_eq!(deeds, [(Kind::Admin, Some("admin.wallet-top-up@1"), Some("bank-indus"))]);
    let detail = String::from_utf8(told[0].1.parameters.to_vec()).unwrap();
    assert!(detail.contains("250050000") && detail.contains("HBL-7"), "{detail}");
}
