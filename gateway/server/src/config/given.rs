//! A value before it is read: typed from the file, text from the environment.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use super::section::{Source, quoted};

/// A value before it is read.
#[derive(Clone, Debug)]
pub(super) enum Given {
    /// From the file, typed.
    File(toml::Value),
    /// From the environment: text.
    Environment(String),
}

impl Given {
    pub(super) fn source(&self) -> Source {
        match self {
            Self::File(_) => Source::File,
            Self::Environment(_) => Source::Environment,
        }
    }

    pub(super) fn shown(&self) -> String {
        match self {
            Self::File(value) => value.to_string(),
            Self::Environment(text) => text.clone(),
        }
    }
}

pub(super) fn text_of(given: &Given) -> Result<String, String> {
    match given {
        Given::File(toml::Value::String(text)) | Given::Environment(text) => Ok(text.clone()),
        Given::File(_) => Err("not a text".to_owned()),
    }
}

pub(super) fn texts_of(given: &Given) -> Result<Vec<String>, String> {
    match given {
        Given::Environment(text) => {
            Ok(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
        }
        Given::File(toml::Value::Array(values)) => {
            let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or_else(|| "not a list of texts".to_owned())
        }
        Given::File(_) => Err("not a list of texts".to_owned()),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the form that `parsed` takes")]
pub(super) fn to_path(text: &str) -> Result<PathBuf, String> {
    Ok(PathBuf::from(text))
}

pub(super) fn show_path(path: &Path) -> String {
    quoted(&path.display().to_string())
}

pub(super) fn to_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "not an address and port such as 127.0.0.1:8443".to_owned())
}
