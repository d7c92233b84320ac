//! The law written down as released: once, under its own generation, and read back as the law it was.

use std::{
    fs,
    path::{Path, PathBuf},
};

use policies::source::Source;
use prove::{Law, Prover, Released};

use super::support::{changed, cvc5, folder, replaced};

/// A folder of a test's own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("released-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, source: &Source) -> Result<(u64, bool), String> {
        Released::write(&self.0, source).map_err(|error| error.to_string())
    }

    fn last(&self) -> Option<Released> {
        Released::last(&self.0).unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const NETWORK: &str = "guardrails/G05-network.cedar";

fn raised(source: Source, generation: u64) -> Source {
    replaced(source, "bundle.toml", "generation = 1", &format!("generation = {generation}"))
}

#[test]
fn a_generation_is_written_once_and_the_last_one_is_read() {
    let folder = Folder::new("once");
    let law = Source::embedded();
    assert!(folder.last().is_none());
    assert_eq!((folder.write(&law), folder.write(&law)), (Ok((1, true)), Ok((1, false))));
    let other = law.clone().without(NETWORK);
    assert!(folder.write(&other).unwrap_err().contains("generation 1 was released with another text"));
    assert_eq!(folder.write(&raised(other, 12)), Ok((12, true)));
    assert!(folder.write(&raised(law, 3)).unwrap_err().contains("generation 12 was released already"));
    // Twelve comes after one, though not in the alphabet; G05 is gone from it, so the law as it stands is narrower.
    let law = Law::read(&Source::embedded()).unwrap();
    let (wider, _) = Prover::start(&law, &cvc5()).unwrap().wider(&folder.last().unwrap()).unwrap();
    assert!(wider.is_empty(), "{wider:?}");
}

#[test]
fn what_was_released_is_what_is_compared_with() {
    let folder = Folder::new("compared");
    folder.write(&changed(NETWORK, "!context.inNetwork", "true")).unwrap();
    fs::create_dir_all(folder.0.join("theorems/waivers")).unwrap();
    let quoted = "[[waiver]]\naction = \"viewReport\"\ncaller = \"User\"\npermit = \"R01-published\"\n\
                  approved = [\"A\", \"B\"]\nwhy = \"an agency reads from its network\"\n";
    fs::write(folder.0.join("theorems/waivers/1.toml"), quoted).unwrap();
    let law = Law::read(&Source::embedded()).unwrap();
    let (wider, waived) = Prover::start(&law, &cvc5()).unwrap().wider(&folder.last().unwrap()).unwrap();
    assert!(wider.iter().any(|it| it.said.starts_with("readUsage by Client: `O01-own-affairs`")), "{wider:?}");
    assert!(waived.len() == 1 && waived[0].said.starts_with("viewReport by User"), "{waived:?}");
}

#[test]
fn a_folder_that_is_no_generation_is_refused() {
    let folder = Folder::new("stray");
    fs::create_dir_all(folder.0.join("snapshots/latest")).unwrap();
    assert!(Released::last(&folder.0).unwrap_err().to_string().contains("latest is no generation"));
}

#[test]
fn the_released_law_of_the_tree_is_whole() {
    let released = Released::last(&folder()).unwrap();
    assert!(released.is_some(), "`cargo xtask prove --release` writes it");
}
