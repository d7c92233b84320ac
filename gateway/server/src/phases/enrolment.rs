//! What an enrolment of biometrics says of itself, for the policies.

use exchange::{
    codes::Code,
    day::Day,
    directory::Directory,
    enrolment::{EnrolmentError, EnrolmentFacts},
    refusal::Refusal,
    timestamp::Timestamp,
};
use serde_json::Value;

use super::route::Routed;

/// Cedar action of the services that enrol.
pub const ACTION: &str = "enrolBiometrics";

/// The facts of an enrolment; `None` for every other service.
///
/// # Errors
/// `parameter_invalid` naming the parameter: no such part of the body, no possible day of birth, no such reason.
pub fn facts(routed: &Routed, directory: &Directory, now: Timestamp) -> Result<Option<EnrolmentFacts>, Refusal> {
    if routed.service.action != ACTION {
        return Ok(None);
    }
    let text = |name: &str| routed.params.get(name).and_then(Value::as_str);
    let today = Day::of(now).ok_or_else(|| Refusal::new(Code::Internal))?;
    let (modality, born) = (text("modality").unwrap_or_default(), text("born").unwrap_or_default());
    let read = EnrolmentFacts::read(modality, born, text("missing_reason"), today).map_err(invalid)?;
    let supervisor = text("supervisor").zip(routed.caller.agency_id());
    Ok(Some(EnrolmentFacts {
        sample: routed.params.get("sample").is_some_and(|sample| !sample.is_null()),
        supervisor: supervisor.and_then(|(user, agency)| directory.user(agency, user).cloned()),
        ..read
    }))
}

fn invalid(error: EnrolmentError) -> Refusal {
    Refusal::new(Code::ParameterInvalid).member("parameter", error.parameter()).detail(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::phases::testing::{Call, Trial};

    fn call(body: &Value) -> Call {
        Call::json("/v1/biometrics/enrolment", body).by("hospital-mehran", "doctor-1").with("ijazat-purpose", "BIO-406")
    }

    #[tokio::test]
    async fn the_policies_are_told_what_is_enrolled_of_whom() {
        let trial = Trial::new().await;
        let body =
            json!({ "modality": "iris", "born": "2019-11-22", "sample": { "images": [] }, "supervisor": "doctor-1" });
        drop(trial.authorised(&call(&body)).await);
        let facts = trial.decider.asked().enrolment.unwrap();
        assert_eq!((facts.modality.as_str(), facts.sample, facts.missing), ("iris", true, None));
        assert_eq!(facts.supervisor.unwrap().id.as_str(), "doctor-1");
        let body =
            json!({ "modality": "face", "born": "2019-11-22", "missing_reason": "medical", "supervisor": "nobody" });
        drop(trial.authorised(&call(&body)).await);
        let facts = trial.decider.asked().enrolment.unwrap();
        assert_eq!((facts.sample, facts.missing.is_some(), facts.supervisor), (false, true, None));
        drop(trial.authorised(&Call::household()).await);
        assert!(trial.decider.asked().enrolment.is_none());
    }

    #[tokio::test]
    async fn a_slip_is_refused_by_its_name_before_the_policies_are_asked() {
        let trial = Trial::new().await;
        let check = async |body: Value, name: &str| {
            let Err(refusal) = trial.authorised(&call(&body)).await else { panic!("{body} is no enrolment") };
            assert_eq!(refusal.code, Code::ParameterInvalid, "{body}");
            assert_eq!(refusal.members.iter().find(|(known, _)| *known == "parameter").unwrap().1, name, "{body}");
        };
        check(json!({ "modality": "voice", "born": "2019-11-22", "sample": {} }), "modality").await;
        check(json!({ "modality": "face", "born": "2099-01-01", "sample": {} }), "born").await;
        check(json!({ "modality": "face", "born": "2019-11-22", "missing_reason": "shy" }), "missing_reason").await;
        assert_eq!(trial.decider.times(), 0);
    }
}
