//! What one durable write costs on this disk now: fdatasync of 512 bytes into a preallocated, zero-filled file.

use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::Path,
    time::Instant,
};

/// Bytes of one write: about one record.
const RECORD: usize = 512;

/// Writes that are measured: enough for a 99th percentile, a second at most on a slow disk.
const WRITES: usize = 200;

/// Milliseconds of each write with its fdatasync.
///
/// # Errors
/// When the file cannot be written.
pub fn durable_writes_ms(folder: &Path) -> Result<Vec<f64>, String> {
    let path = folder.join("fdatasync.probe");
    let measured = measure(&path).map_err(|error| format!("{}: {error}", path.display()));
    drop(std::fs::remove_file(&path));
    measured
}

fn measure(path: &Path) -> std::io::Result<Vec<f64>> {
    let mut file = File::create(path)?;
    file.write_all(&vec![0; RECORD * WRITES])?;
    file.sync_all()?;
    file.seek(SeekFrom::Start(0))?;
    let mut took_ms = Vec::with_capacity(WRITES);
    for _ in 0..WRITES {
        let began = Instant::now();
        file.write_all(&[1; RECORD])?;
        file.sync_data()?;
        took_ms.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    Ok(took_ms)
}
