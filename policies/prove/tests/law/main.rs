//! The prover before the law as it stands, before laws with a planted fault, and before solvers that are none.

#[cfg(test)]
mod command;
#[cfg(test)]
mod faults;
mod faults_least;
#[cfg(test)]
mod held;
#[cfg(test)]
mod released;
#[cfg(test)]
mod solvers;
#[cfg(test)]
mod support;
#[cfg(test)]
mod ten;
#[cfg(test)]
mod theorems;
#[cfg(test)]
mod wider;
mod workers;
