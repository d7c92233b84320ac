//! the law of the exchange: Cedar schema, policies, catalogue, data dictionary
