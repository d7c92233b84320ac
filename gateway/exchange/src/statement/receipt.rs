//! A receipt as an agency kept it: the header `Ijazat-Receipt` of an answer, or a line that an answer in parts ended with.

use serde::Deserialize;

/// What an answer's receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The log.
    pub origin: String,
    /// Index of the entry.
    pub index: u64,
    /// Rows that left; `None` where the receipt does not say for its entry alone.
    pub rows: Option<u32>,
    /// What was to be paid of it, milli-paisa; `None` as above.
    pub amount_milli_paisa: Option<i64>,
    /// Version of the rate book; `None` as above.
    pub rate_version: Option<String>,
    /// Entry of the first answer, where this one repeats it.
    pub replay_of: Option<u64>,
}

/// The text is not a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a receipt such as `\"ijazat.example/node-1/134\";rows=1;amount-milli-paisa=35000;rate=\"v1\"`")]
pub struct ReceiptError;

/// The last line of a batch, or of an answer in parts (`phases/stream.rs` writes both).
#[derive(Deserialize)]
struct PartLine {
    receipt: String,
    rows: u32,
    amount_milli_paisa: i64,
    #[serde(default, rename = "final")]
    last: bool,
}

impl Receipt {
    /// Reads the header's value, with or without the header's name, or the line of JSON that closes a part.
    ///
    /// # Errors
    /// [`ReceiptError`] for anything else.
    pub fn parse(text: &str) -> Result<Self, ReceiptError> {
        let text = text.trim();
        if text.starts_with('{') {
            return Self::of_part(text);
        }
        let value = match text.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("ijazat-receipt") => value.trim(),
            _ => text,
        };
        let (place, mut parameters) =
            value.strip_prefix('"').and_then(|rest| rest.split_once('"')).ok_or(ReceiptError)?;
        let (origin, index) = place_of(place)?;
        let (mut rows, mut amount, mut rate, mut replay_of) = (None, None, None, None);
        while let Some(rest) = parameters.strip_prefix(';') {
            let (parameter, after) = rest.find(';').and_then(|at| rest.split_at_checked(at)).unwrap_or((rest, ""));
            let (name, value) = parameter.trim().split_once('=').ok_or(ReceiptError)?;
            match name {
                "rows" => rows = Some(value.parse().map_err(|_| ReceiptError)?),
                "amount-milli-paisa" => amount = Some(value.parse().map_err(|_| ReceiptError)?),
                "rate" => rate = Some(quoted(value).ok_or(ReceiptError)?),
                "replay-of" => replay_of = Some(value.parse().map_err(|_| ReceiptError)?),
                // RFC 9651: parameters that one does not know are passed over.
                _ => {}
            }
            parameters = after;
        }
        let said = rows.is_some() && amount.is_some() && rate.is_some() && parameters.is_empty();
        let receipt = Self { origin, index, rows, amount_milli_paisa: amount, rate_version: rate, replay_of };
        if said { Ok(receipt) } else { Err(ReceiptError) }
    }

    fn of_part(text: &str) -> Result<Self, ReceiptError> {
        let line: PartLine = serde_json::from_str(text).map_err(|_| ReceiptError)?;
        let (origin, index) = place_of(&line.receipt)?;
        // The last line tells what all parts came to; its own entry has none of it.
        let (rows, amount) = if line.last { (None, None) } else { (Some(line.rows), Some(line.amount_milli_paisa)) };
        Ok(Self { origin, index, rows, amount_milli_paisa: amount, rate_version: None, replay_of: None })
    }
}

fn place_of(place: &str) -> Result<(String, u64), ReceiptError> {
    let (origin, index) = place.rsplit_once('/').ok_or(ReceiptError)?;
    let number: u64 = index.parse().map_err(|_| ReceiptError)?;
    if origin.is_empty() || number.to_string() != index { Err(ReceiptError) } else { Ok((origin.to_owned(), number)) }
}

fn quoted(value: &str) -> Option<String> {
    Some(value.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}
