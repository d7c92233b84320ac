//! Secrets that others may read are refused before anything is begun.

use super::*;

#[test]
fn a_secret_is_one_line_that_nobody_else_may_read() {
    let folder = std::env::temp_dir().join(format!("ijazat-sms-secret-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("password");
    let check = |text: &str, mode: u32, expected: Result<&str, &str>| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let read = secret(&path).map_err(|error| error.to_string());
        match expected {
            Ok(line) => assert_eq!(read.unwrap(), line),
            Err(why) => assert!(read.unwrap_err().contains(why), "{why}"),
        }
    };
    check("hunter2\n", 0o600, Ok("hunter2"));
    check("hunter2", 0o400, Ok("hunter2"));
    check("hunter2\n", 0o640, Err("others may read it: chmod 600"));
    check("hunter2\n", 0o604, Err("others may read it: chmod 600"));
    check("", 0o600, Err("not one line of text"));
    check("a\nb\n", 0o600, Err("not one line of text"));
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(secret(&path).unwrap_err().to_string().contains("sms secret"));
}
