//! What a patch does to `securityLabel`, a set that its client sees as a list: flags first, the HL7 confidentiality last.

use serde_json::Value;

use super::super::Reading;
use super::super::document_reference::labels_of;
use super::invalid;
use crate::dmp::code::system;
use crate::dmp::document::{Labels, Restriction};
use crate::error::{Code, Error, Issue};

const ELEMENT: &str = "securityLabel";

/// Labels as they came, and what of them is not kept.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    labels: Labels,
    told: Vec<Issue>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Edit {
    /// The whole list.
    Set(Asked),
    /// Writes these over a position, or to the end: what they carry is added, whichever position it is, and `R` and `V` take the
    /// place of the document's own confidentiality; `N` takes away the flag there, or the only one there is.
    Write(Option<usize>, Asked),
    /// Writes these before a position.
    Insert(usize, Asked),
    /// Removes a position.
    Remove(usize),
    /// `test`: the labels, or the one at a position, must be these.
    Is(Option<usize>, Asked),
}

impl Edit {
    /// What of the labels is not kept.
    pub(super) fn told(&self) -> &[Issue] {
        match self {
            Self::Set(asked)
            | Self::Write(_, asked)
            | Self::Insert(_, asked)
            | Self::Is(_, asked) => &asked.told,
            Self::Remove(_) => &[],
        }
    }

    /// The labels after it.
    pub(super) fn apply(&self, held: Labels) -> Result<Labels, Error> {
        match self {
            Self::Set(asked) => Ok(asked.labels),
            Self::Write(Some(position), _) if *position >= held.codes().len() => Err(nothing()),
            Self::Insert(position, _) if *position > held.codes().len() => Err(nothing()),
            Self::Write(position, asked) => write(held, asked.labels, *position),
            Self::Insert(position, asked) => write(held, asked.labels, Some(*position)),
            Self::Remove(position) => match flag_at(held, *position) {
                Some(flag) => Ok(without(held, flag)),
                None => Err(nothing()),
            },
            Self::Is(None, asked) if asked.labels == held => Ok(held),
            Self::Is(Some(position), asked) => {
                let mut one = Labels::default();
                let code = held.codes().into_iter().nth(*position);
                let same = code.is_some_and(|code| one.add(&code)) && one == asked.labels;
                same.then_some(held)
                    .ok_or_else(|| Code::VersionConflict.into())
            }
            Self::Is(None, _) => Err(Code::VersionConflict.into()),
        }
    }
}

/// Adds a flag to what is there; `N` alone takes one away.
fn write(held: Labels, labels: Labels, position: Option<usize>) -> Result<Labels, Error> {
    if labels == Labels::default() {
        return unset(held, position);
    }
    Ok(Labels {
        masked: held.masked || labels.masked,
        invisible_patient: held.invisible_patient || labels.invisible_patient,
        invisible_representatives: held.invisible_representatives
            || labels.invisible_representatives,
        restricted: match labels.restricted {
            Restriction::Normal => held.restricted,
            other => other,
        },
    })
}

/// No label is there.
pub(super) fn nothing() -> Error {
    invalid(
        ELEMENT,
        "aucun niveau de confidentialité à cette position",
        "no label at this position",
    )
}

/// `N` written over a flag removes it; written elsewhere, it removes the only flag there is.
fn unset(held: Labels, position: Option<usize>) -> Result<Labels, Error> {
    if let Some(flag) = position.and_then(|position| flag_at(held, position)) {
        return Ok(without(held, flag));
    }
    // The confidentiality of the document stands last.
    if position == Some(held.codes().len() - 1) && held.restricted != Restriction::Normal {
        return Ok(Labels {
            restricted: Restriction::Normal,
            ..held
        });
    }
    let mut flags = (0..).map_while(|position| flag_at(held, position));
    match (flags.next(), flags.next()) {
        (None, _) => Ok(held),
        (Some(flag), None) => Ok(without(held, flag)),
        (Some(_), Some(_)) => Err(Issue::new(Code::LabelAmbiguous)
            .at("DocumentReference.securityLabel")
            .with("value", "securityLabel[n]")
            .into()),
    }
}

/// The flag at a position of the list; None beyond the flags.
fn flag_at(held: Labels, position: usize) -> Option<String> {
    let code = held.codes().into_iter().nth(position)?;
    (code.system == system::VISIBILITY).then_some(code.code)
}

fn without(mut held: Labels, flag: String) -> Labels {
    match flag.as_str() {
        "MASQUE_PS" => held.masked = false,
        "INVISIBLE_PATIENT" => held.invisible_patient = false,
        _ => held.invisible_representatives = false,
    }
    held
}

/// One label, as a patch writes it: a CodeableConcept, or a Coding.
pub(super) fn one(value: &Value, reading: &Reading) -> Result<Asked, Error> {
    match value {
        Value::Object(fields) if fields.contains_key("coding") => asked(&[value], reading),
        Value::Object(_) => {
            let concept = serde_json::json!({ "coding": [value] });
            asked(&[&concept], reading)
        }
        _ => Err(expected()),
    }
}

/// The whole list.
pub(super) fn all(value: &Value, reading: &Reading) -> Result<Asked, Error> {
    match value {
        Value::Array(concepts) => asked(&concepts.iter().collect::<Vec<_>>(), reading),
        _ => Err(expected()),
    }
}

fn asked(concepts: &[&Value], reading: &Reading) -> Result<Asked, Error> {
    let (labels, told) = labels_of(concepts, reading)?;
    Ok(Asked { labels, told })
}

fn expected() -> Error {
    invalid(
        ELEMENT,
        "une liste de CodeableConcept est attendue",
        "a list of CodeableConcept is expected",
    )
}
