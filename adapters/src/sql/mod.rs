//! SQL: one text for SQLite and PostgreSQL (design/style.md).

pub mod control;
pub mod index;
pub mod registry;
