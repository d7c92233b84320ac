//! persons, families, households, life status: pure logic over ports
