//! SMPP 3.4 and 5.0 to an operator's short message centre: one transceiver session, kept up, at the contract's rate.

mod backoff;
pub mod config;
mod connection;
mod delivery;
mod gsm7;
mod header;
pub mod limits;
mod line;
mod pieces;
mod rate;
mod receipt;
mod session;
mod submit;
mod tidy;
mod wire;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use exchange::ports::entropy::Entropy;
use tokio::{
    sync::{Mutex, Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};

use self::{
    config::{ConfigError, SmppConfig},
    limits::TURN_WAIT_MAX,
    line::Line,
    pieces::Pieces,
    rate::Rate,
    session::{Shared, Standing},
    submit::Answer,
};
use crate::sms::port::{Link, NotTaken, Outgoing, SmsReceiver, SmsTransport};

/// A session with a short message centre, and the way to send through it. Dropped, it takes
/// leave as well, and nobody waits for that.
pub struct Smpp {
    shared: Arc<Shared>,
    rate: Rate,
    stop: watch::Sender<bool>,
    session: Mutex<Option<JoinHandle<()>>>,
}

impl std::fmt::Debug for Smpp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (far_end, link) = (&self.shared.config.address, self.link());
        f.debug_struct("Smpp").field("far_end", far_end).field("link", &link).finish_non_exhaustive()
    }
}

impl Smpp {
    /// Begins to keep a session; `receiver` takes what comes. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`ConfigError`]. That the far end cannot be reached is none: [`SmsTransport::link`] tells it.
    pub fn start(
        config: SmppConfig,
        receiver: Arc<dyn SmsReceiver>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        if tracing::enabled!(target: "rusmpp::codec::encode", tracing::Level::DEBUG) {
            tracing::error!("the log shows whole messages and the password: set `rusmpp=info` in its filter");
        }
        let rate = Rate::new(config.rate_per_s);
        let shared = Arc::new(Shared {
            window: Semaphore::new(usize::from(config.window)),
            standing: watch::Sender::new(Standing::Down("not connected yet".to_owned())),
            let_go: AtomicU64::new(0),
            config,
            receiver,
            entropy,
        });
        let stop = watch::Sender::new(false);
        let session = tokio::spawn(session::keep(shared.clone(), stop.subscribe()));
        Ok(Self { shared, rate, stop, session: Mutex::new(Some(session)) })
    }

    /// Waits for what is under way, unbinds and closes; returns when all is done, after three response timeouts at most.
    pub async fn stop(&self) {
        self.stop.send_replace(true);
        if let Some(session) = self.session.lock().await.take()
            && session.await.is_err()
        {
            tracing::error!("sms session ended by a fault of its own");
        }
    }

    /// Returns once the link stands as wanted, at once if it does already.
    pub async fn until(&self, mut wanted: impl FnMut(&Link) -> bool + Send) -> Link {
        let mut standing = self.shared.standing.subscribe();
        // The sender is ours and outlives this.
        let _stands = standing.wait_for(|standing| wanted(&link(standing))).await;
        self.link()
    }

    /// How many deliveries were acknowledged and let go, because they were neither a receipt nor a text from a mobile.
    #[must_use]
    pub fn let_go(&self) -> u64 {
        self.shared.let_go.load(Ordering::Relaxed)
    }

    fn line(&self) -> Result<Line, NotTaken> {
        match &*self.shared.standing.borrow() {
            Standing::Bound(line) => Ok(line.clone()),
            Standing::Down(why) => Err(submit::not_bound(why, Some(self.shared.config.reconnect_min))),
        }
    }

    fn not_taken(&self, answer: Answer) -> Result<String, NotTaken> {
        match answer {
            Answer::TakenWithoutName => Ok(String::new()),
            Answer::Not(not_taken) => Err(not_taken),
            Answer::Overrun => {
                let pause = self.rate.overrun();
                tracing::warn!(pause_ms = pause.as_millis(), "sms far end is overrun");
                Err(NotTaken::Later { why: "the far end is overrun".to_owned(), after: Some(pause) })
            }
        }
    }
}

#[async_trait]
impl SmsTransport for Smpp {
    fn pieces(&self, text: &str) -> u8 {
        Pieces::cut(text).count().unwrap_or(u8::MAX)
    }

    async fn hand_over(&self, message: &Outgoing, piece: u8) -> Result<String, NotTaken> {
        let config = &self.shared.config;
        let pieces = Pieces::cut(&message.text);
        let pdu = submit::pdu(&config.source, config.version, message.to, &pieces, piece, &message.id)
            .ok_or_else(|| NotTaken::Never { why: "the message has no such piece".to_owned() })?;
        self.line()?;
        let turn = async {
            let permit = self.shared.window.acquire().await;
            self.rate.turn().await;
            permit
        };
        let no_turn = |_| NotTaken::Later { why: "no turn came".to_owned(), after: None };
        let _permit = timeout(TURN_WAIT_MAX, turn).await.map_err(no_turn)?;
        // INVARIANT: until here nothing was written; from here on only an answer tells whether it was taken.
        let line = self.line()?;
        match timeout(config.response_timeout, line.submit(pdu)).await {
            Ok(Ok(response)) => {
                self.rate.taken();
                Ok(response.message_id().as_str().to_owned())
            }
            Ok(Err(error)) => self.not_taken(submit::answer(&error)),
            Err(_) => self.not_taken(submit::unknown("no answer in time")),
        }
    }

    fn link(&self) -> Link {
        link(&self.shared.standing.borrow())
    }
}

fn link(standing: &Standing) -> Link {
    match standing {
        Standing::Bound(_) => Link::Up,
        Standing::Down(why) => Link::Down(why.clone()),
    }
}
