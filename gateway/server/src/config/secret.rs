//! Values that are used but never shown.

use std::fmt;

use zeroize::Zeroizing;

/// A URL that may hold a password: printed with the password masked.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretUrl(Zeroizing<String>);

impl SecretUrl {
    /// Wraps the URL.
    #[must_use]
    pub fn new(url: String) -> Self {
        Self(Zeroizing::new(url))
    }

    /// The whole URL, password included: for the driver that connects, never for a log.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The file, where it names a SQLite database.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&std::path::Path> {
        let path = self.0.strip_prefix("sqlite://")?;
        Some(std::path::Path::new(path.split_once('?').map_or(path, |(path, _)| path)))
    }
}

/// The URL without what may be secret in it: the password and the query.
impl fmt::Display for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((scheme, rest)) = self.0.split_once("://") else { return f.write_str("***") };
        let (rest, asked) = rest.split_once('?').map_or((rest, None), |(rest, asked)| (rest, Some(asked)));
        // Either a query with an `@`, or a password with a `?`: which of them nobody can tell.
        if asked.is_some_and(|asked| asked.contains('@')) {
            return write!(f, "{scheme}://***");
        }
        let query = if asked.is_some() { "?***" } else { "" };
        match rest.rsplit_once('@') {
            None => write!(f, "{scheme}://{rest}{query}"),
            Some((credentials, host)) => {
                let user = credentials.split_once(':').map_or(credentials, |(user, _)| user);
                write!(f, "{scheme}://{user}:***@{host}{query}")
            }
        }
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_printed() {
        let check = |url: &str, expected: &str| {
            let url = SecretUrl::new(url.to_owned());
            assert_eq!(url.to_string(), expected);
            assert_eq!(format!("{url:?}"), format!("SecretUrl({expected})"));
        };
        check("postgres://ijazat:hunter2@db:5432/control", "postgres://ijazat:***@db:5432/control");
        check("postgres://ijazat:p@ss@db/control", "postgres://ijazat:***@db/control");
        check("postgres://db/control?password=hunter2", "postgres://db/control?***");
        check("sqlite://state/control.db", "sqlite://state/control.db");
        check("hunter2", "***");
        check("postgres://ijazat:hunt?er2@db/control", "postgres://***");
        check("postgres://db/control?password=hunter@2", "postgres://***");
        check("postgres://ijazat@db/control", "postgres://ijazat:***@db/control");
        check("postgres://ijazat:a://b@db/control?x", "postgres://ijazat:***@db/control?***");
    }
}
