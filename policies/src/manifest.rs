//! What a bundle consists of, as a text that a person can read and a key can sign: generation, title, the bundle before it,
//! and each file with its SHA-256 as `sha256sum` prints it.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::digest;

use crate::{error::BundleError, parse, source::Source};

/// First line of every manifest; another form gets another number.
const FORM: &str = "ijazat law 1";

/// Parts of a bundle that bound everything else, or that say what is bounded: what changes them takes two people.
///
/// Besides guardrails, schema and waived theorems these are the classes of datatypes and Annexure B: who declares a Secret
/// datatype Public, or every kind of agency a feeder, opens as much as who strikes a guardrail out.
const GUARDED: [&str; 5] = ["dictionary/", "guardrails/", "matrices/", "schema/", "theorems/"];

/// A bundle as another names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its generation.
    pub generation: u64,
    /// Digest of its manifest, in lower-case hex.
    pub digest: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.generation, self.digest)
    }
}

/// What a bundle consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Generation, which each record of a decision carries.
    pub generation: u64,
    /// What the bundle calls itself.
    pub title: String,
    /// Which table of Annexure B is in force.
    pub matrix: String,
    /// The bundle that it follows; none for one that is built in.
    pub after: Option<Named>,
    /// Path to SHA-256 in lower-case hex.
    pub files: BTreeMap<String, String>,
}

impl Manifest {
    /// The manifest of these files.
    ///
    /// # Errors
    /// [`BundleError`] where `bundle.toml` is missing or cannot be read.
    pub fn of(source: &Source, after: Option<Named>) -> Result<Self, BundleError> {
        let header = parse::header(source)?;
        let files = source.matching("", "").map(|(path, text)| (path.to_owned(), sha256(text))).collect();
        Ok(Self { generation: header.generation, title: header.title, matrix: header.matrix, after, files })
    }

    /// The one text of this manifest.
    #[must_use]
    pub fn text(&self) -> String {
        let after = self.after.as_ref().map_or_else(|| "nothing".to_owned(), ToString::to_string);
        let head = format!(
            "{FORM}\ngeneration {}\ntitle {}\nmatrix {}\nafter {after}\n",
            self.generation, self.title, self.matrix
        );
        self.files.iter().fold(head, |text, (path, digest)| format!("{text}{digest}  {path}\n"))
    }

    /// Reads a text back; `None` unless it is the one text of a manifest.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut after_word = |word: &str| lines.next()?.strip_prefix(word).map(str::to_owned);
        after_word(FORM).filter(String::is_empty)?;
        let generation = after_word("generation ")?.parse().ok()?;
        let (title, matrix) = (after_word("title ")?, after_word("matrix ")?);
        let after = match after_word("after ")?.as_str() {
            "nothing" => None,
            named => {
                let (generation, digest) = named.split_once(' ')?;
                Some(Named { generation: generation.parse().ok()?, digest: digest.to_owned() })
            }
        };
        let file = |line: &str| line.split_once("  ").map(|(digest, path)| (path.to_owned(), digest.to_owned()));
        let files = lines.map(file).collect::<Option<_>>()?;
        let manifest = Self { generation, title, matrix, after, files };
        // There is one way to write each, so that what was signed is what is compared.
        (manifest.text() == text).then_some(manifest)
    }

    /// Digest of the whole: SHA-256 of the text, in lower-case hex.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(&self.text())
    }

    /// Generation and digest, as the next bundle names this one.
    #[must_use]
    pub fn name(&self) -> Named {
        Named { generation: self.generation, digest: self.digest() }
    }

    /// What two people must have signed if this bundle follows `before`: guarded files that were added, removed or
    /// changed, and the choice of Annexure B's table.
    #[must_use]
    pub fn guarded_changes(&self, before: &Self) -> Vec<String> {
        let mut changed: Vec<String> = self.changes(before).into_iter().filter(|path| is_guarded(path)).collect();
        if self.matrix != before.matrix {
            changed.push("bundle.toml: matrix".to_owned());
        }
        changed
    }

    /// Files that were added, removed or changed since `before`, sorted.
    #[must_use]
    pub fn changes(&self, before: &Self) -> Vec<String> {
        let mut paths: Vec<&String> = self.files.keys().chain(before.files.keys()).collect();
        paths.sort();
        paths.dedup();
        paths.retain(|path| self.files.get(*path) != before.files.get(*path));
        paths.into_iter().cloned().collect()
    }
}

fn is_guarded(path: &str) -> bool {
    GUARDED.iter().any(|folder| path.starts_with(folder))
}

fn sha256(text: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let after = Named { generation: 1, digest: "00ff".into() };
        Manifest::of(&Source::embedded(), Some(after)).unwrap()
    }

    #[test]
    fn a_manifest_is_one_text_and_reads_back() {
        let manifest = manifest();
        let text = manifest.text();
        assert!(text.starts_with("ijazat law 1\ngeneration 1\ntitle Law of the exchange"), "{text}");
        assert!(text.contains("\nafter 1 00ff\n"), "{text}");
        assert_eq!(Manifest::parse(&text), Some(manifest.clone()));
        let first = Manifest { after: None, ..manifest };
        assert_eq!(Manifest::parse(&first.text()), Some(first));
    }

    #[test]
    fn a_text_written_otherwise_is_no_manifest() {
        let text = manifest().text();
        let check = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            assert_eq!(Manifest::parse(&text.replacen(from, to, 1)), None, "{from} {to}");
        };
        check("ijazat law 1", "ijazat law 2");
        check("generation 1", "generation 01");
        check("generation 1", "generation one");
        check("after 1 00ff", "after");
        check("  bundle.toml", " bundle.toml");
        check("  bundle.toml\n", "  bundle.toml\n\n");
        check("title ", "name ");
        assert_eq!(Manifest::parse(text.trim_end()), None);
        let (first, second) = ("cases/identity.toml", "cases/nser.toml");
        let swapped = text.replace(first, "X").replace(second, first).replace('X', second);
        assert_eq!(Manifest::parse(&swapped), None, "files stand in their order");
    }

    #[test]
    fn every_file_is_in_the_digest_and_sha256sum_agrees() {
        let manifest = manifest();
        for (path, text) in Source::embedded().matching("", "") {
            let changed = Source::embedded().with(path, &format!("{text}\n"));
            let other = Manifest::of(&changed, manifest.after.clone()).unwrap();
            assert_ne!(other.digest(), manifest.digest(), "{path}");
            assert_eq!(other.changes(&manifest), [path]);
        }
        // The digest of no bytes, as the standard's examples give it.
        let empty = Manifest::of(&Source::embedded().with("cases/x.toml", ""), None).unwrap();
        assert!(empty.files["cases/x.toml"].starts_with("e3b0c44298fc1c149afbf4c8996fb924"));
    }

    #[test]
    fn what_bounds_the_law_is_guarded_and_the_rest_is_not() {
        let before = manifest();
        let check = |path: &str, guarded: bool| {
            let text = Source::embedded().file(path).unwrap_or_default().to_owned() + "\n# changed\n";
            let after = Manifest::of(&Source::embedded().with(path, &text), None).unwrap();
            assert_eq!(!after.guarded_changes(&before).is_empty(), guarded, "{path}");
        };
        check("guardrails/G05-network.cedar", true);
        check("guardrails/G99-new.cedar", true);
        check("schema/ijazat.cedarschema", true);
        check("dictionary/nser.toml", true);
        check("matrices/target.toml", true);
        check("theorems/waivers/2.md", true);
        check("domains/nser/N02-household-standard.cedar", false);
        check("cases/nser.toml", false);
        check("catalogue/nser.toml", false);
        let gone = Manifest::of(&Source::embedded().without("guardrails/G05-network.cedar"), None).unwrap();
        assert_eq!(gone.guarded_changes(&before), ["guardrails/G05-network.cedar"]);
        let header =
            Source::embedded().file("bundle.toml").unwrap().replace("matrix = \"target\"", "matrix = \"as-is\"");
        let as_is = Manifest::of(&Source::embedded().with("bundle.toml", &header), None).unwrap();
        assert_eq!(as_is.guarded_changes(&before), ["bundle.toml: matrix"]);
    }
}
