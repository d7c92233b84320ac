//! Who may speak: written, changed one after another, read whole.

use adapters::sql::control::ChangeError;
use exchange::{
    classification::{BasisKind, Channel, Classification, Forum, Role, Sector},
    consent::ConsentUse,
    directory::{Agency, Agreement, Approval, Category, DirectoryData, Programme, Purpose, User},
    ids::{AgencyId, AgreementId, ApprovalId, DatatypeId, ProgrammeId, PurposeCode, ServiceId, UserId},
    ports::{
        citizen_keys::CitizenKeys as _, consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _,
    },
    programme::{Cadence, Period, Population},
    report::Report,
    statement::AgencyClass,
    tariff::Column,
    timestamp::Timestamp,
};

use crate::world::{World, request};

pub fn data(world: &World) -> DirectoryData {
    let agency = Agency {
        id: world.bank.clone(),
        name: "Indus Bank".into(),
        name_ur: "سندھ بینک".into(),
        kind: "Bank".into(),
        sector: Sector::Private,
        condition_met: true,
        feeder: false,
        user_agency: true,
        suspended: false,
        networks: vec!["127.0.0.0/8".into()],
        keys: vec!["ab".into()],
        nda_from: Timestamp::from_micros(0),
        nda_until: Timestamp::from_micros(9),
        subject_status: false,
        requests_per_s: 50,
        notify: None,
    };
    let user = User {
        agency: world.bank.clone(),
        id: world.teller.clone(),
        name: "A teller".into(),
        role: Role::Standard,
        disabled: false,
        assertion_key: None,
        place: None,
    };
    let purpose = Purpose {
        code: PurposeCode::parse("KYC-101").unwrap(),
        text: "account opening".into(),
        text_ur: "اکاؤنٹ".into(),
        standing_days_max: 90,
        acr_floor: exchange::consent::mode::Mode::SmsReply,
        frequency_max: None,
        data_life_days_max: None,
        class_max: Classification::Confidential,
        forbidden: false,
    };
    DirectoryData { agencies: vec![agency], users: vec![user], purposes: vec![purpose], ..DirectoryData::default() }
}

fn category(from: Timestamp, until: Timestamp) -> Category {
    Category {
        kind: "Bank".into(),
        instrument: "Minute 3".into(),
        forum: Forum::SecretaryBisp,
        valid_from: from,
        valid_until: until,
        revoked: false,
    }
}

/// A directory with an entry of every kind.
pub fn everything(world: &World) -> DirectoryData {
    let (from, until) = (Timestamp::from_micros(1), Timestamp::from_micros(9));
    let purpose = PurposeCode::parse("KYC-101").unwrap();
    let datatypes = vec![DatatypeId::parse("identity.name").unwrap()];
    let agreement = Agreement {
        id: AgreementId::parse("agr-1").unwrap(),
        revision: 3,
        agency: world.bank.clone(),
        forum: Forum::Nadra,
        services: vec![ServiceId::parse("identity.kyc").unwrap()],
        purposes: vec![purpose.clone()],
        datatypes: datatypes.clone(),
        role: Role::Power,
        row_limit: 10,
        channels: vec![Channel::Api],
        valid_from: from,
        valid_until: until,
        revoked: false,
    };
    let programme = Programme {
        id: ProgrammeId::parse("prog-1").unwrap(),
        instrument: "Act of \u{2018}2010\u{2019}; it's \"quoted\" \\ and اردو".into(),
        kind: BasisKind::Programme,
        forum: Forum::DgNser,
        agency: world.bank.clone(),
        purpose: purpose.clone(),
        datatypes,
        population: Population {
            districts: vec!["Thatta".into()],
            tehsils: vec!["Badin/Matli".into()],
            scores: Some((0.0, 32.17)),
        },
        cadence: Some(Cadence { times: 4, every: Period::Week }),
        channels: vec![Channel::Api],
        sealed_until: Some(until),
        valid_from: from,
        valid_until: until,
        revoked: false,
    };
    let design = "counts = 'members'\nby = 'tehsil'\nmember_disability = 'any'\nassets = ['Bicycle']";
    let report = Report {
        name: "disabled-by-tehsil".into(),
        title: "Members with a disability".into(),
        title_ur: "معذور افراد".into(),
        design: toml::from_str(design).unwrap(),
        instrument: "Minute 4".into(),
        forum: Forum::DgNser,
        valid_from: from,
        valid_until: until,
        revoked: false,
    };
    DirectoryData {
        agreements: vec![agreement],
        reports: vec![report],
        programmes: vec![programme],
        categories: vec![category(from, until)],
        approvals: vec![approval(world, "board-1")],
        rate_books: vec![super::money::book("v1", from)],
        gratis: vec![super::money::gift(world, from)],
        quotas: vec![super::quotas::quota(world, "teller-rows", 10)],
        classes: vec![AgencyClass { agency: world.bank.clone(), column: Column::Private, since: from }],
        revoked_serials: vec!["00".into()],
        ..data(world)
    }
}

pub fn approval(world: &World, id: &str) -> Approval {
    Approval {
        id: ApprovalId::parse(id).unwrap(),
        agency: world.bank.clone(),
        forum: Forum::BispBoard,
        purpose: PurposeCode::parse("KYC-101").unwrap(),
        datatypes: Vec::new(),
        template: None,
        services: Vec::new(),
        valid_from: Timestamp::from_micros(0),
        valid_until: Timestamp::from_micros(1),
    }
}

/// Writes a directory with one unused approval.
pub async fn approved(world: &World, id: &str) -> ApprovalId {
    let approvals = vec![approval(world, id)];
    world.here.replace_directory(&DirectoryData { approvals, ..data(world) }).await.unwrap();
    ApprovalId::parse(id).unwrap()
}

pub async fn what_is_written_reads_back(world: &World) {
    let written = data(world);
    let generation = world.here.replace_directory(&written).await.unwrap();
    assert_eq!(world.there.read().await.unwrap(), (generation, written.clone()));
    world.here.set_agency_suspended(&world.bank, true).await.unwrap();
    world.here.add_key(&world.bank, "cd").await.unwrap();
    world.here.add_key(&world.bank, "cd").await.unwrap();
    world.here.set_user_assertion_key(&world.bank, &world.teller, Some("PEM".into())).await.unwrap();
    world.here.set_user_disabled(&world.bank, &world.teller, true).await.unwrap();
    let (_, read) = world.there.read().await.unwrap();
    assert!(read.agencies[0].suspended && read.users[0].disabled);
    assert_eq!(read.agencies[0].keys, ["ab", "cd"]);
    assert_eq!(read.users[0].assertion_key.as_deref(), Some("PEM"));
    world.here.replace_directory(&written).await.unwrap();
    assert_eq!(world.there.read().await.unwrap().1, written);
}

pub async fn the_generation_rises_with_every_change(world: &World) {
    world.here.replace_directory(&data(world)).await.unwrap();
    let issued = world.token("one", ConsentUse::Standing).await;
    let mut last = world.there.generation().await.unwrap();
    let mut risen = async |what: &str| {
        let now = world.there.generation().await.unwrap();
        assert!(now > last, "{what} did not raise the generation");
        last = now;
    };
    world.here.replace_directory(&data(world)).await.unwrap();
    risen("replace_directory").await;
    world.here.set_agency_suspended(&world.bank, true).await.unwrap();
    risen("set_agency_suspended").await;
    world.here.add_key(&world.bank, "ef").await.unwrap();
    risen("add_key").await;
    world.here.set_user_assertion_key(&world.bank, &world.teller, None).await.unwrap();
    risen("set_user_assertion_key").await;
    world.here.set_user_disabled(&world.bank, &world.teller, true).await.unwrap();
    risen("set_user_disabled").await;
    world.here.revoke_serial("0a").await.unwrap();
    risen("revoke_serial").await;
    world.here.pause_consents(world.subject()).await.unwrap();
    risen("pause_consents").await;
    world.here.resume_consents(world.subject()).await.unwrap();
    risen("resume_consents").await;
    world.here.revoke_consent(&issued.consent).await.unwrap();
    risen("revoke_consent").await;
    world.here.destroy(world.subject()).await.unwrap();
    risen("destroy").await;
    let before = world.there.generation().await.unwrap();
    let nobody = AgencyId::parse("nobody").unwrap();
    let unknown = world.here.set_agency_suspended(&nobody, true).await;
    assert_eq!(unknown, Err(ChangeError::Unknown("agency")));
    let stranger = UserId::parse("stranger").unwrap();
    assert!(world.here.set_user_disabled(&world.bank, &stranger, true).await.is_err());
    assert!(world.here.revoke_agreement("none").await.is_err());
    assert!(!world.here.use_approval(&ApprovalId::parse("none").unwrap(), &request("r")).await.unwrap());
    assert_eq!(world.there.generation().await.unwrap(), before, "what changed nothing raised the generation");
}

pub async fn a_revoked_serial_outlives_the_directory(world: &World) {
    world.here.revoke_serial("0a1b").await.unwrap();
    let mut fresh = data(world);
    fresh.revoked_serials = vec!["ff".into()];
    world.here.replace_directory(&fresh).await.unwrap();
    assert_eq!(world.there.read().await.unwrap().1.revoked_serials, ["0a1b", "ff"]);
}

pub async fn readers_never_see_half_a_change(world: &World) {
    let one = data(world);
    let mut two = one.clone();
    two.agencies[0].suspended = true;
    two.users[0].disabled = true;
    world.here.replace_directory(&one).await.unwrap();
    let (writer, reader) = (world.here.clone(), world.there.clone());
    let writing = tokio::spawn(async move {
        for n in 0..20 {
            writer.replace_directory(if n % 2 == 0 { &two } else { &one }).await.unwrap();
        }
    });
    let mut reads = 0;
    while !writing.is_finished() {
        // A read that changes keep overtaking says so instead of guessing.
        if let Ok((_, read)) = reader.read().await {
            assert_eq!(read.agencies[0].suspended, read.users[0].disabled);
            reads += 1;
        }
    }
    writing.await.unwrap();
    assert!(reads > 0 || reader.read().await.is_ok());
}
