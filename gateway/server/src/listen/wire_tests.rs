//! The gathering socket: whatever the writes were, the peer reads the same bytes, none too early and none lost.

use proptest::prelude::*;
use tokio::{io::AsyncReadExt, net::TcpListener};

use super::*;

async fn pair() -> (Wire, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (Wire::new(listener.accept().await.unwrap().0), client)
}

#[derive(Clone, Debug)]
enum Step {
    Write(usize),
    Flush,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = prop_oneof![
        3 => (0_usize..9_000).prop_map(Step::Write),
        1 => (GATHER_BYTES_MAX - 2..GATHER_BYTES_MAX + 3).prop_map(Step::Write),
        2 => Just(Step::Flush),
    ];
    proptest::collection::vec(one, 1..14)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_peer_reads_what_was_written_in_order_and_whole(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (sent, got, most) = runtime.block_on(async move {
            let (mut wire, mut client) = pair().await;
            let reading = tokio::spawn(async move {
                let mut got = Vec::new();
                client.read_to_end(&mut got).await.unwrap();
                got
            });
            let (mut sent, mut most) = (Vec::new(), 0);
            for (n, step) in steps.iter().enumerate() {
                match step {
                    Step::Write(bytes) => {
                        let part = vec![u8::try_from(n).unwrap(); *bytes];
                        wire.write_all(&part).await.unwrap();
                        sent.extend(part);
                    }
                    Step::Flush => {
                        wire.flush().await.unwrap();
                        assert!(wire.waiting.is_empty());
                    }
                }
                most = most.max(wire.waiting.len() - wire.sent);
            }
            AsyncWriteExt::shutdown(&mut wire).await.unwrap();
            (sent, reading.await.unwrap(), most)
        });
        prop_assert!(got == sent, "{} bytes sent, {} read", sent.len(), got.len());
        prop_assert!(most <= GATHER_BYTES_MAX + 2, "{} bytes waited", most);
    }
}

#[tokio::test]
async fn a_write_beyond_a_record_sends_what_waited_first() {
    let (mut wire, mut client) = pair().await;
    wire.write_all(b"head").await.unwrap();
    wire.write_all(&vec![b'x'; GATHER_BYTES_MAX]).await.unwrap();
    let mut got = [0; 4];
    client.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"head", "what waited left before the large write began to wait");
    assert_eq!(wire.waiting.len(), GATHER_BYTES_MAX);
}

#[tokio::test]
async fn a_full_record_may_wait_and_one_byte_more_may_not() {
    let (mut wire, client) = pair().await;
    wire.write_all(&vec![b'x'; GATHER_BYTES_MAX - 1]).await.unwrap();
    wire.write_all(b"y").await.unwrap();
    assert_eq!(wire.waiting.len(), GATHER_BYTES_MAX);
    assert_eq!(client.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock, "nothing left yet");
    wire.write_all(b"z").await.unwrap();
    assert_eq!(wire.waiting, b"z");
}

#[tokio::test]
async fn a_peer_that_is_gone_is_an_error_of_the_flush_and_ends_no_process() {
    let (mut wire, client) = pair().await;
    drop(client);
    let mut failed = None;
    for _ in 0..200 {
        wire.write_all(&[7; 4_000]).await.ok();
        if let Err(error) = wire.flush().await {
            failed = Some(error.kind());
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(matches!(failed, Some(io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)), "{failed:?}");
    // The same as Pingora asks for it: nothing to say, nobody to hear it.
    Shutdown::shutdown(&mut wire).await;
}

#[tokio::test]
async fn reading_goes_on_while_writes_wait() {
    let (mut wire, mut client) = pair().await;
    wire.write_all(b"answer").await.unwrap();
    client.write_all(b"question").await.unwrap();
    let mut got = [0; 8];
    wire.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"question");
    AsyncWriteExt::shutdown(&mut wire).await.unwrap();
    let mut told = Vec::new();
    client.read_to_end(&mut told).await.unwrap();
    assert_eq!(told, b"answer", "a shutdown sends what waits before it says the end");
}

#[tokio::test]
async fn a_peer_that_reads_slowly_gets_everything_and_little_waits_here() {
    let (mut wire, mut client) = pair().await;
    let whole: Vec<u8> = (0..600_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
    let sent = whole.clone();
    let writing = tokio::spawn(async move {
        for part in sent.chunks(7_001) {
            wire.write_all(part).await.unwrap();
            assert!(wire.waiting.len() <= GATHER_BYTES_MAX);
        }
        wire.flush().await.unwrap();
    });
    let mut got = Vec::new();
    let mut part = [0; 1_111];
    while got.len() < whole.len() {
        let read = client.read(&mut part).await.unwrap();
        assert_ne!(read, 0);
        got.extend_from_slice(&part[..read]);
        tokio::task::yield_now().await;
    }
    writing.await.unwrap();
    assert!(got == whole);
}
