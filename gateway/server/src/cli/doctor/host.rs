//! The host: ports, disk, permissions, clock.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
};

use adapters::clock::SystemClock;
use exchange::{ports::clock::Clock, timestamp::Timestamp};

use super::{
    super::keys::{FOREIGN_BITS, KEYS, mode_of},
    Check,
};
use crate::{
    config::{Config, ProcessRole},
    pki::DAY_S,
};

/// The first second of 2026 in UTC: nothing of ours is older.
const FIRST_S: i64 = 1_767_225_600;

/// Years after [`FIRST_S`] that no host of ours will see.
const YEARS_MAX: i64 = 100;

/// Bytes of a MiB.
const MIB: u64 = 1 << 20;

pub(super) fn checks(config: &Config) -> Vec<Check> {
    let gateway = config.node.plays(ProcessRole::Gateway);
    let mut checks = vec![clock(config, SystemClock.now())];
    if gateway {
        checks.push(disk(config));
    }
    checks.push(state(&config.node.state_dir));
    checks.extend(keys(&config.node.state_dir));
    let listen = &config.listen;
    // A service in the gateway's own process has no listener.
    let service = |role, address: Option<SocketAddr>| address.filter(|_| !gateway && config.node.plays(role));
    let ports = [
        ("port agency", gateway.then_some(listen.agency)),
        ("port public", gateway.then_some(listen.public)),
        ("port ops", Some(listen.ops)),
        ("port internal_control", service(ProcessRole::Control, listen.internal_control)),
        ("port internal_registry", service(ProcessRole::Registry, listen.internal_registry)),
    ];
    checks.extend(ports.into_iter().filter_map(|(name, address)| Some(port(name, address?))));
    checks
}

/// A clock that is far off makes every certificate, passcode and record wrong.
pub(super) fn clock(config: &Config, now: Timestamp) -> Check {
    let name = "clock";
    let shown = now.rfc3339();
    let todo = "set the host's clock and keep it by NTP before anything is served";
    if !(FIRST_S..FIRST_S + YEARS_MAX * 366 * DAY_S).contains(&now.seconds()) {
        return Check::fail(name, format!("{shown} is no year of ours"), todo);
    }
    match newest_write(&config.log.dir) {
        Some(newest) if newest.seconds() > now.seconds() + 60 => {
            Check::fail(name, format!("{shown}, but the log was written at {}", newest.rfc3339()), todo)
        }
        _ => Check::ok(name, shown),
    }
}

/// When a file of the folder was last written.
fn newest_write(folder: &Path) -> Option<Timestamp> {
    let written = |entry: fs::DirEntry| {
        let since = entry.metadata().ok()?.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_micros()).ok().map(Timestamp::from_micros)
    };
    fs::read_dir(folder).ok()?.filter_map(|entry| written(entry.ok()?)).max()
}

fn disk(config: &Config) -> Check {
    let name = "disk";
    let folder = existing(&config.log.dir);
    let free = match rustix::fs::statvfs(folder) {
        Ok(found) => found.f_bavail.saturating_mul(found.f_frsize) / MIB,
        Err(error) => return Check::fail(name, format!("{}: {error}", folder.display()), "name a folder that exists"),
    };
    let reserve = u64::from(config.log.reserve_mib);
    let found = format!("{free} MiB free for the access log at {}", folder.display());
    if free <= reserve {
        let todo = format!("free some: below {reserve} MiB ([log] reserve_mib) new requests are refused");
        Check::fail(name, found, todo)
    } else if free < reserve.saturating_add(4 * u64::from(config.log.segment_mib)) {
        Check::warn(name, found, "make room: less than four segments above the reserve are left")
    } else {
        Check::ok(name, found)
    }
}

/// The folder, or the nearest one above it that exists.
fn existing(path: &Path) -> &Path {
    path.ancestors().find(|above| above.exists()).unwrap_or(Path::new("."))
}

fn state(folder: &Path) -> Check {
    let name = "state folder";
    let shown = folder.display();
    match mode_of(folder) {
        None => Check::warn(name, format!("{shown} is not there"), "`ijazat serve` or `ijazat demo` makes it"),
        // Group and others may look a name up at most; keys and databases carry their own modes below.
        Some(mode) if mode & 0o022 != 0 => {
            Check::fail(name, format!("{shown} may be changed by others ({mode:04o})"), format!("chmod 700 {shown}"))
        }
        Some(mode) if mode & 0o055 != 0 => {
            Check::warn(name, format!("{shown} may be read by others ({mode:04o})"), format!("chmod 700 {shown}"))
        }
        Some(mode) => Check::ok(name, format!("{shown} ({mode:04o})")),
    }
}

fn keys(state: &Path) -> Vec<Check> {
    let found = KEYS.iter().filter_map(|key| Some((state.join(key.file), mode_of(&state.join(key.file))?)));
    let (exposed, sound): (Vec<_>, Vec<_>) = found.partition(|(_, mode)| mode & FOREIGN_BITS != 0);
    let mut checks: Vec<Check> = exposed
        .into_iter()
        .map(|(path, mode)| {
            let todo = "chmod 600, and replace it: it may be known already";
            Check::fail("key file", format!("{} may be read by others ({mode:04o})", path.display()), todo)
        })
        .collect();
    if checks.is_empty() && !sound.is_empty() {
        checks.push(Check::ok("key files", format!("{} keys, each its owner's only", sound.len())));
    }
    checks
}

pub(super) fn port(name: &str, address: SocketAddr) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(name, format!("{address} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            let todo = "fine if this installation is running; else stop what listens there or choose another address";
            Check::warn(name, format!("{address} is in use"), todo)
        }
        Err(error) => Check::fail(name, format!("{address}: {error}"), "choose an address of this host"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::doctor::State, pki::testing::Folder};

    fn config(folder: &Folder) -> Config {
        let state = folder.path().display().to_string();
        Config::load(None, [("IJAZAT__NODE__STATE_DIR".to_owned(), state)]).unwrap()
    }

    #[test]
    fn a_port_in_use_is_told_from_one_that_is_not_ours() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let check = |address: SocketAddr, expected| assert_eq!(port("port", address).state, expected, "{address}");
        check(taken.local_addr().unwrap(), State::Warn);
        check("192.0.2.1:0".parse().unwrap(), State::Fail);
        check("127.0.0.1:0".parse().unwrap(), State::Ok);
    }

    #[test]
    fn a_clock_behind_the_log_or_outside_our_years_is_found() {
        let folder = Folder::new();
        let config = config(&folder);
        let check = |at: &str, expected| {
            let now = Timestamp::parse_rfc3339(at).unwrap();
            assert_eq!(clock(&config, now).state, expected, "{at}");
        };
        check("1970-01-01T00:00:00Z", State::Fail);
        check("2026-11-22T00:00:00Z", State::Ok);
        check("2226-01-01T00:00:00Z", State::Fail);
        fs::create_dir_all(&config.log.dir).unwrap();
        fs::write(config.log.dir.join("head"), "x").unwrap();
        check("2026-01-02T00:00:00Z", State::Fail);
    }

    #[test]
    fn a_key_that_others_may_read_is_found() {
        use std::os::unix::fs::PermissionsExt;
        let folder = Folder::new();
        fs::create_dir_all(folder.path().join("keys")).unwrap();
        let path = folder.path().join("keys/log.key");
        fs::write(&path, "x").unwrap();
        let check = |mode, expected| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(keys(folder.path()).first().unwrap().state, expected, "{mode:o}");
        };
        check(0o600, State::Ok);
        check(0o640, State::Fail);
    }
}
