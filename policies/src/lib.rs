//! the law of the exchange: Cedar schema, policies, catalogue, data dictionary
#![forbid(unsafe_code)]
