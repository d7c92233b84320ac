//! Consent over a network: an SMSC at the other end takes the messages, brings the citizens' and fails on command.

use std::{net::SocketAddr, sync::Arc};

use adapters::sms::limits;
use async_trait::async_trait;
use gateway::demo::{
    client::{Call, ClientError},
    stage::{Actor, Asked, Phone, Stage, passcode},
};
use tests::{
    process::{Process, Serve, advance},
    smsc::{Account, Fault, Numbering, Place, Smsc, message, parts, receipt, receipt_of},
    world::wire::plain_get,
};

use crate::installation::Installation;

const PASSWORD: &str = "hunter2";

/// The citizens' phones, as the network has filled them.
#[derive(Debug)]
struct Handsets(Arc<Smsc>);

#[async_trait]
impl Phone for Handsets {
    async fn message(&self, reference: &str) -> Result<String, ClientError> {
        let (_, text) = self.0.until_text(reference).await.map_err(|error| ClientError(error.to_string()))?;
        Ok(text)
    }
}

/// A gateway that sends over a network, and the network.
pub struct Scene {
    pub installation: Installation,
    pub smsc: Arc<Smsc>,
    pub serve: Serve,
}

impl Scene {
    pub async fn new() -> Self {
        let installation = Installation::new().await;
        let account = Account { system_id: "ijazat".to_owned(), password: PASSWORD.to_owned() };
        let smsc = Arc::new(Smsc::start(account, None).await.unwrap());
        let serve = over(&installation, &smsc.address());
        Self { installation, smsc, serve }
    }

    pub async fn stage(&self, gateway: &Process) -> Stage {
        let stage = self.installation.stage(gateway).await;
        Stage { phone: Arc::new(Handsets(Arc::clone(&self.smsc))), ..stage }
    }

    pub(crate) async fn bound(&self) {
        self.smsc.until_counts("a bind", |counts| counts.binds > 0).await.unwrap();
    }

    /// What `ijazat sms` tells of the newest message to a number.
    async fn told_of(&self, number: &str) -> String {
        let told = self.serve.run(&["sms", "--to", &format!("+{number}"), "--last", "1"]).await.unwrap();
        told.lines().next().unwrap().split_whitespace().nth(1).unwrap().to_owned()
    }
}

/// How a gateway of this installation sends over the SMSC at this address.
fn over(installation: &Installation, address: &str) -> Serve {
    installation
        .serve
        .clone()
        .set("SMS__TRANSPORT", "smpp")
        .set("SMS__URL", format!("smpp://ijazat@{address}"))
        .set("SMS__PASSWORD", installation.secret("sms.password", PASSWORD))
}

pub async fn read(ops: SocketAddr, path: &str) -> String {
    let reply = plain_get(ops, path).await.unwrap();
    String::from_utf8(reply.body).unwrap()
}

async fn ask(stage: &Stage, bank: &mut Actor<'_>) -> Asked {
    bank.ask(stage.cast.citizen, "KYC-101", &["identity.name"]).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn c03_c04_the_whole_story_is_seen_with_phones_on_a_network() {
    let scene = Scene::new().await;
    let gateway = scene.serve.start().await.unwrap();
    let stage = scene.stage(&gateway).await;
    scene.installation.play(&stage).await;
    for submitted in scene.smsc.submitted() {
        assert_eq!((submitted.source.as_str(), submitted.registered_delivery), ("8009", 1));
        assert!([0, 0x40].contains(&submitted.esm_class) && [0, 8].contains(&submitted.data_coding), "{submitted:?}");
        assert!(submitted.to.starts_with("923") && submitted.octets.len() <= 160);
    }
    gateway.stop().await.unwrap();
    let counts = scene.smsc.until_counts("a leave", |counts| counts.unbinds > 0).await.unwrap();
    assert_eq!((counts.binds, counts.nacks), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn c29_c38_a_citizen_refuses_over_the_network_and_a_receipt_is_seen() {
    let scene = Scene::new().await;
    let gateway = scene.serve.start().await.unwrap();
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let asked = ask(&stage, &mut bank).await;
    let (submitted, text) = scene.smsc.until_text(&asked.reference).await.unwrap();
    assert_eq!(scene.told_of(&submitted.to).await, "taken");
    for state in [1, 2] {
        let told = receipt(&submitted.message_id, &submitted.to, state, Place::Both);
        assert_eq!(u32::from(scene.smsc.deliver(told).await.unwrap()), 0);
    }
    assert_eq!(scene.told_of(&submitted.to).await, "delivered");
    // Three times, as networks do, and once more in parts.
    let no = format!("NO {}", asked.reference);
    let whole = std::iter::repeat_n(message(&submitted.to, &no), 3);
    for delivery in whole.chain(parts(&submitted.to, &no, 4, Numbering::EightBit, 7)) {
        assert_eq!(u32::from(scene.smsc.deliver(delivery).await.unwrap()), 0);
    }
    let answered = scene.smsc.until_text("you refused").await.unwrap().1;
    assert!(answered.contains(&asked.reference), "{answered}");
    assert_eq!(bank.fetch(&asked).await.unwrap().text("/error"), "access_denied");
    let late = bank.give(&asked, &passcode(&text).unwrap()).await.unwrap();
    assert_eq!((late.status, late.code()), (403, "access_denied"));
    gateway.stop().await.unwrap();
    assert_eq!(scene.smsc.texts(&submitted.to).len(), 2, "one question, one answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn c49_c54_a_killed_gateway_loses_no_message_and_doubles_none_that_a_receipt_proves() {
    let scene = Scene::new().await;
    let socket = scene.installation.config.node.state_dir.join("clock");
    let serve = scene.serve.clone().by_clock(&socket);
    let gateway = serve.start().await.unwrap();
    scene.bound().await;
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    // The network takes both and answers neither; then the process dies.
    scene.smsc.fail_submit(Fault::NoAnswer);
    scene.smsc.fail_submit(Fault::NoAnswer);
    let proved = ask(&stage, &mut bank).await;
    let other = ask(&stage, &mut bank).await;
    let first = scene.smsc.until_text(&proved.reference).await.unwrap();
    let second = scene.smsc.until_text(&other.reference).await.unwrap();
    gateway.kill().await.unwrap();
    let before = scene.smsc.counts().binds;
    let gateway = serve.start().await.unwrap();
    scene.smsc.until_counts("another bind", |counts| counts.binds > before).await.unwrap();
    let told = receipt_of(&first.0, 2);
    assert_eq!(u32::from(scene.smsc.deliver(told).await.unwrap()), 0);
    // The other goes out again after ten seconds, in the same words.
    advance(&socket, limits::SETTLE_S).await.unwrap();
    let all = scene.smsc.until_submitted(3).await.unwrap();
    assert_eq!((&all[2].octets, &all[2].to), (&second.0.octets, &second.0.to));
    assert_eq!(all[2].reference, second.0.reference);
    // Both passcodes hold: they were sent before and are the citizen's.
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    for (asked, (_, text)) in [(&proved, &first), (&other, &second)] {
        let given = bank.give(asked, &passcode(text).unwrap()).await.unwrap();
        assert_eq!(given.status, 200, "{}", given.body);
    }
    gateway.stop().await.unwrap();
    assert_eq!(scene.smsc.submitted().len(), 3, "a message that a receipt proved went out again");
}

#[tokio::test(flavor = "multi_thread")]
async fn while_there_is_no_network_messages_wait_and_operators_are_told() {
    let scene = Scene::new().await;
    // A port where nobody listens.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let serve = over(&scene.installation, &format!("127.0.0.1:{port}"));
    let gateway = serve.start().await.unwrap();
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    let asked = ask(&stage, &mut bank).await;
    let ops = gateway.address("metrics").unwrap();
    let metrics = read(ops, "/metrics").await;
    assert!(metrics.contains("\nijazat_sms_link_down 1\n"), "{metrics}");
    let ready = read(ops, "/ready").await;
    assert!(ready.contains("sms"), "{ready}");
    gateway.stop().await.unwrap();
    // With the network, another process sends what waited.
    let gateway = scene.serve.start().await.unwrap();
    let (_, text) = scene.smsc.until_text(&asked.reference).await.unwrap();
    let stage = scene.stage(&gateway).await;
    let mut bank = stage.actor("bank-indus", Some("teller-1")).await.unwrap();
    assert_eq!(bank.give(&asked, &passcode(&text).unwrap()).await.unwrap().status, 200);
    let taken = read(gateway.address("metrics").unwrap(), "/metrics").await;
    assert!(taken.contains("ijazat_sms_pieces_total{outcome=\"taken\"} 1\n"), "{taken}");
    let anyone = bank.send(Call::get("/v1/self/whoami")).await.unwrap();
    assert_eq!(anyone.status, 200);
    gateway.stop().await.unwrap();
}
