//! The contract of a log's disk, held by files on the host and by the twin that tests break; and what only the twin does.

use std::{
    fs,
    io::{ErrorKind, Read as _},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use adapters::log::{
    OpenError, SegmentLog,
    disk::{Disk, is_full},
    files::FsDisk,
    memory::{Fault, MemoryDisk},
};
use exchange::ports::record_log::RecordLog as _;

use crate::{
    files::Folder,
    support::{fill, options},
};

/// Runs a check on both disks.
fn on_both(check: impl Fn(&dyn Disk)) {
    let folder = Folder::new();
    check(&FsDisk::open(&folder.0.join("log")).unwrap());
    check(&MemoryDisk::new(1 << 30));
}

#[test]
fn a_segment_is_its_header_and_zeros_and_is_written_in_place() {
    on_both(|disk| {
        disk.create_segment("segment", b"header", 10_000).unwrap();
        let file = disk.open_segment("segment").unwrap();
        assert_eq!(file.bytes(), 10_000);
        let mut all = vec![1; 10_000];
        file.read_at(0, &mut all).unwrap();
        assert_eq!(all[..6], *b"header");
        assert!(all[6..].iter().all(|byte| *byte == 0));
        file.write_at(9_990, b"end").unwrap();
        file.write_at(100, b"middle").unwrap();
        file.sync().unwrap();
        // Another handle, as a reader has it, sees the same.
        let mut found = [0; 8];
        disk.open_segment("segment").unwrap().read_at(99, &mut found).unwrap();
        assert_eq!(found, *b"\0middle\0");
        file.read_at(9_990, &mut found).unwrap();
        assert_eq!(found, *b"end\0\0\0\0\0");
        assert_eq!(disk.open_segment("segment").unwrap().bytes(), 10_000);
    });
}

#[test]
fn beyond_a_segments_end_nothing_is_read() {
    on_both(|disk| {
        disk.create_segment("segment", b"", 100).unwrap();
        let file = disk.open_segment("segment").unwrap();
        for (offset, bytes) in [(0, 101), (99, 2), (100, 1), (5_000, 1)] {
            let read = file.read_at(offset, &mut vec![0; bytes]).unwrap_err();
            assert_eq!(read.kind(), ErrorKind::UnexpectedEof, "{bytes} bytes at {offset}");
        }
        file.read_at(100, &mut []).unwrap();
        file.read_at(0, &mut [0; 100]).unwrap();
    });
}

#[test]
fn a_segment_made_again_is_empty_again() {
    on_both(|disk| {
        for bytes in [4_096, 8_192] {
            disk.create_segment("segment", b"head", bytes).unwrap();
            let file = disk.open_segment("segment").unwrap();
            let mut all = vec![9; usize::try_from(bytes).unwrap()];
            file.read_at(0, &mut all).unwrap();
            assert!(all[4..].iter().all(|byte| *byte == 0), "{bytes}");
            file.write_at(1_000, &[7; 100]).unwrap();
        }
    });
}

#[test]
fn what_is_not_there_is_told_apart_from_what_is_empty() {
    on_both(|disk| {
        assert_eq!(disk.read_file("head").unwrap(), None);
        assert_eq!(disk.read_file("tiles/tile/0/000").unwrap(), None);
        assert_eq!(disk.open_segment("segment").unwrap_err().kind(), ErrorKind::NotFound);
        disk.replace_file("head", b"").unwrap();
        assert_eq!(disk.read_file("head").unwrap(), Some(Vec::new()));
        disk.remove_derived("tiles/none").unwrap();
        disk.remove_derived("tiles").unwrap();
    });
}

#[test]
fn a_small_file_is_replaced_whole() {
    on_both(|disk| {
        for text in ["first, a long one", "second", ""] {
            disk.replace_file("head", text.as_bytes()).unwrap();
            assert_eq!(disk.read_file("head").unwrap().unwrap(), text.as_bytes());
        }
        disk.create_segment("segment", b"", 64).unwrap();
        let mut names = disk.names().unwrap();
        names.sort();
        assert_eq!(names, ["head", "segment"], "no half-made file is left");
    });
}

#[test]
fn derived_files_stand_in_folders_that_are_made_and_removed_as_needed() {
    on_both(|disk| {
        disk.put_derived("tiles/tile/0/000.p/5", b"five").unwrap();
        disk.put_derived("tiles/tile/0/000.p/6", b"six").unwrap();
        disk.put_derived("tiles/tile/0/000", b"full").unwrap();
        disk.put_derived("tiles/tile/0/000", b"whole").unwrap();
        disk.put_derived("tiles/checkpoint", b"note").unwrap();
        disk.remove_derived("tiles/tile/0/000.p").unwrap();
        assert_eq!(disk.read_file("tiles/tile/0/000.p/5").unwrap(), None);
        assert_eq!(disk.read_file("tiles/tile/0/000").unwrap().unwrap(), b"whole");
        disk.remove_derived("tiles/checkpoint").unwrap();
        assert_eq!(disk.read_file("tiles/checkpoint").unwrap(), None);
        assert_eq!(disk.read_file("tiles/tile/0/000").unwrap().unwrap(), b"whole");
    });
}

#[test]
fn a_folder_is_one_holders_until_the_guard_is_dropped() {
    on_both(|disk| {
        for _ in 0..3 {
            let guard = disk.lock().unwrap();
            assert!(guard.is_some());
            assert!(disk.lock().unwrap().is_none());
            assert!(disk.lock().unwrap().is_none());
            drop(guard);
        }
    });
}

#[test]
fn only_want_of_room_counts_as_full() {
    for (kind, full) in [
        (ErrorKind::StorageFull, true),
        (ErrorKind::QuotaExceeded, true),
        (ErrorKind::FileTooLarge, true),
        (ErrorKind::Other, false),
        (ErrorKind::PermissionDenied, false),
        (ErrorKind::ReadOnlyFilesystem, false),
        (ErrorKind::OutOfMemory, false),
    ] {
        assert_eq!(is_full(&kind.into()), full, "{kind:?}");
    }
    // The host's own numbers: ENOSPC, EDQUOT, EFBIG, EIO, EROFS.
    for (number, full) in [(28, true), (122, true), (27, true), (5, false), (30, false)] {
        assert_eq!(is_full(&std::io::Error::from_raw_os_error(number)), full, "{number}");
    }
}

#[test]
fn files_and_folders_are_the_services_own() {
    let folder = Folder::new();
    let path = folder.0.join("a/b/log");
    let disk = FsDisk::open(&path).unwrap();
    disk.create_segment("segment", b"", 4_096).unwrap();
    disk.replace_file("head", b"note").unwrap();
    disk.put_derived("tiles/tile/0/000", b"tile").unwrap();
    let _guard = disk.lock().unwrap();
    let mode = |name: &str| fs::metadata(path.join(name)).unwrap().permissions().mode() & 0o777;
    for name in ["segment", "head", "lock", "tiles/tile/0/000"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    for name in ["", "tiles", "tiles/tile", "tiles/tile/0"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
}

#[test]
fn a_file_left_by_a_crash_before_its_rename_is_written_over() {
    let folder = Folder::new();
    let disk = FsDisk::open(&folder.0).unwrap();
    fs::write(folder.0.join("segment.tmp"), vec![0xAA; 20_000]).unwrap();
    fs::write(folder.0.join("head.tmp"), "half a no").unwrap();
    disk.create_segment("segment", b"head", 4_096).unwrap();
    disk.replace_file("head", b"note").unwrap();
    let bytes = fs::read(folder.0.join("segment")).unwrap();
    assert_eq!(bytes.len(), 4_096);
    assert!(bytes[4..].iter().all(|byte| *byte == 0));
    assert_eq!(fs::read(folder.0.join("head")).unwrap(), b"note");
    assert!(!folder.0.join("segment.tmp").exists() && !folder.0.join("head.tmp").exists());
}

#[test]
fn a_reader_writes_nothing() {
    let folder = Folder::new();
    FsDisk::open(&folder.0).unwrap().create_segment("segment", b"", 4_096).unwrap();
    let reader = FsDisk::read_only(&folder.0);
    let file = reader.open_segment("segment").unwrap();
    assert!(file.write_at(0, b"x").is_err());
    file.read_at(0, &mut [0; 10]).unwrap();
    let absent = FsDisk::read_only(&folder.0.join("none"));
    assert!(absent.names().is_err());
    assert!(absent.open_segment("segment").is_err());
    assert_eq!(absent.read_file("head").unwrap(), None);
    assert!(!folder.0.join("none").exists());
}

#[test]
fn the_hosts_free_room_is_told_and_a_folder_that_is_gone_is_an_error() {
    let folder = Folder::new();
    let disk = FsDisk::open(&folder.0.join("log")).unwrap();
    assert!(disk.free_bytes().unwrap() > 0);
    fs::remove_dir(folder.0.join("log")).unwrap();
    assert!(disk.free_bytes().is_err() && disk.lock().is_err() && disk.names().is_err());
    assert!(disk.create_segment("segment", b"", 64).is_err());
}

/// The lock is the kernel's: another process has it until it ends, however it ends.
#[test]
fn a_folder_that_another_process_has_is_refused_until_that_process_dies() {
    let folder = Folder::new();
    let dir = folder.0.join("log");
    SegmentLog::open(options(dir.clone())).unwrap().close();
    let mut other = Command::new("flock")
        .arg(dir.join("lock"))
        .args(["sh", "-c", "echo has it; exec cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = [0; 7];
    other.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(said, *b"has it\n");
    let refused = SegmentLog::open(options(dir.clone()));
    assert!(matches!(&refused, Err(OpenError::InUse(path)) if *path == dir), "{refused:?}");
    assert!(refused.unwrap_err().to_string().contains("in use by another process"));
    // Its input ends, so it ends: `exec` left the lock with it alone.
    drop(other.stdin.take());
    other.wait().unwrap();
    let log = SegmentLog::open(options(dir.clone())).unwrap();
    fill(&log, 0, 3);
    let tried = Command::new("flock").arg("--nonblock").arg(dir.join("lock")).arg("true").status().unwrap();
    assert!(!tried.success(), "another process took the folder of a log in use");
    log.close();
    let tried = Command::new("flock").arg("--nonblock").arg(dir.join("lock")).arg("true").status().unwrap();
    assert!(tried.success(), "a closed log still holds its folder");
    assert_eq!(log.durable_size(), 3);
}

#[test]
fn the_twin_loses_at_a_power_cut_what_was_not_synced_and_only_that() {
    let disk = MemoryDisk::new(1 << 20);
    disk.create_segment("segment", b"", 8_192).unwrap();
    let file = disk.open_segment("segment").unwrap();
    file.write_at(0, &[1; 2_048]).unwrap();
    file.sync().unwrap();
    file.write_at(1_024, &[2; 4_096]).unwrap();
    let (mut kept, mut lost) = (0, 0);
    for seed in 0..40 {
        let found = disk.copy();
        assert_eq!(found.read_file("segment").unwrap().unwrap()[1_024], 2, "everyone saw the write");
        let found = disk.after_power_cut(seed).read_file("segment").unwrap().unwrap();
        assert!(found[..1_024].iter().all(|byte| *byte == 1), "synced and not written since");
        assert!(found[5_120..].iter().all(|byte| *byte == 0), "never written");
        for (number, sector) in found[1_024..5_120].chunks(512).enumerate() {
            let old = u8::from(number < 2);
            assert!(sector.iter().all(|byte| *byte == sector[0]), "a sector is kept or lost as a whole");
            assert!(sector[0] == 2 || sector[0] == old, "sector {number}");
            if sector[0] == 2 { kept += 1 } else { lost += 1 }
        }
    }
    assert!(kept > 80 && lost > 80, "{kept} kept, {lost} lost: both must happen");
}

#[test]
fn the_twin_fails_as_it_was_told_and_counts_what_changes_it() {
    let disk = MemoryDisk::new(10_000);
    disk.create_segment("segment", b"", 4_096).unwrap();
    assert_eq!(disk.free_bytes().unwrap(), 10_000 - 4_096);
    assert_eq!(disk.create_segment("next", b"", 6_000).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(disk.open_segment("next").is_err(), "nothing of that name exists");
    let file = disk.open_segment("segment").unwrap();
    disk.break_with(Fault::Write);
    assert!(file.write_at(0, b"x").is_err());
    assert!(file.sync().is_ok() && disk.replace_file("head", b"").is_ok());
    disk.break_with(Fault::Replace);
    assert!(disk.replace_file("head", b"other").is_err());
    assert_eq!(disk.read_file("head").unwrap().unwrap(), b"", "the old file stands");
    let before = disk.operations();
    disk.cut_power_after(2);
    assert!(file.sync().is_ok());
    assert!(file.sync().is_err(), "the second one dies");
    assert!(file.sync().is_err() && disk.put_derived("tile", b"").is_err(), "and all behind it");
    assert_eq!(disk.operations(), before + 2);
}

#[test]
fn each_life_of_a_log_in_files_finds_what_the_one_before_left() {
    let folder = Folder::new();
    for life in 0..4 {
        let log = SegmentLog::open(options(folder.0.join("log"))).unwrap();
        assert_eq!((log.durable_size(), log.cut_bytes()), (life * 30, 0));
        fill(&log, life * 30, life * 30 + 30);
        assert_eq!(log.checkpoint().unwrap().lines().nth(1).unwrap(), (life * 30 + 30).to_string());
    }
}
