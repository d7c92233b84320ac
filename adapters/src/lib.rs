//! everything that talks to something else: SQL, log files, SMS, remote upstreams, clock, entropy
