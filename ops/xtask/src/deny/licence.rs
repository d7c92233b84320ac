//! SPDX licence expressions: whether a set of allowed licences satisfies one.

/// Whether `expression` can be satisfied by licences for which `allowed` answers yes. `A OR B` needs one, `A AND B`
/// both; `A WITH e` is one licence of its own; the old `A/B` means `A OR B`. What cannot be read is not satisfied.
pub fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    matches!(either(&words, allowed), Some((answer, [])) if answer)
}

/// What a part of an expression answers, and the words after it.
type Read<'a, 'b> = Option<(bool, &'b [&'a str])>;

fn either<'a, 'b>(words: &'b [&'a str], allowed: &dyn Fn(&str) -> bool) -> Read<'a, 'b> {
    let (mut answer, mut rest) = both(words, allowed)?;
    while let ["OR", after @ ..] = rest {
        let (next, left) = both(after, allowed)?;
        (answer, rest) = (answer || next, left);
    }
    Some((answer, rest))
}

fn both<'a, 'b>(words: &'b [&'a str], allowed: &dyn Fn(&str) -> bool) -> Read<'a, 'b> {
    let (mut answer, mut rest) = one(words, allowed)?;
    while let ["AND", after @ ..] = rest {
        let (next, left) = one(after, allowed)?;
        (answer, rest) = (answer && next, left);
    }
    Some((answer, rest))
}

fn one<'a, 'b>(words: &'b [&'a str], allowed: &dyn Fn(&str) -> bool) -> Read<'a, 'b> {
    match words {
        ["(", inside @ ..] => match either(inside, allowed)? {
            (answer, [")", rest @ ..]) => Some((answer, rest)),
            _ => None,
        },
        [id, "WITH", exception, rest @ ..] => Some((allowed(&format!("{id} WITH {exception}")), rest)),
        [id, rest @ ..] => Some((allowed(id), rest)),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_is_satisfied_by_what_it_asks_for_and_by_nothing_less() {
        let allowed = |id: &str| ["MIT", "Apache-2.0", "Unicode-3.0"].contains(&id);
        let check = |expression, expected| assert_eq!(satisfied(expression, &allowed), expected, "{expression}");
        check("MIT", true);
        check("GPL-3.0", false);
        check("GPL-3.0 OR MIT", true);
        check("MIT AND GPL-3.0", false);
        check("(MIT OR GPL-3.0) AND Unicode-3.0", true);
        check("(GPL-2.0 OR GPL-3.0) AND MIT", false);
        check("MIT/GPL-3.0", true);
        check("Apache-2.0 WITH LLVM-exception", false);
        check("", false);
        check("(MIT", false);
        check("MIT MIT", false);
    }
}
