//! Envoy with its RBAC filter, which asks of every request whether its client may.

use std::{net::SocketAddr, process::Command, time::Duration};

use serde_json::{Value, json};

use super::{STARTS_WITHIN_S, write};
use crate::bench::{
    Bench, install,
    pki::Pki,
    ports,
    running::Running,
    target::{Request, Target},
};

/// The proxy: two workers, client certificate required, RBAC in front of the router.
pub fn proxy(bench: &Bench, upstream: SocketAddr, pki: &Pki, request: &Request) -> Result<Target, String> {
    let binary = install::envoy(bench)?;
    let address = ports::free()?;
    let folder = bench.folder("envoy")?;
    let file = folder.join("envoy.json");
    write(&file, &config(address, upstream, pki).to_string())?;
    let mut envoy = Command::new(binary);
    envoy.arg("-c").arg(&file).args(["--concurrency", "2", "--log-level", "error", "--disable-hot-restart"]);
    let within = Duration::from_secs(STARTS_WITHIN_S);
    let running = Running::start(&mut envoy, &folder.join("output.log"), address, within)?;
    let client = Some(pki.client.clone());
    Ok(Target { who: "envoy", address, client, request: request.clone(), ops: None, running })
}

fn config(address: SocketAddr, upstream: SocketAddr, pki: &Pki) -> Value {
    let listener = json!({
        "name": "door",
        "address": at(address),
        "filter_chains": [{
            "filters": [{ "name": "envoy.filters.network.http_connection_manager", "typed_config": manager() }],
            "transport_socket": { "name": "envoy.transport_sockets.tls", "typed_config": tls(pki) },
        }],
    });
    let cluster = json!({
        "name": "answers",
        "type": "STATIC",
        "connect_timeout": "5s",
        "circuit_breakers": { "thresholds": [{ "max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096 }] },
        "load_assignment": {
            "cluster_name": "answers",
            "endpoints": [{ "lb_endpoints": [{ "endpoint": { "address": at(upstream) } }] }],
        },
    });
    json!({ "static_resources": { "listeners": [listener], "clusters": [cluster] } })
}

fn at(address: SocketAddr) -> Value {
    json!({ "socket_address": { "address": address.ip().to_string(), "port_value": address.port() } })
}

fn manager() -> Value {
    let kind = "type.googleapis.com/envoy.extensions.filters";
    let rules = json!({ "action": "ALLOW", "policies": { "clients": {
        "permissions": [{ "any": true }], "principals": [{ "authenticated": {} }],
    } } });
    json!({
        "@type": format!("{kind}.network.http_connection_manager.v3.HttpConnectionManager"),
        "stat_prefix": "door",
        "forward_client_cert_details": "SANITIZE_SET",
        "set_current_client_cert_details": { "subject": true },
        "route_config": { "virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{ "match": { "prefix": "/" }, "route": { "cluster": "answers" } }],
        }] },
        "http_filters": [
            { "name": "envoy.filters.http.rbac",
              "typed_config": { "@type": format!("{kind}.http.rbac.v3.RBAC"), "rules": rules } },
            { "name": "envoy.filters.http.router",
              "typed_config": { "@type": format!("{kind}.http.router.v3.Router") } },
        ],
    })
}

fn tls(pki: &Pki) -> Value {
    let file = |path: &std::path::Path| json!({ "filename": path.display().to_string() });
    json!({
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
        "require_client_certificate": true,
        "common_tls_context": {
            "alpn_protocols": ["http/1.1"],
            "tls_certificates": [{ "certificate_chain": file(&pki.cert), "private_key": file(&pki.key) }],
            "validation_context": { "trusted_ca": file(&pki.ca) },
        },
    })
}
