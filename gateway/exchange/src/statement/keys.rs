//! Public keys that a bill is checked by: whose statements, and which logs. A text of a line each.

use std::fmt;

use crate::log::note::NoteVerifier;

/// Before the key that signs statements and their terms.
const STATEMENTS: &str = "statements";

/// Before the key of a log.
const LOG: &str = "log";

/// Public keys, each for one use: a log's key signs no statement, and the other way round.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublicKeys {
    /// Keys of statements and terms: the one in use and those before it.
    pub statements: Vec<NoteVerifier>,
    /// Keys of logs, named by the log's origin.
    pub logs: Vec<NoteVerifier>,
}

/// A line of a file of public keys that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{why}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct KeysError {
    /// Number of the line, from 1; `None` where one is lacking.
    pub line: Option<usize>,
    /// What is wrong.
    pub why: String,
}

impl PublicKeys {
    /// Reads lines `statements VKEY` and `log VKEY` (C2SP signed-note verifier keys); empty lines and what begins with `#`
    /// are passed over.
    ///
    /// # Errors
    /// [`KeysError`] names the first line that is neither, or the kind of key that is lacking.
    pub fn parse(text: &str) -> Result<Self, KeysError> {
        let mut keys = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |why: String| KeysError { line: Some(at + 1), why };
            let (word, vkey) = line.split_once(' ').unwrap_or((line, ""));
            let list = match word {
                STATEMENTS => &mut keys.statements,
                LOG => &mut keys.logs,
                _ => return Err(wrong("not of the form `statements VKEY` or `log VKEY`".to_owned())),
            };
            list.push(NoteVerifier::parse(vkey.trim()).map_err(|error| wrong(error.to_string()))?);
        }
        let lacks = |word: &str| Err(KeysError { line: None, why: format!("there is no line `{word} VKEY`") });
        match (keys.statements.is_empty(), keys.logs.is_empty()) {
            (true, _) => lacks(STATEMENTS),
            (_, true) => lacks(LOG),
            _ => Ok(keys),
        }
    }

    /// The key of a log.
    #[must_use]
    pub fn log(&self, origin: &str) -> Option<&NoteVerifier> {
        self.logs.iter().find(|key| key.name() == origin)
    }
}

/// The text that [`PublicKeys::parse`] reads.
impl fmt::Display for PublicKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statements = self.statements.iter().map(|key| (STATEMENTS, key));
        let logs = self.logs.iter().map(|key| (LOG, key));
        statements.chain(logs).try_for_each(|(word, key)| writeln!(f, "{word} {}", key.to_vkey()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::note::NoteSigner;

    fn key(name: &str, seed: u8) -> NoteVerifier {
        NoteSigner::from_seed(name, &[seed; 32]).unwrap().verifier().clone()
    }

    #[test]
    fn a_file_of_keys_reads_back_and_tells_its_uses_apart() {
        let keys =
            PublicKeys { statements: vec![key("x/statements", 1)], logs: vec![key("x/node-1", 2), key("x/node-2", 3)] };
        let text = keys.to_string();
        assert_eq!(PublicKeys::parse(&text), Ok(keys.clone()));
        assert_eq!(PublicKeys::parse(&format!("# of the exchange\n\n{text}")), Ok(keys.clone()));
        assert_eq!(keys.log("x/node-2"), Some(&key("x/node-2", 3)));
        assert_eq!(keys.log("x/statements"), None, "the key of statements is no log's");
    }

    #[test]
    fn a_line_that_is_no_key_is_named() {
        let log = format!("log {}", key("x/node-1", 2).to_vkey());
        let check = |text: &str, line: Option<usize>, why: &str| {
            let error = PublicKeys::parse(text).unwrap_err();
            assert!(error.line == line && error.why.contains(why), "{error}");
        };
        check("", None, "no line `statements VKEY`");
        check(&log, None, "no line `statements VKEY`");
        check(&log.replace("log ", "statements "), None, "no line `log VKEY`");
        check(&format!("{log}\nlog x+y+z\n"), Some(2), "name+id+key");
        check("log\n", Some(1), "name+id+key");
        check(&log.replace("log ", "key "), Some(1), "not of the form");
    }
}
