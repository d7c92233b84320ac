//! nginx: the upstream of all, and the first peer.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use super::{STARTS_WITHIN_S, write};
use crate::bench::{
    Bench,
    pki::Pki,
    ports,
    running::Running,
    target::{Request, Target},
};

/// One worker that answers every request with the same text.
pub fn upstream(bench: &Bench, answer: &str) -> Result<Target, String> {
    let address = ports::free()?;
    let server = format!(
        "server {{ listen {address} backlog=4096; default_type application/json; location / {{ return 200 '{answer}'; }} }}"
    );
    let folder = bench.folder("upstream")?;
    let running = start(&folder, &config(1, &server), address)?;
    Ok(Target { who: "upstream", address, client: None, request: Request::stand_in(), ops: None, running })
}

/// The proxy: two workers, client certificate required.
pub fn proxy(bench: &Bench, upstream: SocketAddr, pki: &Pki, request: &Request) -> Result<Target, String> {
    let address = ports::free()?;
    let folder = bench.folder("nginx")?;
    let running = start(&folder, &config(2, &proxy_server(address, upstream, pki)), address)?;
    let client = Some(pki.client.clone());
    Ok(Target { who: "nginx", address, client, request: request.clone(), ops: None, running })
}

fn start(folder: &Path, config: &str, address: SocketAddr) -> Result<Running, String> {
    let file = folder.join("nginx.conf");
    write(&file, config)?;
    let mut nginx = Command::new("nginx");
    nginx.arg("-p").arg(folder).arg("-c").arg(&file).arg("-e").arg(folder.join("error.log"));
    Running::start(&mut nginx, &folder.join("output.log"), address, Duration::from_secs(STARTS_WITHIN_S))
}

/// nginx closes a connection after a thousand requests unless it is told not to.
fn config(workers: u8, server: &str) -> String {
    format!(
        "daemon off; worker_processes {workers}; worker_rlimit_nofile 16384; pid nginx.pid; error_log error.log error;\n\
         events {{ worker_connections 8192; }}\n\
         http {{\n\
         access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;\n\
         client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;\n\
         {server}\n\
         }}\n"
    )
}

fn proxy_server(address: SocketAddr, upstream: SocketAddr, pki: &Pki) -> String {
    let (ca, cert, key) = (pki.ca.display(), pki.cert.display(), pki.key.display());
    format!(
        "upstream answers {{ server {upstream}; keepalive 256; keepalive_requests 1000000000; }}\n\
         server {{\n\
         listen {address} ssl backlog=4096;\n\
         ssl_certificate {cert}; ssl_certificate_key {key}; ssl_client_certificate {ca}; ssl_verify_client on;\n\
         ssl_protocols TLSv1.2 TLSv1.3; ssl_session_cache shared:tls:10m;\n\
         location / {{\n\
         proxy_pass http://answers; proxy_http_version 1.1; proxy_set_header Connection '';\n\
         proxy_set_header Client-Name $ssl_client_s_dn;\n\
         }}\n\
         }}"
    )
}
