//! Phase 7. Afterwards the answer holds only listed and permitted fields of the person that was asked for (rule 3).

use exchange::{
    codes::Code,
    filter::{Filtered, filter},
    permit::Permit,
    ports::upstream::UpstreamAnswer,
    refusal::Refusal,
};

use super::{route::Routed, trail::Trail};

/// Filters the upstream's answer.
///
/// # Errors
/// `upstream_answer_refused` when nothing of the answer may leave.
pub fn narrow(routed: &Routed, permit: &Permit, answer: &UpstreamAnswer, trail: &Trail) -> Result<Filtered, Refusal> {
    let shape = routed.law.shape(&routed.service.id);
    filter(&routed.service, &shape, permit, &answer.body).map_err(|error| {
        tracing::error!(request = %trail.request, upstream = %routed.service.upstream, error = %error, "answer refused");
        Refusal::new(Code::UpstreamAnswerRefused)
    })
}
