//! Bundle ↔ deposit: the transaction of ITI-65, and its response.

mod contents;
mod entries;
mod read;
mod write;

pub use entries::EntryRole;
pub(super) use read::read_simplified;
pub use read::{DeclaredSubmission, Submitted, read};
pub use write::{Registered, write_response};
