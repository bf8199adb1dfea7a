//! Bundle ↔ deposit: the transaction of ITI-65, and its response.

mod contents;
mod entries;
mod folder;
mod generate;
mod patient;
mod read;
mod update;
mod write;

pub use entries::EntryRole;
pub use folder::SubmittedFolder;
pub use generate::read_generated;
pub use patient::name_patients;
pub(super) use read::read_simplified;
pub use read::{DeclaredSubmission, Submitted, read};
pub use write::{Registered, write_response};
