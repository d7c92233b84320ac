//! The directory against a plain one in memory: random changes through two stores, each seen at once by the other.

use adapters::sql::control::ChangeError;
use exchange::{
    directory::DirectoryData,
    ids::{AgencyId, ApprovalId, UserId},
    ports::{consent_tokens::ConsentTokens as _, directory_source::DirectorySource as _},
};

use tests::meddling::Dice;

use crate::{
    directory::everything,
    world::{World, request},
};

const AGENCIES: [&str; 4] = ["bank-indus", "bank-ravi", "telco-sarhad", "hospital-mehran"];

/// Three agencies (the fourth name is nobody's), two users each, an agreement each, and five approvals.
fn start(world: &World) -> DirectoryData {
    let one = everything(world);
    let mut data = DirectoryData { purposes: one.purposes.clone(), ..DirectoryData::default() };
    for name in &AGENCIES[..3] {
        let id = AgencyId::parse(name).unwrap();
        data.agencies.push(exchange::directory::Agency { id: id.clone(), keys: Vec::new(), ..one.agencies[0].clone() });
        for user in ["clerk-1", "clerk-2"] {
            let user = UserId::parse(user).unwrap();
            data.users.push(exchange::directory::User { agency: id.clone(), id: user, ..one.users[0].clone() });
        }
        let agreement = exchange::ids::AgreementId::parse(&format!("agr-{name}")).unwrap();
        data.agreements.push(exchange::directory::Agreement { id: agreement, agency: id, ..one.agreements[0].clone() });
    }
    for n in 0..5 {
        let id = ApprovalId::parse(&format!("board-{n}")).unwrap();
        data.approvals.push(exchange::directory::Approval { id, ..one.approvals[0].clone() });
    }
    data
}

/// As stores give it: each kind by its key.
fn sorted(mut data: DirectoryData, used: &[String]) -> DirectoryData {
    data.agencies.sort_by(|a, b| a.id.cmp(&b.id));
    data.users.sort_by_key(|user| format!("{}/{}", user.agency, user.id));
    data.agreements.sort_by(|a, b| a.id.cmp(&b.id));
    data.approvals.retain(|approval| !used.iter().any(|used| used == approval.id.as_str()));
    data.approvals.sort_by(|a, b| a.id.cmp(&b.id));
    data.revoked_serials.sort();
    data
}

struct Model {
    data: DirectoryData,
    used: Vec<String>,
}

impl Model {
    /// One random change to both. Says whether the generation must rise.
    async fn step(&mut self, world: &World, dice: &mut Dice, n: u64) -> bool {
        let store = if dice.below(2) == 0 { &world.here } else { &world.there };
        let name = AGENCIES[dice.below(4)];
        let agency = AgencyId::parse(name).unwrap();
        let yes = dice.below(2) == 0;
        match dice.below(8) {
            0 => {
                let done = store.set_agency_suspended(&agency, yes).await;
                self.edit(name, done, |agency| agency.suspended = yes)
            }
            1 => {
                let key = format!("{:02x}", dice.below(3));
                let done = store.add_key(&agency, &key).await;
                self.edit(name, done, |agency| {
                    agency.keys.push(key);
                    let mut seen = std::collections::HashSet::new();
                    agency.keys.retain(|key| seen.insert(key.clone()));
                })
            }
            2 | 3 => {
                let id = UserId::parse(["clerk-1", "clerk-2", "clerk-3"][dice.below(3)]).unwrap();
                let key = yes.then(|| format!("PEM {n}"));
                let bar = dice.below(2) == 0;
                let done = if bar {
                    store.set_user_disabled(&agency, &id, yes).await
                } else {
                    store.set_user_assertion_key(&agency, &id, key.clone()).await
                };
                let user = self.data.users.iter_mut().find(|user| user.agency == agency && user.id == id);
                assert_eq!(done.is_ok(), user.is_some(), "{name} {id}: {done:?}");
                let Some(user) = user else { return false };
                if bar {
                    user.disabled = yes;
                } else {
                    user.assertion_key = key;
                }
                true
            }
            4 => {
                let id = format!("agr-{name}");
                let done = store.revoke_agreement(&id).await;
                let agreement = self.data.agreements.iter_mut().find(|agreement| agreement.id.as_str() == id);
                assert_eq!(done.is_ok(), agreement.is_some(), "{id}");
                let Some(agreement) = agreement else { return false };
                agreement.revoked = true;
                agreement.revision += 1;
                true
            }
            5 => {
                let serial = format!("{:02x}", dice.below(20));
                store.revoke_serial(&serial).await.unwrap();
                self.data.revoked_serials.push(serial);
                self.data.revoked_serials.sort();
                self.data.revoked_serials.dedup();
                true
            }
            6 => self.approval(store, dice).await,
            _ => {
                let revoked = self.data.revoked_serials.clone();
                self.data = DirectoryData { revoked_serials: vec!["ff".into()], ..start(world) };
                store.replace_directory(&self.data).await.unwrap();
                // Revocation is for ever: the new directory adds to it.
                self.data.revoked_serials.extend(revoked);
                self.data.revoked_serials.sort();
                self.data.revoked_serials.dedup();
                true
            }
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "the caller is done with it")]
    fn edit(
        &mut self,
        name: &str,
        done: Result<u64, ChangeError>,
        edit: impl FnOnce(&mut exchange::directory::Agency),
    ) -> bool {
        match self.data.agencies.iter_mut().find(|agency| agency.id.as_str() == name) {
            Some(agency) => edit(agency),
            None => assert_eq!(done, Err(ChangeError::Unknown("agency"))),
        }
        done.is_ok()
    }

    /// Takes or gives back an approval in the name of the one request that ever takes it.
    async fn approval(&mut self, store: &adapters::sql::control::ControlStore, dice: &mut Dice) -> bool {
        let name = format!("board-{}", dice.below(7));
        let (id, by) = (ApprovalId::parse(&name).unwrap(), request(&format!("by-{name}")));
        let known = name.as_str() < "board-5";
        let used = self.used.contains(&name);
        if dice.below(3) == 0 {
            store.restore_approval(&id, &by).await.unwrap();
            self.used.retain(|used| *used != name);
            return true;
        }
        assert_eq!(store.use_approval(&id, &by).await.unwrap(), known && !used, "{name}");
        if known && !used {
            self.used.push(name);
        }
        known && !used
    }
}

pub async fn random_changes_are_those_of_a_plain_directory(world: &World) {
    for seed in 1..4 {
        let mut dice = Dice::new(seed);
        let used = Vec::new();
        world.meddle("DELETE FROM directory_entry; DELETE FROM approval_use").await.unwrap();
        let mut model = Model { data: start(world), used };
        let mut last = world.here.replace_directory(&model.data).await.unwrap();
        for n in 0..50 {
            let rises = model.step(world, &mut dice, n).await;
            let (generation, read) = world.here.read().await.unwrap();
            assert_eq!(read, sorted(model.data.clone(), &model.used), "seed {seed}, step {n}");
            assert_eq!(world.there.read().await.unwrap(), (generation, read), "seed {seed}, step {n}");
            assert_eq!(generation > last, rises, "seed {seed}, step {n}: {last} to {generation}");
            last = generation;
        }
    }
}

pub async fn changes_of_one_entry_at_once_are_all_kept(world: &World) {
    let before = world.here.replace_directory(&everything(world)).await.unwrap();
    let bank = world.bank.clone();
    let changed = world.at_once(30, |store, n| {
        let bank = bank.clone();
        async move { store.add_key(&bank, &format!("{n:04x}")).await.unwrap() }
    });
    let mut generations = changed.await;
    generations.sort_unstable();
    assert_eq!(generations, (before + 1..=before + 30).collect::<Vec<_>>(), "two changes under one generation");
    let mut keys = world.here.read().await.unwrap().1.agencies[0].keys.clone();
    keys.sort();
    let mut expected: Vec<_> = (0..30).map(|n| format!("{n:04x}")).collect();
    expected.push("ab".into());
    expected.sort();
    assert_eq!(keys, expected, "a change was lost");
    let ended = world.at_once(12, |store, _| async move { store.revoke_agreement("agr-1").await.unwrap() });
    ended.await;
    assert_eq!(world.there.read().await.unwrap().1.agreements[0].revision, 15, "a revision was given twice");
}

pub async fn a_directory_of_every_kind_reads_back_and_is_replaced_whole(world: &World) {
    let full = everything(world);
    world.here.replace_directory(&full).await.unwrap();
    assert_eq!(world.there.read().await.unwrap().1, full);
    let empty = DirectoryData::default();
    world.there.replace_directory(&empty).await.unwrap();
    let left = DirectoryData { revoked_serials: full.revoked_serials.clone(), ..empty };
    assert_eq!(world.here.read().await.unwrap().1, left, "only revocation outlives the directory");
}

/// Users of two agencies may have one id, and an agency may be named like a user's key.
pub async fn equal_names_in_different_agencies_are_different_users(world: &World) {
    let mut data = start(world);
    data.users.retain(|user| user.id.as_str() == "clerk-1");
    world.here.replace_directory(&data).await.unwrap();
    let (ravi, clerk) = (AgencyId::parse("bank-ravi").unwrap(), UserId::parse("clerk-1").unwrap());
    world.there.set_user_disabled(&ravi, &clerk, true).await.unwrap();
    for user in world.here.read().await.unwrap().1.users {
        assert_eq!(user.disabled, user.agency == ravi, "{}", user.agency);
    }
    let stranger = UserId::parse("clerk-2").unwrap();
    let refused = world.there.set_user_disabled(&ravi, &stranger, true).await;
    assert_eq!(refused, Err(ChangeError::Unknown("user")));
    assert_eq!(world.there.revoke_agreement("agr-bank").await, Err(ChangeError::Unknown("agreement")));
}
