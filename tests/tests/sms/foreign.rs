//! npm's `smpp`, a short message centre of others, before our SMPP transport; see `npm`.

use std::{path::Path, process::Stdio, sync::Arc};

use super::common::{self, CITIZEN, Inbox, config, outgoing};
use crate::npm::script;
use adapters::sms::{
    port::{Fate, Link, SmsTransport as _},
    smpp::Smpp,
};
use serde_json::{Value, json};
use tests::smsc::PATIENCE;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

const URDU: &str = "اجازت کوڈ 482913 / ایس بی ایل صدر: نام، پتہ برائے اکاؤنٹ / حوالہ K7Q4۔ کوڈ صرف اسی کاؤنٹر پر دیں";

struct Foreign {
    lines: Lines<BufReader<ChildStdout>>,
    input: ChildStdin,
    _node: Child,
}

impl Foreign {
    fn start(script: &Path) -> Self {
        let mut node = Command::new("node")
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(node.stdout.take().unwrap()).lines();
        Self { lines, input: node.stdin.take().unwrap(), _node: node }
    }

    /// The next line that has this key.
    async fn says(&mut self, key: &str) -> Value {
        let found = async {
            loop {
                let line = self.lines.next_line().await.unwrap().expect("it still runs");
                let line: Value = serde_json::from_str(&line).unwrap();
                assert!(line.get("error").is_none(), "{line}");
                if line.get(key).is_some() {
                    return line;
                }
            }
        };
        timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("it never said `{key}`"))
    }

    /// The texts of the next so many submits, joined; each is answered for and has a receipt.
    async fn takes(&mut self, pieces: u8, data_coding: u8, esm_class: u8) -> String {
        let mut text = String::new();
        for piece in 1..=pieces {
            let line = self.says("submit").await;
            let expected = json!({"from": "8009", "to": CITIZEN, "registered_delivery": 1});
            for (key, value) in expected.as_object().unwrap() {
                assert_eq!(line.get(key), Some(value), "{key}");
            }
            assert_eq!((&line["data_coding"], &line["esm_class"]), (&json!(data_coding), &json!(esm_class)));
            if pieces > 1 {
                let header = line["header"][0].as_str().unwrap();
                assert!(
                    header.starts_with("0003") && header.ends_with(&format!("{pieces:02x}{piece:02x}")),
                    "{header}"
                );
            }
            text.push_str(line["text"].as_str().unwrap());
        }
        text
    }
}

#[tokio::test]
async fn a_foreign_centre_carries_messages_receipts_and_citizens_words() {
    let script = match script("smsc.cjs", "foreign").await {
        Ok(script) => script,
        Err(missing) => return eprintln!("SKIPPED, this says nothing of npm's smpp: {missing}"),
    };
    let mut foreign = Foreign::start(&script);
    let port = foreign.says("port").await["port"].as_u64().unwrap();
    let inbox = Arc::new(Inbox::default());
    let smpp = Smpp::start(config(format!("127.0.0.1:{port}")), inbox.clone(), Arc::new(common::Fixed)).unwrap();
    timeout(PATIENCE, smpp.until(|link| *link == Link::Up)).await.unwrap();
    assert_eq!(foreign.says("bind").await, json!({"bind": true, "version": 0x34}));

    let english = "Ijazat code 482913: SBL Saddar Khi seeks name+address. Not you? Reply NO K7Q4 {[€]} @£";
    let roman_urdu = "Ijazat code 482913: SBL Saddar Khi ko aap ka name+address chahiye. Inkar: NO K7Q4";
    for (text, pieces, data_coding, esm_class) in
        [(english, 1, 0, 0), (roman_urdu, 1, 0, 0), (URDU, 2, 8, 0x40), (&"a".repeat(200), 2, 0, 0x40)]
    {
        assert_eq!(smpp.pieces(text), pieces);
        for piece in 0..pieces {
            let name = smpp.hand_over(&outgoing(text), piece).await.unwrap();
            assert_eq!(name.len(), 8);
        }
        assert_eq!(foreign.takes(pieces, data_coding, esm_class).await, text);
        // The last one's, so that all before it were acknowledged too or will be.
        assert_eq!(foreign.says("receipt").await["status"], 0);
    }

    for text in ["OK 482913 07 {€}", "اے انکار K7Q4"] {
        let line = json!({"from": "+923001234567", "text": text}).to_string();
        foreign.input.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        assert_eq!(foreign.says("message").await, json!({"message": text, "status": 0}));
    }
    let messages = inbox.messages();
    let texts: Vec<&str> = messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!(texts, ["OK 482913 07 {€}", "اے انکار K7Q4"]);
    assert_eq!(messages[0].from, outgoing("").to);

    timeout(PATIENCE, smpp.stop()).await.unwrap();
    foreign.says("unbind").await;
    let receipts = inbox.receipts();
    assert_eq!(receipts.len(), 6);
    assert!(receipts.iter().all(|receipt| receipt.fate == Fate::Delivered && receipt.to == Some(outgoing("").to)));
    assert_eq!((receipts[0].message_id.as_str(), receipts[5].message_id.as_str()), ("00000001", "00000006"));
}
