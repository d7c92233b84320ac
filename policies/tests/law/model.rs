//! The law written down anew as plain functions: who is right about a random question, the policies or this? Neither may
//! permit or name a policy that the other does not.

use std::sync::LazyLock;

use exchange::{
    caller::Caller,
    catalogue::{CallerKind, ConsentRule},
    classification::{BasisKind, Classification, Forum, Role, Sector},
    codes::Code,
    decision::{Question, Verdict},
    directory::in_networks,
    enrolment::Modality,
    ids::DatatypeId,
};
use policies::precedence;
use toml::Table;

use super::{
    covers::{
        TEMPLATE, agreement_covers, approval_covers, approval_of_board, by_template, category_approved, consent_covers,
        enrols, holds, programme_covers, role_fits, state, young_enough,
    },
    support::{bundle, class, lists, table},
};

fn domain(id: &DatatypeId) -> &str {
    id.as_str().split_once('.').map_or("", |(domain, _)| domain)
}

/// Guardrails that forbid.
pub(crate) fn guardrails(question: &Question, id: &DatatypeId) -> Vec<&'static str> {
    let service = &question.service;
    let (agency, user) = (question.caller.agency(), question.caller.user());
    let asserted = matches!(&question.caller, Caller::Agency { asserted: true, .. });
    let is_secret = class(id) == Classification::Secret;
    let personal = service.consent != ConsentRule::None && bundle_has(id).is_some_and(|datatype| datatype.personal);
    let under = service.purpose_required;
    let both = service.consent != ConsentRule::None && question.consent.is_some() && question.programme.is_some();
    let for_agencies = service.callers.contains(&CallerKind::Agency) && !service.callers.contains(&CallerKind::Public);
    let purpose_fits = |purpose: &exchange::directory::Purpose| !purpose.forbidden && class(id) <= purpose.class_max;
    let named = question.purpose.as_ref().zip(question.agreement.as_ref());
    let checks = [
        ("G01-agency-enabled", agency.is_some_and(|a| a.suspended || !a.condition_met)),
        ("G02-agency-known", for_agencies && agency.is_none()),
        ("G03-user-of-agency", user.is_some_and(|u| agency.is_none_or(|a| a.id != u.agency))),
        ("G04-user-enabled", user.is_some_and(|u| u.disabled)),
        ("G05-network", agency.is_some_and(|a| !in_networks(question.address, &a.networks))),
        ("G06-agreement-in-force", under && !agreement_covers(question, id)),
        (
            "G07-nda-in-force",
            under
                && class(id) != Classification::Public
                && !agency.is_some_and(|a| holds(question, a.nda_from, a.nda_until)),
        ),
        ("G08-purpose-named", under && !named.is_some_and(|(p, a)| a.purposes.contains(&p.code))),
        ("G09-purpose-allowed", under && question.purpose.as_ref().is_some_and(|p| !purpose_fits(p))),
        ("G10-consent-or-basis", personal && question.consent.is_none() && !programme_covers(question, id)),
        (
            "G11-consent-covers",
            personal && question.consent.is_some() && !consent_covers(question, id) && !programme_covers(question, id),
        ),
        ("G12-secret-needs-board", is_secret && !approval_covers(question, id)),
        ("G13-user-signs", under && (is_secret || question.role == Role::Power) && !(user.is_some() && asserted)),
        ("G14-role-floor", is_secret && question.role != Role::Power),
        ("G15-role-ceiling", under && !role_fits(question)),
        (
            "G16-row-limit",
            under && !question.agreement.as_ref().is_some_and(|a| (1..=a.row_limit).contains(&question.rows)),
        ),
        (
            "G32-citizens-statistics-only",
            agency.is_some_and(|a| a.sector == Sector::Citizen)
                && (class(id) != Classification::Public
                    || bundle_has(id).is_some_and(|datatype| datatype.personal)
                    || id.as_str() == "exchange.consent"),
        ),
        (
            "G33-other-by-secretary",
            under
                && agency.is_some_and(|a| a.sector == Sector::Other)
                && !question
                    .agreement
                    .as_ref()
                    .is_some_and(|a| [Forum::SecretaryBisp, Forum::BispBoard].contains(&a.forum)),
        ),
        ("G35-programme-people", under && question.programme.is_some() && !question.within_population),
        (
            "G36-programme-channel",
            under && question.programme.as_ref().is_some_and(|p| !p.channels.contains(&question.channel)),
        ),
        ("G37-programme-decides", both && !programme_covers(question, id)),
        ("G34-no-young-marks", service.id.as_str() == "biometrics.enrol" && !young_enough(question)),
        ("G30-kind-feeds", under && service.writes && !agency.is_some_and(|a| a.feeder && listed(question).0)),
        ("G31-kind-uses", under && !service.writes && !agency.is_some_and(|a| a.user_agency && listed(question).1)),
    ];
    checks.into_iter().filter(|(_, forbids)| *forbids).map(|(policy, _)| policy).collect()
}

/// Whether the kind of the agency feeds and uses the domain of the service, by the table itself.
fn listed(question: &Question) -> (bool, bool) {
    static TARGET: LazyLock<Table> = LazyLock::new(|| table("target"));
    let kind = question.caller.agency().map_or("", |agency| &agency.kind);
    let domain = question.service.id.as_str().split('.').next().unwrap();
    (lists(&TARGET, "feeds", kind, domain), lists(&TARGET, "uses", kind, domain))
}

fn bundle_has(id: &DatatypeId) -> Option<std::sync::Arc<exchange::catalogue::Datatype>> {
    use exchange::decision::Decider;
    bundle().catalogue().datatype(id.as_str()).cloned()
}

/// Datatypes of a household that tell who or where it is.
const TELLS_WHO: [&str; 7] =
    ["nser.id", "nser.name", "nser.address", "nser.contact", "nser.cnic", "nser.location", "nser.sensitive"];

fn of_kind(question: &Question, kind: &str) -> bool {
    question.caller.agency().is_some_and(|agency| agency.kind == kind)
}

/// The permit by which somebody is searched for among all.
fn grounds(question: &Question) -> Option<&'static str> {
    let police = of_kind(question, "LawEnforcement");
    match question.programme.as_ref()?.kind {
        BasisKind::CourtOrder if police => Some("I06-identify-by-court"),
        BasisKind::VitalInterest if police || of_kind(question, "Hospital") => Some("I07-identify-in-emergency"),
        _ => None,
    }
}

/// Whether another officer of the agency, who may act, stands behind the request.
fn seconded(question: &Question) -> bool {
    let (Some(second), Some(agency)) = (&question.second, question.caller.agency_id()) else { return false };
    // A foreign user calls under the agency's certificate, and is asked about as one of its own.
    let oneself = question.caller.user().is_some_and(|user| user.id == second.id);
    second.agency == *agency && !second.disabled && !oneself
}

/// Whether the control list is open to the agency.
fn listed_for(question: &Question) -> bool {
    let border = of_kind(question, "PassportAuthority") || of_kind(question, "BorderControl");
    border && question.programme.as_ref().is_some_and(|programme| programme.kind == BasisKind::Statute)
}

/// Whether the agency and the instrument are a ground of lawful access.
fn lawful(question: &Question) -> bool {
    question.programme.as_ref().is_some_and(|programme| match programme.kind {
        BasisKind::CourtOrder | BasisKind::Statute => of_kind(question, "LawEnforcement"),
        BasisKind::NationalSecurity => of_kind(question, "Intelligence"),
        _ => false,
    })
}

/// Forbids of one domain.
pub(crate) fn domain_forbids(question: &Question, id: &DatatypeId) -> Vec<&'static str> {
    let forum = question.agreement.as_ref().map(|agreement| agreement.forum);
    let nser = match forum {
        Some(Forum::BispBoard | Forum::SecretaryBisp) => question.caller.agency().is_some(),
        Some(Forum::DgNser) => state(question) || category_approved(question),
        _ => false,
    };
    let auditor = question.caller.agency().is_some_and(|agency| agency.kind == "Auditor");
    let alone = question.consent.is_some() && question.programme.is_none();
    let own = match question.service.id.as_str() {
        "nser.household" => OWN.contains(&id.as_str()),
        "nser.band" => true,
        _ => false,
    };
    let households = vec![
        ("N04-forum", !nser),
        ("N05-consent-alone", alone && !own),
        ("N14-score-to-the-state", alone && id.as_str() == "nser.pmt" && !state(question)),
    ];
    let checks = match question.service.id.as_str() {
        "identity.yes-no"
        | "identity.kyc"
        | "identity.predicates"
        | "identity.verify-fingerprint"
        | "identity.verify-face" => {
            vec![("I03-forum", forum != Some(Forum::Nadra))]
        }
        "identity.identify" => {
            let emergency = grounds(question) == Some("I07-identify-in-emergency");
            vec![
                ("I03-forum", forum != Some(Forum::Nadra)),
                ("I08-identify-grounds", grounds(question).is_none()),
                ("I09-second-officer", emergency && !seconded(question)),
            ]
        }
        "biometrics.enrol" => {
            let (of_age, excused) = enrols(question);
            vec![("EN04-of-age", !of_age), ("EN05-missing-supervised", !excused)]
        }
        "travel.control-list" => vec![("S02-list-for-borders", !listed_for(question))],
        "lawful.access" => vec![("S04-lawful-grounds", !lawful(question))],
        "vital.birth" | "vital.marriage" | "vital.death" => {
            vec![("V06-registrars-only", !of_kind(question, "LocalGovernment"))]
        }
        "vital.divorce" => {
            vec![("V06-registrars-only", !of_kind(question, "LocalGovernment") && !of_kind(question, "Court"))]
        }
        "nser.household" | "nser.band" => households,
        "report.public" => vec![("R02-approved-design", !published(question))],
        "nser.by-address" | "nser.by-pmt" => {
            let basic = question.role == Role::Basic && TELLS_WHO.contains(&id.as_str());
            [households, vec![("N09-basic-is-anonymous", basic)]].concat()
        }
        "nser.export" => {
            let board = forum == Some(Forum::BispBoard) && approval_of_board(question, id);
            [households, vec![("N11-export-needs-board", !board)]].concat()
        }
        "audit.accesses" | "audit.consents" => vec![("A02-auditors-only", !auditor)],
        "onboarding.propose" | "onboarding.proposals" => changes(question),
        "onboarding.decide" => [changes(question), vec![("OB08-second-person", !by_another(question))]].concat(),
        _ => Vec::new(),
    };
    checks.into_iter().filter(|(_, forbids)| *forbids).map(|(policy, _)| policy).collect()
}

/// Forbids of all that changes the directory.
fn changes(question: &Question) -> Vec<(&'static str, bool)> {
    let power = question.caller.user().is_some_and(|user| user.role == Role::Power);
    let signed = matches!(&question.caller, Caller::Agency { user: Some(_), asserted: true, .. });
    vec![
        ("OB05-operators-only", !of_kind(question, "Operator")),
        ("OB06-registrars-only", !power),
        ("OB07-registrars-sign", !signed),
    ]
}

/// Whether anyone may read the report: its design came with the register, or a forum's approval of it holds.
fn published(question: &Question) -> bool {
    question.report.as_ref().is_none_or(|report| {
        [Forum::DgNser, Forum::SecretaryBisp, Forum::BispBoard].contains(&report.forum)
            && !report.revoked
            && holds(question, report.valid_from, report.valid_until)
    })
}

/// Whether another person made the proposal than the one who asks.
fn by_another(question: &Question) -> bool {
    let (Some(proposer), Some(agency), Some(user)) =
        (&question.proposer, question.caller.agency_id(), question.caller.user())
    else {
        return false;
    };
    (&proposer.agency, &proposer.user) != (agency, &user.id)
}

/// What follows the consent of the searched citizen (decisions.md, Policy).
const OWN: [&str; 4] = ["nser.name", "nser.address", "nser.assets", "nser.pmt"];

/// What a Standard user sees of a list (S3 §8.2.2).
const STANDARD_LIST: [&str; 6] = ["nser.name", "nser.gender", "nser.relation", "nser.age", "nser.address", "nser.page"];

/// What a Basic user sees of a list: nothing that tells who or where.
const BASIC_LIST: [&str; 6] = ["nser.gender", "nser.relation", "nser.age", "nser.assets", "nser.pmt", "nser.page"];

/// Permits that apply.
fn permits(question: &Question, id: &DatatypeId) -> Vec<&'static str> {
    let Some(agency) = question.caller.agency() else {
        if matches!(question.caller, Caller::Citizen { .. }) {
            return vec!["Z01-own-record"];
        }
        return match question.service.id.as_str() {
            "report.public" => vec!["R01-published"],
            "log.checkpoint" | "openid.configuration" | "openid.keys" | "openapi.document" | "law.policy" => {
                vec!["P01-exchange-itself"]
            }
            _ => Vec::new(),
        };
    };
    let (uses, subject, role) = (agency.user_agency, question.has_subject, question.role);
    let household = uses && subject && question.programme.is_some();
    let by_consent = uses && subject && question.programme.is_none() && question.consent.is_some();
    let few = ["nser.name", "nser.address", "nser.pmt"].contains(&id.as_str());
    let checks = match question.service.id.as_str() {
        "identity.yes-no" => vec![("I01-yes-no", uses && subject)],
        "identity.predicates" => vec![("I10-predicates", uses && subject)],
        "nser.band" => vec![("N13-band", uses && subject)],
        "identity.kyc" => vec![("I02-kyc", uses && subject && class(id) == Classification::Confidential)],
        "nser.household" => vec![
            ("N01-household-power", household && role == Role::Power && id.as_str() != "nser.payments"),
            ("N02-household-standard", household && role == Role::Standard && (few || id.as_str() == "nser.assets")),
            ("N03-household-basic", household && role == Role::Basic && few),
            ("N12-household-by-consent", by_consent && (few || (id.as_str() == "nser.assets" && role != Role::Basic))),
            (TEMPLATE, uses && subject && by_template(question, id)),
        ],
        "nser.by-address" | "nser.by-pmt" => vec![
            ("N06-list-power", uses && role == Role::Power && id.as_str() != "nser.payments"),
            ("N07-list-standard", uses && role == Role::Standard && STANDARD_LIST.contains(&id.as_str())),
            ("N08-list-basic", uses && role == Role::Basic && BASIC_LIST.contains(&id.as_str())),
            (TEMPLATE, uses && by_template(question, id)),
        ],
        "nser.export" => vec![("N10-export", uses && role == Role::Power)],
        "audit.accesses" | "audit.consents" => vec![("A01-auditor", subject && agency.kind == "Auditor")],
        "consent.authorize" | "consent.resend" | "consent.cancel" => vec![("C01-ask", uses)],
        "consent.pin" => vec![("C02-passcode", uses)],
        "consent.token" | "consent.introspect" | "consent.revoke" | "consent.receipt" => vec![("C03-token", uses)],
        "fbr.taxpayer" => vec![("T01-taxpayer", uses && subject && domain(id) == "fbr")],
        "identity.verify-fingerprint" | "identity.verify-face" => vec![("I05-biometric-match", uses && subject)],
        "travel.control-list" => vec![("S01-control-list", uses && subject && listed_for(question))],
        "lawful.access" => vec![("S03-lawful-access", uses && subject && lawful(question))],
        "licence.check" => vec![("S05-licence", uses && subject)],
        "identity.identify" => vec![(grounds(question).unwrap_or_default(), uses && grounds(question).is_some())],
        "biometrics.enrol" => {
            let permit = question.enrolment.as_ref().map_or("", |facts| match facts.modality {
                Modality::Face => "EN01-face",
                Modality::Fingerprint => "EN02-fingerprint",
                Modality::Iris => "EN03-iris",
            });
            vec![(permit, agency.feeder && enrols(question).0)]
        }
        vital if vital.starts_with("vital.") => registers(question, agency.feeder),
        "onboarding.apply" => vec![("OB01-apply", true)],
        "onboarding.application" => vec![("OB02-read-application", true)],
        "onboarding.propose" | "onboarding.proposals" => vec![("OB03-propose", of_kind(question, "Operator"))],
        "onboarding.decide" => vec![("OB04-decide", question.proposer.is_some())],
        "receipt.get" | "self.whoami" => vec![("O01-own-affairs", true)],
        usage if usage.starts_with("usage.") => vec![("O01-own-affairs", true)],
        "revenue.month" => vec![("O02-revenue", question.caller.user().is_some() && of_kind(question, "Operator"))],
        "report.public" => vec![("R01-published", true)],
        "log.checkpoint" | "openid.configuration" | "openid.keys" | "openapi.document" | "law.policy" => {
            vec![("P01-exchange-itself", true)]
        }
        other => panic!("the model does not know `{other}`: write its rules down here too"),
    };
    checks.into_iter().filter(|(_, applies)| *applies).map(|(policy, _)| policy).collect()
}

/// Permits of those who feed the register of vital events.
fn registers(question: &Question, feeds: bool) -> Vec<(&'static str, bool)> {
    let (subject, council) = (question.has_subject, of_kind(question, "LocalGovernment"));
    match question.service.id.as_str() {
        "vital.birth" | "vital.marriage" => vec![("V03-register", feeds && council)],
        "vital.divorce" => {
            vec![("V03-register", feeds && council), ("V05-decree", feeds && of_kind(question, "Court"))]
        }
        "vital.death" => vec![("V04-register-death", feeds && subject && council)],
        "vital.death-notice" => vec![("V01-death-notice", feeds && subject)],
        "vital.birth-notice" => vec![("V07-birth-notice", feeds)],
        other => panic!("the model does not know `{other}`: write its rules down here too"),
    }
}

/// The code that each forbid gives.
fn code(policy: &str) -> Code {
    match policy {
        "OB05-operators-only" => return Code::CallerNotAllowed,
        "OB07-registrars-sign" => return Code::UserAssertionRequired,
        "OB08-second-person" | "I09-second-officer" => return Code::SecondPersonRequired,
        _ => {}
    }
    match policy.get(..3).unwrap() {
        "G01" => Code::AgencySuspended,
        "G02" | "G30" | "G31" => Code::CallerNotAllowed,
        "G03" => Code::UserUnknown,
        "G04" => Code::UserDisabled,
        "G05" => Code::NetworkRefused,
        "G06" | "G07" | "G33" | "I03" | "N04" => Code::AgreementRequired,
        "G08" => Code::PurposeRequired,
        "G10" => Code::ConsentRequired,
        "G11" => Code::ConsentMismatch,
        "G12" | "N11" => Code::SecretNeedsBoard,
        "G13" => Code::UserAssertionRequired,
        "G35" | "G36" | "G37" => Code::OutsideProgramme,
        _ => Code::PolicyDenied,
    }
}

/// Whether this kind of caller may ask the service at all.
pub(crate) fn may_ask(question: &Question) -> bool {
    let service = &question.service;
    match &question.caller {
        Caller::Agency { user, .. } => {
            service.callers.contains(&CallerKind::Agency) && (user.is_some() || service.unattended)
        }
        Caller::Public => service.callers.contains(&CallerKind::Public),
        Caller::Citizen { .. } => service.callers.contains(&CallerKind::Citizen),
        _ => false,
    }
}

/// What must be said of one datatype.
pub(crate) fn expected(question: &Question, id: &DatatypeId) -> (Option<Code>, Vec<&'static str>) {
    if !may_ask(question) {
        return (Some(Code::CallerNotAllowed), Vec::new());
    }
    if !question.service.fields.values().any(|released| released == id) {
        return (Some(Code::PolicyDenied), Vec::new());
    }
    let mut forbids = guardrails(question, id);
    forbids.extend(domain_forbids(question, id));
    forbids.sort_unstable();
    if !forbids.is_empty() {
        return (Some(precedence::foremost(forbids.iter().map(|policy| code(policy)))), forbids);
    }
    let permits = permits(question, id);
    (permits.is_empty().then_some(Code::PolicyDenied), permits)
}

pub(crate) fn told(verdict: &Verdict) -> (Option<Code>, Vec<&str>) {
    (verdict.code, verdict.policies.iter().map(exchange::ids::PolicyId::as_str).collect())
}
