//! Sums by user: digests told apart by the directory's list of users, and no more lines than an answer can carry.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adapters::sql::index::{Opener, UserKey, UserSum};
use exchange::{directory::Directory, ids::AgencyId, statement::Counts};
use serde_json::Value;

/// Lines that name a user, at most: with all else that an answer holds they stay below `limits::ANSWER_BYTES_MAX`.
pub(super) const LINES_MAX: usize = 2_000;

/// Whose a line is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    /// Nobody was named: the agency's system asked.
    Unnamed,
    /// A user whom the directory lists.
    User(String),
    /// Users whom it no longer lists, together.
    Former,
    /// Users with the smallest amounts, together, where there are too many to name each.
    Others,
}

impl Who {
    /// The members that say so.
    pub(super) fn members(&self) -> [(&'static str, Value); 2] {
        let (user, who) = match self {
            Self::Unnamed => (None, "unnamed"),
            Self::User(user) => (Some(user.as_str()), "user"),
            Self::Former => (None, "former"),
            Self::Others => (None, "others"),
        };
        [("user", user.into()), ("who", who.into())]
    }
}

/// The users of these agencies by the digest that the index knows.
pub(super) fn known<'a>(
    opener: &Opener,
    directory: &Directory,
    agencies: impl Iterator<Item = &'a AgencyId>,
) -> HashMap<UserKey, String> {
    let of = |agency: &'a AgencyId| {
        let users = directory.users(agency);
        users.map(move |user| (opener.user_key(agency.as_str(), user.id.as_str()), user.id.to_string()))
    };
    agencies.flat_map(of).collect::<HashMap<_, _>>()
}

/// Whose a sum is.
pub(super) fn who(sum: &UserSum, known: &HashMap<UserKey, String>) -> Who {
    match &sum.user {
        None => Who::Unnamed,
        Some(key) => known.get(key).map_or(Who::Former, |user| Who::User(user.clone())),
    }
}

/// One line's place: agency, user, and a service or nothing.
pub(super) type Place = (AgencyId, Who, String);

/// Sums under their places. Where they would name users in more than `most` lines, those with the smallest amounts stand
/// together, so that nothing is missing from the sum.
pub(super) fn lines(sums: &[(Place, &UserSum)], most: usize) -> BTreeMap<Place, Counts> {
    let few = beyond(sums, most);
    let mut lines: BTreeMap<Place, Counts> = BTreeMap::new();
    for ((agency, who, part), sum) in sums {
        let user = (agency.clone(), who.clone());
        let who = if few.contains(&user) { Who::Others } else { user.1 };
        lines.entry((user.0, who, part.clone())).or_default().add(&sum.sum);
    }
    lines
}

/// Users who find no place: lines are given to those with the greatest amounts first, all lines of a user or none.
fn beyond(sums: &[(Place, &UserSum)], most: usize) -> BTreeSet<(AgencyId, Who)> {
    let mut users: BTreeMap<(AgencyId, Who), (i64, BTreeSet<&str>)> = BTreeMap::new();
    for ((agency, who, part), sum) in sums.iter().filter(|((_, who, _), _)| matches!(who, Who::User(_))) {
        let (amount, parts) = users.entry((agency.clone(), who.clone())).or_default();
        *amount = amount.saturating_add(sum.sum.amount_milli_paisa);
        parts.insert(part);
    }
    let mut ranked: Vec<_> = users.into_iter().collect();
    ranked.sort_by_key(|(_, (amount, _))| std::cmp::Reverse(*amount));
    let mut taken = 0_usize;
    let mut few = BTreeSet::new();
    for (user, (_, parts)) in ranked {
        taken = taken.saturating_add(parts.len());
        if taken > most {
            few.insert(user);
        }
    }
    few
}

#[cfg(test)]
mod tests {
    use exchange::statement::{Sum, SumKey};

    use super::*;

    fn sum(agency: &str, service: &str, amount_milli_paisa: i64) -> UserSum {
        let (rate_version, tariff) = (String::new(), String::new());
        let key = SumKey { service: service.into(), rate_version, class: None, tariff, unit: None };
        let sum = Sum { key, calls: 1, rows: 1, units: 0, amount_milli_paisa };
        UserSum { agency: AgencyId::parse(agency).unwrap(), user: None, sum }
    }

    /// Sums of `bank-indus` by user, service and amount; lines as user and service with what they came to.
    fn check(sums: &[(Who, &str, i64)], most: usize, expected: &[(Who, &str, i64)]) {
        let stored: Vec<_> = sums.iter().map(|(_, service, amount)| sum("bank-indus", service, *amount)).collect();
        let placed = |((who, service, _), sum): (&(Who, &str, i64), _)| {
            ((AgencyId::parse("bank-indus").unwrap(), who.clone(), (*service).to_owned()), sum)
        };
        let placed: Vec<_> = sums.iter().zip(&stored).map(placed).collect();
        let lines = lines(&placed, most);
        let found: Vec<_> = lines
            .iter()
            .map(|((_, who, service), counts)| (who.clone(), service.as_str(), counts.amount_milli_paisa))
            .collect();
        assert_eq!(found, expected, "at most {most}");
    }

    #[test]
    fn lines_are_those_of_the_greatest_amounts_and_the_rest_stands_together() {
        let user = |name: &str| Who::User(name.to_owned());
        let sums = [
            (user("a"), "kyc", 5),
            (user("b"), "kyc", 70),
            (user("b"), "list", 1),
            (user("c"), "kyc", 30),
            (Who::Unnamed, "kyc", 2),
            (Who::Former, "kyc", 1_000),
            (user("a"), "kyc", 4),
        ];
        let (unnamed, former) = ((Who::Unnamed, "kyc", 2), (Who::Former, "kyc", 1_000));
        let b = [(user("b"), "kyc", 70), (user("b"), "list", 1)];
        let [kyc, list] = b.clone();
        let all =
            [unnamed.clone(), (user("a"), "kyc", 9), kyc.clone(), list.clone(), (user("c"), "kyc", 30), former.clone()];
        check(&sums, 4, &all);
        let three = [unnamed.clone(), kyc, list, (user("c"), "kyc", 30), former.clone(), (Who::Others, "kyc", 9)];
        check(&sums, 3, &three);
        let none = [unnamed, former, (Who::Others, "kyc", 109), (Who::Others, "list", 1)];
        check(&sums, 0, &none);
        check(&[], 0, &[]);
    }

    #[test]
    fn a_line_without_a_user_says_why() {
        let check = |who: Who, user: Value, word: &str| {
            assert_eq!(who.members(), [("user", user), ("who", word.into())]);
        };
        check(Who::Unnamed, Value::Null, "unnamed");
        check(Who::User("teller-1".into()), "teller-1".into(), "user");
        check(Who::Former, Value::Null, "former");
        check(Who::Others, Value::Null, "others");
    }
}
