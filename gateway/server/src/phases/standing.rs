//! What a caller is told of its limits: the fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).
//!
//! Every limit that counted the request is told, the tightest first, since who obeys one alone may break another: two users
//! of an agency who each keep to their own would together break the agency's.
//!
//! Who does the following meets no 429:
//! 1. has no more requests under way, or answered within the last `w` seconds, than `q`;
//! 2. sends after an answer no more than its `r` within the next `t` seconds, what is under way included;
//! 3. sends nothing after a 429 until `Retry-After` seconds have passed.
//!
//! Why: a limit is a bucket of `q` that fills at `q` a second ([`super::limit`]). After 2 and 3 it holds what was told or more.
//! After `t` it is full again. By 1, no second in which requests arrive here has more than `q` of them: whatever arrived within
//! a second before the last of them was under way, or answered less than a second ago, when that last one was sent.

use std::fmt::Write as _;

/// Seconds of each limit's window, and after which it is whole again: each is a number a second, and its burst is no larger.
pub const WINDOW_S: u32 = 1;

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The agency's.
    Agency,
    /// The user's.
    User,
    /// The agency's at one service.
    Service,
    /// An address's on the public listener.
    Address,
}

impl Limit {
    /// Its name in both fields; it never changes meaning.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Agency => "agency",
            Self::User => "user",
            Self::Service => "service",
            Self::Address => "address",
        }
    }
}

/// How a request left one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Which limit.
    pub limit: Limit,
    /// Requests of one window.
    pub quota: u32,
    /// Requests that pass from now on without a wait; 0 where this one was refused.
    pub left: u32,
}

/// All limits that counted one request, the tightest first. A request that was refused before it was counted has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standings([Option<Standing>; 3]);

impl Standings {
    /// Adds a limit, or corrects the one of the same name downwards.
    pub fn note(&mut self, standing: Standing) {
        let place = self.0.iter().position(|each| each.is_none_or(|each| each.limit == standing.limit));
        if let Some(place) = place.and_then(|place| self.0.get_mut(place)) {
            let left = place.map_or(standing.left, |known| known.left.min(standing.left));
            *place = Some(Standing { left, ..standing });
        }
        self.0.sort_by_key(|each| each.map_or(u64::MAX, |each| u64::from(each.left)));
    }

    /// The limits, the tightest first.
    pub fn iter(&self) -> impl Iterator<Item = Standing> {
        self.0.iter().flatten().copied()
    }

    /// The values of `RateLimit-Policy` and `RateLimit` (RFC 9651 lists); `None` when nothing was counted.
    #[must_use]
    pub fn fields(&self) -> Option<(String, String)> {
        let (mut policy, mut state) = (String::with_capacity(72), String::with_capacity(72));
        for Standing { limit, quota, left } in self.iter() {
            let (name, comma) = (limit.as_str(), if policy.is_empty() { "" } else { ", " });
            // Writing into a text cannot fail.
            let _ = write!(policy, "{comma}\"{name}\";q={quota};w={WINDOW_S}");
            let _ = write!(state, "{comma}\"{name}\";r={left};t={WINDOW_S}");
        }
        (!policy.is_empty()).then_some((policy, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_told_and_the_tightest_first() {
        let mut all = Standings::default();
        assert_eq!(all.fields(), None);
        let mut check = |limit, quota, left, policy: &str, state: &str| {
            all.note(Standing { limit, quota, left });
            assert_eq!(all.fields().unwrap(), (policy.to_owned(), state.to_owned()));
        };
        check(Limit::Agency, 100, 7, "\"agency\";q=100;w=1", "\"agency\";r=7;t=1");
        let (policy, state) = ("\"agency\";q=100;w=1, \"user\";q=50;w=1", "\"agency\";r=7;t=1, \"user\";r=49;t=1");
        check(Limit::User, 50, 49, policy, state);
        let policy = "\"service\";q=5;w=1, \"agency\";q=100;w=1, \"user\";q=50;w=1";
        let state = "\"service\";r=0;t=1, \"agency\";r=7;t=1, \"user\";r=49;t=1";
        check(Limit::Service, 5, 0, policy, state);
        // A limit that is told twice is told as the lower.
        check(Limit::Agency, 100, 9, policy, state);
        check(Limit::Agency, 100, 3, policy, &state.replace("r=7", "r=3"));
    }
}
