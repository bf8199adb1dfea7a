//! Which document a conditional change is about (`PATCH DocumentReference?…`).

use super::super::Reading;
use super::super::document_reference::status;
use super::params::Params;
use super::patient::{self, PatientKey};
use super::value::{alternatives, document_key, token};
use crate::dmp::document::DocumentEntry;
use crate::dmp::query::DocumentKey;
use crate::error::{Code, Error};

/// The conditions of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `identifier`
    pub key: DocumentKey,
    /// Whose document it is, when that is told.
    pub patient: Option<PatientKey>,
    /// `status`: each names alternatives.
    statuses: Vec<Vec<String>>,
}

impl Target {
    /// That document, without conditions.
    pub fn of(key: DocumentKey) -> Self {
        Self {
            key,
            patient: None,
            statuses: Vec::new(),
        }
    }

    /// True when the document has the status that was asked for.
    pub fn keeps(&self, entry: &DocumentEntry) -> bool {
        let held = status(entry.availability);
        let mut asked = self.statuses.iter();
        asked.all(|these| these.iter().any(|one| one == held))
    }
}

/// Reads the conditions. One that is not known is refused: without it the change would be that of another document.
///
/// # Errors
/// `parameter-required`, `parameter-invalid`, `parameter-unsupported`, `ins-invalid`.
pub fn target(given: &[(String, String)], reading: &Reading) -> Result<Target, Error> {
    let mut params = Params::new(given, reading);
    let named = params.take_named(&["identifier"]);
    let key = match named.as_slice() {
        [] => {
            params.required("identifier");
            None
        }
        [(_, value)] => {
            let (system, value) = token(value);
            document_key(system, value)
        }
        _ => None,
    };
    if key.is_none() && !named.is_empty() {
        params.invalid("identifier");
    }
    let patient = match patient::is_named(&params) {
        true => patient::take(&mut params),
        false => None,
    };
    let mut statuses = Vec::new();
    for (_, value) in params.take_named(&["status"]) {
        match alternatives(&value) {
            Some(all) => statuses.push(all.iter().map(|one| token(one).1).collect()),
            None => params.invalid("status"),
        }
    }
    params.finish(true)?;
    Ok(Target {
        key: key.ok_or(Code::Internal)?,
        patient,
        statuses,
    })
}
