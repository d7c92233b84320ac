//! Each form in which a delivery comes, and what is let go.

use proptest::prelude::*;
use rusmpp::{
    tlvs::MessageDeliveryRequestTlvValue as Tlv,
    types::{AnyOctetString, COctetString, OctetString},
    values::{DataCoding, EsmClass, MessagePayload, MessageState},
};

use super::*;
use crate::sms::port::Fate;

fn deliver(source: &str, class: u8, coding: u8, octets: &[u8], tlvs: Vec<Tlv>) -> DeliverSm {
    DeliverSm::builder()
        .source_addr_ton(Ton::International)
        .source_addr(COctetString::from_string(source.to_owned()).unwrap())
        .esm_class(EsmClass::from(class))
        .data_coding(DataCoding::from(coding))
        .short_message(OctetString::from_slice(octets).unwrap())
        .tlvs(tlvs)
        .build()
}

const CITIZEN: &str = "923001234567";

fn text(coding: u8, octets: &[u8]) -> Result<String, LetGo> {
    match read(&deliver(CITIZEN, 0, coding, octets, vec![]))? {
        Delivery::Message(message) => Ok(message.text),
        Delivery::Receipt(_) => panic!("a receipt"),
    }
}

#[test]
fn a_text_is_read_in_the_alphabet_that_it_says() {
    let check = |coding, octets: &[u8], expected: Result<&str, LetGo>| {
        assert_eq!(text(coding, octets), expected.map(ToOwned::to_owned), "{coding}: {octets:x?}");
    };
    check(0, b"OK 482913 \x1b\x65", Ok("OK 482913 €"));
    check(0, &[0x41, 0x80], Err(LetGo::Octets(0)));
    check(1, b"OK", Ok("OK"));
    check(1, &[0x80], Err(LetGo::Octets(1)));
    check(1, b"a@b [1]\n", Ok("a@b [1]\n"));
    check(1, b"a\x00b \x1b\x3c1\x1b\x3e\n", Ok("a@b [1]\n"));
    check(1, &[0x1B, 0x80], Err(LetGo::Octets(1)));
    check(3, &[0x4F, 0xE9], Ok("Oé"));
    check(8, &[0x06, 0x27, 0x06, 0xD2], Ok("اے"));
    check(8, &[0x06], Err(LetGo::Octets(8)));
    check(8, &[0xD8, 0x3D], Ok("\u{FFFD}"));
    check(0xF0, b"OK", Ok("OK"));
    check(0x18, &[0x00, 0x41], Ok("A"));
    check(4, b"OK", Err(LetGo::Alphabet(4)));
    check(0xF4, b"OK", Err(LetGo::Alphabet(0xF4)));
    check(0, b"", Ok(""));
}

#[test]
fn a_sender_is_read_however_the_network_writes_it() {
    let check = |source: &str, ton: Ton, expected: bool| {
        let mut deliver = deliver(source, 0, 1, b"HELP", vec![]);
        deliver.source_addr_ton = ton;
        let read = read(&deliver);
        let from = Mobile::parse("03001234567").unwrap();
        match read {
            Ok(Delivery::Message(message)) => assert!(expected && message.from == from, "{source}"),
            other => assert!(!expected && other == Err(LetGo::Sender), "{source}: {other:?}"),
        }
    };
    for source in ["923001234567", "+923001234567", "00923001234567", "03001234567"] {
        check(source, Ton::International, true);
        check(source, Ton::Unknown, true);
    }
    check("3001234567", Ton::National, true);
    check("3001234567", Ton::International, false);
    for source in ["", "8009", "EasyPaisa", "447700900123", "+1234", "92300123456", "0"] {
        check(source, Ton::Unknown, false);
    }
}

#[test]
fn the_part_comes_from_the_header_or_from_the_tlvs() {
    let check = |class, octets: &[u8], tlvs, expected: Result<Option<(u16, u8, u8)>, LetGo>| {
        let part = match read(&deliver(CITIZEN, class, 1, octets, tlvs)) {
            Ok(Delivery::Message(message)) => {
                assert_eq!(message.text, "x");
                Ok(message.part.map(|part| (part.reference, part.total, part.number)))
            }
            Err(why) => Err(why),
            Ok(Delivery::Receipt(_)) => panic!("a receipt"),
        };
        assert_eq!(part, expected);
    };
    let sar = |total, number| vec![Tlv::SarMsgRefNum(513), Tlv::SarTotalSegments(total), Tlv::SarSegmentSeqnum(number)];
    check(0x40, &[5, 0, 3, 7, 2, 1, b'x'], vec![], Ok(Some((7, 2, 1))));
    check(0x40, &[6, 8, 4, 1, 2, 255, 9, b'x'], vec![], Ok(Some((0x0102, 255, 9))));
    check(0, b"x", sar(3, 2), Ok(Some((513, 3, 2))));
    check(0, b"x", sar(1, 1), Ok(None));
    check(0, b"x", sar(3, 2)[..2].to_vec(), Ok(None));
    check(0, b"x", sar(3, 4), Err(LetGo::Header(HeaderError::Malformed)));
    check(0x40, &[9, 0, 3, 7, 2, 1, b'x'], vec![], Err(LetGo::Header(HeaderError::Malformed)));
    check(0x40, b"", vec![], Err(LetGo::Header(HeaderError::Malformed)));
}

#[test]
fn a_long_text_comes_in_the_payload() {
    let long = "a".repeat(1_000);
    let payload = Tlv::MessagePayload(MessagePayload::new(AnyOctetString::from_vec(long.clone().into_bytes())));
    match read(&deliver(CITIZEN, 0, 1, b"", vec![payload])) {
        Ok(Delivery::Message(message)) => assert_eq!(message.text, long),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_receipt_is_told_by_class_or_by_tlv_and_never_by_the_words_of_a_citizen() {
    let words = b"id:7 sub:001 dlvrd:001 stat:DELIVRD err:000 text:x";
    let check = |class, octets: &[u8], tlvs, expected: Result<(&str, Fate), LetGo>| {
        let read = match read(&deliver(CITIZEN, class, 0, octets, tlvs)) {
            Ok(Delivery::Receipt(receipt)) => {
                assert_eq!(receipt.to, Mobile::parse(CITIZEN).ok());
                Ok((receipt.message_id, receipt.fate))
            }
            Ok(Delivery::Message(message)) => panic!("{:?}", message.part),
            Err(why) => Err(why),
        };
        assert_eq!(read, expected.map(|(id, fate)| (id.to_owned(), fate)));
    };
    let named = || Tlv::ReceiptedMessageId(COctetString::from_static_slice(b"0A1F\0").unwrap());
    let state = |state| Tlv::MessageState(MessageState::from(state));
    check(0x04, words, vec![], Ok(("7", Fate::Delivered)));
    check(0x04, words, vec![named(), state(5)], Ok(("0A1F", Fate::Undeliverable)));
    check(0x04, b"", vec![named()], Ok(("0A1F", Fate::Underway)));
    check(0x00, words, vec![named()], Ok(("0A1F", Fate::Delivered)));
    check(0x20, b"id:7 stat:ENROUTE", vec![], Ok(("7", Fate::Underway)));
    check(0x04, b"\xff\xfe", vec![state(2)], Err(LetGo::ReceiptWithoutName));
    check(0x08, words, vec![], Err(LetGo::Acknowledgement));
    check(0x10, words, vec![], Err(LetGo::Acknowledgement));
    assert_eq!(text(0, words).as_deref(), Ok("id:7 sub:001 dlvrd:001 stat:DELIVRD err:000 text:x"));
}

#[test]
fn a_receipt_from_a_number_that_is_no_mobile_is_still_a_receipt() {
    match read(&deliver("8009", 4, 0, b"id:7 stat:DELIVRD", vec![])) {
        Ok(Delivery::Receipt(receipt)) => assert_eq!((receipt.to, receipt.message_id.as_str()), (None, "7")),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn any_octets_in_any_class_and_alphabet_are_read_or_let_go(
        class: u8, coding: u8, source in "[ -~]{0,20}", octets in prop::collection::vec(any::<u8>(), 0..255),
    ) {
        match read(&deliver(&source, class, coding, &octets, vec![])) {
            Ok(Delivery::Message(message)) => {
                prop_assert!(message.part.is_none_or(|part| part.number >= 1 && part.number <= part.total && part.total > 1));
            }
            Ok(Delivery::Receipt(receipt)) => prop_assert!(!receipt.message_id.is_empty() || receipt.short.is_some()),
            Err(_) => {}
        }
    }

    #[test]
    fn a_text_of_ours_sent_back_to_us_is_read_as_it_was(text in "[ -~اآبپٹکگےی😀€]{0,150}") {
        let pieces = super::super::pieces::Pieces::cut(&text);
        let coding = if pieces.coding() == super::super::pieces::Coding::Gsm7 { 0 } else { 8 };
        let several = pieces.count() != Some(1);
        let joined: String = (0..pieces.count().unwrap()).map(|piece| {
            let octets = pieces.octets(piece, 7).unwrap();
            match read(&deliver(CITIZEN, if several { 0x40 } else { 0 }, coding, &octets, vec![])) {
                Ok(Delivery::Message(message)) => message.text,
                other => panic!("{other:?}"),
            }
        }).collect();
        prop_assert_eq!(joined, text);
    }
}

#[test]
fn a_receipt_may_name_the_message_by_our_own_short_name() {
    let check = |octets: &[u8], expected: (&str, Option<u16>)| {
        let ours = vec![Tlv::UserMessageReference(0xA70F.into())];
        match read(&deliver(CITIZEN, 0x04, 0, octets, ours)) {
            Ok(Delivery::Receipt(receipt)) => assert_eq!((receipt.message_id.as_str(), receipt.short), expected),
            other => panic!("{other:?}"),
        }
    };
    check(b"id:7 stat:DELIVRD", ("7", Some(0xA70F)));
    check(b"stat:DELIVRD", ("", Some(0xA70F)));
}
