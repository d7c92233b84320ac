//! Samples that an empty development state begins with.

use exchange::{directory::DirectoryData, tariff::RateBook};
use serde::Deserialize;

use super::ComposeError;

/// The sample directory (ops/samples/directory.toml, ops/samples/rates.toml): invented agencies, no keys; invented prices,
/// which say so.
///
/// # Errors
/// [`ComposeError`] if the text is not a directory; a test holds that it is.
pub fn directory() -> Result<DirectoryData, ComposeError> {
    let text = include_str!("../../../../ops/samples/directory.toml");
    let directory: DirectoryData = toml::from_str(text).map_err(ComposeError::of("sample directory"))?;
    Ok(DirectoryData { rate_books: rates()?, ..directory })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Books {
    book: Vec<RateBook>,
}

/// The sample rate books.
///
/// # Errors
/// [`ComposeError`] if the text is not a list of rate books; a test holds that it is.
pub fn rates() -> Result<Vec<RateBook>, ComposeError> {
    let text = include_str!("../../../../ops/samples/rates.toml");
    toml::from_str::<Books>(text).map(|books| books.book).map_err(ComposeError::of("sample rate books"))
}
