//! "Bad input, named" (issue 2), each through a real socket: a clear problem or TLS alert, a record where a peer was
//! identified, nothing lost, and a process that still answers the next good request.

mod bodies;
mod callers;
mod certificates;
mod disk;
mod headers;
mod kit;
mod parameters;
mod paths;
mod state;
mod stores;
mod upstreams;
