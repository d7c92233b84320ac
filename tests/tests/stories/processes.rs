//! The same story in one process and in three: who answers behind the door makes no difference before it.

use gateway::demo::client::Call;
use serde_json::json;
use tests::process::{Process, Serve};

use crate::installation::Installation;

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_seen_in_one_process() {
    let installation = Installation::new().await;
    let gateway = installation.serve.start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    installation.play(&stage).await;
    assert!(installation.verify(&stage).await > 0);
    gateway.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_is_seen_with_gateway_control_and_registry_apart() {
    let installation = Installation::new().await;
    let registry = upstream(&installation, "registry").await;
    let control = upstream(&installation, "control").await;
    let serve = installation.serve.clone().set("NODE__ROLES", "gateway");
    let serve = reach(serve, &installation, "registry", &registry);
    let gateway = reach(serve, &installation, "control", &control).start().await.unwrap();
    let stage = installation.stage(&gateway).await;
    installation.play(&stage).await;
    assert!(installation.verify(&stage).await > 0);

    // That the registry did answer from its own process is seen when it is gone.
    registry.stop().await.unwrap();
    let mut bisp = stage.actor("bisp", Some("standard-1")).await.unwrap();
    let household = Call::json("/v1/nser/household", &json!({ "cnic": stage.cast.head.digits() }))
        .with("ijazat-purpose", "NSER-201")
        .with("ijazat-basis", "prog-kafalat");
    let answer = bisp.send(household).await.unwrap();
    assert_eq!((answer.status, answer.code()), (502, "upstream_failed"));
    let whoami = bisp.send(Call::get("/v1/self/whoami")).await.unwrap();
    assert_eq!(whoami.status, 200, "control has a process of its own: {}", whoami.code());
    gateway.stop().await.unwrap();
    control.stop().await.unwrap();
}

/// A process that plays one role for the gateway's.
async fn upstream(installation: &Installation, role: &str) -> Process {
    let listener = format!("LISTEN__INTERNAL_{}", role.to_uppercase());
    installation.serve.clone().set("NODE__ROLES", role).set(&listener, "127.0.0.1:0").start().await.unwrap()
}

/// Sends the gateway's requests for one of our services to its process, with permits under the key that both hold.
fn reach(serve: Serve, installation: &Installation, id: &str, process: &Process) -> Serve {
    let key = |name: &str| format!("UPSTREAM__{}__{name}", id.to_uppercase());
    serve
        .set(&key("KIND"), "internal")
        .set(&key("URL"), format!("https://{}", process.address("internal").unwrap()))
        .set(&key("PERMIT_KEY"), installation.config.tls.permit_key.display())
}
