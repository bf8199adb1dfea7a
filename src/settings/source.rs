//! Where values come from: the TOML file, then the environment.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::Problem;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Integer,
    Boolean,
    List,
    Tables,
}

/// Every key, in the order of the documentation.
const KEYS: [(&str, Kind); 30] = [
    ("server.listen", Kind::Text),
    ("server.base_url", Kind::Text),
    ("server.admin_listen", Kind::Text),
    ("server.max_body_bytes", Kind::Integer),
    ("server.request_timeout_seconds", Kind::Integer),
    ("server.cors_origins", Kind::List),
    ("tls.certificate", Kind::Text),
    ("tls.private_key", Kind::Text),
    ("identity.trust", Kind::List),
    ("identity.crls", Kind::List),
    ("identity.revocation", Kind::Text),
    ("identity.environment", Kind::Text),
    ("identity.patient_portal", Kind::Tables),
    ("database.url", Kind::Text),
    ("fhir.validation", Kind::Text),
    ("dmp.operators", Kind::List),
    ("dmp.regulators", Kind::List),
    ("dmp.mappings", Kind::Text),
    ("dmp.matrix", Kind::List),
    ("dmp.seed_overlay", Kind::Boolean),
    ("dmp.contested_groups", Kind::Boolean),
    ("dmp.authorisation_months", Kind::Integer),
    ("dmp.age_of_majority", Kind::Integer),
    ("dmp.allow_late_invisibility", Kind::Boolean),
    ("notifications.smtp_url", Kind::Text),
    ("notifications.from", Kind::Text),
    ("notifications.webhook_url", Kind::Text),
    ("notifications.webhook_secret_file", Kind::Text),
    ("notifications.webhook_ca", Kind::Text),
    ("notifications.max_attempts", Kind::Integer),
];

/// What every variable starts with.
const PREFIX: &str = "PASSERELLE_";

/// Values by key.
pub(super) type Values = BTreeMap<&'static str, Value>;

/// The error of a file that is not TOML. The line itself stays out of the text: it may hold a password.
pub(super) fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Problem {
    let line = error.span().and_then(|span| text.get(..span.start));
    let line = line.map_or(1, |before| before.matches('\n').count() + 1);
    Problem::new(
        format!("{}:{line}", path.display()),
        "not valid TOML",
        error.message(),
    )
}

/// One value per known key: the file's, or the environment's where it gives one.
pub(super) fn flatten(
    file: Table,
    env: impl Iterator<Item = (String, String)>,
    problems: &mut Vec<Problem>,
) -> Values {
    let mut values = Values::new();
    for (section, content) in file {
        match content {
            Value::Table(content) if is_section(&section) => {
                for (key, value) in content {
                    put(&mut values, &format!("{section}.{key}"), value, problems);
                }
            }
            _ => {
                let sections = KEYS
                    .iter()
                    .filter_map(|(key, _)| key.split('.').next())
                    .chain(KEYS.iter().map(|(key, _)| *key));
                problems.push(Problem::unknown(section, sections));
            }
        }
    }
    for (name, text) in env {
        // Without `__` it is no key of ours: orchestrators set PASSERELLE_PORT and the like for a service of that name.
        let Some(path) = name.strip_prefix(PREFIX).filter(|path| path.contains("__")) else {
            continue;
        };
        let key = path.to_ascii_lowercase().replace("__", ".");
        match KEYS.iter().find(|(known, _)| *known == key) {
            Some((known, kind)) => {
                values.insert(known, from_text(text, *kind));
            }
            None => {
                let names: Vec<String> = KEYS.iter().map(|(key, _)| variable(key)).collect();
                problems.push(Problem::unknown(name, names.iter().map(String::as_str)));
            }
        }
    }
    values
}

/// The variable that overrides a key.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

fn is_section(name: &str) -> bool {
    KEYS.iter()
        .any(|(key, _)| key.split('.').next() == Some(name))
}

fn put(values: &mut Values, key: &str, value: Value, problems: &mut Vec<Problem>) {
    match KEYS.iter().find(|(known, _)| *known == key) {
        Some((known, _)) => {
            values.insert(known, value);
        }
        None => problems.push(Problem::unknown(key, KEYS.iter().map(|(known, _)| *known))),
    }
}

/// A variable's text as the value that its key expects. What doesn't fit stays text: the reader says what is wrong with it.
fn from_text(text: String, kind: Kind) -> Value {
    let as_toml = |text: &str| {
        format!("value = {text}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("value"))
    };
    let parsed = match kind {
        Kind::Text => None,
        Kind::Integer | Kind::Boolean | Kind::Tables => as_toml(text.trim()),
        Kind::List if text.trim_start().starts_with('[') => as_toml(text.trim()),
        Kind::List => Some(Value::Array(
            text.split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        )),
    };
    parsed.unwrap_or(Value::String(text))
}
