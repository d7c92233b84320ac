//! What a centre can be told to do wrong.

/// At a submit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Refuse it with this `command_status`.
    Refuse(u32),
    /// Take it and never answer.
    NoAnswer,
    /// Take it and hang up without an answer.
    HangUpBeforeAnswer,
    /// Take it, answer, and hang up.
    HangUpAfterAnswer,
    /// Take it, and answer with a header alone: all is well, and no name.
    NoName,
    /// Take it, and answer with octets that are no PDU.
    Garbage,
    /// Take it, and answer with a PDU of 64 kB.
    Huge,
    /// Take it, send the receipt of its delivery, and only then answer.
    ReceiptFirst,
    /// Say that the command was not understood.
    Nack(u32),
}

/// At a bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindFault {
    /// Refuse it with this `command_status`.
    Refuse(u32),
    /// Hang up.
    HangUp,
    /// Never answer.
    NoAnswer,
    /// Answer with octets that are no PDU.
    Garbage,
}

/// A header that announces 20 octets of a command that does not exist, in fewer than it needs.
pub(super) const GARBAGE: [u8; 20] =
    [0, 0, 0, 7, 0xDE, 0xAD, 0xBE, 0xEF, 0, 0, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF];

/// A well-formed PDU of 64 kB: a `deliver_sm` header and zeroes.
pub(super) fn huge() -> Vec<u8> {
    let mut octets = vec![0, 1, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1];
    octets.resize(0x1_0000, 0);
    octets
}
