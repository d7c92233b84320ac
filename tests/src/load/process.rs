//! What a server costs: CPU time and memory of processes, from `/proc`.

use std::{fs, io, path::Path};

use super::LoadError;

/// A named server and all its processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// What it is called in the report.
    pub name: String,
    /// Its processes.
    pub pids: Vec<u32>,
}

impl Server {
    /// Reads `name=12,13`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (name, pids) = text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=PID,PID"))?;
        let pids = pids.split(',').map(str::parse).collect::<Result<_, _>>();
        Ok(Self { name: name.to_owned(), pids: pids.map_err(|error| format!("`{text}`: {error}"))? })
    }

    /// CPU time of all its threads since they began, in nanoseconds. A thread that has ended no longer counts, so
    /// compare only over a window in which none ends.
    ///
    /// # Errors
    /// [`LoadError::Io`] when a process is gone.
    pub fn cpu_ns(&self) -> Result<u64, LoadError> {
        let each = self.pids.iter().map(|pid| cpu_ns_of(&format!("/proc/{pid}/task")));
        each.sum::<io::Result<u64>>().map_err(LoadError::io("reading CPU time"))
    }

    /// Proportional share of memory of all its processes, in KiB.
    ///
    /// # Errors
    /// [`LoadError::Io`] when a process is gone or not ours to read.
    pub fn pss_kib(&self) -> Result<u64, LoadError> {
        let each = self.pids.iter().map(|pid| {
            let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
            pss_kib_in(&text).ok_or_else(|| io::Error::other("no Pss line"))
        });
        each.sum::<io::Result<u64>>().map_err(LoadError::io("reading memory"))
    }
}

/// CPU time of the calling thread, in nanoseconds.
///
/// # Errors
/// [`LoadError::Io`] when `/proc` cannot be read.
pub fn thread_cpu_ns() -> Result<u64, LoadError> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").map_err(LoadError::io("reading CPU time"))?;
    running_ns_in(&text).ok_or_else(|| LoadError::io("reading CPU time")(io::Error::other("no schedstat")))
}

fn cpu_ns_of(tasks: &str) -> io::Result<u64> {
    let mut sum_ns = 0;
    for task in fs::read_dir(Path::new(tasks))? {
        // A thread that ends between listing and reading has no file any more.
        match fs::read_to_string(task?.path().join("schedstat")) {
            Ok(text) => sum_ns += running_ns_in(&text).ok_or_else(|| io::Error::other("no schedstat"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sum_ns)
}

/// The first number of a `schedstat` file: nanoseconds on a core.
fn running_ns_in(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// The value of `Pss:` in a `smaps_rollup` file, in KiB.
fn pss_kib_in(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("Pss:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_name_and_its_processes() {
        let check = |text, expected: Option<(&str, &[u32])>| {
            let read = Server::parse(text).ok().map(|server| (server.name, server.pids));
            assert_eq!(read, expected.map(|(name, pids)| (name.to_owned(), pids.to_vec())), "{text}");
        };
        check("nginx=12,13", Some(("nginx", &[12, 13])));
        check("us=7", Some(("us", &[7])));
        check("nginx", None);
        check("nginx=x", None);
    }

    #[test]
    fn what_proc_writes_is_read() {
        assert_eq!(running_ns_in("2379316327 314808 38\n"), Some(2_379_316_327));
        assert_eq!(pss_kib_in("55ba-7ffd [rollup]\nRss:  1736 kB\nPss:                 315 kB\n"), Some(315));
        assert_eq!(pss_kib_in("Rss: 1 kB\n"), None);
    }

    #[test]
    fn working_costs_cpu_time() {
        let before = thread_cpu_ns().unwrap();
        let mut sum = 0_u64;
        while thread_cpu_ns().unwrap() < before + 1_000_000 {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
        let me = Server { name: "me".into(), pids: vec![std::process::id()] };
        assert!(me.cpu_ns().unwrap() > before && me.pss_kib().unwrap() > 100);
    }
}
