//! The receipt of a consent: a view of its record for those who hold it, after the sections of ISO/IEC TS 27560:2023 (header,
//! processing, parties, events) with the event types of the W3C's Data Privacy Vocabulary. What counts is the signed record beside it.

use serde_json::{Value, json};

use super::revision::{Cause, Revision, Standing};

/// Name of the receipt's form.
pub const RECEIPT_SCHEMA: &str = "urn:pk:ijazat:consent-receipt:1";

/// Where the event types are defined.
const DPV: &str = "https://w3id.org/dpv#";

/// What a receipt names that no record holds.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The issuer of tokens and receipts.
    pub issuer: &'a str,
    /// The agency's own name for the citizen (OpenID Connect Core 1.0 §8.1).
    pub principal: &'a str,
    /// The agency's name.
    pub agency: &'a str,
    /// What the purpose says.
    pub purpose: &'a str,
}

/// The receipt of a record that was verified; `None` of one without revisions.
#[must_use]
pub fn receipt(record: &[Revision], names: Names<'_>) -> Option<Value> {
    let (first, last) = (record.first()?, record.last()?);
    let asked = first.authorization_details.get(0)?;
    let member = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let given = record.iter().find(|revision| revision.state == Standing::Active);
    let mut purpose = json!({
        "purpose": first.purpose,
        "description": names.purpose,
        "lawful_basis": format!("{DPV}Consent"),
        "pii_categories": member("datatypes"),
        "fetch": member("fetch"),
        "valid_until": member("valid_until"),
        "uses": member("uses"),
        "frequency": member("frequency"),
        "data_life": member("data_life"),
        "agreement": first.agreement,
    });
    if let Some(members) = purpose.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
    let mut receipt = json!({
        "schema_version": RECEIPT_SCHEMA,
        "receipt_id": format!("{}@{}", last.consent, last.revision),
        "record_id": first.consent,
        "pii_principal_id": names.principal,
        "issuer": names.issuer,
        "jurisdiction": "PK",
        "collection_method": first.acr,
        "state": last.state,
        "purposes": [purpose],
        "parties": [{"party_id": first.agency, "name": names.agency, "role": "pii_controller"}],
        "events": record.iter().map(event).collect::<Vec<_>>(),
    });
    if let (Some(given), Some(members)) = (given, receipt.as_object_mut()) {
        members.insert("consent_timestamp".to_owned(), json!(given.at.rfc3339()));
    }
    Some(receipt)
}

fn event(revision: &Revision) -> Value {
    json!({
        "event_time": revision.at.rfc3339(),
        "event_type": format!("{DPV}{}", event_type(revision.state)),
        "state": revision.state,
        "method": revision.cause,
        "entity": entity(revision.cause),
        "revision": revision.revision,
    })
}

/// Terms of the Data Privacy Vocabulary 2.0, "Consent status".
const fn event_type(state: Standing) -> &'static str {
    match state {
        Standing::Requested => "ConsentRequested",
        Standing::Active => "ConsentGiven",
        Standing::Paused => "ConsentUnknown",
        Standing::Revoked => "ConsentWithdrawn",
        Standing::Denied => "ConsentRefused",
        Standing::Locked | Standing::Withdrawn => "ConsentRequestDeferred",
    }
}

/// Who acted.
const fn entity(cause: Cause) -> &'static str {
    match cause {
        Cause::AgencyAsked | Cause::AgencyWithdrew | Cause::AgencyGaveBack => "pii_controller",
        Cause::PasscodeAtCounter
        | Cause::OkBySms
        | Cause::NoBySms
        | Cause::StopBySms
        | Cause::PauseBySms
        | Cause::ResumeBySms
        | Cause::NumberConfirmed => "pii_principal",
        Cause::TriesSpent
        | Cause::NumberChanges
        | Cause::DeathNotice
        | Cause::NoticeWithdrawn
        | Cause::Operator
        | Cause::Adopted => "issuer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        consent::{
            SubjectKey,
            revision::{SCHEMA, SubjectOpening, Terms},
        },
        ids::{AgencyId, AgreementId, ConsentId, PurposeCode, UserId},
        timestamp::Timestamp,
    };

    fn asked() -> Revision {
        Revision {
            schema: SCHEMA.to_owned(),
            consent: ConsentId::parse("cns-1").unwrap(),
            revision: 0,
            state: Standing::Requested,
            cause: Cause::AgencyAsked,
            at: Timestamp::from_micros(1_795_340_000_000_000),
            agency: AgencyId::parse("bank-indus").unwrap(),
            user: UserId::parse("u-1").unwrap(),
            purpose: PurposeCode::parse("KYC-101").unwrap(),
            authorization_details: json!([{"datatypes": ["identity.name"], "fetch": "one_time"}]),
            acr: "urn:nadra:acr:sms-pin".to_owned(),
            agreement: Some(Terms { id: AgreementId::parse("agr-1").unwrap(), revision: 2, sha256: "ab".to_owned() }),
            subject: SubjectOpening([1; 32]).commit(SubjectKey([2; 32])),
            evidence: Vec::new(),
            predecessor: None,
        }
    }

    #[test]
    fn c44_a_receipt_tells_who_may_have_what_why_since_when_and_what_became_of_it() {
        let first = asked();
        let given = first.followed_by("x", (Standing::Active, Cause::PasscodeAtCounter), first.at.plus_seconds(9));
        let ended = given.followed_by("y", (Standing::Revoked, Cause::StopBySms), first.at.plus_seconds(99));
        let names = Names { issuer: "https://ijazat.example", principal: "p-1", agency: "Indus", purpose: "Account" };
        let told = receipt(&[first.clone(), given.clone(), ended], names).unwrap();
        assert_eq!((&told["record_id"], &told["receipt_id"]), (&json!("cns-1"), &json!("cns-1@2")));
        assert_eq!(told["purposes"][0]["pii_categories"], json!(["identity.name"]));
        assert_eq!(told["purposes"][0]["agreement"], json!({"id": "agr-1", "revision": 2, "sha256": "ab"}));
        assert_eq!(told["consent_timestamp"], json!(given.at.rfc3339()));
        assert_eq!(told["parties"][0]["name"], json!("Indus"));
        let events: Vec<_> =
            told["events"].as_array().unwrap().iter().map(|event| event["event_type"].clone()).collect();
        assert_eq!(
            events,
            ["ConsentRequested", "ConsentGiven", "ConsentWithdrawn"].map(|word| json!(format!("{DPV}{word}")))
        );
        assert_eq!(told["events"][2]["entity"], json!("pii_principal"));
        assert_eq!(receipt(&[], names), None);
        let unanswered = receipt(&[first], names).unwrap();
        assert!(unanswered.get("consent_timestamp").is_none());
        assert!(unanswered["purposes"][0].get("valid_until").is_none(), "what was not asked is not there");
    }
}
