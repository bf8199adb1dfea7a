//! Whose record a search is about: by INS, or by the resource id that TD0.2 gave.

use uuid::Uuid;

use super::super::Reading;
use super::super::datatype::ins::admit;
use super::params::Params;
use super::subset::Show;
use super::value::{local_id, token};
use crate::dmp::context::Environment;
use crate::dmp::ins::{Ins, InsRoot};
use crate::error::{Code, Error, Issue};

/// How a search names its patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatientKey {
    /// By INS.
    Ins(Ins),
    /// By Patient id.
    Id(Uuid),
}

/// TD0.2: a search of the patient by INS.
#[derive(Debug, Clone)]
pub struct PatientSearch {
    /// Whose record.
    pub ins: Ins,
    /// True when only the number is wanted.
    pub count_only: bool,
    /// What is shown of the patient.
    pub show: Show,
    /// The parameters that were used.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// The names under which a search carries the patient.
const NAMES: [&str; 10] = [
    "patient",
    "subject",
    "patient.identifier",
    "subject.identifier",
    "patient:identifier",
    "subject:identifier",
    "patient:Patient",
    "subject:Patient",
    "patient:Patient.identifier",
    "subject:Patient.identifier",
];

/// Reads `GET Patient?identifier=`.
///
/// # Errors
/// `parameter-required`, `ins-invalid`, unknown parameters with strict handling.
pub fn patient_identifier(
    params: &[(String, String)],
    strict_handling: bool,
    reading: &Reading,
) -> Result<PatientSearch, Error> {
    let mut params = Params::new(params, reading);
    let taken = params.take_named(&["identifier"]);
    let ins = one(&mut params, "identifier", taken, |params, _, value| {
        by_ins(params, "identifier", value)
    });
    let (count, show) = super::results::count(&mut params, "Patient");
    let done = params.finish(strict_handling)?;
    match ins {
        Some(ins) => Ok(PatientSearch {
            ins,
            count_only: count == 0,
            show,
            used: done.used,
            warnings: done.warnings,
        }),
        None => Err(Code::InsInvalid.into()),
    }
}

/// True when some parameter names the patient.
pub(super) fn is_named(params: &Params) -> bool {
    ["patient", "subject"].iter().any(|name| params.any(name))
}

/// Takes the patient of a search; a missing or double one is told.
pub(super) fn take(params: &mut Params) -> Option<PatientKey> {
    let taken = params.take_named(&NAMES);
    one(
        params,
        "patient.identifier",
        taken,
        |params, name, value| {
            if name.ends_with("identifier") {
                return by_ins(params, name, value).map(PatientKey::Ins);
            }
            // A reference, or, as lenient clients write it, the identifier itself.
            match local_id(value, "Patient", params.reading) {
                Some(id) => Some(PatientKey::Id(id)),
                None if token(value).0.is_some() => {
                    by_ins(params, name, value).map(PatientKey::Ins)
                }
                None => {
                    params.invalid(name);
                    None
                }
            }
        },
    )
}

/// Exactly one patient, however often he is named.
fn one<T: PartialEq>(
    params: &mut Params,
    required: &str,
    taken: Vec<(String, String)>,
    read: impl Fn(&mut Params, &str, &str) -> Option<T>,
) -> Option<T> {
    if taken.is_empty() {
        params.required(required);
        return None;
    }
    let mut patient = None;
    for (name, value) in &taken {
        let named = read(params, name, value)?;
        if patient.as_ref().is_some_and(|known| *known != named) {
            params.invalid(name);
        }
        patient = Some(named);
    }
    patient
}

fn by_ins(params: &mut Params, name: &str, value: &str) -> Option<Ins> {
    let (system, number) = token(value);
    let assumed = match params.reading.environment {
        Environment::Production => InsRoot::Nir,
        Environment::Test => InsRoot::NirTest,
    };
    let is_assumed = system.is_none();
    let system = system.unwrap_or_else(|| assumed.oid().to_owned());
    match admit(&system, &number, name, params.reading) {
        Ok((ins, warnings)) => {
            if is_assumed {
                // NIR is meant when nothing says NIA; told, for the two can't be told apart by their digits.
                let assumed = Issue::new(Code::InsSystemAssumed).at(name);
                params.issues.push(assumed.warning());
            }
            params.issues.extend(warnings);
            Some(ins)
        }
        Err(issue) => {
            params.issues.push(issue);
            None
        }
    }
}
