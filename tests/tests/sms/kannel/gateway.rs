//! Kannel with an SMSC behind it, on free ports and in a folder of its own; all of it ends with the value.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{interval, timeout},
};

use crate::npm::script;

/// How long anything may take that Kannel or the SMSC does.
const PATIENCE: Duration = Duration::from_secs(20);

/// Our account at Kannel.
pub const PASSWORD: &str = "kannel-password";

/// The programs, where Debian puts them.
pub struct Programs {
    bearerbox: PathBuf,
    smsbox: PathBuf,
    smsc: PathBuf,
}

impl Programs {
    /// Finds them and installs npm's `smpp` for this test; the word that is missing otherwise.
    pub async fn find(test: &str) -> Result<Self, String> {
        let found = |name: &str| {
            let path = PathBuf::from("/usr/sbin").join(name);
            if path.exists() { Ok(path) } else { Err(format!("{name} is not installed (Debian's package kannel)")) }
        };
        Ok(Self {
            bearerbox: found("bearerbox")?,
            smsbox: found("smsbox")?,
            smsc: script("behind-kannel.mjs", test).await?,
        })
    }
}

/// Kannel and the SMSC, running.
pub struct Gateway {
    /// Where `sendsms` is served.
    pub sendsms: SocketAddr,
    to_smsc: ChildStdin,
    from_smsc: Lines<BufReader<ChildStdout>>,
    /// Each is killed by its own id, when it is stopped or dropped.
    children: Vec<Child>,
    folder: PathBuf,
}

impl Gateway {
    /// Starts all three and waits until messages can pass. `hooks` is where our webhooks are, `token` what opens them.
    pub async fn start(programs: &Programs, hooks: SocketAddr, token: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("ijazat-kannel-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let mut smsc = Command::new("node")
            .arg(&programs.smsc)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let to_smsc = smsc.stdin.take().unwrap();
        let mut from_smsc = BufReader::new(smsc.stdout.take().unwrap()).lines();
        let smsc_port = next(&mut from_smsc).await["port"].as_u64().unwrap();
        let [admin, boxes, sendsms] = free_ports();
        let path = folder.join("kannel.conf");
        fs::write(&path, configuration(smsc_port, [admin, boxes, sendsms], hooks, token)).unwrap();
        let mut children = vec![smsc];
        for (program, ready) in [(&programs.bearerbox, "Status: running"), (&programs.smsbox, "smsbox:")] {
            let log = File::create(folder.join(program.file_name().unwrap()).with_extension("log")).unwrap();
            let mut command = Command::new(program);
            command.arg(&path).current_dir(&folder).stdin(Stdio::null()).kill_on_drop(true);
            children.push(command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap());
            reports(admin, ready, &folder).await;
        }
        assert_eq!(next(&mut from_smsc).await["bound"], "kannel");
        children.reverse();
        Self { sendsms: (Ipv4Addr::LOCALHOST, sendsms).into(), to_smsc, from_smsc, children, folder }
    }

    /// The next SMS that reached the SMSC.
    pub async fn submitted(&mut self) -> Value {
        next(&mut self.from_smsc).await["submit"].take()
    }

    /// A handset sends an SMS.
    pub async fn handset_sends(&mut self, from: &str, text: &str, coding: u8) {
        let line = serde_json::json!({ "from": from, "to": "8009", "text": text, "coding": coding });
        self.to_smsc.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    /// Ends everything, in the order in which it depends on the rest.
    pub async fn stop(mut self) {
        for child in &mut self.children {
            child.kill().await.unwrap();
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("Kannel's logs are left in {}", self.folder.display());
        } else {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

async fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> Value {
    let line = timeout(PATIENCE, lines.next_line()).await.expect("the SMSC says nothing").unwrap();
    serde_json::from_str(&line.expect("the SMSC ended")).unwrap()
}

/// Ports that were free just now.
pub fn free_ports() -> [u16; 3] {
    let bound = [(); 3].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    bound.map(|listener| listener.local_addr().unwrap().port())
}

/// Waits until bearerbox's status has the words. That smsbox listens is not enough: it ends with an assertion when a message comes
/// before it has found bearerbox.
async fn reports(admin: u16, words: &str, folder: &Path) {
    let mut tries = interval(Duration::from_millis(50));
    let waiting = async {
        while !status(admin).await.is_ok_and(|status| status.contains(words)) {
            tries.tick().await;
        }
    };
    assert!(timeout(PATIENCE, waiting).await.is_ok(), "Kannel does not come up, see {}", folder.display());
}

async fn status(admin: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, admin)).await?;
    let request = format!("GET /status.txt?password={PASSWORD} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

/// A key that Kannel does not know, or groups without an empty line between, and it does not start.
fn configuration(smsc: u64, [admin, boxes, sendsms]: [u16; 3], hooks: SocketAddr, token: &str) -> String {
    format!(
        r#"group = core
admin-port = {admin}
admin-password = {PASSWORD}
admin-interface = "127.0.0.1"
smsbox-port = {boxes}
smsbox-interface = "127.0.0.1"
box-allow-ip = "127.0.0.1"
box-deny-ip = "*.*.*.*"
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = network
host = 127.0.0.1
port = {smsc}
smsc-username = kannel
smsc-password = {PASSWORD}
system-type = ""
transceiver-mode = true

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {sendsms}
sendsms-interface = "127.0.0.1"
mo-recode = true
http-request-retry = 5
http-queue-delay = 1

group = sendsms-user
username = ijazat
password = {PASSWORD}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
get-url = "http://{hooks}/sms/mo?token={token}&from=%p&to=%P&text=%b"
max-messages = 0
"#
    )
}
