//! The answer of TD0.2. Who isn't an operator can't tell an opposed record from a closed one: an opposed one looks as if the
//! patient had asked for its closure.

use serde_json::Value;

use super::super::Reading;
use super::super::datatype::object::Object;
use super::super::datatype::urls::{self, dmp, ours};
use super::super::datatype::{ins, name};
use super::notices;
use crate::dmp::record::{Closure, Record, RecordData, RecordState, Standing};
use crate::dmp::right::Category;
use crate::dmp::time::{Instant, Timestamp, paris_date};

/// The status of the caller's own authorisation (rule CONS-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorisationStatus {
    /// `NON_EXISTE`
    None,
    /// `VALIDE`
    Valid,
    /// `EXPIRE`
    Expired,
    /// `INTERDIT`: the patient blocked the caller.
    Forbidden,
}

impl AuthorisationStatus {
    /// The status at an instant; a withdrawn authorisation is none.
    pub fn of(standing: &Standing, now: Instant) -> Self {
        match standing.authorisation() {
            _ if standing.valid(Category::Block, now).is_some() => Self::Forbidden,
            Some(held) if held.is_valid_at(now) => Self::Valid,
            Some(held) if held.declaration.active => Self::Expired,
            _ => Self::None,
        }
    }

    /// The DMP's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::None => "NON_EXISTE",
            Self::Valid => "VALIDE",
            Self::Expired => "EXPIRE",
            Self::Forbidden => "INTERDIT",
        }
    }
}

/// Who looks at the record.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// An operator, the holder or his representative: sees the record as it is.
    pub operator: bool,
    /// The caller is a médecin traitant of the record.
    pub medecin_traitant: bool,
    /// The caller's authorisation; None for who can't hold one.
    pub authorisation: Option<AuthorisationStatus>,
}

/// The motive that an opposed record shows, and what the guide calls it: motive in the guide's list, in the DMP's own, label.
pub(super) const ON_REQUEST: (&str, &str, &str) = (
    "patient-demande",
    "FERMETURE_DEMANDE_PATIENT",
    "Demande du patient",
);

/// Writes a record as a Patient.
pub fn write(record: &Record, view: &View, _reading: &Reading) -> Value {
    let data = &record.data;
    let shown = shown_state(data.state, view);
    let traits = &data.traits;
    let mut identifiers = vec![ins::write_full(&data.ins)];
    identifiers.extend(data.former.iter().map(ins::write_former));
    let meta = Object::new()
        .put("versionId", record.version.to_string())
        .put(
            "lastUpdated",
            Timestamp::from_instant(record.updated).to_fhir(),
        )
        .put("profile", vec![Value::from(urls::PATIENT_INS)]);
    Object::resource("Patient")
        .put("id", record.id.to_string())
        .put("meta", meta)
        .put("extension", extensions(record, shown, view))
        .put("identifier", identifiers)
        .put("active", shown.is_open())
        .put("name", names(data))
        .put("gender", traits.sex.fhir())
        .put("birthDate", traits.birth_date.to_string())
        .maybe("telecom", view.operator.then(|| notices::telecom(data)))
        .build()
}

fn shown_state(state: RecordState, view: &View) -> RecordState {
    match state {
        RecordState::Opposed if !view.operator => RecordState::Closed,
        state => state,
    }
}

fn extensions(record: &Record, shown: RecordState, view: &View) -> Vec<Value> {
    let data = &record.data;
    let mut extensions = vec![reliability(data)];
    extensions.extend(birth_place(data));
    let shown_closure = match (shown, view.operator) {
        (RecordState::Closed, true) => data.closure.clone(),
        (RecordState::Closed, false) => Some(disguised_closure(record)),
        _ => None,
    };
    extensions.extend(shown_closure.as_ref().map(closure));
    // Nobody who opposed the creation is attached to anything.
    let attached = data.attached_to_mes && data.state != RecordState::Opposed;
    extensions.push(valued(dmp::ATTACHED, "valueBoolean", attached));
    if !view.operator {
        let physician = view.medecin_traitant;
        extensions.push(valued(dmp::MEDECIN_TRAITANT, "valueBoolean", physician));
    }
    extensions.push(valued(ours::RECORD_STATE, "valueCode", shown.code()));
    if let (true, Some(date)) = (view.operator, data.opposition_date) {
        extensions.push(valued(ours::OPPOSITION_DATE, "valueDate", date.to_string()));
    }
    if view.operator {
        let told = data.notices.documents;
        extensions.push(valued(ours::NOTIFY_DOCUMENTS, "valueBoolean", told));
    }
    if view.operator && data.deletion_asked {
        extensions.push(valued(ours::DELETION_ASKED, "valueBoolean", true));
    }
    if let Some(status) = view.authorisation {
        let url = ours::AUTHORISATION_STATUS;
        extensions.push(valued(url, "valueCode", status.code()));
    }
    extensions
}

pub(super) fn valued(url: &str, kind: &str, value: impl Into<Value>) -> Value {
    Object::new().put("url", url).put(kind, value).build()
}

/// The closure that others than operators see. One on the patient's request without a reason tells the same as an opposition does.
fn disguised_closure(record: &Record) -> Closure {
    let data = &record.data;
    let mut closure = data.closure.clone().unwrap_or_else(|| Closure {
        date: data
            .opposition_date
            .unwrap_or_else(|| paris_date(record.updated)),
        motive: ON_REQUEST.0.to_owned(),
        reason: None,
    });
    if closure.reason.is_none() && closure.motive == ON_REQUEST.0 {
        closure.reason = Some(ON_REQUEST.2.to_owned());
    }
    closure
}

pub(super) fn closure(closure: &Closure) -> Value {
    let coding = |system: &str, code: &str| {
        Object::new()
            .put("system", system)
            .put("code", code)
            .build()
    };
    let mut codings = vec![coding(dmp::CLOSURE_MOTIVE, &closure.motive)];
    if closure.motive == ON_REQUEST.0 {
        codings.push(coding(dmp::CLOSURE_MOTIVE_OID, ON_REQUEST.1));
    }
    let motive = Object::new().put("coding", codings).build();
    let mut parts = vec![
        valued("dateFermeture", "valueDate", closure.date.to_string()),
        valued("motifFermeture", "valueCodeableConcept", motive),
    ];
    if let Some(reason) = &closure.reason {
        parts.push(valued("raisonFermeture", "valueString", reason.as_str()));
    }
    valued(dmp::CLOSURE, "extension", parts)
}

fn reliability(data: &RecordData) -> Value {
    let coding = Object::new()
        .put("system", super::read::IDENTITY_STATUS)
        .put("code", data.identity.code())
        .build();
    let status = valued("identityStatus", "valueCoding", coding);
    valued(urls::IDENTITY_RELIABILITY, "extension", vec![status])
}

fn birth_place(data: &RecordData) -> Option<Value> {
    let code = data.traits.birth_place.as_deref()?;
    let coding = Object::new()
        .put("system", super::read::COMMUNES)
        .put("code", code)
        .build();
    let insee = valued(urls::INSEE_CODE, "valueCoding", coding);
    let address = Object::new().put("extension", vec![insee]).build();
    Some(valued(urls::BIRTH_PLACE, "valueAddress", address))
}

fn names(data: &RecordData) -> Vec<Value> {
    let traits = &data.traits;
    let birth = &traits.birth_name;
    let list = traits.birth_given_names.as_deref();
    let list = list.map(|names| vec![valued(urls::BIRTH_GIVEN_NAMES, "valueString", names)]);
    let official = Object::new()
        .maybe("extension", list)
        .put("use", "official")
        .maybe("family", birth.family.as_deref())
        .maybe(
            "given",
            birth.given.as_deref().map(|given| vec![Value::from(given)]),
        );
    let usual = traits.used_name.as_ref().map(|used| {
        let (family, given) = (used.family.as_deref(), used.given.as_deref());
        name::write(Some("usual"), family, given)
    });
    [Some(official.build()), usual]
        .into_iter()
        .flatten()
        .collect()
}
