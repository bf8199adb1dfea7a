//! `passerelle card inspect`: what the server would read from a certificate; no trust decision.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::dmp::actor::ActorId;
use crate::dmp::context::Environment;
use crate::identity::card::Card;

/// Prints the first certificate of the file (PEM or DER). Exits 1 when it holds none that can be read, 2 when there is no such file.
pub fn inspect(file: &Path, as_json: bool) -> ExitCode {
    let bytes = match std::fs::read(file) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("{}: cannot be read ({error})", file.display());
            return ExitCode::from(2);
        }
    };
    let card = match Card::from_file_bytes(&bytes) {
        Ok(card) => card,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            return ExitCode::from(1);
        }
    };
    let text = if as_json {
        format!("{:#}\n", to_json(&card))
    } else {
        to_text(&card, Timestamp::now())
    };
    // A reader that closed its end has what it wanted.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// The JSON of contract §6; `title` and `pseudonym` stand beside it. Keys are always present.
pub fn to_json(card: &Card) -> Value {
    json!({
        "kind": card.kind.name(),
        "environment": card.environment.map(environment),
        "national_id": card.national_id.as_ref().map(ActorId::as_str),
        "national_id_type": card.national_id.as_ref().map(id_type),
        "family": card.family,
        "given": card.given,
        "title": card.title,
        "pseudonym": card.pseudonym,
        "profession": card.profession.as_ref().map(|profession| json!({
            "code": profession.code,
            "system_oid": profession.system,
        })),
        "specialties": card.specialities,
        "structure": card.structure.as_ref().map(|structure| json!({
            "id": structure.id.as_str(),
            "name": structure.name,
        })),
        "card_number": card.card_number,
        "issuer": card.issuer,
        "serial": card.serial_hex(),
        "not_before": card.not_before.to_string(),
        "not_after": card.not_after.to_string(),
        "usages": card.usages,
        "problems": card.problems.iter().map(|problem| problem.name()).collect::<Vec<_>>(),
    })
}

/// The same for people: one line per fact that is there.
pub fn to_text(card: &Card, now: Timestamp) -> String {
    let id = card
        .national_id
        .as_ref()
        .map(|id| format!("{} ({})", id.as_str(), id_type(id)));
    let profession = card
        .profession
        .as_ref()
        .map(|profession| format!("{} ({})", profession.code, profession.system));
    let structure = card
        .structure
        .as_ref()
        .map(|structure| match &structure.name {
            Some(name) => format!("{} {name}", structure.id),
            None => structure.id.to_string(),
        });
    let validity = match (now < card.not_before, now > card.not_after) {
        (true, _) => " (not yet valid)",
        (_, true) => " (expired)",
        _ => "",
    };
    let list = |items: Vec<&str>| (!items.is_empty()).then(|| items.join(", "));
    let lines = [
        ("kind", Some(card.kind.name().to_owned())),
        (
            "environment",
            card.environment.map(|env| environment(env).to_owned()),
        ),
        ("national id", id),
        ("family", card.family.clone()),
        ("given", card.given.clone()),
        ("title", card.title.clone()),
        ("pseudonym", card.pseudonym.clone()),
        ("profession", profession),
        (
            "specialties",
            list(card.specialities.iter().map(String::as_str).collect()),
        ),
        ("structure", structure),
        ("card number", card.card_number.clone()),
        ("issuer", Some(card.issuer.clone())),
        ("serial", Some(card.serial_hex())),
        (
            "valid",
            Some(format!(
                "{} to {}{validity}",
                card.not_before, card.not_after
            )),
        ),
        (
            "usages",
            list(card.usages.iter().map(String::as_str).collect()),
        ),
        (
            "problems",
            list(card.problems.iter().map(|problem| problem.name()).collect()),
        ),
    ];
    lines
        .into_iter()
        .filter_map(|(label, value)| value.map(|value| format!("{label:<12} {value}\n")))
        .collect()
}

fn environment(environment: Environment) -> &'static str {
    match environment {
        Environment::Test => "test",
        Environment::Production => "production",
    }
}

fn id_type(id: &ActorId) -> &'static str {
    match id {
        ActorId::Person(id) => id.id_type().name(),
        ActorId::Structure(_) => "struct",
        ActorId::User(_) => "portal",
    }
}
