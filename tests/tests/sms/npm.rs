//! npm's `smpp`, pinned, with the two short message centres that are made of it.

use std::{
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

/// The script of this name beside its library, in a folder of one test's own, so that two do not install into one; what is missing
/// otherwise. What was fetched stays for the next run.
pub async fn script(name: &str, test: &str) -> Result<PathBuf, String> {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("npm-smpp-{test}"));
    let given = Path::new(env!("CARGO_MANIFEST_DIR")).join("thirdparty/smpp");
    fs::create_dir_all(&kept).unwrap();
    for file in ["package.json", "package-lock.json", ".npmrc", name] {
        fs::copy(given.join(file), kept.join(file)).unwrap();
    }
    let npm = async |arguments: &[&str]| {
        let mut command = Command::new("npm");
        command.args(arguments).current_dir(&kept).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match command.status().await {
            Err(error) if error.kind() == ErrorKind::NotFound => Err("npm is not installed".to_owned()),
            status => Ok(status.unwrap().success()),
        }
    };
    if npm(&["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]).await? {
        return Ok(kept.join(name));
    }
    assert!(!npm(&["view", "smpp", "version"]).await?, "npm can be reached, and does not install what the lock names");
    Err("smpp cannot be installed from npm here".to_owned())
}
