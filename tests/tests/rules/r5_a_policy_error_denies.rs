//! Rule 5: an error in a policy is a refusal and an alarm. `policies` tests it for one decision; here an operator's bundle
//! with such a policy is in force behind the door.

use std::{fs, path::Path};

use gateway::demo::client::Call;
use policies::Bundle;
use tests::world::{Broken, World, until};

/// Cedar leaves out a policy that overflows; strict validation cannot see that it will.
const OVERFLOWS: &str = "@id(\"X01-overflow\")@authority(\"test\")@reason(\"policy_denied\")
    @lawful(\"Ask the operator.\")@lawful_ur(\"منتظم سے پوچھیں۔\")
    forbid (principal, action == Ijazat::Action::\"searchHouseholdByCnic\", resource)
    when { (context.rows + 1) * 9223372036854775807 == 0 };";

fn copy(from: &Path, to: &Path) -> Result<(), Broken> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_policy_that_cannot_be_evaluated_refuses_and_raises_the_alarm() {
    let mut world = World::start().await.unwrap();
    world.serves().await.unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies");
    let bundle = world.state().join("bundle");
    for part in
        ["dictionary", "catalogue", "schema", "guardrails", "domains", "templates", "matrices", "rules", "cases"]
    {
        copy(&shipped.join(part), &bundle.join(part)).unwrap();
    }
    fs::copy(shipped.join("bundle.toml"), bundle.join("bundle.toml")).unwrap();
    fs::create_dir_all(bundle.join("domains/x")).unwrap();
    fs::write(bundle.join("domains/x/X01-overflow.cedar"), OVERFLOWS).unwrap();
    Bundle::from_dir(&bundle).expect("the checks of a bundle do not see it");
    world.restart("POLICY__BUNDLE", bundle.display().to_string()).await.unwrap();
    let answer = world.ask("bisp", world.household()).await.unwrap();
    assert_eq!((answer.status, answer.code()), (403, "policy_error"));
    assert!(answer.body.get("data").is_none());
    let newest = world.recorded().unwrap().pop().unwrap();
    assert_eq!((newest.code(), newest.agency()), ("policy_error", "bisp"));
    let alarm = async || world.metrics().await.unwrap().contains("policy_errors_total 1");
    until("the alarm is raised", alarm).await.unwrap();
    let other = world.ask("bisp", Call::get("/v1/self/whoami")).await.unwrap();
    assert_eq!(other.status, 200, "what the policy does not touch is served: {}", other.code());
}
