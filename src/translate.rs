//! FHIR and CDA ↔ DMP, row by row of `mappings/`. One file per resource, both directions side by side.

pub mod audit_event;
pub mod bundle;
pub mod cda;
pub mod consent;
mod datatype;
pub mod deposit;
pub mod document_reference;
pub mod fhir_document;
mod findings;
pub mod history;
pub mod immunization;
pub mod list;
pub mod outcome;
pub mod patch;
pub mod patient;
pub mod search;
pub mod searchset;
mod subject;
pub mod validate;
pub mod wire;

pub use subject::{local_patients, name_patient, patient_of, present};

use crate::dmp::context::{Environment, Validation};
use crate::tables::Tables;

/// What every reader and writer needs to know.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Systems, value sets, maps.
    pub tables: &'a Tables,
    /// Which INS authorities are accepted.
    pub environment: Environment,
    /// Guide or strict.
    pub validation: Validation,
    /// What links start with, no slash at the end.
    pub base_url: &'a str,
}
