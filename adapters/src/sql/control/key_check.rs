//! Roles that share a control database must share its keys: with another lookup key no citizen is found, with another
//! wrapping key nothing opens, with another pepper no passcode is right. A tag under each key, kept at the first start,
//! lets a process with other keys be told at its start rather than by its citizens.

use aws_lc_rs::hmac;

use super::{Database, SqlError, damaged};

/// What is tagged, before the key's name. Neither a CNIC nor a passcode's binding ever begins so.
const LABEL: &str = "ijazat control database, key check 1: ";

/// A key's name, as its file has it, and the tag under it.
pub(super) type Checks = [(&'static str, [u8; 32]); 3];

/// The tags of the three keys.
pub(super) fn of(lookup: &[u8; 32], wrapping: &[u8; 32], pepper: &[u8; 32]) -> Checks {
    [("lookup", lookup), ("wrapping", wrapping), ("pepper", pepper)].map(|(name, key)| (name, tag(name, key)))
}

fn tag(name: &str, key: &[u8; 32]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{LABEL}{name}").as_bytes());
    let mut out = [0; 32];
    out.iter_mut().zip(tag.as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// Holds the tags against those of the first start, which this may be.
///
/// # Errors
/// [`SqlError::OtherKey`] names the first key that differs; nothing was kept then.
pub(super) async fn same(database: &Database, checks: &Checks) -> Result<(), SqlError> {
    let mut work = database.begin().await?;
    for (name, tag) in checks {
        sqlx::query("INSERT INTO key_check (name, tag) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
            .bind(*name)
            .bind(tag.to_vec())
            .execute(work.on())
            .await?;
        // Of two first starts at once one waits here, and reads what the other kept.
        let kept: Option<Vec<u8>> = sqlx::query_scalar("SELECT tag FROM key_check WHERE name = $1")
            .bind(*name)
            .fetch_optional(work.on())
            .await?;
        if kept.ok_or_else(|| damaged("key check"))? != tag {
            return Err(SqlError::OtherKey { key: name });
        }
    }
    work.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every control database out there holds these: a change of the label would refuse them all.
    #[test]
    fn a_tag_is_the_same_for_ever() {
        let tags = of(&[1; 32], &[2; 32], &[3; 32]).map(|(name, tag)| (name, hex::encode(tag)));
        let expected = [
            ("lookup", "81c90fd669d0146b08954da92cc6f5f2d4bfe38fbfc3fd9541cc095bef1b2290"),
            ("wrapping", "c0726a669f271db851e6511fdfe2af016c36d6933fb8ca9b44c25a8f1db9beb7"),
            ("pepper", "1140343d162f68c3baa654d9eb11d6c5e08084754c7e729ee100af9eb14fd223"),
        ];
        assert_eq!(tags, expected.map(|(name, tag)| (name, tag.to_owned())));
    }

    #[test]
    fn one_secret_in_two_places_has_two_tags() {
        let [lookup, wrapping, pepper] = of(&[7; 32], &[7; 32], &[7; 32]).map(|(_, tag)| tag);
        assert!(lookup != wrapping && wrapping != pepper && pepper != lookup);
        // Nor is a tag the digest of a citizen or what HMAC makes of the name alone.
        assert_ne!(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), b"lookup").as_ref(), lookup);
    }
}
