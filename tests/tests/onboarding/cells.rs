//! The tables of Annexure B as text is read, and the service that stands for each of their columns.

use std::{fs, path::PathBuf};

use exchange::{
    catalogue::{ConsentRule, Service},
    classification::{BasisKind, Sector},
};
use gateway::demo::client::Call;
use policies::source::Source;
use serde_json::json;
use tests::world::World;
use toml::Table;

/// Which service is asked in the name of a column; whether it writes tells `feeds` from `uses`.
pub const ASKED: [&str; 8] = [
    "identity.yes-no",
    "vital.death-notice",
    "nser.household",
    "fbr.taxpayer",
    "audit.accesses",
    "travel.control-list",
    "lawful.access",
    "licence.check",
];

/// One kind of agency with its row.
#[derive(Clone, Debug)]
pub struct Row {
    pub kind: String,
    /// The first type of client that such an agency can be.
    pub sector: Sector,
    feeds: Vec<String>,
    uses: Vec<String>,
}

impl Row {
    /// Whether the cell of the service's domain is open.
    pub fn opens(&self, service: &Service) -> bool {
        let domain = service.id.as_str().split('.').next().unwrap();
        let cells = if service.writes { &self.feeds } else { &self.uses };
        cells.iter().any(|listed| listed == domain)
    }

    pub fn feeds(&self) -> bool {
        !self.feeds.is_empty()
    }

    pub fn uses(&self) -> bool {
        !self.uses.is_empty()
    }

    /// The instrument that opens a service to this kind.
    pub fn basis(&self, service: &Service) -> Option<BasisKind> {
        match (service.id.as_str(), self.kind.as_str()) {
            _ if service.consent == ConsentRule::None => None,
            ("travel.control-list", _) => Some(BasisKind::Statute),
            ("lawful.access", "Intelligence") => Some(BasisKind::NationalSecurity),
            ("lawful.access", _) => Some(BasisKind::CourtOrder),
            _ => Some(BasisKind::Programme),
        }
    }
}

fn parsed(file: &str) -> Table {
    Source::embedded().file(file).unwrap().parse().unwrap()
}

/// Every kind of a table.
pub fn rows(matrix: &str) -> Vec<Row> {
    let table = parsed(&format!("matrices/{matrix}.toml"));
    let kinds = parsed("matrices/kinds.toml");
    let texts = |value: &toml::Value| -> Vec<String> { value.clone().try_into().unwrap() };
    let row = |row: &toml::Value| {
        let kind = row["kind"].as_str().unwrap().to_owned();
        let entry = kinds["kind"].as_array().unwrap().iter().find(|one| one["id"].as_str() == Some(&kind)).unwrap();
        let sector = Sector::parse(entry["sectors"][0].as_str().unwrap()).unwrap();
        // The type `Citizen` has statistics only: whoever is of the kind `Other` comes as the other one.
        let sector = if sector == Sector::Citizen { Sector::Other } else { sector };
        Row { kind, sector, feeds: texts(&row["feeds"]), uses: texts(&row["uses"]) }
    };
    table["row"].as_array().unwrap().iter().map(row).collect()
}

/// The embedded law with this table in force, in a folder of its own.
pub fn bundle(matrix: &str) -> PathBuf {
    let name = exchange::ports::entropy::random_hex_128(&adapters::entropy::SystemEntropy::default());
    let folder = std::env::temp_dir().join(format!("ijazat-bundle-{name}"));
    for (path, text) in Source::embedded().matching("", "") {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let text = if path == "bundle.toml" {
            assert!(text.contains("matrix = \"target\""));
            text.replace("matrix = \"target\"", &format!("matrix = \"{matrix}\""))
        } else {
            text.to_owned()
        };
        fs::write(file, text).unwrap();
    }
    folder
}

/// A well-formed call of one of [`ASKED`].
pub fn call(world: &World, service: &Service) -> Call {
    let cast = world.stage.cast;
    let (year, month, day) = world.stage.clock.now().karachi_date();
    let body = match service.id.as_str() {
        "vital.death-notice" => json!({
            "cnic": cast.dying.digits(), "date_of_death": format!("{year:04}-{month:02}-{day:02}"), "place": "Here",
        }),
        "nser.household" => json!({ "cnic": cast.head.digits() }),
        "fbr.taxpayer" => json!({ "cnic": cast.taxpayer.digits() }),
        "lawful.access" => json!({ "cnic": cast.citizen.digits(), "case": "case-7" }),
        "licence.check" => {
            let mut body = serde_json::Map::from_iter([("cnic".to_owned(), json!(cast.citizen.digits()))]);
            let more = service.params.iter().filter(|param| param.required && param.name != "cnic");
            body.extend(more.map(|param| (param.name.clone(), json!("driving"))));
            body.into()
        }
        _ => json!({ "cnic": cast.citizen.digits() }),
    };
    Call::json(service.path.clone(), &body).with("ijazat-purpose", service.purposes[0].as_str())
}
