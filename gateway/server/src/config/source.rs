//! Gathers what was given: the file's sections first, the environment's over them.

use std::{collections::BTreeMap, fs, io::Read, path::Path};

use super::{
    error::{ConfigError, Problem},
    given::Given,
    limits,
    section::{Effective, Section},
};

/// Prefix of our environment variables: `IJAZAT__SECTION__KEY=value`, `IJAZAT__UPSTREAM__ID__KEY=value`.
const PREFIX: &str = "IJAZAT__";

/// Sections that exist; any other is refused.
const SECTIONS: [&str; 11] =
    ["node", "listen", "tls", "database", "log", "limits", "consent", "sms", "notify", "policy", "observe"];

/// Sections that were, and where what they said belongs now.
const FORMER: [(&str, &str); 1] = [("rates", "rate books stand in the directory now: ijazat agency propose BOOK")];

/// The table whose sub-tables are upstreams.
const UPSTREAM: &str = "upstream";

type Keys = BTreeMap<String, Given>;

/// What was given, not yet read, and what was found while reading.
#[derive(Debug, Default)]
pub(super) struct Sources {
    sections: BTreeMap<String, Keys>,
    pub(super) upstreams: BTreeMap<String, Keys>,
    pub(super) problems: Vec<Problem>,
    pub(super) effective: Vec<Effective>,
}

impl Sources {
    /// Reads the file, if there is one, and lays the environment over it; later variables win over earlier ones.
    ///
    /// # Errors
    /// When the file cannot be read or is not TOML; what is wrong inside it becomes a problem instead.
    pub(super) fn gather(
        path: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        let mut sources = Self::default();
        if let Some(path) = path {
            let table = parse(path)?;
            for (name, value) in table {
                sources.add_table(name, value);
            }
        }
        for (name, value) in env {
            if let Some(rest) = name.strip_prefix(PREFIX) {
                sources.add_variable(&name, &rest.to_ascii_lowercase(), value);
            }
        }
        Ok(sources)
    }

    /// Reads one section with `read` and refuses what is left of it.
    pub(super) fn section<T>(&mut self, name: &str, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let given = self.sections.remove(name).unwrap_or_default();
        self.read_keys(name.to_owned(), given, read)
    }

    /// Reads keys as the section of that name.
    pub(super) fn read_keys<T>(&mut self, name: String, given: Keys, read: impl FnOnce(&mut Section<'_>) -> T) -> T {
        let mut section = Section::new(name, given, &mut self.problems, &mut self.effective);
        let value = read(&mut section);
        section.finish();
        value
    }

    /// Refuses a section.
    pub(super) fn refuse(&mut self, section: &str, reason: &str) {
        self.problem(section, String::new(), reason.to_owned());
    }

    fn add_table(&mut self, name: String, value: toml::Value) {
        let toml::Value::Table(table) = value else {
            return self.refuse(&name, "not a section");
        };
        if name == UPSTREAM {
            for (id, keys) in table {
                match keys {
                    toml::Value::Table(keys) => drop(self.upstreams.insert(id, from_file(keys))),
                    _ => self.refuse(&format!("{UPSTREAM}.{id}"), "not a section"),
                }
            }
        } else if SECTIONS.contains(&name.as_str()) {
            self.sections.insert(name, from_file(table));
        } else {
            let former = FORMER.iter().find(|(former, _)| *former == name);
            self.refuse(&name, former.map_or("unknown section", |(_, now)| now));
        }
    }

    fn add_variable(&mut self, name: &str, path: &str, value: String) {
        let parts: Vec<&str> = path.split("__").collect();
        let given = Given::Environment(value);
        match parts.as_slice() {
            [UPSTREAM, id, key] => {
                self.upstreams.entry((*id).to_owned()).or_default().insert((*key).to_owned(), given);
            }
            [section, key] if SECTIONS.contains(section) => {
                self.sections.entry((*section).to_owned()).or_default().insert((*key).to_owned(), given);
            }
            _ => self.problem("environment", name.to_owned(), "names no section and key".to_owned()),
        }
    }

    fn problem(&mut self, section: &str, key: String, reason: String) {
        self.problems.push(Problem { section: section.to_owned(), key, value: None, reason });
    }
}

fn from_file(table: toml::Table) -> Keys {
    table.into_iter().map(|(key, value)| (key, Given::File(value))).collect()
}

fn parse(path: &Path) -> Result<toml::Table, ConfigError> {
    let shown = path.display();
    let cannot = |error: std::io::Error| ConfigError::of_file(format!("{shown}: cannot be read: {error}"));
    let file = fs::File::open(path).map_err(cannot)?;
    let mut text = String::new();
    file.take(limits::FILE_BYTES_MAX + 1).read_to_string(&mut text).map_err(cannot)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > limits::FILE_BYTES_MAX {
        return Err(ConfigError::of_file(format!("{shown}: more than {} bytes", limits::FILE_BYTES_MAX)));
    }
    // The parser's own rendering quotes the line, which may hold a password: give the place and the rule only.
    text.parse().map_err(|error: toml::de::Error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        ConfigError::of_file(format!("{shown}: line {line}: not toml: {}", first_line(error.message())))
    })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
