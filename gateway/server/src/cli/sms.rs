//! `ijazat sms`: what the sandbox would have sent to citizens.

use std::io::Write;

use clap::Args;
use exchange::mobile::Mobile;

use super::{control, failure::Failure, options::Place, runtime::block_on};

/// Messages that the outbox is searched for at most: enough for a day of a demo.
const SEARCHED_MAX: u32 = 10_000;

/// Prints the sandbox's outbox, oldest first. Nothing of it was ever sent.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat sms                           the newest twenty messages
  ijazat sms --to 03001234567 --last 1

The sandbox is for development: it shows passcodes to whoever may read the state.")]
pub struct Sms {
    #[command(flatten)]
    place: Place,
    /// Only messages to this mobile
    #[arg(long, value_name = "MOBILE")]
    to: Option<String>,
    /// The newest so many messages
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    last: u32,
}

impl Sms {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a malformed mobile; [`Failure::Failed`] when the store does not answer.
    pub fn run(&self, out: &mut dyn Write) -> Result<(), Failure> {
        let to = self.to.as_deref().map(Mobile::parse).transpose();
        let to = to.map_err(|error| Failure::Usage(format!("--to: {error}")))?;
        let config = self.place.load()?;
        if !config.node.development {
            return Err(Failure::Usage("the outbox holds passcodes: it is shown in development only".to_owned()));
        }
        let messages = block_on(async {
            let store = control::open(&config).await?;
            store.outbox(SEARCHED_MAX).await.map_err(|error| Failure::Failed(error.to_string()))
        })?;
        let wanted: Vec<_> = messages.iter().filter(|sms| to.is_none_or(|to| sms.to == to)).collect();
        let last = usize::try_from(self.last).unwrap_or(usize::MAX);
        for sms in wanted.iter().skip(wanted.len().saturating_sub(last)) {
            writeln!(out, "{}  to {}\n  {}", sms.queued_at.rfc3339(), sms.to.e164(), sms.text.replace('\n', "\n  "))?;
        }
        if wanted.is_empty() {
            writeln!(out, "no messages")?;
        }
        Ok(())
    }
}
