//! One thing of a question changed to what else it could be: each leads to the edge of some policy.

use std::sync::Arc;

use exchange::{
    caller::Caller,
    classification::{BasisKind, Channel, Classification, Forum, Role, Sector},
    cnic::Cnic,
    decision::{Proposer, Question},
    ids::DatatypeId,
    timestamp::Timestamp,
};

use super::{
    questions::{Dice, Pools},
    support::{
        of_agency, of_agreement, of_approval, of_category, of_consent, of_programme, of_purpose, of_report, of_user,
    },
};

/// A change of one thing.
type Nudge = fn(&mut Question, &Pools, &mut Dice);

/// Instants before and after the present that a recorded one may take, microseconds: itself, and a hair beside it.
const BESIDE: [i64; 7] = [-86_400_000_000, -1_000, -1, 0, 1, 1_000, 86_400_000_000];

/// Changes one thing of the question.
pub(crate) fn nudge(question: &mut Question, pools: &Pools, dice: &mut Dice) {
    let groups: [&[Nudge]; 8] = [AGENCY, USER, BESIDES, AGREEMENT, PURPOSE, INSTRUMENTS, CONSENT, REQUEST];
    let group = *dice.one::<&[Nudge]>(&groups);
    let change = *dice.one(group);
    change(question, pools, dice);
}

fn beside(now: Timestamp, dice: &mut Dice) -> Timestamp {
    Timestamp::from_micros(now.micros() + dice.one(&BESIDE))
}

/// One out of the list, or one of the others put in.
fn strike_or_add<T: Clone>(list: &mut Vec<T>, others: &[T], dice: &mut Dice) {
    if list.is_empty() || dice.roll(3) == 0 {
        list.extend(others.first().map(|_| dice.one(others).clone()));
    } else {
        list.remove(dice.roll(list.len()));
    }
}

fn strike_asked(list: &mut Vec<DatatypeId>, asked: &[DatatypeId], dice: &mut Dice) {
    let out = dice.one(asked);
    list.retain(|datatype| datatype != out);
}

/// The proposal is the caller's own.
fn own_proposal(question: &mut Question) {
    if let (Some(agency), Some(user)) = (question.caller.agency_id(), question.caller.user()) {
        question.proposer = Some(Proposer { agency: agency.clone(), user: user.id.clone() });
    }
}

const AGENCY: &[Nudge] = &[
    |q, _, _| of_agency(q, |a| a.suspended = !a.suspended),
    |q, _, _| of_agency(q, |a| a.condition_met = !a.condition_met),
    |q, _, _| of_agency(q, |a| a.feeder = !a.feeder),
    |q, _, _| of_agency(q, |a| a.user_agency = !a.user_agency),
    |q, _, _| of_agency(q, |a| a.networks.clear()),
    |q, _, d| of_agency(q, |a| a.sector = *d.one(Sector::ALL)),
    |q, p, d| of_agency(q, |a| a.kind.clone_from(&d.one(p.agencies()).kind)),
    |q, p, d| of_agency(q, |a| a.kind.clone_from(&d.one(p.agencies()).kind)),
    |q, p, d| of_agency(q, |a| a.id.clone_from(&d.one(p.agencies()).id)),
    |q, _, d| {
        let from = beside(q.now, d);
        of_agency(q, |a| a.nda_from = from);
    },
    |q, _, d| {
        let until = beside(q.now, d);
        of_agency(q, |a| a.nda_until = until);
    },
    |q, _, _| q.caller = Caller::Public,
    |q, _, _| q.caller = Caller::Citizen { cnic: Cnic::parse("0000000000000").unwrap() },
];

const USER: &[Nudge] = &[
    |q, _, _| of_user(q, |u| u.disabled = !u.disabled),
    |q, _, d| of_user(q, |u| u.role = *d.one(Role::ALL)),
    |q, p, d| of_user(q, |u| u.agency.clone_from(&d.one(p.users()).agency)),
    |q, p, d| of_user(q, |u| u.id.clone_from(&d.one(p.users()).id)),
    |q, _, _| {
        if let Caller::Agency { asserted, .. } = &mut q.caller {
            *asserted = !*asserted;
        }
    },
    |q, _, _| {
        if let Caller::Agency { user, .. } = &mut q.caller {
            *user = None;
        }
    },
];

/// Who else has a part in it: few services ask, so they are a group of their own.
const BESIDES: &[Nudge] = &[
    |q, _, _| own_proposal(q),
    |q, _, _| own_proposal(q),
    |q, _, _| q.second = None,
    |q, p, d| q.second = Some(Arc::clone(d.one(p.users()))),
    |q, _, _| q.second = q.caller.user().cloned(),
    |q, _, _| {
        if let Some(second) = &mut q.second {
            let second = Arc::make_mut(second);
            second.disabled = !second.disabled;
        }
    },
];

const AGREEMENT: &[Nudge] = &[
    |q, _, _| q.agreement = None,
    |q, _, _| of_agreement(q, |a| a.revoked = !a.revoked),
    |q, _, d| of_agreement(q, |a| a.forum = *d.one(Forum::ALL)),
    |q, _, d| of_agreement(q, |a| a.forum = *d.one(Forum::ALL)),
    |q, _, d| of_agreement(q, |a| a.role = *d.one(Role::ALL)),
    |q, p, d| of_agreement(q, |a| a.agency.clone_from(&d.one(p.agencies()).id)),
    |q, _, d| {
        let rows = q.rows;
        of_agreement(q, |a| a.row_limit = rows.saturating_add(u32::try_from(d.roll(3)).unwrap()).saturating_sub(1));
    },
    |q, _, d| of_agreement(q, |a| strike_or_add(&mut a.channels, Channel::ALL, d)),
    |q, _, _| {
        let service = q.service.id.clone();
        of_agreement(q, |a| a.services.retain(|known| *known != service));
    },
    |q, _, _| of_agreement(q, |a| a.purposes.clear()),
    |q, _, d| {
        let asked = q.datatypes.clone();
        of_agreement(q, |a| strike_asked(&mut a.datatypes, &asked, d));
    },
    |q, _, d| {
        let from = beside(q.now, d);
        of_agreement(q, |a| a.valid_from = from);
    },
    |q, _, d| {
        let until = beside(q.now, d);
        of_agreement(q, |a| a.valid_until = until);
    },
];

const PURPOSE: &[Nudge] = &[
    |q, _, _| q.purpose = None,
    |q, _, _| of_purpose(q, |p| p.forbidden = !p.forbidden),
    |q, _, d| of_purpose(q, |p| p.class_max = *d.one(Classification::ALL)),
    |q, p, d| q.purpose = Some(Arc::clone(d.one(p.purposes()))),
];

const INSTRUMENTS: &[Nudge] = &[
    |q, _, _| q.programme = None,
    |q, p, d| q.programme = Some(Arc::clone(d.one(p.programmes()))),
    |q, _, _| of_programme(q, |p| p.revoked = !p.revoked),
    |q, _, d| of_programme(q, |p| strike_or_add(&mut p.channels, Channel::ALL, d)),
    |q, _, _| q.within_population = !q.within_population,
    |q, _, _| q.category = None,
    |q, p, d| q.category = Some(Arc::clone(d.one(p.categories()))),
    |q, _, d| of_category(q, |c| c.forum = *d.one(Forum::ALL)),
    |q, _, _| of_category(q, |c| c.revoked = !c.revoked),
    |q, _, d| {
        let from = beside(q.now, d);
        of_category(q, |c| c.valid_from = from);
    },
    |q, _, d| {
        let until = beside(q.now, d);
        of_category(q, |c| c.valid_until = until);
    },
    |q, p, d| q.report = Some(Arc::clone(d.one(p.reports()))),
    |q, _, _| of_report(q, |r| r.revoked = !r.revoked),
    |q, _, d| of_report(q, |r| r.forum = *d.one(Forum::ALL)),
    |q, _, d| {
        let from = beside(q.now, d);
        of_report(q, |r| r.valid_from = from);
    },
    |q, _, d| {
        let until = beside(q.now, d);
        of_report(q, |r| r.valid_until = until);
    },
    |q, _, d| of_programme(q, |p| p.kind = *d.one(BasisKind::ALL)),
    |q, _, d| of_programme(q, |p| p.kind = *d.one(BasisKind::ALL)),
    |q, p, d| of_programme(q, |of| of.agency.clone_from(&d.one(p.agencies()).id)),
    |q, p, d| of_programme(q, |of| of.purpose.clone_from(&d.one(p.purposes()).code)),
    |q, _, d| {
        let asked = q.datatypes.clone();
        of_programme(q, |p| strike_asked(&mut p.datatypes, &asked, d));
    },
    |q, _, d| {
        let from = beside(q.now, d);
        of_programme(q, |p| p.valid_from = from);
    },
    |q, _, d| {
        let until = beside(q.now, d);
        of_programme(q, |p| p.valid_until = until);
    },
    |q, _, _| q.approval = None,
    |q, p, d| q.approval = Some(Arc::clone(d.one(p.approvals()))),
    |q, _, d| of_approval(q, |a| a.forum = *d.one(Forum::ALL)),
    |q, p, d| of_approval(q, |a| a.services = vec![d.one(p.services()).id.clone()]),
    |q, p, d| of_approval(q, |a| a.agency.clone_from(&d.one(p.agencies()).id)),
    |q, p, d| of_approval(q, |a| a.purpose.clone_from(&d.one(p.purposes()).code)),
    |q, _, d| {
        let asked = q.datatypes.clone();
        of_approval(q, |a| strike_asked(&mut a.datatypes, &asked, d));
    },
    |q, _, d| {
        let from = beside(q.now, d);
        of_approval(q, |a| a.valid_from = from);
    },
    |q, _, d| {
        let until = beside(q.now, d);
        of_approval(q, |a| a.valid_until = until);
    },
];

const CONSENT: &[Nudge] = &[
    |q, _, _| q.consent = None,
    |q, p, d| q.consent = Some(d.one(p.consents()).clone()),
    |q, p, d| {
        q.consent = Some(p.fitting_consent(q, d));
        q.consent_is_subjects = d.roll(4) > 0;
    },
    |q, _, _| q.consent_is_subjects = !q.consent_is_subjects,
    |q, _, _| of_consent(q, |c| c.active = !c.active),
    |q, p, d| of_consent(q, |c| c.agency.clone_from(&d.one(p.agencies()).id)),
    |q, p, d| of_consent(q, |c| c.user.clone_from(&d.one(p.users()).id)),
    |q, p, d| of_consent(q, |c| c.purpose.clone_from(&d.one(p.purposes()).code)),
    |q, _, d| {
        let asked = q.datatypes.clone();
        of_consent(q, |c| strike_asked(&mut c.datatypes, &asked, d));
    },
    |q, _, d| {
        let at = beside(q.now, d);
        of_consent(q, |c| c.granted_at = at);
    },
    |q, _, d| {
        let at = beside(q.now, d);
        of_consent(q, |c| c.expires_at = at);
    },
];

const REQUEST: &[Nudge] = &[
    |q, _, d| q.role = *d.one(Role::ALL),
    |q, _, d| q.role = *d.one(Role::ALL),
    |q, _, d| q.channel = *d.one(Channel::ALL),
    |q, _, d| q.address = d.one(&["203.0.113.9", "127.0.0.1"]).parse().unwrap(),
    |q, _, _| q.has_subject = !q.has_subject,
    |q, _, d| q.rows = *d.one(&[0, 1, 2, 1_000, u32::MAX]),
    |q, p, d| q.now = p.near(d),
    |q, _, _| q.datatypes = q.service.datatypes(),
    |q, _, _| q.datatypes = q.service.datatypes(),
    |q, p, d| q.datatypes = d.one(p.services()).datatypes(),
];
