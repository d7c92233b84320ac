//! HAProxy: one process of two threads.

use std::{net::SocketAddr, process::Command, time::Duration};

use super::{STARTS_WITHIN_S, write};
use crate::bench::{
    Bench,
    pki::Pki,
    ports,
    running::Running,
    target::{Request, Target},
};

/// The proxy: two threads, client certificate required.
pub fn proxy(bench: &Bench, upstream: SocketAddr, pki: &Pki, request: &Request) -> Result<Target, String> {
    let address = ports::free()?;
    let folder = bench.folder("haproxy")?;
    let file = folder.join("haproxy.cfg");
    write(&file, &config(address, upstream, pki))?;
    let mut haproxy = Command::new("haproxy");
    haproxy.arg("-db").arg("-q").arg("-f").arg(&file);
    let within = Duration::from_secs(STARTS_WITHIN_S);
    let running = Running::start(&mut haproxy, &folder.join("output.log"), address, within)?;
    let client = Some(pki.client.clone());
    Ok(Target { who: "haproxy", address, client, request: request.clone(), ops: None, running })
}

fn config(address: SocketAddr, upstream: SocketAddr, pki: &Pki) -> String {
    let (ca, both) = (pki.ca.display(), pki.both.display());
    format!(
        "global\n\
         \x20 nbthread 2\n\
         \x20 maxconn 8192\n\
         defaults\n\
         \x20 mode http\n\
         \x20 timeout connect 5s\n\
         \x20 timeout client 300s\n\
         \x20 timeout server 300s\n\
         \x20 timeout http-keep-alive 300s\n\
         frontend door\n\
         \x20 bind {address} ssl crt {both} ca-file {ca} verify required ssl-min-ver TLSv1.2 backlog 4096\n\
         \x20 http-request set-header Client-Name %[ssl_c_s_dn]\n\
         \x20 default_backend answers\n\
         backend answers\n\
         \x20 http-reuse always\n\
         \x20 server one {upstream}\n"
    )
}
