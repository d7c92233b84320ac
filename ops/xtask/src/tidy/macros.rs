//! What hides inside macro calls, which the parser of Rust does not look into.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Names of methods that panic.
pub const PANICKING: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];

/// Lines and names of calls `.name(…)` among `names` in the tokens of a macro call.
pub fn method_calls(tokens: TokenStream, names: &[&'static str]) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    let (mut before, mut called) = (false, None);
    for token in tokens {
        match &token {
            TokenTree::Ident(ident) if before => {
                let name = names.iter().copied().find(|name| ident == name);
                called = name.map(|name| (ident.span().start().line, name));
            }
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Parenthesis {
                    found.extend(called);
                }
                found.extend(method_calls(group.stream(), names));
                called = None;
            }
            _ => called = None,
        }
        before = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '.');
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_found_however_deep_it_stands() {
        let check = |text: &str, expected: &[&str]| {
            let found: Vec<_> =
                method_calls(text.parse().unwrap(), &PANICKING).into_iter().map(|(_, name)| name).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("a.unwrap()", &["unwrap"]);
        check("{ select => x(a.b().expect(\"c\")) }", &["expect"]);
        check("a.unwrap_or(b)", &[]);
        check("unwrap(a)", &[]);
        check("a.unwrap", &[]);
        check("", &[]);
        check("a . unwrap ( )", &["unwrap"]);
        check("a.unwrap[0]", &[]);
        check("a.unwrap{}", &[]);
        check("a.b.expect_err(c).unwrap_err()", &["expect_err", "unwrap_err"]);
        check("a.unwrap, (b)", &[]);
        check("a.unwrap ; (b)", &[]);
        check("a..unwrap()", &["unwrap"]);
        check("\".unwrap()\" '.'", &[]);
        check("[[[{ ((a.unwrap())) }]]]", &["unwrap"]);
        check("f(a.unwrap(b.expect(\"c\")))", &["unwrap", "expect"]);
    }

    #[test]
    fn only_the_names_that_were_asked_for_are_found_and_each_by_its_line() {
        let tokens = || "a\n.lock()\n.unwrap();\nb.lock()".parse().unwrap();
        assert_eq!(method_calls(tokens(), &["lock"]), [(2, "lock"), (4, "lock")]);
        assert_eq!(method_calls(tokens(), &["unwrap"]), [(3, "unwrap")]);
        assert_eq!(method_calls(tokens(), &[]), []);
    }
}
