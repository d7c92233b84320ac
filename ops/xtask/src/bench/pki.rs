//! Certificates of the peers: a P-256 authority, one server, one client, made by openssl.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::target::Client;

/// Files of the peers' certificates, PEM.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The servers' certificate.
    pub cert: PathBuf,
    /// The servers' key.
    pub key: PathBuf,
    /// The servers' certificate and key in one file, as HAProxy wants it.
    pub both: PathBuf,
    /// What the load generator shows.
    pub client: Client,
}

impl Pki {
    /// Makes all of it in `folder`.
    ///
    /// # Errors
    /// What openssl said.
    pub fn make(folder: &Path) -> Result<Self, String> {
        let file = |name: &str| folder.join(name);
        let authority = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
        request(folder, "ca", "/CN=Ijazat bench", &authority)?;
        let signed_by =
            ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=critical,CA:FALSE", "-addext"];
        let server =
            [&signed_by[..], &["subjectAltName=IP:127.0.0.1", "-addext", "extendedKeyUsage=serverAuth"]].concat();
        request(folder, "server", "/CN=bench server", &server)?;
        request(folder, "client", "/CN=bench client", &[&signed_by[..], &["extendedKeyUsage=clientAuth"]].concat())?;
        let pem = |name: &str| fs::read_to_string(file(name)).map_err(|error| format!("{name}: {error}"));
        let both = pem("server.pem")? + &pem("server.key")?;
        fs::write(file("both.pem"), both).map_err(|error| format!("both.pem: {error}"))?;
        let client = Client { ca: file("ca.pem"), cert: file("client.pem"), key: file("client.key") };
        let (ca, cert, key) = (file("ca.pem"), file("server.pem"), file("server.key"));
        Ok(Self { ca, cert, key, both: file("both.pem"), client })
    }
}

fn request(folder: &Path, name: &str, subject: &str, further: &[&str]) -> Result<(), String> {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args([
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
    ]);
    openssl.args(["-days", "30", "-subj", subject, "-keyout", &format!("{name}.key"), "-out", &format!("{name}.pem")]);
    let output = openssl.args(further).output().map_err(|error| format!("openssl: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(format!("openssl: {}", String::from_utf8_lossy(&output.stderr))) }
}
