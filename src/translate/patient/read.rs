//! What an operator says of a record.

use jiff::civil::Date;
use serde_json::Value;

use super::super::Reading;
use super::super::datatype::coding;
use super::super::datatype::contained::only_extensions;
use super::super::datatype::urls::{self, dmp, ours};
use super::super::document_reference::server_assigned;
use super::super::findings::{Findings, Weight, invalid};
use super::super::wire::Node;
use super::{notices, numbers, profile, traits};
use crate::dmp::ins::Ins;
use crate::dmp::record::{Closure, IdentityStatus, RecordData, RecordState};
use crate::error::{Code, Error, Issue};

/// FR Core's code system of identity statuses, the one that every example uses.
pub(super) const IDENTITY_STATUS: &str =
    "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445";
/// The same in FR Core's later editions.
const IDENTITY_STATUS_LATER: &str =
    "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-identity-status";
/// INSEE codes of communes.
pub(super) const COMMUNES: &str =
    "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM";

/// Reads a Patient; `ins` is the one that the URL names.
///
/// # Errors
/// Every issue at once: another patient than the URL's, missing traits, states that don't agree, elements that no record has.
pub fn read(
    patient: &Value,
    ins: &Ins,
    reading: &Reading,
) -> Result<(RecordData, Vec<Issue>), Error> {
    update(patient, ins, None, reading)
}

/// Reads a Patient that changes a record: where and of what the holder is told stays as it is `kept` where nothing is said of it,
/// and so does a deletion that was asked for, while the record stays closed. A number that the Patient tells beside the kept one,
/// which is then `old`, takes its place.
///
/// # Errors
/// As [`read`]; `ins-change-refused`.
pub fn update(
    patient: &Value,
    ins: &Ins,
    kept: Option<&RecordData>,
    reading: &Reading,
) -> Result<(RecordData, Vec<Issue>), Error> {
    let mut found = Findings::new(reading);
    profile::check(Node::root(patient), &mut found);
    whole(patient, Some(ins), kept, found, reading)
}

/// The same of a Patient that was completed from the record: the profile is asked of who opens one. What names nobody makes no
/// record, and is told with the rest.
pub(super) fn whole(
    patient: &Value,
    ins: Option<&Ins>,
    kept: Option<&RecordData>,
    mut found: Findings,
    reading: &Reading,
) -> Result<(RecordData, Vec<Issue>), Error> {
    let patient = Node::root(patient);
    let known = [
        "id",
        "meta",
        "text",
        "extension",
        "identifier",
        "active",
        "name",
        "gender",
        "birthDate",
        "telecom",
    ];
    found.weigh_all(Weight::Key, patient.only(&known));
    server_assigned(patient, &mut found);
    let extensions = [
        urls::IDENTITY_RELIABILITY,
        urls::BIRTH_PLACE,
        dmp::CLOSURE,
        dmp::ATTACHED,
        ours::RECORD_STATE,
        ours::OPPOSITION_DATE,
        ours::DELETION_ASKED,
        ours::NOTIFY_DOCUMENTS,
    ];
    only_extensions(patient, &extensions, Weight::Key, &mut found);
    let numbers = numbers::read(patient, ins, kept, &mut found, reading);
    let closure = read_closure(patient, &mut found);
    let opposition_date =
        value(patient, ours::OPPOSITION_DATE, "valueDate").and_then(|node| date(node, &mut found));
    let state = read_state(
        patient,
        closure.is_some(),
        opposition_date.is_some(),
        &mut found,
    );
    let identity = read_identity(patient, &mut found);
    let traits = traits::read_traits(patient, &mut found);
    let deletion_asked =
        state.is_some_and(|state| notices::read_deletion(patient, state, kept, &mut found));
    let notices = notices::read(patient, kept, &mut found);
    let warnings = found.finish().map_err(Error::many)?;
    let (Some((ins, former)), Some(state), Some(traits)) = (numbers, state, traits) else {
        return Err(Code::Internal.into());
    };
    let data = RecordData {
        ins,
        former,
        state,
        identity: identity.unwrap_or(IdentityStatus::Provisional),
        traits,
        closure,
        opposition_date,
        attached_to_mes: value(patient, dmp::ATTACHED, "valueBoolean")
            .is_some_and(|node| node.value().as_bool() == Some(true)),
        deletion_asked,
        notices,
    };
    Ok((data, warnings))
}

pub(super) fn value<'a>(node: Node<'a>, url: &str, kind: &str) -> Option<Node<'a>> {
    node.extensions(url)
        .find_map(|extension| extension.get(kind))
}

pub(super) fn date(node: Node, found: &mut Findings) -> Option<Date> {
    let date = node.as_str().and_then(|text| text.parse::<Date>().ok());
    if date.is_none() {
        found.refuse(invalid(
            node.path(),
            "une date complète est attendue",
            "a whole date is expected",
        ));
    }
    date
}

fn read_closure(patient: Node, found: &mut Findings) -> Option<Closure> {
    let extension = patient.extensions(dmp::CLOSURE).next()?;
    let known = ["dateFermeture", "motifFermeture", "raisonFermeture"];
    only_extensions(extension, &known, Weight::Key, found);
    let part = |url: &str, kind: &str| value(extension, url, kind);
    let closed = part("dateFermeture", "valueDate");
    let motive = part("motifFermeture", "valueCodeableConcept");
    let reason = part("raisonFermeture", "valueString").and_then(|node| node.as_str());
    let motive = motive.and_then(|node| read_motive(node, found));
    let (Some(closed), Some(motive)) = (closed, motive) else {
        let missing = if closed.is_none() {
            "dateFermeture"
        } else {
            "motifFermeture"
        };
        let path = extension.path_of(&format!("extension('{missing}')"));
        found.refuse(Issue::new(Code::ElementRequired).at(path));
        return None;
    };
    Some(Closure {
        date: date(closed, found)?,
        motive,
        reason: reason.map(str::to_owned),
    })
}

/// The guide's code; a second coding may say the same in the DMP's own list.
fn read_motive(node: Node, found: &mut Findings) -> Option<String> {
    let mut motive = None;
    coding::codes_alone(node, found);
    for coding in node.items("coding") {
        match (coding.str("system"), coding.str("code")) {
            (Some(dmp::CLOSURE_MOTIVE), Some(code)) => motive = Some(code.to_owned()),
            (Some(dmp::CLOSURE_MOTIVE_OID), Some("FERMETURE_DEMANDE_PATIENT")) => {
                motive = motive.or_else(|| Some("patient-demande".to_owned()));
            }
            _ => found.refuse(coding.issue(Code::UnsupportedElement)),
        }
    }
    motive
}

/// The state, and whether `active`, closure and opposition agree with it. Without the extension an inactive record is closed, an
/// active one was never activated by its patient.
fn read_state(
    patient: Node,
    has_closure: bool,
    has_opposition: bool,
    found: &mut Findings,
) -> Option<RecordState> {
    let node = value(patient, ours::RECORD_STATE, "valueCode");
    let active = patient.bool("active");
    let state = match node {
        Some(node) => {
            let state = node.as_str().and_then(RecordState::from_code);
            if state.is_none() {
                let issue = node
                    .issue(Code::CodeInvalid)
                    .with("value", node.as_str().unwrap_or_default())
                    .with("list", "record-state");
                found.refuse(issue);
            }
            state?
        }
        None if active == Some(false) || has_closure => RecordState::Closed,
        None => RecordState::NotActivated,
    };
    let agrees = active.is_none_or(|active| active == state.is_open());
    if !agrees {
        found.refuse(invalid(
            patient.path_of("active"),
            "il contredit record-state",
            "it contradicts record-state",
        ));
    }
    let mut belongs = |has: bool, to: RecordState, url: &str| {
        let path = patient.path_of(&format!("extension('{url}')"));
        if has && state != to {
            found.refuse(invalid(
                path,
                "elle contredit record-state",
                "it contradicts record-state",
            ));
        } else if !has && state == to {
            found.tolerate(Issue::new(Code::ElementRequired).at(path));
        }
    };
    belongs(has_closure, RecordState::Closed, dmp::CLOSURE);
    belongs(has_opposition, RecordState::Opposed, ours::OPPOSITION_DATE);
    Some(state)
}

/// The status; how it came about is nothing that a record keeps.
fn read_identity(patient: Node, found: &mut Findings) -> Option<IdentityStatus> {
    let Some(extension) = patient.extensions(urls::IDENTITY_RELIABILITY).next() else {
        // Unknown is provisional: nothing can be deposited then.
        let path = patient.path_of(&format!("extension('{}')", urls::IDENTITY_RELIABILITY));
        found.tolerate(Issue::new(Code::ElementRequired).at(path));
        return None;
    };
    only_extensions(extension, &["identityStatus"], Weight::Detail, found);
    let Some(coding) = value(extension, "identityStatus", "valueCoding") else {
        let path = extension.path_of("extension('identityStatus')");
        found.refuse(Issue::new(Code::ElementRequired).at(path));
        return None;
    };
    coding::code_alone(coding, found);
    let system = coding.str("system");
    let known = matches!(system, Some(IDENTITY_STATUS | IDENTITY_STATUS_LATER));
    let code = coding.str("code").unwrap_or_default();
    let status = IdentityStatus::from_code(code).filter(|_| known);
    if status.is_none() {
        let issue = coding
            .issue(Code::CodeInvalid)
            .with("value", code)
            .with("list", "PROV | RECUP | VALI | QUAL");
        found.refuse(issue);
    }
    status
}
