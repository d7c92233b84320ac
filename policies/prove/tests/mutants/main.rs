//! Slips in the law's forbids: each is refused by the loader, or noticed by a case, by the law written down anew, or by a
//! theorem; or the solver proves that it changes no decision.

#[cfg(test)]
#[path = "../../../tests/law/counts.rs"]
mod counts;
#[cfg(test)]
#[path = "../../../tests/law/covers.rs"]
mod covers;
#[cfg(test)]
mod killed;
#[cfg(test)]
#[path = "../../../tests/law/model.rs"]
mod model;
#[cfg(test)]
mod nets;
#[cfg(test)]
#[path = "../../../tests/law/nudges.rs"]
mod nudges;
#[cfg(test)]
#[path = "../../../tests/law/questions.rs"]
mod questions;
#[cfg(test)]
#[expect(dead_code, reason = "the policies' own tests use the rest of it")]
#[path = "../../../tests/law/support.rs"]
mod support;
