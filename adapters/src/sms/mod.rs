//! Messages to and from citizens: the port, its transports, the sender that empties the outbox, and the sandbox.

use std::fmt;

use exchange::{mobile::Mobile, timestamp::Timestamp};

pub mod http;
pub mod limits;
pub mod names;
pub mod password;
pub mod port;
pub mod sender;
pub mod smpp;

pub use sender::{Sender, SenderCounts};

/// What became of a message to a citizen, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmsState {
    /// It waits for a transport, or is being handed over.
    Waiting,
    /// The network took it.
    Taken,
    /// It is at the handset.
    Delivered,
    /// It will not arrive.
    Undeliverable,
    /// The network would not have it.
    Refused,
    /// It was not handed over while it was of use.
    Late,
    /// It was handed over as often as it may be, and no answer came.
    Unknown,
}

impl SmsState {
    /// The word in stores and for operators.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Delivered => "delivered",
            Self::Undeliverable => "undeliverable",
            Self::Refused => "refused",
            Self::Late => "late",
            Self::Unknown => "unknown",
        }
    }
}

/// One message to one citizen. Prints without its text, which may carry a passcode.
#[derive(Clone, PartialEq, Eq)]
pub struct Sms {
    /// When it was queued.
    pub queued_at: Timestamp,
    /// To whom.
    pub to: Mobile,
    /// The text; empty once the message is out of our hands, for then nobody of ours needs it.
    pub text: String,
    /// What became of it.
    pub state: SmsState,
}

impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Sms");
        shown.field("queued_at", &self.queued_at).field("to", &self.to).field("state", &self.state);
        shown.finish_non_exhaustive()
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
            state: SmsState::Waiting,
        };
        let shown = format!("{sms:?}");
        assert!(!shown.contains("482913") && !shown.contains("1234567"), "{shown}");
    }
}
