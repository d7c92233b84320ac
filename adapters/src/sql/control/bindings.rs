//! What the code of a passcode covers, by the way that the citizen answers in; the digits of a screen, sealed in their row.

use exchange::{
    consent::{
        mode::Mode,
        passcode::{Binding, Passcode, PasscodeMac, ReplyBinding, ScreenNumber},
    },
    ids::{AgencyId, UserId},
};
use sqlx::{Row as _, any::AnyRow};
use zeroize::Zeroizing;

use super::{ControlStore, SqlError, damaged, requests::Stored, sha256};

impl ControlStore {
    /// The code of a request's passcode, which the store keeps in its place.
    pub(super) fn mac(&self, auth_req_id: &str, stored: &Stored, passcode: &Passcode) -> Result<PasscodeMac, SqlError> {
        if stored.transaction.mode == Mode::SmsReply {
            return self.reply_mac(stored, passcode, &self.screen(stored)?);
        }
        let (agency, user) = asked_by(stored)?;
        let details_sha256 = &sha256(stored.details.as_bytes());
        let binding = Binding { auth_req_id, details_sha256, agency: &agency, user: &user };
        Ok(self.keys.pepper.mac(binding, passcode))
    }

    /// The code of a passcode that is texted: a message carries no handle, so the hash that the request is stored under stands for it.
    pub(super) fn reply_mac(
        &self,
        stored: &Stored,
        passcode: &Passcode,
        screen: &ScreenNumber,
    ) -> Result<PasscodeMac, SqlError> {
        let (agency, user) = asked_by(stored)?;
        let details_sha256 = &sha256(stored.details.as_bytes());
        let binding = ReplyBinding { id_hash: &stored.id_hash, details_sha256, agency: &agency, user: &user, screen };
        Ok(self.keys.pepper.reply_mac(binding, passcode))
    }

    /// Seals the digits for the row of their request alone.
    pub(super) fn seal_screen(&self, id_hash: &str, screen: &ScreenNumber) -> Result<Vec<u8>, SqlError> {
        self.seal(&place(id_hash), screen.expose().as_bytes())
    }

    fn screen(&self, stored: &Stored) -> Result<ScreenNumber, SqlError> {
        let sealed = stored.screen.as_deref().ok_or_else(|| damaged("screen number"))?;
        let digits = Zeroizing::new(self.unseal(&place(&stored.id_hash), sealed)?);
        ScreenNumber::parse(&digits).ok_or_else(|| damaged("screen number"))
    }
}

/// How a citizen answers, as a column has it; empty in rows from before there was a choice.
pub(super) fn mode_of(row: &AnyRow) -> Result<Mode, SqlError> {
    let mode: Option<String> = row.try_get("mode")?;
    mode.map_or(Ok(Mode::SmsPin), |text| Mode::parse(&text).ok_or_else(|| damaged("mode")))
}

fn asked_by(stored: &Stored) -> Result<(AgencyId, UserId), SqlError> {
    let agency = AgencyId::parse(&stored.agency).map_err(|_| damaged("agency"))?;
    let user = UserId::parse(&stored.user).map_err(|_| damaged("user"))?;
    Ok((agency, user))
}

fn place(id_hash: &str) -> String {
    format!("auth_request/screen/{id_hash}")
}
