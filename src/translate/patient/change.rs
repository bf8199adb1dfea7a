//! What the patient, or who acts for him, changes of his record: its state and where he is told. Everything else of his Patient must
//! be as it is kept, or absent.

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::super::Reading;
use super::super::datatype::ins;
use super::super::datatype::urls::{self, dmp, ours};
use super::super::findings::{Findings, invalid};
use super::super::wire::Node;
use super::read::{value, whole};
use super::write::{ON_REQUEST, View, closure, valued, write};
use crate::dmp::change::RecordChange;
use crate::dmp::record::{Closure, Record, RecordData, RecordState, Traits};
use crate::error::{Error, Issue};

/// Which change a Patient asks for, by its state alone: the decision comes before the rest is judged.
pub fn asked(patient: &Value, kept: RecordState) -> RecordChange {
    let patient = Node::root(patient);
    let told = value(patient, ours::RECORD_STATE, "valueCode").and_then(Node::as_str);
    let wanted = match (told.map(RecordState::from_code), patient.bool("active")) {
        (Some(told), _) => told,
        (None, Some(false)) => Some(RecordState::Closed),
        (None, Some(true)) if kept == RecordState::Closed => Some(RecordState::Activated),
        (None, _) => None,
    };
    let deletion = value(patient, ours::DELETION_ASKED, "valueBoolean")
        .is_some_and(|node| node.value().as_bool() == Some(true));
    match wanted {
        Some(wanted) if wanted == kept => RecordChange::Settings,
        Some(RecordState::Closed) => RecordChange::Close { deletion },
        Some(RecordState::Activated) if kept == RecordState::Closed => RecordChange::Reopen,
        Some(RecordState::Activated) => RecordChange::Activate,
        _ => RecordChange::Settings,
    }
}

/// The record as it is to be after an allowed change; `today` dates a closing.
///
/// # Errors
/// Every issue at once: traits, identity or INS other than those kept, a state that no patient sets, and those of
/// [`super::read`].
pub fn read_change(
    patient: &Value,
    record: &Record,
    change: RecordChange,
    today: Date,
    reading: &Reading,
) -> Result<(RecordData, Vec<Issue>), Error> {
    let kept = &record.data;
    let completed = completed(patient, record, change, today, reading);
    let mut slices = Findings::new(reading);
    for identifier in Node::root(patient).items("identifier") {
        ins::check_slice(identifier, &mut slices);
    }
    let (mut data, warnings) = whole(&completed, Some(&kept.ins), Some(kept), slices, reading)?;
    let mut found = Findings::new(reading);
    found.append(warnings);
    unchanged(&data, kept, &mut found);
    let wanted = match change {
        RecordChange::Activate | RecordChange::Reopen => RecordState::Activated,
        RecordChange::Close { .. } => RecordState::Closed,
        RecordChange::Settings => kept.state,
    };
    if data.state != wanted {
        found.refuse(not_his(&format!("extension('{}')", ours::RECORD_STATE)));
    }
    data.closure = match (change, data.closure) {
        (RecordChange::Close { .. }, Some(told)) => Some(close(told, today, &mut found)),
        _ => None,
    };
    data.opposition_date = kept.opposition_date;
    let warnings = found.finish().map_err(Error::many)?;
    Ok((data, warnings))
}

/// The client's Patient with what it leaves out, and without what ends with the change.
fn completed(
    patient: &Value,
    record: &Record,
    change: RecordChange,
    today: Date,
    reading: &Reading,
) -> Value {
    let shown = View {
        operator: true,
        medecin_traitant: false,
        authorisation: None,
    };
    let object = |value: Value| match value {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let mut whole = object(write(record, &shown, reading));
    let mut extensions = list(patient.get("extension").cloned());
    // Shown to whoever reads the record; nothing that is kept of it.
    extensions.retain(|extension| {
        !is(extension, dmp::MEDECIN_TRAITANT) && !is(extension, ours::AUTHORISATION_STATUS)
    });
    let opens = matches!(change, RecordChange::Activate | RecordChange::Reopen);
    if opens {
        extensions.retain(|extension| {
            !is(extension, dmp::CLOSURE) && !is(extension, ours::DELETION_ASKED)
        });
    }
    let mut default = Vec::new();
    if let RecordChange::Close { .. } = change {
        let asked = Closure {
            date: today,
            motive: ON_REQUEST.0.to_owned(),
            reason: None,
        };
        default.push(closure(&asked));
    }
    let state = match change {
        RecordChange::Close { .. } => RecordState::Closed,
        RecordChange::Settings => record.data.state,
        RecordChange::Activate | RecordChange::Reopen => RecordState::Activated,
    };
    default.push(valued(ours::RECORD_STATE, "valueCode", state.code()));
    let identity = list(whole.remove("extension"))
        .into_iter()
        .filter(|extension| {
            [urls::IDENTITY_RELIABILITY, urls::BIRTH_PLACE, dmp::ATTACHED]
                .iter()
                .any(|url| is(extension, url))
        });
    for extension in default.into_iter().chain(identity) {
        let url = extension
            .get("url")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if !extensions.iter().any(|told| is(told, url)) {
            extensions.push(extension);
        }
    }
    for assigned in ["id", "meta", "active", "telecom"] {
        whole.remove(assigned);
    }
    whole.extend(object(patient.clone()));
    whole.insert("extension".to_owned(), Value::from(extensions));
    Value::from(whole)
}

fn is(extension: &Value, url: &str) -> bool {
    extension.get("url").and_then(Value::as_str) == Some(url)
}

fn list(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

/// Identity is the operator's to change.
fn unchanged(data: &RecordData, kept: &RecordData, found: &mut Findings) {
    let names = |traits: &Traits| {
        (
            traits.birth_name.clone(),
            traits.birth_given_names.clone(),
            traits.used_name.clone(),
        )
    };
    let (told, known) = (&data.traits, &kept.traits);
    let extension = |url: &str| format!("extension('{url}')");
    let same_numbers = (&data.ins, &data.former) == (&kept.ins, &kept.former);
    for (same, element) in [
        (same_numbers, "identifier".to_owned()),
        (names(told) == names(known), "name".to_owned()),
        (told.sex == known.sex, "gender".to_owned()),
        (told.birth_date == known.birth_date, "birthDate".to_owned()),
        (
            told.birth_place == known.birth_place,
            extension(urls::BIRTH_PLACE),
        ),
        (
            data.identity == kept.identity,
            extension(urls::IDENTITY_RELIABILITY),
        ),
        (
            data.attached_to_mes == kept.attached_to_mes,
            extension(dmp::ATTACHED),
        ),
    ] {
        if !same {
            found.refuse(not_his(&element));
        }
    }
}

/// A closing on the patient's request, dated by the server.
fn close(told: Closure, today: Date, found: &mut Findings) -> Closure {
    let path = format!("Patient.extension('{}')", dmp::CLOSURE);
    if told.motive != ON_REQUEST.0 {
        found.refuse(invalid(
            &path,
            "le patient ferme son DMP à sa demande (patient-demande)",
            "a patient closes his record on his own request (patient-demande)",
        ));
    }
    if told.date != today {
        found.ignored(format!("{path}.extension('dateFermeture')"));
    }
    Closure {
        date: today,
        ..told
    }
}

fn not_his(element: &str) -> Issue {
    invalid(
        format!("Patient.{element}"),
        "seul l'exploitant le change",
        "only an operator changes it",
    )
}
