//! A service that stands in the catalogue and is not built is decided, recorded and answered 501.

use std::fs;

use exchange::record::leaf::Kind;
use gateway::demo::client::Call;
use policies::source::Source;
use tests::world::World;

use crate::kit::{Who, description, nothing_left, problem, send};

/// A bundle in which `self.whoami` is not built, in a folder of its own.
fn bundle() -> std::path::PathBuf {
    let entropy = adapters::entropy::SystemEntropy::default();
    let name = exchange::ports::entropy::random_hex_128(&entropy);
    let folder = std::env::temp_dir().join(format!("ijazat-bundle-{name}"));
    for (path, text) in Source::embedded().matching("", "") {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let unbuilt = "id = \"self.whoami\"\nnot_built = true";
        fs::write(file, text.replace("id = \"self.whoami\"", unbuilt)).unwrap();
    }
    folder
}

#[tokio::test]
async fn a_service_that_is_not_built_says_so_and_is_recorded() {
    let folder = bundle();
    let world = World::builder().set("POLICY__BUNDLE", folder.display().to_string()).start().await.unwrap();
    let call = Call::get("/v1/self/whoami").with("ijazat-user", "teller-1");
    let answer = send(&world, Who::Agency("bank-indus"), call).await;
    assert_eq!((answer.status, answer.code()), (501, "not_built"));
    problem("self.whoami", &description(&world), &answer, false);
    let recorded = world.recorded().unwrap();
    let newest = recorded.last().unwrap();
    // It was decided before: what would have left is not listed as released, and its request was admitted.
    assert_eq!((newest.leaf.kind, newest.code()), (Kind::Outcome, "not_built"));
    assert_eq!(newest.leaf.service.as_deref(), Some("self.whoami@1"));
    assert_eq!(newest.leaf.status, 501);
    nothing_left("self.whoami", newest);
    let described = send(&world, Who::Anyone, Call::get("/openapi.json")).await;
    let operation = &described.body["paths"]["/v1/self/whoami"]["get"];
    assert_eq!(operation["x-built"], false);
    assert!(operation["responses"].get("200").is_none() && operation["responses"].get("501").is_some());
    fs::remove_dir_all(folder).unwrap();
}
