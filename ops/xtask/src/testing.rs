//! What several tests of this crate need: a folder of their own, a bench over stand-ins, an answer on a port.

use std::{
    collections::BTreeMap,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
    thread::JoinHandle,
};

use crate::bench::Bench;

static FOLDERS: AtomicU32 = AtomicU32::new(0);

/// A new folder of the host's, gone with the value.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let number = FOLDERS.fetch_add(1, Ordering::SeqCst);
        let path = std::env::temp_dir().join(format!("xtask-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A file of this text, with the folders above it.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A bench whose programs are stand-ins (`src/bench/stand_ins`): they say how they were called.
pub fn bench(folder: &Folder) -> Bench {
    let binaries = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/bench/stand_ins");
    let scratch = folder.path().join("run");
    fs::create_dir_all(&scratch).unwrap();
    Bench { root: crate::root(), binaries, scratch, absent: BTreeMap::new() }
}

/// Answers one connection with these bytes; the thread gives back what was sent.
pub fn answers_once(answer: Vec<u8>) -> (SocketAddr, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut chunk = [0; 1024];
        while !asked.windows(4).any(|four| four == b"\r\n\r\n") {
            match socket.read(&mut chunk).unwrap() {
                0 => break,
                read => asked.extend_from_slice(&chunk[..read]),
            }
        }
        socket.write_all(&answer).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, thread)
}
