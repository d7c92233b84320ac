//! Certificates and the revocation list: are they there, and for how long.

use std::{fs, path::Path};

use adapters::clock::SystemClock;
use exchange::{ports::clock::Clock, timestamp::Timestamp};

use super::{super::files, Check};
use crate::{
    config::{Config, ProcessRole},
    observe::expiry,
    pki,
};

pub(super) fn checks(config: &Config) -> Vec<Check> {
    let now = SystemClock.now();
    let tls = &config.tls;
    let gateway = config.node.plays(ProcessRole::Gateway);
    let mut named = Vec::new();
    if gateway {
        named.push(("server certificate", &tls.server_cert, "ijazat pki server"));
        named.push(("client authority", &tls.client_ca, "ijazat pki init"));
    }
    if files::uses_internal_certificate(config) {
        named.push(("internal certificate", &tls.internal_cert, "ijazat pki init"));
    }
    let mut checks: Vec<Check> = named.iter().map(|(name, path, todo)| certificate(name, path, todo, now)).collect();
    if gateway {
        checks.push(list(&tls.client_crl, now));
    }
    checks
}

fn certificate(name: &str, path: &Path, todo: &str, now: Timestamp) -> Check {
    let Ok(text) = fs::read_to_string(path) else {
        return Check::warn(
            name,
            format!("{} is not there", path.display()),
            format!("run `{todo}`, or put yours there"),
        );
    };
    let facts = match pki::facts(&text) {
        Ok(facts) => facts,
        Err(error) => return Check::fail(name, format!("{}: {error}", path.display()), "replace the file"),
    };
    let left = facts.days_left(now);
    let found = format!("valid until {} ({left} days)", facts.not_after.rfc3339());
    if now < facts.not_before {
        return Check::fail(name, format!("valid only from {}", facts.not_before.rfc3339()), "look at the clock first");
    }
    match expiry::threshold(left) {
        Some(due) if due < 0 => Check::fail(name, found, format!("replace it now, in development by `{todo}`")),
        Some(_) => Check::warn(name, found, format!("replace it, in development by `{todo}`")),
        None => Check::ok(name, found),
    }
}

fn list(path: &Path, now: Timestamp) -> Check {
    let (name, todo) = ("revocation list", "fetch the authority's newest list, in development `ijazat pki crl`");
    let Ok(text) = fs::read_to_string(path) else {
        return Check::warn(name, format!("{} is not there", path.display()), todo);
    };
    let Some((_, next)) = pki::list_dates(&text) else {
        return Check::fail(name, format!("{} is not a revocation list in PEM", path.display()), todo);
    };
    let found = format!("next due {}", next.rfc3339());
    if now > next { Check::warn(name, format!("{found}, overdue"), todo) } else { Check::ok(name, found) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::doctor::State,
        pki::{DAY_S, testing::Fixture},
    };

    #[test]
    fn a_certificate_is_told_to_be_replaced_in_time() {
        let fixture = Fixture::new();
        let path = fixture.folder.path().join("server.pem");
        let start = fixture.clock_now();
        let check = |day, expected| {
            let found = certificate("server certificate", &path, "ijazat pki server", start.plus_seconds(day * DAY_S));
            assert_eq!(found.state, expected, "day {day}: {found:?}");
        };
        check(-1, State::Fail);
        check(0, State::Ok);
        check(334, State::Ok);
        check(336, State::Warn);
        check(366, State::Fail);
        let absent = fixture.folder.path().join("absent.pem");
        assert_eq!(certificate("x", &absent, "y", start).state, State::Warn);
    }

    #[test]
    fn an_overdue_or_damaged_list_is_found() {
        let fixture = Fixture::new();
        let path = fixture.authorities.client.crl_path();
        let start = fixture.clock_now();
        assert_eq!(list(&path, start).state, State::Ok);
        assert_eq!(list(&path, start.plus_seconds(8 * DAY_S)).state, State::Warn);
        fs::write(&path, "not a list").unwrap();
        assert_eq!(list(&path, start).state, State::Fail);
    }
}
