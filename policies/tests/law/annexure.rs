//! Annexure B: every kind of agency and every service under an agreement, outside its cell refused by one code and one
//! policy, inside not refused for that reason; made from the tables themselves. Another table is another answer.

use std::collections::BTreeSet;

use exchange::{classification::Sector, codes::Code, decision::Question};
use policies::{Bundle, error::Problem, source::Source};
use toml::{Table, Value};

use super::support::{bundle, case, lists, of_agency, permitted, services, table};

fn kinds() -> Vec<String> {
    let kinds: Table = Source::embedded().file("matrices/kinds.toml").unwrap().parse().unwrap();
    kinds["kind"].as_array().unwrap().iter().map(|kind| kind["id"].as_str().unwrap().to_owned()).collect()
}

/// The embedded law under another of its tables.
fn under(matrix: &str) -> Bundle {
    let header = format!("generation = 1\ntitle = \"Under another table\"\nmatrix = \"{matrix}\"");
    Bundle::load(&Source::embedded().with("bundle.toml", &header)).unwrap()
}

/// The question asked by an agency of a kind that is registered as feeder and user.
fn by_kind(question: &Question, kind: &str) -> Question {
    let mut question = question.clone();
    of_agency(&mut question, |agency| {
        agency.kind = kind.to_owned();
        (agency.feeder, agency.user_agency) = (true, true);
    });
    question
}

#[test]
fn every_kind_of_agency_is_refused_outside_its_cell_and_not_inside() {
    for name in ["as-is", "target"] {
        let (table, law) = (table(name), under(name));
        let (mut inside, mut outside) = (0, 0);
        for service in services().iter().filter(|service| service.purpose_required) {
            let (verb, policy) = if service.writes { ("feeds", "G30-kind-feeds") } else { ("uses", "G31-kind-uses") };
            let question = &permitted(service)[0].1;
            for kind in kinds() {
                let open = lists(&table, verb, &kind, service.id.as_str().split('.').next().unwrap());
                for verdict in law.decide_plainly(&by_kind(question, &kind)).verdicts {
                    let named = verdict.policies.iter().any(|id| id.as_str() == policy);
                    assert_eq!(named, !open, "{name}: {kind} asks {}: {verdict:?}", service.id);
                    assert!(open || verdict.code == Some(Code::CallerNotAllowed), "{name}: {kind}: {verdict:?}");
                    assert!(open || !verdict.allowed);
                }
                *(if open { &mut inside } else { &mut outside }) += 1;
            }
        }
        assert!(inside > 30 && outside > 30, "{name}: {inside} inside, {outside} outside");
    }
}

#[test]
fn registration_and_row_must_agree() {
    let by = |question: &Question, feeder: bool, user: bool| {
        let mut question = question.clone();
        of_agency(&mut question, |agency| (agency.feeder, agency.user_agency) = (feeder, user));
        bundle().decide_plainly(&question).verdicts[0].allowed
    };
    let notice = case("a hospital gives notice of a death");
    assert!(by(&notice, true, false) && !by(&notice, false, true) && !by(&notice, false, false));
    let check = case("a bank checks particulars with the citizen's consent");
    assert!(by(&check, false, true) && !by(&check, true, false) && !by(&check, false, false));
}

#[test]
fn the_table_in_force_is_changed_by_a_word() {
    let notice = case("a hospital gives notice of a death");
    let check = case("a bank checks particulars with the citizen's consent");
    let answers = |law: &Bundle| [&notice, &check].map(|question| law.decide_plainly(question).verdicts[0].allowed);
    assert_eq!(answers(&under("target")), [true, true], "hospitals feed, banks use");
    assert_eq!(answers(&under("as-is")), [false, false], "as Annexure B is printed, neither does");
    let silent = Source::embedded().with("bundle.toml", "generation = 1\ntitle = \"x\"");
    assert_eq!(answers(&Bundle::load(&silent).unwrap()), [true, true], "`target` unless said");
}

#[test]
fn every_agency_of_the_world_is_of_a_known_kind() {
    let known: BTreeSet<_> = kinds().into_iter().collect();
    for agency in bundle().cases().world.agencies() {
        assert!(known.contains(&agency.kind), "{}: {}", agency.id, agency.kind);
    }
}

#[test]
fn no_private_body_is_called_a_part_of_the_state() {
    let world = &bundle().cases().world;
    assert_eq!(bundle().misregistered(world.agencies().map(AsRef::as_ref)), [], "the cases' own world is in order");
    let check = |kind: &str, sector: Sector, expected: Option<&str>| {
        let mut agency = (**world.agency("bank-indus").unwrap()).clone();
        (agency.kind, agency.sector) = (kind.to_owned(), sector);
        let found: Vec<_> = bundle().misregistered([&agency]).iter().map(ToString::to_string).collect();
        assert_eq!(found.first().map(String::as_str), expected, "{kind} {sector}");
    };
    let public = [Sector::Federal, Sector::Provincial, Sector::Local];
    for sector in public {
        let told = |kind| format!("agency `bank-indus` is of kind `{kind}`, which may not be of sector `{sector}`");
        for kind in ["Bank", "Company", "Ngo", "Donor", "Other"] {
            check(kind, sector, Some(&told(kind)));
        }
    }
    check("Bank", Sector::Private, None);
    check("Hospital", Sector::Private, None);
    check("Telco", Sector::Federal, None);
    let state_only =
        ["Court", "Intelligence", "LawEnforcement", "Fbr", "PassportAuthority", "BorderControl", "Auditor"];
    for kind in state_only {
        for &sector in Sector::ALL.iter().filter(|sector| !public.contains(sector)) {
            let told = format!("agency `bank-indus` is of kind `{kind}`, which may not be of sector `{sector}`");
            check(kind, sector, Some(&told));
        }
    }
    let unknown = "agency `bank-indus` is of kind `Circus`, which matrices/kinds.toml lacks";
    check("Circus", Sector::Private, Some(unknown));
}

/// The problems of the embedded bundle with one passage of a file changed.
fn problems(file: &str, from: &str, to: &str) -> Vec<Problem> {
    let text = Source::embedded().file(file).unwrap().to_owned();
    assert!(text.contains(from), "{file} has no `{from}` any more");
    let source = Source::embedded().with(file, &text.replacen(from, to, 1));
    Bundle::load(&source).map_or_else(|error| error.problems().to_vec(), |_| Vec::new())
}

#[test]
fn a_table_that_is_not_whole_is_refused_with_its_file() {
    let target = "matrices/target.toml";
    let check = |from: &str, to: &str, reason: &str| {
        let found = problems(target, from, to);
        let named = found.iter().any(|problem| problem.file == target && problem.reason.contains(reason));
        assert!(named, "wanted `{reason}`: {found:?}");
    };
    check("kind = \"Bank\"", "kind = \"Circus\"", "has a row for `Circus`, which is no kind of matrices/kinds.toml");
    check("kind = \"Bank\"", "kind = \"Circus\"", "has no row for `Bank`");
    check("kind = \"Bank\"", "kind = \"Telco\"", "has two rows for `Telco`");
    check("uses = [\"audit\"]", "uses = [\"weather\"]", "opens `weather` to `Auditor`, which is no column");
    check("feeds = [\"vital\"", "feeds = [\"vitals\"", "opens `vitals` to `LocalGovernment`, which is no column");
    check("source = \"S3 8.2.3\"", "source = \"\"", "has a row for `Auditor` without source");
    check("\nsource = \"S3 8.2.3\"", "", "missing field `source`");
    check("reason = \"Sees accesses and nothing else.\"", "reason = \"\"", "has a row for `Auditor` without reason");
    check("[[row]]\nkind", "[[row]]\nwhen = 1\nkind", "unknown field `when`");
    check("since = \"2026-11-22\"\ncolumns", "since = \"soon\"\ncolumns", "needs a title and a day `since`");
    check("since = \"2026-11-22\"\nsource", "since = \"\"\nsource", "has a row for `LocalGovernment` without the day");
    check("columns = [", "columns = [\"weather\", ", "has column `weather`, which no service has");
    check("title = \"", "name = \"", "unknown field `name`");
    let without = problems(target, "\"audit\"", "\"identity\"");
    assert!(without.iter().any(|problem| problem.reason.contains("opens `audit` to `Auditor`")), "{without:?}");
    let kinds = "matrices/kinds.toml";
    let found = problems(kinds, "id = \"Bank\"", "id = \"Telco\"");
    assert!(found.contains(&Problem::new(kinds, "`Telco` is listed twice")), "{found:?}");
    let found = problems(kinds, "title_ur = \"بینک\"", "title_ur = \"bank\"");
    assert_eq!(found, [Problem::new(kinds, "`Bank` needs a title in English and in Urdu")]);
    let found = problems(kinds, "sectors = [\"Local\"]", "sectors = []");
    assert_eq!(found, [Problem::new(kinds, "`LocalGovernment` needs a sector")]);
}

#[test]
fn a_table_that_is_missing_is_named() {
    let found = problems("bundle.toml", "matrix = \"target\"", "matrix = \"kinds\"");
    assert_eq!(found, [Problem::new("bundle.toml", "puts matrix `kinds` in force, which no file has")]);
    let error = Bundle::load(&Source::embedded().without("matrices/kinds.toml")).unwrap_err();
    assert_eq!(error.problems(), [Problem::new("matrices/kinds.toml", "is missing")]);
    // A column for each domain: a service of a new domain waits until both tables speak of it.
    let text = Source::embedded().file("catalogue/audit.toml").unwrap().replacen("audit.accesses", "proof.accesses", 1);
    let cases = Source::embedded().file("cases/others.toml").unwrap().replace("audit.accesses", "proof.accesses");
    let source = Source::embedded().with("catalogue/audit.toml", &text).with("cases/others.toml", &cases);
    let told = Bundle::load(&source).unwrap_err().to_string();
    for name in ["as-is", "target"] {
        let lacks = format!("matrices/{name}.toml: has no column `proof`, which services have");
        assert!(told.contains(&lacks), "{told}");
    }
}

#[test]
fn an_action_feeds_if_its_service_writes() {
    let schema = "schema/ijazat.cedarschema";
    let reasons = ["audit.accesses", "audit.consents"].map(|service| {
        let why = "needs an action that feeds if it writes and uses if it does not, unlike `readAccesses`";
        Problem::new("catalogue/audit.toml", format!("`{service}` {why}"))
    });
    for group in ["feeding", "underAgreement"] {
        let found = problems(schema, "action readAccesses in [using]", &format!("action readAccesses in [{group}]"));
        assert_eq!(found, reasons, "{group}");
    }
}

#[test]
fn the_tables_differ_where_the_paper_contradicts_itself() {
    let (printed, aimed) = (table("as-is"), table("target"));
    let differs = |kind: &str| {
        let row = |table: &Table| -> Value {
            let rows = table["row"].as_array().unwrap();
            let row = rows.iter().find(|row| row["kind"].as_str() == Some(kind)).unwrap();
            Value::Array(vec![row["feeds"].clone(), row["uses"].clone()])
        };
        row(&printed) != row(&aimed)
    };
    for kind in ["Hospital", "Bank"] {
        assert!(differs(kind), "{kind}");
    }
    for kind in ["Court", "Bisp", "Fbr", "Auditor"] {
        assert!(!differs(kind), "{kind}");
    }
}
