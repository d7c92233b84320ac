//! `[observe]`: the operators' log.

use super::section::{Section, quoted};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    Json,
    /// For people.
    Text,
}

/// `[observe]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observe {
    /// Form of log lines on standard error; default `text` in development, else `json`. Whoever controls it could blind a
    /// collector of logs.
    pub format: LogFormat,
    /// Which lines: a level or directives such as `info,gateway=debug`; default `info`. Whoever controls it could silence
    /// warnings; no level shows personal data.
    pub level: String,
}

impl Observe {
    pub(super) fn read(section: &mut Section<'_>, development: bool) -> Self {
        let formats = [("json", LogFormat::Json), ("text", LogFormat::Text)];
        let default = if development { LogFormat::Text } else { LogFormat::Json };
        Self {
            format: section.choice("format", default, &formats),
            level: section.parsed("level", "info".to_owned(), to_level, |level| quoted(level)),
        }
    }
}

fn to_level(text: &str) -> Result<String, String> {
    match tracing_subscriber::EnvFilter::try_new(text) {
        Ok(_) if !text.trim().is_empty() => Ok(text.to_owned()),
        _ => Err("not a level (error, warn, info, debug, trace) or list of directives".to_owned()),
    }
}
