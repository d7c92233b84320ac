//! persons, families, households, life status: pure logic over ports
#![forbid(unsafe_code)]
