//! The story: banks, a telco, BISP, a hospital, a citizen and an auditor meet at the door over real sockets.

pub mod client;
pub mod taxpayers;
