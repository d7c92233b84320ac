//! Receipts and messages of citizens over SMPP, against our own short message centre.

use super::common::{CITIZEN, Inbox, bound, outgoing, pair};
use adapters::sms::{
    port::{Fate, Link, Part, SmsTransport as _, short_reference},
    smpp::limits::DELIVERIES_AT_ONCE_MAX,
};
use exchange::mobile::Mobile;
use rusmpp::{CommandStatus, tlvs::MessageDeliveryRequestTlvValue};
use tests::smsc::{Fault, IdForm, Numbering, PATIENCE, Place, message, parts, receipt};
use tokio::time::timeout;

const OK: CommandStatus = CommandStatus::EsmeRok;
const AGAIN: CommandStatus = CommandStatus::EsmeRxTAppn;

#[tokio::test]
async fn a_citizens_message_comes_whole_whatever_its_alphabet() {
    let pair = bound().await;
    for text in ["OK 482913 07", "3520112345671", "اے انکار K7Q4 😀"] {
        assert_eq!(pair.smsc.deliver(message(CITIZEN, text)).await, Ok(OK));
    }
    let messages = pair.inbox.messages();
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["OK 482913 07", "3520112345671", "اے انکار K7Q4 😀"]);
    assert!(messages.iter().all(|each| each.part.is_none() && Ok(each.from) == Mobile::parse(CITIZEN)));
}

#[tokio::test]
async fn the_parts_of_a_message_come_with_their_numbers() {
    let text = "یہ ایک لمبا پیغام ہے جو تین حصوں میں آتا ہے";
    for numbering in [Numbering::EightBit, Numbering::SixteenBit, Numbering::Sar] {
        let pair = bound().await;
        // Last first: the network keeps no order.
        for part in parts(CITIZEN, text, 16, numbering, 0x0107).into_iter().rev() {
            assert_eq!(pair.smsc.deliver(part).await, Ok(OK));
        }
        let mut messages = pair.inbox.messages();
        messages.sort_by_key(|message| message.part.map(|part| part.number));
        let joined: String = messages.iter().map(|message| message.text.as_str()).collect();
        assert_eq!(joined, text, "{numbering:?}");
        let reference = if numbering == Numbering::EightBit { 0x07 } else { 0x0107 };
        assert_eq!(messages[2].part, Some(Part { reference, total: 3, number: 3 }), "{numbering:?}");
    }
}

#[tokio::test]
async fn c49_a_message_of_255_parts_comes_part_by_part() {
    let pair = bound().await;
    let text = "0123456789".repeat(51);
    let mut answers = Vec::new();
    for part in parts(CITIZEN, &text, 2, Numbering::EightBit, 9) {
        answers.push(pair.smsc.deliver(part).await);
    }
    assert_eq!(answers.len(), 255);
    assert!(answers.iter().all(|answer| *answer == Ok(OK)));
    let joined: String = pair.inbox.messages().iter().map(|message| message.text.as_str()).collect();
    assert_eq!(joined, text);
    assert_eq!(pair.inbox.messages()[254].part, Some(Part { reference: 9, total: 255, number: 255 }));
}

#[tokio::test]
async fn c49_a_malformed_header_is_acknowledged_and_let_go() {
    let pair = bound().await;
    for header in [&[][..], &[5], &[5, 0, 3, 1, 2, 0], &[5, 0, 3, 1, 2, 3], &[5, 0, 9, 1, 2, 1], &[0xFF; 20]] {
        let deliver = tests::smsc::deliver(CITIZEN, 0x40, 0, header.to_vec(), Vec::new());
        assert_eq!(pair.smsc.deliver(deliver).await, Ok(OK), "{header:?}");
    }
    assert_eq!((pair.smpp.let_go(), pair.inbox.messages().len()), (6, 0));
    assert_eq!(pair.smpp.link(), Link::Up);
}

#[tokio::test]
async fn what_is_no_text_from_a_mobile_of_pakistan_is_acknowledged_and_let_go() {
    let pair = bound().await;
    for from in ["8009", "EasyPaisa", "447700900123", ""] {
        assert_eq!(pair.smsc.deliver(message(from, "HELP")).await, Ok(OK), "{from}");
    }
    for (coding, octets) in [(0, vec![0x80]), (8, vec![0x06]), (4, vec![1, 2, 3])] {
        let deliver = tests::smsc::deliver(CITIZEN, 0, coding, octets, Vec::new());
        assert_eq!(pair.smsc.deliver(deliver).await, Ok(OK), "{coding}");
    }
    assert_eq!((pair.smpp.let_go(), pair.inbox.messages().len()), (7, 0));
}

#[tokio::test]
async fn a_message_is_acknowledged_only_once_it_is_kept() {
    let pair = pair(Inbox::shut(), |_| {}, |_| {}).await;
    pair.up().await;
    let mut answer = pair.smsc.begin_delivery(message(CITIZEN, "OK 482913 07")).unwrap();
    pair.inbox.arrived.acquire().await.unwrap().forget();
    // The link lives and answers, and this is not among the answers.
    pair.smsc.enquire();
    pair.smsc.until_counts("a sign of life", |counts| counts.signs_of_life == 1).await.unwrap();
    assert!(answer.try_recv().is_err());
    pair.inbox.gate.add_permits(1);
    assert_eq!(timeout(PATIENCE, answer).await.expect("an answer in time"), Ok(OK));
    assert_eq!(pair.inbox.messages().len(), 1);
}

#[tokio::test]
async fn what_could_not_be_kept_is_asked_for_again() {
    let pair = bound().await;
    pair.inbox.refuse(2);
    assert_eq!(pair.smsc.deliver(message(CITIZEN, "HELP")).await, Ok(AGAIN));
    assert_eq!(pair.smsc.deliver(receipt("7", CITIZEN, 2, Place::Both)).await, Ok(AGAIN));
    assert_eq!(pair.smsc.deliver(message(CITIZEN, "HELP")).await, Ok(OK));
    assert_eq!(pair.smsc.deliver(receipt("7", CITIZEN, 2, Place::Both)).await, Ok(OK));
    assert_eq!((pair.inbox.messages().len(), pair.inbox.receipts().len()), (1, 1));
}

#[tokio::test]
async fn beyond_what_is_kept_at_once_a_delivery_is_asked_for_again() {
    let pair = pair(Inbox::shut(), |_| {}, |_| {}).await;
    pair.up().await;
    let begin = |_| pair.smsc.begin_delivery(message(CITIZEN, "HELP")).unwrap();
    let answers: Vec<_> = (0..DELIVERIES_AT_ONCE_MAX).map(begin).collect();
    assert_eq!(pair.smsc.deliver(message(CITIZEN, "HELP")).await, Ok(AGAIN));
    pair.inbox.gate.add_permits(DELIVERIES_AT_ONCE_MAX);
    for answer in answers {
        assert_eq!(timeout(PATIENCE, answer).await.expect("an answer in time"), Ok(OK));
    }
    assert_eq!(pair.inbox.messages().len(), DELIVERIES_AT_ONCE_MAX);
}

#[tokio::test]
async fn a_receipt_tells_what_became_of_the_message() {
    let pair = bound().await;
    let expected = [
        (1, Fate::Underway),
        (2, Fate::Delivered),
        (3, Fate::Undeliverable),
        (5, Fate::Undeliverable),
        (6, Fate::Underway),
        (8, Fate::Undeliverable),
    ];
    for place in [Place::Text, Place::Tlvs, Place::Both] {
        for (state, _) in expected {
            assert_eq!(pair.smsc.deliver(receipt("0a1f", CITIZEN, state, place)).await, Ok(OK));
        }
    }
    let fates: Vec<Fate> = pair.inbox.receipts().iter().map(|receipt| receipt.fate).collect();
    assert_eq!(fates, [expected.map(|(_, fate)| fate); 3].concat());
    assert!(pair.inbox.receipts().iter().all(|receipt| receipt.to == Mobile::parse(CITIZEN).ok()));
}

#[tokio::test]
async fn c49_a_receipt_names_the_message_as_the_far_end_wrote_it() {
    let pair = bound().await;
    let name = pair.send("OK").await.unwrap();
    for form in [IdForm::AsGiven, IdForm::Decimal, IdForm::UpperCase] {
        for place in [Place::Text, Place::Tlvs] {
            let told = receipt(&form.write(&name), CITIZEN, 2, place);
            assert_eq!(pair.smsc.deliver(told).await, Ok(OK));
        }
    }
    let names: Vec<String> = pair.inbox.receipts().into_iter().map(|receipt| receipt.message_id).collect();
    let decimal = "2881486848".to_owned();
    assert_eq!(names, ["abc00000", "abc00000", &decimal, &decimal, "ABC00000", "ABC00000"]);
}

#[tokio::test]
async fn a_receipt_repeats_our_short_name_where_the_far_end_does() {
    let pair = bound().await;
    let name = pair.send("OK").await.unwrap();
    let short = pair.smsc.submitted()[0].reference;
    assert_eq!(short, Some(short_reference(&outgoing("OK").id, 0)));
    let mut told = receipt(&name, CITIZEN, 2, Place::Both);
    told.push_tlv(MessageDeliveryRequestTlvValue::UserMessageReference(short.unwrap().into()));
    assert_eq!(pair.smsc.deliver(told).await, Ok(OK));
    assert_eq!(pair.inbox.receipts()[0].short, short);
}

#[tokio::test]
async fn c49_a_receipt_may_come_before_the_answer_to_the_message() {
    let pair = bound().await;
    pair.smsc.fail_submit(Fault::ReceiptFirst);
    let name = pair.send("OK").await.unwrap();
    pair.inbox.arrived.acquire().await.unwrap().forget();
    let receipts = pair.inbox.receipts();
    assert_eq!((receipts[0].message_id.as_str(), receipts[0].fate), (name.as_str(), Fate::Delivered));
}

#[tokio::test]
async fn c49_a_receipt_of_a_message_that_nobody_knows_is_passed_on_and_acknowledged() {
    let pair = bound().await;
    assert_eq!(pair.smsc.deliver(receipt("no-such", CITIZEN, 2, Place::Both)).await, Ok(OK));
    assert_eq!(pair.inbox.receipts()[0].message_id, "no-such");
    // One that names none is let go.
    assert_eq!(pair.smsc.deliver(tests::smsc::deliver(CITIZEN, 4, 0, vec![0xFF], vec![])).await, Ok(OK));
    assert_eq!((pair.inbox.receipts().len(), pair.smpp.let_go()), (1, 1));
}

#[tokio::test]
async fn a_citizen_cannot_forge_a_receipt() {
    let pair = bound().await;
    let words = "id:abc00000 sub:001 dlvrd:001 stat:DELIVRD err:000 text:";
    assert_eq!(pair.smsc.deliver(message(CITIZEN, words)).await, Ok(OK));
    assert_eq!((pair.inbox.receipts().len(), pair.inbox.messages().len()), (0, 1));
}

#[tokio::test]
async fn a_delivery_that_the_library_cannot_read_is_acknowledged_and_comes_no_more() {
    let pair = bound().await;
    // A receipt whose name lacks its closing zero, and a message whose sender is a name in Urdu.
    let receipt = [&[0; 7][..], &[4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x1E, 0, 2, b'A', b'b']].concat();
    let message = [&[0, 5, 0][..], "اجازت".as_bytes(), &[0; 14], &[2, b'H', b'i']].concat();
    for (sequence, body) in (900_u32..).zip([receipt, message]) {
        let length = u32::try_from(16 + body.len()).unwrap();
        let header = [length, 5, 0, sequence].map(u32::to_be_bytes).concat();
        pair.smsc.send_raw([header, body].concat());
    }
    pair.smsc.until_counts("acknowledgements", |counts| counts.acknowledged == 2).await.unwrap();
    assert_eq!((pair.inbox.receipts()[0].message_id.as_str(), pair.smpp.let_go()), ("Ab", 1));
    assert_eq!(pair.smsc.counts().ended, 0);
}
