//! `ijazat sms`: messages to citizens and what became of them; in development also their texts, and what citizens would send.

use std::io::Write;

use adapters::sql::control::{ControlStore, Taken};
use clap::{Args, Subcommand};
use exchange::{
    consent::{answer::Told, word_text::Worded},
    mobile::Mobile,
};

use super::{control, failure::Failure, options::Place, runtime::block_on};

/// Messages that the outbox is searched for at most: enough for a day of a demo.
const SEARCHED_MAX: u32 = 10_000;

/// Prints the newest messages to citizens and what became of each, oldest first
///
/// In production nobody sees a text, and of a number only its last two digits. In development the texts are shown while they wait:
/// with `[sms] transport = "sandbox"` nothing is ever sent.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  ijazat sms                           the newest twenty messages
  ijazat sms --to 03001234567 --last 1
  ijazat sms receive --from 03001234567 'NO K7Q4'

What becomes of a message: waiting, taken (by the network), delivered, undeliverable, refused (by the network), late (its passcode
had run out), unknown (no answer came, as often as it may be tried)."
)]
pub struct Sms {
    #[command(subcommand)]
    command: Option<SmsCommand>,
    #[command(flatten)]
    place: Place,
    /// Only messages to this mobile
    #[arg(long, value_name = "MOBILE")]
    to: Option<String>,
    /// The newest so many messages
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    last: u32,
}

/// What else to do.
#[derive(Debug, Subcommand)]
enum SmsCommand {
    Receive(Receive),
}

/// Takes a message as if a citizen had sent it to 8009
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat sms receive --from 03001234567 'NO K7Q4'
  ijazat sms receive --from 03001234567 'STOP K7Q4'
  ijazat sms receive --from 03001234567 'OK 482913 47'
  ijazat sms receive --from 03001234567 LOCK

NO refuses a request, STOP ends a consent; the reference stands in the message that the citizen got. OK allows a request that is
answered by SMS: the code of that message and the two digits on the agency's screen. LOCK lets nobody ask any more, until UNLOCK
and then UNLOCK with the code that comes back. Case and the script of digits do not matter, and there are words in Roman Urdu
(NAHI, BAND, HAAN, TALA, KHOLO) and Urdu. The same words from the same number are one message for ten minutes.")]
struct Receive {
    #[command(flatten)]
    place: Place,
    /// Mobile of the citizen
    #[arg(long, value_name = "MOBILE")]
    from: String,
    /// What the citizen typed
    #[arg(value_name = "TEXT", required = true)]
    text: Vec<String>,
}

impl Receive {
    fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let from = Mobile::parse(&self.from).map_err(|error| Failure::Usage(format!("--from: {error}")))?;
        let text = self.text.join(" ");
        let taken = block_on(async {
            let store = sandbox(&self.place).await?;
            let taken = store.take_sms(from, &text).await.map_err(|error| Failure::Failed(error.to_string()));
            store.database().close().await;
            taken
        })?;
        match taken {
            Taken::Told(told) => writeln!(out, "{}: answered, see `ijazat sms`", what(&told))?,
            Taken::Repeated => writeln!(out, "the same message came before: nothing was done again")?,
            Taken::Silent => writeln!(
                out,
                "nothing was done, and too much of this number did nothing today: it is not answered any more"
            )?,
        }
        Ok(())
    }
}

fn what(told: &Told) -> String {
    match told {
        Told::Refused(reference) => format!("the request {} is refused", reference.as_str()),
        Told::Stopped(reference) => format!("the consent {} has ended", reference.as_str()),
        Told::Allowed(reference) => format!("the request {} is allowed", reference.as_str()),
        Told::Wrong { tries_left } => format!("the code or the digits are wrong, {tries_left} tries left"),
        Told::Locked => "wrong once too often: the request is closed".to_owned(),
        Told::NothingWaits => "nothing waits for this code".to_owned(),
        Told::Nothing => "there is nothing under this reference".to_owned(),
        Told::ConsentsLocked | Told::AlreadyLocked => "nobody can ask this number's citizens any more".to_owned(),
        Told::UnlockCode(_) => "a code is sent".to_owned(),
        Told::Unlocked => "this number's citizens can be asked again".to_owned(),
        Told::WrongUnlockCode => "the code is wrong or old".to_owned(),
        Told::Help | Told::GuessesSpent => "no such words".to_owned(),
        Told::Word(worded) => word(worded).to_owned(),
    }
}

const fn word(worded: &Worded) -> &'static str {
    match worded {
        Worded::Consents { .. } => "the consents are listed",
        Worded::Paused(_) => "the consent is paused",
        Worded::Resumed(_) => "the consent holds again",
        Worded::Blocked => "the agency cannot ask any more",
        Worded::Unblocked => "the agency can ask again",
        Worded::StoppedAll => "all consents have ended",
        Worded::Speaks(_) => "the language is changed",
        Worded::Alerts(_) | Worded::Discreet(_) => "the wish is noted",
        Worded::Code(..) => "a code is sent",
        Worded::WrongCode => "the code is wrong or old",
        Worded::AsItWas => "it was so before",
        Worded::WrongDigits => "nobody of this number has these digits",
    }
}

/// The store of an installation where messages are nobody's secret.
async fn sandbox(place: &Place) -> Result<ControlStore, Failure> {
    let config = place.load()?;
    if !config.node.development {
        return Err(Failure::Usage(
            "the sandbox shows passcodes and takes anyone's word: it is for development only".to_owned(),
        ));
    }
    control::open(&config).await
}

impl Sms {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a malformed mobile; [`Failure::Failed`] when the store does not answer.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        if let Some(SmsCommand::Receive(command)) = &self.command {
            return command.run(out);
        }
        let to = self.to.as_deref().map(Mobile::parse).transpose();
        let to = to.map_err(|error| Failure::Usage(format!("--to: {error}")))?;
        let config = self.place.load()?;
        let messages = block_on(async {
            let store = control::open(&config).await?;
            let messages = store.outbox(SEARCHED_MAX).await.map_err(|error| Failure::Failed(error.to_string()));
            store.database().close().await;
            messages
        })?;
        let wanted: Vec<_> = messages.iter().filter(|sms| to.is_none_or(|to| sms.to == to)).collect();
        let last = usize::try_from(self.last).unwrap_or(usize::MAX);
        for sms in wanted.iter().skip(wanted.len().saturating_sub(last)) {
            let (at, state) = (sms.queued_at.rfc3339(), sms.state.as_str());
            if !config.node.development {
                writeln!(out, "{at}  {state}  to {}", format_args!("{:?}", sms.to))?;
                continue;
            }
            writeln!(out, "{at}  {state}  to {}", sms.to.e164())?;
            if !sms.text.is_empty() {
                writeln!(out, "  {}", sms.text.replace('\n', "\n  "))?;
            }
        }
        if wanted.is_empty() {
            writeln!(out, "no messages")?;
        }
        Ok(())
    }
}
