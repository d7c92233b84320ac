//! The law as a whole: the golden decision matrix, the sample files, and the memo and slices against plain evaluation.

mod broken;
mod differential;
mod matrix;
mod samples;
