//! The law as a whole: the golden decision matrix, the sample files, the description for programs, and the memo and slices
//! against plain evaluation.

#[cfg(test)]
mod broken;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod samples;
