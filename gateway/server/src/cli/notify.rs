//! `ijazat agency notify`: where an agency is told of answers and events.

use clap::Args;
use exchange::{
    ids::AgencyId,
    notify::{DeliveryMode, Notify, NotifyUrl},
};

use super::{control, failure::Failure, runtime::block_on};
use crate::config::Config;

/// Set where an agency is told that it may ask, and of consents that citizens ended
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat agency notify bank-indus --mode ping --ping-url https://bank.example/ciba
  ijazat agency notify bank-indus --event-url https://bank.example/events
  ijazat agency notify bank-indus --off

What is not given is taken away. The mode push is refused: a token is fetched over the certificate that it is bound to.
The server's authority stands in [notify] ca, and a network behind your walls in [notify] networks.")]
pub struct NotifyCommand {
    /// The agency
    #[arg(value_parser = agency)]
    pub(super) agency: AgencyId,
    /// How it learns of an answer: poll or ping
    #[arg(long, value_name = "MODE", default_value = "poll", value_parser = mode, conflicts_with = "off")]
    mode: DeliveryMode,
    /// Where it is told that it may ask
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "off")]
    ping_url: Option<NotifyUrl>,
    /// Where it is told of consents that citizens ended
    #[arg(long, value_name = "URL", value_parser = url, conflicts_with = "off")]
    event_url: Option<NotifyUrl>,
    /// Tell it nothing any more
    #[arg(long)]
    off: bool,
}

impl NotifyCommand {
    /// Changes the directory; the words for what is so now, and the generation.
    pub(super) fn run(&self, config: &Config) -> Result<(&'static str, u64), Failure> {
        let notify = Notify::new(self.mode, self.ping_url.clone(), self.event_url.clone());
        let notify = notify.map_err(|error| Failure::Usage(error.to_string()))?;
        let nothing = self.off || (notify.ping_url.is_none() && notify.event_url.is_none());
        let change = async {
            let store = control::open(config).await?;
            let set = store.set_agency_notify(&self.agency, (!nothing).then_some(notify)).await;
            set.map_err(|error| Failure::Failed(error.to_string()))
        };
        Ok((if nothing { "is told nothing" } else { "is told so" }, block_on(change)?))
    }
}

fn agency(text: &str) -> Result<AgencyId, String> {
    AgencyId::parse(text).map_err(|error| error.to_string())
}

fn mode(text: &str) -> Result<DeliveryMode, String> {
    DeliveryMode::parse(text).map_err(|error| error.to_string())
}

fn url(text: &str) -> Result<NotifyUrl, String> {
    NotifyUrl::parse(text).map_err(|error| error.to_string())
}
