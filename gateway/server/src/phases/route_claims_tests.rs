//! Phase 3, what a request claims in its headers and body: token, bases, fields, trace, the citizen.

use serde_json::json;

use super::*;
use crate::{
    door::BodyError,
    phases::testing::{AT, BodyOf, CITIZEN, Call, TOKEN, Trial},
};

async fn code(trial: &Trial, call: &Call) -> Option<Code> {
    trial.routed(call).await.err().map(|refusal| refusal.code)
}

#[tokio::test]
async fn a_token_is_read_only_in_its_one_form() {
    let trial = Trial::new().await;
    let check = async |value: &str, expected: Result<Option<&str>, Code>| {
        let got = trial.routed(&Call::kyc().with("authorization", value)).await;
        let got = got.map(|(routed, _)| routed.token).map_err(|refusal| refusal.code);
        assert_eq!(got, expected.map(|token| token.map(str::to_owned)), "{value}");
    };
    check(&format!("Bearer {TOKEN}"), Ok(Some(TOKEN))).await;
    check(&format!("BEARER   {TOKEN} "), Ok(Some(TOKEN))).await;
    check(&format!("Bearer {}", "x".repeat(16)), Ok(Some("x".repeat(16).as_str()))).await;
    check(&format!("Bearer {}", "x".repeat(512)), Ok(Some("x".repeat(512).as_str()))).await;
    for bad in ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", TOKEN, "Bearer: abcdefghijklmnop"] {
        check(bad, Err(Code::TokenInvalid)).await;
    }
    check(&format!("Bearer {}", "x".repeat(15)), Err(Code::TokenInvalid)).await;
    check(&format!("Bearer {}", "x".repeat(513)), Err(Code::TokenInvalid)).await;
    check(&format!("Bearer {TOKEN}ا"), Err(Code::HeaderInvalid)).await;
    let none = trial.routed(&Call::kyc().without("authorization")).await.unwrap();
    assert_eq!(none.0.token, None);
}

#[tokio::test]
async fn a_programme_and_an_approval_are_named_in_one_header() {
    let trial = Trial::new().await;
    let check = async |value: &str, expected: Option<&[&str]>| {
        let got = trial.routed(&Call::household().with("ijazat-basis", value)).await;
        match (got, expected) {
            (Ok((routed, _)), Some(names)) => assert_eq!(routed.bases, names, "{value}"),
            (Err(refusal), None) => assert_eq!(refusal.code, Code::HeaderInvalid, "{value}"),
            (got, _) => panic!("{value}: {:?}", got.map(|(routed, _)| routed.bases)),
        }
    };
    check("prog-kafalat", Some(&["prog-kafalat"])).await;
    check(" prog-kafalat ,appr-board-1", Some(&["prog-kafalat", "appr-board-1"])).await;
    check(&"x".repeat(96), Some(&["x".repeat(96).as_str()])).await;
    check(&"x".repeat(97), None).await;
    check("a,b,c", None).await;
    check(",", None).await;
    check("", None).await;
    check("بنیاد", None).await;
}

#[tokio::test]
async fn fields_are_absent_or_a_list_of_datatypes() {
    let trial = Trial::new().await;
    let ask =
        |fields: Value| Call { body: json!({"cnic": CITIZEN, "fields": fields}).to_string().into(), ..Call::kyc() };
    let (routed, _) = trial.routed(&Call::kyc()).await.unwrap();
    assert_eq!(routed.fields, None, "absent asks for what is permitted");
    let (routed, _) = trial.routed(&ask(Value::Null)).await.unwrap();
    assert_eq!(routed.fields, None);
    let (routed, _) = trial.routed(&ask(json!(["identity.name", "identity.birth"]))).await.unwrap();
    let names: Vec<_> = routed.fields.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(names, ["identity.name", "identity.birth"]);
    let Err(told) = trial.routed(&ask(json!(["identity.nmae"]))).await else { panic!("it was routed") };
    assert_eq!((told.code, told.members.first()), (Code::ParameterInvalid, Some(&("parameter", json!("fields")))));
    assert!(told.detail.unwrap().contains("it has identity.address, identity.birth"));
    for bad in
        [json!("identity.name"), json!(["nser.pmt"]), json!([""]), json!([["identity.name"]]), json!({}), json!(1)]
    {
        assert_eq!(code(&trial, &ask(bad.clone())).await, Some(Code::ParameterInvalid), "{bad}");
    }
}

#[tokio::test]
async fn the_citizen_is_the_one_that_the_body_names() {
    let trial = Trial::new().await;
    for text in [CITIZEN, "42101-1234567-1"] {
        let call = Call { body: json!({"cnic": text}).to_string().into(), ..Call::kyc() };
        let (routed, trail) = trial.routed(&call).await.unwrap();
        assert_eq!(routed.subject.unwrap().digits(), CITIZEN);
        assert_eq!(trail.parameters, call.body, "the record keeps what was sent");
    }
    let twice = format!("{{\"cnic\":\"{CITIZEN}\",\"cnic\":\"3520276543219\"}}");
    assert_eq!(code(&trial, &Call { body: twice.into(), ..Call::kyc() }).await, Some(Code::BodyMalformed));
}

#[tokio::test]
async fn segments_of_the_path_are_recorded_and_no_passcode() {
    let trial = Trial::new().await;
    let call = Call::json("/bc-authorize/req-7/pin", &json!({"pin": "123456"})).by("bank-indus", "teller-1");
    let (routed, trail) = trial.routed(&call).await.unwrap();
    assert_eq!(String::from_utf8(trail.parameters).unwrap(), "id=req-7\npin is not kept\n");
    assert_eq!(routed.params, json!({"pin": "123456", "id": "req-7"}));
}

#[tokio::test]
async fn bodies_that_are_no_object_are_malformed() {
    let trial = Trial::new().await;
    let deep = |levels: usize| format!("{{\"cnic\":{}1{}}}", "[".repeat(levels), "]".repeat(levels));
    let bodies = [
        String::new(),
        " ".into(),
        "null".into(),
        "[]".into(),
        "\"cnic\"".into(),
        "{".into(),
        format!("{{\"cnic\":\"{CITIZEN}\"}}{{}}"),
        format!("{{\"cnic\":\"{CITIZEN}\",}}"),
        format!("{{'cnic':'{CITIZEN}'}}"),
        deep(17),
    ];
    for body in bodies {
        let call = Call { body: body.clone().into(), ..Call::kyc() };
        assert_eq!(code(&trial, &call).await, Some(Code::BodyMalformed), "{body}");
    }
    let call = Call { body: vec![0xff, 0xfe, b'{', b'}'].into(), ..Call::kyc() };
    assert_eq!(code(&trial, &call).await, Some(Code::BodyMalformed), "not UTF-8");
}

#[tokio::test]
async fn a_form_is_read_once_and_as_utf_8() {
    let trial = Trial::new().await;
    let good = Call::form("/token", &[("grant_type", "x"), ("auth_req_id", "r-1")]).by("bank-indus", "");
    assert_eq!(code(&trial, &good).await, None);
    let check = async |body: &[u8], expected| {
        let call = Call { body: body.to_vec().into(), ..good.clone() };
        assert_eq!(code(&trial, &call).await, expected, "{}", String::from_utf8_lossy(body));
    };
    check(b"grant_type=x&auth_req_id=r-1&auth_req_id=r-1", Some(Code::BodyMalformed)).await;
    check(b"grant_type=x&auth_req_id=r-1&audience=y", Some(Code::ParameterInvalid)).await;
    check(b"grant_type=x", Some(Code::ParameterInvalid)).await;
    check(b"\xff\xfe", Some(Code::BodyMalformed)).await;
    check(b"grant_type=%00&auth_req_id=r-1", Some(Code::ParameterInvalid)).await;
    check(b"grant_type=a+b%2Bc&auth_req_id=r-1", None).await;
}

#[tokio::test]
async fn a_body_that_does_not_come_whole_is_told_apart() {
    let trial = Trial::new().await;
    let check = async |fails: BodyError, expected: Code| {
        let call = Call { fails: Some(fails), ..Call::kyc() };
        assert_eq!(code(&trial, &call).await, Some(expected));
    };
    check(BodyError::TooLarge, Code::BodyTooLarge).await;
    check(BodyError::Incomplete, Code::BodyIncomplete).await;
    check(BodyError::TooSlow, Code::BodyIncomplete).await;
    let text = "x".repeat(limits::REQUEST_BODY_BYTES_MAX + 1);
    assert_eq!(code(&trial, &Call { body: text.into(), ..Call::kyc() }).await, Some(Code::BodyTooLarge));
}

#[tokio::test]
async fn a_body_is_not_read_for_whom_the_door_does_not_admit() {
    let trial = Trial::new().await;
    let read = async |call: &Call| {
        let (head, mut trail) = (call.head(), trial.trail(call));
        trial.parts.directory.confirm().await.unwrap();
        let (caller, directory) = crate::phases::identify::identify(&trial.parts, &head, &mut trail).unwrap();
        let mut body = BodyOf::new(call);
        let routed = route(&trial.parts, &head, &mut body, caller, &directory, &mut trail).await;
        (routed.is_ok(), body.read)
    };
    assert_eq!(read(&Call::kyc()).await, (true, vec![limits::REQUEST_BODY_BYTES_MAX]));
    assert_eq!(read(&Call::kyc().publicly()).await, (false, vec![]));
    assert_eq!(read(&Call::kyc().without("ijazat-user")).await, (false, vec![]));
    assert_eq!(read(&Call::kyc().with("ijazat-purpose", "NO-1")).await, (false, vec![]));
    assert_eq!(read(&Call::kyc().with("content-type", "text/plain")).await, (false, vec![]));
}

#[tokio::test]
async fn only_a_whole_trace_of_version_zero_is_passed_on() {
    let trial = Trial::new().await;
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let check = async |value: &str, expected: Option<&str>| {
        let (_, trail) = trial.routed(&Call::household().with("traceparent", value)).await.unwrap();
        assert_eq!(trail.traceparent.as_deref(), expected, "{value}");
    };
    check(good, Some(good)).await;
    for end in 0..good.len() {
        check(good.get(..end).unwrap(), None).await;
    }
    check(&good.replacen("00", "01", 1), None).await;
    check(&good.replace('a', "g"), None).await;
    check(&format!("{good}-"), None).await;
    check(&good.replace('-', "_"), None).await;
}

#[tokio::test]
async fn what_was_known_by_then_stands_on_the_trail_of_a_refusal() {
    let trial = Trial::new().await;
    let call = Call::household().with("ijazat-purpose", "NO-1").with("ijazat-dry-run", "1");
    let (head, mut trail) = (call.head(), trial.trail(&call));
    let (caller, directory) = crate::phases::identify::identify(&trial.parts, &head, &mut trail).unwrap();
    let got = route(&trial.parts, &head, &mut BodyOf::new(&call), caller, &directory, &mut trail).await;
    assert_eq!(got.unwrap_err().code, Code::PurposeUnknown);
    assert_eq!(trail.service_name().as_deref(), Some("nser.household@1"));
    assert!(trail.dry_run && trail.purpose.is_none() && trail.subject.is_none());
    assert!(trail.parameters.is_empty(), "a body that was not read is not recorded");
}

#[tokio::test]
async fn a_later_batch_keeps_its_signatures_and_asks_who_signed_beside_anew() {
    let trial = Trial::new().await;
    let (mut routed, _) = trial.routed(&Call::kyc()).await.unwrap();
    if let Caller::Agency { asserted, .. } = &mut routed.caller {
        *asserted = true;
    }
    let again = |routed: &Routed| {
        let (call, directory) = (Call::kyc(), trial.parts.directory.any());
        let mut trail = trial.trail(&call);
        let (caller, _) = crate::phases::identify::identify(&trial.parts, &call.head(), &mut trail).unwrap();
        routed.again(&trial.parts, caller, &directory, Earlier { approval: None })
    };
    assert!(matches!(again(&routed).unwrap().caller, Caller::Agency { asserted: true, .. }));
    let mut beside = User::clone(routed.caller.user().unwrap());
    beside.id = exchange::ids::UserId::parse("teller-9").unwrap();
    trial.change(|data| data.users.push(beside.clone())).await;
    routed.second = Some(Arc::new(beside.clone()));
    assert_eq!(again(&routed).unwrap().second.as_deref(), Some(&beside));
    trial
        .change(|data| data.users.iter_mut().filter(|user| user.id == beside.id).for_each(|user| user.disabled = true))
        .await;
    assert_eq!(again(&routed).unwrap_err().code, Code::UserAssertionInvalid);
    trial.change(|data| data.users.retain(|user| user.id != beside.id)).await;
    assert_eq!(again(&routed).unwrap_err().code, Code::UserAssertionInvalid);
}

/// The assertion of a user of this name over a call.
fn assertion(pair: &rcgen::KeyPair, user: &str, call: &Call, audience: &str) -> String {
    let body = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &call.body));
    let (from, path) = (AT.seconds(), call.target.as_str());
    let claims = json!({"aud": audience, "sub": user, "iat": from, "exp": from + 60, "jti": "1", "htm": call.method,
                        "htu": path, "body_sha256": body});
    let key = jsonwebtoken::EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
    jsonwebtoken::encode(&jsonwebtoken::Header::new(jsonwebtoken::Algorithm::ES256), &claims, &key).unwrap()
}

#[tokio::test]
async fn a_second_user_stands_behind_a_request_by_a_signature_of_their_own() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let trial = Trial::new().await;
    let public = pair.public_key_pem();
    trial
        .change(|data| {
            let first = data.users.iter().find(|user| user.agency.as_str() == "bank-indus").unwrap().clone();
            let id = |id: &str| exchange::ids::UserId::parse(id).unwrap();
            data.users.push(User { id: id("second-1"), assertion_key: Some(public), ..first.clone() });
            data.users.push(User { id: id("keyless-1"), assertion_key: None, ..first });
        })
        .await;
    let audience = trial.parts.assertion_audience.clone();
    let by = |user: &str, signer: &str, call: &Call| {
        let token = assertion(&pair, signer, call, &audience);
        call.clone().with("ijazat-second-user", user).with("ijazat-second-assertion", &token)
    };
    let call = Call::kyc();
    let second =
        async |call: &Call| trial.routed(call).await.map(|(routed, _)| routed.second.map(|user| user.id.to_string()));
    assert_eq!(second(&call).await.unwrap(), None);
    let refused = async |call: &Call| second(call).await.unwrap_err().code;
    let invalid = Code::UserAssertionInvalid;
    assert_eq!(refused(&call.clone().with("ijazat-second-user", "second-1")).await, invalid, "named, unsigned");
    let unnamed = by("second-1", "second-1", &call).without("ijazat-second-user");
    assert_eq!(refused(&unnamed).await, invalid, "signed, unnamed");
    assert_eq!(refused(&by("nobody-1", "nobody-1", &call)).await, invalid, "unknown");
    assert_eq!(refused(&by("keyless-1", "keyless-1", &call)).await, invalid, "without a key");
    assert_eq!(refused(&by("second-1", "teller-1", &call)).await, invalid, "for another user");
    let other = Call { body: "{}".into(), ..call.clone() };
    let moved = by("second-1", "second-1", &other);
    assert_eq!(refused(&Call { body: call.body.clone(), ..moved }).await, invalid, "over another body");
    let signed = by("second-1", "second-1", &call);
    assert_eq!(second(&signed).await.unwrap().as_deref(), Some("second-1"));
    assert_eq!(refused(&signed).await, invalid, "used before");
}
