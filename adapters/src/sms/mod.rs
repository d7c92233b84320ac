//! Messages to and from citizens: the port, its transports, and the sandbox, whose outbox `ijazat sms` shows.

pub mod port;

use std::fmt;

use exchange::{mobile::Mobile, timestamp::Timestamp};

/// One message to one citizen. Prints without its text, which may carry a passcode.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// When it was queued.
    pub queued_at: Timestamp,
    /// To whom.
    pub to: Mobile,
    /// The text.
    pub text: String,
}

impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sms").field("queued_at", &self.queued_at).field("to", &self.to).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_prints_neither_its_text_nor_the_whole_number() {
        let sms = Sms {
            queued_at: Timestamp::from_micros(0),
            to: Mobile::parse("03001234567").unwrap(),
            text: "Ijazat code 482913".to_owned(),
        };
        let shown = format!("{sms:?}");
        assert!(!shown.contains("482913") && !shown.contains("1234567"), "{shown}");
    }
}
