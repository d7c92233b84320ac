//! Parameters that are not what they should be, and claims that nobody made.

use serde_json::{Value, json};
use tests::world::World;

use crate::kit::{Bad, kyc, kyc_of, kyc_with, refused};

#[tokio::test]
async fn a_card_number_that_is_none_is_refused() {
    let world = World::start().await.unwrap();
    let cnic = |value: Value, code| {
        let body = json!({ "cnic": value });
        Bad::call(body.to_string(), &kyc_of(&world, body.to_string()), 400, code)
    };
    let all = [
        cnic(json!("421011234567"), "cnic_invalid"),
        cnic(json!("42101123456711"), "cnic_invalid"),
        cnic(json!("42101-1234567"), "cnic_invalid"),
        cnic(json!("4210I-I234567-I"), "cnic_invalid"),
        cnic(json!("abcdefghijklm"), "cnic_invalid"),
        cnic(json!(" 4210112345671"), "cnic_invalid"),
        cnic(json!("42101-12345-671"), "cnic_invalid"),
        cnic(json!("٤٢١٠١١٢٣٤٥٦٧١"), "cnic_invalid"),
        cnic(json!(""), "cnic_invalid"),
        cnic(json!(4_210_112_345_671_u64), "cnic_invalid"),
        cnic(json!(["4210112345671"]), "cnic_invalid"),
        cnic(json!(null), "parameter_invalid"),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn a_purpose_that_nobody_registered_is_refused() {
    let world = World::start().await.unwrap();
    let purpose = |given: Option<&str>, status, code| {
        Bad::call(format!("{given:?}"), &kyc_with(&world, "ijazat-purpose", given), status, code)
    };
    let all = [
        purpose(Some("XXX-999"), 400, "purpose_unknown"),
        purpose(Some("kyc-101"), 400, "purpose_unknown"),
        purpose(Some("KYC-101,KYC-102"), 400, "purpose_unknown"),
        // Registered, but not for this service.
        purpose(Some("NSER-201"), 400, "purpose_unknown"),
        purpose(None, 400, "purpose_required"),
    ];
    refused(&world, "bank-indus", &all).await;
}

#[tokio::test]
async fn parameters_and_bases_that_nobody_knows_are_refused() {
    let world = World::start().await.unwrap();
    let cnic = world.stage.cast.citizen.digits();
    let with = |name: &str, value: Value| {
        let mut body = json!({ "cnic": cnic });
        body[name] = value;
        Bad::call(body.to_string(), &kyc_of(&world, body.to_string()), 400, "parameter_invalid")
    };
    let basis = |given, status, code| Bad::call(given, &kyc(&world).with("ijazat-basis", given), status, code);
    let all = [
        with("admin", json!(true)),
        with("fields", json!([])),
        with("fields", json!("identity.name")),
        with("fields", json!(["identity name"])),
        with("fields", json!([1])),
        // Of no dictionary, and of another service.
        with("fields", json!(["identity.nmae"])),
        with("fields", json!(["nser.pmt"])),
        basis("prog-nobody", 403, "basis_unknown"),
        // Another agency's.
        basis("prog-kafalat", 403, "basis_unknown"),
        basis("appr-board-1", 403, "basis_unknown"),
        basis("a,b,c", 400, "header_invalid"),
    ];
    refused(&world, "bank-indus", &all).await;
}
