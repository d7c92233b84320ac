//! The law as a whole: its refusals for every service, its promises, the description for programs, what a broken bundle is
//! told, and each quick way of deciding against plain evaluation and against the law written down anew.

#[cfg(test)]
mod annexure;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod bundles;
#[cfg(test)]
mod clientage;
#[cfg(test)]
mod counts;
#[cfg(test)]
mod covers;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod edges;
#[cfg(test)]
mod enrolment;
#[cfg(test)]
mod explanations;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod million;
#[cfg(test)]
mod model;
#[cfg(test)]
mod modelled;
#[cfg(test)]
mod monotony;
#[cfg(test)]
mod nudges;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod promises;
#[cfg(test)]
mod questions;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod steadiness;
#[cfg(test)]
mod support;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod verdicts;
