//! The development clock's socket against those who speak badly, at length, or not at all.

use super::*;

fn socket() -> PathBuf {
    let name = exchange::ports::entropy::random_hex_128(&crate::entropy::SystemEntropy::default());
    std::env::temp_dir().join(format!("ijazat-clock-{name}"))
}

/// A clock and its served socket, which goes away with this.
struct Served {
    clock: DevClock,
    path: PathBuf,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Served {
    fn new() -> Self {
        let (clock, path) = (DevClock::new(), socket());
        let task = tokio::spawn(clock.listen(&path).unwrap().run());
        Self { clock, path, task }
    }

    /// Sends bytes, ends, and gives back all that was answered.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.path).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = String::new();
        // A peer that is cut off for what it said may see its connection reset.
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_socket_sets_the_clock_and_says_what_it_shows() {
    let (clock, path) = (DevClock::new(), socket());
    let server = tokio::spawn(clock.listen(&path).unwrap().run());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (read, mut write) = UnixStream::connect(&path).await.unwrap().into_split();
    let mut lines = BufReader::new(read).lines();
    let mut ask = async |line: &str| {
        write.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        lines.next_line().await.unwrap().unwrap()
    };
    assert!(ask("set 2030-01-01T00:00:00+05:00").await.starts_with("ok 2030-01-01T00:00:0"));
    assert!(ask("advance 86400").await.starts_with("ok 2030-01-02T00:00:0"));
    assert!(ask("now").await.starts_with("ok 2030-01-02T00:00:0"));
    assert_eq!(ask("set yesterday").await, "error not an instant in RFC 3339");
    assert_eq!(ask("advance soon").await, "error not a whole number of seconds");
    assert_eq!(ask("stop").await, "error not one of: now, set RFC3339, advance SECONDS");
    assert_eq!(clock.now().karachi_date(), (2030, 1, 2));
    server.abort();
    assert!(server.await.unwrap_err().is_cancelled());
    assert!(!path.exists(), "the socket goes away with its server");
}

#[tokio::test]
async fn a_dead_socket_is_replaced_and_anything_else_is_not() {
    let (clock, path) = (DevClock::new(), socket());
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let living = clock.listen(&path).unwrap();
    assert_eq!(clock.listen(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    drop(living);
    fs::write(&path, "a file").unwrap();
    assert_eq!(clock.listen(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(clock.listen(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    fs::remove_dir(&path).unwrap();
    // Not even through a link to a file that could be replaced.
    let target = socket();
    fs::write(&target, "kept").unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    assert_eq!(clock.listen(&path).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    assert_eq!(fs::read(&target).unwrap(), b"kept");
    fs::remove_file(&path).unwrap();
    fs::remove_file(&target).unwrap();
    assert!(clock.listen(Path::new("/nonexistent/folder/clock")).is_err());
}

#[test]
fn the_offset_saturates_instead_of_wrapping() {
    let clock = DevClock::new();
    clock.advance(i64::MAX);
    clock.advance(i64::MAX);
    assert_eq!(clock.offset_micros(), i64::MAX);
    assert_eq!(clock.now().micros(), i64::MAX);
    clock.advance(i64::MIN);
    clock.advance(i64::MIN);
    assert_eq!(clock.offset_micros(), i64::MIN);
    assert!(clock.now().micros() < 0);
}

#[tokio::test]
async fn each_command_moves_the_clock_by_just_what_it_says() {
    let served = Served::new();
    let check = async |line: &str, moved: i64| {
        let before = served.clock.offset_micros();
        let answer = served.say(format!("{line}\n").as_bytes()).await;
        assert!(answer.starts_with("ok "), "{line}: {answer}");
        assert_eq!(served.clock.offset_micros() - before, moved, "{line}");
        let shown: i64 = answer.trim_end().rsplit_once(' ').unwrap().1.parse().unwrap();
        assert!((shown - served.clock.now().micros()).abs() < 60_000_000, "{answer}");
    };
    check("now", 0).await;
    check("advance 1", 1_000_000).await;
    check("advance -3600", -3_600_000_000).await;
    check("  advance   60  ", 60_000_000).await;
    check("advance +5", 5_000_000).await;
    check("advance 0", 0).await;
    check("now\r", 0).await;
}

#[tokio::test]
async fn what_is_no_command_moves_nothing_and_is_told_why() {
    let served = Served::new();
    served.clock.set(Timestamp::from_micros(1_900_000_000_000_000));
    let before = served.clock.offset_micros();
    let verbs = "error not one of: now, set RFC3339, advance SECONDS\n";
    let instant = "error not an instant in RFC 3339\n";
    let seconds = "error not a whole number of seconds\n";
    for (line, expected) in [
        ("", verbs),
        ("NOW", verbs),
        ("now then", verbs),
        ("reset", verbs),
        ("now\0", verbs),
        ("set", instant),
        ("set 2030-13-01T00:00:00Z", instant),
        ("set 2030-01-01", instant),
        ("set 2030-01-01T00:00:00", instant),
        ("set 2030-01-01T00:00:00Z extra", instant),
        ("advance", seconds),
        ("advance 1.5", seconds),
        ("advance 1e3", seconds),
        ("advance 9223372036854775808", seconds),
        ("advance ١", seconds),
    ] {
        assert_eq!(served.say(format!("{line}\n").as_bytes()).await, expected, "{line:?}");
    }
    assert_eq!(served.clock.offset_micros(), before);
}

#[tokio::test]
async fn several_commands_on_one_connection_are_obeyed_in_order() {
    let served = Served::new();
    let answers = served.say(b"set 2031-05-06T07:08:09+05:00\nadvance 1\nnonsense\nadvance -1\nnow").await;
    let lines: Vec<&str> = answers.lines().collect();
    assert_eq!(lines.len(), 5, "the last line need not end: {answers}");
    assert!(lines[0].starts_with("ok 2031-05-06T07:08:09"), "{answers}");
    assert!(lines[2].starts_with("error "), "{answers}");
    assert!(lines[4].starts_with("ok 2031-05-06T07:08:"), "{answers}");
}

#[tokio::test]
async fn a_peer_that_speaks_badly_ends_only_its_own_connection() {
    let served = Served::new();
    let before = served.clock.offset_micros();
    served.say(b"\xFF\xFE now\n").await;
    served.say(&vec![b'x'; 100_000]).await;
    let spaces = [b' '; 128];
    let long = served.say(&[&spaces[..], b"advance 3600\n"].concat()).await;
    assert!(long == "error the line is too long\n" || long.is_empty(), "{long}");
    let longest = served.say(&[&spaces[..123], b" now\n"].concat()).await;
    assert!(longest.starts_with("ok "), "128 bytes with their line break are a line: {longest}");
    served.say(b"").await;
    drop(UnixStream::connect(&served.path).await.unwrap());
    assert_eq!(served.clock.offset_micros(), before, "no part of a line that was too long counts as a command");
    assert!(served.say(b"now\n").await.starts_with("ok "), "the next one is heard");
}

#[tokio::test]
async fn a_clock_and_its_clones_show_one_time() {
    let served = Served::new();
    let clone = served.clock.clone();
    served.say(b"set 2040-02-29T12:00:00+05:00\n").await;
    assert!(clone.now().rfc3339().starts_with("2040-02-29T12:00"));
    clone.advance(86_400);
    assert!(served.clock.now().rfc3339().starts_with("2040-03-01T12:00"));
}
