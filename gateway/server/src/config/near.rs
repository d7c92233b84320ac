//! Guesses which key was meant when one is misspelt.

/// The known key that most likely was meant: one or two letters away.
pub(super) fn nearest<'k>(key: &str, known: &[&'k str]) -> Option<&'k str> {
    known.iter().map(|near| (distance(key, near), *near)).filter(|(far, _)| *far <= 2).min().map(|(_, near)| near)
}

/// Letters to change, add or take away between two keys (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to = to.as_bytes();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (above, letter) in from.bytes().enumerate() {
        let mut diagonal = above;
        let mut left = above + 1;
        for (cell, other) in row.iter_mut().skip(1).zip(to) {
            let here = (diagonal + usize::from(letter != *other)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = above + 1;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "near_tests.rs"]
mod tests;
