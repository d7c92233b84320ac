//! What the contract with an aggregator says, and which contracts cannot be kept.

use std::{net::IpAddr, time::Duration};

use http::Uri;

use super::{Password, WebhookSecret, limits};

/// How `sendsms` is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// By GET: the only way that Kannel takes. Password and text stand in the URL, so proxies between must not log it.
    Get,
    /// By POST with a form: for aggregators that take it.
    Post,
}

/// Where the aggregator shall send its receipts.
#[derive(Clone, Debug)]
pub struct Callback {
    /// Our webhooks as the aggregator reaches them, such as `http://127.0.0.1:8090`.
    pub base: String,
    /// The token that it shows by calling the URL that it was given; none where it signs.
    pub token: Option<WebhookSecret>,
}

/// The contract with an aggregator. Prints without the password.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The URL of `sendsms`: `https://`, or `http://` at a loopback address. Whoever controls it reads every message.
    pub sendsms: String,
    /// How it is called.
    pub method: Method,
    /// Our account.
    pub username: String,
    /// Its password.
    pub password: Password,
    /// What messages come from, such as `8009`.
    pub from: String,
    /// Where receipts shall go; none are asked for without it.
    pub callback: Option<Callback>,
    /// Messages in a second, at most 10 000.
    pub a_second: u32,
    /// Requests at the same time, at most 1 000.
    pub window: u32,
    /// How long connecting may take, at most 5 s.
    pub connect: Duration,
    /// How long the answer may take then, at most 15 s.
    pub answer: Duration,
}

/// Why a contract cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Not a URL of the form that is needed.
    #[error("`{0}` is not a plain URL of https://, without user, query and `%`")]
    Url(&'static str),
    /// In the clear over a network.
    #[error("`{0}` is http:// and not at a loopback address")]
    InTheClear(&'static str),
    /// Missing or too long.
    #[error("`{0}` has not 1 to 128 bytes, or a control character")]
    Word(&'static str),
    /// Nothing, or more than its bound.
    #[error("`{0}` is 0 or above its bound")]
    Bound(&'static str),
}

impl Settings {
    /// Checks everything and gives the URL of `sendsms`.
    pub(super) fn check(&self) -> Result<Uri, SettingsError> {
        word("username", &self.username)?;
        word("password", self.password.reveal())?;
        word("from", &self.from)?;
        bound("a_second", self.a_second, limits::RATE_A_SECOND_MAX)?;
        bound("window", self.window, limits::WINDOW_MAX)?;
        bound("connect", self.connect, limits::CONNECT_MAX)?;
        bound("answer", self.answer, limits::ANSWER_MAX)?;
        if let Some(callback) = &self.callback {
            url("callback", &callback.base)?;
        }
        url("sendsms", &self.sendsms)
    }
}

impl Callback {
    /// The URL of the receipts of one message, with our name for it. An aggregator that signs says the rest in the body. Kannel
    /// fills in `%d` (what became of it), `%F` (the network's name for it) and `%p` (the handset's number).
    pub(super) fn receipts_of(&self, id: &str) -> String {
        let base = self.base.trim_end_matches('/');
        self.token.as_ref().map_or_else(
            || format!("{base}/sms/dlr?id={id}"),
            |token| format!("{base}/sms/dlr?token={}&id={id}&status=%d&message_id=%F&to=%p", token.reveal()),
        )
    }
}

fn word(name: &'static str, text: &str) -> Result<(), SettingsError> {
    let fits = (1..=limits::WORD_BYTES_MAX).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(SettingsError::Word(name)) }
}

fn bound<T: Copy + PartialOrd + Default>(name: &'static str, value: T, max: T) -> Result<(), SettingsError> {
    if value > T::default() && value <= max { Ok(()) } else { Err(SettingsError::Bound(name)) }
}

fn url(name: &'static str, text: &str) -> Result<Uri, SettingsError> {
    // Kannel would take a `%` for something to fill in.
    let plain = text.len() <= limits::URL_BYTES_MAX && !text.contains(['?', '#', '@', '%']);
    let uri: Uri = plain.then(|| text.parse().ok()).flatten().ok_or(SettingsError::Url(name))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("https"), Some(_)) => Ok(uri),
        (Some("http"), Some(host)) if is_loopback(host) => Ok(uri),
        (Some("http"), Some(_)) => Err(SettingsError::InTheClear(name)),
        _ => Err(SettingsError::Url(name)),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            sendsms: "https://aggregator.example/cgi-bin/sendsms".to_owned(),
            method: Method::Get,
            username: "ijazat".to_owned(),
            password: Password::new("the-password".to_owned()),
            from: "8009".to_owned(),
            callback: None,
            a_second: 10,
            window: 4,
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(15),
        }
    }

    #[test]
    fn messages_cross_a_network_only_encrypted() {
        let check = |text: &str, expected: Result<(), SettingsError>| {
            let found = Settings { sendsms: text.to_owned(), ..settings() }.check();
            assert_eq!(found.map(|_| ()), expected, "{text}");
        };
        check("https://aggregator.example/sendsms", Ok(()));
        for loopback in ["http://127.0.0.1:13013/cgi-bin/sendsms", "http://[::1]:1/", "http://localhost:1/"] {
            check(loopback, Ok(()));
        }
        for network in ["http://aggregator.example/sendsms", "http://10.0.0.1/", "http://127.0.0.1.example/"] {
            check(network, Err(SettingsError::InTheClear("sendsms")));
        }
        for other in ["", "sendsms", "ftp://127.0.0.1/", "https://a@b/", "https://b/?c", "https://b/%20", "https://"] {
            check(other, Err(SettingsError::Url("sendsms")));
        }
    }

    #[test]
    fn nothing_is_unbounded_and_nothing_stands_still() {
        let check = |settings: Settings, expected| assert_eq!(settings.check().map(|_| ()), Err(expected));
        check(Settings { a_second: 0, ..settings() }, SettingsError::Bound("a_second"));
        check(Settings { window: 1_001, ..settings() }, SettingsError::Bound("window"));
        check(Settings { answer: Duration::ZERO, ..settings() }, SettingsError::Bound("answer"));
        check(Settings { connect: Duration::from_secs(6), ..settings() }, SettingsError::Bound("connect"));
        check(Settings { from: String::new(), ..settings() }, SettingsError::Word("from"));
        check(Settings { username: "a\nb".to_owned(), ..settings() }, SettingsError::Word("username"));
        let callback = Some(Callback { base: "http://10.0.0.1".to_owned(), token: None });
        check(Settings { callback, ..settings() }, SettingsError::InTheClear("callback"));
    }

    #[test]
    fn a_receipts_url_names_our_message_and_holds_a_token_where_nothing_is_signed() {
        let check = |token: Option<&str>, expected: &str| {
            let token = token.map(|token| WebhookSecret::parse(token).unwrap());
            let callback = Callback { base: "https://gateway.example/".to_owned(), token };
            assert_eq!(callback.receipts_of("0a"), expected);
        };
        check(None, "https://gateway.example/sms/dlr?id=0a");
        check(
            Some("tttttttttttttttttttttttttttttttt"),
            "https://gateway.example/sms/dlr?token=tttttttttttttttttttttttttttttttt&id=0a&status=%d&message_id=%F&to=%p",
        );
    }

    #[test]
    fn settings_print_without_the_password() {
        assert!(!format!("{:?}", settings()).contains("the-password"));
    }
}
