//! Who decides which request (S3 §7.3): seven kinds, and the two that the paper leaves to other keepers.

use serde::{Deserialize, Serialize};

use super::application::{Application, Wants};
use crate::{
    catalogue::Catalogue,
    classification::{Classification, Forum, Sector},
    directory::DirectoryData,
    timestamp::Timestamp,
};

/// What kind of request an application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestKind {
    /// Statistics by a design that nobody had before.
    FirstReportDesign,
    /// Statistics by a design that is published already.
    PublishedReport,
    /// Confidential data for the public sector.
    ConfidentialPublicSector,
    /// Confidential data for a private body of a new category.
    ConfidentialNewCategory,
    /// Confidential data for a private body of a category that was approved before.
    ConfidentialApprovedCategory,
    /// All data fields of the registry of households.
    CompleteExport,
    /// Secret data.
    Secret,
    /// Services of the citizen registry, which NADRA keeps (S0 §9.5.6.4).
    CitizenRegistry,
    /// Services of other keepers, who name no forum.
    OtherKeeper,
}

impl RequestKind {
    /// Every kind, the paper's seven first.
    pub const ALL: [Self; 9] = [
        Self::FirstReportDesign,
        Self::PublishedReport,
        Self::ConfidentialPublicSector,
        Self::ConfidentialNewCategory,
        Self::ConfidentialApprovedCategory,
        Self::CompleteExport,
        Self::Secret,
        Self::CitizenRegistry,
        Self::OtherKeeper,
    ];

    /// The kind of an application: of several that fit, the one whose forum is highest.
    #[must_use]
    pub fn of(application: &Application, catalogue: &Catalogue, directory: &DirectoryData, now: Timestamp) -> Self {
        let within = |domain: &str| {
            let prefix = format!("{domain}.");
            let services = application.services.iter().any(|id| id.as_str().starts_with(&prefix));
            services || application.datatypes.iter().any(|id| id.as_str().starts_with(&prefix))
        };
        let export = application.services.iter().any(|id| id.as_str() == "nser.export");
        if export || application.wants == Wants::CompleteExport {
            return Self::CompleteExport;
        }
        if within("nser") {
            return of_households(application, catalogue, directory, now);
        }
        if within("identity") || within("vital") {
            return Self::CitizenRegistry;
        }
        if application.wants == Wants::StatisticalReport {
            return if application.published_before { Self::PublishedReport } else { Self::FirstReportDesign };
        }
        Self::OtherKeeper
    }

    /// The forum that decides.
    #[must_use]
    pub fn forum(self) -> Forum {
        match self {
            Self::PublishedReport | Self::OtherKeeper => Forum::NotRequired,
            Self::FirstReportDesign | Self::ConfidentialPublicSector | Self::ConfidentialApprovedCategory => {
                Forum::DgNser
            }
            Self::ConfidentialNewCategory => Forum::SecretaryBisp,
            Self::CompleteExport | Self::Secret => Forum::BispBoard,
            Self::CitizenRegistry => Forum::Nadra,
        }
    }
}

fn of_households(
    application: &Application,
    catalogue: &Catalogue,
    directory: &DirectoryData,
    now: Timestamp,
) -> RequestKind {
    let secret = |id: &crate::ids::DatatypeId| {
        catalogue.datatype(id.as_str()).is_none_or(|datatype| datatype.class == Classification::Secret)
    };
    if application.datatypes.iter().any(secret) {
        return RequestKind::Secret;
    }
    if application.sector.is_public_sector() {
        return RequestKind::ConfidentialPublicSector;
    }
    if category_approved(&application.kind, directory, now) {
        return RequestKind::ConfidentialApprovedCategory;
    }
    RequestKind::ConfidentialNewCategory
}

/// Whether private bodies of this kind are a category that the Secretary or the Board approved, today.
#[must_use]
pub fn category_approved(kind: &str, directory: &DirectoryData, now: Timestamp) -> bool {
    directory.categories.iter().any(|category| {
        category.kind == kind
            && !category.revoked
            && may_decide(category.forum, Forum::SecretaryBisp)
            && category.valid_from <= now
            && now < category.valid_until
    })
}

/// Whether `given` may decide what is asked of `asked`: it is that forum, or one above it in BISP. NADRA is above nobody
/// and below nobody.
#[must_use]
pub fn may_decide(given: Forum, asked: Forum) -> bool {
    let rank = |forum| match forum {
        Forum::NotRequired => Some(0),
        Forum::DgNser => Some(1),
        Forum::SecretaryBisp => Some(2),
        Forum::BispBoard => Some(3),
        Forum::Nadra => None,
    };
    given == asked || asked == Forum::NotRequired || rank(given).zip(rank(asked)).is_some_and(|(g, a)| g >= a)
}

/// The forum that the law demands of an agreement which opens these services to a body of this sector: lower ones are of no
/// use, since the policies N04, N11, I03 and G33 refuse them.
#[must_use]
pub fn least(services: &[crate::ids::ServiceId], sector: Sector, approved: bool) -> Forum {
    let opens = |start: &str| services.iter().any(|service| service.as_str().starts_with(start));
    if opens("identity.") {
        return Forum::Nadra;
    }
    if opens("nser.export") {
        return Forum::BispBoard;
    }
    let secretary = sector == Sector::Other || (opens("nser.") && !sector.is_public_sector() && !approved);
    match (secretary, opens("nser.")) {
        (true, _) => Forum::SecretaryBisp,
        (false, true) => Forum::DgNser,
        (false, false) => Forum::NotRequired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        directory::Category,
        onboarding::testing::{application, catalogue, category, directory, now, opened},
    };

    #[test]
    fn each_of_the_seven_kinds_goes_to_its_forum() {
        let check = |application: &Application, directory: &DirectoryData, kind, forum| {
            let found = RequestKind::of(application, &catalogue(), directory, now());
            assert_eq!((found, found.forum()), (kind, forum));
        };
        let empty = DirectoryData::default();
        let mut report = application(Sector::Citizen);
        check(&report, &empty, RequestKind::FirstReportDesign, Forum::DgNser);
        report.published_before = true;
        check(&report, &empty, RequestKind::PublishedReport, Forum::NotRequired);
        let state = opened(Sector::Federal, "nser.household", &["nser.pmt"]);
        check(&state, &empty, RequestKind::ConfidentialPublicSector, Forum::DgNser);
        let private = opened(Sector::Private, "nser.household", &["nser.pmt"]);
        check(&private, &empty, RequestKind::ConfidentialNewCategory, Forum::SecretaryBisp);
        check(&private, &directory(), RequestKind::ConfidentialNewCategory, Forum::SecretaryBisp);
        let with = |change: fn(&mut Category)| {
            let mut category = category(&private.kind);
            change(&mut category);
            DirectoryData { categories: vec![category], ..directory() }
        };
        check(&private, &with(|_| ()), RequestKind::ConfidentialApprovedCategory, Forum::DgNser);
        let new = RequestKind::ConfidentialNewCategory;
        check(&private, &with(|c| c.revoked = true), new, Forum::SecretaryBisp);
        check(&private, &with(|c| c.valid_until = now()), new, Forum::SecretaryBisp);
        check(&private, &with(|c| c.valid_from = now().plus_seconds(1)), new, Forum::SecretaryBisp);
        check(&private, &with(|c| c.forum = Forum::DgNser), new, Forum::SecretaryBisp);
        check(&private, &with(|c| c.kind = "Bank".into()), new, Forum::SecretaryBisp);
        let export = opened(Sector::Federal, "nser.export", &["nser.pmt"]);
        check(&export, &empty, RequestKind::CompleteExport, Forum::BispBoard);
        let secret = opened(Sector::Federal, "nser.household", &["nser.pmt", "nser.cnic"]);
        check(&secret, &empty, RequestKind::Secret, Forum::BispBoard);
        let unknown = opened(Sector::Federal, "nser.household", &["nser.unheard-of"]);
        check(&unknown, &empty, RequestKind::Secret, Forum::BispBoard);
        let identity = opened(Sector::Private, "identity.yes-no", &["identity.match"]);
        check(&identity, &empty, RequestKind::CitizenRegistry, Forum::Nadra);
        let tax = opened(Sector::Private, "fbr.taxpayer", &["fbr.status"]);
        check(&tax, &empty, RequestKind::OtherKeeper, Forum::NotRequired);
    }

    #[test]
    fn a_wrong_forum_decides_nothing() {
        use Forum::{BispBoard, DgNser, Nadra, NotRequired, SecretaryBisp};
        for (given, asked, expected) in [
            (DgNser, DgNser, true),
            (SecretaryBisp, DgNser, true),
            (BispBoard, SecretaryBisp, true),
            (DgNser, SecretaryBisp, false),
            (SecretaryBisp, BispBoard, false),
            (Nadra, DgNser, false),
            (BispBoard, Nadra, false),
            (NotRequired, DgNser, false),
            (NotRequired, Nadra, false),
            (NotRequired, NotRequired, true),
            (Nadra, NotRequired, true),
        ] {
            assert_eq!(may_decide(given, asked), expected, "{given} for {asked}");
        }
        for kind in RequestKind::ALL {
            let decides = Forum::ALL.iter().filter(|&&given| may_decide(given, kind.forum())).count();
            assert_eq!(decides == Forum::ALL.len(), kind.forum() == NotRequired, "{kind:?}");
        }
    }

    #[test]
    fn an_agreement_needs_the_forum_that_the_law_asks_for() {
        let check = |service: &str, sector, expected| {
            assert_eq!(
                least(&[crate::ids::ServiceId::parse(service).unwrap()], sector, false),
                expected,
                "{service} {sector}"
            );
        };
        let households = [crate::ids::ServiceId::parse("nser.household").unwrap()];
        assert_eq!(least(&households, Sector::Private, true), Forum::DgNser, "of an approved category");
        assert_eq!(least(&households, Sector::Other, true), Forum::SecretaryBisp, "no category changes that");
        check("identity.kyc", Sector::Private, Forum::Nadra);
        check("nser.household", Sector::Provincial, Forum::DgNser);
        check("nser.household", Sector::LocalNgo, Forum::SecretaryBisp);
        check("nser.export", Sector::Federal, Forum::BispBoard);
        check("vital.birth", Sector::Local, Forum::NotRequired);
        check("vital.birth", Sector::Other, Forum::SecretaryBisp);
    }
}
