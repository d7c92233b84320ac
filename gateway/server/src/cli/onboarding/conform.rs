//! `ijazat agency conform`: whether a newcomer's system speaks to the exchange as it must, line by line, against people who do
//! not exist.

use std::{
    io::Write,
    net::{SocketAddr, ToSocketAddrs as _},
    path::{Path, PathBuf},
};

use clap::Args;
use exchange::ids::AgencyId;
use registry_core::population::{DEMO_SEED, Notable, Population};
use serde_json::{Value, json};

use super::super::{failure::Failure, runtime::block_on};
use crate::{
    config::Config,
    demo::client::{Answer, Call, ClientError, Connection, Credential, tls},
};

/// Calls the exchange as a newcomer does and reports on each answer.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ijazat agency conform bank-indus --cert bank.pem --key bank.key --user teller-1
  ijazat agency conform bank-indus --cert bank.pem --key bank.key --user teller-1 --url localhost:8443 --basis prog-1

The people it asks about are the sandbox's: drawn from the seed of `ijazat seed`, none exists. A permitted call is tried dry:
decision and price, no data, no charge. Exit code 1 if a line fails.")]
pub struct Conform {
    /// The agency
    #[arg(value_parser = |text: &str| AgencyId::parse(text).map_err(|error| error.to_string()))]
    agency: AgencyId,
    /// Its client certificate (PEM)
    #[arg(long, value_name = "FILE")]
    cert: PathBuf,
    /// The certificate's key (PEM)
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// One of its users
    #[arg(long, value_name = "USER")]
    user: String,
    /// Programme or approval to name as lawful basis
    #[arg(long, value_name = "ID")]
    basis: Option<String>,
    /// Address of the agency listener, host and port
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8443")]
    url: String,
    /// Authority of the server's certificate (PEM); the installation's own unless said
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Persons that the sandbox was seeded with
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// Seed that they are drawn from
    #[arg(long = "seed", value_name = "SEED", default_value_t = DEMO_SEED)]
    drawn_from: u64,
}

/// One line of the report.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    passed: bool,
    what: String,
    got: String,
}

impl Line {
    fn new(what: &str, passed: bool, got: impl Into<String>) -> Self {
        Self { passed, what: what.to_owned(), got: got.into() }
    }

    /// A line about an answer: passed if its status or code is one of those that are right.
    fn of(what: &str, answer: &Answer, right: &[&str]) -> Self {
        let status = answer.status.to_string();
        let got = if answer.code().is_empty() { status } else { format!("{status} {}", answer.code()) };
        Self::new(what, right.iter().any(|right| *right == answer.code() || got == *right), got)
    }
}

impl Conform {
    /// Runs the command.
    ///
    /// # Errors
    /// [`Failure::Failed`] if a line fails or nobody answers.
    pub fn run(&self, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
        crate::tls::install_provider();
        let text = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
        };
        let credential = Credential { certificate: text(&self.cert)?, key: text(&self.key)? };
        let ca = self.ca.clone().unwrap_or_else(|| config.node.state_dir.join("pki/server-ca.pem"));
        let server_ca = text(&ca)?;
        let people = Population::new(self.drawn_from, self.persons).notable();
        let people = people.ok_or_else(|| Failure::Usage("--persons: too few for a sandbox".to_owned()))?;
        personas(&people, out)?;
        let lines = block_on(self.lines(&server_ca, &credential, &people))?;
        for line in &lines {
            writeln!(out, "{} {}: {}", if line.passed { "pass" } else { "FAIL" }, line.what, line.got)?;
        }
        writeln!(out, "note  call from outside your networks yourself: the exchange answers 403 network_refused")?;
        match lines.iter().filter(|line| !line.passed).count() {
            0 => Ok(()),
            failed => {
                Err(Failure::Failed(format!("{} does not conform: {failed} of {} failed", self.agency, lines.len())))
            }
        }
    }

    async fn lines(&self, ca: &str, credential: &Credential, people: &Notable) -> Result<Vec<Line>, Failure> {
        let told = |error: ClientError| Failure::Failed(format!("{}: {error}", self.url));
        let (host, address) = self.address()?;
        let connect = || async { Connection::open_as(&host, address, tls(ca, Some(credential))?).await };
        let mut connection = connect().await.map_err(told)?;
        let mut send = async |call: Call| connection.send(call).await.map_err(told);
        let whoami = send(self.by_user(Call::get("/v1/self/whoami"))).await?;
        let known = whoami.status == 200 && whoami.text("/data/agency") == self.agency.as_str();
        let mut lines = vec![
            Line::new("the exchange knows the certificate", known, describe(&whoami)),
            Line::of(
                "a query in the path is refused",
                &send(Call::get("/v1/self/whoami?a=1")).await?,
                &["path_ambiguous"],
            ),
            Line::of(
                "a user of nobody is refused",
                &send(Call::get("/v1/self/whoami").with("ijazat-user", "nobody-of-ours")).await?,
                &["user_unknown"],
            ),
        ];
        let anonymous = match Connection::open_as(&host, address, tls(ca, None).map_err(told)?).await {
            Ok(mut bare) => bare.send(Call::get("/v1/self/whoami")).await.map(|answer| describe(&answer)),
            Err(error) => Err(error),
        };
        lines.push(Line::new(
            "without a certificate nothing is answered",
            anonymous.is_err(),
            anonymous.unwrap_or_else(|_| "refused in the handshake".to_owned()),
        ));
        let document = send(Call::get("/openapi.json")).await?.body;
        let granted = granted(&whoami.body);
        match granted.first().and_then(|(service, purpose)| Some((operation(&document, service)?, purpose))) {
            None => lines.push(Line::new("an agreement in force opens a service", false, "none")),
            Some(((path, body), purpose)) => {
                let call = || self.by_user(Call::json(path.clone(), &filled(&body, people)));
                let dry = call().with("ijazat-purpose", purpose.clone()).with("ijazat-dry-run", "1");
                let dry = self.basis.iter().fold(dry, |call, basis| call.with("ijazat-basis", basis.clone()));
                let right = ["200", "not_built", "consent_required", "user_assertion_required"];
                lines.push(Line::of(
                    &format!("{path} is permitted, or asks for the citizen's yes"),
                    &send(dry).await?,
                    &right,
                ));
                let wrong = call().with("ijazat-purpose", "XXX-999");
                lines.push(Line::of("a purpose of nobody is refused", &send(wrong).await?, &["purpose_unknown"]));
                lines.push(Line::of("no purpose is refused", &send(call()).await?, &["purpose_required"]));
            }
        }
        let strange = "/v1/onboarding/proposals";
        let right = ["caller_not_allowed", "user_assertion_required"];
        lines.push(Line::of(
            "the operator's services are closed",
            &send(self.by_user(Call::get(strange))).await?,
            &right,
        ));
        Ok(lines)
    }

    fn by_user(&self, call: Call) -> Call {
        call.with("ijazat-user", self.user.clone())
    }

    fn address(&self) -> Result<(String, SocketAddr), Failure> {
        let bare = self.url.trim_start_matches("https://").trim_end_matches('/');
        let told = || Failure::Usage(format!("--url {}: not host and port of the agency listener", self.url));
        let (host, _) = bare.rsplit_once(':').ok_or_else(told)?;
        // The address of the older kind first: it is what development listens on.
        let mut all: Vec<_> = bare.to_socket_addrs().map_err(|_| told())?.collect();
        all.sort_by_key(SocketAddr::is_ipv6);
        let host = if host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback()) { "localhost" } else { host };
        Ok((host.to_owned(), all.into_iter().next().ok_or_else(told)?))
    }
}

fn describe(answer: &Answer) -> String {
    match answer.code() {
        "" => answer.status.to_string(),
        code => format!("{} {code}", answer.status),
    }
}

/// Services and purposes of agreements in force.
fn granted(whoami: &Value) -> Vec<(String, String)> {
    let agreements = whoami.pointer("/data/agreements").and_then(Value::as_array).cloned().unwrap_or_default();
    let live = agreements.iter().filter(|agreement| agreement["in_force"] == true);
    live.filter_map(|agreement| {
        let first = |name: &str| agreement.get(name)?.get(0)?.as_str().map(str::to_owned);
        Some((first("services")?, first("purposes")?))
    })
    .collect()
}

/// Path of a service, and the schema of its body, by the exchange's own description.
fn operation(document: &Value, service: &str) -> Option<(String, Value)> {
    let paths = document.get("paths")?.as_object()?;
    paths.iter().find_map(|(path, item)| {
        let post = item.get("post").filter(|post| post["operationId"] == *service)?;
        let schema = post.pointer("/requestBody/content/application~1json/schema")?;
        let schema = match schema.get("$ref").and_then(Value::as_str).and_then(|name| name.strip_prefix('#')) {
            Some(pointer) => document.pointer(pointer)?,
            None => schema,
        };
        Some((path.clone(), schema.clone()))
    })
}

/// The smallest body of this schema, about people of the sandbox.
fn filled(schema: &Value, people: &Notable) -> Value {
    let names = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let value = |name: &str| match name {
        "cnic" => json!(people.customer.digits()),
        name if name.contains("date") => json!("2026-01-31"),
        _ => schema.pointer(&format!("/properties/{name}/examples/0")).cloned().unwrap_or_else(|| json!("sandbox")),
    };
    names
        .iter()
        .filter_map(Value::as_str)
        .map(|name| (name.to_owned(), value(name)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Who can be asked about: nobody of them exists.
fn personas(people: &Notable, out: &mut dyn Write) -> Result<(), Failure> {
    writeln!(out, "Sandbox: people who do not exist, each by card number")?;
    for (number, who) in [
        (people.customer, "a living adult with a mobile and a valid card"),
        (people.household_head, "head of a beneficiary household of five or more"),
        (people.year_only, "a living adult of whose birth only the year is known"),
        (people.expired, "a living adult whose card ran out"),
        (people.impounded, "a living adult whose card is impounded"),
        (people.deceased, "somebody whose death is registered"),
    ] {
        writeln!(out, "  {} {who}", number.digits())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: json!({ "code": code }) }
    }

    #[test]
    fn a_line_passes_by_the_code_or_the_status_that_is_right() {
        let check = |answer: &Answer, right: &[&str], passed| assert_eq!(Line::of("x", answer, right).passed, passed);
        check(&answer(200, ""), &["200"], true);
        check(&answer(403, "caller_not_allowed"), &["200", "caller_not_allowed"], true);
        check(&answer(403, "policy_denied"), &["200", "caller_not_allowed"], false);
        check(&answer(500, ""), &["200"], false);
        check(&answer(200, ""), &["caller_not_allowed"], false);
    }

    #[test]
    fn the_first_service_of_each_live_agreement_is_tried() {
        let one = |id: &str, live: bool| json!({"in_force": live, "services": [id], "purposes": ["P-1"]});
        let whoami = json!({"data": {"agreements": [one("a", false), one("b", true), {"in_force": true}]}});
        assert_eq!(granted(&whoami), [("b".to_owned(), "P-1".to_owned())]);
        assert_eq!(granted(&json!({})), []);
    }

    #[test]
    fn a_body_is_made_of_what_the_description_demands() {
        let people = Population::new(DEMO_SEED, 2_000).notable().unwrap();
        let schema = json!({"required": ["cnic", "date_of_death", "place"], "properties": {"place": {}}});
        let expected = json!({"cnic": people.customer.digits(), "date_of_death": "2026-01-31", "place": "sandbox"});
        assert_eq!(filled(&schema, &people), expected);
    }

    #[test]
    fn a_service_is_found_in_the_description_by_its_name() {
        let bundle = policies::Bundle::embedded().unwrap();
        let catalogue = exchange::decision::Decider::catalogue(&bundle);
        let document = exchange::openapi::document(&catalogue, "https://localhost");
        let (path, schema) = operation(&document, "identity.yes-no").unwrap();
        assert_eq!((path.as_str(), &schema["required"][0]), ("/v1/identity/yes-no", &json!("cnic")));
        assert_eq!(operation(&document, "no.such"), None);
    }
}
