//! Random histories of consents against a plain model: whatever citizens, agencies and operators do in whatever order through whichever
//! store, each record holds, tells each change by what made it and no more, and each revision waits for one leaf.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use adapters::sql::control::{ConsentRevisions, Contact, ControlStore, Polled, Taken};
use exchange::{
    cnic::Cnic,
    consent::{
        ConsentUse, SubjectKey,
        answer::Told,
        machine::{CancelAnswer, PasscodeAnswer, PollAnswer, State, Transaction},
        message::Language,
        passcode::PasscodeMac,
        reply::Reference,
        revision::{Cause, Standing},
        word_text::Worded,
    },
    ids::{AgencyId, ConsentId},
    limits,
    mobile::Mobile,
    ports::{
        citizen_keys::CitizenKeys as _,
        clock::Clock as _,
        unrecorded::{Claim, UnrecordedChanges as _},
    },
    timestamp::Timestamp,
};
use tests::meddling::Dice;

use crate::{
    record_words::{Case, steps, three_agencies},
    world::{CERTIFICATE, PASSCODE, World, passcode},
};

const CITIZENS: usize = 3;
const STEPS: usize = 600;
/// More than the longest that any request is left alone, and less than makes the days of a standing consent.
const TTL_S: i64 = 3_600;

/// The machine compares codes only, so any two codes do.
fn mac(right: bool) -> PasscodeMac {
    PasscodeMac::from_bytes([u8::from(right); 32])
}

/// What the model knows of one request and what came of it.
struct Asked {
    id: String,
    reference: Reference,
    who: usize,
    agency: AgencyId,
    consent: ConsentId,
    machine: Transaction,
    told: Vec<(Standing, Cause)>,
    /// What the agency asked for at most.
    until: Option<Timestamp>,
    /// The end of what was given.
    ends_at: Option<Timestamp>,
    by_citizen: bool,
}

impl Asked {
    fn stands(&self) -> Standing {
        self.told.last().unwrap().0
    }

    /// Whether it is a consent that was not ended.
    fn holds(&self) -> bool {
        matches!(self.stands(), Standing::Active | Standing::Paused)
    }

    fn add(&mut self, standing: Standing, cause: Cause) {
        self.told.push((standing, cause));
    }

    /// Ends what was given; whether there was something.
    fn end(&mut self, cause: Cause) -> bool {
        let held = self.holds();
        if held {
            self.add(Standing::Revoked, cause);
        }
        held
    }
}

struct Model<'a> {
    world: &'a World,
    dice: Dice,
    agencies: [AgencyId; 3],
    asked: Vec<Asked>,
    /// Wrong passcodes in each citizen's name, kept below those that shut the citizen off.
    wrong: [i64; CITIZENS],
    /// When each number last texted which words: repetitions have tests of their own.
    said: BTreeMap<(usize, String), Timestamp>,
    /// Revisions whose leaf a node has taken upon itself, by consent and number.
    leaves: BTreeSet<String>,
    seen: BTreeSet<&'static str>,
}

fn subject(world: &World, who: usize) -> SubjectKey {
    world.here.subject_key(Cnic::parse(&format!("421011234560{}", who + 1)).unwrap())
}

fn contact(who: usize) -> Contact {
    Contact { mobile: Mobile::parse(&format!("+92300123450{who}")).unwrap(), language: Language::English }
}

impl<'a> Model<'a> {
    async fn new(world: &'a World, seed: u64) -> Self {
        for who in 0..CITIZENS {
            world.here.set_contact(subject(world, who), contact(who)).await.unwrap();
        }
        Self {
            world,
            dice: Dice::new(seed),
            agencies: three_agencies(world).await,
            asked: Vec::new(),
            wrong: [0; CITIZENS],
            said: BTreeMap::new(),
            leaves: BTreeSet::new(),
            seen: BTreeSet::new(),
        }
    }

    fn store(&mut self) -> Arc<ControlStore> {
        Arc::clone(if self.dice.below(2) == 0 { &self.world.here } else { &self.world.there })
    }

    /// A new request; its record begins with it.
    async fn submit(&mut self) {
        let (n, who) = (self.asked.len(), self.dice.below(CITIZENS));
        let usage = if self.dice.below(3) == 0 { ConsentUse::OneTime } else { ConsentUse::Standing };
        let (id, reference) = (format!("request-{n}"), format!("K{n:03}"));
        let agency = self.agencies[self.dice.below(self.agencies.len())].clone();
        let (subject, details) = (subject(self.world, who), self.world.details(usage));
        let case = Case { id: &id, reference: &reference, agency: &agency, subject, ping: false, ttl_s: TTL_S };
        let consent = case.asked(self.world, &details).await;
        let machine = Transaction::received(self.world.clock.now(), TTL_S);
        let told = vec![(Standing::Requested, Cause::AgencyAsked)];
        let reference = Reference::parse(&reference).unwrap();
        let (until, ends_at, by_citizen) = (details.valid_until, None, false);
        self.asked.push(Asked { id, reference, who, agency, consent, machine, told, until, ends_at, by_citizen });
    }

    /// What the agency does, and what is typed at its counter.
    async fn at_counter(&mut self, n: usize) {
        let (store, now) = (self.store(), self.world.clock.now());
        let text = format!("Ijazat code {PASSCODE}");
        let throw = self.dice.below(8);
        let asked = &mut self.asked[n];
        let machine = asked.machine.clone();
        match throw {
            0..=6 if machine.state == State::Received || throw == 0 => {
                let next = machine.sent(mac(true), now);
                let sent = store.send(&asked.id, &passcode(PASSCODE), contact(asked.who), &text).await.unwrap();
                assert_eq!(sent, next.is_some(), "send {}", asked.id);
                asked.machine = next.unwrap_or(asked.machine.clone());
            }
            7 if self.dice.below(4) == 0 => {
                let next = machine.suppressed();
                assert_eq!(store.suppress(&asked.id).await.unwrap(), next.is_some());
                asked.machine = next.unwrap_or(asked.machine.clone());
            }
            7 | 1 => {
                let next = machine.resend(now);
                let again = store.resend(&asked.id, &asked.agency, &self.world.teller).await.unwrap().unwrap();
                assert_eq!(again.as_ref().err(), next.as_ref().err());
                let Ok(next) = next else { return };
                asked.machine = next.clone();
                if let Some(next) = next.resent(mac(true), now) {
                    let sent = store.send_again(&asked.id, &passcode(PASSCODE), contact(asked.who), &text).await;
                    assert!(sent.unwrap());
                    asked.machine = next;
                    self.seen.insert("resent");
                }
            }
            2 => {
                for _ in 0..3 {
                    self.offer(n, false).await;
                }
            }
            _ => self.offer(n, throw > 3).await,
        }
    }

    async fn offer(&mut self, n: usize, right: bool) {
        let (store, now) = (self.store(), self.world.clock.now());
        let asked = &mut self.asked[n];
        if !right && self.wrong[asked.who] + 1 >= limits::WRONG_PASSCODES_MAX {
            return;
        }
        let (next, expected) = asked.machine.clone().offer(&mac(right), now);
        let digits = passcode(if right { PASSCODE } else { "000000" });
        let answer = store.offer(&asked.id, &asked.agency, &self.world.teller, &digits).await.unwrap();
        assert_eq!(answer, Some(expected), "offer {}", asked.id);
        self.wrong[asked.who] += i64::from(asked.machine.was_guessed_by(&next));
        let locks = next.state == State::Locked && asked.machine.state != State::Locked;
        asked.machine = next;
        if locks {
            asked.add(Standing::Locked, Cause::TriesSpent);
            self.seen.insert("locked");
        } else if expected == PasscodeAnswer::Approved {
            let collected = asked.machine.collect_until().plus_seconds(limits::CONSENT_TOKEN_TTL_S);
            asked.ends_at = Some(asked.until.unwrap_or(collected));
            asked.add(Standing::Active, Cause::PasscodeAtCounter);
            self.seen.insert("given");
        }
    }

    /// What agencies and the operator do to what was given, or not yet.
    async fn afterwards(&mut self, n: usize) {
        let (store, now) = (self.store(), self.world.clock.now());
        let throw = self.dice.below(12);
        let asked = &mut self.asked[n];
        match throw {
            0 => {
                let (next, expected) = asked.machine.clone().cancelled(now);
                let answer = store.cancel(&asked.id, &asked.agency, &self.world.teller).await.unwrap();
                assert_eq!(answer, Some(expected), "cancel {}", asked.id);
                let before = std::mem::replace(&mut asked.machine, next).state;
                if expected == CancelAnswer::EndsConsent {
                    asked.end(Cause::AgencyWithdrew);
                } else if asked.machine.state != before {
                    asked.add(Standing::Withdrawn, Cause::AgencyWithdrew);
                }
            }
            1 => {
                let ends = asked.end(Cause::AgencyGaveBack);
                let other = self.agencies.iter().find(|agency| **agency != asked.agency).unwrap();
                assert!(!store.give_back(asked.consent.as_str(), other).await.unwrap(), "it is another's");
                assert_eq!(store.give_back(asked.consent.as_str(), &asked.agency).await.unwrap(), ends);
            }
            2 => assert_eq!(store.revoke_consent(&asked.consent).await.unwrap(), asked.end(Cause::Operator)),
            _ => {
                let (next, expected) = asked.machine.clone().poll(now);
                let polled = store.poll(&asked.id, &asked.agency, CERTIFICATE).await.unwrap().unwrap();
                match (expected, polled) {
                    (PollAnswer::Issue, Polled::Token(token)) => assert_eq!(token.consent, asked.consent),
                    // What was ended before it was fetched opens nothing, and stays as it is.
                    (PollAnswer::Issue, Polled::Answer(PollAnswer::Expired)) => return assert!(!asked.holds()),
                    (expected, Polled::Answer(answer)) => assert_eq!(answer, expected, "poll {}", asked.id),
                    (expected, polled) => panic!("{polled:?} and not {expected:?}"),
                }
                asked.machine = next;
            }
        }
    }

    /// A notice of death comes or is withdrawn.
    async fn notice(&mut self) {
        let (store, who, comes) = (self.store(), self.dice.below(CITIZENS), self.dice.below(2) == 0);
        let mut turned = 0;
        for asked in self.asked.iter_mut().filter(|asked| asked.who == who) {
            if comes && asked.stands() == Standing::Active {
                asked.add(Standing::Paused, Cause::DeathNotice);
                turned += 1;
            } else if !comes && asked.stands() == Standing::Paused && !asked.by_citizen {
                asked.add(Standing::Active, Cause::NoticeWithdrawn);
                turned += 1;
            }
        }
        let subject = subject(self.world, who);
        let done = if comes { store.pause_consents(subject).await } else { store.resume_consents(subject).await };
        assert_eq!(done.unwrap(), turned);
        self.seen.extend((turned > 0).then_some(if comes { "notice" } else { "withdrawn notice" }));
    }

    /// The citizen's words, unless the same came of late.
    async fn texts(&mut self, who: usize, text: String) -> Option<Taken> {
        let (store, now) = (self.store(), self.world.clock.now());
        let key = (who, text);
        if self.said.get(&key).is_some_and(|last| now < last.plus_seconds(limits::SMS_SAME_WITHIN_S + 1)) {
            return None;
        }
        self.said.insert(key.clone(), now);
        Some(store.take_sms(contact(who).mobile, &key.1).await.unwrap())
    }

    /// Refuses or ends what one reference names.
    async fn refuses(&mut self, n: usize) {
        let stops = self.dice.below(2) == 0;
        let (word, cause) = if stops { ("STOP", Cause::StopBySms) } else { ("NO", Cause::NoBySms) };
        let text = format!("{word} {}", self.asked[n].reference.as_str());
        let Some(taken) = self.texts(self.asked[n].who, text).await else { return };
        let now = self.world.clock.now();
        let asked = &mut self.asked[n];
        let waits = matches!(asked.machine.state, State::Received | State::Sent) && now < asked.machine.expires_at;
        let expected = if waits {
            asked.machine = asked.machine.clone().denied().unwrap();
            asked.add(Standing::Denied, cause);
            Told::Refused(asked.reference.clone())
        } else if matches!(asked.machine.state, State::Approved | State::TokenIssued) && asked.end(cause) {
            asked.machine = asked.machine.clone().unsaid().unwrap_or(asked.machine.clone());
            Told::Stopped(asked.reference.clone())
        } else {
            Told::Nothing
        };
        agrees(&taken, expected);
    }

    async fn pauses(&mut self, n: usize) {
        let text = format!("PAUSE {}", self.asked[n].reference.as_str());
        let Some(taken) = self.texts(self.asked[n].who, text).await else { return };
        let now = self.world.clock.now();
        let asked = &mut self.asked[n];
        let may = asked.until.is_some() && asked.ends_at > Some(now);
        let expected = match asked.stands() {
            Standing::Active if may => {
                asked.add(Standing::Paused, Cause::PauseBySms);
                asked.by_citizen = true;
                Told::Word(Worded::Paused(asked.reference.clone()))
            }
            Standing::Paused if may && asked.by_citizen => Told::Word(Worded::AsItWas),
            _ => Told::Nothing,
        };
        agrees(&taken, expected);
    }

    async fn resumes(&mut self, n: usize) {
        let reference = self.asked[n].reference.as_str().to_owned();
        let who = self.asked[n].who;
        let Some(taken) = self.texts(who, format!("RESUME {reference}")).await else { return };
        let asked = &self.asked[n];
        let his = asked.stands() == Standing::Paused && asked.by_citizen;
        let Taken::Told(Told::Word(Worded::Code(_, code))) = taken else {
            // After five codes of a day there is none, whatever is paused.
            return assert!(!his || [Taken::Told(Told::Help), Taken::Silent].contains(&taken), "{taken:?}");
        };
        assert!(his, "a code for nothing");
        let Some(taken) = self.texts(who, format!("RESUME {reference} {}", code.expose())).await else { return };
        let asked = &mut self.asked[n];
        asked.add(Standing::Active, Cause::ResumeBySms);
        asked.by_citizen = false;
        agrees(&taken, Told::Word(Worded::Resumed(asked.reference.clone())));
        self.seen.insert("resumed");
    }

    async fn stops_all(&mut self, who: usize) {
        let Some(taken) = self.texts(who, "STOP ALL".to_owned()).await else { return };
        let Taken::Told(Told::Word(Worded::Code(_, code))) = taken else { return };
        let Some(taken) = self.texts(who, format!("STOP ALL {}", code.expose())).await else { return };
        agrees(&taken, Told::Word(Worded::StoppedAll));
        let now = self.world.clock.now();
        for asked in self.asked.iter_mut().filter(|asked| asked.who == who && asked.ends_at > Some(now)) {
            if asked.end(Cause::StopBySms) {
                asked.machine = asked.machine.clone().unsaid().unwrap_or(asked.machine.clone());
            }
        }
        self.seen.insert("stopped all");
    }

    /// One of two nodes takes some of what waits upon itself, and writes it.
    async fn leaves(&mut self, limit: u32) -> usize {
        let second = self.dice.below(2) == 1;
        let store = ConsentRevisions(Arc::clone(if second { &self.world.there } else { &self.world.here }));
        let node = if second { "node-2" } else { "node-1" };
        let waiting = store.waiting(node, limit).await.unwrap();
        let ids: Vec<String> = waiting.iter().map(|change| change.id.clone()).collect();
        let claimed = store.claim(&ids, &Claim { node: node.to_owned(), from: 1 }).await.unwrap();
        assert_eq!(claimed, ids, "what nobody holds is whoever comes first's");
        let first = u64::try_from(self.leaves.len()).unwrap();
        for change in waiting {
            let basis = change.basis.unwrap();
            assert!(self.leaves.insert(basis.clone()), "{basis} waits twice");
        }
        let places: Vec<(String, u64)> = ids.into_iter().zip(first..).collect();
        store.recorded(&places).await.unwrap();
        places.len()
    }

    /// Each record holds and says what the model says.
    async fn check(&self) {
        for asked in &self.asked {
            let told = steps(self.world, &asked.consent).await;
            assert_eq!(told, asked.told, "{} of citizen {}", asked.id, asked.who);
            let last = u32::try_from(told.len() - 1).unwrap();
            let given = told.len() > 1 && told[1].0 == Standing::Active;
            let row = self.world.here.consent_row(&asked.consent).await.unwrap();
            assert_eq!(row, given.then(|| (last, asked.stands())), "{}", asked.id);
        }
    }
}

/// Who was told often enough that nothing came of a message is told so no more.
fn agrees(taken: &Taken, expected: Told) {
    let silent = !expected.did_something() && *taken == Taken::Silent;
    let expected = Taken::Told(expected);
    assert!(silent || *taken == expected, "{taken:?} and not {expected:?}");
}

pub async fn c45_whatever_happens_records_hold_and_tell_what_happened(world: &World) {
    let mut model = Model::new(world, 45).await;
    for step in 0..STEPS {
        world.clock.advance(1);
        let recent = model.dice.below(2) * model.asked.len().saturating_sub(5);
        let n = recent + model.dice.below(model.asked.len() - recent);
        // Words about what holds come oftener than chance would have it.
        let holding: Vec<usize> = (0..model.asked.len()).filter(|n| model.asked[*n].holds()).collect();
        let held = holding.get(model.dice.below(holding.len() + 2)).copied().unwrap_or(n);
        match model.dice.below(20) {
            _ if model.asked.is_empty() => model.submit().await,
            0 | 1 => model.submit().await,
            2..=8 => model.at_counter(n).await,
            9 | 10 => model.afterwards(n).await,
            11 if model.dice.below(2) == 0 => model.refuses(n).await,
            12 | 13 => model.pauses(held).await,
            14 | 15 => model.resumes(held).await,
            16 | 17 => model.notice().await,
            18 if model.dice.below(12) == 0 => model.stops_all(n % CITIZENS).await,
            18 => drop(model.leaves(7).await),
            _ => world.clock.advance(i64::try_from(model.dice.below(1_200)).unwrap()),
        }
        if step % 40 == 0 {
            model.check().await;
        }
    }
    model.check().await;
    while model.leaves(50).await > 0 {}
    for store in [&world.here, &world.there].map(|store| ConsentRevisions(Arc::clone(store))) {
        assert!(store.waiting("node-3", 10).await.unwrap().is_empty());
    }
    let all = model.asked.iter().flat_map(|asked| (0..asked.told.len()).map(|n| format!("{}@{n}", asked.consent)));
    assert_eq!(model.leaves, all.collect(), "one leaf for each revision");
    for what in ["given", "resent", "locked", "notice", "withdrawn notice", "resumed", "stopped all"] {
        assert!(model.seen.contains(what), "no history had this: {what} of {:?}", model.seen);
    }
}
