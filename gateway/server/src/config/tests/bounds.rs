//! Every number of the configuration: its default lies within its bounds, the bounds hold exactly, and the message names them.

use exchange::limits as law;

use super::*;
use crate::listen::limits as door;

struct Row {
    section: &'static str,
    key: &'static str,
    min: i64,
    max: i64,
    /// Names of the limits, empty where the bound is a plain number.
    names: (&'static str, &'static str),
}

fn row(section: &'static str, key: &'static str, min: i64, max: i64, names: (&'static str, &'static str)) -> Row {
    Row { section, key, min, max, names }
}

fn whole(n: usize) -> i64 {
    i64::try_from(n).unwrap()
}

fn ms(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap()
}

fn numbers() -> Vec<Row> {
    const WAIT: &str = "limits::WAIT_MS_MIN";
    let mut rows = vec![
        row("listen", "connections_max", 1, whole(door::CONNECTIONS_MAX), ("", "listen::limits::CONNECTIONS_MAX")),
        row(
            "listen",
            "connections_per_address_max",
            1,
            whole(door::CONNECTIONS_PER_ADDRESS_MAX),
            ("", "listen::limits::CONNECTIONS_PER_ADDRESS_MAX"),
        ),
        row("listen", "handshakes_max", 1, whole(door::HANDSHAKES_MAX), ("", "listen::limits::HANDSHAKES_MAX")),
        row("listen", "handshake_timeout_ms", 10, ms(door::HANDSHAKE_TIME), (WAIT, "listen::limits::HANDSHAKE_TIME")),
        row("listen", "header_timeout_ms", 10, ms(door::HEAD_TIME), (WAIT, "listen::limits::HEAD_TIME")),
        row("listen", "body_timeout_ms", 10, ms(door::BODY_TIME), (WAIT, "listen::limits::BODY_TIME")),
        row("listen", "reply_timeout_ms", 10, ms(door::REPLY_TIME), (WAIT, "listen::limits::REPLY_TIME")),
        row("listen", "idle_timeout_ms", 10, ms(door::IDLE_TIME), (WAIT, "listen::limits::IDLE_TIME")),
        row("listen", "drain_timeout_ms", 0, 80_000, ("", "limits::DRAIN_MS_MAX")),
        row("log", "segment_mib", 1, 1_024, ("", "limits::SEGMENT_MIB_MAX")),
        row("log", "checkpoint_interval_ms", 10, 10_000, ("", "limits::CHECKPOINT_MS_MAX")),
        row("log", "reserve_mib", 1, 65_536, ("", "limits::RESERVE_MIB_MAX")),
        row(
            "consent",
            "passcode_ttl_s",
            law::PASSCODE_TTL_S_MIN,
            law::PASSCODE_TTL_S_MAX,
            ("limits::PASSCODE_TTL_S_MIN", "limits::PASSCODE_TTL_S_MAX"),
        ),
    ];
    for key in ["agency_per_s", "user_per_s", "service_per_s", "public_per_s"] {
        rows.push(row("limits", key, 1, 1_000_000, ("", "limits::RATE_MAX")));
    }
    rows.push(row("sms", "rate_per_s", 1, 2_000, ("", "limits::SMS_RATE_MAX")));
    rows.push(row("sms", "window", 1, 500, ("", "limits::SMS_WINDOW_MAX")));
    rows.push(row("limits", "nodes", 1, 64, ("", "limits::NODES_MAX")));
    for section in ["upstream.control", "upstream.registry"] {
        let waits = (WAIT, "limits::WAIT_MS_MAX");
        rows.push(row(section, "timeout_ms", 10, 60_000, waits));
        rows.push(row(section, "breaker_failures", 1, 1_000, ("", "limits::BREAKER_FAILURES_MAX")));
        rows.push(row(section, "breaker_open_ms", 10, 60_000, waits));
    }
    rows
}

fn with(row: &Row, value: &str) -> Result<Config, ConfigError> {
    load(&format!("[{}]\n{} = {value}", row.section, row.key), &[])
}

fn in_force(config: &Config, row: &Row) -> String {
    let line = config.effective.iter().find(|line| line.section == row.section && line.key == row.key);
    line.and_then(|line| line.value.clone()).unwrap()
}

#[test]
fn the_table_below_holds_every_number_that_there_is() {
    let config = Config::load(None, []).unwrap();
    let is_number = |line: &&Effective| line.value.as_ref().is_some_and(|value| value.parse::<i64>().is_ok());
    let known: BTreeSet<(String, &str)> =
        config.effective.iter().filter(is_number).map(|line| (line.section.clone(), line.key)).collect();
    assert_eq!(known, numbers().iter().map(|row| (row.section.to_owned(), row.key)).collect());
}

#[test]
fn each_bound_is_reached_and_not_passed() {
    for row in numbers() {
        for value in [row.min, row.min + 1, i64::midpoint(row.min, row.max), row.max - 1, row.max] {
            let config = with(&row, &value.to_string()).unwrap_or_else(|error| panic!("{}: {error}", row.key));
            assert_eq!(in_force(&config, &row), value.to_string(), "{}", row.key);
        }
    }
}

#[test]
fn beyond_a_bound_the_message_names_value_bound_and_limit() {
    for row in numbers() {
        let place = format!("config: [{}] {}", row.section, row.key);
        let limit = |word: &str, bound: i64, name: &str| match name {
            "" => format!("{word} {bound}"),
            name => format!("{word} {bound} ({name})"),
        };
        for value in [row.min - 1, -1_000_000_000, i64::MIN].into_iter().filter(|value| *value < row.min) {
            let expected = format!("{place} = {value}: {}", limit("at least", row.min, row.names.0));
            assert_eq!(with(&row, &value.to_string()).unwrap_err().to_string(), expected);
        }
        for value in [row.max + 1, i64::MAX] {
            let expected = format!("{place} = {value}: {}", limit("at most", row.max, row.names.1));
            assert_eq!(with(&row, &value.to_string()).unwrap_err().to_string(), expected);
        }
    }
}

#[test]
fn every_default_lies_within_its_bounds_and_may_be_written_out() {
    let defaults = Config::load(None, []).unwrap();
    for row in numbers() {
        let value: i64 = in_force(&defaults, &row).parse().unwrap();
        assert!((row.min..=row.max).contains(&value), "{} = {value}", row.key);
        assert!(with(&row, &value.to_string()).is_ok());
    }
}

#[test]
fn what_is_no_whole_number_is_refused_in_the_file_and_in_the_environment() {
    for row in numbers() {
        let place = format!("config: [{}] {}", row.section, row.key);
        for (value, shown) in [
            ("1.5", "1.5"),
            ("true", "true"),
            ("\"12\"", "\"12\""),
            ("[100]", "[100]"),
            ("1979-05-27", "1979-05-27"),
            ("inf", "inf"),
        ] {
            let told = with(&row, value).unwrap_err().to_string();
            assert_eq!(told, format!("{place} = {shown}: not a whole number"));
        }
        let name = format!("IJAZAT__{}__{}", row.section.replace('.', "__"), row.key).to_uppercase();
        for value in ["", "a", "1.5", "1e3", "0x10", "12 34", "99999999999999999999", "١٢"] {
            let told = load("", &[(&name, value)]).unwrap_err().to_string();
            assert_eq!(told, format!("{place} = {value}: not a whole number"), "{value}");
        }
        let blanks = format!(" {} ", row.max);
        assert!(load("", &[(&name, &blanks)]).is_ok(), "blanks around a number are the shell's");
    }
}

#[test]
fn toml_writes_a_number_in_several_ways_and_each_is_read() {
    let check = |written: &str, expected: i64| {
        let config = load(&format!("[consent]\npasscode_ttl_s = {written}"), &[]).unwrap();
        assert_eq!(config.consent.passcode_ttl_s, expected, "{written}");
    };
    check("1_00", 100);
    check("0x64", 100);
    check("0o144", 100);
    check("0b1100100", 100);
    check("+100", 100);
}

#[test]
fn configuration_can_only_tighten_what_the_law_and_the_door_allow() {
    let config = load(
        "[listen]\nconnections_max = 1\nconnections_per_address_max = 1\nhandshakes_max = 1\nidle_timeout_ms = 10\n\
         [limits]\nagency_per_s = 1",
        &[],
    )
    .unwrap();
    let listen = &config.listen;
    assert_eq!((listen.connections_max, listen.connections_per_address_max, listen.handshakes_max), (1, 1, 1));
    let defaults = Config::load(None, []).unwrap().listen;
    assert_eq!(whole(door::CONNECTIONS_MAX), i64::from(defaults.connections_max));
    assert_eq!(whole(door::HANDSHAKES_MAX), i64::from(defaults.handshakes_max));
    assert_eq!(ms(door::IDLE_TIME).unsigned_abs(), defaults.idle_timeout_ms);
    assert_eq!(law::PASSCODE_TTL_S_DEFAULT, Config::load(None, []).unwrap().consent.passcode_ttl_s);
}
