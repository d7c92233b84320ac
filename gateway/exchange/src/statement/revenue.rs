//! What all agencies together come to in a month: revenue by class and service, and the value of what is given.

use std::collections::BTreeMap;

use super::{bill::Sum, daily::Counts};
use crate::{
    ids::{AgencyId, ServiceId},
    month::Month,
    tariff::{Class, Gratis, GratisReason},
    timestamp::Timestamp,
};

/// One sum of one agency's day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sold {
    /// The agency.
    pub agency: AgencyId,
    /// Day of the month, from 1.
    pub day: u8,
    /// The sum.
    pub sum: Sum,
}

/// What one service brought from one class of agencies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevenueLine {
    /// Class of the agencies; `None` where the leaves do not say.
    pub class: Option<Class>,
    /// Service and version.
    pub service: String,
    /// What was counted and charged.
    pub counts: Counts,
}

/// What one agency was given for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The agency.
    pub agency: AgencyId,
    /// Why; `None` where no decision that is given explains it.
    pub reason: Option<GratisReason>,
    /// What was counted; the amount is its value, and nothing of it is payable.
    pub counts: Counts,
}

/// A month of all agencies, as their answers were rated: tiers, minimums, rounding and tax come after, in each statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revenue {
    /// By class and service, in that order.
    pub lines: Vec<RevenueLine>,
    /// By agency and reason, in that order.
    pub given: Vec<Given>,
    /// By agency.
    pub agencies: Vec<(AgencyId, Counts)>,
    /// All together.
    pub total: Counts,
}

impl Revenue {
    /// Value of what is given, milli-paisa.
    #[must_use]
    pub fn given_milli_paisa(&self) -> i64 {
        self.total.amount_milli_paisa.saturating_sub(self.total.payable_milli_paisa)
    }
}

/// Sums a month of all agencies. A gift's reason is that of the decision that touches the day and covers the service; of two
/// on one day, the one that began first.
#[must_use]
pub fn revenue(month: Month, sold: &[Sold], gifts: &[Gratis]) -> Revenue {
    let (mut lines, mut given) = (BTreeMap::new(), BTreeMap::new());
    let (mut agencies, mut total) = (BTreeMap::new(), Counts::default());
    for Sold { agency, day, sum } in sold {
        let class = sum.key.class;
        lines.entry((class, sum.key.service.clone())).or_insert_with(Counts::default).add(sum);
        agencies.entry(agency.clone()).or_insert_with(Counts::default).add(sum);
        total.add(sum);
        if class.is_some_and(Class::is_gratis) {
            let reason = reason(month, *day, agency, &sum.key.service, gifts);
            let counts = given.entry((agency.clone(), reason.map(place))).or_insert((reason, Counts::default()));
            counts.1.add(sum);
        }
    }
    let line = |((class, service), counts)| RevenueLine { class, service, counts };
    let gift = |((agency, _), (reason, counts))| Given { agency, reason, counts };
    Revenue {
        lines: lines.into_iter().map(line).collect(),
        given: given.into_iter().map(gift).collect(),
        agencies: agencies.into_iter().collect(),
        total,
    }
}

fn reason(month: Month, day: u8, agency: &AgencyId, service: &str, gifts: &[Gratis]) -> Option<GratisReason> {
    let service = ServiceId::parse(service.split('@').next()?).ok()?;
    let first = month.first().plus_seconds(i64::from(day).saturating_sub(1).saturating_mul(24 * 3600));
    let until: Timestamp = first.plus_seconds(24 * 3600);
    let touching = gifts.iter().filter(|gift| gift.touches(agency, &service, first, until));
    touching.min_by_key(|gift| gift.valid_from).map(|gift| gift.reason)
}

/// The order of the reasons.
const fn place(reason: GratisReason) -> u8 {
    match reason {
        GratisReason::BispOperations => 0,
        GratisReason::EnrichNser => 1,
    }
}
