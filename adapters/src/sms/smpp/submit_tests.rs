//! The PDU of each piece, and each answer to it.

use rusmpp::{Pdu, pdus::SubmitSmResp, tlvs::TlvValue};

use super::*;

const ID: &str = "00112233445566778899aabbccddeeff";

fn built(text: &str, piece: u8, version: Version) -> Option<SubmitSm> {
    let to = Mobile::parse("03001234567").unwrap();
    pdu(&Source::short_code("8009"), version, to, &Pieces::cut(text), piece, ID)
}

#[test]
fn a_short_message_is_an_ordinary_one_with_a_final_receipt() {
    let submit = built("Ijazat code [482913]", 0, Version::V3_4).unwrap();
    assert_eq!(u8::from(submit.esm_class), 0);
    assert_eq!(u8::from(submit.registered_delivery), 1);
    assert_eq!(u8::from(submit.data_coding), 0);
    assert_eq!((u8::from(submit.source_addr_ton), u8::from(submit.source_addr_npi)), (3, 0));
    assert_eq!((u8::from(submit.dest_addr_ton), u8::from(submit.dest_addr_npi)), (1, 1));
    assert_eq!((submit.source_addr.as_str(), submit.destination_addr.as_str()), ("8009", "923001234567"));
    assert!(submit.validity_period.as_str().is_empty());
    assert_eq!(submit.short_message().as_ref(), b"Ijazat code \x1b\x3c482913\x1b\x3e");
}

#[test]
fn pieces_share_one_reference_and_each_has_its_own() {
    let text = "ک".repeat(140);
    let first = built(&text, 0, Version::V3_4).unwrap();
    let third = built(&text, 2, Version::V3_4).unwrap();
    assert_eq!((u8::from(first.esm_class), u8::from(first.data_coding)), (0x40, 8));
    let parts = parts_reference(ID);
    assert_eq!(&first.short_message()[..6], &[5, 0, 3, parts, 3, 1]);
    assert_eq!(&third.short_message()[..6], &[5, 0, 3, parts, 3, 3]);
    let told = |submit: &SubmitSm| match submit.tlvs()[0].value() {
        Some(TlvValue::UserMessageReference(reference)) => reference.value,
        other => panic!("{other:?}"),
    };
    assert_eq!((told(&first), told(&third)), (short_reference(ID, 0), short_reference(ID, 2)));
    assert_eq!(built(&text, 0, Version::V3_4), Some(first));
    assert_eq!(built(&text, 3, Version::V3_4), None);
}

#[test]
fn the_oldest_version_gets_no_tlv() {
    assert!(built("OK", 0, Version::V3_3).unwrap().tlvs().is_empty());
    assert_eq!(built("OK", 0, Version::V5_0).unwrap().tlvs().len(), 1);
}

#[test]
fn other_names_give_other_references() {
    let mut seen: Vec<u8> = (0..100).map(|n| parts_reference(&format!("{n:032x}"))).collect();
    seen.sort_unstable();
    seen.dedup();
    // Of 256, a hundred draws meet some 83.
    assert!(seen.len() > 65, "{}", seen.len());
}

fn refused(status: u32) -> Answer {
    let response = Command::new(CommandStatus::from(status), 1, SubmitSmResp::default());
    answer(&Error::UnexpectedResponse { response: Box::new(response) })
}

#[test]
fn each_refusal_is_for_now_or_for_ever() {
    for status in [0x14, 0x58] {
        assert_eq!(refused(status), Answer::Overrun, "{status:#x}");
    }
    for status in [0x04, 0x08, 0x45, 0x64, 0xFE, 0xFF, 0x102, 0x400, 0x4FF, 0xDEAD] {
        let answer = refused(status);
        assert!(matches!(answer, Answer::Not(NotTaken::Later { after: Some(_), .. })), "{status:#x}: {answer:?}");
    }
    for status in [0x01, 0x02, 0x0A, 0x0B, 0x43, 0x48, 0x51, 0x65, 0x66, 0xC4, 0x100, 0x101, 0x103, 0x104] {
        let answer = refused(status);
        assert!(matches!(answer, Answer::Not(NotTaken::Never { .. })), "{status:#x}: {answer:?}");
    }
}

#[test]
fn an_answer_that_is_none_leaves_it_unknown() {
    let check = |error: &Error| {
        let answer = answer(error);
        assert!(matches!(answer, Answer::Not(NotTaken::Unknown { .. })), "{error:?}: {answer:?}");
    };
    check(&Error::ConnectionClosed);
    check(&Error::ConnectionClosedByPeer);
    check(&Error::ResponseTimeout { sequence_number: 1, timeout: Duration::from_secs(1) });
    check(&Error::Io(std::io::Error::other("broken pipe")));
    let other = Command::new(CommandStatus::EsmeRok, 1, Pdu::EnquireLinkResp);
    check(&Error::UnexpectedResponse { response: Box::new(other) });
}
