//! What holds the state: databases with the version of their tables, and the access log.

use std::{fs, path::Path, time::Duration};

use adapters::{log, quotas::RedisQuotas, sql::Database};
use exchange::{limits::QUOTA_WAIT_MS, ports::shared_quotas::SharedQuotas as _};

use super::{
    super::{failure::Failure, runtime::block_on, verify_log::own_vkey},
    Check,
};
use crate::config::{Config, ProcessRole, secret::SecretUrl};

/// Bytes of a log that is verified whole on the side: about a second's work.
const VERIFY_BYTES_MAX: u64 = 512 << 20;

pub(super) fn checks(config: &Config) -> Result<Vec<Check>, Failure> {
    let plays = |role| config.node.plays(role);
    let (gateway, control) = (plays(ProcessRole::Gateway), plays(ProcessRole::Control));
    let stores = [
        ("control", &config.database.control, gateway || control),
        ("registry", &config.database.registry, control || plays(ProcessRole::Registry)),
        ("index", &config.database.index, gateway),
    ];
    let mut checks = block_on(async {
        let mut checks = Vec::new();
        for (role, url, _) in stores.into_iter().filter(|(.., used)| *used) {
            checks.push(database(role, url).await);
        }
        if let Some(url) = config.limits.shared.as_ref().filter(|_| gateway) {
            checks.push(shared_quotas(url).await);
        }
        Ok(checks)
    })?;
    if gateway {
        checks.push(access_log(config));
    }
    Ok(checks)
}

async fn database(role: &str, url: &SecretUrl) -> Check {
    let name = format!("database {role}");
    // Opening a SQLite database makes it; a look must not.
    if let Some(path) = url.sqlite_path().filter(|path| !path.exists()) {
        let todo = "`ijazat serve`, `ijazat demo` or `ijazat seed` makes it";
        return Check::warn(name, format!("{} is not there", path.display()), todo);
    }
    let versions = match Database::open(url.expose(), role).await {
        Ok(database) => {
            let versions = database.schema_versions().await;
            database.close().await;
            versions
        }
        Err(error) => Err(error),
    };
    match versions {
        Ok(versions) if versions.is_empty() => Check::warn(name, format!("{url} is empty"), "the first start fills it"),
        Ok(versions) => {
            let shown: Vec<String> = versions.iter().map(|(part, version)| format!("{part} {version}")).collect();
            Check::ok(name, format!("{url}, tables at {}", shown.join(", ")))
        }
        Err(error) => {
            Check::fail(name, format!("{url}: {error}"), "start the database, or mend its address and rights")
        }
    }
}

/// Whether Redis answers and can be written. Without it each gateway grants its share, so this is never a failure.
async fn shared_quotas(url: &SecretUrl) -> Check {
    let name = "shared quotas";
    let looked = match RedisQuotas::new(url.expose(), Duration::from_millis(QUOTA_WAIT_MS)) {
        Ok(quotas) => quotas.look().await,
        Err(error) => Err(error),
    };
    match looked {
        Ok(()) => Check::ok(name, format!("{url} answers")),
        Err(error) => {
            let todo =
                "start Redis, or mend its address and rights; until then each gateway grants its share of a quota";
            Check::warn(name, format!("{url}: {error}"), todo)
        }
    }
}

fn access_log(config: &Config) -> Check {
    let (name, dir) = ("access log", &config.log.dir);
    if !dir.exists() {
        return Check::warn(name, format!("{} is not there", dir.display()), "the first start of a gateway makes it");
    }
    if bytes_of(dir) > VERIFY_BYTES_MAX {
        let todo = "run `ijazat verify-log`: it reads all of it";
        return Check::warn(name, format!("{} is large and was not verified here", dir.display()), todo);
    }
    let verified = own_vkey(config).and_then(|vkey| {
        log::verify(dir, &vkey).map_err(|error| Failure::Failed(format!("{}: {error}", dir.display())))
    });
    match verified {
        Ok(report) => Check::ok(name, format!("{} entries verified, {} unsigned", report.entries, report.unsigned)),
        Err(error) => {
            let todo = "change nothing; copy the folder; ops/runbooks tell a torn tail from corruption";
            Check::fail(name, error.to_string(), todo)
        }
    }
}

/// Bytes that the folder's files hold; preallocated ones count whole.
fn bytes_of(folder: &Path) -> u64 {
    let sizes = fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
    sizes.sum()
}
