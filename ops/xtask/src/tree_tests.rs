//! Which files of a tree are read, and in which order.

use std::os::unix::fs::symlink;

use super::*;
use crate::testing::Folder;

fn found(folder: &Folder) -> Vec<String> {
    text_files(folder.path()).unwrap().into_iter().map(|file| file.path).collect()
}

#[test]
fn files_that_people_wrote_are_found_however_deep_and_in_order() {
    let folder = Folder::new("tree");
    for name in ["b.rs", "a/z.rs", "a/b/c/d.toml", "a.rs", "no-ending", ".hidden/x", ".gitignore"] {
        folder.file(name, "text");
    }
    let expected = [".gitignore", ".hidden/x", "a.rs", "a/b/c/d.toml", "a/z.rs", "b.rs", "no-ending"];
    assert_eq!(found(&folder), expected);
}

#[test]
fn what_machines_made_is_not_read_wherever_it_lies() {
    let folder = Folder::new("made");
    let made = ["target/a.rs", ".git/config", "state/log", "node_modules/x.js", "deep/target/b.rs", "deep/state/c"];
    for name in made {
        folder.file(name, "text");
    }
    // Only whole names of folders, and only folders.
    for name in ["targets/d.rs", "deep/statement/e.rs", "target.rs", "other/state.toml"] {
        folder.file(name, "text");
    }
    folder.file("files/target", "a file of that name");
    assert_eq!(
        found(&folder),
        ["deep/statement/e.rs", "files/target", "other/state.toml", "target.rs", "targets/d.rs"]
    );
}

#[test]
fn files_that_are_no_text_and_links_are_left_out() {
    let folder = Folder::new("bytes");
    let text = folder.file("text.txt", "اردو");
    folder.file("bytes.bin", [0xff, 0xfe, 0x00]);
    folder.file("cut.txt", &"اردو".as_bytes()[..1]);
    folder.file("empty", "");
    symlink(&text, folder.path().join("link.txt")).unwrap();
    symlink(folder.path(), folder.path().join("loop")).unwrap();
    symlink("/nowhere", folder.path().join("dangling")).unwrap();
    assert_eq!(found(&folder), ["empty", "text.txt"]);
    let files = text_files(folder.path()).unwrap();
    assert_eq!(files[1].text, "اردو");
}

#[test]
fn a_folder_that_is_not_there_is_an_error() {
    let folder = Folder::new("gone");
    assert!(text_files(&folder.path().join("nothing")).is_err());
    let file = folder.file("file", "x");
    assert!(text_files(&file).is_err(), "a file is no tree");
}

#[test]
fn the_ending_is_what_follows_the_last_dot_of_the_name() {
    let check = |path: &str, ending, expected| {
        let file = TextFile { path: path.into(), text: String::new() };
        assert_eq!(file.ends_in(ending), expected, "{path} {ending}");
    };
    check("a/b.rs", "rs", true);
    check("a/b.rs.txt", "rs", false);
    check("a/b.rs", "s", false);
    check("a/rs", "rs", false);
    check("a.rs/b", "rs", false);
    check("a/.rs", "rs", false);
    check("a/b.RS", "rs", false);
}
