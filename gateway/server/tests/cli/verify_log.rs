//! `verify-log` over a log whose files were changed after they were written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use exchange::log::note::NoteSigner;

use crate::kit::Folder;

/// An installation whose log holds some entries: refusals of callers without a certificate's key, made by operators' changes.
fn written() -> Folder {
    let folder = Folder::new();
    folder.serve(&[], &[]).stop();
    for n in 0..5_u8 {
        folder.answer(&["certificate", "revoke", "--serial", &format!("{:02x}", n + 16)]);
    }
    let (code, told) = folder.serve(&[], &[]).stop();
    assert_eq!(code, Some(0), "{told}");
    folder
}

fn vkey(folder: &Folder) -> String {
    let seed: [u8; 32] = fs::read(folder.path().join("state/keys/log.key")).unwrap().try_into().unwrap();
    NoteSigner::from_seed("localhost/node-1", &seed).unwrap().verifier().to_vkey()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn a_log_that_holds_is_told_with_its_root_and_may_be_verified_from_a_copy_without_any_key() {
    let folder = written();
    let told = folder.answer(&["verify-log"]);
    assert!(told.starts_with("the log holds: 5 entries under a signed root\n"), "{told}");
    assert!(told.contains("  outcomes 0, refusals 0\n"), "{told}");
    let root = told.lines().find_map(|line| line.strip_prefix("  root ")).unwrap();
    assert!(root.len() == 64 && root.bytes().all(|byte| byte.is_ascii_hexdigit()), "{told}");
    let elsewhere = Folder::new();
    for file in files(&folder.path().join("state/log")) {
        let name = file.strip_prefix(folder.path().join("state/log")).unwrap();
        let to = elsewhere.path().join("copy").join(name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
    assert_eq!(elsewhere.answer(&["verify-log", "--dir", "copy", "--vkey", &vkey(&folder)]), told);
    assert!(!elsewhere.has("state"), "no key and no state were made");
}

#[test]
fn a_log_in_use_may_be_verified() {
    let folder = written();
    let serving = folder.serve(&[], &[]);
    assert!(folder.answer(&["verify-log"]).contains("5 entries"));
    assert_eq!(serving.stop().0, Some(0));
}

#[test]
fn another_key_or_a_malformed_one_verifies_nothing() {
    let folder = written();
    let other = NoteSigner::from_seed("localhost/node-1", &[7; 32]).unwrap().verifier().to_vkey();
    folder.refused(&["verify-log", "--vkey", &other], 1, "checkpoint does not hold");
    let foreign = {
        let seed: [u8; 32] = fs::read(folder.path().join("state/keys/log.key")).unwrap().try_into().unwrap();
        NoteSigner::from_seed("localhost/node-2", &seed).unwrap().verifier().to_vkey()
    };
    folder.refused(&["verify-log", "--vkey", &foreign], 1, "checkpoint does not hold");
    for vkey in ["", "x", "localhost/node-1+00000000+AAAA", vkey(&folder).trim_start_matches('l')] {
        folder.refused(&["verify-log", "--vkey", vkey], 1, "./state/log: checkpoint does not hold");
    }
}

#[test]
fn a_folder_that_is_no_log_is_refused() {
    let folder = written();
    fs::create_dir(folder.path().join("empty")).unwrap();
    folder.refused(&["verify-log", "--dir", "empty"], 1, "empty: ");
    folder.refused(&["verify-log", "--dir", "absent"], 1, "absent: ");
    folder.refused(&["verify-log", "--dir", "state/keys"], 1, "state/keys: ");
    assert_eq!(fs::read_dir(folder.path().join("empty")).unwrap().count(), 0);
    assert!(!folder.has("absent"));
}

#[test]
fn every_byte_that_is_part_of_an_entry_is_watched() {
    let folder = written();
    let segment = files(&folder.path().join("state/log")).into_iter().find(|path| is_segment(path)).unwrap();
    let whole = fs::read(&segment).unwrap();
    let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    let mut unseen = Vec::new();
    for at in (HEADER_BYTES..end).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        fs::write(&segment, &bytes).unwrap();
        let output = folder.ijazat(&["verify-log"]);
        if output.status.success() {
            unseen.push(at);
        }
    }
    fs::write(&segment, &whole).unwrap();
    assert_eq!(unseen, Vec::<usize>::new(), "of {end} bytes in {}", segment.display());
    folder.answer(&["verify-log"]);
}

/// Bytes before a segment's first entry: where the file belongs, which no entry rests on.
const HEADER_BYTES: usize = 64;

fn is_segment(path: &Path) -> bool {
    fs::metadata(path).unwrap().len() >= 1 << 20
}

#[test]
fn a_cut_or_emptied_or_lost_file_is_found() {
    let folder = written();
    for path in files(&folder.path().join("state/log")) {
        let whole = fs::read(&path).unwrap();
        let name = path.strip_prefix(folder.path()).unwrap().display().to_string();
        // An empty file, such as the lock, says nothing that could be changed.
        if whole.iter().all(|byte| *byte == 0) {
            continue;
        }
        let end = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
        // A segment that was prepared and holds no entry yet is remade, not believed.
        if end <= HEADER_BYTES && is_segment(&path) {
            continue;
        }
        // A partial tile of a smaller tree is nobody's proof any more.
        if name.contains(".p/") {
            continue;
        }
        for bytes in [&whole[..end / 2], &[]] {
            fs::write(&path, bytes).unwrap();
            let output = folder.ijazat(&["verify-log"]);
            assert_eq!(output.status.code(), Some(1), "{name} cut to {} of {end}", bytes.len());
            assert!(!output.stderr.is_empty() && output.stdout.is_empty());
        }
        fs::write(&path, &whole).unwrap();
    }
    folder.answer(&["verify-log"]);
}

#[test]
fn an_older_head_put_back_is_found() {
    let folder = written();
    let log = folder.path().join("state/log");
    let before: Vec<(PathBuf, Vec<u8>)> = files(&log)
        .into_iter()
        .filter(|path| !is_segment(path))
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    folder.answer(&["certificate", "revoke", "--serial", "ff"]);
    folder.serve(&[], &[]).stop();
    assert!(folder.answer(&["verify-log"]).contains("6 entries"));
    for (path, bytes) in before {
        fs::write(path, bytes).unwrap();
    }
    let output = folder.ijazat(&["verify-log"]);
    let told = crate::kit::text(&if output.status.success() { output.stdout } else { output.stderr });
    // Either the old head is named, or the entry behind it is told to be unsigned: never passed over in silence.
    assert!(told.contains("checkpoint is old") || told.contains("not signed for yet 1"), "{told}");
}
