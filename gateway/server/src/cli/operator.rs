//! Which account of the operating system types: the operator in the record of what was changed.

use std::fs;

/// Nobody logged in: what the kernel says for services and containers.
const UNSET: u32 = u32::MAX;

/// The account that runs this process, and the one that logged in where it is another: `root (0), logged in as ayesha (1000)`.
pub(super) fn operator() -> String {
    let accounts = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|text| text.trim().parse().ok());
    describe(&accounts, rustix::process::getuid().as_raw(), login)
}

fn describe(accounts: &str, uid: u32, login: Option<u32>) -> String {
    let account = named(accounts, uid);
    match login {
        Some(login) if login != uid && login != UNSET => format!("{account}, logged in as {}", named(accounts, login)),
        _ => account,
    }
}

/// `name (uid)` by the host's table, or the number alone.
fn named(accounts: &str, uid: u32) -> String {
    let wanted = uid.to_string();
    let name = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(wanted.as_str())).then_some(name)
    });
    name.map_or_else(|| format!("uid {uid}"), |name| format!("{name} ({uid})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNTS: &str = "root:x:0:0:root:/root:/bin/sh\nbroken\nayesha:x:1000:0::/home/ayesha:/bin/sh\n";

    #[test]
    fn the_account_and_who_logged_in_are_told() {
        let check =
            |uid, login, expected: &str| assert_eq!(describe(ACCOUNTS, uid, login), expected, "{uid} {login:?}");
        check(0, None, "root (0)");
        check(0, Some(1000), "root (0), logged in as ayesha (1000)");
        check(1000, Some(1000), "ayesha (1000)");
        check(0, Some(UNSET), "root (0)");
        check(7, Some(0), "uid 7, logged in as root (0)");
        check(100, None, "uid 100");
        assert_eq!(describe("", 0, Some(5)), "uid 0, logged in as uid 5");
    }

    #[test]
    fn the_account_of_this_very_process_is_found() {
        let uid = rustix::process::getuid().as_raw().to_string();
        assert!(operator().contains(&uid), "{}", operator());
    }
}
