//! A PostgreSQL of our own for the contract suites: one cluster for each test process, one database for each test.
//!
//! A small shell holds the cluster and reads from us: when this process ends, however it ends, the pipe closes, and the
//! shell stops the cluster that it started and removes its folder. Nothing listens on a port.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Where Debian keeps each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";

/// The oldest version that our SQL is meant for.
const VERSION_MIN: u32 = 15;

/// `$1` is the folder of the programs. Says `ready FOLDER`, then waits for the end of its input.
const HOLD: &str = r#"
set -e
folder=$(mktemp -d /tmp/ijazat-pg-XXXXXX)
cd "$folder"
if [ "$(id -u)" = 0 ]; then
    chown postgres "$folder"; chmod 755 "$folder"
    as='setpriv --reuid=postgres --regid=postgres --init-groups'
fi
end() { $as "$1/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true; cd /; rm -rf "$folder"; }
trap 'end "$1"' EXIT
$as "$1/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$folder/initdb.log" 2>&1
$as "$1/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/data/log" -o "-c listen_addresses='' \
    -c unix_socket_directories=$folder -c max_connections=400 -c shared_buffers=32MB \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >/dev/null 2>&1
echo "ready $folder"
cat >/dev/null
"#;

/// Why there is no cluster: the test fails with this, and never passes by skipping.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClusterError {
    /// The package is not installed.
    #[error("PostgreSQL {VERSION_MIN} or newer is missing: run `apt-get install -y postgresql`")]
    Missing,
    /// It is installed and did not start.
    #[error("PostgreSQL did not start: {0}")]
    NotStarted(String),
}

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    programs: PathBuf,
    folder: String,
    databases: AtomicU32,
    _holder: Child,
    _alive: Mutex<ChildStdin>,
}

impl Cluster {
    /// The cluster of this process, started at the first call.
    ///
    /// # Errors
    /// [`ClusterError`]; the same at every call.
    pub fn shared() -> Result<&'static Self, ClusterError> {
        static SHARED: OnceLock<Result<Cluster, ClusterError>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref().map_err(Clone::clone)
    }

    /// URL of a fresh, empty database.
    ///
    /// # Errors
    /// [`ClusterError::NotStarted`] when it cannot be made.
    pub fn database(&self) -> Result<String, ClusterError> {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let made = Command::new(self.programs.join("createdb"))
            .args(["--host", &self.folder, "--username", "postgres", &name])
            .output()
            .map_err(|error| not_started(&error))?;
        if !made.status.success() {
            return Err(ClusterError::NotStarted(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        Ok(format!("postgres://postgres@localhost/{name}?host={}", self.folder))
    }

    fn start() -> Result<Self, ClusterError> {
        let programs = programs().ok_or(ClusterError::Missing)?;
        let mut holder = Command::new("sh")
            .args(["-c", HOLD, "sh"])
            .arg(&programs)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(&error))?;
        let absent = || ClusterError::NotStarted("no pipe".to_owned());
        let alive = holder.stdin.take().ok_or_else(absent)?;
        let mut said = String::new();
        let stdout = holder.stdout.take().ok_or_else(absent)?;
        BufReader::new(stdout).read_line(&mut said).map_err(|error| not_started(&error))?;
        let folder = said.trim().strip_prefix("ready ").map(str::to_owned);
        let folder =
            folder.ok_or_else(|| ClusterError::NotStarted(format!("initdb or pg_ctl of {}", programs.display())))?;
        Ok(Self { programs, folder, databases: AtomicU32::new(0), _holder: holder, _alive: Mutex::new(alive) })
    }
}

fn not_started(error: &std::io::Error) -> ClusterError {
    ClusterError::NotStarted(error.to_string())
}

/// The programs of the newest version that is new enough.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir(VERSIONS).ok()?.flatten();
    let numbered = versions.filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path())));
    let new_enough = numbered.filter(|(version, path)| *version >= VERSION_MIN && path.join("bin/initdb").exists());
    new_enough.max_by_key(|(version, _)| *version).map(|(_, path)| path.join("bin"))
}
