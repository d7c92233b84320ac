//! One piece as a `submit_sm`, and the answer to it as what the caller may do next.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use exchange::mobile::Mobile;
use rusmpp::{
    Command, CommandId, CommandStatus,
    pdus::SubmitSm,
    tlvs::MessageSubmissionRequestTlvValue,
    types::{COctetString, OctetString},
    values::{DataCoding, EsmClass, Npi, RegisteredDelivery, Ton},
};
use rusmppc::error::Error;

use super::{
    config::{Source, Version},
    limits::RETRY_AFTER,
    pieces::{Coding, Pieces},
};
use crate::sms::port::{NotTaken, short_reference};

/// An ordinary message, and one with a header. The library's default is an acknowledgement, which we never send.
const ORDINARY: u8 = 0x00;
const WITH_HEADER: u8 = 0x40;
/// A receipt at the end, whatever the end. The library's "all" asks for handset acknowledgements too.
const FINAL_RECEIPT: u8 = 0x01;

/// What the parts of a message have in common, drawn from our own name of it: the same at each try.
fn parts_reference(id: &str) -> u8 {
    digest(&SHA256, id.as_bytes()).as_ref().first().copied().unwrap_or_default()
}

/// Builds the PDU; none if the text has no such piece.
#[must_use]
pub fn pdu(source: &Source, version: Version, to: Mobile, pieces: &Pieces, piece: u8, id: &str) -> Option<SubmitSm> {
    let octets = pieces.octets(piece, parts_reference(id))?;
    let several = pieces.count()? > 1;
    let destination = to.e164().trim_start_matches('+').to_owned();
    let submit = SubmitSm::builder()
        .source_addr_ton(Ton::from(source.ton))
        .source_addr_npi(Npi::from(source.npi))
        .source_addr(COctetString::from_string(source.address.clone()).ok()?)
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        .destination_addr(COctetString::from_string(destination).ok()?)
        .esm_class(EsmClass::from(if several { WITH_HEADER } else { ORDINARY }))
        .registered_delivery(RegisteredDelivery::from(FINAL_RECEIPT))
        .data_coding(match pieces.coding() {
            Coding::Gsm7 => DataCoding::McSpecific,
            Coding::Ucs2 => DataCoding::Ucs2,
        })
        .short_message(OctetString::from_vec(octets).ok()?);
    let told = MessageSubmissionRequestTlvValue::UserMessageReference(short_reference(id, piece).into());
    Some(if version == Version::V3_3 { submit } else { submit.push_tlv(told) }.build())
}

/// What an answer other than the expected one means.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was taken, and has no name.
    TakenWithoutName,
    /// It was not taken, or nobody knows.
    Not(NotTaken),
    /// Not taken: it is too much for the far end now, from all of us.
    Overrun,
}

/// Reads what the library reports instead of a `submit_sm_resp` that says that all is well.
#[must_use]
pub fn answer(error: &Error) -> Answer {
    match error {
        Error::UnexpectedResponse { response } => of_response(response),
        // The library says the same before and after the PDU was written, so nobody knows.
        Error::ConnectionClosed | Error::ConnectionClosedByPeer => unknown("the connection fell"),
        Error::ResponseTimeout { .. } => unknown("no answer in time"),
        _ => unknown("the connection broke"),
    }
}

/// Nobody knows whether it was taken.
#[must_use]
pub fn unknown(why: &str) -> Answer {
    Answer::Not(NotTaken::Unknown { why: why.to_owned() })
}

fn of_response(response: &Command) -> Answer {
    let why = format!("the far end said {:?}", response.status());
    match response.status() {
        CommandStatus::EsmeRok if response.id() == CommandId::SubmitSmResp => Answer::TakenWithoutName,
        CommandStatus::EsmeRok => unknown("the answer is of another kind"),
        CommandStatus::EsmeRthrottled | CommandStatus::EsmeRmsgqful => Answer::Overrun,
        status if is_passing(status) => Answer::Not(NotTaken::Later { why, after: Some(RETRY_AFTER) }),
        _ => Answer::Not(NotTaken::Never { why }),
    }
}

/// Whether the same message may fare better later: the far end's own trouble, our session's, or a vendor's code, of
/// which nobody can say. All others are about the message or the contract.
const fn is_passing(status: CommandStatus) -> bool {
    matches!(
        status,
        CommandStatus::EsmeRinvbndsts
            | CommandStatus::EsmeRsyserr
            | CommandStatus::EsmeRsubmitfail
            | CommandStatus::EsmeRxTAppn
            | CommandStatus::EsmeRdeliveryfailure
            | CommandStatus::EsmeRunknownerr
            | CommandStatus::EsmeRsertypunavail
            | CommandStatus::Other(_)
    )
}

/// Not taken: we are not bound, so nothing was written.
#[must_use]
pub fn not_bound(why: &str, after: Option<Duration>) -> NotTaken {
    NotTaken::Later { why: format!("not bound: {why}"), after }
}

#[cfg(test)]
#[path = "submit_tests.rs"]
mod tests;
