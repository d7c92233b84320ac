//! The walk over tricky Rust: what counts as tests, what may panic, what is public, and what only looks like it.

use super::*;
use crate::tidy::rust::{RustFile, measure};
use crate::tree::TextFile;

fn measured_at(path: &str, text: &str) -> RustFile {
    let files = [TextFile { path: path.into(), text: text.into() }];
    measure(&files).unwrap_or_else(|error| panic!("{error}: {text}")).pop().unwrap()
}

fn measured(text: &str) -> RustFile {
    measured_at("a/src/b.rs", text)
}

/// Offenders without the file's name.
fn told(found: &[String]) -> Vec<&str> {
    found.iter().map(|it| it.strip_prefix("a/src/b.rs:").unwrap_or(it)).collect()
}

#[test]
fn ways_to_panic_are_found_wherever_an_expression_can_stand() {
    let check = |text: &str, expected: &[&str]| assert_eq!(told(&measured(text).panics), expected, "{text}");
    check("fn f() { a.b().unwrap(); }", &["1: unwrap"]);
    check("fn f() {\n let x = || y\n  .unwrap_err();\n}", &["3: unwrap_err"]);
    check("fn f() { if let Some(x) = y.expect(\"z\") {} }", &["1: expect"]);
    check(
        "fn f() { match x { _ if y.expect_err(\"z\") => {} _ => unreachable!() } }",
        &["1: expect_err", "1: unreachable!"],
    );
    check("static S: u8 = { A.unwrap() };", &["1: unwrap"]);
    check("const C: u8 = match D { Some(x) => x, None => panic!(\"none\") };", &["1: panic!"]);
    check("impl A { fn f(&self) { self.x.unwrap() } }", &["1: unwrap"]);
    check("trait T { fn f() { g().unwrap() } }", &["1: unwrap"]);
    check("mod inner { mod deeper { fn f() { g().unwrap() } } }", &["1: unwrap"]);
    check("fn f() { async move { g().await.unwrap() }; }", &["1: unwrap"]);
    check("fn f() { std::panic!() }", &["1: panic!"]);
    check("fn f() { g(&mut [a.unwrap(), b][0].c.unwrap()); }", &["1: unwrap", "1: unwrap"]);
    check("fn f() { for x in y.unwrap() { while z.expect(\"\") {} } }", &["1: unwrap", "1: expect"]);
}

#[test]
fn what_only_looks_like_a_panic_is_left_alone() {
    let check = |text: &str| {
        let file = measured(text);
        assert!(file.panics.is_empty() && file.unfinished.is_empty(), "{text}: {file:?}");
    };
    check("fn f() { a.unwrap_or(b).unwrap_or_default(); a.unwrap_or_else(c); }");
    check("fn f() { a.expected(b); a.unwrapped(); }");
    check("fn unwrap() {} fn f() { unwrap(); Option::<u8>::unwrap; }");
    check("fn f() { let unwrap = \".unwrap()\"; let c = 'u'; }");
    check("fn f() { let text = r#\"x.unwrap() panic!() todo!()\"#; }");
    check("// x.unwrap()\n/* panic!() */\nfn f() {}");
    check("/// `x.unwrap()` and `todo!()` in words.\nfn f() {}");
    check("fn f() { assert!(a); assert_eq!(a, b); debug_assert!(a); }");
    check("fn panic() {} fn f() { panic(); std::panic::catch_unwind(g); }");
    check("fn f() { self.unwrap; self.expect = 1; }");
    check("struct Todo; fn f() -> Todo { Todo }");
}

#[test]
fn an_expected_panic_excuses_its_own_item_and_nothing_after_it() {
    let check = |text: &str, expected: &[&str]| assert_eq!(told(&measured(text).panics), expected, "{text}");
    let excused = "#[expect(clippy::panic, reason = \"x\")]\nfn f() { panic!() }\n";
    check(excused, &[]);
    check(&format!("{excused}fn g() {{ panic!() }}"), &["3: panic!"]);
    check("#[expect(clippy::panic, reason = \"x\")]\nfn f() { a.unwrap() }", &["2: unwrap"]);
    check("#[expect(clippy::panic, reason = \"x\")]\nfn f() { unreachable!() }", &["2: unreachable!"]);
    check("#[expect(clippy::other, reason = \"panic\")]\nfn f() { panic!() }", &["2: panic!"]);
    check(
        "#[expect(clippy::panic, reason = \"x\")]\nmod m { fn f() { panic!() } }\nfn g() { panic!() }",
        &["3: panic!"],
    );
    check(
        "struct S;\nimpl S {\n #[expect(clippy::panic, reason = \"x\")]\n fn f() { panic!() }\n fn g() { panic!() }\n}",
        &["5: panic!"],
    );
}

#[test]
fn each_way_to_mark_tests_is_known_and_no_other() {
    let check = |attribute: &str, expected: bool| {
        let file = measured(&format!("//! A.\n{attribute}\nfn f() {{ x.unwrap() }}\n"));
        assert_eq!(file.panics.is_empty(), expected, "{attribute}");
        assert_eq!(file.test_lines > 0, expected, "{attribute}");
        assert_eq!(file.functions[0].test, expected, "{attribute}");
    };
    check("#[test]", true);
    check("#[cfg(test)]", true);
    check("#[tokio::test]", true);
    check("#[tokio::test(flavor = \"multi_thread\", worker_threads = 2)]", true);
    check("#[core::prelude::v1::test]", true);
    check("#[inline] #[test]", true);
    check("#[cfg(not(test))]", false);
    check("#[cfg(feature = \"test\")]", false);
    check("#[cfg(all(test, unix))]", false);
    check("#[cfg_attr(test, inline)]", false);
    check("#[tests]", false);
    check("#[doc = \"test\"]", false);
}

#[test]
fn tests_end_where_their_item_ends() {
    let text = "//! A.\n#[cfg(test)]\nmod tests {\n    fn f() { x.unwrap() }\n\n    mod inner {\n        fn g() {}\n    }\n}\nfn h() { y.unwrap() }\n";
    let file = measured(text);
    assert_eq!(told(&file.panics), ["10: unwrap"]);
    assert_eq!((file.lines, file.source_lines, file.test_lines), (10, 2, 7));
    let tests: Vec<_> = file.functions.iter().map(|function| (function.name.as_str(), function.test)).collect();
    assert_eq!(tests, [("f", true), ("g", true), ("h", false)]);
    let twice = "//! A.\n#[test]\nfn f() {}\nfn g() {}\n#[test]\nfn h() {}\n";
    let file = measured(twice);
    assert_eq!((file.source_lines, file.test_lines), (2, 4));
    let within = "//! A.\nimpl S {\n    #[cfg(test)]\n    fn only_here() {\n    }\n    fn always() {}\n}\n";
    let file = measured(within);
    assert_eq!((file.source_lines, file.test_lines), (4, 3));
}

#[test]
fn the_length_of_a_function_goes_from_its_signature_to_its_brace() {
    let check = |text: &str, expected: &[(&str, usize)]| {
        let file = measured(text);
        let found: Vec<_> = file.functions.iter().map(|function| (function.name.as_str(), function.lines)).collect();
        assert_eq!(found, expected, "{text}");
    };
    check("fn f() {}", &[("f", 1)]);
    check("#[inline]\n/// Words.\nfn f() {\n}\n", &[("f", 2)]);
    check("pub async fn f(\n a: u8,\n b: u8,\n) -> u8\nwhere\n u8: Copy,\n{\n a\n}\n", &[("f", 9)]);
    check("fn f() {\n fn g() {\n }\n}\n", &[("f", 4), ("g", 2)]);
    check("trait T {\n fn f();\n fn g() {\n }\n}\n", &[("g", 2)]);
    check("impl S {\n const fn f() {\n  1;\n }\n}\n", &[("f", 3)]);
    check("fn f() { let g = |x| {\n x\n }; }\n", &[("f", 3)]);
    check("extern \"C\" { fn f(); }", &[]);
}

#[test]
fn what_is_public_and_not_documented_is_found_by_kind_and_name() {
    let check = |text: &str, public: usize, expected: &[&str]| {
        let file = measured(text);
        assert_eq!((file.public_items, told(&file.undocumented)), (public, expected.to_vec()), "{text}");
    };
    check("pub fn f() {}", 1, &["1: fn f"]);
    check("/// A.\npub fn f() {}", 1, &[]);
    check("#[doc = \"A.\"]\npub fn f() {}", 1, &[]);
    check("#[doc(hidden)]\npub fn f() {}", 1, &[]);
    check("// A.\npub fn f() {}", 1, &["2: fn f"]);
    check("pub(crate) fn f() {}\nfn g() {}\npub(super) struct S;", 0, &[]);
    check("pub struct S { pub a: u8, b: u8 }", 2, &["1: struct S", "1: field a"]);
    check("struct S { pub a: u8 }", 0, &[]);
    check("/// A.\npub struct S(pub u8, u8);", 1, &[]);
    check("/// A.\npub enum E {\n /// B.\n B,\n C { x: u8 },\n}", 3, &["5: variant C"]);
    check("/// A.\npub trait T {\n fn f();\n /// G.\n fn g() {}\n type X;\n}", 3, &["3: fn f"]);
    check("trait T { fn f(); }", 0, &[]);
    check("impl S {\n pub fn f() {}\n /// G.\n pub const fn g() {}\n fn h() {}\n}", 2, &["2: fn f"]);
    check(
        "pub const A: u8 = 1;\npub static B: u8 = 1;\npub type C = u8;",
        3,
        &["1: const A", "2: static B", "3: type C"],
    );
    check("pub use a::b;\npub mod m;\npub extern crate c;", 0, &[]);
    check("#[cfg(test)]\nmod tests {\n pub fn f() {}\n pub struct S { pub a: u8 }\n pub enum E { A }\n}", 0, &[]);
}

#[test]
fn unsafe_is_found_in_each_of_its_forms_outside_the_kernels() {
    let check = |text: &str, expected: &[&str]| assert_eq!(told(&measured(text).unsafes), expected, "{text}");
    check("fn f() { unsafe { g() } }", &["1: unsafe block"]);
    check("unsafe fn f() {}", &["1: unsafe function"]);
    check("unsafe impl Send for S {}", &["1: unsafe impl"]);
    check("impl S { unsafe fn f() { unsafe { g() } } }", &["1: unsafe function", "1: unsafe block"]);
    check("trait T { unsafe fn f() {} }", &["1: unsafe function"]);
    check("#[cfg(test)]\nmod tests { fn f() { unsafe { g() } } }", &["2: unsafe block"]);
    check("#![forbid(unsafe_code)]\nfn f() { let unsafety = \"unsafe {}\"; }", &[]);
    assert!(measured_at("matcher/src/kernel.rs", "unsafe fn f() { unsafe { g() } }").unsafes.is_empty());
    assert_eq!(measured_at("adapters/matcher/src/k.rs", "unsafe fn f() {}").unsafes.len(), 1);
}

#[test]
fn sleeps_count_in_tests_and_not_elsewhere() {
    let check = |text: &str, expected: &[&str]| assert_eq!(told(&measured(text).sleeps), expected, "{text}");
    check("#[test]\nfn f() { std::thread::sleep(d) }", &["2: sleep"]);
    check("#[tokio::test]\nasync fn f() { sleep(d).await; tokio::time::sleep(d).await }", &["2: sleep", "2: sleep"]);
    check("fn f() { std::thread::sleep(d) }", &[]);
    check("#[test]\nfn f() { sleep_until(d); self.sleep(d); fall_asleep() }", &[]);
    assert_eq!(measured_at("tests/tests/a.rs", "fn helper() { thread::sleep(d) }").sleeps.len(), 1);
}

#[test]
fn a_test_that_does_not_run_is_found_by_its_name() {
    let check = |text: &str, expected: &[&str]| assert_eq!(told(&measured(text).ignored), expected, "{text}");
    check("#[test]\n#[ignore]\nfn slow() {}", &["2: slow"]);
    check("#[ignore = \"takes long\"]\n#[test]\nfn slow() {}", &["1: slow"]);
    check("#[test]\nfn ignore() {}", &[]);
    check("#[test]\n#[should_panic]\nfn f() {}", &[]);
}

#[test]
fn lints_are_switched_off_for_tests_at_a_root_only() {
    let check = |path: &str, text: &str, expected: usize| {
        assert_eq!(measured_at(path, text).allows.len(), expected, "{path}: {text}");
    };
    let for_tests = "#![cfg_attr(test, allow(clippy::unwrap_used, reason = \"x\"))]";
    check("a/src/lib.rs", for_tests, 0);
    check("a/src/main.rs", for_tests, 0);
    check("a/src/other.rs", for_tests, 1);
    check("a/src/inner/lib.rs", for_tests, 1);
    check("a/src/lib.rs", "#![allow(clippy::unwrap_used, reason = \"x\")]", 1);
    check("a/src/lib.rs", "#![cfg_attr(not(test), allow(clippy::unwrap_used))]", 1);
    check("a/src/lib.rs", "#[cfg_attr(test, allow(clippy::unwrap_used))]\nfn f() {}", 1);
    check("a/src/lib.rs", "#![cfg_attr(test, expect(clippy::unwrap_used))]", 0);
    check("a/src/lib.rs", "#![cfg_attr(test, allow(a), allow(b))]", 0);
    check("a/tests/main.rs", "#![allow(clippy::unwrap_used, reason = \"x\")]", 0);
    check("a/tests/main.rs", "#[allow(clippy::unwrap_used, reason = \"x\")]\nfn f() {}", 1);
    check("a/src/b.rs", "fn f() {\n #[allow(unused)]\n let x = 1;\n}", 1);
    check("a/src/b.rs", "struct S { #[allow(dead_code)] a: u8 }", 1);
    check(
        "a/src/b.rs",
        "#[expect(dead_code, reason = \"x\")]\nfn f() {}\n#[warn(x)]\nfn g() {}\n#[deny(x)]\nfn h() {}",
        0,
    );
}

#[test]
fn calls_within_macros_are_found_with_their_line() {
    let check = |text: &str, expected: &[&str]| assert_eq!(told(&measured(text).panics), expected, "{text}");
    check("fn f() {\n write!(t, \"{}\",\n  x.unwrap());\n}", &["3: unwrap in a macro"]);
    check("fn f() { select! { x = y => z.expect(\"a\") } }", &["1: expect in a macro"]);
    check("macro_rules! m { ($x:expr) => { $x.unwrap() }; }", &["1: unwrap in a macro"]);
    check("fn f() { vec![a.unwrap(), b.c.unwrap_err()] }", &["1: unwrap in a macro", "1: unwrap_err in a macro"]);
    check("fn f() { vec![a.unwrap_or(1)] }", &[]);
    check("#[test]\nfn f() { assert_eq!(a.unwrap(), 1) }", &[]);
    check("fn f() { println!(\"x.unwrap()\") }", &[]);
}

#[test]
fn the_file_that_a_path_attribute_names_is_read() {
    let check = |attributes: &str, expected: Option<&str>| {
        let item: ItemMod = syn::parse_str(&format!("{attributes} mod m;")).unwrap();
        assert_eq!(path_of(&item.attrs).as_deref(), expected, "{attributes}");
    };
    check("#[path = \"a_tests.rs\"]", Some("a_tests.rs"));
    check("#[cfg(test)] #[path = \"../b.rs\"]", Some("../b.rs"));
    check("#[cfg(test)]", None);
    check("#[path(\"a.rs\")]", None);
    check("#[path = 1]", None);
    check("#[paths = \"a.rs\"]", None);
}
