//! Messages to citizens over SMPP, against our own short message centre.

use std::time::Duration;

use super::common::{CITIZEN, bound, bound_with, outgoing};
use adapters::sms::{
    port::{Link, NotTaken, SmsTransport as _},
    smpp::config::Version,
};
use tests::smsc::Fault;
use tokio::time::{Instant, timeout};

const ENGLISH: &str = "Ijazat code 482913: SBL Saddar Khi seeks name+address for account opening. Ref K7Q4. \
                       Give only at this counter. Not you? Reply NO K7Q4";
const ROMAN_URDU: &str = "Ijazat code 482913: SBL Saddar Khi ko aap ka name+address account opening ke liye chahiye. \
                          Ref K7Q4. Sirf isi counter par dein. Inkar: NO K7Q4";
const URDU: &str = "اجازت کوڈ 482913 / ایس بی ایل صدر: نام، پتہ برائے اکاؤنٹ / حوالہ K7Q4۔ کوڈ صرف اسی کاؤنٹر پر دیں، \
                    فون پر نہیں۔ انکار: NO K7Q4";

#[tokio::test]
async fn english_and_roman_urdu_go_out_in_one_piece_as_they_are() {
    let pair = bound().await;
    for text in [ENGLISH, ROMAN_URDU, "{[€~^|]} @£$ Ñ"] {
        assert_eq!(pair.smpp.pieces(text), 1, "{text}");
        pair.send(text).await.unwrap();
    }
    assert_eq!(pair.smsc.texts(CITIZEN), [ENGLISH, ROMAN_URDU, "{[€~^|]} @£$ Ñ"]);
    for each in pair.smsc.submitted() {
        assert_eq!((each.esm_class, each.data_coding, each.registered_delivery), (0, 0, 1));
        assert_eq!((each.source.as_str(), each.source_ton_npi), ("8009", (3, 0)));
        assert_eq!((each.to.as_str(), each.to_ton_npi), (CITIZEN, (1, 1)));
        assert_eq!(each.validity, "");
    }
}

#[tokio::test]
async fn c05_an_urdu_message_goes_out_in_ucs2_parts_that_a_handset_joins_exactly() {
    let pair = bound().await;
    assert_eq!(pair.smpp.pieces(URDU), 2);
    pair.send_all(URDU).await;
    assert_eq!(pair.smsc.texts(CITIZEN), [URDU]);
    let submitted = pair.smsc.submitted();
    let references: Vec<u8> = submitted.iter().map(|each| each.part().0.0).collect();
    assert_eq!(references[0], references[1]);
    for (number, each) in (1..).zip(&submitted) {
        let ((_, total, at), body) = each.part();
        assert_eq!((total, at), (2, number));
        assert_eq!((each.esm_class, each.data_coding, each.registered_delivery), (0x40, 8, 1));
        assert!(body.len() <= 134 && body.len() % 2 == 0, "{} octets", body.len());
    }
    assert!(String::from_utf16_lossy(&units(submitted[0].part().1)).contains("482913"), "the passcode is in part 1");
}

fn units(octets: &[u8]) -> Vec<u16> {
    octets.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

#[tokio::test]
async fn the_same_piece_goes_out_in_the_same_octets_each_time() {
    let pair = bound().await;
    for _ in 0..2 {
        pair.send_all(URDU).await;
    }
    let submitted = pair.smsc.submitted();
    let told = |at: usize| (submitted[at].octets.clone(), submitted[at].reference);
    assert_eq!((told(0), told(1)), (told(2), told(3)));
    assert_eq!(submitted[1].reference, submitted[0].reference.map(|first| first.wrapping_add(1)));
}

#[tokio::test]
async fn the_oldest_version_is_bound_without_tlvs_and_the_newest_too() {
    for (version, told) in [(Version::V3_3, false), (Version::V3_4, true), (Version::V5_0, true)] {
        let pair = bound_with(|config| config.version = version).await;
        pair.send("OK").await.unwrap();
        assert_eq!(pair.smsc.submitted()[0].reference.is_some(), told, "{version:?}");
    }
}

#[tokio::test]
async fn what_has_no_such_piece_is_refused_for_ever_and_never_sent() {
    let pair = bound().await;
    let beyond = pair.smpp.hand_over(&outgoing("OK"), 1).await;
    assert!(matches!(beyond, Err(NotTaken::Never { .. })), "{beyond:?}");
    let endless = "a".repeat(153 * 255 + 1);
    assert_eq!(pair.smpp.pieces(&endless), 255);
    let endless = pair.send(&endless).await;
    assert!(matches!(endless, Err(NotTaken::Never { .. })), "{endless:?}");
    assert_eq!(pair.smsc.submitted(), []);
}

#[tokio::test]
async fn c49_a_throttled_message_was_not_taken_and_all_others_wait() {
    for status in [0x58, 0x14] {
        let pair = bound().await;
        pair.smsc.fail_submit(Fault::Refuse(status));
        let Err(NotTaken::Later { after: Some(after), .. }) = pair.send("first").await else { panic!("not later") };
        assert!(after > Duration::ZERO && after <= Duration::from_secs(1), "{after:?}");
        let second = timeout(Duration::from_millis(30), pair.smpp.hand_over(&outgoing("second"), 0)).await;
        assert!(second.is_err(), "it waits: {second:?}");
        assert_eq!(pair.smsc.submitted().len(), 1, "{status:#x}");
        assert_eq!(pair.smpp.link(), Link::Up);
    }
}

#[tokio::test]
async fn a_throttled_far_end_gets_the_message_after_the_pause_and_only_once() {
    let pair = bound().await;
    pair.smsc.fail_submit(Fault::Refuse(0x58));
    pair.send("the code").await.unwrap_err();
    pair.send("the code").await.unwrap();
    assert_eq!(pair.smsc.texts(CITIZEN), ["the code"]);
}

#[tokio::test]
async fn a_refusal_is_for_now_or_for_ever_as_the_far_end_says() {
    let pair = bound().await;
    for status in [0x08, 0x64, 0x04, 0x400] {
        pair.smsc.fail_submit(Fault::Refuse(status));
        let refused = pair.send("OK").await;
        assert!(matches!(refused, Err(NotTaken::Later { .. })), "{status:#x}: {refused:?}");
    }
    for status in [0x0B, 0x0A, 0x01, 0x66] {
        pair.smsc.fail_submit(Fault::Refuse(status));
        let refused = pair.send("OK").await;
        assert!(matches!(refused, Err(NotTaken::Never { .. })), "{status:#x}: {refused:?}");
    }
    pair.smsc.fail_submit(Fault::Nack(0x02));
    assert!(matches!(pair.send("OK").await, Err(NotTaken::Never { .. })));
    assert_eq!(pair.smsc.texts(CITIZEN), <[String; 0]>::default());
    assert_eq!(pair.smpp.link(), Link::Up);
}

#[tokio::test]
async fn c49_without_an_answer_nobody_knows_whether_it_was_taken() {
    let pair = bound_with(|config| config.response_timeout = Duration::from_millis(300)).await;
    pair.smsc.fail_submit(Fault::NoAnswer);
    let outcome = pair.send("first").await;
    assert!(matches!(outcome, Err(NotTaken::Unknown { .. })), "{outcome:?}");
    pair.send("second").await.unwrap();
    assert_eq!(pair.smsc.counts().binds, 1, "the link stood");
}

#[tokio::test]
async fn c49_a_connection_cut_before_the_answer_leaves_it_unknown_and_is_made_again() {
    for fault in [Fault::HangUpBeforeAnswer, Fault::Garbage, Fault::Huge] {
        let pair = bound().await;
        pair.smsc.fail_submit(fault);
        let outcome = pair.send("first").await;
        assert!(matches!(outcome, Err(NotTaken::Unknown { .. })), "{fault:?}: {outcome:?}");
        pair.smsc.until_counts("a second bind", |counts| counts.binds == 2).await.unwrap();
        pair.up().await;
        pair.send("second").await.unwrap();
        assert_eq!(pair.smsc.texts(CITIZEN), ["first", "second"]);
    }
}

#[tokio::test]
async fn c49_a_connection_cut_after_the_answer_lost_nothing() {
    let pair = bound().await;
    pair.smsc.fail_submit(Fault::HangUpAfterAnswer);
    let name = pair.send("first").await.unwrap();
    assert_eq!(name, pair.smsc.submitted()[0].message_id);
    pair.smsc.until_counts("a second bind", |counts| counts.binds == 2).await.unwrap();
}

#[tokio::test]
async fn a_message_taken_without_a_name_is_taken() {
    let pair = bound().await;
    pair.smsc.fail_submit(Fault::NoName);
    assert_eq!(pair.send("OK").await, Ok(String::new()));
}

#[tokio::test]
async fn no_more_than_the_window_are_unanswered_at_once() {
    let pair = bound_with(|config| {
        config.window = 2;
        config.response_timeout = Duration::from_millis(300);
    })
    .await;
    for _ in 0..2 {
        pair.smsc.fail_submit(Fault::NoAnswer);
    }
    let began = Instant::now();
    let (first, second, third) = tokio::join!(pair.send("first"), pair.send("second"), async {
        // Behind the other two.
        tokio::task::yield_now().await;
        pair.send("third").await
    });
    assert!(first.is_err() && second.is_err() && third.is_ok());
    assert!(began.elapsed() >= Duration::from_millis(300), "the third waited for one of them");
}

#[tokio::test]
async fn the_contracts_rate_is_kept_whoever_sends() {
    let pair = bound_with(|config| config.rate_per_s = 50).await;
    let began = Instant::now();
    let _all = futures_util::future::join_all((0..6).map(|_| pair.send("OK"))).await;
    assert!(began.elapsed() >= Duration::from_millis(100), "{:?}", began.elapsed());
    assert_eq!(pair.smsc.submitted().len(), 6);
}

#[tokio::test]
async fn many_messages_at_once_go_out_at_once_though_none_is_answered() {
    let pair = bound_with(|config| (config.window, config.rate_per_s) = (40, 10_000)).await;
    (0..40).for_each(|_| pair.smsc.fail_submit(Fault::NoAnswer));
    let began = Instant::now();
    let all = futures_util::future::join_all((0..40).map(|_| pair.send("OK")));
    tokio::select! {
        _ = all => panic!("none was answered"),
        submitted = pair.smsc.until_submitted(40) => assert_eq!(submitted.unwrap().len(), 40),
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_messages_each_with_a_receipt_go_through_at_the_contracts_rate() {
    let pair = bound_with(|config| (config.window, config.rate_per_s) = (50, 2_000)).await;
    (0..1_000).for_each(|_| pair.smsc.fail_submit(Fault::ReceiptFirst));
    let began = Instant::now();
    let sent = futures_util::future::join_all((0..1_000).map(|n| {
        let pair = &pair;
        async move { pair.send(&format!("message {n}")).await }
    }))
    .await;
    let took = began.elapsed();
    assert!(sent.iter().all(Result::is_ok));
    pair.inbox.arrived.acquire_many(1_000).await.unwrap().forget();
    let mut texts = pair.smsc.texts(CITIZEN);
    texts.sort_unstable();
    texts.dedup();
    assert_eq!((texts.len(), pair.smsc.counts().binds), (1_000, 1));
    assert!(took >= Duration::from_millis(490), "{took:?}");
}
