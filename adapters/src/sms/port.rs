//! What a way to send and receive SMS promises. A transport keeps nothing: what must survive is in the control store.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use exchange::mobile::Mobile;

/// A message to hand over. Prints without its text, which may carry a passcode.
#[derive(Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Our name for the message, the same at each try: 32 lower-case hexadecimal digits.
    pub id: String,
    /// To whom.
    pub to: Mobile,
    /// The text, at most 255 pieces long.
    pub text: String,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("id", &self.id).field("to", &self.to).finish_non_exhaustive()
    }
}

/// Why a piece was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// Certainly not taken; the same may be tried again, not sooner than after the span if one is told.
    #[error("not now: {why}")]
    Later {
        /// Why, in words without personal data.
        why: String,
        /// How long to wait at least.
        after: Option<Duration>,
    },
    /// Nobody knows whether it was taken: no answer came.
    #[error("no answer: {why}")]
    Unknown {
        /// Why, in words without personal data.
        why: String,
    },
    /// Never: the far end refuses this message, and trying again changes nothing.
    #[error("refused: {why}")]
    Never {
        /// Why, in words without personal data.
        why: String,
    },
}

/// What became of a message at the citizen's handset; advisory: nothing is ever granted or refused by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// On its way.
    Underway,
    /// At the handset.
    Delivered,
    /// It will not arrive.
    Undeliverable,
}

/// A receipt of the far end.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The far end's name of the message, as it wrote it; empty where only `reference` is told.
    pub message_id: String,
    /// The message that it is about went to this number, where the far end tells it.
    pub to: Option<Mobile>,
    /// Our own name of message and piece, where the far end repeats it.
    pub reference: Option<(String, u8)>,
    /// Our short name of them ([`short_reference`]), where the far end repeats that.
    pub short: Option<u16>,
    /// What became of it.
    pub fate: Fate,
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt")
            .field("message_id", &self.message_id)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

/// A message's piece in sixteen bits, as SMPP's `user_message_reference` has them. Not unique: it is looked for among the few
/// messages to one number that nobody knows the fate of.
#[must_use]
pub fn short_reference(id: &str, piece: u8) -> u16 {
    let head = id.get(..4).and_then(|head| u16::from_str_radix(head, 16).ok()).unwrap_or_default();
    head.wrapping_add(u16::from(piece))
}

/// One part of a message that a citizen's handset cut into several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What the parts have in common, by the handset.
    pub reference: u16,
    /// How many there are, 2 to 255.
    pub total: u8,
    /// Which this is, from 1.
    pub number: u8,
}

/// What a citizen sent. Prints without its text, which may carry a passcode.
#[derive(Clone, PartialEq, Eq)]
pub struct Incoming {
    /// From whom, as the network says; that is known to be forged at times.
    pub from: Mobile,
    /// The text, or a part's.
    pub text: String,
    /// Which part it is, of a message in several.
    pub part: Option<Part>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("from", &self.from).field("part", &self.part).finish_non_exhaustive()
    }
}

/// It could not be kept; the far end shall send it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it could not be kept now")]
pub struct NotKept;

/// How a transport stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Messages go out.
    Up,
    /// They do not, and why, in words without personal data.
    Down(String),
}

/// A way to send SMS.
#[async_trait]
pub trait SmsTransport: fmt::Debug + Send + Sync {
    /// How many pieces the text goes out in, 1 to 255; the same for the same text always.
    fn pieces(&self, text: &str) -> u8;

    /// Hands over one piece, counted from 0, and answers with the far end's name for it. The same piece is handed over in the same
    /// bytes each time. Waits its turn at the contract's rate.
    ///
    /// # Errors
    /// [`NotTaken`].
    async fn hand_over(&self, message: &Outgoing, piece: u8) -> Result<String, NotTaken>;

    /// How it stands now.
    fn link(&self) -> Link;

    /// Whether one message may be tried although the link is down: for a transport that learns of its return by trying.
    fn may_probe(&self) -> bool {
        false
    }
}

/// Who takes what a transport receives. It is acknowledged to the far end only once this says that it is kept.
#[async_trait]
pub trait SmsReceiver: fmt::Debug + Send + Sync {
    /// Takes a citizen's message; the same may come several times.
    ///
    /// # Errors
    /// [`NotKept`].
    async fn message(&self, message: Incoming) -> Result<(), NotKept>;

    /// Takes a receipt; the same may come several times, and before the answer to what it is about.
    ///
    /// # Errors
    /// [`NotKept`].
    async fn receipt(&self, receipt: Receipt) -> Result<(), NotKept>;
}
