//! A short message centre of a test's own: on a free port, it keeps what it gets, says what it is told to, and fails on
//! command.
//!
//! Nothing here sleeps: whoever waits is woken by the change that it waits for, or fails after [`PATIENCE`].

mod deliveries;
mod faults;
mod session;
mod submitted;

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rusmpp::{CommandStatus, pdus::DeliverSm};
use tokio::{
    net::TcpListener,
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;

use self::session::{State, Step};
pub use self::{
    deliveries::{IdForm, Numbering, Place, deliver, message, parts, receipt, receipt_of},
    faults::{BindFault, Fault},
    submitted::Submitted,
};

/// Longest that anything may take: far beyond what it needs, so that a hang is named.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// What did not come in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("waited in vain for {0}")]
pub struct InVain(pub &'static str);

/// Who may bind.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub system_id: String,
    /// Its password.
    pub password: String,
}

/// A running centre; it ends with the value.
#[derive(Debug)]
pub struct Smsc {
    address: SocketAddr,
    centre: Arc<Centre>,
    _door: JoinSet<()>,
}

#[derive(Debug)]
struct Centre {
    account: Account,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

impl Centre {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes whoever waits.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state());
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        changed
    }
}

impl Smsc {
    /// Opens its door on a free port of the loopback; with `tls` it speaks nothing else.
    ///
    /// # Errors
    /// The host's, if it has no port.
    pub async fn start(account: Account, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let centre = Arc::new(Centre { account, state: Mutex::default(), changes: watch::Sender::new(0) });
        let mut door = JoinSet::new();
        door.spawn(session::admit(centre.clone(), listener, tls));
        Ok(Self { address, centre, _door: door })
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// The next submit not yet spoken for meets this fault.
    pub fn fail_submit(&self, fault: Fault) {
        self.centre.change(|state| state.submit_faults.push_back(fault));
    }

    /// The next bind not yet spoken for meets this fault.
    pub fn fail_bind(&self, fault: BindFault) {
        self.centre.change(|state| state.bind_faults.push_back(fault));
    }

    /// From now on, whether asking for a sign of life is answered.
    pub fn keep_silent(&self, silent: bool) {
        self.centre.change(|state| state.silent = silent);
    }

    /// Cuts the connection without a word.
    pub fn hang_up(&self) {
        self.tell(Step::HangUp);
    }

    /// Sends these octets as they are.
    pub fn send_raw(&self, octets: Vec<u8>) {
        self.tell(Step::Raw(octets));
    }

    /// Asks for a sign of life; answered, [`Counts::signs_of_life`] grows.
    pub fn enquire(&self) {
        self.centre.change(State::enquire);
    }

    /// Takes leave of the bound session.
    pub fn unbind(&self) {
        self.centre.change(State::unbind);
    }

    fn tell(&self, step: Step) {
        self.centre.change(|state| state.say(step));
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.centre.state().counts
    }

    /// All submits so far, refused ones too, in their order.
    #[must_use]
    pub fn submitted(&self) -> Vec<Submitted> {
        self.centre.state().submitted.clone()
    }

    /// The whole texts that a handset with this number would show, in the order in which they became whole.
    #[must_use]
    pub fn texts(&self, number: &str) -> Vec<String> {
        submitted::texts(&self.centre.state().submitted, number)
    }

    /// Returns once a handset shows a text that holds these words: its first piece, and the text.
    ///
    /// # Errors
    /// [`InVain`].
    pub async fn until_text(&self, words: &str) -> Result<(Submitted, String), InVain> {
        self.until("a text", |state| submitted::first_with(&state.submitted, words)).await
    }

    /// Returns once there were so many submits.
    ///
    /// # Errors
    /// [`InVain`].
    pub async fn until_submitted(&self, count: usize) -> Result<Vec<Submitted>, InVain> {
        let submitted = |state: &State| (state.submitted.len() >= count).then(|| state.submitted.clone());
        self.until("submits", submitted).await
    }

    /// Returns once the counts are as wanted.
    ///
    /// # Errors
    /// [`InVain`].
    pub async fn until_counts(
        &self,
        what: &'static str,
        mut wanted: impl FnMut(&Counts) -> bool,
    ) -> Result<Counts, InVain> {
        self.until(what, |state| wanted(&state.counts).then_some(state.counts)).await
    }

    async fn until<T>(&self, what: &'static str, mut look: impl FnMut(&State) -> Option<T>) -> Result<T, InVain> {
        let mut changes = self.centre.changes.subscribe();
        let seen = async {
            loop {
                changes.borrow_and_update();
                if let Some(seen) = look(&self.centre.state()) {
                    return seen;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        timeout(PATIENCE, seen).await.map_err(|_| InVain(what))
    }

    /// Delivers to the bound session, and says how it was acknowledged.
    ///
    /// # Errors
    /// [`InVain`] if nobody is bound, or no acknowledgement came.
    pub async fn deliver(&self, deliver: DeliverSm) -> Result<CommandStatus, InVain> {
        let answer = self.begin_delivery(deliver)?;
        timeout(PATIENCE, answer).await.ok().and_then(Result::ok).ok_or(InVain("an acknowledgement"))
    }

    /// Delivers, and lets the caller wait for the acknowledgement.
    ///
    /// # Errors
    /// [`InVain`] if nobody is bound.
    pub fn begin_delivery(&self, deliver: DeliverSm) -> Result<oneshot::Receiver<CommandStatus>, InVain> {
        self.centre.change(|state| state.deliver(deliver)).ok_or(InVain("a bound session"))
    }
}

/// What happened at a centre.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u32,
    /// Binds tried.
    pub bind_tries: u32,
    /// Binds that came about.
    pub binds: u32,
    /// Sessions that took leave.
    pub unbinds: u32,
    /// Connections that ended.
    pub ended: u32,
    /// Times that the other side asked for a sign of life.
    pub enquiries: u32,
    /// Times that the other side gave one.
    pub signs_of_life: u32,
    /// Deliveries that the other side said to have kept.
    pub acknowledged: u32,
    /// Times that the other side said that it did not understand.
    pub nacks: u32,
}
