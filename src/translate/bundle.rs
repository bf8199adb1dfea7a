//! Bundle ↔ deposit: the transaction of ITI-65, and its response. Bundle ↔ requests: a batch, and its response.

mod batch;
mod composition;
mod contents;
mod entries;
mod folder;
mod generate;
mod patient;
mod read;
mod update;
mod write;

pub use batch::{BatchAnswer, BatchRequest, BatchResponse, is_batch, read_batch};
pub use entries::EntryRole;
pub use folder::SubmittedFolder;
pub use generate::read_generated;
pub use patient::name_patients;
pub(super) use read::read_simplified;
pub use read::{DeclaredSubmission, Submitted, read};
pub use write::{Detail, Registered, write_response};
