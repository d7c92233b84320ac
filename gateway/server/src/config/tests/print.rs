//! What is printed can be read again: `check-config --print` shows a plan that is the same plan.

use std::{fmt::Write as _, net::SocketAddr};

use proptest::prelude::*;

use super::*;

/// The values in force as a file.
fn printed(config: &Config) -> String {
    let mut text = String::new();
    let mut section = "";
    for line in &config.effective {
        if line.section != section {
            section = &line.section;
            writeln!(text, "[{section}]").unwrap();
        }
        if let Some(value) = &line.value {
            writeln!(text, "{} = {value}", line.key).unwrap();
        }
    }
    text
}

/// A plan without its sources, which differ between a plan and its print.
fn without_sources(mut config: Config) -> Config {
    for line in &mut config.effective {
        line.source = Source::Default;
    }
    config
}

#[test]
fn every_sample_reads_back_from_its_print() {
    for name in ["ijazat.toml", "split-gateway.toml", "split-control.toml", "split-registry.toml"] {
        let text = fs::read_to_string(sample(name)).unwrap();
        // A masked password is the one thing that a print cannot give back; here there is none.
        let config = load(&text.replace("ijazat@db", "db"), &[]).unwrap();
        let again = load(&printed(&config), &[]).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(without_sources(again), without_sources(config), "{name}");
    }
}

#[test]
fn every_key_of_every_section_is_printed_once_in_the_order_of_the_sample() {
    let config = Config::load(Some(&sample("ijazat.toml")), []).unwrap();
    let mut seen = BTreeSet::new();
    for line in &config.effective {
        assert!(seen.insert((line.section.clone(), line.key)), "{} {} twice", line.section, line.key);
    }
    let sections: Vec<&str> = config.effective.iter().map(|line| line.section.split('.').next().unwrap()).collect();
    let mut order = sections.clone();
    order.dedup();
    let expected = [
        "node", "listen", "tls", "database", "log", "limits", "consent", "sms", "notify", "upstream", "policy",
        "observe",
    ];
    assert_eq!(order, expected);
}

#[test]
fn a_problem_is_printed_with_as_much_of_its_place_as_it_has() {
    let check = |section: &str, key: &str, value: Option<&str>, expected: &str| {
        let problem = Problem {
            section: section.to_owned(),
            key: key.to_owned(),
            value: value.map(str::to_owned),
            reason: "why".to_owned(),
        };
        assert_eq!(problem.to_string(), expected);
        let both = ConfigError { problems: vec![problem.clone(), problem] };
        assert_eq!(both.to_string(), format!("config: {expected}\nconfig: {expected}"));
    };
    check("log", "dir", Some("\"a\""), "[log] dir = \"a\": why");
    check("log", "dir", None, "[log] dir: why");
    check("log", "", None, "[log]: why");
    check("", "", None, "why");
    check("log", "dir", Some("\"a\nconfig: b\t\""), "[log] dir = \"a\\nconfig: b\\t\": why");
    check("a\nb", "c\rd", None, "[a\\nb] c\\rd: why");
}

/// Text that may stand in a path, quotes and backslashes too.
fn path() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9 ./\"'\\\\#=ا-ی\\n\\t]{1,24}"
}

fn address() -> impl Strategy<Value = SocketAddr> {
    (any::<[u8; 4]>(), 1_u16..).prop_map(|(ip, port)| SocketAddr::from((ip, port)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn print_then_parse_is_the_same_plan(
        dir in path(),
        cert in path(),
        agency in address(),
        public in address(),
        ttl in 60_i64..=600,
        rate in 1_u32..=1_000_000,
        development in any::<bool>(),
        bundle in prop::option::of(path()),
    ) {
        prop_assume!(agency != public && agency.port() != 9464 && public.port() != 9464);
        prop_assume!(public != SocketAddr::from(([127, 0, 0, 1], 8443)));
        let env = [
            ("IJAZAT__LOG__DIR", dir),
            ("IJAZAT__TLS__SERVER_CERT", cert),
            ("IJAZAT__LISTEN__AGENCY", agency.to_string()),
            ("IJAZAT__LISTEN__PUBLIC", public.to_string()),
            ("IJAZAT__CONSENT__PASSCODE_TTL_S", ttl.to_string()),
            ("IJAZAT__LIMITS__USER_PER_S", rate.to_string()),
            ("IJAZAT__NODE__DEVELOPMENT", development.to_string()),
        ];
        let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Some(bundle) = &bundle {
            env.push(("IJAZAT__POLICY__BUNDLE", bundle));
        }
        let config = load("", &env).unwrap();
        let again = load(&printed(&config), &[]).unwrap();
        prop_assert_eq!(without_sources(again), without_sources(config));
    }

    #[test]
    fn each_problem_is_one_line_with_its_place(section in 0..4_usize, value in "[a-z0-9 \"\n\r\u{1b}]{0,12}") {
        let (section, key) =
            [("listen", "agency"), ("sms", "transport"), ("observe", "format"), ("node", "name")][section];
        let name = format!("IJAZAT__{section}__{key}").to_uppercase();
        if let Err(error) = load("", &[(&name, &value)]) {
            let told = error.to_string();
            let shown: String = value.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect();
            let front = format!("config: [{section}] {key} = {shown}: ");
            prop_assert!(told.starts_with(&front), "{}", told);
            prop_assert!(told.len() > front.len() + 5, "{}", told);
            prop_assert_eq!(told.lines().count(), 1);
        }
    }
}
