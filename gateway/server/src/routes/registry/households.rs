//! `POST /v1/nser/households/by-address` and `by-pmt`: lists of households.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use exchange::{ids::DatatypeId, limits::LIST_ROWS_USUAL};
use registry_core::{
    answer::HouseholdList,
    household::Employment,
    listing::{Area, Criteria, DisabilityAsked, PageAsked, PmtRange},
    person::Gender,
    service::RegistryService,
};
use serde::{Deserialize, Deserializer};

use super::{
    answer::{Answer, read},
    permitted::Permitted,
    problem::parameter,
};
use crate::routes::answer::Failure;

/// Parameters of the search by address; the door has checked their kinds and bounds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByAddress {
    district: String,
    tehsil: Option<String>,
    #[serde(default)]
    assets: Option<Vec<String>>,
    head_gender: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    members_min: Option<u32>,
    #[serde(default, deserialize_with = "whole")]
    members_max: Option<u32>,
    #[serde(default, deserialize_with = "whole")]
    member_age_min: Option<u32>,
    #[serde(default, deserialize_with = "whole")]
    member_age_max: Option<u32>,
    member_disability: Option<String>,
    member_employment: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    limit: Option<u32>,
    cursor: Option<String>,
    #[serde(rename = "fields")]
    _fields: Option<Vec<DatatypeId>>,
}

/// Parameters of the search by poverty score.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByPmt {
    district: String,
    tehsil: Option<String>,
    pmt_from: f64,
    pmt_to: f64,
    #[serde(default, deserialize_with = "whole")]
    limit: Option<u32>,
    cursor: Option<String>,
    #[serde(rename = "fields")]
    _fields: Option<Vec<DatatypeId>>,
}

/// A whole number, as a number or, as the door takes it too, as text.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u32),
        Text(String),
    }
    match Option::<Written>::deserialize(from)? {
        None => Ok(None),
        Some(Written::Number(number)) => Ok(Some(number)),
        Some(Written::Text(text)) => text.parse().map(Some).map_err(serde::de::Error::custom),
    }
}

/// Hundredths of a point. The door lets two decimals pass and no more; what is beyond any score the registry refuses.
fn hundredths(points: f64) -> u16 {
    format!("{:.0}", points * 100.0).parse().unwrap_or(u16::MAX)
}

/// A word of a closed list.
fn word<T>(asked: Option<String>, parse: fn(&str) -> Option<T>, name: &'static str) -> Result<Option<T>, Failure> {
    asked.map(|word| parse(&word).ok_or_else(|| parameter(name))).transpose()
}

fn page(limit: Option<u32>, cursor: Option<String>) -> PageAsked {
    PageAsked { limit: limit.unwrap_or(LIST_ROWS_USUAL), cursor }
}

/// Answers `{"subjects":[…], "households":[…], "next":…}`; `subjects` are for the door's record and go no further.
///
/// # Errors
/// `parameter_invalid` naming the parameter; `policy_denied` under a permit for another service.
pub async fn by_address(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<HouseholdList> {
    let asked: ByAddress = read(&body)?;
    let area = Area { district: asked.district, tehsil: asked.tehsil };
    let criteria = Criteria {
        assets: asked.assets.unwrap_or_default(),
        head_gender: word(asked.head_gender, Gender::parse, "head_gender")?,
        members_min: asked.members_min,
        members_max: asked.members_max,
        member_age_min: asked.member_age_min,
        member_age_max: asked.member_age_max,
        member_disability: word(asked.member_disability, DisabilityAsked::parse, "member_disability")?,
        member_employment: word(asked.member_employment, Employment::parse, "member_employment")?,
    };
    Ok(Json(service.households_by_address(&permit, &area, &criteria, &page(asked.limit, asked.cursor)).await?))
}

/// The same by poverty score.
///
/// # Errors
/// As [`by_address`].
pub async fn by_pmt(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<HouseholdList> {
    let asked: ByPmt = read(&body)?;
    let area = Area { district: asked.district, tehsil: asked.tehsil };
    let range = PmtRange { from: hundredths(asked.pmt_from), to: hundredths(asked.pmt_to) };
    Ok(Json(service.households_by_pmt(&permit, &area, range, &page(asked.limit, asked.cursor)).await?))
}

/// Parameters of the export; the door adds where the next batch begins.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    cursor: Option<String>,
    #[serde(rename = "fields")]
    _fields: Option<Vec<DatatypeId>>,
}

/// Answers one batch of the whole register: `{"subjects":[…], "households":[…], "next":…}`.
///
/// # Errors
/// `parameter_invalid` naming `cursor`; `policy_denied` under a permit for another service.
pub async fn export(
    State(service): State<Arc<RegistryService>>,
    Permitted(permit): Permitted,
    body: Bytes,
) -> Answer<HouseholdList> {
    let asked: Export = read(&body)?;
    Ok(Json(service.export_households(&permit, asked.cursor).await?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::routes::registry::testing::{ADULT, OTHER, World};

    const BY_ADDRESS: &str = "/v1/nser/households/by-address";
    const BY_PMT: &str = "/v1/nser/households/by-pmt";

    #[tokio::test]
    async fn a_list_comes_as_the_permit_names_it() {
        let world = World::new().await;
        let check = async |path: &str, service: &str, body: serde_json::Value, found: bool| {
            let households = if found {
                json!([{"pmt": 31.25, "members": [{"relation": "head"}, {"relation": "son"}]}])
            } else {
                json!([])
            };
            let subjects = if found { json!([ADULT, OTHER]) } else { json!([]) };
            let (status, got) = world.post(path, service, ADULT, &["nser.pmt", "nser.relation"], body.clone()).await;
            assert_eq!((status, &got["households"], &got["subjects"]), (200, &households, &subjects), "{body}");
        };
        let address = "nser.by-address";
        check(BY_ADDRESS, address, json!({"district": "Jhang"}), true).await;
        check(BY_ADDRESS, address, json!({"district": "jhang ", "tehsil": "Jhang", "limit": "1"}), true).await;
        check(BY_ADDRESS, address, json!({"district": "Jhang", "head_gender": "M", "members_min": 2}), true).await;
        check(BY_ADDRESS, address, json!({"district": "Jhang", "members_max": "1"}), false).await;
        check(BY_ADDRESS, address, json!({"district": "Layyah"}), false).await;
        let pmt = "nser.by-pmt";
        check(BY_PMT, pmt, json!({"district": "Jhang", "pmt_from": 31.25, "pmt_to": 31.25}), true).await;
        check(BY_PMT, pmt, json!({"district": "Jhang", "pmt_from": 0, "pmt_to": 31.24}), false).await;
    }

    #[tokio::test]
    async fn what_is_wrong_is_named_as_the_caller_wrote_it() {
        let world = World::new().await;
        let check = async |path: &str, body: serde_json::Value, name: &str| {
            let service = if path == BY_PMT { "nser.by-pmt" } else { "nser.by-address" };
            let (_, got) = world.post(path, service, ADULT, &["nser.pmt"], body.clone()).await;
            assert_eq!(got, json!({"code": "parameter_invalid", "members": {"parameter": name}}), "{body}");
        };
        check(BY_ADDRESS, json!({"district": " "}), "district").await;
        check(BY_ADDRESS, json!({"district": "Jhang", "head_gender": "Z"}), "head_gender").await;
        check(BY_ADDRESS, json!({"district": "Jhang", "member_disability": "none"}), "member_disability").await;
        check(BY_ADDRESS, json!({"district": "Jhang", "member_employment": "idle"}), "member_employment").await;
        check(BY_ADDRESS, json!({"district": "Jhang", "members_min": 3, "members_max": 2}), "members_min").await;
        check(BY_ADDRESS, json!({"district": "Jhang", "cursor": "17"}), "cursor").await;
        check(BY_PMT, json!({"district": "Jhang", "pmt_from": 2, "pmt_to": 1}), "pmt_from").await;
        check(BY_PMT, json!({"district": "Jhang", "pmt_from": 0, "pmt_to": 1e9}), "pmt_to").await;
    }

    #[test]
    fn points_become_hundredths_exactly() {
        for (points, expected) in [(0.0, 0), (0.07, 7), (31.25, 3_125), (100.0, 10_000), (1e9, u16::MAX)] {
            assert_eq!(hundredths(points), expected, "{points}");
        }
    }
}
