//! What a centre was given, and the texts that a handset would show of it.

use std::collections::BTreeMap;

use rusmpp::{pdus::SubmitSm, tlvs::TlvValue};

/// The GSM 7-bit alphabet, written apart from the transport's own table, so that a slip in one shows. `\u{1b}` escapes.
const GSM7: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const GSM7_ESCAPED: &[(char, char)] =
    &[('Λ', '^'), ('(', '{'), (')', '}'), ('/', '\\'), ('<', '['), ('=', '~'), ('>', ']'), ('¡', '|'), ('e', '€')];

/// One `submit_sm`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// From, as written.
    pub source: String,
    /// Type of number and numbering plan of the source.
    pub source_ton_npi: (u8, u8),
    /// To, as written.
    pub to: String,
    /// Type of number and numbering plan of the destination.
    pub to_ton_npi: (u8, u8),
    /// `esm_class`.
    pub esm_class: u8,
    /// `data_coding`.
    pub data_coding: u8,
    /// `registered_delivery`.
    pub registered_delivery: u8,
    /// `validity_period`, as written.
    pub validity: String,
    /// `short_message`.
    pub octets: Vec<u8>,
    /// The TLV `user_message_reference`.
    pub reference: Option<u16>,
    /// The centre's name of it.
    pub message_id: String,
    /// Whether the centre took it.
    pub taken: bool,
}

impl Submitted {
    pub(super) fn new(submit: &SubmitSm, message_id: String, taken: bool) -> Self {
        let reference = submit.tlvs().iter().find_map(|tlv| match tlv.value() {
            Some(TlvValue::UserMessageReference(reference)) => Some(reference.value),
            _ => None,
        });
        Self {
            source: submit.source_addr.as_str().to_owned(),
            source_ton_npi: (submit.source_addr_ton.into(), submit.source_addr_npi.into()),
            to: submit.destination_addr.as_str().to_owned(),
            to_ton_npi: (submit.dest_addr_ton.into(), submit.dest_addr_npi.into()),
            esm_class: submit.esm_class.into(),
            data_coding: submit.data_coding.into(),
            registered_delivery: submit.registered_delivery.into(),
            validity: submit.validity_period.as_str().to_owned(),
            octets: submit.short_message().to_vec(),
            reference,
            message_id,
            taken,
        }
    }

    /// Reference, total and number of a part, and the octets after the header. One alone is the first of one.
    #[must_use]
    pub fn part(&self) -> ((u8, u8, u8), &[u8]) {
        match self.octets.as_slice() {
            [5, 0, 3, reference, total, number, body @ ..] if self.esm_class & 0x40 != 0 => {
                ((*reference, *total, *number), body)
            }
            body => ((0, 1, 1), body),
        }
    }
}

/// The texts to a number that are whole. A part that came twice counts once, as it does in a handset.
pub(super) fn texts(submitted: &[Submitted], number: &str) -> Vec<String> {
    let mut begun: BTreeMap<(u8, u8), BTreeMap<u8, Vec<u8>>> = BTreeMap::new();
    let mut whole = Vec::new();
    for each in submitted.iter().filter(|each| each.taken && each.to == number) {
        let ((reference, total, number), body) = each.part();
        let parts = begun.entry((reference, total)).or_default();
        parts.insert(number, body.to_vec());
        if parts.len() == usize::from(total) {
            let octets = parts.values().flatten().copied().collect::<Vec<u8>>();
            whole.push(read(each.data_coding, &octets));
            begun.remove(&(reference, total));
        }
    }
    whole
}

/// The first text with these words to any number, with the piece that it begins with.
pub(super) fn first_with(submitted: &[Submitted], words: &str) -> Option<(Submitted, String)> {
    let firsts = submitted.iter().filter(|each| each.taken && each.part().0.2 == 1);
    firsts.into_iter().find_map(|first| {
        let alike = |each: &&Submitted| each.to == first.to && each.part().0.0 == first.part().0.0;
        let own: Vec<Submitted> = submitted.iter().filter(alike).cloned().collect();
        let text = texts(&own, &first.to).into_iter().find(|text| text.contains(words))?;
        // Single pieces share a reference of nothing: the piece itself must hold the words.
        let single = first.part().0.1 == 1;
        let holds = !single || read(first.data_coding, first.part().1).contains(words);
        holds.then(|| (first.clone(), text))
    })
}

fn read(coding: u8, octets: &[u8]) -> String {
    if coding == 8 {
        let units = octets.chunks(2).map(|pair| pair.iter().fold(0, |unit, octet| unit << 8 | u16::from(*octet)));
        return char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    let mut text = String::new();
    let mut escaped = false;
    for octet in octets {
        let character = GSM7.chars().nth(usize::from(*octet)).unwrap_or(char::REPLACEMENT_CHARACTER);
        if character == '\u{1b}' {
            escaped = true;
            continue;
        }
        let meant = GSM7_ESCAPED.iter().find(|(plain, _)| escaped && *plain == character);
        text.push(meant.map_or(character, |(_, meant)| *meant));
        escaped = false;
    }
    text
}
