//! Search parameters → a query of the store. Values arrive percent-decoded once; what can't be honoured is refused, never widened.

mod access;
mod authors;
mod documents;
mod history;
mod in_memory;
mod include;
mod params;
mod patient;
mod results;
mod status;
mod submissions;
mod subset;
mod traces;
mod vaccinations;
mod value;

pub use access::{ConsentQuery, ConsentSearch, consents};
pub use documents::documents;
pub use history::{History, history};
pub use include::Include;
pub use patient::{PatientKey, PatientSearch, patient_identifier};
pub use results::MAX_COUNT;
pub use submissions::submissions;
pub use subset::{Show, subset};
pub use traces::{TraceSearch, traces};
pub use vaccinations::{VaccinationQuery, VaccinationSearch, vaccinations};

use super::Reading;
use crate::dmp::ins::Ins;
use crate::dmp::query::{DocumentKey, DocumentQuery};
use crate::error::Issue;

/// A search in one record.
#[derive(Debug, Clone)]
pub struct Search {
    /// Whose record.
    pub patient: PatientKey,
    /// What is asked for.
    pub query: DocumentQuery,
    /// What is shown of each resource.
    pub show: Show,
    /// What comes with the matches.
    pub include: Vec<Include>,
    /// The parameters that were used, defaults included, for `link self`; the page (`_page`) apart.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}

/// The document that a condition `identifier=` names.
pub fn document_key(value: &str) -> Option<DocumentKey> {
    let (system, value) = value::token(value);
    value::document_key(system, value)
}

/// The INS of `patient.identifier`, when the parameters carry a right one.
pub fn patient_of(params: &[(String, String)], reading: &Reading) -> Option<Ins> {
    let mut params = params::Params::new(params, reading);
    match patient::take(&mut params) {
        Some(PatientKey::Ins(ins)) => Some(ins),
        _ => None,
    }
}
