//! Theorems that are none: each slip of the pen is named with its file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use policies::source::Source;
use prove::{Law, Premise, Theorems};

use super::support::folder;

/// A folder of a test's own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str, list: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("theorems-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let folder = Self(folder);
        folder.write("theorems.toml", list);
        folder
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.0.join(file), text).unwrap();
    }

    fn read(&self) -> Result<Theorems, String> {
        let law = Law::read(&Source::embedded()).unwrap();
        Theorems::read(&self.0, &law).map_err(|error| error.to_string())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

const ONE: &str = "[[theorem]]\nid = \"TH1\"\ntitle = \"One.\"\nkind = \"implies\"\nfrom = [\"law\"]\n";
const ALL: &str = "permit (principal, action, resource);";

#[test]
fn a_theorem_is_read_with_its_text() {
    let folder = Folder::new("read", &format!("{ONE}actions = [\"open\"]\nassumes = [\"Nothing.\"]\n"));
    folder.write("TH1.cedar", ALL);
    let theorem = folder.read().unwrap().0.remove(0);
    assert_eq!((theorem.id.as_str(), theorem.title.as_str()), ("TH1", "One."));
    assert_eq!(
        (theorem.from, theorem.actions, theorem.assumes),
        (vec![Premise::Law], vec!["open".into()], vec!["Nothing.".into()])
    );
}

#[test]
fn each_slip_is_named() {
    let check = |name: &str, list: &str, files: &[(&str, &str)], expected: &str| {
        let folder = Folder::new(name, list);
        for (file, text) in files {
            folder.write(file, text);
        }
        let error = folder.read().unwrap_err();
        assert!(error.contains(expected), "{name}: {error}");
    };
    let one = [("TH1.cedar", ALL)];
    check("no-text", ONE, &[], "TH1.cedar: cannot be read");
    check("no-policy", ONE, &[("TH1.cedar", "permit")], "TH1.cedar: ");
    check("no-schema", ONE, &[("TH1.cedar", "permit (principal, action, resource) when { context.mood };")], "mood");
    check("twice", &format!("{ONE}{ONE}"), &one, "lists `TH1` twice");
    check("unlisted", ONE, &[one[0], ("TH2.cedar", ALL)], "TH2.cedar: is not listed in theorems.toml");
    check("action", &format!("{ONE}actions = [\"fly\"]\n"), &one, "`TH1` speaks of `fly`, which is no action");
    check("premise", &ONE.replace("[\"law\"]", "[\"hope\"]"), &one, "hope");
    check("no-premise", &ONE.replace("from = [\"law\"]", ""), &one, "has `from` if and only if its kind is `implies`");
    check("kind", &ONE.replace("implies", "never-errs"), &one, "has `from` if and only if its kind is `implies`");
    check("key", &format!("{ONE}sure = true\n"), &one, "unknown field `sure`");
    check("list", "theorem = 1", &one, "theorems.toml: ");
}

#[test]
fn some_theorems_can_be_chosen_by_the_beginning_of_their_names() {
    let law = Law::read(&Source::embedded()).unwrap();
    let read = || Theorems::read(&folder().join("theorems"), &law).unwrap();
    let ids = |only: &[&str]| {
        let only: Vec<_> = only.iter().map(|&id| id.to_owned()).collect();
        read().only(&only).map(|chosen| chosen.0.into_iter().map(|theorem| theorem.id).collect::<Vec<_>>())
    };
    assert_eq!(ids(&["TH10"]).unwrap(), ["TH10-secret"]);
    assert_eq!(ids(&["TH17", "TH10-secret"]).unwrap(), ["TH10-secret", "TH17-auditors"]);
    assert_eq!(ids(&[]).unwrap().len(), read().0.len());
    let error = ids(&["TH10", "TH99"]).unwrap_err().to_string();
    assert!(error.contains("has no theorem `TH99`; there are TH01-no-error, "), "{error}");
}
