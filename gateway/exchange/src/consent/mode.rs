//! How a citizen answers: reads the passcode out at the counter, or texts it to 8009 with two digits from the agency's screen.

use serde::{Deserialize, Serialize};

use super::details::Channel;

/// How a citizen answers. The order is that of strength: a purpose's floor is the least that will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// The citizen reads the passcode to the clerk, who types it in.
    #[default]
    SmsPin,
    /// The citizen texts `OK`, the passcode and two digits of the agency's screen: the agency never sees the passcode.
    SmsReply,
}

/// Why a request may not be made in the mode that it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// None of the values is one of ours.
    #[error("acr_values names no way that is known here")]
    Unknown,
    /// Who is not at the counter reads no passcode to anybody (design/consent.md, behaviour 9).
    #[error("a remote citizen is asked by {} only", Mode::SmsReply.acr())]
    Remote,
    /// The purpose asks for more.
    #[error("the purpose asks for {} at least", .0.acr())]
    BelowFloor(Mode),
}

impl Mode {
    /// The word in stores and in the directory.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SmsPin => "sms-pin",
            Self::SmsReply => "sms-reply",
        }
    }

    /// Reads back [`Self::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::SmsPin, Self::SmsReply].into_iter().find(|mode| mode.as_str() == text)
    }

    /// The authentication context class on the wire (OpenID Connect Core 1.0 §2, `acr`).
    #[must_use]
    pub const fn acr(self) -> &'static str {
        match self {
            Self::SmsPin => "urn:nadra:acr:sms-pin",
            Self::SmsReply => "urn:nadra:acr:sms-reply",
        }
    }

    /// Whether this is what it is where nothing is said: such a purpose reads and is written as before there were floors.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The mode of a request: the first of its `acr_values` that is known; what the purpose and the channel ask for where it has
    /// none. It may ask for more than they do, and never for less.
    ///
    /// # Errors
    /// [`ModeError`].
    pub fn choose(acr_values: Option<&str>, floor: Self, channel: Channel) -> Result<Self, ModeError> {
        let least = match channel {
            Channel::Counter => floor,
            Channel::Remote => floor.max(Self::SmsReply),
        };
        let Some(values) = acr_values else { return Ok(least) };
        let known = |value: &str| [Self::SmsPin, Self::SmsReply].into_iter().find(|mode| mode.acr() == value);
        let asked = values.split(' ').find_map(known).ok_or(ModeError::Unknown)?;
        match asked >= least {
            true => Ok(asked),
            false if asked < floor => Err(ModeError::BelowFloor(floor)),
            false => Err(ModeError::Remote),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c09_a_request_may_ask_for_more_than_the_floor_and_never_for_less() {
        use Channel::{Counter, Remote};
        use Mode::{SmsPin, SmsReply};
        const PIN: &str = "urn:nadra:acr:sms-pin";
        const REPLY: &str = "urn:nadra:acr:sms-reply";
        let check = |asked, floor, channel, expected| {
            assert_eq!(Mode::choose(asked, floor, channel), expected, "{asked:?} {floor:?} {channel:?}");
        };
        check(None, SmsPin, Counter, Ok(SmsPin));
        check(None, SmsPin, Remote, Ok(SmsReply));
        check(None, SmsReply, Counter, Ok(SmsReply));
        check(Some(PIN), SmsPin, Counter, Ok(SmsPin));
        check(Some(PIN), SmsPin, Remote, Err(ModeError::Remote));
        check(Some(PIN), SmsReply, Counter, Err(ModeError::BelowFloor(SmsReply)));
        check(Some(PIN), SmsReply, Remote, Err(ModeError::BelowFloor(SmsReply)));
        for floor in [SmsPin, SmsReply] {
            for channel in [Counter, Remote] {
                check(Some(REPLY), floor, channel, Ok(SmsReply));
            }
        }
    }

    #[test]
    fn c09_the_first_value_that_is_known_decides() {
        let check = |asked: &str, expected| {
            assert_eq!(Mode::choose(Some(asked), Mode::SmsPin, Channel::Counter), expected, "{asked}");
        };
        check("urn:nadra:acr:sms-reply urn:nadra:acr:sms-pin", Ok(Mode::SmsReply));
        check("urn:nadra:acr:sms-pin urn:nadra:acr:sms-reply", Ok(Mode::SmsPin));
        check("urn:nadra:acr:app urn:nadra:acr:sms-reply", Ok(Mode::SmsReply));
        for unknown in
            ["", " ", "urn:nadra:acr:app", "sms-reply", "URN:NADRA:ACR:SMS-REPLY", "urn:nadra:acr:sms-reply,x"]
        {
            check(unknown, Err(ModeError::Unknown));
        }
    }

    #[test]
    fn a_mode_reads_back_and_is_written_the_same_everywhere() {
        for mode in [Mode::SmsPin, Mode::SmsReply] {
            assert_eq!(Mode::parse(mode.as_str()), Some(mode));
            assert_eq!(serde_json::to_value(mode).unwrap(), mode.as_str());
            assert_eq!(mode.acr(), format!("urn:nadra:acr:{}", mode.as_str()));
        }
        assert_eq!(Mode::parse("app"), None);
    }
}
