//! The log's folder on the host's file system.

use std::{
    any::Any,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    disk::{Disk, SegmentFile},
    limits,
};

/// Only the service's own account may read the log.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;

/// A folder on the host's file system.
#[derive(Debug)]
pub struct FsDisk {
    folder: PathBuf,
    writable: bool,
}

#[derive(Debug)]
struct FsSegment {
    file: File,
    bytes: u64,
}

impl FsDisk {
    /// Opens the folder and makes it, mode 0700, if it is not there.
    ///
    /// # Errors
    /// As the host reports.
    pub fn open(folder: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        Ok(Self { folder: folder.to_owned(), writable: true })
    }

    /// The folder as a reader sees it: nothing is made, nothing opened for writing.
    #[must_use]
    pub fn read_only(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), writable: false }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn write_new(&self, name: &str) -> io::Result<(PathBuf, File)> {
        let path = self.path(&format!("{name}.tmp"));
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(FILE_MODE).open(&path)?;
        Ok((path, file))
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }
}

/// Writes a header and zeros, synced piece by piece, so that the log's own syncs do not queue behind one large flush.
fn write_zeros(file: &File, header: &[u8], bytes: u64) -> io::Result<()> {
    let zeros = vec![0; limits::PREPARE_BYTES];
    let mut offset = 0;
    while offset < bytes {
        let piece = (bytes - offset).min(zeros.len() as u64);
        let piece = zeros.get(..usize::try_from(piece).unwrap_or(zeros.len())).unwrap_or(&zeros);
        file.write_all_at(piece, offset)?;
        file.sync_data()?;
        offset += piece.len() as u64;
    }
    file.write_all_at(header, 0)?;
    file.sync_all()
}

impl Disk for FsDisk {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        let path = self.path("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(FILE_MODE).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Box::new(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            names.extend(entry?.file_name().into_string());
        }
        Ok(names)
    }

    fn create_segment(&self, name: &str, header: &[u8], bytes: u64) -> io::Result<()> {
        let (path, file) = self.write_new(name)?;
        if let Err(error) = write_zeros(&file, header, bytes) {
            // A half-made file would keep the very room that is missing.
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        fs::rename(&path, self.path(name))?;
        self.sync_folder()
    }

    fn open_segment(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>> {
        let file = OpenOptions::new().read(true).write(self.writable).open(self.path(name))?;
        let bytes = file.metadata()?.len();
        Ok(Arc::new(FsSegment { file, bytes }))
    }

    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let (path, file) = self.write_new(name)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        fs::rename(&path, self.path(name))?;
        self.sync_folder()
    }

    fn put_derived(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if let Some(folder) = self.path(name).parent() {
            DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder)?;
        }
        let (path, file) = self.write_new(name)?;
        file.write_all_at(bytes, 0)?;
        fs::rename(&path, self.path(name))
    }

    fn remove_derived(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn free_bytes(&self) -> io::Result<u64> {
        let room = rustix::fs::statvfs(&self.folder)?;
        Ok(room.f_bavail.saturating_mul(room.f_frsize))
    }
}

impl SegmentFile for FsSegment {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(into, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}
