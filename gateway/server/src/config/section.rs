//! Reads one section key by key: remembers every key it knows, every value in force and every problem.

use std::{collections::BTreeMap, fmt::Display, net::SocketAddr, path::PathBuf};

use super::{
    error::Problem,
    given::{Given, show_path, text_of, texts_of, to_address, to_path},
    near::nearest,
    secret::SecretUrl,
};

/// Where a value in force came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Nobody set it.
    Default,
    /// The configuration file.
    File,
    /// An environment variable or a command line option.
    Environment,
}

/// One value in force, as it may be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Section, such as `consent`.
    pub section: String,
    /// Key within it.
    pub key: &'static str,
    /// Value as TOML, secrets masked; `None` when absent.
    pub value: Option<String>,
    /// Where it came from.
    pub source: Source,
}

/// Inclusive bounds of a number, with the names of the limits that set them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Least value.
    pub(super) min: i64,
    /// What sets the least value.
    pub(super) min_name: &'static str,
    /// Greatest value.
    pub(super) max: i64,
    /// What sets the greatest value.
    pub(super) max_name: &'static str,
}

/// Bounds from a least value (a number or a limit) to a limit, each of any integer type.
macro_rules! within {
    ($min:expr, $max:path) => {
        $crate::config::section::Bounds {
            min: i64::try_from($min).unwrap_or(i64::MAX),
            min_name: stringify!($min),
            max: i64::try_from($max).unwrap_or(i64::MAX),
            max_name: stringify!($max),
        }
    };
}
pub(super) use within;

/// A section being read.
#[derive(Debug)]
pub(super) struct Section<'a> {
    name: String,
    given: BTreeMap<String, Given>,
    known: Vec<&'static str>,
    problems: &'a mut Vec<Problem>,
    effective: &'a mut Vec<Effective>,
}

impl<'a> Section<'a> {
    pub(super) fn new(
        name: String,
        given: BTreeMap<String, Given>,
        problems: &'a mut Vec<Problem>,
        effective: &'a mut Vec<Effective>,
    ) -> Self {
        Self { name, given, known: Vec::new(), problems, effective }
    }

    /// A whole number within bounds.
    pub(super) fn number<T>(&mut self, key: &'static str, default: T, bounds: Bounds) -> T
    where
        T: TryFrom<i64> + Copy + Display,
    {
        let read = |given: &Given| {
            let number = match given {
                Given::File(toml::Value::Integer(number)) => *number,
                Given::Environment(text) => text.trim().parse().map_err(|_| "not a whole number".to_owned())?,
                Given::File(_) => return Err("not a whole number".to_owned()),
            };
            let limit = |word: &str, limit: i64, name: &str| {
                if name.contains("::") { format!("{word} {limit} ({name})") } else { format!("{word} {limit}") }
            };
            if number < bounds.min {
                return Err(limit("at least", bounds.min, bounds.min_name));
            }
            if number > bounds.max {
                return Err(limit("at most", bounds.max, bounds.max_name));
            }
            T::try_from(number).map_err(|_| "too large".to_owned())
        };
        self.take(key, read, ToString::to_string).unwrap_or_else(|| self.fall_back(key, default, ToString::to_string))
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let read = |given: &Given| match given {
            Given::File(toml::Value::Boolean(flag)) => Ok(*flag),
            Given::Environment(text) => text.trim().parse().map_err(|_| "neither true nor false".to_owned()),
            Given::File(_) => Err("neither true nor false".to_owned()),
        };
        self.take(key, read, ToString::to_string).unwrap_or_else(|| self.fall_back(key, default, ToString::to_string))
    }

    /// Text that `parse` makes a value of, or the default when nothing is given.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: T,
        parse: impl Fn(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> T {
        self.take(key, |given| parse(&text_of(given)?), &show).unwrap_or_else(|| self.fall_back(key, default, show))
    }

    /// Text that `parse` makes a value of, or nothing.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let read = self.take(key, |given| parse(&text_of(given)?), show);
        if read.is_none() {
            self.remember(key, None, Source::Default);
        }
        read
    }

    /// A URL without secrets, or nothing; one that holds credentials all the same is refused without repeating them.
    pub(super) fn optional_url<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let shown = self.given.get(key).map(Given::shown).filter(|text| !text.contains('@'));
        let read = self.take_shown(key, shown, |given| parse(&text_of(given)?), show);
        if read.is_none() {
            self.remember(key, None, Source::Default);
        }
        read
    }

    /// A path.
    pub(super) fn path(&mut self, key: &'static str, default: PathBuf) -> PathBuf {
        self.parsed(key, default, to_path, |path| show_path(path))
    }

    /// A path, or nothing.
    pub(super) fn optional_path(&mut self, key: &'static str) -> Option<PathBuf> {
        self.optional(key, to_path, |path| show_path(path))
    }

    /// An address and port.
    pub(super) fn address(&mut self, key: &'static str, default: SocketAddr) -> SocketAddr {
        self.parsed(key, default, to_address, |address| quoted(&address.to_string()))
    }

    /// An address and port, or nothing.
    pub(super) fn optional_address(&mut self, key: &'static str) -> Option<SocketAddr> {
        self.optional(key, to_address, |address| quoted(&address.to_string()))
    }

    /// A URL whose password is never shown, not even when it is refused.
    pub(super) fn secret_url(
        &mut self,
        key: &'static str,
        default: String,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> SecretUrl {
        let show = |url: &SecretUrl| quoted(&url.to_string());
        let read = |given: &Given| {
            let url = text_of(given)?;
            check(&url).map(|()| SecretUrl::new(url))
        };
        self.take_masked(key, read, show).unwrap_or_else(|| self.fall_back(key, SecretUrl::new(default), show))
    }

    /// As [`Self::secret_url`], or nothing.
    pub(super) fn optional_secret_url(
        &mut self,
        key: &'static str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Option<SecretUrl> {
        let read = |given: &Given| {
            let url = text_of(given)?;
            check(&url).map(|()| SecretUrl::new(url))
        };
        let read = self.take_masked(key, read, |url| quoted(&url.to_string()));
        if read.is_none() {
            self.remember(key, None, Source::Default);
        }
        read
    }

    /// One of some words.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        default: T,
        words: &[(&'static str, T)],
    ) -> T {
        let parse = |text: &str| {
            words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                format!("not one of {}", words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", "))
            })
        };
        let show = |value: &T| quoted(words.iter().find(|(_, known)| known == value).map_or("", |(word, _)| word));
        self.parsed(key, default, parse, show)
    }

    /// Several values; in the environment separated by commas.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        default: Vec<T>,
        parse: impl Fn(&str) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Vec<T> {
        let read = |given: &Given| texts_of(given)?.iter().map(|text| parse(text)).collect::<Result<Vec<T>, _>>();
        let show = |values: &Vec<T>| format!("[{}]", values.iter().map(&show).collect::<Vec<_>>().join(", "));
        self.take(key, read, show).unwrap_or_else(|| self.fall_back(key, default, show))
    }

    /// Refuses a value for a reason that looks at more than the value itself.
    pub(super) fn refuse(&mut self, key: &'static str, reason: impl Into<String>) {
        let shown = self.effective.iter().rev().find(|e| e.section == self.name && e.key == key);
        let value = shown.and_then(|effective| effective.value.clone());
        self.problem(key, value, reason.into());
    }

    /// Refuses every key that nobody read.
    pub(super) fn finish(self) {
        let Self { name, given, known, problems, .. } = self;
        for key in given.into_keys() {
            let reason = match nearest(&key, &known) {
                Some(near) => format!("unknown key; is `{near}` meant?"),
                None => "unknown key".to_owned(),
            };
            problems.push(Problem { section: name.clone(), key, value: None, reason });
        }
    }

    fn take<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Given) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        let shown = self.given.get(key).map(Given::shown);
        self.take_shown(key, shown, read, show)
    }

    fn take_masked<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&Given) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        self.take_shown(key, None, read, show)
    }

    fn take_shown<T>(
        &mut self,
        key: &'static str,
        shown: Option<String>,
        read: impl Fn(&Given) -> Result<T, String>,
        show: impl Fn(&T) -> String,
    ) -> Option<T> {
        self.known.push(key);
        let given = self.given.remove(key)?;
        match read(&given) {
            Ok(value) => {
                self.remember(key, Some(show(&value)), given.source());
                Some(value)
            }
            Err(reason) => {
                self.problem(key, shown, reason);
                None
            }
        }
    }

    fn fall_back<T>(&mut self, key: &'static str, default: T, show: impl Fn(&T) -> String) -> T {
        self.remember(key, Some(show(&default)), Source::Default);
        default
    }

    fn remember(&mut self, key: &'static str, value: Option<String>, source: Source) {
        self.effective.push(Effective { section: self.name.clone(), key, value, source });
    }

    fn problem(&mut self, key: &str, value: Option<String>, reason: String) {
        self.problems.push(Problem { section: self.name.clone(), key: key.to_owned(), value, reason });
    }
}

/// Text as a TOML string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
