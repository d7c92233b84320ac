//! What the SMPP transport logs; alone in its process, because who listens to a log is a matter of the process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    dead_code,
    reason = "tests may panic: that is how they fail; each file uses its part of what they share"
)]

#[path = "sms/common.rs"]
mod common;

use std::{
    io,
    sync::{Arc, Mutex},
};

use common::{CITIZEN, bound};
use tests::smsc::{Fault, message};

#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// All that the transport logs itself, and what its libraries log at `info` and above: at `debug` they log whole PDUs.
#[tokio::test]
async fn the_log_has_no_number_no_text_and_no_password() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_env_filter("info,adapters=trace").with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let pair = bound().await;
    for fault in [Fault::Refuse(0x0B), Fault::Refuse(0x08), Fault::Garbage] {
        pair.smsc.fail_submit(fault);
        pair.send("code 482913").await.unwrap_err();
    }
    pair.smsc.until_counts("a second bind", |counts| counts.binds == 2).await.unwrap();
    pair.up().await;
    pair.inbox.refuse(1);
    let _again = pair.smsc.deliver(message(CITIZEN, "OK 482913 07")).await;
    let _let_go = pair.smsc.deliver(message("447700900123", "OK 482913 07")).await;
    pair.smsc.fail_submit(Fault::Refuse(0x58));
    pair.send("code 482913").await.unwrap_err();
    pair.smpp.stop().await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for said in ["sms link is up", "sms link is down", "let go", "not kept", "overrun"] {
        assert!(log.contains(said), "{said}: {log}");
    }
    for secret in ["482913", "3001234567", "7700900123", "s3cret"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
