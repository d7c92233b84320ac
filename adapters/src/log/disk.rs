//! What the log asks of storage: few operations, each with its promise, so that a test's twin can break any of them.

use std::{any::Any, fmt::Debug, io, sync::Arc};

/// A preallocated file of fixed length.
pub trait SegmentFile: Send + Sync + Debug {
    /// Length, bytes.
    fn bytes(&self) -> u64;

    /// Fills `into` from `offset` on.
    ///
    /// # Errors
    /// As the host reports; `UnexpectedEof` beyond the end.
    fn read_at(&self, offset: u64, into: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`; not durable before [`Self::sync`].
    ///
    /// # Errors
    /// As the host reports; some of the bytes may then stand in the file.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes everything written durable.
    ///
    /// # Errors
    /// As the host reports. After an error nothing may be assumed of what was written, and a second call that
    /// succeeds means nothing (design: fsyncgate).
    fn sync(&self) -> io::Result<()>;
}

/// The folder of one log.
pub trait Disk: Send + Sync + Debug {
    /// Takes the folder for this process until the guard is dropped; `None` if somebody else has it.
    ///
    /// # Errors
    /// As the host reports.
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>>;

    /// Names of the files directly in the folder, in any order.
    ///
    /// # Errors
    /// As the host reports.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes a file that begins with `header` and is zero up to `bytes`. It has its name only once it is whole and
    /// durable.
    ///
    /// # Errors
    /// As the host reports, `StorageFull` among them; nothing of that name then exists.
    fn create_segment(&self, name: &str, header: &[u8], bytes: u64) -> io::Result<()>;

    /// Opens a file that [`Self::create_segment`] made.
    ///
    /// # Errors
    /// As the host reports.
    fn open_segment(&self, name: &str) -> io::Result<Arc<dyn SegmentFile>>;

    /// A small file's bytes; `None` if there is none.
    ///
    /// # Errors
    /// As the host reports.
    fn read_file(&self, name: &str) -> io::Result<Option<Vec<u8>>>;

    /// Replaces a small file at once: after a crash it is the old or the new one, after success durably the new one.
    ///
    /// # Errors
    /// As the host reports; the old file then stands.
    fn replace_file(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Like [`Self::replace_file`], in folders made as needed, but durable only whenever the host likes: for what can
    /// be derived again.
    ///
    /// # Errors
    /// As the host reports.
    fn put_derived(&self, name: &str, bytes: &[u8]) -> io::Result<()>;

    /// Removes a file or folder of derived files, if it is there.
    ///
    /// # Errors
    /// As the host reports.
    fn remove_derived(&self, name: &str) -> io::Result<()>;

    /// Bytes that this process may still write.
    ///
    /// # Errors
    /// As the host reports.
    fn free_bytes(&self) -> io::Result<u64>;
}

/// Whether an error says that the disk has no room, rather than that it is broken.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
