//! A bundle's files: read from a folder or not at all, and each slip named with its file.

use std::{
    fs,
    path::{Path, PathBuf},
};

use exchange::decision::Decider;
use policies::{
    Bundle,
    error::{BundleError, Problem},
    source::Source,
};

use super::support::spoken;

/// A folder of a test's own, gone afterwards.
struct Folder(PathBuf);

impl Folder {
    /// A folder with the embedded bundle's files in it.
    fn new(name: &str) -> Self {
        let folder = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id())));
        for (path, text) in Source::embedded().matching("", "") {
            folder.write(path, text.as_bytes());
        }
        folder
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn read(&self) -> Result<Source, BundleError> {
        Source::from_dir(&self.0)
    }

    /// The one problem for which the folder is refused.
    fn problem(&self) -> Problem {
        let error = self.read().unwrap_err();
        assert_eq!(error.problems().len(), 1, "{error}");
        error.problems()[0].clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_folder_is_the_bundle_that_was_written_into_it() {
    let folder = Folder::new("whole");
    assert_eq!(folder.read().unwrap(), Source::embedded());
    let bundle = Bundle::from_dir(&folder.0).unwrap();
    let embedded = Bundle::embedded().unwrap();
    assert_eq!(bundle.policies(), embedded.policies());
    assert_eq!(bundle.catalogue().services(), embedded.catalogue().services());
    assert!(bundle.run_cases().is_empty());
    assert!(bundle.policies().is_sorted(), "policies are listed sorted");
}

#[test]
fn what_is_no_file_of_a_bundle_is_not_read() {
    let folder = Folder::new("leavings");
    for path in
        ["cases/matrix.txt", "guardrails/G01.cedar~", "src/lib.rs", "README.md", "domains/notes.md", "other/x.toml"]
    {
        folder.write(path, b"\xff\xfe not even text");
    }
    assert_eq!(folder.read().unwrap(), Source::embedded());
    folder.write("domains/new/deep/X01.cedar", b"permit (principal, action, resource);");
    let read = folder.read().unwrap();
    assert!(read.file("domains/new/deep/X01.cedar").is_some(), "folders within folders are read");
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let folder = Folder::new("unreadable");
    folder.write("domains/x/X01.cedar", b"permit (\xff\xfe);");
    let problem = folder.problem();
    assert_eq!(problem.file, "domains/x/X01.cedar");
    assert!(problem.reason.starts_with("cannot be read: "), "{problem}");
    fs::remove_file(folder.0.join("domains/x/X01.cedar")).unwrap();
    fs::remove_dir_all(folder.0.join("cases")).unwrap();
    let problem = folder.problem();
    assert_eq!(problem.file, "cases");
    assert!(problem.reason.starts_with("cannot be read: "), "{problem}");
    fs::remove_file(folder.0.join("bundle.toml")).unwrap();
    assert_eq!(folder.problem().file, "bundle.toml", "the header is read first");
}

#[test]
fn a_file_is_at_most_a_mebibyte() {
    let folder = Folder::new("large");
    let mut text = fs::read(folder.0.join("bundle.toml")).unwrap();
    text.resize(1024 * 1024, b'\n');
    folder.write("bundle.toml", &text);
    assert!(folder.read().is_ok());
    text.push(b'\n');
    folder.write("bundle.toml", &text);
    assert_eq!(folder.problem(), Problem::new("bundle.toml", "has 1048577 bytes: at most 1048576"));
}

/// The problems of the embedded bundle with one file put in.
fn problems(path: &str, text: &str) -> Vec<Problem> {
    let source = Source::embedded().with(path, text);
    Bundle::load(&source).map_or_else(|error| error.problems().to_vec(), |_| Vec::new())
}

#[test]
fn the_header_is_whole() {
    let needs = "needs a title and a generation of at least 1";
    let check = |text: &str, expected: &str| {
        let found = problems("bundle.toml", text);
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].file, "bundle.toml");
        assert!(found[0].reason.contains(expected), "{text}: {}", found[0]);
        assert!(!found[0].reason.contains('\n'), "a problem is one line: {}", found[0]);
    };
    check("generation = 0\ntitle = \"x\"", needs);
    check("generation = 1\ntitle = \"\"", needs);
    check("generation = -1\ntitle = \"x\"", "generation");
    check("generation = 1", "missing field `title`");
    check("title = \"x\"", "missing field `generation`");
    check("generation = 1\ntitle = \"x\"\nsigned = true", "unknown field `signed`");
    check("generation = \"1\"\ntitle = \"x\"", "invalid type");
    check("generation = 1\ngeneration = 2\ntitle = \"x\"", "duplicate key");
    check("generation = ", "generation =");
}

#[test]
fn a_list_that_is_cut_off_anywhere_is_refused_with_its_file() {
    for path in ["catalogue/report.toml", "dictionary/report.toml"] {
        let whole = Source::embedded().file(path).unwrap().to_owned();
        let lines: Vec<_> = whole.lines().collect();
        // Within a string, after a key, after an equals sign: never a shorter list that passes for whole.
        for (place, line) in lines.iter().enumerate().filter(|(_, line)| line.contains(" = ")).take(12) {
            let (key, value) = line.split_once(" = ").unwrap();
            for cut in [key.to_owned(), format!("{key} ="), format!("{key} = \""), format!("{key} = {value} x")] {
                let text = format!("{}\n{cut}", lines[..place].join("\n"));
                let found = problems(path, &text);
                assert!(found.iter().any(|problem| problem.file == path), "{path}: {cut}: {found:?}");
            }
        }
    }
}

#[test]
fn an_unknown_word_is_refused_wherever_it_stands() {
    let check = |path: &str, from: &str, to: &str, expected: &str| {
        let whole = Source::embedded().file(path).unwrap().to_owned();
        assert!(whole.contains(from), "{path} has no `{from}` any more");
        let found = problems(path, &whole.replacen(from, to, 1));
        let named = found.iter().any(|problem| problem.file == path && problem.reason.contains(expected));
        assert!(named, "{path}: {to}: {found:?}");
    };
    check("catalogue/identity.toml", "charge = \"call\"", "charge = \"gift\"", "unknown variant `gift`");
    check("catalogue/identity.toml", "consent = \"required\"", "consent = \"maybe\"", "unknown variant `maybe`");
    check("catalogue/identity.toml", "callers = [\"Agency\"]", "callers = [\"agency\"]", "unknown variant `agency`");
    check("catalogue/identity.toml", "kind = \"cnic\"", "kind = \"cnics\"", "unknown variant `cnics`");
    check("catalogue/identity.toml", "\nrequired = true", "\nrequird = true", "unknown field `requird`");
    check("catalogue/identity.toml", "version = 1", "version = 70000", "70000");
    check("catalogue/identity.toml", "id = \"identity.yes-no\"", "id = \"identity yes\"", "character");
    check("catalogue/report.toml", "unattended = true", "unatended = true", "unknown field `unatended`");
    check("dictionary/nser.toml", "class = \"Confidential\"", "class = \"Sercet\"", "unknown variant `Sercet`");
    check("dictionary/nser.toml", "personal = true", "personal = 1", "invalid type");
    check("dictionary/nser.toml", "\nclass = \"Confidential\"", "", "missing field `class`");
    check("catalogue/identity.toml", "\ntariff = \"identity.yes-no\"", "", "missing field `tariff`");
    check("catalogue/identity.toml", "tariff = \"identity.yes-no\"", "tariff = \"\"", "empty");
    check("cases/identity.toml", "consent = {}", "consent = { agncy = \"x\" }", "unknown field `agncy`");
    check("cases/identity.toml", "purpose = ", "purposes = ", "unknown field `purposes`");
    check("cases/world.toml", "sector = \"Private\"", "sector = \"Privat\"", "unknown variant `Privat`");
    check("cases/world.toml", "forum = \"NADRA\"", "forum = \"Nadra\"", "unknown variant `Nadra`");
}

/// A policy that would be sound, with its annotations and its body to change.
fn policy(annotations: &str, body: &str) -> String {
    spoken(&format!("@id(\"X01-new\")\n{annotations}\n{body}\n"))
}

#[test]
fn a_policy_is_refused_for_each_thing_that_it_lacks() {
    let path = "domains/x/X01-new.cedar";
    let permit = "permit (principal, action, resource);";
    let forbid = "forbid (principal, action, resource) when { context.rows > 5 };";
    let check = |text: &str, expected: &str| {
        let found = problems(path, text);
        assert!(found.iter().all(|problem| problem.file == path), "{text}: {found:?}");
        assert!(found.iter().any(|problem| problem.reason.contains(expected)), "{text}: {found:?}");
    };
    assert_eq!(problems(path, &policy("@authority(\"x\")@obligation(\"log\")", permit)), []);
    assert_eq!(problems(path, &policy("@authority(\"x\")@reason(\"policy_denied\")", forbid)), []);
    check("", "unexpected end of input");
    check("// nothing", "unexpected end of input");
    check(&format!("{permit}{permit}"), "unexpected token");
    check(&policy("@authority(\"x\")@obligation(\"log\")", "permit (principal, action, resource)"), "unexpected end");
    check(&format!("@authority(\"x\")@obligation(\"log\"){permit}"), "needs @id(\"X01-new\"), the file's own name");
    check(&format!("@id(\"X01\")@authority(\"x\")@obligation(\"log\"){permit}"), "needs @id(\"X01-new\")");
    check(&policy("@obligation(\"log\")", permit), "needs @authority");
    check(&policy("@authority(\"\")@obligation(\"log\")", permit), "needs @authority");
    check(&policy("@authority(\"x\")", permit), "a permit needs @obligation, at least `log`");
    check(&policy("@authority(\"x\")@obligation(\"meter\")", permit), "@obligation needs `log`");
    check(&policy("@authority(\"x\")@obligation(\"log;\")", permit), "@obligation `` is unknown");
    check(&policy("@authority(\"x\")@obligation(\"log; meter\")", permit), "@obligation ` meter` is unknown");
    check(&policy("@authority(\"x\")", forbid), "a forbid needs @reason");
    let silent = "@id(\"X01-new\")@authority(\"x\")@reason(\"policy_denied\")";
    check(&format!("{silent}{forbid}"), "needs @lawful: what would make the request lawful, a sentence");
    check(&format!("{silent}@lawful(\"Ask.\"){forbid}"), "needs @lawful_ur");
    check(&policy("@authority(\"x\")@reason(\"Policy_Denied\")", forbid), "is not a code of codes.toml");
    check(&policy("@authority(\"x\")@reason(\"policy_error\")", forbid), "has no place in src/precedence.rs");
}

#[test]
fn a_policy_that_could_go_wrong_is_refused_before_it_decides() {
    let path = "domains/x/X01-new.cedar";
    let check = |condition: &str, expected: &str| {
        let body = format!("forbid (principal, action, resource) when {{ {condition} }};");
        let found = problems(path, &policy("@authority(\"x\")@reason(\"policy_denied\")", &body));
        assert!(found.iter().all(|problem| problem.file == path), "{condition}: {found:?}");
        assert!(found.iter().any(|problem| problem.reason.contains(expected)), "{condition}: {found:?}");
    };
    check("context.agreement.revoked", "agreement");
    check("context.user.disabled", "user");
    check("context.colour == 1", "colour");
    check("resource.colour == 1", "colour");
    check("context.rows == \"one\"", "not compatible");
    check("context.rows", "unexpected type");
    check("context.role == Ijazat::Role::\"Pover\"", "Pover");
    check("context.role == Ijazat::Sector::\"Private\"", "impossible");
    check("context.service == Ijazat::Servise::\"x\"", "Servise");
    check("principal.role == Ijazat::Role::\"Basic\"", "role");
    check("context.now < datetime(\"2026-01-01\")", "type");
}

#[test]
fn a_policy_about_what_no_list_has_is_refused() {
    let path = "domains/x/X01-new.cedar";
    let check = |literal: &str, expected: &str| {
        let body = format!("forbid (principal, action, resource) when {{ {literal} }};");
        let found = problems(path, &policy("@authority(\"x\")@reason(\"policy_denied\")", &body));
        let told: Vec<_> = found.iter().map(|it| (it.file.as_str(), it.reason.as_str())).collect();
        assert_eq!(told, [(path, expected)], "{literal}");
    };
    check("resource == Ijazat::Datatype::\"nser.cnci\"", "names `nser.cnci`, which no dictionary has");
    check("resource in Ijazat::Domain::\"nsre\"", "names `nsre`, which no dictionary has");
    let service = "context.service == Ijazat::Service::\"nser.hosehold\"";
    check(service, "names `nser.hosehold`, which no catalogue has");
    let purpose = "context has purpose && context.purpose.code == Ijazat::Purpose::\"MKT-901\"";
    check(purpose, "names `MKT-901`, which no service of the catalogue lists");
    let kind = "context has agency && [Ijazat::AgencyKind::\"Bank\", Ijazat::AgencyKind::\"Circus\"].contains(context.agency.kind)";
    check(kind, "names `Circus`, which matrices/kinds.toml lacks");
    let sound = "forbid (principal, action, resource) when { resource == Ijazat::Datatype::\"nser.cnic\" && context.rows > 5 };";
    assert_eq!(problems(path, &policy("@authority(\"x\")@reason(\"policy_denied\")", sound)), []);
}

#[test]
fn a_policy_that_can_never_apply_is_refused() {
    let path = "domains/x/X01-new.cedar";
    let annotations = "@authority(\"x\")@reason(\"policy_denied\")";
    let check = |body: &str, expected: &str| {
        let found = problems(path, &policy(annotations, body));
        let named = found.iter().any(|problem| problem.file == path && problem.reason.contains(expected));
        assert!(named, "{body}: {found:?}");
    };
    check("forbid (principal is Ijazat::Anyone, action == Ijazat::Action::\"verifyYesNo\", resource);", "impossible");
    check("forbid (principal, action == Ijazat::Action::\"verify\", resource);", "verify");
    check("forbid (principal, action, resource) when { false };", "impossible");
    // A letter of another script within a name, which nobody sees.
    check(
        "forbid (principal, action, resource) when { context.service == Ijazat::Service::\"nser.hоusehold\" };",
        "script",
    );
}

#[test]
fn a_guardrail_forbids() {
    let permit = policy("@authority(\"x\")@obligation(\"log\")", "permit (principal, action, resource);");
    let found = problems("guardrails/X01-new.cedar", &permit);
    let expected = Problem::new("guardrails/X01-new.cedar", "a guardrail forbids; permits stand under domains");
    assert_eq!(found, [expected]);
}

#[test]
fn two_policies_of_one_name_are_refused() {
    let text = Source::embedded().file("guardrails/G05-network.cedar").unwrap().to_owned();
    let found = problems("domains/x/G05-network.cedar", &text);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].reason.contains("G05-network"), "{}", found[0]);
}

#[test]
fn two_datatypes_of_one_name_are_refused() {
    let text = Source::embedded().file("dictionary/report.toml").unwrap().to_owned();
    let found = problems("dictionary/zz.toml", &text);
    assert_eq!(found, [Problem::new("dictionary/zz.toml", "`report.statistics` is listed twice")]);
}

#[test]
fn problems_are_told_sorted_each_once() {
    let one = || Problem::new("b", "x");
    let error = BundleError::new(vec![one(), Problem::new("a", "z"), one(), Problem::new("a", "y")]);
    let told: Vec<_> = error.problems().iter().map(ToString::to_string).collect();
    assert_eq!(told, ["a: y", "a: z", "b: x"]);
    assert_eq!(error.to_string(), "bundle is refused for 3 problem(s)\n  a: y\n  a: z\n  b: x");
    assert_eq!(BundleError::unless_empty(Vec::new()), Ok(()));
    assert_eq!(BundleError::unless_empty(vec![one()]), Err(BundleError::from(one())));
}
