//! the gateway ijazat: listeners, phases, control service, command line
