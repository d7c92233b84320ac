//! `[sms]`: how passcodes reach citizens.

use super::section::{Section, quoted};

/// A way to send SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsTransport {
    /// An outbox in the control database, printed by `ijazat sms`; nothing is sent.
    Sandbox,
}

/// `[sms]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sms {
    /// Way to send; default and only one so far `sandbox`. Whoever controls it could read passcodes.
    pub transport: SmsTransport,
}

impl Sms {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let parse = |text: &str| match text {
            "sandbox" => Ok(SmsTransport::Sandbox),
            "smpp" | "http" => Err("not built yet; only sandbox is".to_owned()),
            _ => Err("not one of sandbox".to_owned()),
        };
        Self { transport: section.parsed("transport", SmsTransport::Sandbox, parse, |_| quoted("sandbox")) }
    }
}
