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
mod target;
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
pub use target::{Target, target};
pub use traces::{TraceSearch, traces};
pub use vaccinations::{VaccinationQuery, VaccinationSearch, vaccinations};

use crate::dmp::query::DocumentQuery;
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
