//! The lines that the demo prints are the README's, and they hold together as a shell script.

use super::*;

fn citizen() -> Cnic {
    Cnic::parse("1029049703061").unwrap()
}

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap()
}

/// What stands between the README's lines for a shell.
fn documented() -> String {
    let text = readme();
    let (_, after) = text.split_once("```bash\n").unwrap();
    after.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_readme_holds_exactly_the_lines_that_the_demo_prints_with_the_usual_paths_and_ports() {
    let printed = lines(Path::new("./state"), "target/demo/ijazat", 8443, 8444, citizen());
    assert_eq!(documented().trim_end(), printed.trim_end());
    assert_eq!(readme().matches("```bash\n").count(), 1, "there is one block to type");
}

#[test]
fn the_citizen_of_the_readme_is_the_customer_of_the_demos_population() {
    use registry_core::population::{DEMO_SEED, Population};
    let notable = Population::new(DEMO_SEED, 100_000).notable().unwrap();
    assert_eq!(notable.customer, citizen());
}

#[test]
fn every_part_follows_what_it_is_given() {
    let text = lines(Path::new("/tmp/other state"), "/bin/other", 7001, 7002, Cnic::parse("4210112345671").unwrap());
    assert!(text.contains("S=/tmp/other state\n"), "{text}");
    assert_eq!(text.matches("/bin/other sms --state $S --last 1").count(), 2);
    assert_eq!(text.matches("https://localhost:7001/").count(), 9, "{text}");
    assert_eq!(text.matches("https://localhost:7002/").count(), 2);
    assert_eq!(text.matches("4210112345671").count(), 4);
    for usual in ["8443", "8444", "1029049703061", "./state", "target/demo"] {
        assert!(!text.contains(usual), "{usual}: {text}");
    }
}

#[test]
fn each_command_is_introduced_and_separated() {
    let text = lines(Path::new("./state"), "ijazat", 1, 2, citizen());
    let blocks: Vec<&str> = text.trim_end().split("\n\n").collect();
    assert_eq!(blocks.len(), 11);
    for block in blocks {
        let mut block_lines = block.lines();
        assert!(block_lines.next().unwrap().starts_with("# "), "{block}");
        assert!(block_lines.all(|line| !line.starts_with('#') && !line.ends_with(' ')), "{block}");
    }
}

#[test]
fn a_shell_reads_the_lines_without_complaint() {
    let folder = crate::pki::testing::Folder::new();
    let script = folder.path().join("lines.sh");
    std::fs::write(&script, lines(Path::new("./state"), "ijazat", 1, 2, citizen())).unwrap();
    let output = std::process::Command::new("bash").arg("-n").arg(&script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

#[test]
fn what_the_lines_cut_out_of_answers_is_what_the_answers_hold() {
    let text = lines(Path::new("./state"), "ijazat", 1, 2, citizen());
    // The same cutting tools over answers as the door gives them.
    let cut = |name: &str, answer: &str| {
        let sed = format!("s/.*\"{name}\":\"\\([^\"]*\\)\".*/\\1/");
        assert!(text.contains(&format!("sed '{sed}'")), "{sed}: {text}");
        let output = std::process::Command::new("bash")
            .args(["-c", &format!("echo '{answer}' | sed '{sed}'")])
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let receipt = r#"s/^ijazat-receipt: "[^"]*\/\([0-9]*\)".*/\1/p"#;
    assert!(text.contains(&format!("sed -n '{receipt}'")), "{text}");
    let headers = "HTTP/2 200\r\nijazat-receipt: \"localhost/node-1/134\";rows=1\r\nserver: x";
    let output = std::process::Command::new("bash")
        .args(["-c", &format!("printf '{headers}' | sed -n '{receipt}'")])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "134");
    assert_eq!(cut("auth_req_id", "{\"auth_req_id\":\"abc-1\",\"expires_in\":300,\"ref\":\"K7Q4\"}"), "abc-1");
    assert_eq!(cut("access_token", "{\"token_type\":\"Bearer\",\"access_token\":\"t_0-k\"}"), "t_0-k");
}
