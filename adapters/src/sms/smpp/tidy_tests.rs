//! What the library reads of a delivery once it is tidy.

use bytes::BytesMut;
use proptest::prelude::*;
use rusmpp::{Command, Pdu, pdus::DeliverSm, tlvs::TlvValue};

use super::*;

/// A PDU with this body.
fn pdu(command: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    [&[length, command, 0, 7].map(u32::to_be_bytes).concat(), body].concat()
}

/// A receipt's body with what else stands behind it.
fn body(source: &[u8], tlvs: &[u8]) -> Vec<u8> {
    let text = b"id:7 stat:DELIVRD";
    let fields: [&[u8]; 6] =
        [b"CMT\x00\x01\x01", source, b"\x00\x03\x008009\x00\x04\x11\x09", b"bad\x00bad\x00", &[1, 2, 0, 3, 17], text];
    [fields.concat(), tlvs.to_vec()].concat()
}

/// As the library reads it, all of it.
fn read(octets: &[u8]) -> DeliverSm {
    use rusmpp::decode::DecodeWithLength as _;
    let mut rest = BytesMut::from(&octets[4..]);
    let length = rest.len();
    let (command, read) = Command::decode(&mut rest, length).expect("the library reads it");
    assert_eq!((read, rest.len(), command.sequence_number()), (length, 0, 7));
    assert_eq!(octets[..4], u32::try_from(octets.len()).unwrap().to_be_bytes());
    match command.pdu() {
        Some(Pdu::DeliverSm(deliver)) => deliver.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_we_read_is_kept_and_the_rest_left_out() {
    let deliver = read(&tidy(&pdu(5, &body(b"923001234567", &[0x14, 0x01, 0, 1, 9, 0x04, 0x24, 0, 2, b'h', b'i']))));
    assert_eq!((deliver.source_addr.as_str(), u8::from(deliver.source_addr_ton)), ("923001234567", 1));
    assert_eq!((u8::from(deliver.esm_class), u8::from(deliver.data_coding)), (4, 0));
    assert_eq!(deliver.short_message().as_ref(), b"id:7 stat:DELIVRD");
    let values: Vec<_> = deliver.tlvs().iter().filter_map(|tlv| tlv.value()).collect();
    assert!(matches!(values[..], [TlvValue::MessagePayload(payload)] if payload.value.as_ref() == b"hi"), "{values:?}");
}

#[test]
fn tlvs_out_of_order_are_set_right_or_left_out() {
    let check = |tlvs: &[u8], name: Option<&str>, state: Option<u8>| {
        let deliver = read(&tidy(&pdu(5, &body(b"923001234567", tlvs))));
        let (mut read_name, mut read_state) = (None, None);
        for value in deliver.tlvs().iter().filter_map(|tlv| tlv.value()) {
            match value {
                TlvValue::ReceiptedMessageId(told) => read_name = Some(told.as_str().to_owned()),
                TlvValue::MessageState(told) => read_state = Some(u8::from(*told)),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((read_name.as_deref(), read_state), (name, state), "{tlvs:x?}");
    };
    check(&[0, 0x1E, 0, 2, b'A', 0], Some("A"), None);
    check(&[0, 0x1E, 0, 2, b'A', b'b'], Some("Ab"), None);
    check(&[0, 0x1E, 0, 4, b'A', 0, 0, 0], Some("A"), None);
    check(&[0, 0x1E, 0, 1, 0], None, None);
    check(&[0, 0x1E, 0, 1, 0xFF], None, None);
    check(&[0, 0x1E, 0, 0], None, None);
    check(&[4, 0x27, 0, 2, 2, 0, 0, 0x1E, 0, 1, b'B'], Some("B"), Some(2));
    check(&[4, 0x27, 0, 0], None, None);
    check(&[2, 0x0C, 0, 1, 7, 2, 0x0E, 0, 2, 0, 3], None, None);
    check(&[4, 0x27, 0, 1, 2, 0, 0x1E, 0, 9, b'A'], None, Some(2));
    check(&[4, 0x27, 0, 1, 2, 0], None, Some(2));
    let long = [&[0, 0x1E, 0, 65][..], &[b'9'; 65]].concat();
    check(&long, None, None);
}

#[test]
fn a_sender_that_is_not_plain_becomes_none() {
    for source in [&b"\xC3\xA9tat"[..], &[b'9'; 21], b"1\n2"] {
        assert_eq!(read(&tidy(&pdu(5, &body(source, &[])))).source_addr.as_str(), "", "{source:x?}");
    }
}

#[test]
fn what_cannot_be_read_becomes_an_empty_delivery() {
    let whole = body(b"923001234567", &[]);
    for end in 1..whole.len() {
        let deliver = read(&tidy(&pdu(5, &whole[..end])));
        assert_eq!((deliver.source_addr.as_str(), deliver.short_message().len()), ("", 0), "{end}");
    }
}

#[test]
fn all_other_pdus_stay_as_they_are() {
    for pdu in [pdu(0x15, &[]), pdu(0x8000_0004, b"0A1F\0"), pdu(5, &[]), pdu(4, &body(b"1", &[])), vec![0, 0, 0, 7]] {
        assert_eq!(tidy(&pdu), pdu);
    }
}

proptest! {
    #[test]
    fn the_library_reads_any_delivery_once_it_is_tidy(octets in prop::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 1..200)) {
        read(&tidy(&pdu(5, &octets)));
    }
}
