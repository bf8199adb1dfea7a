//! From values to settings: a wrong value is noted and replaced by its default, so that all problems are told at once.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::Value;

use super::source::Values;
use super::{
    Database, Dmp, Fhir, Identity, PatientPortal, Problem, Revocation, Server, Settings, Tls,
    notifications,
};
use crate::dmp::context::{Environment, Validation};

/// Every setting with its default.
pub(super) fn settings(from: &mut Reader<'_>) -> Settings {
    let identity = identity(from);
    Settings {
        notifications: notifications::read(from, identity.environment),
        server: server(from),
        tls: Tls {
            certificate: from.path("tls.certificate", "pki/server.pem"),
            private_key: from.path("tls.private_key", "pki/server.key"),
        },
        identity,
        database: Database {
            url: database_url(from),
        },
        fhir: Fhir {
            validation: from.choice(
                "fhir.validation",
                &[("guide", Validation::Guide), ("strict", Validation::Strict)],
            ),
        },
        dmp: Dmp {
            operators: from.identifiers("dmp.operators", "a Struct_IdNat, such as 10B0000001"),
            regulators: from.identifiers("dmp.regulators", "a PS_IdNat, such as 899900000099"),
            mappings: from
                .given("dmp.mappings")
                .then(|| from.path("dmp.mappings", "mappings")),
            matrix: from.paths("dmp.matrix", &[]),
            seed_overlay: from.boolean("dmp.seed_overlay", true),
            contested_groups: from.boolean("dmp.contested_groups", false),
            authorisation_months: from.number("dmp.authorisation_months", 12, 1, 120),
            age_of_majority: from.number("dmp.age_of_majority", 18, 1, 30),
            allow_late_invisibility: from.boolean("dmp.allow_late_invisibility", false),
        },
    }
}

fn server(from: &mut Reader<'_>) -> Server {
    const ADDRESS: &str = "give an IP address and a port, such as 127.0.0.1:8443";
    let listen = from.parsed("server.listen", "127.0.0.1:8443", ADDRESS);
    let listen = listen.unwrap_or_else(|| ([127, 0, 0, 1], 8443).into());
    let base_url = from.text("server.base_url", &Server::default_base_url(listen));
    let base_url = base_url.trim_end_matches('/').to_owned();
    let named = base_url.strip_prefix("https://").is_some_and(|rest| {
        !rest.is_empty() && !rest.contains(|c: char| c.is_whitespace() || "?#\"<>".contains(c))
    });
    if !named {
        from.wrong(
            "server.base_url",
            "not an https URL",
            "give what clients see, such as https://127.0.0.1:8443/fhir",
        );
    }
    let admin_listen = match from.text("server.admin_listen", "127.0.0.1:9443").as_str() {
        "" => None,
        _ => from.parsed("server.admin_listen", "127.0.0.1:9443", ADDRESS),
    };
    Server {
        listen,
        base_url,
        admin_listen,
        max_body_bytes: from.number("server.max_body_bytes", 20_971_520, 1_024, 1 << 30),
        request_timeout: Duration::from_secs(from.number(
            "server.request_timeout_seconds",
            30,
            1,
            3_600,
        )),
        cors_origins: from.identifiers(
            "server.cors_origins",
            "an origin as browsers write it, such as https://portail.example: no path, no usual port, no wildcard",
        ),
    }
}

fn identity(from: &mut Reader<'_>) -> Identity {
    let trust = from.paths("identity.trust", &["pki/trust.pem"]);
    let crls = from.paths("identity.crls", &["pki/crl.pem"]);
    let revocation = from.choice(
        "identity.revocation",
        &[
            ("required", Revocation::Required),
            ("if-available", Revocation::IfAvailable),
        ],
    );
    if trust.is_empty() {
        from.wrong(
            "identity.trust",
            "empty: no card would be accepted",
            "name the PEM files of the issuing authorities",
        );
    }
    if crls.is_empty() && revocation == Revocation::Required {
        from.wrong(
            "identity.crls",
            "empty while identity.revocation is \"required\": no card would be accepted",
            "name the CRL files, or set identity.revocation to \"if-available\"",
        );
    }
    Identity {
        trust,
        crls,
        revocation,
        environment: from.choice(
            "identity.environment",
            &[
                ("test", Environment::Test),
                ("production", Environment::Production),
            ],
        ),
        patient_portals: portals(from),
    }
}

fn database_url(from: &mut Reader<'_>) -> String {
    let url = from.text("database.url", "sqlite:passerelle.db");
    if let Some(file) = url.strip_prefix("sqlite:").filter(|file| !file.is_empty()) {
        return format!("sqlite:{}", from.folder.join(file).display());
    }
    if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
        from.wrong(
            "database.url",
            "neither an SQLite file nor a PostgreSQL URL",
            "give sqlite:FILE or postgres://user:password@host/database",
        );
    }
    url
}

fn portals(from: &mut Reader<'_>) -> Vec<PatientPortal> {
    const KEY: &str = "identity.patient_portal";
    const FIELDS: [&str; 5] = ["issuer", "audience", "jwks", "jwks_ca", "clients"];
    const SHAPE: &str = "write [[identity.patient_portal]] with issuer, audience, jwks and clients";
    let tables = match from.values.remove(KEY) {
        None => Vec::new(),
        Some(Value::Array(tables)) => tables,
        Some(_) => {
            from.wrong(KEY, "not a list of tables", SHAPE);
            Vec::new()
        }
    };
    let mut portals = Vec::with_capacity(tables.len());
    for (rank, table) in tables.into_iter().enumerate() {
        let name = format!("{KEY}[{rank}]");
        let Value::Table(mut table) = table else {
            from.wrong(&name, "not a table", SHAPE);
            continue;
        };
        for key in table.keys().filter(|key| !FIELDS.contains(&key.as_str())) {
            let unknown = format!("{name}.{key}");
            let known: Vec<String> = FIELDS.iter().map(|f| format!("{name}.{f}")).collect();
            from.problems
                .push(Problem::unknown(unknown, known.iter().map(String::as_str)));
        }
        let mut text = |field: &str| match table.remove(field) {
            Some(Value::String(text)) if !text.is_empty() => text,
            _ => {
                from.wrong(&format!("{name}.{field}"), "missing or not text", SHAPE);
                String::new()
            }
        };
        let (issuer, audience, jwks) = (text("issuer"), text("audience"), text("jwks"));
        let jwks = if jwks.starts_with("https://") {
            jwks
        } else {
            from.folder.join(jwks).display().to_string()
        };
        let jwks_ca = match table.remove("jwks_ca") {
            None => None,
            Some(Value::String(file)) if !file.is_empty() => Some(from.folder.join(file)),
            Some(_) => {
                from.wrong(&format!("{name}.jwks_ca"), "not text", SHAPE);
                None
            }
        };
        let clients = table.remove("clients").unwrap_or(Value::Array(Vec::new()));
        portals.push(PatientPortal {
            issuer,
            audience,
            jwks,
            jwks_ca,
            clients: from.each(&format!("{name}.clients"), clients, "a Struct_IdNat"),
        });
    }
    portals
}

/// Takes values one by one and notes what is wrong.
pub(super) struct Reader<'a> {
    values: Values,
    folder: &'a Path,
    problems: &'a mut Vec<Problem>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(values: Values, folder: &'a Path, problems: &'a mut Vec<Problem>) -> Self {
        Self {
            values,
            folder,
            problems,
        }
    }

    pub(super) fn wrong(&mut self, key: &str, message: &str, cure: &str) {
        self.problems.push(Problem::new(key, message, cure));
    }

    pub(super) fn given(&self, key: &str) -> bool {
        self.values.contains_key(key)
    }

    pub(super) fn text(&mut self, key: &str, default: &str) -> String {
        match self.values.get(key) {
            None => default.to_owned(),
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(_) => {
                self.wrong(key, "not text", "write it between quotes");
                default.to_owned()
            }
        }
    }

    fn parsed<T: FromStr>(&mut self, key: &str, default: &str, cure: &str) -> Option<T> {
        let value = self.text(key, default).parse().ok();
        if value.is_none() {
            self.wrong(key, "not a valid value", cure);
        }
        value
    }

    /// One of a few words; the first is the default.
    fn choice<T: Copy>(&mut self, key: &str, words: &[(&str, T); 2]) -> T {
        let [(default, first), (other, second)] = *words;
        match self.text(key, default) {
            text if text == default => first,
            text if text == other => second,
            _ => {
                let cure = format!("write \"{default}\" or \"{other}\"");
                self.wrong(key, "not a known word", &cure);
                first
            }
        }
    }

    pub(super) fn number<T: TryFrom<i64>>(
        &mut self,
        key: &str,
        default: T,
        least: i64,
        most: i64,
    ) -> T {
        let number = match self.values.get(key) {
            None => return default,
            Some(Value::Integer(number)) if (least..=most).contains(number) => {
                T::try_from(*number).ok()
            }
            Some(_) => None,
        };
        number.unwrap_or_else(|| {
            let cure = format!("write a whole number from {least} to {most}");
            self.wrong(key, "not a valid number", &cure);
            default
        })
    }

    fn boolean(&mut self, key: &str, default: bool) -> bool {
        match self.values.get(key) {
            None => default,
            Some(Value::Boolean(value)) => *value,
            Some(_) => {
                self.wrong(key, "neither true nor false", "write true or false");
                default
            }
        }
    }

    pub(super) fn path(&mut self, key: &str, default: &str) -> PathBuf {
        match self.text(key, default) {
            text if text.is_empty() => {
                self.wrong(key, "empty", "give the path of a file");
                self.folder.join(default)
            }
            text => self.folder.join(text),
        }
    }

    fn paths(&mut self, key: &str, default: &[&str]) -> Vec<PathBuf> {
        let texts: Vec<String> = match self.values.remove(key) {
            None => default.iter().map(|text| (*text).to_owned()).collect(),
            Some(value) => self.each(key, value, "the path of a file"),
        };
        texts.iter().map(|text| self.folder.join(text)).collect()
    }

    fn identifiers<T: FromStr>(&mut self, key: &str, what: &str) -> Vec<T> {
        match self.values.remove(key) {
            None => Vec::new(),
            Some(value) => self.each(key, value, what),
        }
    }

    /// Each item of a list of texts, parsed.
    fn each<T: FromStr>(&mut self, key: &str, value: Value, what: &str) -> Vec<T> {
        let Value::Array(items) = value else {
            self.wrong(key, "not a list", "write it between square brackets");
            return Vec::new();
        };
        let mut parsed = Vec::with_capacity(items.len());
        for (rank, item) in items.iter().enumerate() {
            match item
                .as_str()
                .filter(|text| !text.is_empty())
                .and_then(|text| text.parse().ok())
            {
                Some(value) => parsed.push(value),
                None => {
                    let key = format!("{key}[{rank}]");
                    self.wrong(&key, "not a valid value", &format!("give {what}"));
                }
            }
        }
        parsed
    }
}
