//! Three officers of BISP see the same household, and lists of households, differently; Secret fields and the complete export
//! open once, with the Board's approval.

use serde_json::{Value, json};

use crate::demo::{
    client::{Answer, Call, ClientError},
    stage::Stage,
    told::Told,
};

/// Plays the scene.
///
/// # Errors
/// [`ClientError`] where the scene could not go on.
pub async fn play(stage: &Stage, told: &mut Told) -> Result<(), ClientError> {
    told.scene("BISP looks at one household: Basic, Standard, Power");
    let basic = household(stage, "basic-1", "prog-kafalat").await?;
    told.answer(&basic);
    let members =
        |answer: &Answer| answer.body.pointer("/data/household/members").and_then(Value::as_array).map_or(0, Vec::len);
    let few = basic.status == 200 && members(&basic) <= 1 && basic.body.pointer("/data/household/pmt").is_some();
    told.step("Basic sees the searched person and the score", few, format!("{} of the members", members(&basic)));

    let standard = household(stage, "standard-1", "prog-kafalat").await?;
    told.answer(&standard);
    let names = members(&standard) > 1 && !shows(&standard, "cnic") && !shows(&standard, "mobile");
    told.step("Standard sees the names, no card numbers, no contact", names, format!("{} members", members(&standard)));

    let power = household(stage, "power-1", "prog-kafalat").await?;
    told.answer(&power);
    let contact = members(&power) > 1 && shows(&power, "mobile") && !shows(&power, "cnic");
    told.step("Power sees contacts; Secret card numbers wait for the Board", contact, "nser.cnic withheld");

    let board = household(stage, "power-1", "prog-kafalat, appr-board-1").await?;
    told.answer(&board);
    told.step("with the Board's approval the card numbers open", shows(&board, "cnic"), board.code());
    let again = household(stage, "power-1", "prog-kafalat, appr-board-1").await?;
    told.step(
        "the approval opens one request only",
        !shows(&again, "cnic"),
        format!("{} {}", again.status, again.code()),
    );
    lists(stage, told, &standard).await
}

/// The same officers ask for the households of that district.
async fn lists(stage: &Stage, told: &mut Told, known: &Answer) -> Result<(), ClientError> {
    let district = known.text("/data/household/district");
    let body = json!({ "district": district, "limit": 5 });
    let (path, basis) = ("/v1/nser/households/by-address", "prog-kafalat");
    let standard = ask(stage, "standard-1", basis, path, &body).await?;
    told.answer(&standard);
    let first = standard.body.pointer("/data/households/0").cloned().unwrap_or(Value::Null);
    let fits = first.get("members").is_some() && first.get("pmt").is_none() && first.get("assets").is_none();
    told.step(
        "a list shows Standard names and address, no score, no card numbers",
        fits,
        format!("district {district}"),
    );
    let sample = ask(stage, "basic-1", basis, path, &body).await?;
    told.answer(&sample);
    let found = sample.body.pointer("/data/households").and_then(Value::as_array).map_or(0, Vec::len);
    let named = sample.body.to_string().contains("\"name\"");
    let few = sample.status == 200 && !named;
    told.step("Basic sees one household in a hundred of a tehsil, and no name", few, format!("{found} households"));
    let refused = ask(stage, "power-1", basis, "/v1/nser/export", &json!({})).await?;
    told.step("the complete export waits for the Board", refused.code() == "secret_needs_board", refused.code());
    let export = ask(
        stage,
        "power-1",
        "prog-kafalat, appr-export",
        "/v1/nser/export",
        &json!({ "fields": ["nser.id", "nser.pmt"] }),
    )
    .await?;
    let end = export.body.as_array().and_then(|lines| lines.last()).cloned().unwrap_or(Value::Null);
    let whole = end.get("final").is_some();
    told.step("with it every household leaves, batch by batch, each recorded first", whole, end.to_string());
    Ok(())
}

async fn household(stage: &Stage, user: &'static str, basis: &str) -> Result<Answer, ClientError> {
    ask(stage, user, basis, "/v1/nser/household", &json!({ "cnic": stage.cast.head.digits() })).await
}

async fn ask(stage: &Stage, user: &'static str, basis: &str, path: &str, body: &Value) -> Result<Answer, ClientError> {
    let mut officer = stage.actor("bisp", Some(user)).await?;
    let call = Call::json(path, body).with("ijazat-purpose", "NSER-201").with("ijazat-basis", basis);
    if user == "power-1" { officer.send_signed(call).await } else { officer.send(call).await }
}

fn shows(answer: &Answer, field: &str) -> bool {
    let members = answer.body.pointer("/data/household/members").and_then(Value::as_array);
    members.into_iter().flatten().any(|member| member.get(field).is_some_and(|value| !value.is_null()))
}
