//! SMS over an aggregator's HTTP, by the conventions of Kannel: [`HttpSms`] sends, [`webhooks`] takes what comes back.
//!
//! | File | What it holds |
//! | --- | --- |
//! | `settings` | what the contract with an aggregator says, checked |
//! | `secret` | the secrets of webhooks, which print masked |
//! | `transport` | handing a message over: connection, request, times |
//! | `coding` | whether a text goes in the GSM alphabet |
//! | `answer` | what an aggregator's answer means |
//! | `turn` | the contract's rate and window |
//! | `webhooks` | the router and who may call it |
//! | `signature` | the signature of a webhook |
//! | `notice` | what a webhook says, as [`Incoming`](super::port::Incoming) and [`Receipt`](super::port::Receipt) |
//! | `problem` | what is answered to a webhook that is not taken |
//! | `limits` | every bound |
//!
//! # With Kannel (seen with 1.4.5)
//!
//! * `sendsms` takes [`Method::Get`] alone: it answers a form by POST with 400 `Invalid content-type`. It tells no id, so the
//!   name of a message is ours, and the receipt repeats it. With `immediate-sendsms-reply` it answers `Sent.`, taken as well.
//! * `group = sendsms-user` needs `max-messages = 10` and `concatenation = true`: usually Kannel cuts off what does not fit
//!   in one SMS and still answers `0: Accepted for delivery`.
//! * `group = smsbox` needs `mo-recode = true`, or a message in Urdu does not come as UTF-8. It needs `http-request-retry` too:
//!   usually Kannel asks once and drops what was not answered with 200 or 202 (204 is not enough). With it, messages of
//!   citizens and receipts are repeated as often, `http-queue-delay` seconds apart, and dropped then; `Retry-After` is not
//!   looked at. What waits is in the memory of smsbox only and ends with it.
//! * `group = sms-service` needs `keyword = default`, `max-messages = 0` and
//!   `get-url = "http://127.0.0.1:PORT/sms/mo?token=TOKEN&from=%p&to=%P&text=%b"`. With `max-messages = 0` no answer of ours ever
//!   becomes an SMS. `omit-empty = true` alone is less: an empty answer is then no SMS, but a failed one is, with the text of
//!   `reply-couldnotfetch`.
//! * smsbox ends with an assertion when a message comes before it has found bearerbox: it is to be supervised, and nobody knows
//!   then whether the message was taken.
//! * A message in several parts has one receipt, its first part's. Receipts come in any order.
//! * Kannel writes the URLs that it calls into its logs, with the token and the citizen's words. Its log level must be set so
//!   that it does not, or its logs be kept like ours.

mod answer;
mod coding;
mod limits;
mod notice;
mod problem;
mod secret;
mod settings;
mod signature;
mod transport;
mod turn;
mod webhooks;

pub use secret::{SecretError, WebhookSecret};
pub use settings::{Callback, Method, Settings, SettingsError};
pub use signature::SIGNATURE_HEADER;
pub use transport::HttpSms;
pub use webhooks::{Unsigned, webhooks};

pub use super::password::Password;
