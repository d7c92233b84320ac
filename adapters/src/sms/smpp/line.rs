//! The library's client and the task that moves its octets, woken as often as they need.
//!
//! rusmppc 0.4.0 takes at most five requests and two and a half writes each time that its task runs, and then sleeps until
//! the far end or a timer wakes it: of three requests at once the third stays behind, for half a minute. So here each
//! request lets the task run once more. Passes with nothing to do cost about a microsecond.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};

use futures_util::task::AtomicWaker;
use rusmpp::{
    CommandStatus,
    pdus::{BindTransceiver, DeliverSmResp, SubmitSm, SubmitSmResp},
};
use rusmppc::{Client, error::Error};

/// Sends over one connection.
#[derive(Clone, Debug)]
pub struct Line {
    client: Client,
    nudges: Arc<Nudges>,
}

impl Line {
    /// The line, and the task that must run for it.
    pub fn new(client: Client, moving: impl Future<Output = ()>) -> (Self, impl Future<Output = ()>) {
        let nudges = Arc::new(Nudges::default());
        let task = nudges.clone().run(moving);
        (Self { client, nudges }, task)
    }

    /// Binds.
    ///
    /// # Errors
    /// The library's, as for all below.
    pub async fn bind(&self, bind: BindTransceiver) -> Result<(), Error> {
        self.nudges.after(self.client.bind_transceiver(bind)).await.map(drop)
    }

    /// Sends a message and waits for its answer.
    pub async fn submit(&self, submit: SubmitSm) -> Result<SubmitSmResp, Error> {
        self.nudges.after(self.client.submit_sm(submit)).await
    }

    /// Answers a delivery.
    pub async fn answer_delivery(&self, sequence: u32, status: CommandStatus) -> Result<(), Error> {
        self.nudges.after(self.client.status(status).deliver_sm_resp(sequence, DeliverSmResp::default())).await
    }

    /// Says that a command is not known here.
    pub async fn nack(&self, sequence: u32) -> Result<(), Error> {
        self.nudges.after(self.client.status(CommandStatus::EsmeRinvcmdid).generic_nack(sequence)).await
    }

    /// Answers the far end's leave.
    pub async fn answer_unbind(&self, sequence: u32) -> Result<(), Error> {
        self.nudges.after(self.client.unbind_resp(sequence)).await
    }

    /// Takes leave, and closes once that is answered.
    pub async fn unbind(&self) -> Result<(), Error> {
        self.nudges.after(self.client.unbind()).await?;
        self.nudges.after(self.client.close()).await
    }
}

/// Passes that the task still owes to those who asked for something.
#[derive(Debug, Default)]
struct Nudges {
    owed: AtomicUsize,
    task: AtomicWaker,
}

impl Nudges {
    fn nudge(&self) {
        self.owed.fetch_add(1, Ordering::AcqRel);
        self.task.wake();
    }

    /// Runs a call and lets the task run once its request is queued, and once more when it ends: a call that is given up
    /// queues that it was.
    async fn after<T>(&self, call: impl Future<Output = T>) -> T {
        // Before the call, to be dropped after it.
        let _at_the_end = AtTheEnd(self);
        let mut call = pin!(call);
        let mut queued = false;
        std::future::poll_fn(|context| {
            let polled = call.as_mut().poll(context);
            if !std::mem::replace(&mut queued, true) {
                self.nudge();
            }
            polled
        })
        .await
    }

    async fn run(self: Arc<Self>, moving: impl Future<Output = ()>) {
        let mut moving = pin!(moving);
        let mut owed = 0_usize;
        std::future::poll_fn(|context| {
            self.task.register(context.waker());
            owed = owed.saturating_add(self.owed.swap(0, Ordering::AcqRel));
            if moving.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            if owed > 0 {
                owed -= 1;
                context.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await;
    }
}

struct AtTheEnd<'a>(&'a Nudges);

impl Drop for AtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.nudge();
    }
}
