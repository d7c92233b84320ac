//! The regular expressions that our schemas use: `^…$`, classes, groups with alternatives, and how often.

/// Whether the whole text fits the pattern, which must begin with `^` and end with `$`.
///
/// # Errors
/// What cannot be read in the pattern.
pub fn matches(pattern: &str, text: &str) -> Result<bool, String> {
    let inside = pattern.strip_prefix('^').and_then(|rest| rest.strip_suffix('$'));
    let inside: Vec<char> = inside.ok_or_else(|| format!("`{pattern}` is not ^…$"))?.chars().collect();
    let (either, rest) = either(&inside)?;
    if !rest.is_empty() {
        return Err(format!("`{pattern}`: a bracket closes that never opened"));
    }
    let text: Vec<char> = text.chars().collect();
    Ok(ends(&either, &text, 0).contains(&text.len()))
}

/// Alternatives, each a row of pieces.
type Either = Vec<Vec<Piece>>;

/// One thing, so many times.
#[derive(Debug)]
struct Piece {
    what: What,
    least: usize,
    most: usize,
}

#[derive(Debug)]
enum What {
    One(char),
    Class { negated: bool, ranges: Vec<(char, char)> },
    Group(Either),
}

fn either(mut rest: &[char]) -> Result<(Either, &[char]), String> {
    let mut all = vec![Vec::new()];
    loop {
        match rest {
            [] | [')', ..] => return Ok((all, rest)),
            ['|', after @ ..] => {
                all.push(Vec::new());
                rest = after;
            }
            _ => {
                let (piece, after) = piece(rest)?;
                all.last_mut().ok_or("no row")?.push(piece);
                rest = after;
            }
        }
    }
}

fn piece(rest: &[char]) -> Result<(Piece, &[char]), String> {
    let (what, rest) = match rest {
        ['(', inside @ ..] => match either(inside)? {
            (group, [')', after @ ..]) => (What::Group(group), after),
            _ => return Err("a bracket is not closed".to_owned()),
        },
        ['[', '^', inside @ ..] => class(inside, true)?,
        ['[', inside @ ..] => class(inside, false)?,
        ['\\', escaped, after @ ..] => (What::One(*escaped), after),
        [odd @ ('.' | '*' | '+' | '?' | '{' | '^' | '$'), ..] => return Err(format!("`{odd}` is not known here")),
        [one, after @ ..] => (What::One(*one), after),
        [] => return Err("the pattern ends early".to_owned()),
    };
    let (least, most, rest) = match rest {
        ['?', after @ ..] => (0, 1, after),
        ['+', after @ ..] => (1, usize::MAX, after),
        ['*', after @ ..] => (0, usize::MAX, after),
        ['{', after @ ..] => {
            let mut parts = after.splitn(2, |one| *one == '}');
            let (Some(digits), Some(after)) = (parts.next(), parts.next()) else {
                return Err("a brace is not closed".to_owned());
            };
            let digits: String = digits.iter().collect();
            let count = digits.parse().map_err(|_| format!("`{{{digits}}}` is no count"))?;
            (count, count, after)
        }
        _ => (1, 1, rest),
    };
    Ok((Piece { what, least, most }, rest))
}

fn class(mut rest: &[char], negated: bool) -> Result<(What, &[char]), String> {
    let mut ranges = Vec::new();
    loop {
        rest = match rest {
            [']', after @ ..] => return Ok((What::Class { negated, ranges }, after)),
            [from, '-', to, after @ ..] if *to != ']' => {
                ranges.push((*from, *to));
                after
            }
            [one, after @ ..] => {
                ranges.push((*one, *one));
                after
            }
            [] => return Err("a class is not closed".to_owned()),
        };
    }
}

/// Every place at which one of the alternatives may end that begins at `from`.
fn ends(either: &Either, text: &[char], from: usize) -> Vec<usize> {
    let mut all = Vec::new();
    for row in either {
        let mut places = vec![from];
        for piece in row {
            places = places.iter().flat_map(|place| repeated(piece, text, *place)).collect();
            places.sort_unstable();
            places.dedup();
        }
        all.extend(places);
    }
    all
}

fn repeated(piece: &Piece, text: &[char], from: usize) -> Vec<usize> {
    let mut found = if piece.least == 0 { vec![from] } else { Vec::new() };
    let mut places = vec![from];
    let mut times = 0;
    while times < piece.most && !places.is_empty() {
        let mut next: Vec<usize> = places.iter().flat_map(|place| once(&piece.what, text, *place)).collect();
        next.sort_unstable();
        next.dedup();
        times += 1;
        if times >= piece.least {
            found.extend(&next);
            // What takes nothing may be taken for ever.
            next.retain(|place| !places.contains(place));
        }
        places = next;
    }
    found
}

fn once(what: &What, text: &[char], from: usize) -> Vec<usize> {
    let fits = |given: char| match what {
        What::One(wanted) => given == *wanted,
        What::Class { negated, ranges } => ranges.iter().any(|(low, high)| (*low..=*high).contains(&given)) != *negated,
        What::Group(_) => false,
    };
    match what {
        What::Group(group) => ends(group, text, from),
        _ => text.get(from).filter(|given| fits(**given)).map(|_| from + 1).into_iter().collect(),
    }
}
