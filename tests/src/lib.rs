//! stories end to end, contract suites, load generator and benches
