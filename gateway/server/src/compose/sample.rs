//! Samples that an empty development state begins with.

use exchange::{directory::DirectoryData, tariff::RateBook};
use serde::Deserialize;

use super::ComposeError;

/// The sample directory (ops/samples/directory.toml): invented agencies, no keys.
///
/// # Errors
/// [`ComposeError`] if the text is not a directory; a test holds that it is.
pub fn directory() -> Result<DirectoryData, ComposeError> {
    toml::from_str(include_str!("../../../../ops/samples/directory.toml")).map_err(ComposeError::of("sample directory"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Books {
    book: Vec<RateBook>,
}

/// Rate books of a file, or the sample ones (ops/samples/rates.toml).
///
/// # Errors
/// [`ComposeError`] if the file cannot be read or is not a list of rate books.
pub fn rates(path: Option<&std::path::Path>) -> Result<Vec<RateBook>, ComposeError> {
    let text = match path {
        Some(path) => std::fs::read_to_string(path).map_err(ComposeError::of("rate books"))?,
        None => include_str!("../../../../ops/samples/rates.toml").to_owned(),
    };
    toml::from_str::<Books>(&text).map(|books| books.book).map_err(ComposeError::of("rate books"))
}
