//! Rules and packages that break them, one by one and together; hostile licence expressions; this tree's own rules.

use proptest::prelude::*;

use super::*;
use crate::{metadata::Package, testing::Folder};

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates";

/// A package as cargo names it, from its own registry.
fn package(name: &str, license: Option<&str>, source: Option<&str>) -> Package {
    Package {
        name: name.into(),
        version: "2.1.0".into(),
        license: license.map(str::to_owned),
        source: source.map(str::to_owned),
        dependencies: Vec::new(),
    }
}

fn registry() -> String {
    format!("{REGISTRY}.{}-index", "io")
}

fn rules(text: &str) -> Rules {
    toml::from_str(text).unwrap()
}

fn sample() -> Rules {
    rules(
        "[licenses]
         allow = ['MIT', 'Apache-2.0']
         exceptions = [
             { crate = 'ring', allow = ['ISC', 'OpenSSL'] },
             { crate = 'ring', allow = ['Zlib'] },
             { crate = 'foldhash', allow = ['Zlib'] },
         ]
         [bans]
         deny = [{ crate = 'openssl', reason = 'one crypto library' }, { crate = 'native-tls', reason = 'one TLS' }]",
    )
}

fn found(packages: Vec<Package>) -> Vec<String> {
    offences(&sample(), &Metadata { packages })
}

#[test]
fn an_exception_is_for_its_own_crate_and_adds_up() {
    let check = |name, expression, expected: &[&str]| {
        assert_eq!(found(vec![package(name, Some(expression), None)]), expected, "{name} {expression}");
    };
    check("ring", "ISC", &[]);
    check("ring", "ISC AND OpenSSL AND Zlib AND MIT", &[]);
    check("foldhash", "Zlib", &[]);
    check("foldhash", "ISC", &["foldhash 2.1.0: licence `ISC` is not allowed"]);
    check("rings", "ISC", &["rings 2.1.0: licence `ISC` is not allowed"]);
    check("ring", "GPL-3.0", &["ring 2.1.0: licence `GPL-3.0` is not allowed"]);
    check("any", "mit", &["any 2.1.0: licence `mit` is not allowed"]);
    check("any", "", &["any 2.1.0: licence `` is not allowed"]);
}

#[test]
fn a_source_is_the_registry_by_its_whole_name_or_this_tree() {
    let elsewhere = "a 2.1.0: comes neither from this tree nor from the registry";
    let check = |source: Option<String>, good: bool| {
        let expected: &[&str] = if good { &[] } else { &[elsewhere] };
        assert_eq!(found(vec![package("a", Some("MIT"), source.as_deref())]), expected, "{source:?}");
    };
    check(None, true);
    check(Some(registry()), true);
    check(Some(format!("{}/", registry())), false);
    check(Some(format!("git+{}", registry())), false);
    check(Some(format!(" {}", registry())), false);
    check(Some(format!("{REGISTRY}-io-index")), false);
    check(Some("registry+https://example.org/index".into()), false);
    check(Some("sparse+https://example.org/".into()), false);
    check(Some("git+https://example.org/a?branch=main#0123".into()), false);
    check(Some(String::new()), false);
}

#[test]
fn a_package_may_break_every_rule_at_once_and_each_is_told() {
    let packages = vec![
        package("good", Some("MIT"), None),
        package("openssl", Some("GPL-2.0"), Some("git+https://example.org/openssl")),
        package("native-tls", None, Some(&registry())),
    ];
    let expected = [
        "openssl 2.1.0: licence `GPL-2.0` is not allowed",
        "openssl 2.1.0: banned, one crypto library",
        "openssl 2.1.0: comes neither from this tree nor from the registry",
        "native-tls 2.1.0: names no licence",
        "native-tls 2.1.0: banned, one TLS",
    ];
    assert_eq!(found(packages), expected);
    assert!(found(vec![package("openssl-probe", Some("MIT"), None)]).is_empty(), "another name is not banned");
}

#[test]
fn rules_that_lack_a_part_are_refused() {
    let check = |text: &str, expected: bool| assert_eq!(toml::from_str::<Rules>(text).is_ok(), expected, "{text}");
    check("[licenses]\nallow = []\n[bans]\ndeny = []", true);
    check("[licenses]\nallow = []\n[bans]\ndeny = []\n[advisories]\nx = 1", true);
    check("[licenses]\nallow = []", false);
    check("[bans]\ndeny = []", false);
    check("[licenses]\nallow = 'MIT'\n[bans]\ndeny = []", false);
    check("[licenses]\nallow = []\n[bans]\ndeny = [{ crate = 'a' }]", false);
    check("[licenses]\nallow = []\nexceptions = [{ allow = [] }]\n[bans]\ndeny = []", false);
}

#[test]
fn a_tree_without_rules_is_not_checked_at_all() {
    let folder = Folder::new("deny");
    assert!(run(folder.path()).unwrap_err().starts_with("deny.toml: "));
    folder.file("deny.toml", "[licenses");
    assert!(run(folder.path()).unwrap_err().starts_with("deny.toml: "));
    folder.file("deny.toml", "[licenses]\nallow = []\n[bans]\ndeny = []");
    assert!(run(folder.path()).unwrap_err().starts_with("cargo metadata: "));
}

#[test]
fn the_rules_of_this_tree_ban_what_decisions_ban_and_give_each_a_reason() {
    let text = std::fs::read_to_string(crate::root().join("deny.toml")).unwrap();
    let rules = rules(&text);
    assert!(rules.licenses.allow.iter().any(|id| id == "Apache-2.0"), "our own licence");
    assert!(!rules.licenses.allow.iter().any(|id| id.contains("GPL")), "no copyleft for all");
    for banned in &rules.bans.deny {
        assert!(banned.reason.len() > 5, "{} has no reason", banned.name);
    }
    let workspace = metadata::read(&crate::root(), false).unwrap();
    assert_eq!(offences(&rules, &workspace), Vec::<String>::new());
}

/// Licence expressions as trees, with what they mean.
#[derive(Clone, Debug)]
enum Tree {
    One(&'static str),
    Or(Box<Tree>, Box<Tree>),
    And(Box<Tree>, Box<Tree>),
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Self::One(id) => (*id).to_owned(),
            Self::Or(left, right) => format!("({} OR {})", left.text(), right.text()),
            Self::And(left, right) => format!("({} AND {})", left.text(), right.text()),
        }
    }

    fn means(&self, allowed: &dyn Fn(&str) -> bool) -> bool {
        match self {
            Self::One(id) => allowed(id),
            Self::Or(left, right) => left.means(allowed) || right.means(allowed),
            Self::And(left, right) => left.means(allowed) && right.means(allowed),
        }
    }
}

fn tree() -> impl Strategy<Value = Tree> {
    let one = prop::sample::select(vec!["MIT", "Zlib", "GPL-3.0", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    one.prop_map(Tree::One).prop_recursive(4, 24, 2, |inner| {
        let pair = (inner.clone(), inner).prop_map(|(left, right)| (Box::new(left), Box::new(right)));
        (pair, any::<bool>())
            .prop_map(|((left, right), or)| if or { Tree::Or(left, right) } else { Tree::And(left, right) })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn an_expression_means_what_its_tree_means(tree in tree(), known in prop::collection::vec(any::<bool>(), 5)) {
        let ids = ["MIT", "Zlib", "GPL-3.0", "ISC", "Apache-2.0 WITH LLVM-exception"];
        let allowed = |id: &str| ids.iter().zip(&known).any(|(its, known)| *its == id && *known);
        prop_assert_eq!(licence::satisfied(&tree.text(), &allowed), tree.means(&allowed), "{}", tree.text());
    }

    #[test]
    fn a_cut_or_spoilt_expression_is_never_satisfied_by_accident(text in "[()A-Z /]{0,24}") {
        // Nothing is allowed: then nothing may be satisfied, whatever the text.
        prop_assert!(!licence::satisfied(&text, &|_| false));
    }
}

#[test]
fn and_binds_more_tightly_than_or() {
    let allowed = |id: &str| id == "MIT";
    let check = |expression, expected| assert_eq!(licence::satisfied(expression, &allowed), expected, "{expression}");
    check("MIT OR GPL AND ISC", true);
    check("GPL AND ISC OR MIT", true);
    check("GPL AND (ISC OR MIT)", false);
    check("(MIT OR GPL) AND (GPL OR MIT)", true);
    check("MIT OR", false);
    check("OR MIT", false);
    check("MIT AND", false);
    check("()", false);
    check("(MIT))", false);
    check("MIT WITH", false);
    check("MIT GPL", false);
    check("((((MIT))))", true);
    check("  MIT\tOR\nGPL ", true);
}
