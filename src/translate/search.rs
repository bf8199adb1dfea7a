//! Search parameters → a query of the store. Values arrive percent-decoded once; what can't be honoured is refused, never widened.

mod access;
mod documents;
mod params;
mod patient;
mod results;
mod status;
mod submissions;
mod value;

pub use access::{ConsentFilter, ConsentSearch, consents};
pub use documents::documents;
pub use patient::{PatientKey, PatientSearch, patient_identifier};
pub use results::{MAX_COUNT, page_token};
pub use submissions::submissions;

use crate::dmp::query::DocumentQuery;
use crate::error::Issue;

/// A search in one record.
#[derive(Debug, Clone)]
pub struct Search {
    /// Whose record.
    pub patient: PatientKey,
    /// What is asked for.
    pub query: DocumentQuery,
    /// The parameters that were used, defaults included, for `link self`; the page (`_page`) apart.
    pub used: Vec<(String, String)>,
    /// What should be known.
    pub warnings: Vec<Issue>,
}
